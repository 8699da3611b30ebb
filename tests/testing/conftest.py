"""The zoo of wrong methods, and that of wrong architectures."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

for _name in ("zoo", "buildings"):  # pytest's importlib mode puts no folder on the path
    _spec = importlib.util.spec_from_file_location(f"kit_{_name}", Path(__file__).with_name(f"{_name}.py"))
    assert _spec
    assert _spec.loader
    sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_spec.name])
