"""What plugins can change for everybody in a process: torch's settings and functions; seen afterwards, and undone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

import torch
from torch.nn.modules import module as every_module

Setting = tuple[str, Callable[[], Any], Callable[[Any], object]]
"""What a setting is, in words; how it is read, and how it is set."""


def _cudnn(name: str) -> Setting:
    return (
        f"torch.backends.cudnn.{name}",
        lambda: getattr(torch.backends.cudnn, name),
        lambda value: setattr(torch.backends.cudnn, name, value),
    )


def _autocast(device: str) -> Setting:
    return (
        f"torch's autocast on {device}",
        lambda: torch.is_autocast_enabled(device),
        lambda value: torch.set_autocast_enabled(device, value),
    )


_DENORMAL = torch.tensor(1e-40, dtype=torch.float32, device="cpu")


def _flushes_denormals() -> bool:
    return bool((_DENORMAL * 1).item() == 0)


def _set_default_device(device: torch.device) -> None:
    torch.set_default_device(None if device.type == "cpu" else device)


SETTINGS: tuple[Setting, ...] = (
    ("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
    ("torch's default device", torch.get_default_device, _set_default_device),
    ("torch's gradient mode", torch.is_grad_enabled, torch.set_grad_enabled),
    ("torch's anomaly mode", torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (
        "torch's deterministic mode",
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    ("torch's treatment of denormal numbers", _flushes_denormals, torch.set_flush_denormal),
    *map(_autocast, ("cpu", "cuda")),
    *map(_cudnn, ("enabled", "benchmark", "deterministic", "allow_tf32")),
)
"""What changes the maps of others."""

HARMLESS: tuple[Setting, ...] = (
    ("threads", torch.get_num_threads, torch.set_num_threads),
    ("folder", os.getcwd, os.chdir),
)
"""What is put back without a word: the process serves others too, but no figure depends on it from then on."""

HOOKS = [getattr(every_module, name) for name in vars(every_module) if name.startswith("_global_") and "hooks" in name]
"""The dictionaries of hooks on all modules."""

SHARED: tuple[ModuleType | type, ...] = (torch.nn.functional, torch.Tensor, torch.nn.Module)
"""Whose functions others use, too: a library that replaces one and fails leaves it so."""


class Settings:
    """What a process is set to, as it was when this was made."""

    def __init__(self, *classes: type) -> None:
        """Read everything; `classes` are those of a network's modules, whose methods are watched too."""
        self._settings = [read() for _, read, _ in SETTINGS]
        self._harmless = [read() for _, read, _ in HARMLESS]
        self._hooks = [dict(own) for own in HOOKS if isinstance(own, dict)]
        self._owners: list[ModuleType | type] = [*SHARED, *dict.fromkeys(classes)]
        self._names = [{**vars(owner)} for owner in self._owners]

    def restore(self) -> list[str]:
        """Put everything back; return what had to be, in words (but for what is harmless)."""
        return [*self._restore_settings(), *self._restore_hooks(), *self._restore_names()]

    def _restore_settings(self) -> Iterator[str]:
        for (_, read, write), before in zip(HARMLESS, self._harmless, strict=True):
            with suppress(OSError):  # a folder that is gone
                if read() != before:
                    write(before)
        for (what, read, write), before in zip(SETTINGS, self._settings, strict=True):
            after = read()
            if after != before:
                write(before)
                yield f"left {what} at {after}"

    def _restore_hooks(self) -> Iterator[str]:
        hooks = [own for own in HOOKS if isinstance(own, dict)]
        for own, before in zip(hooks, self._hooks, strict=True):
            if own != before:
                own.clear()
                own.update(before)
                yield "left a hook on all modules"

    def _restore_names(self) -> Iterator[str]:
        for owner, before in zip(self._owners, self._names, strict=True):
            if vars(owner) == before:  # the same objects are not compared any further, so this costs microseconds
                continue
            for name in [name for name in vars(owner) if name not in before]:
                if isinstance(owner, type):  # what is new in a module of functions harms nobody
                    delattr(owner, name)
                    yield f"left '{name}' in {owner.__name__}"
            for name, value in before.items():
                if vars(owner).get(name) is not value:
                    setattr(owner, name, value)
                    yield f"replaced {owner.__name__}.{name}"


@contextmanager
def as_before() -> Iterator[list[str]]:
    """Put all settings back at the end, whatever happens inside; the list then holds what had to be, in words."""
    settings, left = Settings(), list[str]()
    try:
        yield left
    finally:
        left += settings.restore()
