"""The published table of SNRs and its claims about the order of the methods, as data.

Source: Woerl, Disselhoff and Wand, "Initialization Noise in Image Gradients and Saliency Maps", CVPR 2023. The poster
does not state the formula, images, training or parameters of the methods behind the table, nor the meaning of its stars
(perhaps fewer images or networks). The cells have no errors, and are used as exact values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from saliencynoise.interfaces import UsageError
from saliencynoise.records.common import Record
from saliencynoise.statistics.floors import snr_pixel_floor

DATASETS = ("CIFAR10", "Imagenette")
ARCHITECTURES = ("VGG19", "ResNet18", "ResNet101")
MEMBERS = 30
"""Number of networks behind a published cell; it sets the floor of the cell."""

FEWER = 10
"""Number of networks that may be behind a starred cell instead."""

GRADIENT, TOP, INTERMEDIATE, SHAP = "Input Gradient", "GradCAM (top)", "GradCAM (intermediate)", "SHAP"

PUBLISHED: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        GRADIENT: (0.436, 0.555, 0.435, 0.585, 0.589, 0.444),
        "Integrated Gradient": (0.612, 0.742, 0.744, 0.725, 0.695, 0.577),
        "SmoothGrad": (0.627, 0.789, 0.878, 0.724, 0.681, 0.470),
        TOP: (0.816, 1.593, 1.373, 1.370, 2.363, 3.171),
        INTERMEDIATE: (0.612, 1.112, 0.680, 0.748, 1.171, 1.253),
        SHAP: (0.252, 0.365, 0.308, 0.418, 0.386, 0.327),
        "DeepLIFT": (0.453, 0.628, 0.554, 0.978, 0.650, 0.587),
        "LIME": (0.609, 0.772, 0.826, 0.919, 0.997, 0.982),
    }
)
"""The rows; columns: CIFAR10 with VGG19, ResNet18 and ResNet101, then Imagenette with the same."""

STARS: Mapping[str, int] = MappingProxyType({"Integrated Gradient": 1, "SmoothGrad": 2, "LIME": 2})
"""The rows with stars, and the number of stars."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of the table about the order of its rows.

    Attributes:
        words: the claim.
        pairs: pairs of rows; the claim is that the first row of each pair has the higher SNR.
    """

    words: str
    pairs: tuple[tuple[str, str], ...]


CLAIMS = (
    Claim(words=f"{TOP} highest", pairs=tuple((TOP, row) for row in PUBLISHED if row != TOP)),
    Claim(words=f"{SHAP} lowest", pairs=tuple((row, SHAP) for row in PUBLISHED if row != SHAP)),
    Claim(words=f"{TOP} above {INTERMEDIATE}", pairs=((TOP, INTERMEDIATE),)),
    *(
        Claim(words=f"{row} above {GRADIENT}", pairs=((row, GRADIENT),))
        for row in (INTERMEDIATE, "DeepLIFT", "Integrated Gradient", "SmoothGrad", "LIME")
    ),
)
"""The orderings that hold in all six published columns."""


def published_column(dataset: str, architecture: str) -> Mapping[str, float]:
    """Return a column of the published table, by row.

    Raises:
        UsageError: there is no such column; the message names those that exist.

    >>> published_column("CIFAR10", "ResNet18")["GradCAM (top)"]
    1.593
    """
    if dataset not in DATASETS or architecture not in ARCHITECTURES:
        raise UsageError(
            f"the published table has no column '{architecture}' of '{dataset}': choose one of "
            f"{', '.join(ARCHITECTURES)} of {' or '.join(DATASETS)}"
        )
    index = DATASETS.index(dataset) * len(ARCHITECTURES) + ARCHITECTURES.index(architecture)
    return {row: values[index] for row, values in PUBLISHED.items()}


def holds(claim: Claim, column: Mapping[str, float]) -> bool | None:
    """Return whether a claim holds in a column; None if a row is missing and no other row denies the claim.

    >>> [holds(CLAIMS[0], published_column("CIFAR10", name)) for name in ARCHITECTURES]
    [True, True, True]
    """
    orders = [column[a] > column[b] for a, b in claim.pairs if a in column and b in column]
    if not all(orders):
        return False
    return True if len(orders) == len(claim.pairs) else None


def with_networks(value: float, definition: str, *, networks: int, others: int) -> float:
    """Convert a figure of `networks` networks to the value expected with `others` networks, in the signed view.

    The signal of one map stays the same: r = value^2 - 1/E (rms) and value - 1/E (power). For |m|/s over pixels, with
    signal and noise Gaussian over pixels, (value / floor)^2 = 1 + E r. A value below the floor has no signal.

    Args:
        value: a measured or published value.
        definition: "pixel", "rms" or "power"; NaN for any other.
        networks: number of networks behind the value, 3 or more.
        others: number of networks of the result.

    >>> round(with_networks(0.47, "rms", networks=10, others=30), 2), with_networks(0.3, "power", networks=10, others=5)
    (0.39, 0.4)
    """
    if definition == "pixel":
        floor, other_floor = (snr_pixel_floor("signed", count) for count in (networks, others))
        signal = max((value / floor) ** 2 - 1, 0) / networks
        return other_floor * math.sqrt(1 + others * signal)
    if definition not in {"rms", "power"}:
        return math.nan
    power = value**2 if definition == "rms" else value
    other_floor = max(power - 1 / networks, 0) + 1 / others
    return math.sqrt(other_floor) if definition == "rms" else other_floor


class Exchange(Record, frozen=True, kw_only=True):
    """Two rows of a published column that change their order.

    Attributes:
        column: data set and architecture.
        starred: the row with stars.
        other: the row without.
    """

    column: str
    starred: str
    other: str


def exchanges(values: Mapping[str, float], others: Mapping[str, float], column: str) -> list[Exchange]:
    """Return the pairs of a starred and another row whose order differs between `values` and `others`.

    >>> exchanges({"LIME": 0.8, "SHAP": 0.7}, {"LIME": 0.6, "SHAP": 0.7}, "a")
    [Exchange(column='a', starred='LIME', other='SHAP')]
    """
    starred = [row for row in values if row in STARS and row in others]
    unstarred = [row for row in values if row not in STARS and row in others]
    return [
        Exchange(column=column, starred=row_with_stars, other=row_without)
        for row_with_stars in starred
        for row_without in unstarred
        if (values[row_with_stars] > values[row_without]) != (others[row_with_stars] > others[row_without])
    ]


def published_exchanges(definition: str) -> list[Exchange]:
    """Return the published rows that change their order if the starred cells used `FEWER` networks, not `MEMBERS`.

    The floor then raises the starred cells: `with_networks` converts them to `MEMBERS` networks.

    >>> [pair.column for pair in published_exchanges("rms") if pair.other == GRADIENT]
    ['Imagenette ResNet101']
    """
    changed = []
    for dataset in DATASETS:
        for architecture in ARCHITECTURES:
            column = published_column(dataset, architecture)
            lowered = {row: with_networks(column[row], definition, networks=FEWER, others=MEMBERS) for row in STARS}
            changed += exchanges(column, {**column, **lowered}, f"{dataset} {architecture}")
    return changed
