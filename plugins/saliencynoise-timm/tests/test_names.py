from __future__ import annotations

import subprocess
import sys

import pytest

from saliencynoise_timm.names import list_names


def test_names_are_timms():
    import timm

    assert list(list_names()) == timm.list_models()


PROBE = "import sys; {code}; print(sorted({{'torch', 'timm', 'torchvision', 'numpy'}} & set(sys.modules)))"
LISTING = (
    "import saliencynoise_timm.plugin as p; from saliencynoise_timm.names import list_names; "
    "assert p.saliencynoise_models() and len(list_names()) > 1000"
)


@pytest.mark.parametrize(("code", "imported"), [(LISTING, "[]"), ("import torch", None)])
def test_listing_names_imports_nothing_heavy(code, imported):
    result = subprocess.run(
        [sys.executable, "-c", PROBE.format(code=code)], capture_output=True, text=True, check=True
    ).stdout.strip()
    if imported is None:  # the guard can fail
        assert "torch" in result
    else:
        assert result == imported


def test_a_missing_timm_is_named(monkeypatch):
    monkeypatch.setattr("saliencynoise_timm.names.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="timm is not installed; install it with"):
        list_names()
