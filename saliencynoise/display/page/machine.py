"""The machine of a result, for pages."""

from __future__ import annotations

from typing import Any


def machine(result: Any) -> list[tuple[str, str]]:
    """Return the device, the hardware and the versions of a result of any kind."""
    return [
        ("device", str(result.get("device", "not recorded"))),
        *[(f"hardware: {key}", str(value)) for key, value in result["hardware"].items()],
        *[(f"version: {key}", str(value)) for key, value in result["versions"].items()],
    ]
