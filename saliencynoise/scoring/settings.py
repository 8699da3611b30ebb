"""Settings and functions of torch that all plugins of a process share: changes are reported and undone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

import torch
from torch.nn.modules import module as every_module

Setting = tuple[str, Callable[[], Any], Callable[[Any], object]]
"""A setting: its name in words, the function that reads it, and the function that sets it."""


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
"""Settings that change the maps of other methods."""

HARMLESS: tuple[Setting, ...] = (
    ("threads", torch.get_num_threads, torch.set_num_threads),
    ("folder", os.getcwd, os.chdir),
)
"""Settings that are restored without a report: other code uses them, but no figure depends on them."""

HOOKS = [getattr(every_module, name) for name in vars(every_module) if name.startswith("_global_") and "hooks" in name]
"""The dictionaries of hooks on all modules."""

SHARED: tuple[ModuleType | type, ...] = (torch.nn.functional, torch.Tensor, torch.nn.Module)
"""Owners of functions that all libraries share. A library that replaces one and then fails does not restore it."""


class Settings:
    """The settings of a process, as they were when this was made."""

    def __init__(self, *classes: type) -> None:
        """Read all settings; `classes` are the classes of a network's modules, whose methods are recorded too."""
        self._settings = [read() for _, read, _ in SETTINGS]
        self._harmless = [read() for _, read, _ in HARMLESS]
        self._hooks = [dict(dictionary) for dictionary in HOOKS if isinstance(dictionary, dict)]
        self._owners: list[ModuleType | type] = [*SHARED, *dict.fromkeys(classes)]
        self._names = [{**vars(owner)} for owner in self._owners]

    def restore(self) -> list[str]:
        """Restore all settings; return the changes in words, without changes of harmless settings."""
        return [*self._restore_settings(), *self._restore_hooks(), *self._restore_names()]

    def _restore_settings(self) -> Iterator[str]:
        for (_, read, write), before in zip(HARMLESS, self._harmless, strict=True):
            with suppress(OSError):  # the folder was deleted
                if read() != before:
                    write(before)
        for (what, read, write), before in zip(SETTINGS, self._settings, strict=True):
            after = read()
            if after != before:
                write(before)
                yield f"left {what} at {after}"

    def _restore_hooks(self) -> Iterator[str]:
        hooks = [dictionary for dictionary in HOOKS if isinstance(dictionary, dict)]
        for dictionary, before in zip(hooks, self._hooks, strict=True):
            if dictionary != before:
                dictionary.clear()
                dictionary.update(before)
                yield "left a hook on all modules"

    def _restore_names(self) -> Iterator[str]:
        for owner, before in zip(self._owners, self._names, strict=True):
            if vars(owner) == before:  # the same objects are not compared any further, so this costs microseconds
                continue
            for name in [name for name in vars(owner) if name not in before]:
                if isinstance(owner, type):  # a new name in a module of functions harms nobody
                    delattr(owner, name)
                    yield f"left '{name}' in {owner.__name__}"
            for name, value in before.items():
                if vars(owner).get(name) is not value:
                    setattr(owner, name, value)
                    yield f"replaced {owner.__name__}.{name}"


@contextmanager
def as_before() -> Iterator[list[str]]:
    """Restore all settings at the end, also after an error; the list then holds the changes in words."""
    settings, left = Settings(), list[str]()
    try:
        yield left
    finally:
        left += settings.restore()
