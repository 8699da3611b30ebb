"""The settings of a bench as people use them again: a command, and a TOML file."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Mapping
from typing import Any

from saliencynoise.display.page.page import shown
from saliencynoise.engine.config import IMAGES, BenchConfig

FILE = "settings.toml"
REPEATED = {"archs": "--arch", "methods": "--method"}


def toml_of(settings: Mapping[str, Any]) -> str:
    """Return settings as a TOML file that `--config` takes; what is None is left out, as TOML holds no such thing.

    >>> print(toml_of({"seed": 0, "archs": ("a",), "members": None, "recipe": {"epochs": 2}}), end="")
    seed = 0
    archs = ["a"]
    [recipe]
    epochs = 2
    """
    tables = {key: value for key, value in settings.items() if isinstance(value, Mapping)}
    lines = [_pair(key, value) for key, value in settings.items() if key not in tables and value is not None]
    for name, table in tables.items():
        own = [_pair(key, value) for key, value in table.items() if value is not None]
        lines += [f"[{_key(name)}]", *own] if own else []
    return "".join(f"{line}\n" for line in lines)


def command_of(settings: Mapping[str, Any]) -> str:
    """Return the command of a bench with these settings; with the file where options cannot say all of them.

    >>> command_of({"seed": 3, "archs": ["resnet(depth=18)"], "recipe": {"epochs": 2}})
    "saliencynoise bench --seed 3 --arch 'resnet(depth=18)' --epochs 2"
    """
    usual = {**BenchConfig().settings, "images": IMAGES}
    recipe = dict(settings.get("recipe") or {})
    epochs = recipe.pop("epochs", None)
    if recipe or settings.get("methods") == []:
        return f"saliencynoise bench --config {FILE}"
    words = ["saliencynoise", "bench"]
    for key, value in settings.items():
        if key == "arch_args":
            for name, own in value.items():
                words += ["--arch-arg", f"{name}={own}"]
        elif key == "recipe":
            words += [] if epochs is None else ["--epochs", str(epochs)]
        elif key in REPEATED and list(value) != list(usual[key]):
            for own in value:
                words += [REPEATED[key], str(own)]
        elif key not in REPEATED and value is not None and value != usual.get(key):
            words += [f"--{key.replace('_', '-')}", str(value)]
    return shlex.join(words)


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
