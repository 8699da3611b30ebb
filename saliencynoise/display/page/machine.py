"""The machine of a result, for pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.records.writing import json_of

if TYPE_CHECKING:
    from saliencynoise.records.common import Environment


def machine(result: Environment) -> list[tuple[str, str]]:
    """Return the device, the hardware and the versions of a result."""
    return [
        ("device", result.hardware.device),
        *[(f"hardware: {key}", str(value)) for key, value in json_of(result.hardware).items() if value is not None],
        *[(f"version: {key}", version) for key, version in result.versions.items()],
    ]
