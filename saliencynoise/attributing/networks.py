"""The networks that a user hands over: lent one at a time, refused where they are not several different ones."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Generator, Iterable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from saliencynoise.interfaces import Network, SaliencyNoiseError, UsageError, one_line
from saliencynoise.registry.calling import wrong_network
from saliencynoise.scoring import described, failure
from saliencynoise.scoring.keeping import as_it_was

if TYPE_CHECKING:
    from collections.abc import Sequence

Networks = nn.Module | Iterable[nn.Module]
States = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class GivenNetworks:
    """The networks: a list of modules, one module with the weights of each network, or a generator of modules.

    Attributes:
        modules: the module, or the modules.
        states: a state dict for each network where there is one module; None otherwise.
    """

    modules: Networks
    states: States | None = None

    def __post_init__(self) -> None:
        """Refuse what gives no networks, before any is looked at.

        Raises:
            UsageError: naming what was given, and the fix.
        """
        if isinstance(self.modules, nn.Module):
            if self.states is not None and (
                not isinstance(self.states, Iterable) or isinstance(self.states, str | Mapping)
            ):
                raise UsageError(
                    f"states is {described(self.states)}; give a list of state dicts, one for each network"
                )
            if self.states is None:
                raise UsageError(
                    "one network is given, and its maps show no noise; give a list of 2 or more, or states="
                )
            return
        if self.states is not None:
            raise UsageError(
                "states goes with one module, whose weights they are; give that module, or leave states out"
            )
        if not isinstance(self.modules, Iterable) or isinstance(self.modules, str | Mapping):
            raise UsageError(
                f"networks is {described(self.modules)}; give a list of nn.Modules, a generator of them, or one module "
                "and states="
            )
        if isinstance(self.modules, list | tuple):
            _refuse_one_object(self.modules)

    @property
    def repeatable(self) -> bool:
        """Whether the networks can be gone through a second time; a generator cannot."""
        source = self.modules if self.states is None else self.states
        return iter(source) is not source  # type: ignore[arg-type]

    def each(self) -> AbstractContextManager[Iterable[nn.Module]]:
        """Return an iterator over the networks, each of which is put back when the next one is asked for.

        One module and its states are the same object each time.
        """
        return closing(self._lent())

    def _lent(self) -> Generator[nn.Module]:
        if self.states is not None and isinstance(self.modules, nn.Module):
            _refuse_unusable(self.modules, "the module")
            with as_it_was(self.modules):
                for number, state in enumerate(_given(_own_copies(self.states, self.modules), what="states")):
                    _load(self.modules, state, number)
                    yield self.modules
            return
        for number, module in enumerate(_given(self.modules, what="networks")):
            if not isinstance(module, nn.Module):
                raise UsageError(f"network {number} is {described(module)}; each must be an nn.Module")
            _refuse_unusable(module, f"network {number}")
            with as_it_was(module):
                yield module


def _given(values: Any, *, what: str) -> Generator[Any]:
    """Yield what the user gives, and name the place where that fails; nothing is held while the next one is made."""
    number = -1
    try:
        for value in values:
            number += 1
            yield value
            del value
    except (SaliencyNoiseError, MemoryError, GeneratorExit):
        raise
    except BaseException as error:
        raise UsageError(f"{what}: number {number + 1} failed: {one_line(failure(error))}") from error


def _refuse_unusable(module: nn.Module, name: str) -> None:
    """Refuse a module that takes no hooks, or whose weights have no size or no values.

    Raises:
        UsageError: naming the module and the fix.
    """
    if isinstance(module, torch.jit.ScriptModule):
        raise UsageError(
            f"{name} is a module of TorchScript, whose layers cannot be read; give the nn.Module of which it was made"
        )
    wrong = wrong_network(Network(module=module, points={}))
    if wrong:
        raise UsageError(f"{name}: {wrong}")
    for path, tensor in (*module.named_parameters(), *module.named_buffers()):
        if tensor.device.type == "meta":
            raise UsageError(f"{name}: '{path}' is on the device 'meta', which holds no values; load the weights")


def _own_copies(states: Iterable[Any], module: nn.Module) -> Iterable[Any]:
    """Return the states, with a copy of each that is the module's own memory, which the next state overwrites."""
    if not isinstance(states, list | tuple):
        return states
    own = {_address(value) for value in (*module.parameters(), *module.buffers())} - {None}
    return [
        copy.deepcopy(state)
        if isinstance(state, Mapping) and any(_address(value) in own for value in state.values())
        else state
        for state in states
    ]


def _address(value: object) -> int | None:
    if not isinstance(value, Tensor) or value.layout is not torch.strided:
        return None
    return value.untyped_storage().data_ptr() or None


def _refuse_one_object(modules: Sequence[object]) -> None:
    if len(modules) < 2:
        raise UsageError(f"{len(modules)} networks are given; give 2 or more, better 8: the noise is what differs")
    first: dict[int, int] = {}
    for number, module in enumerate(modules):
        if id(module) in first:
            raise UsageError(
                f"networks {first[id(module)]} and {number} are the same object; give each its own, or one module and "
                "states=[a state dict for each]"
            )
        first[id(module)] = number


def _load(module: nn.Module, state: object, number: int) -> None:
    if not isinstance(state, Mapping):
        raise UsageError(f"states[{number}] is {described(state)}; give a state dict, as torch.load returns it")
    try:
        module.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise UsageError(f"states[{number}] does not fit the module: {one_line(error)}") from error


@dataclass
class SeenWeights:
    """The networks so far, by the checksums of their weights."""

    _numbers: dict[str, int] = field(default_factory=dict)

    def add(self, module: nn.Module, number: int) -> str:
        """Return the checksum of a network's weights.

        Raises:
            UsageError: if an earlier network has equal weights, or if some are NaN or infinite.
        """
        state = {name: value for name, value in module.state_dict().items() if isinstance(value, torch.Tensor)}
        for name, value in state.items():
            if value.is_floating_point() and not bool(value.isfinite().all()):
                raise UsageError(f"network {number}: '{name}' holds NaN or infinity; its training failed, leave it out")
        checksum = checksum_of(state)
        if checksum in self._numbers:
            raise UsageError(
                f"networks {self._numbers[checksum]} and {number} have equal weights; each must be trained for itself "
                "(or loaded from its own file)"
            )
        self._numbers[checksum] = number
        return checksum


def checksum_of(state: Mapping[str, Tensor]) -> str:
    """Return the sha256 of a state dict: names, shapes and bits."""
    digest = hashlib.sha256()
    for name, value in state.items():
        digest.update(f"{name}:{value.dtype}:{tuple(value.shape)}:".encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
