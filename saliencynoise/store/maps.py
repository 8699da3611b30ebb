"""Maps of a run on disk: one safetensors file per (member, architecture, method, chunk of images).

`RUN/maps/ARCHITECTURE/METHOD-KEY/` holds `member-0003/chunk-0000.safetensors` and, per member,
`member-0003.json` with the checksum of each chunk and of the weights that it was computed with.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.store.atomic import read_json, sha256_of, write_bytes, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor


DIAGNOSTIC = "diagnostic."
"""Prefix of the name of a diagnostic in a file of maps."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Consecutive attributed images that are computed, stored and verified together.

    Attributes:
        index: number of the chunk, from 0.
        key: hash of the data set, the precision, the names of the images and their targets.
        rows: indices of its images among the attributed images.
    """

    index: int
    key: str
    rows: tuple[int, ...]

    @property
    def file(self) -> str:
        """The name of the file of its maps, in a folder for each member."""
        return f"chunk-{self.index:04d}-{self.key}.safetensors"


class MapStore:
    """The maps of one architecture and method."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, member: int, weights_sha256: str, chunk: Chunk) -> bool:
        """Whether a chunk's maps, of these weights, are there and pass their checksum."""
        entry = self._manifest(member, weights_sha256).get(chunk.key)
        return entry is not None and sha256_of(self.path(member, chunk)) == entry["sha256"]

    def save(
        self,
        member: int,
        weights_sha256: str,
        chunk: Chunk,
        values: Tensor,
        *,
        seconds: float,
        diagnostics: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Write a chunk's maps `[B, c, h, w]` and diagnostics `[B]`, then the checksum and the seconds they took.

        Raises:
            UsageError: if the place is read-only or full.
        """
        from safetensors.torch import save  # noqa: PLC0415 - torch stays off the import path of the command line

        tensors = {
            "values": values,
            **{DIAGNOSTIC + name: diagnostic for name, diagnostic in (diagnostics or {}).items()},
        }
        content = save({name: tensor.detach().float().cpu().contiguous() for name, tensor in tensors.items()})
        entry = {"sha256": write_bytes(self.path(member, chunk), content), "seconds": seconds}
        chunks = {**self._manifest(member, weights_sha256), chunk.key: entry}
        write_json(self._manifest_path(member), {"weights_sha256": weights_sha256, "chunks": chunks})

    def load(self, member: int, chunk: Chunk) -> Tensor:
        """Return a chunk's maps, `[B, c, h, w]`."""
        from safetensors.torch import load_file  # noqa: PLC0415 - as above

        return load_file(self.path(member, chunk))["values"]

    def shape(self, member: int, chunk: Chunk) -> tuple[int, ...]:
        """Return the shape of a chunk's maps, which are not read."""
        from safetensors import safe_open  # noqa: PLC0415 - as above

        with safe_open(self.path(member, chunk), framework="pt") as file:
            return tuple(file.get_slice("values").get_shape())

    def diagnostics(self, member: int, chunk: Chunk) -> dict[str, Tensor]:
        """Return the method's diagnostics of a chunk's images by name, `[B]` each."""
        from safetensors import safe_open  # noqa: PLC0415 - as above

        with safe_open(self.path(member, chunk), framework="pt") as file:
            names = [name for name in file.keys() if name.startswith(DIAGNOSTIC)]  # noqa: SIM118 - no mapping
            return {name.removeprefix(DIAGNOSTIC): file.get_tensor(name) for name in names}

    @contextmanager
    def reading(self, members: Sequence[int], chunk: Chunk) -> Iterator[Callable[[int], Tensor]]:
        """Open a chunk of all members; yield a function that reads the maps `[E, c, h, w]` of the image at an index."""
        from safetensors import safe_open  # noqa: PLC0415 - as above
        from torch import stack  # noqa: PLC0415 - as above

        with ExitStack() as files:
            slices = [
                files.enter_context(safe_open(self.path(member, chunk), framework="pt")).get_slice("values")
                for member in members
            ]
            yield lambda index: stack([values[index] for values in slices])

    def seconds(self, member: int, weights_sha256: str, chunk: Chunk) -> float:
        """Return the seconds of the pass that computed a chunk's maps; other methods may have shared the pass."""
        return float(self._manifest(member, weights_sha256)[chunk.key]["seconds"])

    def sha256(self, member: int, weights_sha256: str, chunk: Chunk) -> str:
        """Return the checksum of a chunk's file, as it was written."""
        return str(self._manifest(member, weights_sha256)[chunk.key]["sha256"])

    def remove_members(self, count: int) -> None:
        """Delete the maps of members 0 to `count` - 1; other files in the folder stay."""
        for member in range(count):
            shutil.rmtree(self.folder / f"member-{member:04d}", ignore_errors=True)
            self._manifest_path(member).unlink(missing_ok=True)

    def _manifest(self, member: int, weights_sha256: str) -> Mapping[str, Any]:
        document = read_json(self._manifest_path(member))
        if not isinstance(document, dict) or document.get("weights_sha256") != weights_sha256:
            return {}
        chunks = document.get("chunks")
        entries = chunks.items() if isinstance(chunks, dict) else ()
        return {
            key: entry for key, entry in entries if isinstance(entry, dict) and {"sha256", "seconds"} <= entry.keys()
        }

    def _manifest_path(self, member: int) -> Path:
        return self.folder / f"member-{member:04d}.json"

    def path(self, member: int, chunk: Chunk) -> Path:
        """Return the path of a member's maps of a chunk."""
        return self.folder / f"member-{member:04d}" / chunk.file


def missing_chunks(store: MapStore, member: int, weights_sha256: str, chunks: Sequence[Chunk]) -> tuple[Chunk, ...]:
    """Return the chunks whose maps are still to be computed."""
    return tuple(chunk for chunk in chunks if not store.has(member, weights_sha256, chunk))
