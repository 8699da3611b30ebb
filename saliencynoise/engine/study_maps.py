"""The maps of a study in xarray, read from the hashed files when they are used.

The export `maps.zarr` is for people; nothing here reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from saliencynoise.engine.named_maps import MapTree
from saliencynoise.interfaces import UsageError
from saliencynoise.records.files import PICTURES, map_path, member_file
from saliencynoise.store.export import DIMENSIONS
from saliencynoise.store.run_files import AGAIN

if TYPE_CHECKING:
    from saliencynoise.records.cell import Cell
    from saliencynoise.records.files import StoredMaps
    from saliencynoise.records.study import MemberResult, StudyRecord
    from saliencynoise.store.run_files import RunFiles

Key = tuple[int | slice, ...]

VALUE = "value"
"""The dimension of maps that are lists of values; others have those of `DIMENSIONS`."""


def group_of(tree: xr.DataTree, cell: Cell) -> Any:
    """Return the group of a cell in `Study.maps`, which holds trees and arrays.

    Raises:
        UsageError: if the run kept none.
    """
    try:
        return tree[map_path(cell.architecture, cell.method)]
    except KeyError as error:
        raise UsageError(
            f"result.json lists no maps of {cell.method} on {cell.architecture}; run the same bench again with "
            "--keep-maps all"
        ) from error


def map_tree(result: StudyRecord, files: RunFiles) -> xr.DataTree:
    """Return the maps of a result: a group for each architecture and method, and any attributed images in `/images`.

    No file is read before a value is used.
    """
    groups = {map_path(stored.architecture, stored.method): _group(stored, result, files) for stored in result.maps}
    if PICTURES in result.files:
        places = _places_of(result.dataset.image_shape or (), result)
        groups["images"] = xr.Dataset({"pixels": _pictures(result, files)}, coords=places)
    return MapTree.from_dict(groups)


def as_large_as_pictures(maps: xr.DataArray, result: StudyRecord) -> xr.DataArray:
    """Return maps (..., y, x) in the size of the pictures, bilinearly, with the coordinates of their pixels.

    Raises:
        UsageError: if they are no maps of pictures.
    """
    import torch  # noqa: PLC0415 - when maps are enlarged

    from saliencynoise.statistics.localization import upsampled  # noqa: PLC0415 - as above

    shape = result.dataset.image_shape
    if shape is None or maps.dims[-2:] != DIMENSIONS[3:]:
        raise UsageError("these maps are not of pictures, so they cannot be upsampled; leave out upsample=True")
    if maps.shape[-2:] == shape[1:]:
        return maps
    values = upsampled(torch.as_tensor(maps.to_numpy()), (shape[1], shape[2])).numpy()
    kept = {name: own for name, own in maps.coords.items() if not set(own.dims) & set(DIMENSIONS[3:])}
    rows = dict(zip(DIMENSIONS[3:], map(np.arange, shape[1:]), strict=True))
    return xr.DataArray(values, dims=maps.dims, coords=kept | rows, attrs=maps.attrs, name=maps.name)


def _pictures(result: StudyRecord, files: RunFiles) -> xr.Variable:
    shape = (len(result.images), *(result.dataset.image_shape or ()))
    return _variable(DIMENSIONS[1:], shape, np.uint8, lambda key: _all_of(files, PICTURES, "pixels")[key])


def _group(stored: StoredMaps, result: StudyRecord, files: RunFiles) -> xr.Dataset:
    images = len(result.images)
    is_list = next(method.layout for method in result.methods if method.label == stored.method) == "values"
    size = (stored.shape[-1],) if is_list else stored.shape
    of_image = (DIMENSIONS[1], VALUE) if is_list else DIMENSIONS[1:]
    variables = {
        "marginal": _variable(
            of_image,
            (images, *size),
            np.float32,
            lambda key: _all_of(files, stored.marginal, "values").reshape(images, *size)[key],
        )
    }
    coordinates = _coordinates(stored, result) | ({} if is_list else _places_of(stored.shape, result))
    if is_list and len(result.dataset.features) == stored.shape[-1]:
        coordinates[VALUE] = list(result.dataset.features)
    if stored.draws:
        members = len(result.architecture(stored.architecture).members)
        dimensions, sizes = [DIMENSIONS[0]], [members]
        coordinates |= _about_members(result.architecture(stored.architecture).members)
        if len(stored.draws) > 1:
            dimensions, sizes = [*dimensions, "draw"], [*sizes, len(stored.draws)]
            coordinates["draw"] = [PurePosixPath(draw).name for draw in stored.draws]
        shape = (*sizes, images, *size)
        reader = _MemberMaps(stored, files, (*sizes, images, *stored.shape), values=is_list)
        variables["maps"] = _variable((*dimensions, *of_image), shape, np.float32, reader)
    attributes = {name: getattr(stored, name) for name in ("architecture", "method")} | {
        "aggregator": result.aggregator
    }
    return xr.Dataset(variables, coords=coordinates, attrs=attributes)


def _coordinates(stored: StoredMaps, result: StudyRecord) -> dict[str, Any]:
    """Return the coordinates of each image: its name, label, target, and the vote on it."""
    classes, images = result.dataset.classes, result.images
    name = result.architecture(stored.architecture).name
    about: dict[str, Any] = {"image": [image.name for image in images]}
    labels = [result.class_of(image) for image in images]
    if None not in labels:
        about["label"] = ("image", labels)
    for key, votes in (
        ("target", [image.target for image in images]),
        ("predicted", [image.predicted for image in images]),
    ):
        if all(name in vote for vote in votes):
            about[key] = ("image", [classes[vote[name]] for vote in votes])
    return about


def _about_members(members: Sequence[MemberResult]) -> dict[str, Any]:
    """Return the coordinates of the members: index, accuracy, and the seed of each stream, where they are known."""
    about: dict[str, Any] = {"member": [member.index for member in members]}
    if all(member.accuracy is not None for member in members):
        about["accuracy"] = ("member", [member.accuracy for member in members])
    for stream in members[0].seeds if members else ():
        if all(stream in member.seeds for member in members):
            about[f"seed_{stream}"] = ("member", [member.seeds[stream] for member in members])
    return about


def _places_of(shape: Sequence[int], result: StudyRecord) -> dict[str, Any]:
    """Return the coordinates of maps or pictures: names of channels, and rows and columns in pixels of the pictures.

    A value of a coarse map stands at the centre of the pixels that it covers. Channels have names where they are those
    of the pictures; a map that has none of them has the channel "all".
    """
    picture = result.dataset.image_shape
    if picture is None or len(shape) != 3:
        return {}
    about: dict[str, Any] = {
        name: (np.arange(size) + 0.5) * whole / size - 0.5
        for name, size, whole in zip(DIMENSIONS[3:], shape[1:], picture[1:], strict=True)
    }
    if shape[0] == picture[0] and shape[0] in CHANNELS:
        return {DIMENSIONS[2]: CHANNELS[shape[0]], **about}
    return {DIMENSIONS[2]: ["all"], **about} if shape[0] == 1 else about


CHANNELS = {1: ["grey"], 3: ["red", "green", "blue"]}
"""Names of the channels of pictures."""


class _MemberMaps:
    """Reader of some members' maps of some images; a file has those of one member, one draw and some images."""

    def __init__(self, stored: StoredMaps, files: RunFiles, shape: Sequence[int], *, values: bool) -> None:
        self._stored, self._files, self._shape, self._values = stored, files, shape, values

    def __call__(self, key: Key) -> np.ndarray:
        if self._values:  # a list has neither channels nor rows
            key = (*key[:-1], 0, 0, key[-1])
        several = len(self._stored.draws) > 1
        keys = key if several else (key[0], 0, *key[1:])
        images = self._shape[-4]
        members, draws, wanted = (
            _places(key_part, size)
            for key_part, size in zip(keys[:3], (self._shape[0], len(self._stored.draws), images), strict=True)
        )
        values = [[self._images(member, draw, wanted) for draw in draws] for member in members]
        maps = np.array(values, np.float32).reshape(len(members), len(draws), len(wanted), *self._stored.shape)
        return maps[tuple(0 if isinstance(key_part, int) else slice(None) for key_part in keys[:3]) + keys[3:]]

    def _images(self, member: int, draw: int, images: Sequence[int]) -> list[np.ndarray]:
        from safetensors import safe_open  # noqa: PLC0415 - when maps are read

        ends = list(accumulate(chunk.images for chunk in self._stored.chunks))
        maps: dict[int, np.ndarray] = {}
        for chunk, end in zip(self._stored.chunks, ends, strict=True):
            inside = [image for image in images if end - chunk.images <= image < end]
            if not inside:
                continue
            name = member_file(self._stored.draws[draw], member, chunk.file)
            with safe_open(path := self._files.path(name), framework="np") as file:
                values = file.get_slice("values")
                if values.get_shape() != [chunk.images, *self._stored.shape]:
                    raise UsageError(f"{path} holds maps of another size than its result.json says; {AGAIN}")
                maps |= {image: values[image - end + chunk.images] for image in inside}
        return [maps[image] for image in images]


def _places(key: int | slice, size: int) -> Sequence[int]:
    return range(size)[key] if isinstance(key, slice) else [range(size)[key]]


def _all_of(files: RunFiles, name: str, tensor: str) -> np.ndarray:
    from safetensors.numpy import load_file  # noqa: PLC0415 - as above

    values: np.ndarray = load_file(files.path(name))[tensor]
    return values


class Lazy(BackendArray):
    """An array whose values are read when they are used."""

    def __init__(self, shape: Sequence[int], dtype: Any, read: Callable[[Key], np.ndarray]) -> None:
        self.shape, self.dtype, self._read = tuple(shape), np.dtype(dtype), read

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._read)


def _variable(
    dimensions: Sequence[str], shape: Sequence[int], dtype: Any, read: Callable[[Key], np.ndarray]
) -> xr.Variable:  # fmt: skip
    return xr.Variable(dimensions, indexing.LazilyIndexedArray(Lazy(shape, dtype, read)))
