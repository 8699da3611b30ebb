"""Captions and alternative texts of a report's figures, made from the figures' data."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.style import LONGEST, shortened
from saliencynoise.display.numbers import counted, format_number
from saliencynoise.report.table import SEVERAL
from saliencynoise.statistics.intervals import WORDS

if TYPE_CHECKING:
    import pandas as pd

    from saliencynoise.engine.study import Study

MOST = 3
"""The largest number of failures in an alternative text."""


def basis(study: Study) -> str:
    """Return the basis of a study's figures: its members, images and data set."""
    result = study.result
    members, images = result["settings"]["members"], counted(len(result["images"]), "test image")
    few = "; with fewer than 8 members intervals are indicative" if members < 8 else ""
    return f"From {members} members of each architecture and {images} of {result['dataset']['asked']}{few}."


def asked(frame: pd.DataFrame) -> str:
    """Return a sentence on the question that a table's 95% intervals answer, from its column `question`."""
    questions = [question for question in frame.get("question", ()) if question in WORDS]
    kinds = list(dict.fromkeys(WORDS[question] for question in questions))
    return f"95% intervals are {' or '.join(kinds)}." if kinds else "There are no intervals: they need 3 members."


def failed(frame: pd.DataFrame) -> str:
    """Return a sentence with the reason for each failed cell of a table; empty if none failed."""
    rows = frame[frame["status"] == "failed"].drop_duplicates(["architecture", "method"])
    named = [
        f" {shortened(str(row.method), LONGEST)} on {shortened(str(row.architecture), LONGEST)} failed: {row.reason}."
        for row in rows.head(MOST).itertuples()
    ]
    return "".join(named) + (f" {len(rows) - MOST} more failed." if len(rows) > MOST else "")


def ends(
    frame: pd.DataFrame, name: str, *, of: str, interval: tuple[str, str] | None = None, whole: bool = False
) -> str:
    """Return a text on the rows with the largest and the smallest value of a column.

    Args:
        frame: with columns `architecture`, `method` and `name`.
        name: of the column.
        of: the quantity, as "r".
        interval: columns of the interval's ends; None for none.
        whole: whether the values are counts.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"architecture": "net", "method": ["lime", "gradient"], "r": [2.0, 0.5]})
    >>> ends(frame, "r", of="r")
    'Largest r: 2.00 (lime); smallest: 0.50 (gradient).'
    """
    rows = frame.dropna(subset=[name])
    if not len(rows):
        return f"No {of} could be computed."
    several = rows["architecture"].nunique() > 1

    def cell_text(row: Any) -> str:
        columns = (name, *(interval or ()))
        values = [
            ("∞" if math.isnan(row[column]) else f"{row[column]:.0f}") if whole else format_number(row[column])
            for column in columns
        ]
        interval_text = "" if interval is None or math.isnan(row[interval[0]]) else f" [{', '.join(values[1:])}]"
        return (
            f"{values[0]}{interval_text} ({shortened(row['method'], LONGEST)}{_on_architecture(row, several=several)})"
        )

    largest, smallest = (
        rows.iloc[int(index)] for index in (rows[name].to_numpy().argmax(), rows[name].to_numpy().argmin())
    )
    if len(rows) == 1:
        return f"{of[0].upper() * (len(of) > 1)}{of[len(of) > 1 :]}: {cell_text(largest)}."
    return f"Largest {of}: {cell_text(largest)}; smallest: {cell_text(smallest)}."


def _on_architecture(row: Any, *, several: bool) -> str:
    return f" on {shortened(row['architecture'], LONGEST)}" if several else ""


def bars(study: Study, frame: pd.DataFrame) -> tuple[str, str]:
    """Return the caption and the alternative text of `figures.bars`."""
    drawn = frame["network"].notna().any()
    alone = " Hollow: r of the networks alone, without a stochastic method's own sampling noise." if drawn else ""
    caption = (
        "Left: SNR as published, |mean| / sd over members, averaged over pixels and images of raw maps; its noise floor"
        " (thick line) is what pure noise gives with as many members. Right: r = c / (1 - c), the signal's energy "
        "over the noise's in one network's map, with c the mean cosine between two members' maps; pure noise has 0."
        f"{alone} Methods are ordered by r. {basis(study)} {asked(frame)}"
    )
    above = int((frame["low"] > frame["floor"]).sum())
    above_floor = (
        f" The interval of r lies above the noise floor in {above} of {int(frame['floor'].notna().sum())} cases."
    )
    alt = f"Bars of the SNR as published and of r. {ends(frame, 'r', of='r', interval=('low', 'high'))}{above_floor}"
    return caption, alt + failed(frame)


def curve(study: Study, frame: pd.DataFrame) -> tuple[str, str]:
    """Return the caption and the alternative text of `figures.curve`."""
    caption = (
        "R, the cosine between averages over n networks each, and on the right the SNR of such an average, n r. Lines: "
        "the closed form R = n r / (1 + n r) with the 95% interval of r as a band, dashed where n is more than the "
        "members at hand. Marks: averages of n members compared with those of n others, a mean over pairs of groups "
        "without a common member, pooled over images by energy as r is; bars hold 90% of the pairs. As all are of the "
        "same members they are not independent of each other nor of the line, and no test of it. Crosses: the same "
        "cosine on the single image, lower where images differ in SNR. Above: networks needed for the dotted line, "
        f"with interval. {basis(study)}"
    )
    cells = frame.drop_duplicates(["architecture", "method"])
    cells = cells if "needed" in cells else cells.assign(needed=math.nan, needed_low=math.nan, needed_high=math.nan)
    extremes = ends(cells, "needed", of="number of networks needed", interval=("needed_low", "needed_high"), whole=True)
    open_ = int((cells["needed"].isna() & (cells["status"] == "ok")).sum())
    more = f" For {open_} it is undetermined: no signal was found." if open_ else ""
    return (
        caption,
        f"Curves of the reliability of averages against the number of networks. {extremes}{more}{failed(cells)}",
    )


def classes(study: Study, frame: pd.DataFrame) -> tuple[str, str]:
    """Return the caption and the alternative text of `figures.classes`."""
    caption = (
        "Points: r, the corrected SNR of one network's map, over the images of one class, with its interval; an arrow "
        "marks an interval that goes on. Hollow: a class of a single image, whose interval is for new networks only. "
        "Line and band: r of all images and its interval; dashed: the noise floor, 0. Classes are in one order, by "
        f"their mean rank over all panels. {basis(study)} {asked(frame)}"
    )
    done = frame.dropna(subset=["place"])
    order = list(done.sort_values("place")["class"].unique())
    order_text = (
        f" By mean rank r is largest for class {order[0]} and smallest for {order[-1]}." if len(order) > 1 else ""
    )
    spread = _spread(done)
    return caption, f"A panel for each method with r of each class.{order_text}{spread}{failed(frame)}"


def _spread(done: pd.DataFrame) -> str:
    """Return a text on the method whose classes differ most in r; empty if none differ."""
    spreads = [
        (
            _width(cell_frame["r"].dropna()),
            f"{method}{_on_architecture({'architecture': arch}, several=True)}",
            cell_frame["r"],
        )
        for (arch, method), cell_frame in done.groupby(["architecture", "method"], sort=False)
        if cell_frame["r"].notna().any()
    ]
    if not spreads:
        return ""
    width, name, values = max(spreads, key=lambda spread: spread[0])
    return (
        f" Classes differ most for {name}: {format_number(values.min())} to {format_number(values.max())}."
        if width > 0
        else ""
    )


def _width(values: Iterable[float]) -> float:
    """Return the range of values; 0 if all are infinite, as r is for maps that all members share.

    >>> _width([2.0, 0.5]), _width([math.inf, 0.5]), _width([math.inf, math.inf])
    (1.5, inf, 0.0)
    """
    low, high = min(values), max(values)
    return 0.0 if low == high else float(high - low)


def ssim(study: Study, frame: pd.DataFrame, related: pd.DataFrame) -> tuple[str, str]:
    """Return the caption and the alternative text of `figures.ssim`."""
    caption = (
        "A point an image: the signed root of its r (raw maps, corrected for small samples) against the structural "
        "similarity (SSIM) of two members' maps, the mean over pairs. Above: rank correlation over images with a 95% "
        f"bootstrap interval, for new images and these networks. {basis(study)} "
        f"SSIM is computed for the first {int(frame['ssim'].groupby(frame['method']).count().max())} images."
    )
    rows = related.dropna(subset=["spearman"]) if "spearman" in related else related.head(0)
    extremes = (
        ends(rows, "spearman", of="rank correlation", interval=("spearman_low", "spearman_high"))
        if len(rows)
        else "There are too few."
    )
    return caption, f"Scatter of SSIM against the root of r, a point an image. {extremes}{failed(frame)}"


def members(study: Study, frame: pd.DataFrame) -> tuple[str, str]:
    """Return the caption and the alternative text of `figures.members`."""
    caption = (
        "Cosine between each two members' maps, mean over images, on one scale for all panels; their mean is c, and "
        "independent noise has 0. Members are ordered so that similar ones are neighbours (average linkage, optimal "
        "order of leaves), in each panel anew; the percentages are their test accuracies, and a star marks a flagged "
        f"member. Lines part two clusters where the test for several modes fires on more than {SEVERAL:.0%} of the "
        f"images. {basis(study)}"
    )
    apart = frame[frame["member"] != frame.get("other")].dropna(subset=["member"])
    several = apart[apart["modes"].astype(float) > SEVERAL] if len(apart) else apart
    named = list(dict.fromkeys(f"{row.method} on {row.architecture}" for row in several.itertuples()))
    tested = len(apart) > 0 and bool(apart["modes"].notna().any())
    none = (
        " No method is shown to have several modes, which is no proof."
        if tested
        else " Several modes were not tested for."
    )
    modes = f" Several modes: {_listed(named)}." if named else none
    extremes = ends(apart, "cosine", of="cosine of two members") if len(apart) else "No cosine could be computed."
    return caption, f"Matrices of the cosines between members' maps. {extremes}{modes}{failed(frame)}"


def components(study: Study, frame: pd.DataFrame, *, seeds: bool) -> tuple[str, str]:
    """Return the caption and the alternative text of `figures.components`."""
    draws = (
        " Of methods that draw random numbers also what draws differ in, and what only network and draw together "
        "determine; one draw is the same for all networks."
        if frame["draw"].notna().any()
        else ""
    )
    below = (
        " Below: which randomness of training makes the noise. First order: what goes away when networks share this "
        "stream's seed and no other; total: what another seed of this stream alone brings in; intervals over blocks."
        if seeds
        else ""
    )
    caption = (
        "Shares of the energy of one network's map of unit norm: the signal that all networks share, which is c, the "
        f"mean cosine of two members' maps, and what networks differ in.{draws} Line: 95% interval of the "
        f"signal. Shares are unbiased: sampling error may take a small one below 0.{below} {basis(study)}"
    )
    extremes = ends(frame, "signal", of="share of signal", interval=("low", "high"))
    return caption, f"Stacked bars of the shares of a map's energy. {extremes}{failed(frame)}"


def frontier(study: Study, frame: pd.DataFrame) -> tuple[str, str]:
    """Return the caption and the alternative text of `figures.frontier`."""
    caption = (
        "Across: the price of an average, seconds to make its members and their maps over those of one network trained "
        "anew. Up: its squared cosine with the true mean map, estimated with networks that no strategy uses and "
        "corrected for their noise, with 95% intervals. Dashed: networks trained anew; what lies above is cheaper than "
        f"retraining. Numbers are of members averaged. The study of this report: {basis(study)}"
    )
    strategies = [f"{row.sampler} with {row.members} members, {row.method}" for row in frame.itertuples()]
    finite = frame.assign(method=strategies)[frame["networks"].map(math.isfinite)]
    extremes = ends(finite, "networks", of="worth in networks", interval=("low", "high"))
    return caption, f"Squared cosine with the true mean map against the price of each strategy. {extremes}"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")
