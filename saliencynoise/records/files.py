"""The files of a result, and the paths of the maps among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated

from msgspec import Meta

from saliencynoise.records.common import MOST, Name, Record, Shape
from saliencynoise.store.atomic import slug_of

Sum = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
"""The sha256 of a file."""

Files = dict[str, Sum]
"""The checksum of each file of a result, by its path in the run's folder."""


PICTURES = "maps/images.safetensors"
"""Path of the attributed images in the run's folder."""


class StoredChunk(Record, frozen=True, kw_only=True):
    """Consecutive images whose maps are in one file of each member."""

    file: Name
    images: Annotated[int, Meta(ge=1, le=MOST)]


class StoredMaps(Record, frozen=True, kw_only=True):
    """The paths of the maps of an architecture and method; `draws` is empty where no member's maps were kept."""

    architecture: Name
    method: Name
    shape: Shape
    marginal: Name
    draws: tuple[Name, ...]
    chunks: tuple[StoredChunk, ...]


def map_path(architecture: str, method: str) -> str:
    """Return the path of the maps of an architecture and method, by display names, in xarray's trees."""
    return f"{slug_of(architecture)}/{slug_of(method)}"


def member_file(draw: str, member: int, file: str) -> str:
    """Return the path of a member's maps of a chunk in the run's folder.

    >>> member_file("maps/pool/lime/own-0", 3, "chunk-0000-ab.safetensors")
    'maps/pool/lime/own-0/member-0003/chunk-0000-ab.safetensors'
    """
    return f"{draw}/member-{member:04d}/{file}"


def wrong_file(files: Files) -> str | None:
    """Return a message on a path that leads out of the run's folder, or None."""
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\0" in name or not path.parts:
            return f"files has '{name}', which leads out of the folder"
    return None


def wrong_maps(maps: Sequence[StoredMaps], files: Files, *, members: Mapping[str, int], images: int) -> str | None:
    """Return a message on maps that are not among the files, or not of these members and images, or None.

    Args:
        maps: maps of a result.
        files: files of the result.
        members: number of members by display name of the architecture.
        images: number of attributed images.
    """
    for index, entry in enumerate(maps):
        if entry.architecture not in members:
            return f"maps[{index}].architecture is '{entry.architecture}', which is none of the architectures"
        if entry.draws and sum(chunk.images for chunk in entry.chunks) != images:
            return f"maps[{index}].chunks are not of {images} images"
        lacking = [name for name in _names(entry, members[entry.architecture]) if name not in files]
        if lacking:
            return f"maps[{index}] names '{lacking[0]}', which is none of the files"
    return None


def _names(maps: StoredMaps, members: int) -> list[str]:
    return [maps.marginal] + [
        member_file(draw, member, chunk.file)
        for draw in maps.draws
        for member in range(members)
        for chunk in maps.chunks
    ]
