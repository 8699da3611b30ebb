"""Shell completion of names; imports neither torch nor a plugin's library."""

from __future__ import annotations

from saliencynoise.interfaces.errors import SaliencyNoiseError


def complete_archs(incomplete: str) -> list[str]:
    """Return the architectures that begin so."""
    return _names("models", incomplete)


def complete_methods(incomplete: str) -> list[str]:
    """Return the methods that begin so."""
    return _names("methods", incomplete)


def complete_datasets(incomplete: str) -> list[str]:
    """Return the data sets that begin so."""
    return _names("datasets", incomplete)


def complete_samplers(incomplete: str) -> list[str]:
    """Return the samplers that begin so."""
    return _names("samplers", incomplete)


def complete_subjects(incomplete: str) -> list[str]:
    """Return what plugins bring and begins so, of all kinds."""
    others = [name for kind in ("aggregators", "samplers", "datasets") for name in _names(kind, incomplete)]
    return complete_methods(incomplete) + complete_archs(incomplete) + others


def _names(kind: str, incomplete: str) -> list[str]:
    from saliencynoise.registry.catalogue import catalogue  # noqa: PLC0415 - only when the shell asks

    try:
        return [name for name in catalogue().names(kind) if name.startswith(incomplete)]
    except SaliencyNoiseError:
        return []
