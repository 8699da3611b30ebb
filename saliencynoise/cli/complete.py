"""Shell completion of names; imports neither torch nor a plugin's library."""

from __future__ import annotations

from saliencynoise.interfaces.errors import SaliencyNoiseError


def complete_archs(incomplete: str) -> list[str]:
    """Return the architectures whose names begin with `incomplete`."""
    return _names("models", incomplete)


def complete_methods(incomplete: str) -> list[str]:
    """Return the methods whose names begin with `incomplete`."""
    return _names("methods", incomplete)


def complete_datasets(incomplete: str) -> list[str]:
    """Return the data sets whose names begin with `incomplete`."""
    return _names("datasets", incomplete)


def complete_samplers(incomplete: str) -> list[str]:
    """Return the samplers whose names begin with `incomplete`."""
    return _names("samplers", incomplete)


def complete_subjects(incomplete: str) -> list[str]:
    """Return the names of every kind except commands that begin with `incomplete`."""
    other_names = [name for kind in ("aggregators", "samplers", "datasets") for name in _names(kind, incomplete)]
    return complete_methods(incomplete) + complete_archs(incomplete) + other_names


def complete_runs(incomplete: str) -> list[str]:
    """Return the names of folders in ./runs that begin with `incomplete`."""
    from saliencynoise.cli.finding import folder_names  # noqa: PLC0415 - only when the shell asks

    return [name for name in folder_names() if name.startswith(incomplete)]


def _names(kind: str, incomplete: str) -> list[str]:
    from saliencynoise.registry.catalogue import catalogue  # noqa: PLC0415 - only when the shell asks

    try:
        return [name for name in catalogue().names(kind) if name.startswith(incomplete)]
    except SaliencyNoiseError:
        return []
