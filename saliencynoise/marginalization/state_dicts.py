"""Weights from files that somebody else wrote: read without unpickling, and given the names that they have here."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.interfaces import UsageError, one_line

if TYPE_CHECKING:
    from torch import Tensor

WRAPPINGS = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts put the weights, beside others (of which averaged weights are left alone)."""

PREFIXES = ("module.", "model.", "_orig_mod.", "network.")
"""What wrappers put before the name of every weight: data parallelism, Lightning, torch.compile, our timm plugin."""

COUNTER = "num_batches_tracked"
"""Of batch norms; older files lack it, and in eval mode it means nothing."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the weights in a file, safetensors or a torch state dictionary; on the CPU, and nothing is unpickled.

    Raises:
        UsageError: if it cannot be read, holds more than tensors and plain values, or no weights.
    """
    loaded = _safetensors(path) if path.suffix == ".safetensors" else _torch(path)
    while not _is_state(loaded):
        inner = [loaded[key] for key in WRAPPINGS if key in loaded] if isinstance(loaded, Mapping) else []
        if not inner:
            keys = f" with the keys {_some(map(str, loaded))}" if isinstance(loaded, Mapping) and loaded else ""
            raise UsageError(
                f"checkpoints: {path} holds a {type(loaded).__name__}{keys} and no state dictionary, neither itself "
                f"nor under {' or '.join(WRAPPINGS)}; save `model.state_dict()`"
            )
        loaded = inner[0]
    return dict(loaded)


def _safetensors(path: Path) -> Any:
    from safetensors import SafetensorError  # noqa: PLC0415 - where it is needed only
    from safetensors.torch import load_file  # noqa: PLC0415 - as above

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UsageError(f"checkpoints: {path} is no safetensors file that can be read: {one_line(error)}") from error


def _torch(path: Path) -> Any:
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except pickle.UnpicklingError as error:
        raise UsageError(
            f"checkpoints: {path} holds objects that only unpickling could restore, which may run any code and is not "
            "done here; load it where it was made and save `model.state_dict()` alone, with torch.save or safetensors"
        ) from error
    except Exception as error:  # a damaged file fails in as many ways as it can be damaged
        raise UsageError(
            f"checkpoints: {path} is damaged, or neither a torch file nor named *.safetensors: {one_line(error)}"
        ) from error


def _is_state(loaded: object) -> bool:
    return isinstance(loaded, Mapping) and bool(loaded) and all(isinstance(v, torch.Tensor) for v in loaded.values())


def without_prefix(names: Iterable[str]) -> dict[str, str]:
    """Return names, by what is left of them without the prefixes that all of them have.

    >>> without_prefix(["module.model.fc.bias", "module.model.fc.weight"])
    {'fc.bias': 'module.model.fc.bias', 'fc.weight': 'module.model.fc.weight'}
    """
    short = {name: name for name in names}
    while short:
        shared = next((prefix for prefix in PREFIXES if all(name.startswith(prefix) for name in short)), None)
        if shared is None:
            break
        short = {name.removeprefix(shared): whole for name, whole in short.items()}
    return short


def fitted(weights: Mapping[str, Tensor], network: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return weights from a file under the names, and so in the places, of a network's state dictionary.

    Raises:
        UsageError: if a name or a shape differs; it names the file, the first differences, and what may be the cause.
    """
    there, here = without_prefix(weights), without_prefix(network)
    found = {
        whole: weights[there[name]] if name in there else network[whole]
        for name, whole in here.items()
        if name in there or name.endswith(COUNTER)
    }
    missing = [name for name, whole in here.items() if whole not in found]
    unexpected = [name for name in there if name not in here]
    wrong = [name for name, whole in here.items() if whole in found and found[whole].shape != network[whole].shape]
    if missing or unexpected or wrong:
        shapes = [
            f"{name} {list(weights[there[name]].shape)} where the network has {list(network[here[name]].shape)}"
            for name in wrong
        ]
        lists = {"it lacks": missing, "the network lacks": unexpected, "it has": shapes}
        differences = "; ".join(f"{words} {_some(names)}" for words, names in lists.items() if names)
        raise UsageError(f"checkpoints: {path} does not fit the network: {differences}; {_cause(lists)}")
    return found


def _cause(lists: Mapping[str, list[str]]) -> str:
    if lists["it lacks"] or lists["the network lacks"]:
        return "name the --arch that the file was trained as, and what it was built with by --arch-arg"
    return (
        "the first number of the last layer's is the classes, the second of the first layer's the images' channels: "
        "where they differ, the data set is another than the file was trained for (networks that saw grey images in "
        "colour need --arch-arg in_chans=3); where others do, name the --arch-arg that it was built with"
    )


def _some(names: Iterable[str]) -> str:
    """Return the first three names and how many more there are."""
    every = list(names)
    more = f" and {len(every) - 3} more" if len(every) > 3 else ""
    return ", ".join(every[:3]) + more
