"""The names of timm's architectures, read from its source: importing timm takes seconds, this takes 30 ms."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

_ENTRY_POINT = re.compile(r"^@register_model\s*\n(?:@.*\n)*def\s+(\w+)", re.MULTILINE)


def list_names() -> tuple[str, ...]:
    """Return the names of `timm.list_models()`, without importing timm or torch.

    Raises:
        ModuleNotFoundError: if timm is not installed.

    >>> "resnet18" in list_names()
    True
    """
    spec = find_spec("timm")  # finds the folder of a top-level package and runs none of its code
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("timm is not installed; install it with `pip install timm`", name="timm")
    folder = Path(spec.submodule_search_locations[0]) / "models"
    names = {name for file in folder.glob("*.py") for name in _ENTRY_POINT.findall(file.read_text(encoding="utf-8"))}
    return tuple(sorted(names, key=_natural))


def _natural(name: str) -> list[int | str]:
    """Sort by numbers where there are numbers, as timm does: resnet18 before resnet101."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name.lower())]
