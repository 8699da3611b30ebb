"""The agreement of each two members' maps: the matrix of mean cosines, with similar members beside each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.room import OWN, Room, root_of
from saliencynoise.display.figures.style import BAD, SMALL, diverging, width_of, wrapped
from saliencynoise.display.numbers import format_number
from saliencynoise.engine.study_cells import failures, names_of, signed_cells
from saliencynoise.report.figures import texts
from saliencynoise.report.warnings import SEVERAL
from saliencynoise.statistics.gram import diag_mean, scale_gram

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from jaxtyping import Float
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell
    from saliencynoise.records.study import MemberResult

TITLE = "Agreement between members"
CAPTION = (
    "Mean cosine between each two members' maps, on one scale for all panels. Red: alike; white: independent; blue: "
    "opposed. Similar members are neighbours. Percentages are test accuracies, and a star marks a flagged member. "
    "Lines separate two groups of members, if the test for several modes is positive on more than "
    f"{SEVERAL:.0%} of the images."
)

COLUMNS = 4
LARGEST, SMALLEST, PITCH = 2.0, 0.95, 0.115
"""Inches: of a matrix at most and at least, and of a label along it."""

BAR = 0.75
"""Inches for the colour bar and its label, at the right."""


def captioned(study: Study) -> CaptionedFigure:
    """Return the figure of all methods and architectures, with its texts."""
    frame = data(study)
    return CaptionedFigure(
        name="members",
        title=TITLE,
        caption=CAPTION,
        alt=alt(frame),
        notes=[texts.basis(study)],
        figure=draw(frame),
        data=frame,
        pictorial=True,
    )


def alt(frame: pd.DataFrame) -> str:
    """Return the alternative text of the figure of a table."""
    apart = frame[frame["member"] != frame.get("other")].dropna(subset=["member"])
    extremes = texts.extremes(apart, "cosine", of="cosine of two members") if len(apart) else _NO_COSINE
    return f"Matrices of the cosines between members' maps. {extremes} {_modes(apart)}{texts.failed(frame)}"


_NO_COSINE = "No cosine could be computed."


def _modes(apart: pd.DataFrame) -> str:
    """Return a sentence on the cells whose members fall into groups."""
    several = apart[apart["modes"].astype(float) > SEVERAL] if len(apart) else apart
    named = list(dict.fromkeys(f"{row.method} on {row.architecture}" for row in several.itertuples()))
    if named:
        return f"Several modes: {texts.listed(named)}."
    tested = len(apart) > 0 and bool(apart["modes"].notna().any())
    return "No method is shown to have several modes, which is no proof." if tested else "Modes were not tested."


def data(
    study: Study, *, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> pd.DataFrame:  # fmt: skip
    """Return a row per architecture, method and ordered pair of members: the mean `cosine` of their maps over images.

    `place` and `other_place` are the members' positions in the order of clusters, `cluster` the half of the first
    split; `modes` is the share of the images on which the members fall into groups, as in `result.json`. `accuracy` and
    `flag` are the first member's. A cell that failed has one row, without members.

    Args:
        study: with its Gram matrices.
        methods: labels; None for all.
        architectures: labels; None for all.

    Raises:
        UsageError: the study has no such method or architecture, or no Gram matrices.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    about = {
        architecture.label: {member.index: member for member in architecture.members}
        for architecture in study.result.architectures
    }
    rows: list[dict[str, Any]] = []
    for cell in signed_cells(study, architectures=architectures, methods=methods):
        if cell.status == "ok":
            rows += _rows(cell, mean_cosines(study.gram(cell)), about[cell.architecture])
        else:
            rows.append(names_of(cell) | {"member": None})
    return pd.DataFrame(rows)


def mean_cosines(gram: Float[Any, "B E E"]) -> Float[np.ndarray, "E E"]:
    """Return the cosines between members' maps, mean over the images on which not all of them are zero."""
    cosines = scale_gram(gram[diag_mean(gram) > 0], "unit").mean(0)
    matrix: np.ndarray = cosines.numpy()
    return matrix


def _rows(cell: Cell, cosines: Float[np.ndarray, "E E"], about: Mapping[int, MemberResult]) -> list[dict[str, Any]]:
    order, clusters = clustered(cosines)
    position = {member: index for index, member in enumerate(order)}
    modes = cell.known_details.modes.share
    rows = []
    for one in range(len(order)):
        member = about[one]
        common = {"member": one, "accuracy": member.accuracy, "flag": member.flag, "place": position[one]}
        common |= {"cluster": clusters[one], "modes": modes}
        rows += [
            {**names_of(cell), **common, "other": other, "other_place": position[other], "cosine": cosines[one, other]}
            for other in range(len(order))
        ]
    return rows


def clustered(cosines: Float[np.ndarray, "E E"]) -> tuple[list[int], list[int]]:
    """Return the members ordered so that similar ones are neighbours, and each member's half of the first split.

    Average linkage on 1 - cosine, with the optimal order of its leaves (Bar-Joseph et al., Bioinformatics 2001,
    doi:10.1093/bioinformatics/17.suppl_1.s22). The order is unchanged if a cosine is undefined.

    >>> import numpy as np
    >>> order, halves = clustered(np.array([[1, 0.1, 0.9], [0.1, 1, 0.2], [0.9, 0.2, 1]]))
    >>> order in ([0, 2, 1], [1, 2, 0]), halves[0] == halves[2] != halves[1]
    (True, True)
    """
    import numpy as np  # noqa: PLC0415 - as above
    from scipy.cluster.hierarchy import fcluster, linkage  # noqa: PLC0415 - a second to import
    from scipy.cluster.hierarchy import leaves_list as leaves  # noqa: PLC0415 - as above

    members = len(cosines)
    if not np.isfinite(cosines).all():
        return list(range(members)), [1] * members
    distances = np.maximum(1 - cosines, 0)[np.triu_indices(members, 1)]
    tree = linkage(distances, "average", optimal_ordering=True)
    order = [int(member) for member in leaves(tree)]
    halves = [int(half) for half in fcluster(tree, 2, "maxclust")]
    return order, halves


def draw(frame: pd.DataFrame, *, room: Room = OWN) -> Figure:
    """Draw a table: a panel for each architecture and method, all on one scale, which is symmetric about zero.

    Rows and columns are members by their index; of a single architecture with their accuracy on the left where there
    is room. Red: maps that agree; white: independent; blue: opposed ones. The diagonal, a map with itself, is left out.
    A member that was flagged has a star. Lines separate two clusters where the test for several modes is positive on
    more than a tenth of the images.
    """
    several = frame["architecture"].nunique() > 1
    figure, places, size, accuracies = _grid(frame, room, several=several)
    apart = frame[frame["member"] != frame.get("other")]
    largest = float(apart["cosine"].abs().max()) if "cosine" in apart and apart["cosine"].notna().any() else 1.0
    image: Any = None
    for (architecture, method), cell_frame in frame.groupby(["architecture", "method"], sort=False):
        axes = places[str(architecture), str(method)]
        axes.set_axis_on()
        title = f"{method}, {architecture}" if several else str(method)
        image = _draw_matrix(axes, cell_frame, largest, title, size, accuracies=accuracies) or image
    if image is not None:
        _draw_bar(figure, list(places.values()), image, largest, room)
    return root_of(figure)


def _draw_bar(figure: FigureBase, panels: Sequence[Axes], image: Any, largest: float, room: Room) -> None:
    """Draw the colour bar at the right of the first row, or of the last of given axes."""
    if room.given:
        side = panels[-1].inset_axes((1.06, 0.0, 0.07, 1.0))
    else:
        width, height = _inches(figure)
        tall = min(1.6, height - 0.8)
        top = panels[0].get_position().y1
        side = figure.add_axes((1 - (BAR - 0.08) / width, top - tall / height, 0.1 / width, tall / height))
    bar = figure.colorbar(image, cax=side)
    bar.set_label("mean cosine of two members' maps" if side.bbox.height > 140 else "mean cosine", fontsize=SMALL)
    side.tick_params(labelsize=SMALL)
    bar.set_ticks([-largest, 0, largest], labels=[f"{-largest:.2f}", "0", f"{largest:.2f}"])


def _inches(figure: FigureBase) -> tuple[float, float]:
    part: Any = figure
    return part.bbox.width / part.figure.dpi, part.bbox.height / part.figure.dpi


def _grid(
    frame: pd.DataFrame, room: Room, *, several: bool
) -> tuple[FigureBase, dict[tuple[str, str], Axes], float, bool]:  # fmt: skip
    """Return a figure, hidden axes of each architecture and method, their inches, and whether accuracies have room.

    All sizes are fixed, since the layout of many labels would take longer than their drawing.
    """
    cells = list(dict.fromkeys(zip(frame["architecture"], frame["method"], strict=True)))
    beside, rest = 0.22, room.across - BAR - 0.1
    columns = max(1, min(len(cells), COLUMNS, int(rest / (beside + SMALLEST))))
    if not several and rest / columns - ACCURACIES - 0.05 > SHOWN:
        beside = ACCURACIES
    size = min(LARGEST, rest / columns - beside - 0.05)
    rows = -(-len(cells) // columns)
    lines = max(wrapped(_title(*cell, several=several), size + beside, lines=3).count("\n") for cell in cells)
    down = 0.24 + LINE_HEIGHT * (lines + 2)
    height = rows * (size + down) + 0.08
    figure = room.begin(height, constrained=False)
    if room.given:
        panels = room.panels(figure, len(cells), columns=columns, names="architectures and methods")
        return figure, dict(zip(cells, panels, strict=True)), size, False
    width, tall = _inches(figure)
    scale = min(1.0, tall / height)  # a part of a figure may be lower than its content
    size, down = size * scale, down * scale
    places = {}
    for index, cell in enumerate(cells):
        left = beside + index % columns * (size + beside + 0.05)
        bottom = tall - (index // columns + 1) * (size + down) + 0.2
        axes = figure.add_axes((left / width, bottom / tall, size / width, size / tall))
        axes.set_axis_off()
        places[cell] = axes
    return figure, places, size, beside == ACCURACIES


LINE_HEIGHT = 0.125
"""Inches of a line of a title."""


def _title(architecture: str, method: str, *, several: bool) -> str:
    return f"{method}, {architecture}" if several else method


def _draw_matrix(axes: Axes, frame: pd.DataFrame, largest: float, title: str, size: float, *, accuracies: bool) -> Any:
    """Draw one matrix, and return the image that carries its colours; None for a cell that failed."""
    import numpy as np  # noqa: PLC0415 - as above

    axes.tick_params(labelsize=SMALL, length=0, pad=1)
    title = wrapped(title, size + 0.2, lines=3)
    if frame["status"].iloc[0] != "ok":
        axes.set_title(title, fontsize=SMALL)
        message = wrapped("; ".join(failures(frame)), size - 0.1, lines=6)
        axes.text(0.5, 0.5, message, ha="center", va="center", fontsize=SMALL, transform=axes.transAxes)
        axes.set_xticks([])
        axes.set_yticks([])
        return None
    matrix = frame.pivot_table(index="place", columns="other_place", values="cosine", dropna=False).to_numpy(copy=True)
    np.fill_diagonal(matrix, np.nan)
    image = axes.imshow(matrix, cmap=diverging(), vmin=-largest, vmax=largest, interpolation="nearest")
    off_diagonal = matrix[~np.eye(len(matrix), dtype=bool)]
    members = frame.drop_duplicates("member").sort_values("place").reset_index(drop=True)
    low, high = format_number(off_diagonal.min()), format_number(off_diagonal.max())
    range_text = wrapped(f"{low} to {high}{_part_clusters(axes, members)}", size + 0.2)
    axes.set_title(f"{title}\n{range_text}", fontsize=SMALL)
    _name(axes, members, size, accuracies=accuracies)
    return image


def _part_clusters(axes: Axes, members: pd.DataFrame) -> str:
    """Draw a line between two clusters if there are several modes, and return a note on them."""
    if not float(members["modes"].iloc[0] or 0) > SEVERAL:
        return ""
    cluster = members["cluster"]
    for edge in [index - 0.5 for index in range(1, len(cluster)) if cluster[index] != cluster[index - 1]]:
        axes.axhline(edge, color="black", lw=1.2)
        axes.axvline(edge, color="black", lw=1.2)
    return f"; modes on {members['modes'].iloc[0]:.0%}"


def _name(axes: Axes, members: pd.DataFrame, size: float, *, accuracies: bool) -> None:
    """Write the members' indices along both sides, accuracies on the left; of many members only as many as have room.

    Flagged members come first.
    """
    stars = ["*" if flag else "" for flag in members["flag"].notna()]
    words = [f"{int(member)}{star}" for member, star in zip(members["member"], stars, strict=True)]
    shares = [f"  {value:.1%}" if not math.isnan(value) else "" for value in members["accuracy"].astype(float)]
    beside = [word + share for word, share in zip(words, shares, strict=True)] if accuracies else words
    pitch = size / len(members)
    for axis, labels, room in (
        (axes.xaxis, words, max(map(width_of, words)) + 0.03),
        (axes.yaxis, beside, PITCH),
    ):
        places = _apart([bool(star) for star in stars], math.ceil(room / pitch))
        axis.set_ticks(places, [labels[place] for place in places])
        for label, place in zip(axis.get_ticklabels(), places, strict=True):
            if stars[place]:
                label.set_color(BAD)
                label.set_fontweight("bold")


SHOWN, ACCURACIES = 1.15, 0.62
"""Inches of a matrix from which on accuracies are written beside it, and of their room."""


def _apart(flagged: Sequence[bool], step: int) -> list[int]:
    """Return places at least `step` apart, flagged ones first.

    >>> _apart([False, False, True, False, False], 2)
    [0, 2, 4]
    """
    taken: list[int] = []
    for wanted in (True, False):
        for place in (place for place, flag in enumerate(flagged) if flag == wanted):
            if all(abs(place - other) >= step for other in taken):
                taken.append(place)
    return sorted(taken)
