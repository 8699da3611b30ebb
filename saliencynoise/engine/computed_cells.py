"""The cells of a result, from the statistics of the maps or from the reason why there are none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from saliencynoise.engine.ceiling import is_ceiling
from saliencynoise.records.cell import Ceiling, Cell
from saliencynoise.records.writing import record_of

if TYPE_CHECKING:
    from jaxtyping import Bool
    from torch import Tensor

    from saliencynoise.engine.reduce import Reduced


def accuracy_of(accuracies: Sequence[float], *, balanced: Collection[float] = ()) -> dict[str, float | None]:
    """Return the median, lowest and highest accuracy of members and their median balanced one; None if not known.

    Args:
        accuracies: of the members.
        balanced: their balanced accuracies where classes are of unequal size.
    """
    return {
        "median": median(accuracies) if accuracies else None,
        "min": min(accuracies, default=None),
        "max": max(accuracies, default=None),
        "balanced": median(balanced) if balanced else None,
    }


def failed_cells(
    common: Mapping[str, Any], *, views: Sequence[str], sign: str, reason: str, traceback: str | None = None
) -> list[Cell]:
    """Return a cell for each view of a method that failed.

    Args:
        common: the keys of a cell that do not depend on its maps.
        views: the views that the method has.
        sign: sign of its maps, as it declares it.
        reason: why it failed.
        traceback: of the error, where there is one.
    """
    blank = dict.fromkeys(
        ("figures", "ceiling", "classes", "details", "seconds", "diagnostics", "denormal_images", "gram")
    )
    failure = {**common, **blank, "status": "failed", "reason": reason, "traceback": traceback, "sign": sign}
    return [record_of({**failure, "view": view}, Cell) for view in views]


def computed_cells(
    common: Mapping[str, Any],
    reduced: Reduced,
    *,
    classes: Sequence[str],
    correct: Bool[Tensor, "B E"] | None,
    gram: str,
    seconds: float | None,
    ceilings: Mapping[str, Ceiling | None] | None = None,
) -> list[Cell]:
    """Return a cell for each view of a method whose maps were reduced.

    Args:
        common: the keys of a cell that do not depend on its maps.
        reduced: statistics of the maps.
        classes: names of the classes, by label.
        correct: whether a member classifies an image correctly; None where that is not known.
        gram: path of the file of Gram matrices in the run's folder.
        seconds: of attribution; None where they are not known.
        ceilings: SNR of rewritten copies of single networks, by view; None where there are none.
    """
    computed = {
        **common,
        "status": "ok",
        "reason": None,
        "traceback": None,
        "sign": reduced.sign,
        "seconds": seconds,
        "gram": gram,
        "denormal_images": reduced.denormal,
        "diagnostics": {name: _summary(values) for name, values in reduced.diagnostics.items() if not is_ceiling(name)},
    }
    return [
        record_of(
            {
                **computed,
                "view": view,
                "figures": figures,
                "ceiling": (ceilings or {}).get(view),
                "details": reduced.details[view].record(correct),
                "classes": {classes[label]: of_class for label, of_class in reduced.classes[view].items()},
            },
            Cell,
        )
        for view, figures in reduced.figures.items()
    ]


def _summary(values: Tensor) -> dict[str, float]:
    """Return the median and the largest of a diagnostic over members, images and draws."""
    return {"median": float(values.median()), "max": float(values.max())}
