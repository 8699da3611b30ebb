"""Settings of a dream: octaves, steps, smoothing, and the members that steer it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from saliencynoise.interfaces import UsageError

MOST_OCTAVES = 12
MOST_STEPS = 10_000


@dataclass(frozen=True, kw_only=True)
class DreamConfig:
    """Settings of a dream. Pixels go from 0 to 1.

    Attributes:
        gradient: "mean" follows the mean gradient of all members; "random" that of one member, drawn at each step.
        octaves: number of resolutions, from a coarse one to that of the picture.
        octave_scale: ratio of the edges of neighbouring octaves.
        steps: number of steps in each octave.
        step_size: root mean square of a step over the picture's pixels.
        jitter: largest random shift of the picture in each step, in pixels.
        smoothing: standard deviation of the Gaussian that smooths the gradient, in pixels of the octave; 0 for none.
        seed: seed of the jitter, and of the members that are drawn.
        keep_steps: keep the picture after each step.
    """

    gradient: Literal["mean", "random"] = "mean"
    octaves: int = 3
    octave_scale: float = 1.4
    steps: int = 20
    step_size: float = 0.01
    jitter: int = 1
    smoothing: float = 0.5
    seed: int = 0
    keep_steps: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            UsageError: naming the setting, its value and the possible ones.
        """
        if self.gradient not in {"mean", "random"}:
            raise UsageError(f"--gradient {self.gradient} is not possible; choose mean or random")
        for name, lowest in (("octaves", 1), ("steps", 1), ("jitter", 0), ("seed", 0)):
            value = getattr(self, name)
            if type(value) is not int or value < lowest:
                raise UsageError(f"{option(name)} {value} is not possible; give a whole number, {lowest} or more")
        for name, most in (("octaves", MOST_OCTAVES), ("steps", MOST_STEPS)):
            if getattr(self, name) > most:
                raise UsageError(f"{option(name)} {getattr(self, name)} is not possible; give {most} or fewer")
        for name, allowed, wanted in (
            ("octave_scale", self.octave_scale > 1, "above 1"),
            ("step_size", self.step_size > 0, "above 0"),
            ("smoothing", self.smoothing >= 0, "0 or more"),
        ):
            value = getattr(self, name)
            if not (allowed and math.isfinite(value)):
                raise UsageError(f"{option(name)} {value} is not possible; give a number {wanted}")


def option(name: str) -> str:
    """Return the option of a setting.

    >>> option("octave_scale")
    '--octave-scale'
    """
    return f"--{name.replace('_', '-')}"
