"""Gram matrices of a run on disk: every figure of any subset of members follows from them, without the maps.

`RUN/gram/ARCHITECTURE/METHOD-KEY.safetensors` holds for each view `[B, E, E]`, and of a stochastic method the
products between draws too, `[B, E, D, E, D]`, under "VIEW.crossed".
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import DamagedFileError, write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor


def save_grams(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write the Gram matrices of one architecture and method, float64, by name, with their checksum and their file's.

    Raises:
        UsageError: if the place is read-only or full.
    """
    from safetensors.torch import save  # noqa: PLC0415 - torch stays off the import path of the command line

    whole = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    write_bytes(path, save(whole, metadata={"sum": _sum(path.name, whole)}))


def load_grams(path: Path) -> dict[str, Tensor]:
    """Return the Gram matrices that `save_grams` wrote, by name.

    Raises:
        DamagedFileError: if it is damaged, or was written under another name.
        UsageError: if it cannot be read.
    """
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - as above

    try:
        with safe_open(path, framework="pt") as file:
            written_sum = (file.metadata() or {}).get("sum")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise UsageError(f"{path} cannot be read; {AGAIN}") from error
    if written_sum != _sum(path.name, tensors):
        raise DamagedFileError(f"{path} is damaged, or of another method or run; {AGAIN}")
    return tensors


def _sum(name: str, tensors: Mapping[str, Tensor]) -> str:
    """Return the hash of a file's name, and of the names, kinds, shapes and bytes of its tensors."""
    about = [[key, str(tensor.dtype), list(tensor.shape)] for key, tensor in sorted(tensors.items())]
    digest = hashlib.sha256(json.dumps([name, about]).encode())
    for _, tensor in sorted(tensors.items()):
        digest.update(tensor.numpy().data)
    return digest.hexdigest()


AGAIN = "run the same bench again, which finds its members and maps"
