"""Gram matrices of a run on disk: every figure of any subset of members follows from them, without the maps.

`RUN/gram/ARCHITECTURE/METHOD-KEY.safetensors` holds for each view `[B, E, E]`, and of a stochastic method the
products between draws too, `[B, E, D, E, D]`, under "VIEW.crossed".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor


def save_grams(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write the Gram matrices of one architecture and method, float64, by name.

    Raises:
        UsageError: if the place is read-only or full.
    """
    from safetensors.torch import save  # noqa: PLC0415 - torch stays off the import path of the command line

    write_bytes(path, save({name: tensor.contiguous().clone() for name, tensor in tensors.items()}))


def load_grams(path: Path) -> dict[str, Tensor]:
    """Return what `save_grams` wrote.

    Raises:
        UsageError: if it is not there, or damaged.
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - as above
    from safetensors.torch import load_file  # noqa: PLC0415 - as above

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UsageError(
            f"{path} cannot be read; run the same bench again, which finds its members and maps"
        ) from error
