"""The results of a study in plain sentences, for readers who do not know signal-to-noise ratios."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saliencynoise.display.numbers import counted, format_number, p_text
from saliencynoise.interfaces.specs import CENTRED
from saliencynoise.records.numbers import number
from saliencynoise.statistics.reliability import reliability_at

Cell = Any

NAMES = {
    "gradient": "input gradients",
    "gradient_x_input": "gradient times input",
    "integrated_gradients": "integrated gradients",
    "smoothgrad": "SmoothGrad",
    "guided_backprop": "guided backpropagation",
    "gradcam": "Grad-CAM",
    "gradcam_plus_plus": "Grad-CAM++",
    "guided_gradcam": "guided Grad-CAM",
    "layercam": "LayerCAM",
    "eigencam": "EigenCAM",
    "scorecam": "Score-CAM",
    "ablation_cam": "Ablation-CAM",
    "expected_gradients": "expected gradients",
    "deeplift": "DeepLIFT",
    "deep_shap": "DeepSHAP",
    "kernel_shap": "KernelSHAP",
    "lime": "LIME",
    "rise": "RISE",
    "occlusion": "occlusion",
}
LAYERS = {"layer=top": " of the top layer", "layer=intermediate": " of the intermediate layer"}

MOST_SENTENCES = 3
"""Methods with a sentence each; of more, the best, the middle and the worst have one."""
MOST_BARS = 16
CHANCE = 0.05
"""Above this p, agreement between networks may be chance."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar of the first screen: a method on an architecture.

    Attributes:
        method: its name in plain language.
        architecture: its label; empty where there is only one.
        one: reliability of a single network's map, 0 to 1.
        all: that of the average over all members.
        needed: text with the number of networks for the target reliability.
        lacks_signal: whether no agreement was shown.
    """

    method: str
    architecture: str
    one: float
    all: float
    needed: str
    lacks_signal: bool


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The first screen: sentences, their cautions, and a bar for each method."""

    sentences: Sequence[str]
    cautions: Sequence[str]
    bars: Sequence[Bar]
    members: int


def summary_of(result: Any) -> Summary:
    """Return the first screen of a study."""
    measured = sorted(_measured(result), key=lambda cell: -number(_snr(cell)["value"]))
    several = len({cell["architecture"] for cell in result["cells"]}) > 1
    bars = [_bar(cell, several=several) for cell in measured]
    return Summary(
        sentences=list(_sentences(measured, several=several, centred=_centred(result))) or [_no_reliability(result)],
        cautions=list(_cautions(result, measured)),
        bars=bars if len(bars) <= MOST_BARS else [],
        members=result["settings"]["members"] or 0,
    )


def method_words(label: str) -> str:
    """Return a method's name in plain language; unknown names stay as they are.

    >>> method_words("gradcam(layer=top)"), method_words("smoothgrad(sigma=0.2)"), method_words("mine/thing")
    ('Grad-CAM of the top layer', 'SmoothGrad (sigma=0.2)', 'mine/thing')
    """
    name, bracket, given = label.partition("(")
    if name not in NAMES:
        return label
    given = given.removesuffix(")")
    return NAMES[name] + (LAYERS.get(given, f" ({given})") if bracket else "")


def reliability(snr: float, members: int) -> float:
    """Return n r / (1 + n r), the expected correlation of two averages of n members; 0 where r is not above 0.

    >>> reliability(0.5, 18), reliability(-0.1, 8), reliability(float("inf"), 1)
    (0.9, 0.0, 1.0)
    """
    return reliability_at(snr, members) if snr > 0 else 0.0


def lacks_signal(cell: Cell) -> bool:
    """Return whether no agreement between networks was shown: r is not above zero, or p is not small.

    It is not shown, either, where untrained networks agree as much.

    The interval of r decides where there is no test, or too few members for a p of 0.05.
    """
    if (cell.get("untrained") or {}).get("above") is False:
        return True
    snr, p = _snr(cell), cell["figures"]["signal_p"]
    low = number(snr["interval"]["low"]) if snr["interval"] else math.inf
    with_null = p is not None and 0.5 ** (cell["members"] - 1) <= CHANCE
    return not number(snr["value"]) > 0 or (p > CHANCE if with_null else low <= 0)


def members_undetermined(cell: Cell) -> bool:
    """Return whether networks agree, but r and the number of networks needed are undetermined."""
    needed = cell["figures"]["members_needed"]
    return not lacks_signal(cell) and (needed["value"] is None or needed["text"] == "undetermined")


def _measured(result: Any) -> Iterator[Cell]:
    """Yield, for each architecture and method, the first cell that has an r and a view in which pure noise has none."""
    seen = set()
    for cell in result["cells"]:
        key = cell["architecture"], cell["method"]
        if cell["status"] != "ok" or key in seen or math.isnan(number(_snr(cell)["value"])):
            continue
        if noise_free(cell):
            seen.add(key)
            yield cell


def _centred(result: Any) -> dict[tuple[str, str], Cell]:
    """Return the cells of maps less their own means, by architecture and method."""
    done = [cell for cell in result["cells"] if cell["status"] == "ok"]
    return {(cell["architecture"], cell["method"]): cell for cell in done if cell["view"] == CENTRED}


def noise_free(cell: Cell) -> bool:
    """Return whether pure noise has an r of 0 in the cell's view. Positive maps agree by their sign alone."""
    return number(_snr(cell)["floor"]) == 0


def _snr(cell: Cell) -> Any:
    return cell["figures"]["estimates"]["snr"]


def _bar(cell: Cell, *, several: bool) -> Bar:
    snr = number(cell["figures"]["estimates"]["snr_averaged"]["value"])
    return Bar(
        method=method_words(cell["method"]) + (", centred" if cell["view"] == CENTRED else ""),
        architecture=cell["architecture"] if several else "",
        one=reliability(snr, 1),
        all=reliability(snr, cell["members"]),
        needed=cell["figures"]["members_needed"]["text"],
        lacks_signal=lacks_signal(cell),
    )


def _sentences(
    measured: Sequence[Cell], *, several: bool, centred: Mapping[tuple[str, str], Cell]
) -> Iterator[str]:  # fmt: skip
    def whole(cell: Cell) -> str:
        return sentence(cell, several=several) + _centred_sentence(
            cell, centred.get((cell["architecture"], cell["method"]))
        )

    if not measured:
        return
    if len(measured) <= MOST_SENTENCES:
        yield from map(whole, measured)
        return
    yield _overview(measured, several=several)
    clear = [cell for cell in measured if not lacks_signal(cell) and not members_undetermined(cell)]
    if len(clear) < MOST_SENTENCES:
        yield from map(whole, clear)
        return
    ranks = {"Most reliable": 0, "In the middle": len(clear) // 2, "Least reliable": -1}
    yield from (f"{rank}: {whole(clear[index])}" for rank, index in ranks.items())


def _centred_sentence(cell: Cell, centred: Cell | None) -> str:
    """Return a sentence with the r of a cell's maps minus their means; it is empty for cells of the centred view."""
    if centred is None or cell["view"] == CENTRED:
        return ""
    snr = _snr(centred)
    shaky = ", and no agreement is shown" if lacks_signal(centred) else ""
    return (
        f" Minus its own mean, each map has an r of {format_number(snr['value'])}{_range(snr['interval'], None)} "
        f"instead of {format_number(_snr(cell)['value'])}{shaky}."
    )


def _no_reliability(result: Any) -> str:
    done = [cell for cell in result["cells"] if cell["status"] == "ok"]
    if any(not math.isnan(number(_snr(cell)["value"])) for cell in done):
        return "The reliability of these maps is undetermined; the table has their r."
    return "No figure could be computed; the reasons are listed under Failures."


def _overview(measured: Sequence[Cell], *, several: bool) -> str:
    """Return a sentence that counts the methods by the number of networks they need."""
    methods = f"{len(measured)} {'pairs of architecture and method' if several else 'methods'}"
    shaky, unclear = sum(map(lacks_signal, measured)), sum(map(members_undetermined, measured))
    clear = [
        cell["figures"]["members_needed"]
        for cell in measured
        if not lacks_signal(cell) and not members_undetermined(cell)
    ]
    others = f" For {unclear}, this number is undetermined." if unclear else ""
    others += f" For {shaky}, no agreement between networks was shown." if shaky else ""
    if not clear:
        return f"The reliability of the maps is undetermined for all {methods}.{others}"
    at_once = sum(needed["value"] == 1 for needed in clear)
    later = sorted(needed["value"] for needed in clear if needed["value"] > 1)
    aim = f"a reliability of {clear[0]['reliability']:g}"
    begin = f"{at_once or 'None'} of {methods} {'has' if at_once < 2 else 'have'} {aim} from a single network."
    if not later:
        return f"{begin}{others}"
    spread = str(later[0]) if later[0] == later[-1] else f"{later[0]} to {later[-1]}"
    return f"{begin} For {len(later)}, the maps of {spread} networks must be averaged.{others}"


def sentence(cell: Cell, *, several: bool) -> str:
    """Return a sentence on the effect of averaging for a method."""
    name, members = _subject(cell, several=several), cell["members"]
    snr, needed = _snr(cell), cell["figures"]["members_needed"]
    aim = f"{needed['reliability']:g}"
    if lacks_signal(cell):
        p, floor = cell["figures"]["signal_p"], cell.get("untrained") or {}
        test = "" if p is None else f", p {p_text(p)}"
        test += f"; untrained networks: {format_number(floor['snr'])}" if floor.get("above") is False else ""
        return (
            f"No agreement between networks is shown for the maps of {name} (r {format_number(snr['value'])}"
            f"{_range(snr['interval'], None)}{test}): a map may be chance alone."
        )
    if members_undetermined(cell):
        return (
            f"Networks agree on the maps of {name} (r {format_number(snr['value'])}{_range(snr['interval'], None)}), "
            "but the number of networks to average is undetermined."
        )
    snr = cell["figures"]["estimates"]["snr_averaged"]
    one = f"{format_number(reliability(number(snr['value']), 1))}{_range(snr['interval'], 1)}"
    with_draws = ", each with draws of its own," if cell.get("draws", 1) > 1 else ""
    average = (
        f"the average of all {members}{with_draws} has {format_number(reliability(number(snr['value']), members))}"
    )
    if needed["value"] == 1:
        return f"A single network gives {name} a reliability of {one}; {average}."
    single = f"A single network's map has {one}; {average}."
    if needed["low"] is not None and needed["high"] is None:
        return (
            f"At least {needed['low']} networks must be averaged to give {name} a reliability of {aim}; the "
            f"largest number is undetermined. {single}"
        )
    return f"Averaging {needed['text']} networks gives {name} a reliability of {aim}. {single}"


def _subject(cell: Cell, *, several: bool) -> str:
    less = " (each map minus its own mean)" if cell["view"] == CENTRED else ""
    return method_words(cell["method"]) + less + (f" on {cell['architecture']}" if several else "")


def _range(interval: Mapping[str, Any] | None, members: int | None) -> str:
    if interval is None:
        return ""
    ends = [number(interval[end]) for end in ("low", "high")]
    return f" [{', '.join(format_number(end if members is None else reliability(end, members)) for end in ends)}]"


def _cautions(result: Any, measured: Sequence[Cell]) -> Iterator[str]:
    """Yield the cautions that go with the sentences, the most serious first."""
    members, cells = result["settings"]["members"] or 0, result["cells"]
    failed = sum(cell["status"] == "failed" for cell in cells)
    if failed:
        total = counted(len(cells), "figure")
        yield f"{failed} of {total} could not be computed; the reasons are listed under Failures."
    several = len({cell["architecture"] for cell in cells}) > 1
    described = {(cell["architecture"], cell["method"]) for cell in measured}
    undescribed = {
        _subject(cell, several=several)
        for cell in cells
        if cell["status"] == "ok" and not noise_free(cell) and (cell["architecture"], cell["method"]) not in described
    }
    if undescribed:
        yield (
            f"The maps of {', '.join(sorted(undescribed))} are compared where uninformed networks agree, too (without "
            "sign, or by a method whose maps do not change their sign with the score). The table has their r, but no "
            "reliability."
        )
    shaky = [_subject(cell, several=several) for cell in measured if lacks_signal(cell)]
    if shaky:
        yield f"No agreement between networks was shown for {', '.join(shaky)}: these maps may be chance alone."
    unclear = [_subject(cell, several=several) for cell in measured if members_undetermined(cell)]
    if unclear:
        yield (
            f"The number of networks to average is undetermined for {', '.join(unclear)}: more networks or images "
            "would determine it."
        )
    runs = result.get("sampler", {}).get("runs", math.inf)
    if runs < members:
        yield (
            f"The {members} networks come from {counted(runs, 'training run')} and are not independent: "
            "retrained networks agree less than these."
        )
    flagged = sum(
        bool(member["flag"]) for architecture in result["architectures"] for member in architecture["members"]
    )
    if flagged:
        networks = counted(flagged, "network")
        yield f"{networks} may not have learned the task; all figures include them. See Notes and warnings."
    if members == 2:
        yield "Two networks give no intervals: every figure is a first estimate."
    elif members < 8:
        yield f"With {members} networks the intervals, in brackets, are rough."
