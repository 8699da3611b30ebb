"""The failures of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from saliencynoise.interfaces import SaliencyNoiseError


class FailedCellError(SaliencyNoiseError):
    """No figures can be computed from the maps of one architecture and method; the message has the reason."""


class BrokenMapError(FailedCellError):
    """A map holds NaN or infinity.

    Attributes:
        member: its member.
        image: its image.
        count: how many values are no numbers.
    """

    def __init__(self, *, member: int, image: int, count: int) -> None:
        super().__init__(f"member {member} has {count} values of NaN or infinity in the map of image {image}")
        self.member, self.image, self.count = member, image, count


@dataclass
class Failures:
    """The failures of a run, by architecture and method; a method of None stands for all of them."""

    reasons: dict[tuple[str, str | None], str] = field(default_factory=dict)
    tracebacks: dict[tuple[str, str | None], str] = field(default_factory=dict)

    def add(self, architecture: str, method: str | None, reason: str, traceback: str | None = None) -> None:
        """Keep the first reason, with its traceback where there is one."""
        if (architecture, method) not in self.reasons and traceback:
            self.tracebacks[architecture, method] = traceback
        self.reasons.setdefault((architecture, method), reason)

    @property
    def architectures(self) -> frozenset[str]:
        """The architectures that failed as a whole."""
        return frozenset(architecture for architecture, method in self.reasons if method is None)

    def of(self, architecture: str, method: str | None = None) -> str | None:
        """Return the reason why a cell, or a whole architecture, failed; None if it did not."""
        return self.reasons.get((architecture, None)) or self.reasons.get((architecture, method))
