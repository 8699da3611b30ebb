"""Foreign files of weights: opened without unpickling, and searched for state dictionaries."""

from __future__ import annotations

import argparse
import pickle
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from saliencynoise.interfaces import UsageError, one_line

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

DEEPEST = 12
"""The largest number of keys that lead to a state dictionary; deeper dictionaries are ignored."""

_NUMBERS = "?bhilqBHILQefd"
"""Letters of numpy's types of numbers."""


def open_file(path: Path) -> Any:
    """Return the content of a file in safetensors' or torch's format, on the CPU; nothing is unpickled.

    Beside tensors and plain values, an `argparse.Namespace` and numpy's scalars are read. They are in many files with
    weights, and restoring them runs no code of the file.

    Raises:
        UsageError: if it cannot be read, or holds other objects or a program.
    """
    return _safetensors(path) if path.suffix == ".safetensors" else _torch(path)


def _safetensors(path: Path) -> Any:
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - where it is needed only
    from safetensors.torch import load_file  # noqa: PLC0415 - as above

    try:
        tensors = load_file(path)
        with safe_open(path, framework="pt") as file:
            shared = file.metadata() or {}
        return {**{name: tensors[kept] for name, kept in shared.items() if kept in tensors}, **tensors}
    except (OSError, SafetensorError) as error:
        raise UsageError(f"checkpoints: {path} is no safetensors file that can be read: {one_line(error)}") from error


def _torch(path: Path) -> Any:
    _refuse_other(path)
    if _is_program(path):
        raise UsageError(
            f"checkpoints: {path} is a TorchScript archive, which holds a program, and programs are not run here; open "
            "it with torch.jit.load where it was made and save its `state_dict()` with torch.save or safetensors"
        )
    try:
        with torch.serialization.safe_globals(_allowed()):
            return torch.load(path, weights_only=True, map_location="cpu")
    except pickle.UnpicklingError as error:
        raise UsageError(
            f"checkpoints: {path} holds objects{_named(path)} that only unpickling could restore, which may run any "
            "code and is not done here; load it where it was made and save `model.state_dict()` alone, with torch.save "
            "or safetensors"
        ) from error
    except Exception as error:  # a damaged file can fail in any way
        raise UsageError(
            f"checkpoints: {path} is damaged, or neither a torch file nor named *.safetensors: {one_line(error)}"
        ) from error


def _refuse_other(path: Path) -> None:
    """Refuse a file that is neither a zip nor a pickle; torch's message would advise to allow arbitrary code."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise UsageError(f"checkpoints: cannot read {path}: {error.strerror}; name another file") from error
    if not head.startswith((b"PK\x03\x04", b"\x80")):
        raise UsageError(
            f"checkpoints: {path} is damaged, or neither a torch file nor named *.safetensors: it begins with "
            f"{head!r}; save `model.state_dict()` with torch.save or safetensors"
        )


def _allowed() -> list[Any]:
    """Return the types that a torch file may name beside tensors: they hold values and run no code."""
    kinds = [type(np.dtype(letter)) for letter in _NUMBERS]
    scalar = [(_number, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
    return [argparse.Namespace, np.dtype, *kinds, *scalar]


def _number(kind: np.dtype[Any], content: bytes = b"") -> Any:
    """Return a number as numpy's own `scalar` does; anything but a number is refused."""
    if kind.char not in _NUMBERS or len(content) != kind.itemsize:
        raise pickle.UnpicklingError(f"a numpy scalar of type {kind} is no number")
    return np.frombuffer(content, dtype=kind)[0]


def _is_program(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError):
        return False


def _named(path: Path) -> str:
    """Return the first types that a file names, in brackets, or nothing where they cannot be listed."""
    try:
        types = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # noqa: BLE001 - older formats have no such list, and damage ends it in many ways
        return ""
    return f" ({some(types)})" if types else ""


def state_dicts(loaded: object, path: Path) -> dict[tuple[str, ...], dict[str, Tensor]]:
    """Return the tensors of every dictionary that has some, by the keys that lead to it: none for the file itself.

    Args:
        loaded: the result of `open_file`.
        path: of the file, for errors.

    Raises:
        UsageError: if a dictionary holds itself, or none holds a tensor.
    """
    dictionaries = {}
    for keys, container in _containers(loaded, (), [], set(), path):
        tensors = {str(name): value for name, value in _entries(container) if isinstance(value, torch.Tensor)}
        if tensors and isinstance(container, Mapping):
            dictionaries[keys] = tensors
    if not dictionaries:
        inside = f" with the keys {some(map(str, loaded))}" if isinstance(loaded, Mapping) and loaded else ""
        raise UsageError(
            f"checkpoints: {path} holds a {type(loaded).__name__}{inside} and no state dictionary, neither itself nor "
            "under any key; save `model.state_dict()`"
        )
    return dictionaries


def _containers(
    value: object, keys: tuple[str, ...], around: list[int], seen: set[int], path: Path
) -> Iterator[tuple[tuple[str, ...], Mapping[Any, Any] | Sequence[Any]]]:
    """Yield the dictionaries and lists in `value`, the outer ones first, each once."""
    if not isinstance(value, Mapping | list | tuple) or len(keys) > DEEPEST:
        return
    if id(value) in around:
        raise UsageError(
            f"checkpoints: {path} holds a dictionary or list that holds itself, under {'.'.join(keys)}; save "
            "`model.state_dict()` alone"
        )
    if id(value) in seen:
        return
    seen.add(id(value))
    yield keys, value
    for key, inner in _entries(value):
        yield from _containers(inner, (*keys, str(key)), [*around, id(value)], seen, path)


def _entries(container: Mapping[Any, Any] | Sequence[Any]) -> Iterable[tuple[Any, Any]]:
    return container.items() if isinstance(container, Mapping) else enumerate(container)


def some(names: Iterable[str]) -> str:
    """Return the first three names and how many more there are.

    >>> some("abcde")
    'a, b, c and 2 more'
    """
    every = list(names)
    more = f" and {len(every) - 3} more" if len(every) > 3 else ""
    return ", ".join(every[:3]) + more
