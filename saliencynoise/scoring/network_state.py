"""What a network holds, kept so that what others did to it is seen afterwards and undone."""

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
"""Torch sets it with the first full backward hook, and leaves it when the hook is removed."""

BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
SMALL = 2**16
"""Tensors of fewer values are compared together: that costs less than a comparison for each."""

Change = tuple[str, str]
"""What was done, and to what."""


@dataclass(frozen=True, kw_only=True)
class _Module:
    """One module as it was: its class, its attributes, and what its dictionaries held."""

    path: str
    module: nn.Module
    kind: type
    attributes: dict[str, Any]
    held: Mapping[str, dict[str, Any]]

    @property
    def place(self) -> str:
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

    In memory there is a second copy of the weights. `changed` reads version counters, flags and the identity of
    what dictionaries hold; with `values=True` it compares the weights bit by bit, too: what is written by way of
    `.data` or numpy counts no version.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self._ignored: set[tuple[str, str]] = set()
        self._read()

    def _read(self) -> None:
        self._modules = [_module(path, part) for path, part in self.module.named_modules()]
        self._empty = [own for m in self._modules for name, own in _dictionaries(m.module) if not m.held[name]]
        self._filled = [(own, m.held[name]) for m in self._modules for name, own in _dictionaries(m.module) if own]
        self._tensors = [
            _Tensor(name=m.named(name), tensor=own, data=own.data, values=own.detach().clone())
            for m in self._modules
            for kind in TENSORS
            for name, own in m.held[kind].items()
            if own is not None and (m.path, name) not in self._ignored
        ]
        self._flags = [own.tensor.requires_grad for own in self._tensors]
        self._groups = list(_groups(self._tensors))  # views of the weights' own memory, where they stay
        self._note_versions()

    def _note_versions(self) -> None:
        self._versions = [own.tensor._version for own in self._tensors]  # noqa: SLF001 - torch has no public way
        self._places = [own.tensor.data_ptr() for own in self._tensors]

    @property
    def classes(self) -> list[type]:
        """The classes of the modules."""
        return list(dict.fromkeys(own.kind for own in self._modules))

    def settle(self) -> None:
        """Take what changed since this was made for the network's own doing, and leave it out from now on.

        A network may keep what it computed last, or count its passes.
        """
        for own in self._modules:
            pairs = [(vars(own.module), own.attributes), *((vars(own.module)[n], own.held[n]) for n in own.held)]
            for now, then in pairs:
                self._ignored |= {(own.path, name) for name in {**now, **then} if not _same(now, then, name)}
        versions = [own.tensor._version for own in self._tensors]  # noqa: SLF001 - as above
        paths = {m.named(name): (m.path, name) for m in self._modules for kind in TENSORS for name in m.held[kind]}
        for held, before, after in zip(self._tensors, self._versions, versions, strict=True):
            if before != after:
                self._ignored.add(paths[held.name])
        self._read()

    def restore(self, *, values: bool) -> list[str]:
        """Put everything back; return what had to be, in words. `requires_grad` is put back without a word."""
        found = [*self._modules_changed()] if self._structure_differs() else []
        found += self._tensors_changed(values=values)
        self._restore_flags()
        return _in_words(found)

    def _structure_differs(self) -> bool:
        if any(self._empty) or any(own.module.__class__ is not own.kind for own in self._modules):
            return True
        try:
            return any(now != before for now, before in self._filled) or any(
                vars(own.module) != own.attributes for own in self._modules
            )
        except Exception:  # noqa: BLE001 - what differs may not be comparable, as two tensors of several values
            return True

    def _modules_changed(self) -> Iterator[Change]:
        for own in self._modules:
            if own.module.__class__ is not own.kind:
                own.module.__class__ = own.kind
                yield "changed the class of", own.place
            yield from self._attributes_changed(own)
            for name, before in own.held.items():
                now: dict[str, Any] = own.attributes[name]
                if any(
                    (own.path, key) not in self._ignored and not _same(now, before, key) for key in {**before, **now}
                ):
                    yield from _held_changed(own, name, now, before)
                    now.clear()
                    now.update(before)

    def _attributes_changed(self, own: _Module) -> Iterator[Change]:
        now = vars(own.module)
        for name in [name for name in {**own.attributes, **now} if not _same(now, own.attributes, name)]:
            if (own.path, name) in self._ignored:
                continue
            after = now.get(name)
            if name in own.attributes:
                now[name] = own.attributes[name]
            else:
                del now[name]
            if name == "training":
                yield f"left {'train' if after else 'eval'} mode on", own.place
            elif name != OF_TORCH:
                yield "replaced" if name in own.attributes else "left the attribute", own.named(name)

    def _tensors_changed(self, *, values: bool) -> list[Change]:
        versions = [own.tensor._version for own in self._tensors]  # noqa: SLF001 - as above
        places = [own.tensor.data_ptr() for own in self._tensors]
        if versions == self._versions and places == self._places and not (values and self._values_differ()):
            return []
        found: list[Change] = []
        for own in self._tensors:
            elsewhere = own.tensor.data_ptr() != own.data.data_ptr() or own.tensor.dtype != own.data.dtype
            if elsewhere or not _equal(own.tensor, own.values):
                own.tensor.data = own.data
                with torch.no_grad():
                    own.tensor.copy_(own.values)
                found.append(("changed the values of", own.name))
        self._note_versions()
        return found

    def _values_differ(self) -> bool:
        return any(
            not torch.equal(views[0] if len(views) == 1 else torch.cat(views), values) for views, values in self._groups
        )

    def _restore_flags(self) -> None:
        for own, flag in zip(self._tensors, self._flags, strict=True):
            if own.tensor.requires_grad != flag:
                own.tensor.requires_grad_(flag)
            if own.tensor.is_leaf and own.tensor.grad is not None:
                own.tensor.grad = None


def _module(path: str, module: nn.Module) -> _Module:
    attributes = dict(vars(module))
    held = {name: dict(own) for name, own in _dictionaries(module)}
    return _Module(path=path, module=module, kind=module.__class__, attributes=attributes, held=held)


def _dictionaries(module: nn.Module) -> list[tuple[str, dict[str, Any]]]:
    """Return a module's hooks, parameters, buffers and submodules, by the name of what holds them."""
    return [
        (name, own)
        for name, own in vars(module).items()
        if isinstance(own, dict) and (HOOKS in name or name in {*TENSORS, SUBMODULES})
    ]


def _same(now: Mapping[str, Any], before: Mapping[str, Any], name: str) -> bool:
    if name not in now or name not in before:
        return False
    left, right = now[name], before[name]
    plain = isinstance(left, bool | int | float | str) and type(left) is type(right)
    return left is right or (plain and left == right)


def _held_changed(own: _Module, name: str, now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Change]:
    if HOOKS in name:
        kind = name.strip("_").partition("_hooks")[0].replace("_", " ")
        if set(now) - set(before):
            yield f"left a {kind} hook on", own.place
        if set(before) - set(now):
            yield f"removed a {kind} hook of", own.place
        return
    for key in {**before, **now}:
        if key not in before:
            yield "left", own.named(key)
        elif key not in now:
            yield "removed", own.named(key)
        elif now[key] is not before[key]:
            yield "replaced", own.named(key)


def _groups(tensors: list[_Tensor]) -> Iterator[tuple[list[Tensor], Tensor]]:
    """Yield the bits of tensors that are compared together, where they lie, and a copy of them in one."""
    kinds: dict[tuple[object, ...], list[_Tensor]] = defaultdict(list)
    for own in tensors:
        alone = own.name if own.tensor.numel() >= SMALL else ""
        kinds[own.tensor.dtype, own.tensor.device, alone].append(own)
    for group in kinds.values():
        yield [_bits(own.data) for own in group], torch.cat([_bits(own.values) for own in group])


def _bits(tensor: Tensor) -> Tensor:
    """Return the bits of a tensor as one vector, without a copy where its memory has no gaps: NaN equals itself so."""
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
    """Return what was done in words, for each kind the first place and how many more there are."""
    places: dict[str, list[str]] = defaultdict(list)
    for what, place in changes:
        places[what] += [place] if place not in places[what] else []
    return [f"{what} {own[0]}" + (f" and {len(own) - 1} more" if own[1:] else "") for what, own in places.items()]
