"""The cells of the published table, measured: from the maps of finished studies to figures in every variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
from saliencynoise_paper.statistics.table_fit import ComparableColumn
from saliencynoise_paper.statistics.variants import CellVariants, ImageVariants, fewer, gather, on_grid, variants
from saliencynoise_paper.table_records import (
    COMMON_GRID,
    FEWER_NETWORKS,
    GRIDS,
    OWN_DRAWS,
    OWN_GRID,
    READINGS,
    SHARED_DRAWS,
)

if TYPE_CHECKING:
    import xarray as xr
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.records.cell import Cell, Template
    from saliencynoise.records.study import ArchitectureResult, MethodRecord
    from saliencynoise.statistics.groups import Groups

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
_LAYERS: Mapping[str, str] = {TOP: "top", INTERMEDIATE: "intermediate"}
"""The layer of a row whose method has several."""

BLOCK = 8
"""Images that are read together; a chunk of a study's maps holds several, and is decoded whole."""


@dataclass(frozen=True)
class PublishedColumn:
    """A column of the published table, and the study that stands for it.

    Attributes:
        study: finished, with its members' maps.
        architecture: display name of the architecture in the study.
        dataset: data set of the published column, "CIFAR10" or "Imagenette".
        published: architecture of the published column: "VGG19", "ResNet18" or "ResNet101".
        fewer: a smaller number of networks, with which starred rows are computed too; None for none.
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
class TableCell:
    """A cell of the published table, measured.

    Attributes:
        row: name of the row in the published table.
        method: display name of the study's method for it; empty where the study has none.
        published: the value in the published table.
        reason: the reason why there are no figures; empty where there are.
        figures: figures by reading and grid; empty where the cell failed. Where a reading changes nothing about a cell
            (no random numbers, no star), it has the figures of the first reading.
        grids: rows and columns of the maps, by grid.
        template: the signal that is common to all images, from the study; None where it was not computed.
    """

    row: str
    method: str
    published: float
    reason: str = ""
    figures: Mapping[tuple[str, str], CellVariants]
    grids: Mapping[str, tuple[int, int]]
    template: Template | None = None

    def readings(self) -> list[str]:
        """Return the readings with figures that differ from each other."""
        names_by_figures = {id(self.figures[name, OWN_GRID]): name for name in reversed(READINGS) if self.figures}
        return [name for name in READINGS if name in names_by_figures.values()]


@dataclass(frozen=True, kw_only=True, eq=False)
class MeasuredColumn:
    """A measured column: a cell for every row, including those that failed."""

    column: PublishedColumn
    cells: tuple[TableCell, ...]

    @property
    def done(self) -> list[TableCell]:
        """The cells that have figures."""
        return [cell for cell in self.cells if cell.figures]

    def comparable(self, reading: str, grid: str) -> ComparableColumn:
        """Return the cells that are both measured and published, for a reading and a grid."""
        return ComparableColumn(
            published=[cell.published for cell in self.done],
            cells=[cell.figures[reading, grid] for cell in self.done],
            networks=tuple(member.sha256 for member in _architecture(self.column).members),
            images=tuple(image.name for image in self.column.study.result.images),
        )


def measure(column: PublishedColumn) -> MeasuredColumn:
    """Return all cells of a column, from the study's maps.

    Raises:
        UsageError: there is no such published column, no such architecture in the study, or no maps of its members.
    """
    published = published_column(column.dataset, column.published)
    study_cells = _study_cells(column)
    maps = {row: column.study.member_maps(cell) for row, cell in study_cells.items() if cell.status == "ok"}
    common = _coarsest(list(maps.values()))
    return MeasuredColumn(
        column=column,
        cells=tuple(
            _cell(
                row,
                published[row],
                study_cells.get(row),
                maps.get(row),
                common=common,
                few=column.fewer if row in STARS else None,
                groups=column.study.groups,
            )
            for row in PUBLISHED
        ),
    )


def _study_cells(column: PublishedColumn) -> dict[str, Cell]:
    """Return the study's cell that stands for each row, as far as there is one."""
    label, study = _architecture(column).label, column.study
    signed = [cell for cell in study.result.cells if (cell.architecture, cell.view) == (label, "signed")]
    cells = {row: [cell for cell in signed if _stands_for(study.method(cell), row)] for row in PUBLISHED}
    return {row: matches[0] for row, matches in cells.items() if matches}


def _architecture(column: PublishedColumn) -> ArchitectureResult:
    labels = [architecture.label for architecture in column.study.result.architectures]
    if column.architecture not in labels:
        raise UsageError(
            f"{column.study.folder} has no architecture '{column.architecture}'; it has {', '.join(labels)}"
        )
    return column.study.result.architecture(column.architecture)


def _stands_for(method: MethodRecord, row: str) -> bool:
    return method.short_name in _METHODS[row] and (row not in _LAYERS or method.parameters.get("layer") == _LAYERS[row])


def _coarsest(maps: Sequence[xr.DataArray]) -> tuple[int, int]:
    return min((data.sizes["y"] for data in maps), default=0), min((data.sizes["x"] for data in maps), default=0)


def _cell(
    row: str,
    published: float,
    cell: Cell | None,
    maps: xr.DataArray | None,
    *,
    common: tuple[int, int],
    few: int | None,
    groups: Groups | None,
) -> TableCell:
    if cell is None or maps is None:
        reason = "not in the study" if cell is None else str(cell.reason)
        method = "" if cell is None else cell.method
        return TableCell(row=row, method=method, published=published, reason=reason, figures={}, grids={})
    images_by_key: dict[tuple[str, str], list[ImageVariants]] = {}
    for image in _images(maps):
        for grid, values in zip(GRIDS, (image, on_grid(image, common)), strict=True):
            for reading, figures in _readings(values.flatten(-3), few):
                images_by_key.setdefault((reading, grid), []).append(figures)
    gathered = {key: gather(images, groups=groups) for key, images in images_by_key.items()}
    return TableCell(
        row=row,
        method=cell.method,
        published=published,
        figures={
            (reading, grid): gathered.get((reading, grid), gathered[OWN_DRAWS, grid])
            for reading in READINGS
            for grid in GRIDS
        },
        grids={OWN_GRID: (maps.sizes["y"], maps.sizes["x"]), COMMON_GRID: common},
        template=None if cell.details is None else cell.details.template,
    )


def _readings(drawn: Float[Tensor, "E D P"], few: int | None) -> Iterator[tuple[str, ImageVariants]]:
    """Yield one image's figures by the first reading and by each that differs from it."""
    own_draws = drawn[:, 0]
    yield OWN_DRAWS, variants(own_draws)
    if drawn.shape[1] > 1:
        shared = next(draw for draw in range(drawn.shape[1]) if draw_kind(draw) == "shared")
        yield SHARED_DRAWS, variants(drawn[:, shared])
    if few is not None:
        yield FEWER_NETWORKS, fewer(own_draws, few)


def _images(maps: xr.DataArray) -> Iterator[Float[Tensor, "E D c h w"]]:
    """Yield each image's raw, signed maps of all members, in all draws; maps without draws count as one draw."""
    maps = maps if "draw" in maps.dims else maps.expand_dims("draw")
    for start in range(0, maps.sizes["image"], BLOCK):
        block = maps.isel(image=slice(start, start + BLOCK)).transpose("image", "member", "draw", ...)
        yield from torch.as_tensor(block.values.copy(), dtype=torch.float64)
