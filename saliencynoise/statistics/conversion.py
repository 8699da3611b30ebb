"""A published SNR, printed without correction, as the corrected SNR r; refused where the definition does not give it.

A published table has one number for a method: `|mean|/sd` over E networks, by one of three definitions. Two of them
determine r. `docs/convert.md` derives every formula.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from saliencynoise.interfaces.errors import UsageError
from saliencynoise.statistics.floors import snr_pixel_floor, snr_power_floor, snr_rms_floor
from saliencynoise.statistics.reliability import members_needed, reliability_at

Definition = Literal["pixel", "rms", "power"]

DEFINITIONS: tuple[Definition, ...] = get_args(Definition)

MEANINGS: dict[Definition, str] = {
    "pixel": "mean over pixels of |mean|/sd",
    "rms": "root of (sum of mean^2 / sum of sd^2)",
    "power": "sum of mean^2 / sum of sd^2",
}
"""The definitions in words: mean and sd are those of a pixel over the networks."""

NOT_DETERMINED = (
    "a mean over pixels of |mean|/sd does not determine the SNR: r is a ratio of sums, and depends on how the noise "
    "and the signal are spread over the pixels"
)

RELIABILITY = 0.9


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What a published SNR says.

    Attributes:
        definition: the definition that the number is read by.
        published: the number, with the unbiased sd.
        members: networks that it was computed from.
        floor: its value for maps of nothing but Gaussian noise.
        snr: the corrected SNR r, not below 0; None where the definition does not determine it.
        reason: why it is None; empty otherwise.
        least_if_even: the least r that is possible if the noise is Gaussian and of the same size at all pixels; None
            for the definitions that determine r.
        if_gaussian: r if, moreover, the signal is spread over the pixels as a Gaussian variable is; None as above.
    """

    definition: Definition
    published: float
    members: int
    floor: float
    snr: float | None
    reason: str = ""
    least_if_even: float | None = None
    if_gaussian: float | None = None

    @property
    def above_floor(self) -> bool:
        """Whether the number is more than pure noise gives on average."""
        return self.published > self.floor

    @property
    def networks_for_90(self) -> int | None:
        """Networks to average until the reliability is 0.9; None where r is 0 or not determined."""
        return None if self.snr is None else members_needed(self.snr, reliability=RELIABILITY).value

    @property
    def most_networks_for_90(self) -> int | None:
        """As `networks_for_90`, for the least r that is possible; None where that is 0 or does not apply."""
        return None if self.least_if_even is None else members_needed(self.least_if_even, reliability=RELIABILITY).value

    @property
    def snr_of_one_pixel(self) -> float | None:
        """R of "power" if a map is worth one independent pixel, the least there can be; None for others.

        Pure noise then has a mean of nu / (nu - 2) / E with nu = E - 1; 0 where that has no mean.
        """
        if self.definition != "power":
            return None
        degrees = self.members - 1
        return max(0.0, (1 - 2 / degrees) * self.published - 1 / self.members) if degrees > 2 else 0.0

    @property
    def reliability(self) -> float | None:
        """The reliability of the average over the networks of the table; None where r is not determined."""
        return None if self.snr is None else reliability_at(self.snr, self.members)


def convert(snr: float, members: int, *, definition: Definition, ddof: int = 1) -> Conversion:
    """Convert a published SNR of signed maps to the corrected SNR r.

    Args:
        snr: the number of the table, 0 or more.
        members: networks that it was computed from, 2 or more; 3 or more for "pixel", whose floor is infinite with 2.
        definition: "pixel", "rms" or "power", as `MEANINGS` says.
        ddof: 1 where the sd divides by E - 1, 0 where it divides by E, as numpy's does unless it is told otherwise.

    Returns:
        The floor, r, and the networks for a reliability of 0.9. r is 0 where the number is not above the floor.

    Raises:
        UsageError: a value is out of range.

    >>> result = convert(0.70, 8, definition="rms")
    >>> round(result.floor, 3), round(result.snr, 3), result.networks_for_90
    (0.354, 0.365, 25)
    >>> pixel = convert(0.70, 8, definition="pixel")
    >>> pixel.snr, round(pixel.least_if_even, 3), round(pixel.if_gaussian, 3)
    (None, 0.372, 0.482)
    """
    _check(snr, members, definition=definition, ddof=ddof)
    power = 2 if definition == "power" else 1
    published = snr * math.sqrt((members - 1) / (members - ddof)) ** power
    if definition == "pixel":
        floor = snr_pixel_floor("signed", members)
        return Conversion(
            definition=definition,
            published=published,
            members=members,
            floor=floor,
            snr=None,
            reason=NOT_DETERMINED,
            least_if_even=_least_if_even(published, members, floor),
            if_gaussian=max(0.0, (published / floor) ** 2 - 1) / members,
        )
    floor = snr_rms_floor("signed", members) if definition == "rms" else snr_power_floor("signed", members)
    energy = published**2 if definition == "rms" else published
    r = energy - 1 / members if published > floor else 0.0
    return Conversion(definition=definition, published=published, members=members, floor=floor, snr=r)


def folded_mean(theta: float, members: int) -> float:
    """Return the mean of |theta + Z / sqrt(E)|, for a standard normal Z.

    >>> round(folded_mean(0.0, 1), 6)  # sqrt(2 / pi)
    0.797885
    """
    a = abs(theta) * math.sqrt(members)
    folded = math.sqrt(2 / math.pi) * math.exp(-a * a / 2) + a * math.erf(a / math.sqrt(2))
    return folded / math.sqrt(members)


def _least_if_even(published: float, members: int, floor: float) -> float:
    """Return theta^2 where |theta| at every pixel gives the published value; 0 at or below the floor.

    Mean and sd of Gaussian noise are independent, so the value at theta is the floor times a ratio of folded means.
    """
    target = published / floor * folded_mean(0.0, members)
    if target <= folded_mean(0.0, members):
        return 0.0
    low, high = 0.0, target  # |theta| never exceeds the mean of |theta + Z / sqrt(E)|
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if folded_mean(middle, members) < target else (low, middle)
    return high**2


def _check(snr: float, members: int, *, definition: str, ddof: int) -> None:
    if definition not in DEFINITIONS:
        raise UsageError(f"definition '{definition}' is unknown; give one of {', '.join(DEFINITIONS)}")
    if not 0 <= snr < math.inf:
        raise UsageError(f"snr {snr} is not possible; give the number of the table, 0 or more")
    fewest = 3 if definition == "pixel" else 2
    if members < fewest:
        why = ": with 2 networks the mean of |mean|/sd is infinite for pure noise" if members == 2 else ""
        raise UsageError(f"members {members} is not possible for '{definition}'{why}; {fewest} or more are needed")
    if ddof not in {0, 1}:
        raise UsageError(f"ddof {ddof} is not possible; give 1 for an sd that divides by E - 1, 0 for one by E")
