"""The agreement of each two members' maps: the matrix of mean cosines, with similar members beside each other."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.style import BAD, SMALL, blank, diverging, two_lines
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
    from matplotlib.figure import Figure

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

COLUMNS, MANY = 4, 8
"""Numbers of methods side by side: for one architecture and for several."""

NAMED = 24
"""Up to this many members each tick is labelled; above, only the flagged ones are."""


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


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a table: a panel for each architecture and method, all on one scale, which is symmetric about zero.

    Rows and columns are members by their index; of a single architecture with their accuracy on the left. Red: maps
    that agree; white: independent; blue: opposed ones. The diagonal, a map with itself, is left out. A member that
    was flagged has a star. Lines separate two clusters where the test for several modes is positive on more than a
    tenth of the images.
    """
    several = frame["architecture"].nunique() > 1
    figure, places = _grid(frame, several=several)
    apart = frame[frame["member"] != frame.get("other")]
    largest = float(apart["cosine"].abs().max()) if "cosine" in apart and apart["cosine"].notna().any() else 1.0
    image: Any = None
    for (architecture, method), cell_frame in frame.groupby(["architecture", "method"], sort=False):
        axes = places[str(architecture), str(method)]
        axes.set_axis_on()
        title = two_lines(str(method), longest=16 if several else 24)
        image = _draw_matrix(axes, cell_frame, largest, title, accuracies=not several) or image
    if image is not None:
        width, height = figure.get_size_inches()
        side = figure.add_axes((1 - 0.82 / width, 0.37 / height, 0.12 / width, min(2.4, height - 0.9) / height))
        bar = figure.colorbar(image, cax=side)
        bar.set_label("mean cosine of two members' maps", fontsize=SMALL)
        side.tick_params(labelsize=SMALL - 1)
    return figure


def _grid(frame: pd.DataFrame, *, several: bool) -> tuple[Figure, dict[tuple[str, str], Axes]]:
    """Return a figure and the axes of each architecture and method, which are still hidden.

    Methods are side by side, and each of several architectures has its own line. All sizes are fixed, since the layout
    of many labels would take longer than their drawing.
    """
    methods, architectures = list(frame["method"].unique()), list(frame["architecture"].unique())
    size = 1.35 if several else 3.0 if frame["member"].nunique() > NAMED else 2.2
    columns = min(MANY if several else COLUMNS, len(methods))
    blocks = -(-len(methods) // columns)
    rows = blocks * len(architectures)
    across, down = (0.22, 0.66) if several else (0.6, 0.68)
    width, height = 0.6 + columns * (size + across) - across + 1.1, rows * (size + down) + 0.25
    figure = blank(width, height, constrained=False)
    edges = {"left": 0.6 / width, "right": 1 - 1.1 / width, "top": 1 - 0.56 / height, "bottom": 0.37 / height}
    grid = figure.subplots(
        rows, columns, squeeze=False, gridspec_kw=edges | {"wspace": across / size, "hspace": down / size}
    )
    for axes in grid.flat:
        axes.set_axis_off()
    places = {}
    for index, method in enumerate(methods):
        for line, architecture in enumerate(architectures):
            axes = places[architecture, method] = grid[index // columns * len(architectures) + line, index % columns]
            if several and index % columns == 0:
                name = two_lines(architecture, longest=16)
                axes.text(
                    -0.2, 0.5, name, rotation=90, ha="right", va="center", fontsize=SMALL - 1, transform=axes.transAxes,
                    multialignment="center",
                )  # fmt: skip
    return figure, places


def _draw_matrix(axes: Axes, frame: pd.DataFrame, largest: float, title: str, *, accuracies: bool) -> Any:
    """Draw one matrix, and return the image that carries its colours; None for a cell that failed."""
    import numpy as np  # noqa: PLC0415 - as above

    axes.tick_params(labelsize=SMALL - 2, length=0, pad=1)
    if frame["status"].iloc[0] != "ok":
        axes.set_title(title, fontsize=8.5 if accuracies else 7)
        message = textwrap.fill("\n".join(failures(frame)), 30 if accuracies else 20, max_lines=8)
        axes.text(0.5, 0.5, message, ha="center", va="center", fontsize=SMALL - 1, transform=axes.transAxes)
        axes.set_xticks([])
        axes.set_yticks([])
        return None
    matrix = frame.pivot_table(index="place", columns="other_place", values="cosine", dropna=False).to_numpy(copy=True)
    np.fill_diagonal(matrix, np.nan)
    image = axes.imshow(matrix, cmap=diverging(), vmin=-largest, vmax=largest, interpolation="nearest")
    off_diagonal = matrix[~np.eye(len(matrix), dtype=bool)]
    members = frame.drop_duplicates("member").sort_values("place").reset_index(drop=True)
    low, high = format_number(off_diagonal.min()), format_number(off_diagonal.max())
    axes.set_title(
        f"{title}\n{low} to {high}{_part_clusters(axes, members)}",
        fontsize=8.5 if accuracies else 7,
    )
    _name(axes, members, accuracies=accuracies)
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


def _name(axes: Axes, members: pd.DataFrame, *, accuracies: bool) -> None:
    """Write the members' indices along both sides, accuracies on the left; of many members only flagged ones."""
    flagged = members["flag"].notna()
    named = members if len(members) <= NAMED else members[flagged]
    stars = ["*" if flag else "" for flag in named["flag"].notna()]
    known = [accuracies and not math.isnan(accuracy) for accuracy in named["accuracy"].astype(float)]
    right = [f"  {accuracy:.1%}" if shown else "" for accuracy, shown in zip(named["accuracy"], known, strict=True)]
    axes.set_xticks(
        named["place"], [f"{int(member)}{star}" for member, star in zip(named["member"], stars, strict=True)]
    )
    rows = zip(named["member"].astype(int), stars, right, strict=True)
    axes.set_yticks(named["place"], ["".join(map(str, row)) for row in rows])
    for label, star in zip([*axes.get_xticklabels(), *axes.get_yticklabels()], [*stars, *stars], strict=True):
        if star:
            label.set_color(BAD)
            label.set_fontweight("bold")
