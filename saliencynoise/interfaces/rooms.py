"""Packages that can be called: `import saliencynoise as sn; sn.bench(...)` and the package share the name `bench`."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function of the package's name in its module `run`, which documents and checks what it takes."""
        function = self.__name__.rpartition(".")[2]
        return getattr(importlib.import_module(f"{self.__name__}.run"), function)(*args, **kwargs)


def make_callable(package: str) -> None:
    """Let a package be called as `PACKAGE.run.NAME`, which is imported when it is called: it may import torch.

    Importing any module of a package binds the package's name to the package, so a function of that name elsewhere
    would be hidden.
    """
    sys.modules[package].__class__ = _Callable
