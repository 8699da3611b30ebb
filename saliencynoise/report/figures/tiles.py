"""What a gallery of maps shows: for each row a picture, single members' maps and their mean, read from a study.

Every member's map of an image is divided by its L2 norm before anything else, as for the headline r. Raw maps would
not do: a network with a large gain would set the row's colour scale and dominate the mean, although its gain says
nothing of where it looks. The mean of such maps is *not* scaled up again: its norm is sqrt(c + (1 - c) / E), with c the
mean cosine between members' maps, so that on a scale shared with single maps the mean is as pale as the members
disagree. That hides what is left where much was noise; so the mean is shown a second time, at the norm of a single
map: what pattern remains, at equal energy and on the same colour scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import UsageError
from saliencynoise.report.figures.cells import Cell, signed_cells

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import xarray as xr
    from jaxtyping import Float, UInt8

    from saliencynoise.bench.study import Study

MEAN = "mean"
MEAN_AT_UNIT_NORM = "mean at unit norm"

CLIP = 99.5
"""Percentile of |value| over all maps of a row at which its colour scale ends."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """A row of a gallery.

    Attributes:
        keys: data set, architecture, method, image and its class.
        members: E, of the mean.
        picture: `[C, H, W]`, C of 1 or 3.
        tiles: `[h, w]` by column, channels summed: "member 0", ..., `MEAN`, `MEAN_AT_UNIT_NORM`; none of a failed cell.
        norm: of the mean of unit-norm maps, 0 to 1, over channels and pixels; NaN if the cell failed.
        reason: why the cell failed; empty if it did not.
    """

    keys: Mapping[str, str]
    members: int
    picture: UInt8[np.ndarray, "C H W"]
    tiles: Mapping[str, Float[np.ndarray, "h w"]]
    norm: float
    reason: str = ""

    @property
    def scale(self) -> float:
        """Where the row's colour scale ends, on both sides of zero; 0 where all its maps are zero or NaN."""
        return colour_limit(list(self.tiles.values()))


def rows_of(
    study: Study,
    *,
    images: Sequence[int],
    methods: Sequence[str] | None = None,
    architectures: Sequence[str] | None = None,
    singles: int = 4,
) -> list[Row]:
    """Read the rows of a gallery: architecture by architecture, image by image, method by method.

    Args:
        study: run with `keep_maps="all"`.
        images: places among the study's images, from 0.
        methods: labels; None for all.
        architectures: labels; None for all.
        singles: how many members are shown alone, the first ones; all if there are fewer.

    Raises:
        UsageError: no members' maps were kept, or there is no such image, method or architecture.
    """
    cells = signed_cells(study, architectures=architectures, methods=methods)
    there = len(study.result["images"])
    if not images or not all(0 <= image < there for image in images):
        raise UsageError(f"images {list(images)} of {study.folder}: choose places from 0 to {there - 1}")
    maps = {(own["architecture"], own["method"]): study.member_maps(own) for own in cells if own["status"] == "ok"}
    pictures = study.pictures
    names = dict.fromkeys(cell["architecture"] for cell in cells)
    return [
        _row(study, cell, pictures[image], maps.get((name, cell["method"])), image=image, singles=singles)
        for name in names
        for image in images
        for cell in cells
        if cell["architecture"] == name
    ]


def unit_maps(maps: Float[np.ndarray, "E c h w"]) -> Float[np.ndarray, "E c h w"]:
    """Return each map divided by its L2 norm over channels and pixels, in float64; zero maps stay zero.

    NaN stays where it is, and the norm is that of the rest.

    >>> import numpy as np
    >>> unit_maps(np.array([3.0, 4.0, 0.0, 0.0]).reshape(2, 1, 1, 2)).ravel().tolist()
    [0.6, 0.8, 0.0, 0.0]
    """
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line

    maps = maps.astype(np.float64)
    norms = np.sqrt(np.nansum(maps**2, axis=(1, 2, 3), keepdims=True))
    return maps / np.where(norms > 0, norms, 1.0)


def colour_limit(tiles: Sequence[Float[np.ndarray, "h w"]]) -> float:
    """Return the `CLIP`-th percentile of |value| over maps; of sparse ones, where that is 0, the largest; else 0.

    >>> import numpy as np
    >>> colour_limit([np.array([[-2.0, 1.0]]), np.array([[np.nan, 2.0]])])
    2.0
    """
    import numpy as np  # noqa: PLC0415 - as above

    values = np.concatenate([np.abs(tile).ravel() for tile in tiles]) if tiles else np.zeros(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0
    return float(np.percentile(values, CLIP)) or float(values.max())


def tidy(rows: Sequence[Row]) -> pd.DataFrame:
    """Return the drawn maps, a row per pixel: the keys, column, y, x, value; the pictures' own pixels are left out."""
    import numpy as np  # noqa: PLC0415 - as above
    import pandas as pd  # noqa: PLC0415 - as above

    frames = []
    for row in rows:
        for column, values in row.tiles.items():
            y, x = np.indices(values.shape)
            cells = {"y": y.ravel(), "x": x.ravel(), "value": values.ravel()}
            frames.append(pd.DataFrame({**row.keys, "column": column, **cells}))
    columns = [*(rows[0].keys if rows else ()), "column", "y", "x", "value"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _row(
    study: Study,
    cell: Cell,
    picture: UInt8[np.ndarray, "C H W"],
    members: xr.DataArray | None,
    *,
    image: int,
    singles: int,
) -> Row:
    about = study.result["images"][image]
    keys = {name: cell[name] for name in ("dataset", "architecture", "method")}
    keys |= {"image": about["name"], "class": study.result["dataset"]["classes"][about["label"]]}
    own: dict[str, Any] = {"keys": keys, "members": cell["members"], "picture": picture}
    if members is None:
        return Row(**own, tiles={}, norm=float("nan"), reason=str(cell["reason"]))
    maps = members.isel(image=image)
    if "draw" in maps.dims:
        maps = maps.mean("draw", skipna=False)
    tiles, norm = _tiles(maps.to_numpy(), singles)
    return Row(**own, tiles=tiles, norm=norm)


def _tiles(maps: Float[np.ndarray, "E c h w"], singles: int) -> tuple[dict[str, Any], float]:
    import numpy as np  # noqa: PLC0415 - as above

    unit = unit_maps(maps)
    mean = unit.mean(0)
    norm = float(np.sqrt(np.nansum(mean**2)))
    tiles = {f"member {e}": unit[e].sum(0) for e in range(min(singles, len(unit)))}
    tiles[MEAN] = mean.sum(0)
    tiles[MEAN_AT_UNIT_NORM] = mean.sum(0) / (norm if norm > 0 else 1.0)
    return tiles, norm
