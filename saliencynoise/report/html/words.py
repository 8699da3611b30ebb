"""What a study found, in plain words: for a reader who never heard of a signal-to-noise ratio."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saliencynoise.display.numbers import counted, p_text, show
from saliencynoise.engine.study import averaged_snr
from saliencynoise.interfaces.specs import CENTRED
from saliencynoise.records.numbers import number
from saliencynoise.statistics.reliability import reliability_at

Cell = Mapping[str, Any]

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
    """What the first screen shows of a method on an architecture.

    Attributes:
        method: in words.
        architecture: its label; empty where there is only one.
        one: reliability of a single network's map, 0 to 1.
        all: that of the average over all members.
        needed: networks for the reliability aimed at, in words.
        shaky: whether no agreement was shown.
    """

    method: str
    architecture: str
    one: float
    all: float
    needed: str
    shaky: bool


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The first screen: sentences, what to keep in mind with them, and a bar for each method."""

    sentences: Sequence[str]
    cautions: Sequence[str]
    bars: Sequence[Bar]
    members: int


def summary_of(result: Mapping[str, Any]) -> Summary:
    """Return what the first screen says of a study."""
    measured = sorted(_measured(result), key=lambda cell: -number(_snr(cell)["value"]))
    several = len({cell["architecture"] for cell in result["cells"]}) > 1
    bars = [_bar(cell, several=several) for cell in measured]
    return Summary(
        sentences=list(_sentences(measured, several=several, centred=_centred(result))) or [_nothing(result)],
        cautions=list(_cautions(result, measured)),
        bars=bars if len(bars) <= MOST_BARS else [],
        members=result["settings"]["members"] or 0,
    )


def method_words(label: str) -> str:
    """Return a method's name as people say it; that of an unknown one as it stands.

    >>> method_words("gradcam(layer=top)"), method_words("smoothgrad(sigma=0.2)"), method_words("mine/thing")
    ('Grad-CAM of the top layer', 'SmoothGrad (sigma=0.2)', 'mine/thing')
    """
    name, bracket, given = label.partition("(")
    if name not in NAMES:
        return label
    given = given.removesuffix(")")
    return NAMES[name] + (LAYERS.get(given, f" ({given})") if bracket else "")


def reliability(snr: float, members: int) -> float:
    """Return n r / (1 + n r), how alike two averages over so many members each are; 0 where r is not above 0.

    >>> reliability(0.5, 18), reliability(-0.1, 8), reliability(float("inf"), 1)
    (0.9, 0.0, 1.0)
    """
    return reliability_at(snr, members) if snr > 0 else 0.0


def is_shaky(cell: Cell) -> bool:
    """Return whether no agreement between networks was shown: r is not above zero, or p is not small.

    Nor is it where untrained networks agree as much.

    Where there is no test, or so few members that none could give a p of 0.05, the interval of r decides.
    """
    if (cell.get("untrained") or {}).get("above") is False:
        return True
    snr, p = _snr(cell), cell["figures"]["signal_p"]
    low = number(snr["interval"]["low"]) if snr["interval"] else math.inf
    with_null = p is not None and 0.5 ** (cell["members"] - 1) <= CHANCE
    return not number(snr["value"]) > 0 or (p > CHANCE if with_null else low <= 0)


def is_open(cell: Cell) -> bool:
    """Return whether networks agree, but nobody can tell how far, and so how many of them are needed."""
    needed = cell["figures"]["members_needed"]
    return not is_shaky(cell) and (needed["value"] is None or needed["text"] == "undetermined")


def _measured(result: Mapping[str, Any]) -> Iterator[Cell]:
    """Yield the first view of every architecture and method that has an r, and in which pure noise has none."""
    seen = set()
    for cell in result["cells"]:
        key = cell["architecture"], cell["method"]
        if cell["status"] != "ok" or key in seen or math.isnan(number(_snr(cell)["value"])):
            continue
        if noise_free(cell):
            seen.add(key)
            yield cell


def _centred(result: Mapping[str, Any]) -> dict[tuple[str, str], Cell]:
    """Return the cells of maps less their own means, by architecture and method."""
    done = [cell for cell in result["cells"] if cell["status"] == "ok"]
    return {(cell["architecture"], cell["method"]): cell for cell in done if cell["view"] == CENTRED}


def noise_free(cell: Cell) -> bool:
    """Return whether pure noise has an r of 0 in the cell's view: not where maps are alike for being positive."""
    return number(_snr(cell)["floor"]) == 0


def _snr(cell: Cell) -> Mapping[str, Any]:
    found: Mapping[str, Any] = cell["figures"]["estimates"]["snr"]
    return found


def _bar(cell: Cell, *, several: bool) -> Bar:
    snr = number(averaged_snr(cell["figures"])["value"])
    return Bar(
        method=method_words(cell["method"]) + (", centred" if cell["view"] == CENTRED else ""),
        architecture=cell["architecture"] if several else "",
        one=reliability(snr, 1),
        all=reliability(snr, cell["members"]),
        needed=cell["figures"]["members_needed"]["text"],
        shaky=is_shaky(cell),
    )


def _sentences(
    measured: Sequence[Cell], *, several: bool, centred: Mapping[tuple[str, str], Cell]
) -> Iterator[str]:  # fmt: skip
    def whole(cell: Cell) -> str:
        return sentence(cell, several=several) + _left(cell, centred.get((cell["architecture"], cell["method"])))

    if not measured:
        return
    if len(measured) <= MOST_SENTENCES:
        yield from map(whole, measured)
        return
    yield _overview(measured, several=several)
    clear = [cell for cell in measured if not is_shaky(cell) and not is_open(cell)]
    if len(clear) < MOST_SENTENCES:
        yield from map(whole, clear)
        return
    places = {"Most reliable": 0, "In the middle": len(clear) // 2, "Least reliable": -1}
    yield from (f"{words}: {whole(clear[place])}" for words, place in places.items())


def _left(cell: Cell, centred: Cell | None) -> str:
    """Return what is left of a cell's r in maps less their own means, where the cell is of whole maps."""
    if centred is None or cell["view"] == CENTRED:
        return ""
    snr = _snr(centred)
    shaky = ", and no agreement is shown" if is_shaky(centred) else ""
    return (
        f" Less its own mean, each map has an r of {show(snr['value'])}{_range(snr['interval'], None)} instead of "
        f"{show(_snr(cell)['value'])}{shaky}."
    )


def _nothing(result: Mapping[str, Any]) -> str:
    done = [cell for cell in result["cells"] if cell["status"] == "ok"]
    if any(not math.isnan(number(_snr(cell)["value"])) for cell in done):
        return "No reliability can be told of these maps; the table has what was found."
    return "No figure could be computed; the reasons are listed under Failures."


def _overview(measured: Sequence[Cell], *, several: bool) -> str:
    """Return in one sentence how many methods need how many networks."""
    what = f"{len(measured)} {'pairs of architecture and method' if several else 'methods'}"
    shaky, unclear = sum(map(is_shaky, measured)), sum(map(is_open, measured))
    clear = [cell["figures"]["members_needed"] for cell in measured if not is_shaky(cell) and not is_open(cell)]
    rest = f"; for {unclear}, how many cannot be told" if unclear else ""
    rest += f"; for {shaky}, no agreement between networks was shown" if shaky else ""
    if not clear:
        return f"Of {what}, none gives maps whose reliability can be told{rest}."
    at_once = sum(own["value"] == 1 for own in clear)
    later = sorted(own["value"] for own in clear if own["value"] > 1)
    aim = f"a reliability of {clear[0]['reliability']:g}"
    begin = f"Of {what}, {at_once or 'none'} {'has' if at_once < 2 else 'have'} {aim} from a single network"
    if not later:
        return f"{begin}{rest}."
    spread = str(later[0]) if later[0] == later[-1] else f"{later[0]} to {later[-1]}"
    return f"{begin}; for {len(later)}, the maps of {spread} networks must be averaged{rest}."


def sentence(cell: Cell, *, several: bool) -> str:
    """Return what averaging does for a method, in words."""
    name, members = _subject(cell, several=several), cell["members"]
    snr, needed = _snr(cell), cell["figures"]["members_needed"]
    aim = f"{needed['reliability']:g}"
    if is_shaky(cell):
        p, floor = cell["figures"]["signal_p"], cell.get("untrained") or {}
        test = "" if p is None else f", p {p_text(p)}"
        test += f"; untrained networks: {show(floor['snr'])}" if floor.get("above") is False else ""
        return (
            f"Whether networks agree at all on the maps of {name} is not shown (r {show(snr['value'])}"
            f"{_range(snr['interval'], None)}{test}): a map may be nothing but chance."
        )
    if is_open(cell):
        return (
            f"Networks agree on the maps of {name}, but how far cannot be told (r {show(snr['value'])}"
            f"{_range(snr['interval'], None)}), nor how many to average."
        )
    snr = averaged_snr(cell["figures"])
    one = f"{show(reliability(number(snr['value']), 1))}{_range(snr['interval'], 1)}"
    own = ", each with draws of its own," if cell.get("draws", 1) > 1 else ""
    average = f"the average of all {members}{own} has {show(reliability(number(snr['value']), members))}"
    if needed["value"] == 1:
        return f"A single network gives {name} a reliability of {one}; {average}."
    single = f"A single network's map has {one}; {average}."
    if needed["low"] is not None and needed["high"] is None:
        return (
            f"At least {needed['low']} networks must be averaged to give {name} a reliability of {aim}, and how many "
            f"at most cannot be told. {single}"
        )
    return f"Averaging {needed['text']} networks gives {name} a reliability of {aim}. {single}"


def _subject(cell: Cell, *, several: bool) -> str:
    less = " (each map less its own mean)" if cell["view"] == CENTRED else ""
    return method_words(cell["method"]) + less + (f" on {cell['architecture']}" if several else "")


def _range(interval: Mapping[str, Any] | None, members: int | None) -> str:
    if interval is None:
        return ""
    ends = [number(interval[end]) for end in ("low", "high")]
    return f" [{', '.join(show(end if members is None else reliability(end, members)) for end in ends)}]"


def _cautions(result: Mapping[str, Any], measured: Sequence[Cell]) -> Iterator[str]:
    """Yield what a reader must keep in mind with the sentences, the gravest first."""
    members, cells = result["settings"]["members"] or 0, result["cells"]
    failed = sum(cell["status"] == "failed" for cell in cells)
    if failed:
        total = counted(len(cells), "figure")
        yield f"{failed} of {total} could not be computed; the reasons are listed under Failures."
    several = len({cell["architecture"] for cell in cells}) > 1
    told = {(cell["architecture"], cell["method"]) for cell in measured}
    untold = {
        _subject(cell, several=several)
        for cell in cells
        if cell["status"] == "ok" and not noise_free(cell) and (cell["architecture"], cell["method"]) not in told
    }
    if untold:
        yield (
            f"The maps of {', '.join(sorted(untold))} are compared where networks that know nothing agree, too "
            "(without sign, or by a method whose maps do not turn their sign with the score): the table has their r, "
            "but no reliability."
        )
    shaky = [_subject(cell, several=several) for cell in measured if is_shaky(cell)]
    if shaky:
        yield f"No agreement between networks was shown for {', '.join(shaky)}: these maps may be nothing but chance."
    unclear = [_subject(cell, several=several) for cell in measured if is_open(cell)]
    if unclear:
        yield f"How far networks agree on {', '.join(unclear)} cannot be told: more networks or images would show it."
    runs = result.get("sampler", {}).get("runs", math.inf)
    if runs < members:
        yield (
            f"The {members} networks come from {counted(runs, 'training run')} and are not independent: networks that "
            "are trained anew agree less than these."
        )
    flagged = sum(bool(member["flag"]) for own in result["architectures"] for member in own["members"])
    if flagged:
        networks = counted(flagged, "network")
        yield f"{networks} may not have learned the task, and counted all the same; see Notes and warnings."
    if members == 2:
        yield "Two networks give no intervals: take every figure for a first look."
    elif members < 8:
        yield f"With {members} networks the intervals, in brackets, are rough."
