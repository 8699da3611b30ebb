"""The command that makes a result again, from its settings."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saliencynoise.engine.config import IMAGES, BenchConfig

FILE = "settings.toml"
"""The name of the file of settings in a command whose options cannot express them."""

REPEATED = {"archs": "--arch", "methods": "--method", "init": "--init", "tune": "--tune"}


def command_of(
    command: str,
    settings: Mapping[str, Any],
    *,
    own: Sequence[str] = (),
    methods: Sequence[str] | None = None,
    out: str | Path | None = None,
    from_file: bool = True,
) -> str:
    """Return the command with these settings of its bench, quoted for a shell; defaults are left out.

    Args:
        command: its name, as "bench".
        settings: those of `BenchConfig.settings` that the command takes. A recipe of more than epochs, or an empty list
            of methods, has no option: then the command reads `FILE`.
        own: the options that a bench lacks, as the words of a command line.
        methods: the default methods of the command; None for those of a bench.
        out: folder of the results, where it is not the default one.
        from_file: whether the command can read `FILE`; if not, settings without an option give an empty text.

    >>> command_of("bench", {"seed": 3, "archs": ["resnet(depth=18)"], "recipe": {"epochs": 2}})
    "saliencynoise bench --seed 3 --arch 'resnet(depth=18)' --epochs 2"
    """
    defaults = {**BenchConfig().settings, "images": IMAGES}
    if methods is not None:
        defaults["methods"] = tuple(methods)
    recipe = dict(settings.get("recipe") or {})
    epochs = recipe.pop("epochs", None)
    end = [*own, *([] if out is None else ["--out", str(out)])]
    if recipe or settings.get("methods") == []:
        if not from_file:
            return ""
        return shlex.join(["saliencynoise", command, "--config", FILE, *end])
    return shlex.join(["saliencynoise", command, *_options(settings, defaults, epochs), *end])


def _options(settings: Mapping[str, Any], defaults: Mapping[str, Any], epochs: int | None) -> list[str]:
    parts: list[str] = []
    for key, value in settings.items():
        if key == "arch_args":
            for name, text in value.items():
                parts += ["--arch-arg", f"{name}={text}"]
        elif key == "recipe":
            parts += [] if epochs is None else ["--epochs", str(epochs)]
        elif key in REPEATED and list(value) != list(defaults[key]):
            for item in value:
                parts += [REPEATED[key], str(item)]
        elif key not in REPEATED and value is not None and value != defaults.get(key):
            parts += [f"--{key.replace('_', '-')}", str(value)]
    return parts


def words_of(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """Return options that differ from their defaults as words of a command line; a list repeats its option.

    >>> words_of({"--runs": 2, "--sampler": ("swag", "snapshot")}, {"--runs": 4, "--sampler": ()})
    ['--runs', '2', '--sampler', 'swag', '--sampler', 'snapshot']
    """
    words: list[str] = []
    for option, value in options.items():
        if value is None or value == defaults.get(option):
            continue
        for item in value if isinstance(value, list | tuple) else (value,):
            words += [option, str(item)]
    return words
