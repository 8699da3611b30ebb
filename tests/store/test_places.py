"""Where things lie, and what they were made with."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from saliencynoise.store.places import cache_folder
from saliencynoise.store.provenance import hardware, versions


def test_the_cache_follows_the_environment(cache, monkeypatch):
    assert cache_folder() == cache
    monkeypatch.setenv("SALIENCYNOISE_CACHE", "~/elsewhere")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache_folder() == Path("/home/somebody/elsewhere")
    for unset in (
        lambda: monkeypatch.setenv("SALIENCYNOISE_CACHE", ""),
        lambda: monkeypatch.delenv("SALIENCYNOISE_CACHE"),
    ):
        unset()
        assert cache_folder().name == "saliencynoise"
        assert cache_folder().is_absolute()


def test_versions_are_those_that_run():
    import torch

    result = versions()
    assert result["python"] == platform.python_version()
    assert torch.__version__.split("+")[0] == result["torch"].split("+")[0]
    assert {"saliencynoise", "numpy", "safetensors"} <= result.keys()


def test_hardware_is_plain_json():
    result = hardware("cpu", threads=1)
    assert json.loads(json.dumps(result)) == result
    assert (result["device"], result["threads"], result["machine"]) == ("cpu", 1, platform.machine())
    assert result["processor"]
    assert "gpu" not in result
