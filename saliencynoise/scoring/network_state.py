"""A record of a network's state: it shows what others changed in the network, and undoes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

HOOKS = "_hooks"
TENSORS = ("_parameters", "_buffers")
SUBMODULES = "_modules"
OF_TORCH = "_is_full_backward_hook"
"""Torch sets this attribute with the first full backward hook, and keeps it when the hook is removed."""

BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
SMALL = 2**16
"""Tensors of fewer values are compared together: that costs less than a comparison for each."""

Change = tuple[str, str]
"""A change in words: the action, and the part of the network that it changed."""


@dataclass(frozen=True, kw_only=True)
class _Module:
    """One module as it was: its class, its attributes, and the entries of its dictionaries."""

    path: str
    module: nn.Module
    kind: type
    attributes: dict[str, Any]
    dictionaries: Mapping[str, dict[str, Any]]

    @property
    def label(self) -> str:
        return f"'{self.path}'" if self.path else "the network"

    def named(self, name: str) -> str:
        return f"'{self.path}.{name}'" if self.path else f"'{name}'"


@dataclass(frozen=True, kw_only=True)
class _Tensor:
    """One parameter or buffer as it was, with a copy of its values."""

    name: str
    tensor: Tensor
    data: Tensor
    values: Tensor


class NetworkState:
    """A network's modules, attributes, hooks, flags, parameters and buffers, as they were when this was made.

    It keeps a second copy of the weights in memory. `restore` compares version counters, flags and the identity of
    the entries of dictionaries. With `values=True` it also compares the weights bit by bit, since a write through
    `.data` or numpy does not raise the version counter.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self._ignored: set[tuple[str, str]] = set()
        self._read()

    def _read(self) -> None:
        self._modules = [_module(path, part) for path, part in self.module.named_modules()]
        self._empty = [
            entries for m in self._modules for name, entries in _dictionaries(m.module) if not m.dictionaries[name]
        ]
        self._filled = [
            (entries, m.dictionaries[name])
            for m in self._modules
            for name, entries in _dictionaries(m.module)
            if entries
        ]
        self._tensors = [
            _Tensor(name=m.named(name), tensor=tensor, data=tensor.data, values=tensor.detach().clone())
            for m in self._modules
            for kind in TENSORS
            for name, tensor in m.dictionaries[kind].items()
            if tensor is not None and (m.path, name) not in self._ignored
        ]
        self._flags = [saved.tensor.requires_grad for saved in self._tensors]
        self._groups = list(_groups(self._tensors))  # views of the weights' own memory, where they stay
        self._note_versions()

    def _note_versions(self) -> None:
        self._versions = [saved.tensor._version for saved in self._tensors]  # noqa: SLF001 - torch has no public way
        self._addresses = [saved.tensor.data_ptr() for saved in self._tensors]

    @property
    def classes(self) -> list[type]:
        """The classes of the modules."""
        return list(dict.fromkeys(record.kind for record in self._modules))

    def settle(self) -> None:
        """Ignore from now on all parts of the network that changed since this record was made.

        A network may change by itself: it may keep its last result, or count its passes.
        """
        for record in self._modules:
            pairs = [
                (vars(record.module), record.attributes),
                *((vars(record.module)[n], record.dictionaries[n]) for n in record.dictionaries),
            ]
            for now, then in pairs:
                self._ignored |= {(record.path, name) for name in {**now, **then} if not _same(now, then, name)}
        versions = [saved.tensor._version for saved in self._tensors]  # noqa: SLF001 - as above
        paths = {
            m.named(name): (m.path, name) for m in self._modules for kind in TENSORS for name in m.dictionaries[kind]
        }
        for saved, before, after in zip(self._tensors, self._versions, versions, strict=True):
            if before != after:
                self._ignored.add(paths[saved.name])
        self._read()

    def restore(self, *, values: bool) -> list[str]:
        """Restore the network and return the changes in words. `requires_grad` is restored without a report."""
        changes = [*self._modules_changed()] if self._structure_differs() else []
        changes += self._tensors_changed(values=values)
        self._restore_flags()
        return _in_words(changes)

    def _structure_differs(self) -> bool:
        if any(self._empty) or any(record.module.__class__ is not record.kind for record in self._modules):
            return True
        try:
            return any(now != before for now, before in self._filled) or any(
                vars(record.module) != record.attributes for record in self._modules
            )
        except Exception:  # noqa: BLE001 - some values cannot be compared, as two tensors of several values
            return True

    def _modules_changed(self) -> Iterator[Change]:
        for record in self._modules:
            if record.module.__class__ is not record.kind:
                record.module.__class__ = record.kind
                yield "changed the class of", record.label
            yield from self._attributes_changed(record)
            for name, before in record.dictionaries.items():
                now: dict[str, Any] = record.attributes[name]
                if any(
                    (record.path, key) not in self._ignored and not _same(now, before, key) for key in {**before, **now}
                ):
                    yield from _entries_changed(record, name, now, before)
                    now.clear()
                    now.update(before)

    def _attributes_changed(self, record: _Module) -> Iterator[Change]:
        now = vars(record.module)
        for name in [name for name in {**record.attributes, **now} if not _same(now, record.attributes, name)]:
            if (record.path, name) in self._ignored:
                continue
            after = now.get(name)
            if name in record.attributes:
                now[name] = record.attributes[name]
            else:
                del now[name]
            if name == "training":
                yield f"left {'train' if after else 'eval'} mode on", record.label
            elif name != OF_TORCH:
                yield "replaced" if name in record.attributes else "left the attribute", record.named(name)

    def _tensors_changed(self, *, values: bool) -> list[Change]:
        versions = [saved.tensor._version for saved in self._tensors]  # noqa: SLF001 - as above
        addresses = [saved.tensor.data_ptr() for saved in self._tensors]
        if versions == self._versions and addresses == self._addresses and not (values and self._values_differ()):
            return []
        changes: list[Change] = []
        for saved in self._tensors:
            elsewhere = saved.tensor.data_ptr() != saved.data.data_ptr() or saved.tensor.dtype != saved.data.dtype
            if elsewhere or not _equal(saved.tensor, saved.values):
                saved.tensor.data = saved.data
                with torch.no_grad():
                    saved.tensor.copy_(saved.values)
                changes.append(("changed the values of", saved.name))
        self._note_versions()
        return changes

    def _values_differ(self) -> bool:
        return any(
            not torch.equal(views[0] if len(views) == 1 else torch.cat(views), values) for views, values in self._groups
        )

    def _restore_flags(self) -> None:
        for saved, flag in zip(self._tensors, self._flags, strict=True):
            if saved.tensor.requires_grad != flag:
                saved.tensor.requires_grad_(flag)
            if saved.tensor.is_leaf and saved.tensor.grad is not None:
                saved.tensor.grad = None


def _module(path: str, module: nn.Module) -> _Module:
    attributes = dict(vars(module))
    dictionaries = {name: dict(entries) for name, entries in _dictionaries(module)}
    return _Module(path=path, module=module, kind=module.__class__, attributes=attributes, dictionaries=dictionaries)


def _dictionaries(module: nn.Module) -> list[tuple[str, dict[str, Any]]]:
    """Return a module's dictionaries of hooks, parameters, buffers and submodules, with their names."""
    return [
        (name, entries)
        for name, entries in vars(module).items()
        if isinstance(entries, dict) and (HOOKS in name or name in {*TENSORS, SUBMODULES})
    ]


def _same(now: Mapping[str, Any], before: Mapping[str, Any], name: str) -> bool:
    if name not in now or name not in before:
        return False
    left, right = now[name], before[name]
    plain = isinstance(left, bool | int | float | str) and type(left) is type(right)
    return left is right or (plain and left == right)


def _entries_changed(record: _Module, name: str, now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Change]:
    if HOOKS in name:
        kind = name.strip("_").partition("_hooks")[0].replace("_", " ")
        if set(now) - set(before):
            yield f"left a {kind} hook on", record.label
        if set(before) - set(now):
            yield f"removed a {kind} hook of", record.label
        return
    for key in {**before, **now}:
        if key not in before:
            yield "left", record.named(key)
        elif key not in now:
            yield "removed", record.named(key)
        elif now[key] is not before[key]:
            yield "replaced", record.named(key)


def _groups(tensors: list[_Tensor]) -> Iterator[tuple[list[Tensor], Tensor]]:
    """Yield groups of tensors that are compared together: views of their bits, and a copy of these as one tensor."""
    kinds: dict[tuple[object, ...], list[_Tensor]] = defaultdict(list)
    for saved in tensors:
        alone = saved.name if saved.tensor.numel() >= SMALL else ""
        kinds[saved.tensor.dtype, saved.tensor.device, alone].append(saved)
    for group in kinds.values():
        yield [_bits(saved.data) for saved in group], torch.cat([_bits(saved.values) for saved in group])


def _bits(tensor: Tensor) -> Tensor:
    """Return the bits of a tensor as one vector, in which NaN equals itself; no copy where its memory has no gaps."""
    values = tensor.detach()
    if tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last):
        values = values.permute(0, 2, 3, 1)
    values = values.contiguous().flatten()
    values = torch.view_as_real(values).flatten() if values.is_complex() else values
    return values.view(BITS[values.element_size()])


def _equal(left: Tensor, right: Tensor) -> bool:
    same = left.shape == right.shape and left.dtype == right.dtype and left.device == right.device
    return same and torch.equal(_bits(left), _bits(right))


def _in_words(changes: list[Change]) -> list[str]:
    """Return the changes in words: for each action the first changed part and the number of others."""
    subjects: dict[str, list[str]] = defaultdict(list)
    for what, subject in changes:
        subjects[what] += [subject] if subject not in subjects[what] else []
    return [
        f"{what} {names[0]}" + (f" and {len(names) - 1} more" if names[1:] else "") for what, names in subjects.items()
    ]
