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
from statistics import median
from typing import Any

import pandas as pd

from saliencynoise.records.reading import check_record
from saliencynoise.statistics.floors import snr_pixel_floor, snr_rms_floor
from saliencynoise_paper.statistics.paper_table import (
    FEWER,
    MEMBERS,
    PUBLISHED,
    STARS,
    published_exchanges,
    with_networks,
)
from saliencynoise_paper.statistics.table_fit import Measure
from saliencynoise_paper.table_records import (
    COMMON_GRID,
    OWN_DRAWS,
    OWN_GRID,
    BestDefinition,
    MeasureFit,
    TableFacts,
)

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


def interval(value: float, low: float, high: float) -> str:
    """Return a figure with its interval."""
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


@cache
def facts() -> TableFacts:
    """Return the facts of the table at small scale."""
    return check_record(document("table"), TableFacts, where="docs/results/small/table.json")


def best_by(measure: Measure) -> tuple[BestDefinition, MeasureFit]:
    """Return the best definition by a measure, with its agreement."""
    best = getattr(facts().best, measure)
    return best, getattr(facts().fit(best), measure)


def nearest() -> tuple[str, ...]:
    """Return the factor by which the best definition is off."""
    best, error = best_by("log_error")
    if best.not_distinguished or best.words != "mean over pixels of |m|/s, signed view, raw maps":
        raise ValueError("the best definition is another, or others fit as well")
    return (interval(2**error.value, 2**error.interval.low, 2**error.interval.high),)


def other_measures() -> tuple[str, ...]:
    """Return how many candidates are worse up to a factor, the rank correlation, and how many are worse by it."""
    (spread, _), (best, rank) = best_by("spread"), best_by("rank_correlation")
    if not all("abs view, raw" in words for words in (spread.words, *spread.not_distinguished)):
        raise ValueError("up to a factor, other definitions are nearest")
    if best.words != best_by("log_error")[0].words:
        raise ValueError("by rank correlation another definition is best")
    worse = 17 - len(best.not_distinguished)
    return (
        str(17 - len(spread.not_distinguished)),
        interval(rank.value, rank.interval.low, rank.interval.high),
        "none" if not worse else str(worse),
    )


def ordering(grid: str) -> dict[str, float]:
    """Return the corrected p of the orderings that hold in every column, by claim."""
    return {verdict.claim: verdict.p_holm for verdict in facts().verdicts(grid=grid) if verdict.measured}


def order() -> tuple[str, ...]:
    """Return the p of GradCAM (top) highest; refuse where the page's other words do not hold."""
    on_own_grids, common = ordering(OWN_GRID), ordering(COMMON_GRID)
    rest = [p for claim, p in on_own_grids.items() if claim != "GradCAM (top) highest"]
    if len(on_own_grids) != 7 or len(common) != 7 or "SHAP lowest" in {*on_own_grids, *common} or max(rest) >= 0.001:
        raise ValueError(f"orderings: {on_own_grids}, {common}")
    if max(common.values()) >= 0.05:
        raise ValueError(f"on the common grid: {common}")
    return (bare(on_own_grids["GradCAM (top) highest"], 3),)


def shared_draws() -> tuple[str, ...]:
    """Return the factors by which shared draws raise r: the median of columns for SHAP, LIME and SmoothGrad."""
    ratios = {
        name: [row.ratio for row in facts().draws if row.method == name] for name in ("SHAP", "LIME", "SmoothGrad")
    }
    return tuple(f"{median(values):.2f}" for values in ratios.values())


def lowest() -> tuple[str, ...]:
    """Return r of SHAP over that of the gradient, which is the lowest other row, by column."""
    rows = [row for row in facts().lowest if row.reading == OWN_DRAWS]
    if {row.other for row in rows} != {"Input Gradient"}:
        raise ValueError("another row is the lowest")
    return tuple(interval(row.ratio, row.interval.low, row.interval.high) for row in rows)


def cells(method: str) -> list[str]:
    """Return a method's figures by the best definition, by column."""
    rows = pd.read_parquet(SMALL / "table.parquet")
    rows = rows[(rows["view"] == "signed") & (rows["definition"] == "pixel") & (rows["norm"] == "raw")]
    rows = rows[(rows["grid"] == "own") & (rows["reading"] == "own") & (rows["method"] == method)]
    return [f"{value:.2f}" for value in rows["value"]]


def shap_and_gradient() -> tuple[str, ...]:
    """Return the figures of SHAP and the gradient by the best definition, column by column."""
    return tuple(value for pair in zip(cells("SHAP"), cells("Input Gradient"), strict=True) for value in pair)


def published_pairs() -> tuple[str, ...]:
    """Return the published figures of SHAP and the gradient on CIFAR-10."""
    pairs = zip(PUBLISHED["SHAP"][:3], PUBLISHED["Input Gradient"][:3], strict=True)
    return tuple(f"{value:.3f}" for pair in pairs for value in pair)


def fewer_networks() -> tuple[str, ...]:
    """Return the rise of the starred rows with fewer networks (median, least, largest), and the expected one."""
    rise = [cell.value_fewer / cell.value for cell in facts().starred]
    expected = [cell.expected_fewer / cell.value for cell in facts().starred]
    return tuple(f"{value:.2f}" for value in (median(rise), min(rise), max(rise), median(expected)))


def exchanged() -> tuple[str, ...]:
    """Return how many pairs change their order with fewer networks; all with GradCAM (intermediate)."""
    pairs = facts().exchanges
    if {pair.other for pair in pairs} != {"GradCAM (intermediate)"}:
        raise ValueError(f"other rows change their order: {pairs}")
    return ({3: "Three"}[len(pairs)],)


def full_scale() -> tuple[str, ...]:
    """Return by how much the published starred cells would be lowered, and how many pairs would change their order."""
    ratios = [
        with_networks(value, "pixel", networks=FEWER, others=MEMBERS) / value
        for row in STARS
        for value in PUBLISHED[row]
    ]
    pairs = published_exchanges("pixel")
    broken = [pair.column for pair in pairs if pair.other == "Input Gradient"]
    if broken != ["Imagenette ResNet101"]:
        raise ValueError(f"below the gradient: {broken}")
    return bare(min(ratios)), bare(max(ratios)), {5: "five"}[len(pairs)]


def smoothgrad_lowered() -> tuple[str, ...]:
    """Return SmoothGrad in Imagenette's ResNet101 with 30 networks in place of 10, and the gradient."""
    lowered = with_networks(PUBLISHED["SmoothGrad"][5], "pixel", networks=FEWER, others=MEMBERS)
    return f"{lowered:.2f}", f"{PUBLISHED['Input Gradient'][5]:.2f}"


def templates() -> tuple[str, ...]:
    """Return the shares of GradCAM's signal that are one template."""
    return tuple(f"{100 * row.share:.0f}" for row in facts().template if row.method == "GradCAM (top)")


def table() -> Iterator[Claim]:
    """Yield the claims about the table at small scale."""
    page = "docs/results/index.md"
    yield Claim(page, "off by a factor of {} on average, and every other candidate fits significantly worse", nearest)
    yield Claim(
        page,
        "two definitions of absolute maps are nearest, and the {} others fit significantly worse. By rank "
        "correlation the same candidate is best as without a factor ({}), and {} of the other 17 is significantly "
        "worse.",
        other_measures,
    )
    yield Claim(page, "GradCAM (top) highest (p = {}), above GradCAM (intermediate) (p < .001)", order)
    yield Claim(page, "r is higher by a factor of {} for SHAP, {} for LIME and {} for SmoothGrad", shared_draws)
    yield Claim(page, "that of the gradient times {} (VGG), {} (ResNet-18) and {} (ResNet-50", lowest)
    yield Claim(page, "the two are close: {} and {}, {} and {}, {} and {}.", shap_and_gradient)
    yield Claim(page, "The poster has {} and {}, {} and {}, {} and {}.", published_pairs)
    yield Claim(
        page,
        "they rise by a factor of {} (median; {} to {}), as the floor rises from {} to {}; signal and floor alone "
        "predict {}.",
        lambda: (
            *fewer_networks()[:3],
            *(f"{snr_pixel_floor('signed', members):.2f}" for members in (6, 3)),
            fewer_networks()[3],
        ),
    )
    yield Claim(page, "{} of 45 pairs of a starred and another row change their order", exchanged)
    yield Claim(
        page,
        "the floor is {} with 10 networks and {} with 30",
        lambda: tuple(f"{snr_pixel_floor('signed', members):.2f}" for members in (10, 30)),
    )
    yield Claim(page, "they would be {} to {} times as large with 30, and {} of the 90 published pairs", full_scale)
    yield Claim(page, "below the input gradient in Imagenette's ResNet101 ({} and {})", smoothgrad_lowered)
    yield Claim(page, "Of the signal of GradCAM (top), {}, {} and {}% (VGG", templates)


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
        "for eight). But its broad blob has only {} of its relevance on the object, and averaging does not change "
        "this. Integrated gradients, with an r of {}, have {}, and {} after averaging.",
        held,
    )


def architecture() -> Iterator[Claim]:
    """Yield the claims about width, depth and length of training."""
    page = "docs/results/index.md"
    yield Claim(
        page,
        "with each doubling r grows by a factor of {} [{}, {}] for input gradients and {} [{}, {}] for GradCAM",
        lambda: trend("width") + trend("width", "gradcam(layer=top)"),
    )
    yield Claim(
        page,
        "change the gradients little here ({} [{}, {}] and {} [{}, {}] per doubling)",
        lambda: trend("depth") + trend("epochs"),
    )


def claims() -> list[Claim]:
    """Return all claims."""
    return [*floors(), *table(), *localisation(), *architecture()]


def main() -> int:
    """Print the claims that do not hold; return 1 if there are any."""
    errors = [error for error in (claim.error() for claim in claims()) if error]
    print("\n".join([*errors, f"{len(claims()) - len(errors)} of {len(claims())} claims hold"]))
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
