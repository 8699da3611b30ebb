"""The rows of a gallery of maps: for each a picture, single members' maps and their averages, from a study.

Every member's map of an image is divided by its L2 norm before anything else (`averages`). The mean of such maps is
*not* scaled up again: its norm is sqrt(c + (1 - c) / E), with c the mean cosine between members' maps, so that on a
scale shared with single maps the mean is the paler the more the members disagree. A mostly noisy mean is then too pale
to see. So the mean is shown a second time, at the norm of a single map, on the same colour scale. That scale also shows
the standard deviation of the members' maps at each pixel, and the pixels of the mean that exceed such noise.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.averages import MEAN, MEAN_AT_UNIT_NORM, NOISE, SIGNIFICANT, colour_limit
from saliencynoise.engine.study_maps import group_of
from saliencynoise.interfaces import UsageError
from saliencynoise.records.cell import Cell
from saliencynoise.records.writing import json_of
from saliencynoise.statistics.draws import own_draws

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import xarray as xr
    from jaxtyping import Bool, Float, UInt8

    from saliencynoise.engine.study import Study


AVERAGES = (MEAN, MEAN_AT_UNIT_NORM, NOISE, SIGNIFICANT)
"""The columns after the single members."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TileRow:
    """A row of a gallery.

    Attributes:
        keys: data set, architecture, method, image and its class.
        members: E, of the mean.
        picture: `[C, H, W]`, C of 1 or 3; None where the study has no pictures.
        tiles: `[h, w]` by column, channels summed: "member 0", ..., then some of `AVERAGES`; none of a failed cell.
        norm: of the mean of unit-norm maps, 0 to 1, over channels and pixels; NaN if the cell failed.
        significant_pixels: `[h, w]`, the pixels with at least one significant channel of the mean; None if not wanted.
        share: of significant values among all pixels of all channels, as in a study's table; NaN if not asked for.
        reason: why the cell failed; empty if it did not.
    """

    keys: Mapping[str, str]
    members: int
    picture: UInt8[np.ndarray, "C H W"] | None
    tiles: Mapping[str, Float[np.ndarray, "h w"]]
    norm: float
    significant_pixels: Bool[np.ndarray, "h w"] | None = None
    share: float = float("nan")
    reason: str = ""

    @property
    def scale(self) -> float:
        """The end of the signed maps' colour scale, on both sides of zero; 0 if all of them are zero or NaN."""
        return colour_limit([values for name, values in self.tiles.items() if name != NOISE])


def check_images(study: Study, images: Sequence[int]) -> None:
    """Refuse indices outside the study's images.

    Raises:
        UsageError: it names the valid indices.
    """
    available = len(study.result.images)
    if not images or not all(0 <= image < available for image in images):
        raise UsageError(f"images {list(images)} of {study.folder}: choose places from 0 to {available - 1}")


def pictures_of(tree: xr.DataTree, images: Sequence[int]) -> dict[int, UInt8[np.ndarray, "C H W"]]:
    """Return the pictures at these indices of a study whose maps are open."""
    pixels: Any = tree["images"]["pixels"]
    return {image: pixels.isel(image=image).to_numpy() for image in images}


def keys_of(study: Study, cell: Cell, image: int) -> dict[str, str]:
    """Return the keys of a map: data set, architecture, method, image and its class, empty where it has no label."""
    record = study.result.images[image]
    keys = {name: str(getattr(cell, name)) for name in ("dataset", "architecture", "method")}
    return keys | {"image": record.name, "class": study.result.class_of(record) or ""}


def member_maps(study: Study, tree: xr.DataTree, cell: Cell, *, image: int) -> Float[np.ndarray, "E c h w"]:
    """Return all members' raw maps of an image, averaged over draws; lists of values as `[E, 1, 1, P]`.

    Args:
        study: whose maps these are.
        tree: its maps, open.
        cell: one that is "ok".
        image: its place.

    Raises:
        UsageError: if none were kept.
    """
    group = group_of(tree, cell)
    if "maps" not in group:
        raise UsageError(f"{study.folder} kept no members' maps; run the same bench again with --keep-maps all")
    maps = group["maps"].isel(image=image)
    if "draw" in maps.dims:
        maps = maps.isel(draw=own_draws(maps.sizes["draw"])).mean("draw", skipna=False)
    values: np.ndarray = maps.to_numpy()
    return values if values.ndim == 4 else values[:, None, None]


def tidy(rows: Sequence[TileRow]) -> pd.DataFrame:
    """Return the drawn maps, a row per pixel: the keys, column, y, x, value; the pictures' own pixels are left out.

    In the column "significant", 0 is a pixel that is not significant.
    """
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line
    import pandas as pd  # noqa: PLC0415 - as above

    frames = []
    for row in rows:
        for column, values in row.tiles.items():
            y, x = np.indices(values.shape)
            cells = {"y": y.ravel(), "x": x.ravel(), "value": values.ravel()}
            frames.append(pd.DataFrame({**row.keys, "column": column, **cells}))
    columns = [*(rows[0].keys if rows else ()), "column", "y", "x", "value"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def facts(rows: Sequence[TileRow]) -> pd.DataFrame:
    """Return the facts of each row: keys, members, norm, share, end of the scale, reason of a failure."""
    import pandas as pd  # noqa: PLC0415 - as above

    return pd.DataFrame(
        [
            {**row.keys, "members": row.members, "norm": row.norm, "significant": row.share, "scale": row.scale}
            | {"reason": row.reason}
            for row in rows
        ]
    )


def arrays(rows: Sequence[TileRow]) -> bytes:
    """Return the drawn maps as the bytes of a compressed .npz, float32, for people to download.

    Of row 0: "00/picture" (uint8), "00/member_0", "00/mean", ..., "00/significant_pixels" (bool). "rows" holds a JSON
    text for each row: its keys, members, norm, share of significant values, the end of its scale, why it failed.
    """
    named: dict[str, np.ndarray] = {}
    for line, row in enumerate(rows):
        named |= {} if row.picture is None else {f"{line:02d}/picture": row.picture}
        named |= {f"{line:02d}/{name.replace(' ', '_')}": values for name, values in row.tiles.items()}
        if row.significant_pixels is not None:
            named[f"{line:02d}/significant_pixels"] = row.significant_pixels
    return packed(named, facts(rows))


def packed(named: Mapping[str, np.ndarray], about: pd.DataFrame) -> bytes:
    """Return arrays as the bytes of a compressed .npz, floats in float32; "rows" holds a JSON text for each fact."""
    import numpy as np  # noqa: PLC0415 - as above

    narrow = {name: values.astype(np.float32) if values.dtype.kind == "f" else values for name, values in named.items()}
    texts = [json.dumps(json_of(row)) for row in about.to_dict(orient="records")]
    buffer = io.BytesIO()
    np.savez_compressed(buffer, rows=np.array(texts, dtype=np.str_), **narrow)  # type: ignore[arg-type]
    return buffer.getvalue()
