"""The settings of a bench to run it again: a command and a TOML file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from saliencynoise.display.page.page import shown
from saliencynoise.engine import command

FILE = command.FILE


def toml_of(settings: Mapping[str, Any]) -> str:
    """Return settings as a TOML file that `--config` takes; None is left out, as TOML has no null.

    >>> print(toml_of({"seed": 0, "archs": ("a",), "members": None, "recipe": {"epochs": 2}}), end="")
    seed = 0
    archs = ["a"]
    [recipe]
    epochs = 2
    """
    tables = {key: value for key, value in settings.items() if isinstance(value, Mapping)}
    lines = [_pair(key, value) for key, value in settings.items() if key not in tables and value is not None]
    for name, table in tables.items():
        pairs = [_pair(key, value) for key, value in table.items() if value is not None]
        lines += [f"[{_key(name)}]", *pairs] if pairs else []
    return "".join(f"{line}\n" for line in lines)


def command_of(settings: Mapping[str, Any]) -> str:
    """Return the command of a bench with these settings; it names the file where options cannot express them.

    >>> command_of({"seed": 3, "archs": ["resnet(depth=18)"], "recipe": {"epochs": 2}})
    "saliencynoise bench --seed 3 --arch 'resnet(depth=18)' --epochs 2"
    """
    return command.command_of("bench", settings)


def _pair(key: str, value: Any) -> str:
    return f"{_key(key)} = {_written(value)}"


def _key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else _written(key)


def _written(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str):
        return json.dumps(shown(value), ensure_ascii=False)
    return json.dumps(value)
