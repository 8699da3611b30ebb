"""Sources of maps: the reduction reads the maps of all members from one, whatever made them and wherever they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import torch

from saliencynoise.engine.failures import FailedCellError

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.records.study import Layout
    from saliencynoise.store.maps import Chunk, MapStore


class MapSource(Protocol):
    """The maps of some members on some items, of one method.

    The maps are read several times, item by item, so that those of one chunk of items are in memory at once.
    """

    @property
    def members(self) -> int:
        """Number of members, E."""

    @property
    def draws(self) -> int:
        """Number of draws, D."""

    @property
    def shared_draw(self) -> bool:
        """Whether all members have the same random numbers in the second draw; in the others each has its own."""

    @property
    def items(self) -> int:
        """Number of images or other items, B."""

    @property
    def layout(self) -> Layout:
        """Whether a map is a grid of places, `[c, h, w]`, or a list of values without places, `[1, 1, P]`."""

    def maps(self) -> Iterator[Float[Tensor, "E D c h w"]]:
        """Yield the raw maps of all members item by item, on the CPU, in their own floating precision.

        Raises:
            FailedCellError: if the maps cannot be read as one array, as maps of two sizes.
        """

    def block(self, member: int, draw: int, rows: slice) -> Float[Tensor, "n c h w"]:
        """Return the raw maps of consecutive items of a member, on the CPU, to be stored."""

    def diagnostics(self) -> Mapping[str, Float[Tensor, "D E B"]]:
        """Return the method's checks of its maps, by name; empty where there are none."""


class StoredSource:
    """The maps of a bench's members in their stores, one for each draw."""

    layout: Layout = "picture"
    shared_draw = True

    def __init__(self, stores: Sequence[MapStore], members: Sequence[int], chunks: Sequence[Chunk]) -> None:
        self._stores, self._members, self._chunks = stores, members, chunks
        self.members, self.draws, self.items = len(members), len(stores), sum(len(chunk.rows) for chunk in chunks)

    def maps(self) -> Iterator[Float[Tensor, "E D c h w"]]:
        """Yield the members' maps image by image, so that the maps of no two images are in memory together."""
        for chunk in self._chunks:
            with ExitStack() as files:
                readers = [files.enter_context(store.reading(self._members, chunk)) for store in self._stores]
                self._refuse_sizes(chunk)
                for index in range(len(chunk.rows)):
                    yield torch.stack([read(index) for read in readers], 1)

    def block(self, member: int, draw: int, rows: slice) -> Float[Tensor, "n c h w"]:
        """Return the maps of consecutive images of a member."""
        store = self._stores[draw]
        return torch.cat([store.load(self._members[member], chunk) for chunk in self._chunks])[rows]

    def diagnostics(self) -> Mapping[str, Float[Tensor, "D E B"]]:
        """Return the method's diagnostics of its maps, by name."""
        by_store = [
            [[store.diagnostics(e, chunk) for chunk in self._chunks] for e in self._members] for store in self._stores
        ]
        # an earlier version may have left some of the maps, with other diagnostics
        names = [
            name
            for name in by_store[0][0][0]
            if all(name in diagnostics for rows in by_store for row in rows for diagnostics in row)
        ]
        return {
            name: torch.stack(
                [
                    torch.stack([torch.cat([diagnostics[name] for diagnostics in row]) for row in rows])
                    for rows in by_store
                ]
            )
            for name in names
        }

    def _refuse_sizes(self, chunk: Chunk) -> None:
        """Refuse maps of different sizes."""
        sizes = [(member, store.shape(member, chunk)[1:]) for store in self._stores for member in self._members]
        for member, size in sizes:
            if size != sizes[0][1]:
                expected, other = ("x".join(map(str, sides)) for sides in (sizes[0][1], size))
                raise FailedCellError(
                    f"the maps of member {member} are {other}, and those of member {sizes[0][0]} are {expected}; "
                    "a method's maps must have one size"
                )


class ArraySource:
    """Maps in memory, one tensor of all members.

    Args:
        values: `[E, D, B, c, h, w]`, raw; of lists of values `[E, D, B, 1, 1, P]`.
        layout: whether a map is a grid of places or a list of values.
        diagnostics: the method's checks of its maps by name, `[D, E, B]`.
        shared_draw: whether all members have the same random numbers in the second draw.
    """

    def __init__(
        self,
        values: Float[Tensor, "E D B c h w"],
        *,
        layout: Layout = "picture",
        diagnostics: Mapping[str, Float[Tensor, "D E B"]] | None = None,
        shared_draw: bool = True,
    ) -> None:
        self._values, self._diagnostics = values.detach(), dict(diagnostics or {})
        self.members, self.draws, self.items = values.shape[:3]
        self.layout: Layout = layout
        self.shared_draw = shared_draw

    def maps(self) -> Iterator[Float[Tensor, "E D c h w"]]:
        """Yield the maps of all members item by item."""
        for item in range(self.items):
            yield self._values[:, :, item].cpu()

    def block(self, member: int, draw: int, rows: slice) -> Float[Tensor, "n c h w"]:
        """Return the maps of consecutive items of a member."""
        return self._values[member, draw, rows].cpu()

    def diagnostics(self) -> Mapping[str, Float[Tensor, "D E B"]]:
        """Return the checks that were given."""
        return self._diagnostics
