"""How a result was made, as the foot of its page and the last columns of its tables show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Made:
    """How a result was made.

    Attributes:
        version: of saliencynoise, which computed the result.
        created: date and time of the result.
        command: the command that makes it again; empty where none does, as of a call in Python.
    """

    version: str
    created: str
    command: str = ""

    @classmethod
    def of(cls, versions: Mapping[str, str], created: str, command: str = "") -> Made:
        """Return how a result was made, from the versions of packages that it names.

        >>> Made.of({"saliencynoise": "0.1.0"}, "2026-11-30").version
        '0.1.0'
        """
        return cls(version=versions.get("saliencynoise", "unknown"), created=created, command=command)

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a table of the result ends with."""
        return {"saliencynoise": self.version, "created": self.created, "command": self.command}
