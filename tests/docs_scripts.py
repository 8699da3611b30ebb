"""Loads the scripts of `docs/scripts`, which are no package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "scripts"


def load_script(name: str) -> ModuleType:
    """Return a script as a module; the test is skipped where the docs are not in this distribution."""
    path = FOLDER / f"{name}.py"
    if not path.exists():
        pytest.skip("the docs are not in this distribution", allow_module_level=True)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
