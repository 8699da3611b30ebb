"""The cells of the published table, measured: from the maps of finished studies to figures in every variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.bench.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.paper_table import GRADIENT, INTERMEDIATE, PUBLISHED, SHAP, TOP, published_column
from saliencynoise.statistics.reproduction import MeasuredColumn
from saliencynoise.statistics.variants import CellVariants, gather, on_grid, variants

if TYPE_CHECKING:
    import xarray as xr
    from jaxtyping import Float
    from torch import Tensor

GRIDS = ("own", "common")
"""Each method's own grid, and the coarsest among the methods of an architecture."""

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
    """

    study: Study
    architecture: str
    dataset: str
    published: str

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
        figures: by grid; empty where the cell failed.
        grids: rows and columns of the maps, by grid.
        template: what the study says of the signal that is common to all images; None where it says nothing.
    """

    row: str
    method: str
    published: float
    reason: str = ""
    figures: Mapping[str, CellVariants]
    grids: Mapping[str, tuple[int, int]]
    template: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """A column, measured: a cell for every row, those that failed included."""

    column: Column
    cells: tuple[Cell, ...]

    @property
    def done(self) -> list[Cell]:
        """The cells that have figures."""
        return [cell for cell in self.cells if cell.figures]

    def comparable(self, grid: str) -> MeasuredColumn:
        """Return the cells that are both measured and published, on a grid."""
        own = _architecture(self.column)
        return MeasuredColumn(
            published=[cell.published for cell in self.done],
            cells=[cell.figures[grid] for cell in self.done],
            networks=tuple(member["sha256"] for member in own["members"]),
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
    found = {row: next((cell for cell in signed if _stands_for(cell, row)), None) for row in PUBLISHED}
    done = {row: cell for row, cell in found.items() if cell is not None and cell["status"] == "ok"}
    maps = {row: column.study.member_maps(cell) for row, cell in done.items()}
    common = _coarsest(list(maps.values()))
    return Measured(
        column=column,
        cells=tuple(_cell(row, published[row], found[row], maps.get(row), common) for row in PUBLISHED),
    )


def _architecture(column: Column) -> Mapping[str, Any]:
    known = {own["label"]: own for own in column.study.result["architectures"]}
    if column.architecture not in known:
        raise UsageError(
            f"{column.study.folder} has no architecture '{column.architecture}'; it has {', '.join(known)}"
        )  # fmt: skip
    own: Mapping[str, Any] = known[column.architecture]
    return own


def _stands_for(cell: Mapping[str, Any], row: str) -> bool:
    name, _, parameters = cell["method_name"].rpartition("/")[2].partition("(")
    return name in _METHODS[row] and _LAYERS.get(row, "") in parameters


def _coarsest(maps: Sequence[xr.DataArray]) -> tuple[int, int]:
    return min((own.sizes["y"] for own in maps), default=0), min((own.sizes["x"] for own in maps), default=0)


def _cell(
    row: str, published: float, cell: Mapping[str, Any] | None, maps: xr.DataArray | None, common: tuple[int, int]
) -> Cell:
    if cell is None or maps is None:
        reason = "not in the study" if cell is None else str(cell["reason"])
        method = "" if cell is None else cell["method"]
        return Cell(row=row, method=method, published=published, reason=reason, figures={}, grids={})
    own, pooled = [], []
    for image in _images(maps):
        own.append(variants(image.flatten(-3)))
        pooled.append(variants(on_grid(image, common).flatten(-3)))
    return Cell(
        row=row,
        method=cell["method"],
        published=published,
        figures={"own": gather(own), "common": gather(pooled)},
        grids={"own": (maps.sizes["y"], maps.sizes["x"]), "common": common},
        template=(cell.get("details") or {}).get("template"),
    )


def _images(maps: xr.DataArray) -> Iterator[Float[Tensor, "E *D c h w"]]:
    """Yield each image's maps of all members, raw and signed, in all draws."""
    for start in range(0, maps.sizes["image"], BLOCK):
        block = maps.isel(image=slice(start, start + BLOCK)).transpose("image", "member", ...)
        yield from torch.as_tensor(block.values.copy(), dtype=torch.float64)
