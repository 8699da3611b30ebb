"""Checks of what a method leaves behind: nothing, in the batch, the network and the global state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from saliencynoise.interfaces import Batch, PassMethod, Tap
from saliencynoise.scoring import Passes, Scorer
from saliencynoise.testing.checks import Check, ContractBroken, NotApplicable
from saliencynoise.testing.networks import Fuse, batch_of, convolutional, failing
from saliencynoise.testing.state import State, changes, global_state, guarded, network_state, tensor_state
from saliencynoise.testing.subjects import ROWS

if TYPE_CHECKING:
    from saliencynoise.testing.subjects import MethodSubject

AS_FOUND = (
    "A method leaves the tensors of its batch, the network and the global state of torch, numpy and Python "
    "(random numbers, gradient mode) as it found them, even when the network raises."
)


def check_batch_unchanged(subject: MethodSubject) -> None:
    """Images, targets and background, bit for bit, with their flags."""
    batch = batch_of()
    before = _batch_state(batch)
    with guarded(0):
        subject.maps_at_large(Passes(convolutional(), rows=ROWS), batch)
    _require_none(changes(before, _batch_state(batch)))


def check_taps_unchanged(subject: MethodSubject) -> None:
    """What the pass computed, which other methods read after this one."""
    method, batch = subject.method, batch_of()
    assert isinstance(method, PassMethod)  # noqa: S101 - the check applies to these only; this tells mypy
    with guarded(0):
        shared = Scorer(Passes(convolutional(), rows=ROWS), batch).taps(batch.x[:, None].clone(), *method.points)
        taps = {point: Tap(tap.value[:, 0], tap.grad[:, 0]) for point, tap in shared.items()}
        before = _taps_state(taps)
        method.from_pass(dict(taps), batch)
    _require_none(changes(before, _taps_state(taps)))


def check_network_unchanged(subject: MethodSubject) -> None:
    """Hooks, mode, flags, weights, buffers, submodules and attributes after the maps are made."""
    _require_none(_network_changes(subject))


def check_network_unchanged_on_error(subject: MethodSubject) -> None:
    """The same when a forward pass raises, where a pass that succeeds leaves no trace."""
    usual = _network_changes(subject)
    for call in _calls(subject):
        found = _network_changes(subject, at=call)
        _require_none([name for name in found if name not in usual], _when(call))


def check_global_state_unchanged(subject: MethodSubject) -> None:
    """Random states and settings after the maps are made."""
    _require_none(_global_changes(subject))


def check_global_state_unchanged_on_error(subject: MethodSubject) -> None:
    """The same when a forward pass raises, where a pass that succeeds leaves no trace."""
    usual = _global_changes(subject)
    for call in _calls(subject):
        found = _global_changes(subject, at=call)
        _require_none([name for name in found if name not in usual], _when(call))


def _network_changes(subject: MethodSubject, *, at: int | None = None) -> list[str]:
    """Return what differs in the network after the method ran, or after its `at`-th forward pass raised."""
    passes = Passes(failing(Fuse(at)), rows=ROWS)
    before = network_state(passes.network.module)
    with guarded(0):
        _run(subject, passes, raises=at is not None)
    return changes(before, network_state(passes.network.module))


def _global_changes(subject: MethodSubject, *, at: int | None = None) -> list[str]:
    passes = Passes(failing(Fuse(at)), rows=ROWS)
    with guarded(3):
        before = global_state()
        _run(subject, passes, raises=at is not None)
        return changes(before, global_state())


def _run(subject: MethodSubject, passes: Passes, *, raises: bool) -> None:
    """Run a method; its error is none of ours where the network raised on purpose."""
    try:
        subject.maps_at_large(passes, batch_of())
    except Exception:
        if not raises:
            raise


def _calls(subject: MethodSubject) -> list[int]:
    """Return the first, the middle and the last forward pass that the method makes."""
    fuse = Fuse()
    with guarded(0):
        subject.maps_at_large(Passes(failing(fuse), rows=ROWS), batch_of())
    calls = fuse.counts.calls
    if not calls:
        raise NotApplicable("the method makes no forward pass of the whole network")
    return sorted({1, (calls + 1) // 2, calls})


def _batch_state(batch: Batch) -> State:
    parts = {"Batch.x": batch.x, "Batch.target": batch.target, "Batch.background": batch.background}
    return {key: value for name, tensor in parts.items() for key, value in tensor_state(name, tensor).items()}


def _taps_state(taps: dict[str, Tap]) -> State:
    parts = {f"{name} at '{point}'": getattr(tap, name) for point, tap in taps.items() for name in ("value", "grad")}
    return {key: value for name, tensor in parts.items() for key, value in tensor_state(name, tensor).items()}


def _require_none(found: list[str], when: str = "") -> None:
    if found:
        raise ContractBroken(f"changed{when}: {', '.join(found[:4])}{' ...' if len(found) > 4 else ''}")


def _when(call: int) -> str:
    return f" when forward pass {call} raises"


def _is_no_pass_method(subject: MethodSubject) -> str:
    return "" if subject.spec.kind == "pass" else "only pass methods share a pass"


def _is_a_pass_method(subject: MethodSubject) -> str:
    return "pass methods make no pass themselves" if subject.spec.kind == "pass" else ""


def checks() -> Iterator[Check[MethodSubject]]:
    """Yield the checks of what is left behind."""
    yield Check(name="batch_unchanged", contract=AS_FOUND, run=check_batch_unchanged)
    yield Check(
        name="taps_unchanged",
        contract="All pass methods that are asked for together share that pass.",
        run=check_taps_unchanged,
        applies=_is_no_pass_method,
    )
    yield Check(name="network_unchanged", contract=AS_FOUND, run=check_network_unchanged)
    yield Check(
        name="network_unchanged_on_error",
        contract=AS_FOUND,
        run=check_network_unchanged_on_error,
        applies=_is_a_pass_method,
    )
    yield Check(name="global_state_unchanged", contract=AS_FOUND, run=check_global_state_unchanged)
    yield Check(
        name="global_state_unchanged_on_error",
        contract=AS_FOUND,
        run=check_global_state_unchanged_on_error,
        applies=_is_a_pass_method,
    )
