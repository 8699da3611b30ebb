"""Measure how much of a saliency map is initialisation noise, and remove it by marginalising over networks.

The public API is loaded when it is first used: importing the package imports neither torch nor any plugin.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saliencynoise.api import Study, attribute, bench, cite, compare, explain, frontier, measure, sanity, variance
    from saliencynoise.interfaces.errors import SaliencyNoiseError, UsageError
    from saliencynoise.registry.decorator import method
    from saliencynoise.registry.hookspecs import hookimpl
    from saliencynoise.statistics.conversion import convert
    from saliencynoise.testing.own import check_method
    from saliencynoise_dream.run import dream as dream

__all__ = [
    "SaliencyNoiseError",
    "Study",
    "UsageError",
    "attribute",
    "bench",
    "check_method",
    "cite",
    "compare",
    "convert",
    "explain",
    "frontier",
    "hookimpl",
    "measure",
    "method",
    "sanity",
    "variance",
]

"""`dream`, which a distribution of its own brings, is not among them, so that `import *` works without it."""

_API = "saliencynoise.api"
_HOMES = {
    **dict.fromkeys(
        ("Study", "attribute", "bench", "cite", "compare", "explain", "frontier", "measure", "sanity", "variance"), _API
    ),
    "dream": "saliencynoise_dream.run",
    "method": "saliencynoise.registry.decorator",
    "check_method": "saliencynoise.testing.own",
    "convert": "saliencynoise.statistics.conversion",
    "SaliencyNoiseError": "saliencynoise.interfaces.errors",
    "UsageError": "saliencynoise.interfaces.errors",
    "hookimpl": "saliencynoise.registry.hookspecs",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("saliencynoise")
    if name not in _HOMES:
        raise AttributeError(f"module 'saliencynoise' has no attribute '{name}'")
    package = _HOMES[name].partition(".")[0]
    try:
        home = importlib.import_module(_HOMES[name])
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        distribution = package.replace("_", "-")
        raise AttributeError(f"saliencynoise.{name} comes with: pip install {distribution}") from error
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
