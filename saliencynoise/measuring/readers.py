"""Readers of one member's maps: item by item, from memory or from a file, with one rule for number formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.measuring.layout import Fitted
    from saliencynoise.records.study import Layout

BLOCK = 1 << 23
"""The most values of all members in a block that is read at once: 32 MiB in float32."""

LARGEST_WHOLE = 2**53
"""Whole numbers up to this one are exact in float64."""


class Reader(Protocol):
    """The maps of one member in one draw.

    Attributes:
        shape: `[B, ...]`.
        dtype: their number format in words, as "float32".
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of items, then the shape of a map."""

    @property
    def dtype(self) -> str:
        """The number format in words."""

    def read(self, rows: slice) -> Any:
        """Return the maps of consecutive items, as a numpy array or a tensor."""


@dataclass(frozen=True)
class ArrayReader:
    """Maps in an array or in a file that is sliced as an array: numpy, torch, xarray, Zarr.

    Attributes:
        values: has `shape`, `dtype` and slices.
        lead: the indices of the member, and of the draw if there are several, before the axis of items.
    """

    values: Any
    lead: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of items, then the shape of a map."""
        return tuple(int(side) for side in self.values.shape[len(self.lead) :])

    @property
    def dtype(self) -> str:
        """The number format in words."""
        dtype = self.values.dtype
        return str(getattr(dtype, "name", dtype)).removeprefix("torch.")

    def read(self, rows: slice) -> Any:
        """Return the maps of consecutive items."""
        return self.values[(*self.lead, rows)]


@dataclass(frozen=True)
class JoinedReader:
    """Maps whose items are in several files, one after another."""

    parts: tuple[Reader, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of items of all parts, then the shape of a map."""
        return (sum(part.shape[0] for part in self.parts), *self.parts[0].shape[1:])

    @property
    def dtype(self) -> str:
        """The number format of the first part."""
        return self.parts[0].dtype

    def read(self, rows: slice) -> Any:
        """Return the maps of consecutive items."""
        blocks, start = [], 0
        for part in self.parts:
            first, last = max(rows.start - start, 0), min(rows.stop - start, part.shape[0])
            if first < last:
                blocks.append(tensor_of(part.read(slice(first, last))))
            start += part.shape[0]
        return torch.cat(blocks)


def refuse_format(dtype: str, *, where: str) -> None:
    """Refuse values that are no real numbers.

    Raises:
        UsageError: naming the maps and their number format.
    """
    if dtype.startswith(("float8", "float4")):
        raise UsageError(f"{where}: the values are {dtype}, with which nothing is computed; turn them into float32")
    if dtype.startswith(("float", "bfloat", "longdouble", "int", "uint")):
        return
    hint = "nothing is unpickled; save them as an array of numbers" if dtype == "object" else "give real numbers"
    raise UsageError(f"{where}: the values are {dtype}; {hint}")


def tensor_of(values: Any) -> Tensor:
    """Return values as a tensor on the CPU, floating and without history.

    float16, bfloat16, float32 and float64 stay as they are. Whole numbers become float64, in which they are exact up to
    2^53; wider floating formats become float64, too.

    Raises:
        UsageError: if whole numbers are larger.
    """
    if isinstance(values, torch.Tensor):
        tensor = values.detach().cpu()
        return tensor if tensor.is_floating_point() else _whole(tensor.numpy())
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return _whole(array)
    narrow = array.astype(np.float64 if array.dtype.itemsize > 8 else array.dtype.newbyteorder("="), copy=False)
    return torch.from_numpy(narrow if narrow.flags.writeable and narrow.flags.c_contiguous else narrow.copy(order="C"))


def _whole(values: np.ndarray) -> Tensor:
    if values.size and max(abs(int(values.min())), abs(int(values.max()))) > LARGEST_WHOLE:
        raise UsageError("the maps have whole numbers beyond 2^53, which no floating format holds; scale them first")
    return torch.from_numpy(values.astype(np.float64))


class ReaderSource:
    """The maps of all members of a method, from a reader for each member and draw.

    A block of items is read at once, of `BLOCK` values or of one item.
    """

    def __init__(self, readers: Sequence[Sequence[Reader]], fitted: Fitted, *, shared_draw: bool) -> None:
        self._readers, self._fitted = readers, fitted
        self.members, self.draws, self.items = len(readers), len(readers[0]), readers[0][0].shape[0]
        self.layout: Layout = fitted.layout
        self.shared_draw = shared_draw

    def maps(self) -> Iterator[Float[Tensor, "E D c h w"]]:
        """Yield the maps of all members item by item."""
        step = max(1, BLOCK // (self.members * self.draws * self._fitted.size))
        for start in range(0, self.items, step):
            rows = slice(start, min(start + step, self.items))
            block = torch.stack(
                [torch.stack([self._read(reader, rows) for reader in of_member]) for of_member in self._readers]
            )
            yield from (block[:, :, index] for index in range(block.shape[2]))

    def block(self, member: int, draw: int, rows: slice) -> Float[Tensor, "n c h w"]:
        """Return the maps of consecutive items of a member."""
        return self._read(self._readers[member][draw], rows)

    def diagnostics(self) -> Mapping[str, Float[Tensor, "D E B"]]:
        """Return nothing: a method's checks are not known of maps alone."""
        return {}

    def _read(self, reader: Reader, rows: slice) -> Float[Tensor, "n c h w"]:
        return self._fitted.of(tensor_of(reader.read(rows)))
