"""Maps for people: a Zarr group per architecture and method, which xarray opens as a DataTree.

The truth is `saliencynoise.store.maps`; this is a copy, written member by member so that no more than one
member's maps are in memory.
"""

from __future__ import annotations

import shutil
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.seeds import draw_name
from saliencynoise.store.atomic import cannot_write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from saliencynoise.store.maps import Chunk, MapStore

DIMENSIONS = ("member", "image", "channel", "y", "x")


@dataclass(frozen=True, kw_only=True)
class Group:
    """The maps of one architecture and method.

    Attributes:
        path: "architecture/method".
        stores: the members' maps, a store for each draw; none to export the marginal map only.
        members: number of members.
        chunks: chunks of the images.
        marginal: `[B, c, h, w]`.
        coordinates: values along "image", by name.
        attributes: attributes of the group, for readers of the export.
    """

    path: str
    stores: Sequence[MapStore]
    members: int
    chunks: Sequence[Chunk]
    marginal: Tensor
    coordinates: Mapping[str, Sequence[Any]]
    attributes: Mapping[str, Any]


def export_maps(path: Path, groups: Sequence[Group], pixels: Tensor) -> None:
    """Write all groups; an earlier export at `path` is replaced once the new one is complete.

    The group "images" holds the attributed images themselves, `pixels`, uint8 `[B, C, H, W]`.

    Raises:
        UsageError: if the place is read-only or full.
    """
    import zarr  # noqa: PLC0415 - kept off the import path of the command line

    temporary = path.with_name(f".{path.name}.tmp")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        root = zarr.open_group(temporary, mode="w", zarr_format=3)
        _write_images(root.require_group("images"), "pixels", pixels.numpy())
        for group in groups:
            _write(root.require_group(group.path), group)
        with warnings.catch_warnings():
            # Zarr 3 does not specify consolidated metadata yet; with it, xarray opens a tree quickly
            warnings.simplefilter("ignore", UserWarning)
            zarr.consolidate_metadata(temporary)
        shutil.rmtree(path, ignore_errors=True)
        temporary.rename(path)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise UsageError(cannot_write(path, error)) from error


def _write(target: Any, group: Group) -> None:
    target.attrs.update(dict(group.attributes))
    marginal = group.marginal.numpy()
    _write_images(target, "marginal", marginal)
    for name, values in group.coordinates.items():
        _coordinate(target, name, values)
    if group.stores:
        _write_members(target, group)


def _write_members(target: Any, group: Group) -> None:
    """Write `[member, image, channel, y, x]`; several draws after the member: own-0, shared-1 ..."""
    shape = tuple(group.marginal.shape)
    chunks = (len(group.chunks[0].rows), *shape[1:])  # as they are written
    draws = len(group.stores)
    several = (draws,) if draws > 1 else ()
    array = target.create_array(
        name="maps",
        shape=(group.members, *several, *shape),
        chunks=(1, *(1 for _ in several), *chunks),
        dtype="float32",
        dimension_names=(DIMENSIONS[0], *("draw" for _ in several), *DIMENSIONS[1:]),
    )
    if several:
        _coordinate(target, "draw", [draw_name(draw) for draw in range(draws)], along="draw")
    for chunk in group.chunks:
        rows = slice(chunk.rows[0], chunk.rows[-1] + 1)
        for member in range(group.members):
            for draw, store in enumerate(group.stores):
                position = (member, draw, rows) if several else (member, rows)
                array[position] = store.load(member, chunk).numpy()


def _write_images(target: Any, name: str, values: Any) -> None:
    """Write `[B, C, H, W]`."""
    array = target.create_array(name=name, shape=values.shape, dtype=values.dtype, dimension_names=DIMENSIONS[1:])
    array[...] = values


def _coordinate(target: Any, name: str, values: Sequence[Any], *, along: str = "image") -> None:
    import numpy as np  # noqa: PLC0415 - as above

    array = np.asarray(values)
    dtype = str if array.dtype.kind == "U" else array.dtype
    stored = target.create_array(name=name, shape=array.shape, dtype=dtype, dimension_names=(along,))
    stored[...] = array
