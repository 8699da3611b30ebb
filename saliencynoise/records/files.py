"""Which files a result consists of, and where among them the maps lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any, TypedDict

from msgspec import Meta

from saliencynoise.records.common import MOST, Name, Shape
from saliencynoise.store.atomic import slug_of

Sum = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
"""The sha256 of a file."""

Files = dict[str, Sum]
"""The checksum of each file of a result, by its path in the run's folder."""


PICTURES = "maps/images.safetensors"
"""Where the attributed images lie."""


class StoredChunk(TypedDict):
    """Consecutive images whose maps lie in one file of each member."""

    file: Name
    images: Annotated[int, Meta(ge=1, le=MOST)]


class StoredMaps(TypedDict):
    """Where the maps of an architecture and method lie; `draws` is empty where no member's maps were kept."""

    architecture: Name
    method: Name
    shape: Shape
    marginal: Name
    draws: list[Name]
    chunks: list[StoredChunk]


def map_path(cell: Mapping[str, Any]) -> str:
    """Return by which name xarray's trees have the maps of a cell: its architecture's and its method's."""
    return f"{slug_of(cell['architecture'])}/{slug_of(cell['method'])}"


def member_file(draw: str, member: int, file: str) -> str:
    """Return where a member's maps of a chunk lie in the run's folder.

    >>> member_file("maps/pool/lime/own-0", 3, "chunk-0000-ab.safetensors")
    'maps/pool/lime/own-0/member-0003/chunk-0000-ab.safetensors'
    """
    return f"{draw}/member-{member:04d}/{file}"


def wrong_file(files: Files) -> str | None:
    """Return in words which path leads out of the run's folder, or None."""
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\0" in name or not path.parts:
            return f"files has '{name}', which leads out of the folder"
    return None


def wrong_maps(maps: Sequence[StoredMaps], files: Files, *, members: Mapping[str, int], images: int) -> str | None:
    """Return in words which maps are not among the files, or not of these members and images, or None.

    Args:
        maps: of a result.
        files: its files.
        members: how many each architecture has, by label.
        images: how many are attributed.
    """
    for place, own in enumerate(maps):
        if own["architecture"] not in members:
            return f"maps[{place}].architecture is '{own['architecture']}', which is none of the architectures"
        if own["draws"] and sum(chunk["images"] for chunk in own["chunks"]) != images:
            return f"maps[{place}].chunks are not of {images} images"
        lacking = [name for name in _names(own, members[own["architecture"]]) if name not in files]
        if lacking:
            return f"maps[{place}] names '{lacking[0]}', which is none of the files"
    return None


def _names(maps: StoredMaps, members: int) -> list[str]:
    return [maps["marginal"]] + [
        member_file(draw, member, chunk["file"])
        for draw in maps["draws"]
        for member in range(members)
        for chunk in maps["chunks"]
    ]
