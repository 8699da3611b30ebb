"""Check the quantitative sentences of README and docs against their sources: `uv run python docs/scripts/claims.py`.

A claim is a piece of a page with its numbers left out, and the function that computes them from a source: a closed
form of the package, or the data beside a page in `docs/results`. The page must hold the piece with these numbers, word
for word but for line breaks. It takes seconds; the tests run it. Numbers that rest on a machine (seconds) or on a
run whose data are not kept are in no list here.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from saliencynoise.statistics.floors import snr_pixel_floor, snr_rms_floor

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "docs" / "results" / "small"


@dataclass(frozen=True)
class Claim:
    """A piece of a page.

    Attributes:
        page: path below the root of the repository.
        text: the piece, with `{}` for each number.
        numbers: computes them, as they are to be written.
    """

    page: str
    text: str
    numbers: Callable[[], tuple[str, ...]]

    def expected(self) -> str:
        """Return the piece as its source has it."""
        return self.text.format(*self.numbers())

    def error(self) -> str | None:
        """Return what is wrong, or None."""
        page = squeezed((ROOT / self.page).read_text())
        expected = squeezed(self.expected())
        return None if expected in page else f"{self.page}: its source says: {expected}"


def squeezed(text: str) -> str:
    """Return a text with single spaces for line breaks and indents."""
    return re.sub(r"\s+", " ", text)


def bare(value: float, digits: int = 2) -> str:
    """Return a share without its leading zero: .97."""
    return f"{value:.{digits}f}".removeprefix("0")


@cache
def document(name: str) -> Any:
    """Return the facts of a panel at small scale."""
    return json.loads((SMALL / f"{name}.json").read_text())


@cache
def localization(measure: str) -> pd.DataFrame:
    """Return the rows of one measure, by method."""
    rows = pd.DataFrame(document("localization")["rows"])
    return rows[rows["measure"] == measure].set_index("method")


def gain(measure: str, method: str) -> str:
    """Return how much nearer averaging moves the maps of a method."""
    return bare(localization(measure).loc[method, "gain"])


def decided(measure: str) -> pd.Series[float]:
    """Return the gains that are significant, by method."""
    rows = localization(measure)
    return rows[rows["p_holm"] < 0.05]["gain"]


def undecided(measure: str) -> set[str]:
    """Return the methods whose gain is not significant."""
    return set(localization(measure).index) - set(decided(measure).index)


def expect_undecided(measure: str, *methods: str) -> None:
    """Refuse a page that names other methods than those that are undecided."""
    if undecided(measure) != set(methods):
        raise ValueError(f"undecided by {measure}: {sorted(undecided(measure))}, not {sorted(methods)}")


def mass() -> tuple[str, ...]:
    """Return the least and the largest gain in mass of the pixel methods and LIME, and GradCAM's."""
    expect_undecided("mass", "gradcam(layer=top)")
    rest = decided("mass").drop("gradcam(layer=intermediate)")
    return bare(rest.min()), bare(rest.max()), gain("mass", "gradcam(layer=intermediate)")


def rank() -> tuple[str, ...]:
    """Return the largest gain in rank."""
    expect_undecided("rank", "lime", "gradcam(layer=intermediate)")
    return (bare(decided("rank").max()),)


def auc() -> tuple[str, ...]:
    """Return the least and the largest significant gain in AUC, and their number."""
    expect_undecided("auc", "gradient", "gradcam(layer=intermediate)")
    gains = decided("auc")
    return bare(gains.min()), bare(gains.max()), {6: "six"}[len(gains)]


def held() -> tuple[str, ...]:
    """Return what GradCAM and integrated gradients have of their relevance on the object."""
    top, paths = (localization("mass").loc[name] for name in ("gradcam(layer=top)", "integrated_gradients"))
    curve = localization("auc").loc["gradcam(layer=top)"]
    return (
        f"{top['snr']:.0f}",
        bare(curve["single"]),
        bare(curve["marginal"]),
        bare(top["marginal"]),
        bare(paths["snr"]),
        bare(paths["single"]),
        bare(paths["marginal"]),
    )


def trends() -> dict[tuple[str, str], tuple[str, str, str]]:
    """Return r per doubling with its interval, by what is varied and method, from the panel's table."""
    rows = re.findall(
        r"^\| (\w+)[^|]* \| ([^|]+) \| ([\d.]+) \| \[([\d.]+), ([\d.]+)\]",
        (SMALL / "architecture.md").read_text(),
        flags=re.MULTILINE,
    )
    return {(varied, method): (value, low, high) for varied, method, value, low, high in rows}


def trend(varied: str, method: str = "gradient") -> tuple[str, ...]:
    """Return one trend."""
    return trends()[varied, method]


def floors() -> Iterator[Claim]:
    """Yield the claims about maps of noise."""
    statistics = "docs/statistics.md"
    yield Claim(
        statistics,
        "pure noise scores {} (`snr_pixel`) and {} (`snr_rms`) with 8 members",
        lambda: (f"{snr_pixel_floor('signed', 8):.3f}", f"{snr_rms_floor('signed', 8):.3f}"),
    )
    yield Claim(
        "docs/tutorial.md",
        "With eight members pure noise has an SNR of {}",
        lambda: (f"{snr_pixel_floor('signed', 8):.2f}",),
    )
    yield Claim(
        "docs/results/index.md",
        "pure noise alone gives {} with six and {} with thirty",
        lambda: tuple(f"{snr_pixel_floor('signed', members):.2f}" for members in (6, 30)),
    )
    yield Claim(
        statistics,
        "(noise alone: {} at $E = 8$)",
        lambda: (f"{0.5 + math.asin(1 / math.sqrt(8)) / math.pi:.2f}",),
    )
    yield Claim(statistics, "(0.949 at $R = 0.9$)", lambda: ())


def localisation() -> Iterator[Claim]:
    """Yield the claims about shapes."""
    page = "docs/results/index.md"
    yield Claim(
        page,
        "Relevance mass rises by {} to {} for the pixel methods and LIME and by {} for GradCAM (intermediate)",
        mass,
    )
    yield Claim(page, "The rank rises by up to {} (GradCAM, top); LIME and GradCAM (intermediate) are undecided", rank)
    yield Claim(page, "AUC rises by {} to {} for {} methods and is still rising at eight", auc)
    yield Claim(
        page,
        "GradCAM (top) has an r of {}, the highest by far, and ranks the pixels best (AUC {} for a single network, {} "
        "for eight), but its broad blob holds only {} of its relevance on the object, and no averaging changes that. "
        "Integrated gradients, with an r of {}, hold {}, and {} when averaged.",
        held,
    )


def architecture() -> Iterator[Claim]:
    """Yield the claims about width, depth and length of training."""
    page = "docs/results/index.md"
    yield Claim(
        page,
        "with each doubling the r of input gradients grows {} times [{}, {}], that of GradCAM {} times [{}, {}]",
        lambda: trend("width") + trend("width", "gradcam(layer=top)"),
    )
    yield Claim(
        page,
        "change the gradients little here ({} [{}, {}] and {} [{}, {}] per doubling)",
        lambda: trend("depth") + trend("epochs"),
    )


def claims() -> list[Claim]:
    """Return all claims."""
    return [*floors(), *localisation(), *architecture()]


def main() -> int:
    """Print the claims that do not hold; return 1 if there are any."""
    errors = [error for error in (claim.error() for claim in claims()) if error]
    print("\n".join([*errors, f"{len(claims()) - len(errors)} of {len(claims())} claims hold"]))
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
