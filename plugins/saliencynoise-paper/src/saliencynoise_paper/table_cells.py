"""The cells of the published table, measured: from the maps of finished studies to figures in every variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.seeds import draw_kind
from saliencynoise_paper.statistics.paper_table import (
    GRADIENT,
    INTERMEDIATE,
    PUBLISHED,
    SHAP,
    STARS,
    TOP,
    published_column,
)
from saliencynoise_paper.statistics.table_fit import MeasuredColumn
from saliencynoise_paper.statistics.variants import CellVariants, ImageVariants, fewer, gather, on_grid, variants

if TYPE_CHECKING:
    import xarray as xr
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.statistics.groups import Groups

GRIDS = ("own", "common")
"""Each method's own grid, and the coarsest among the methods of an architecture."""

READINGS = ("own", "shared", "fewer")
"""How a cell may have been made: each network with random numbers of its own, as a plain script has them; all networks
with the same; and each with its own, but fewer networks in the starred rows."""

_METHODS: Mapping[str, tuple[str, ...]] = {
    GRADIENT: ("gradient",),
    "Integrated Gradient": ("integrated_gradients",),
    "SmoothGrad": ("smoothgrad",),
    TOP: ("gradcam",),
    INTERMEDIATE: ("gradcam",),
    SHAP: ("expected_gradients", "gradient_shap", "deep_shap", "kernel_shap"),
    "DeepLIFT": ("deeplift",),
    "LIME": ("lime",),
}
"""Methods that stand for a row; the poster does not say which SHAP explainer it used."""
_LAYERS: Mapping[str, str] = {TOP: "layer=top", INTERMEDIATE: "layer=intermediate"}

BLOCK = 8
"""Images that are read together; a chunk of a study's maps holds several, and is decoded whole."""


@dataclass(frozen=True)
class Column:
    """A column of the published table, and the study that stands for it.

    Attributes:
        study: finished, with its members' maps.
        architecture: its label in the study.
        dataset: of the published column, "CIFAR10" or "Imagenette".
        published: architecture of the published column: "VGG19", "ResNet18" or "ResNet101".
        fewer: networks that starred rows are computed with beside all of them; None for none.
    """

    study: Study
    architecture: str
    dataset: str
    published: str
    fewer: int | None = None

    @property
    def name(self) -> str:
        """The published column's name."""
        return f"{self.dataset} {self.published}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """A method in a column.

    Attributes:
        row: of the published table.
        method: the study's label of it; empty where the study has none.
        published: the table's value.
        reason: why there are no figures; empty where there are.
        figures: by reading and grid; empty where the cell failed. Where a reading changes nothing about a cell (no
            random numbers, no star), it has the figures of the first reading.
        grids: rows and columns of the maps, by grid.
        template: what the study says of the signal that is common to all images; None where it says nothing.
    """

    row: str
    method: str
    published: float
    reason: str = ""
    figures: Mapping[tuple[str, str], CellVariants]
    grids: Mapping[str, tuple[int, int]]
    template: Mapping[str, Any] | None = None

    def readings(self) -> list[str]:
        """Return the readings with figures that differ from each other."""
        names_by_figures = {id(self.figures[name, GRIDS[0]]): name for name in reversed(READINGS) if self.figures}
        return [name for name in READINGS if name in names_by_figures.values()]


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """A measured column: a cell for every row, including those that failed."""

    column: Column
    cells: tuple[Cell, ...]

    @property
    def done(self) -> list[Cell]:
        """The cells that have figures."""
        return [cell for cell in self.cells if cell.figures]

    def comparable(self, reading: str, grid: str) -> MeasuredColumn:
        """Return the cells that are both measured and published, for a reading and a grid."""
        described = _architecture(self.column)
        return MeasuredColumn(
            published=[cell.published for cell in self.done],
            cells=[cell.figures[reading, grid] for cell in self.done],
            networks=tuple(member["sha256"] for member in described["members"]),
            images=tuple(image["name"] for image in self.column.study.result["images"]),
        )


def measure(column: Column) -> Measured:
    """Return all cells of a column, from the study's maps.

    Raises:
        UsageError: there is no such published column, no such architecture in the study, or no maps of its members.
    """
    published = published_column(column.dataset, column.published)
    label = _architecture(column)["label"]
    signed = [
        cell for cell in column.study.result["cells"] if cell["architecture"] == label and cell["view"] == "signed"
    ]
    cell_of_row = {row: next((cell for cell in signed if _stands_for(cell, row)), None) for row in PUBLISHED}
    done = {row: cell for row, cell in cell_of_row.items() if cell is not None and cell["status"] == "ok"}
    maps = {row: column.study.member_maps(cell) for row, cell in done.items()}
    common = _coarsest(list(maps.values()))
    return Measured(
        column=column,
        cells=tuple(
            _cell(
                row,
                published[row],
                cell_of_row[row],
                maps.get(row),
                common=common,
                few=column.fewer if row in STARS else None,
                groups=column.study.groups,
            )
            for row in PUBLISHED
        ),
    )


def _architecture(column: Column) -> Mapping[str, Any]:
    by_label = {entry["label"]: entry for entry in column.study.result["architectures"]}
    if column.architecture not in by_label:
        raise UsageError(
            f"{column.study.folder} has no architecture '{column.architecture}'; it has {', '.join(by_label)}"
        )  # fmt: skip
    described: Mapping[str, Any] = by_label[column.architecture]
    return described


def _stands_for(cell: Any, row: str) -> bool:
    name, _, parameters = cell["method_name"].rpartition("/")[2].partition("(")
    return name in _METHODS[row] and _LAYERS.get(row, "") in parameters


def _coarsest(maps: Sequence[xr.DataArray]) -> tuple[int, int]:
    return min((data.sizes["y"] for data in maps), default=0), min((data.sizes["x"] for data in maps), default=0)


def _cell(
    row: str,
    published: float,
    cell: Any,
    maps: xr.DataArray | None,
    *,
    common: tuple[int, int],
    few: int | None,
    groups: Groups | None,
) -> Cell:
    if cell is None or maps is None:
        reason = "not in the study" if cell is None else str(cell["reason"])
        method = "" if cell is None else cell["method"]
        return Cell(row=row, method=method, published=published, reason=reason, figures={}, grids={})
    images_by_key: dict[tuple[str, str], list[ImageVariants]] = {}
    for image in _images(maps):
        for grid, values in zip(GRIDS, (image, on_grid(image, common)), strict=True):
            for reading, figures in _readings(values.flatten(-3), few):
                images_by_key.setdefault((reading, grid), []).append(figures)
    gathered = {key: gather(images, groups=groups) for key, images in images_by_key.items()}
    return Cell(
        row=row,
        method=cell["method"],
        published=published,
        figures={
            (reading, grid): gathered.get((reading, grid), gathered[READINGS[0], grid])
            for reading in READINGS
            for grid in GRIDS
        },
        grids={"own": (maps.sizes["y"], maps.sizes["x"]), "common": common},
        template=(cell.get("details") or {}).get("template"),
    )


def _readings(drawn: Float[Tensor, "E D P"], few: int | None) -> Iterator[tuple[str, ImageVariants]]:
    """Yield one image's figures by the first reading and by each that differs from it."""
    own_draws = drawn[:, 0]
    yield "own", variants(own_draws)
    if drawn.shape[1] > 1:
        shared = next(draw for draw in range(drawn.shape[1]) if draw_kind(draw) == "shared")
        yield "shared", variants(drawn[:, shared])
    if few is not None:
        yield "fewer", fewer(own_draws, few)


def _images(maps: xr.DataArray) -> Iterator[Float[Tensor, "E D c h w"]]:
    """Yield each image's raw, signed maps of all members, in all draws; maps without draws count as one draw."""
    maps = maps if "draw" in maps.dims else maps.expand_dims("draw")
    for start in range(0, maps.sizes["image"], BLOCK):
        block = maps.isel(image=slice(start, start + BLOCK)).transpose("image", "member", "draw", ...)
        yield from torch.as_tensor(block.values.copy(), dtype=torch.float64)
