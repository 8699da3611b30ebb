"""A state dictionary in a foreign file is converted to a network's, by names and shapes, without conventions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.weights.files import open_file, some, state_dicts

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

USUAL = ("state_dict", "model_state_dict", "model", "module")
"""Keys that are taken first where several dictionaries of a file fit."""

AVERAGES = ("averaged", "average", "avg", "ema", "momentum", "polyak", "shadow", "swa", "teacher")
"""Words in the keys and prefixes of averages over the steps of a training, which are taken last."""

COUNTER = "num_batches_tracked"
"""Name of a counter of batch norms; older files lack it, and eval mode does not use it."""

TOOLS = ("total_ops", "total_params", "n_averaged")
"""Names of single numbers that tools add to the weights; single integers are counters under any name."""

DERIVED = {
    "parametrizations": "remove the parametrizations first, with torch.nn.utils.parametrize.remove_parametrizations",
    "base_layer": "merge the adapter before saving, in PEFT with merge_and_unload()",
}
"""Segments of tensors from which a module computes its weight, with the cure: such a tensor is not the weight."""

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
INTEGERS = (torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Weights of a network, out of a file.

    Attributes:
        weights: under the network's names.
        note: their location in the file and the ignored names, in words; empty for a plain state dictionary.
        outputs: number of outputs of the file's head, if the network's is not taken from it; None where it has none.
    """

    weights: Mapping[str, Tensor]
    note: str
    outputs: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One way to read a dictionary of a file as a network's.

    Attributes:
        keys: the keys that lead to the dictionary.
        prefix: the part before the names, without the last point.
        inside: segments that wrappers put into the names.
        names: name in the dictionary, by the network's name.
        within: names beside those that are the network's, under the prefix.
        beside: names without the prefix.
        tensors: the dictionary.
        doubles: names that become the network's name of another one, which is taken, without their segments.
        free: beginning of the names that may be missing, of any shape or more than the network's; "" for none.
    """

    keys: tuple[str, ...]
    prefix: str
    inside: tuple[str, ...]
    names: Mapping[str, str]
    within: tuple[str, ...]
    beside: tuple[str, ...]
    tensors: Mapping[str, Tensor]
    doubles: Mapping[str, str] = field(default_factory=dict)
    free: str = ""

    @property
    def label(self) -> str:
        """The keys and the prefix, joined by points: the value of the parameter `key` for this reading."""
        return ".".join(filter(None, (*self.keys, self.prefix)))

    def missing(self, network: Mapping[str, Tensor]) -> list[str]:
        """Return the network's names that are not there."""
        lacking = (name for name in network if name not in self.names and not name.endswith(COUNTER))
        return [name for name in lacking if not self.is_free(name)]

    def unexpected(self) -> list[str]:
        """Return the names that belong to another network; counters and single numbers of tools do not."""
        return [name for name in self.within if not _is_counter(name, self.tensors[name])]

    def derived(self) -> list[str]:
        """Return the names of tensors that are taken for weights and only part of what a weight is computed from."""
        taken = ((name, stored) for name, stored in self.names.items() if not self.is_free(name))
        return [stored for name, stored in taken if _derived_by(stored) and not _derived_by(name)]

    def misshapen(self, network: Mapping[str, Tensor]) -> list[str]:
        """Return the network's names whose tensors have other shapes there."""
        taken = ((name, stored) for name, stored in self.names.items() if not self.is_free(name))
        return [name for name, stored in taken if self.tensors[stored].shape != network[name].shape]

    def is_free(self, name: str) -> bool:
        """Return whether a name is of the head, which the file need not have."""
        return _starts(name, self.free)

    def fits(self, network: Mapping[str, Tensor]) -> bool:
        """Return whether all names and shapes are the network's."""
        odd = self.doubles or self.derived() or self.unexpected()
        return not (odd or self.missing(network) or self.misshapen(network))


def _starts(name: str, free: str) -> bool:
    return bool(free) and name.startswith(free)


def _is_counter(name: str, tensor: Tensor) -> bool:
    counts = not (tensor.is_floating_point() or tensor.is_complex()) or name.rpartition(".")[2] in TOOLS
    return counts and tensor.numel() == 1


def _derived_by(name: str) -> str:
    """Return the segment of `DERIVED` in a name; "" without one."""
    return next((part for part in name.split(".") if part in DERIVED), "")


def read_weights(
    path: Path,
    network: Mapping[str, Tensor],
    *,
    key: str | None = None,
    head: str | None = None,
    select: str = "checkpoints(files=...,key={key})",
) -> Fitted:
    """Return the weights in a file under the names, and so in the places, of a network's state dictionary.

    Every dictionary in the file is compared with the network, under every prefix that its names have, and without
    the segments that no name of the network has. `key` selects one of several that fit; without it the usual one is
    taken, and the note names the others.

    Args:
        path: the file.
        network: the network's state dictionary.
        key: the `Reading.label` of the weights to take.
        head: path of the network's head, whose weights are not taken: the file may have another one, or none.
        select: how a user takes another one of several that fit, with its `{key}`.

    Raises:
        UsageError: if the file cannot be read; if nothing in it fits, with the first differences of the closest
            dictionary; if the values have a type that weights do not have, or are not finite; if no reading has the
            key.
    """
    bare = _without_shared_lead(network)
    plain = {short: network[name] for short, name in bare.items()}
    free = _short_head(head, bare)
    readings = [
        reading
        for keys, tensors in state_dicts(open_file(path), path).items()
        for reading in _readings(keys, tensors, plain, free)
    ]
    fitting = _distinct([reading for reading in readings if reading.fits(plain)])
    chosen = _chosen(fitting, sorted(readings, key=lambda reading: _closeness(reading, plain), reverse=True), key, path)
    if not chosen.fits(plain):
        raise _misfit(chosen, plain, path)
    _check_values(chosen, plain, path)
    weights = {
        name: chosen.tensors[chosen.names[short]] if short in chosen.names else network[name]
        for short, name in bare.items()
        if not chosen.is_free(short)
    }
    return Fitted(weights=weights, note=_note(chosen, fitting, select), outputs=_outputs(chosen))


def _short_head(head: str | None, bare: Mapping[str, str]) -> str:
    """Return the beginning of the short names of a head; "" without one."""
    if head is None:
        return ""
    return next(
        (
            f"{short[: len(short) - len(name) + len(head)]}."
            for short, name in bare.items()
            if name.startswith(f"{head}.")
        ),
        "",
    )


def _outputs(reading: Reading) -> int | None:
    weight = reading.names.get(f"{reading.free}weight") if reading.free else None
    return None if weight is None else int(reading.tensors[weight].shape[0])


def _without_shared_lead(names: Iterable[str]) -> dict[str, str]:
    """Return names by their short form, without the first segments that all of them have.

    >>> _without_shared_lead(["network.fc.bias", "network.conv.weight"])
    {'fc.bias': 'network.fc.bias', 'conv.weight': 'network.conv.weight'}
    """
    short = {name: name for name in names}
    while short:
        (lead, *others) = {name.partition(".")[0] for name in short}
        if others or lead in short:
            break
        short = {name.partition(".")[2]: whole for name, whole in short.items()}
    return short


def _readings(
    keys: tuple[str, ...], tensors: Mapping[str, Tensor], network: Mapping[str, Tensor], free: str
) -> Iterator[Reading]:
    """Yield the ways to read a dictionary, the most names in common first: exact names, then without wrappers."""

    def reading(
        prefix: str,
        names: Mapping[str, str],
        inside: tuple[str, ...] = (),
        doubles: Mapping[str, str] | None = None,
    ) -> Reading:
        under = {*names.values(), *(doubles or ())}
        return Reading(
            keys=keys,
            prefix=prefix,
            inside=inside,
            names={short: name for short, name in names.items() if short in network},
            within=tuple(name for short, name in names.items() if short not in network and not _starts(short, free)),
            beside=tuple(name for name in tensors if name not in under),
            tensors=tensors,
            doubles=doubles or {},
            free=free,
        )

    prefixes = _prefixes(tensors, network)
    for prefix in (*prefixes, *([] if "" in prefixes else [""])):
        start = f"{prefix}." if prefix else ""
        yield reading(prefix, {name.removeprefix(start): name for name in tensors if name.startswith(start)})
    alien = _alien(tensors, network)
    for lead, groups in _without_segments(tensors, alien).items():
        names = {short: group[0] for short, group in groups.items()}
        prefix, known = ".".join(lead), [name for short, name in names.items() if short in network]
        if len(known) > prefixes.get(prefix, 0):
            inside = {part for name in known for part in name.split(".")[len(lead) :] if part in alien}
            taken = (group for short, group in groups.items() if short in network and not _starts(short, free))
            doubles = {name: group[0] for group in taken for name in group[1:]}
            yield reading(prefix, names, tuple(sorted(inside)), doubles)


def _prefixes(names: Iterable[str], network: Mapping[str, Tensor]) -> dict[str, int]:
    """Return the prefixes of the network's names in `names` with their counts, the most frequent first."""
    counts: Counter[str] = Counter()
    for name in names:
        parts = name.split(".")
        for cut in range(len(parts)):
            if ".".join(parts[cut:]) in network:
                counts[".".join(parts[:cut])] += 1
    return dict(counts.most_common())


def _alien(names: Iterable[str], network: Iterable[str]) -> frozenset[str]:
    """Return the words in `names` that no name of the network has; numbers count layers, and stay."""
    known = {part for name in network for part in name.split(".")}
    return frozenset(part for name in names for part in name.split(".") if part not in known and not part.isdecimal())


def _without_segments(names: Iterable[str], alien: frozenset[str]) -> dict[tuple[str, ...], dict[str, list[str]]]:
    """Return names by their short form without alien segments, grouped by their leading alien segments."""
    groups: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for name in names:
        parts = name.split(".")
        start = next((index for index, part in enumerate(parts) if part not in alien), len(parts))
        short = ".".join(part for part in parts[start:] if part not in alien)
        groups.setdefault(tuple(parts[:start]), {}).setdefault(short or name, []).append(name)
    return groups


def _distinct(fitting: Sequence[Reading]) -> list[Reading]:
    """Return readings of different weights, the usual one first and averages last."""
    ranked = sorted(fitting, key=lambda reading: (_is_average(reading.label), not _is_usual(reading.label)))
    different: list[Reading] = []
    for reading in ranked:
        if not any(_same(reading, other) for other in different):
            different.append(reading)
    return different


def _is_usual(label: str) -> bool:
    return all(part in USUAL for part in label.split(".") if part)


def _is_average(label: str) -> bool:
    """Return whether a word of a label names an average.

    >>> [_is_average(label) for label in ("state_dict_ema", "modelEMA.module", "teacher", "schema", "state_dict")]
    [True, True, True, False, False]
    """
    return any(word.lower() in AVERAGES for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", label))


def _same(left: Reading, right: Reading) -> bool:
    pairs = (
        (left.tensors[stored], right.tensors.get(right.names.get(name, ""))) for name, stored in left.names.items()
    )
    return all(
        other is None or value is other or (value.dtype == other.dtype and torch.equal(value, other))
        for value, other in pairs
    )


def _closeness(reading: Reading, network: Mapping[str, Tensor]) -> tuple[bool, int]:
    """Return a key that is larger for a reading nearer to the network: common names, or the size if these are few."""
    near = 2 * len(reading.names) >= len(network)
    return near, len(reading.names) if near else len(reading.names) + len(reading.within)


def _chosen(fitting: Sequence[Reading], readings: Sequence[Reading], key: str | None, path: Path) -> Reading:
    if key is None:
        return (*fitting, *readings)[0]
    for reading in (*fitting, *readings):
        if reading.label == key:
            return reading
    choices = [reading.label for reading in fitting if reading.label]
    advice = (
        f"weights that fit are under {' or '.join(choices)}"
        if choices
        else "the weights that fit are under no key; leave the key out"
    )
    raise UsageError(f"checkpoints: {path} holds no weights under key={key}; {advice if fitting else 'nothing fits'}")


def _misfit(reading: Reading, network: Mapping[str, Tensor], path: Path) -> UsageError:
    shapes = [
        f"{name} {list(reading.tensors[reading.names[name]].shape)} where the network has {list(network[name].shape)}"
        for name in reading.misshapen(network)
    ]
    missing, unexpected = reading.missing(network), reading.unexpected()
    if derived := reading.derived():
        return UsageError(
            f"checkpoints: {path} does not fit the network: it has {some(derived)}, from which the network's weights "
            f"are computed; {DERIVED[_derived_by(derived[0])]}"
        )
    for double, taken in reading.doubles.items():
        return UsageError(
            f"checkpoints: {path} does not fit the network: {taken} and {double} are the same name without the "
            "segments that the network lacks; save the `state_dict()` of one network alone"
        )
    lists = {"it lacks": missing, "the network lacks": unexpected, "it has": shapes}
    differences = "; ".join(f"{problem} {some(names)}" for problem, names in lists.items() if names)
    location = f" under {reading.label}" if reading.label else ""
    cause = _cause(reading, network, names_differ=bool(missing or unexpected))
    return UsageError(f"checkpoints: {path}{location} does not fit the network: {differences}; {cause}")


def _cause(reading: Reading, network: Mapping[str, Tensor], *, names_differ: bool) -> str:
    if names_differ:
        return "give the architecture of the file with --arch, and its arguments with --arch-arg"
    shapes = [
        (list(reading.tensors[reading.names[name]].shape), list(network[name].shape))
        for name in reading.misshapen(network)
    ]
    outputs = {(file[0], ours[0]) if file[1:] == ours[1:] and file and ours else None for file, ours in shapes}
    if None not in outputs and len(outputs) == 1 and len(shapes) <= 2:
        ((theirs, ours),) = filter(None, outputs)
        return (
            f"the file has {theirs} outputs and the data set has {ours} classes: name the data set of its training, "
            "whose classes are its outputs"
        )
    return (
        "the first number of the last layer's shape is the number of classes, the second of the first layer's shape is "
        "the number of channels: if these differ, the file was trained for another data set (networks that saw grey "
        "images in colour need --arch-arg in_chans=3); if others differ, give the --arch-arg that it was built with"
    )


def _check_values(reading: Reading, network: Mapping[str, Tensor], path: Path) -> None:
    """Raise UsageError if values are of a type that would be cast to something else, or not finite."""
    used = {
        name: reading.tensors[stored]
        for name, stored in reading.names.items()
        if not (name.endswith(COUNTER) or reading.is_free(name))
    }
    for name, value in used.items():
        allowed = FLOATS if network[name].is_floating_point() else INTEGERS
        if value.dtype not in allowed or value.layout != torch.strided or value.is_meta:
            kind = str(value.dtype).removeprefix("torch.")
            odd = kind if value.dtype not in allowed else f"{'no' if value.is_meta else 'sparse'} values"
            raise UsageError(
                f"checkpoints: {path} has {name} as {odd}, which is no form of the network's "
                f"{str(network[name].dtype).removeprefix('torch.')}; save the weights in float32"
            )
    odd_names = [name for name, value in used.items() if not bool(torch.isfinite(value.to(network[name].dtype)).all())]
    if odd_names:
        raise UsageError(
            f"checkpoints: {path} has values that are NaN or infinite, in {some(odd_names)}; the network diverged or "
            "was saved in too narrow a type: leave the file out, or take an earlier one"
        )


def _note(reading: Reading, fitting: Sequence[Reading], select: str) -> str:
    """Return the location of the weights and the ignored names in words; nothing for a plain state dictionary."""
    keys = ".".join(reading.keys)
    others = [other.label or "''" for other in fitting if other is not reading]
    fits_too = {name for other in fitting if other.keys == reading.keys for name in other.names.values()}
    extra = [name for name in (*reading.within, *reading.beside) if name not in fits_too]
    parts = (
        f"weights under '{keys}'" if keys else "",
        f"names without '{reading.prefix}.'" if reading.prefix else "",
        f"names without the segment {some(reading.inside)}" if reading.inside else "",
        _choice(reading, others, select),
        f"ignored: {some(extra)}" if extra else "",
    )
    return "; ".join(filter(None, parts))


def _choice(reading: Reading, others: Sequence[str], select: str) -> str:
    """Return which of several fitting dictionaries was taken and how to take another; nothing if there is one."""
    if not others:
        return ""
    what = "the other" if len(others) == 1 else f"another ({some(others)})"
    return (
        f"{len(others) + 1} state dictionaries fit, {reading.label or 'the one without a key'} was taken; "
        f"{select.format(key=others[0])} takes {what}"
    )
