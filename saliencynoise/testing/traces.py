"""Checks that a method leaves the batch, the network and the global state as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    """Images, targets and background stay the same, bit for bit, with their flags."""
    batch = batch_of()
    before = _batch_state(batch)
    with guarded(0):
        subject.maps_at_large(Passes(convolutional(), rows=ROWS), batch)
    _require_none(changes(before, _batch_state(batch)))


def check_taps_unchanged(subject: MethodSubject) -> None:
    """The values of the shared pass stay the same, since other methods read them later."""
    method, batch = subject.method, batch_of()
    assert isinstance(method, PassMethod)  # noqa: S101 - the check applies to these only; this tells mypy
    with guarded(0):
        shared = Scorer(Passes(convolutional(), rows=ROWS), batch).taps(batch.x[:, None].clone(), *method.points)
        taps = {point: Tap(tap.value[:, 0], tap.grad[:, 0]) for point, tap in shared.items()}
        before = _taps_state(taps)
        method.from_pass(dict(taps), batch)
    _require_none(changes(before, _taps_state(taps)))


def check_network_unchanged(subject: MethodSubject) -> None:
    """The method leaves hooks, mode, flags, weights, buffers, submodules and attributes as they were."""
    _require_none(_network_changes(subject, Fuse()))


def check_network_unchanged_on_error(subject: MethodSubject) -> None:
    """A forward pass that raises leaves no more changes than one that succeeds."""
    _require_none_on_error(subject, _network_changes)


def check_global_state_unchanged(subject: MethodSubject) -> None:
    """The method leaves random states and settings as they were."""
    _require_none(_global_changes(subject, Fuse()))


def check_global_state_unchanged_on_error(subject: MethodSubject) -> None:
    """A forward pass that raises leaves no more changes than one that succeeds."""
    _require_none_on_error(subject, _global_changes)


def _require_none_on_error(subject: MethodSubject, changes_by: Callable[[MethodSubject, Fuse], list[str]]) -> None:
    """Let the first, the middle and the last forward pass of a run raise."""
    fuse = Fuse()
    usual = changes_by(subject, fuse)
    if not fuse.calls:
        raise NotApplicable("the method makes no forward pass of the whole network")
    for call in sorted({1, (fuse.calls + 1) // 2, fuse.calls}):
        changed = changes_by(subject, Fuse(call))
        _require_none([name for name in changed if name not in usual], f" when forward pass {call} raises")


def _network_changes(subject: MethodSubject, fuse: Fuse) -> list[str]:
    """Return the changes of the network after the method ran, or after the fuse made it raise."""
    passes = Passes(failing(fuse), rows=ROWS)
    before = network_state(passes.network.module)
    with guarded(0):
        _run(subject, passes, fuse)
    return changes(before, network_state(passes.network.module))


def _global_changes(subject: MethodSubject, fuse: Fuse) -> list[str]:
    passes = Passes(failing(fuse), rows=ROWS)
    with guarded(3):
        before = global_state()
        _run(subject, passes, fuse)
        return changes(before, global_state())


def _run(subject: MethodSubject, passes: Passes, fuse: Fuse) -> None:
    """Run a method; ignore its error if the network raised on purpose."""
    try:
        subject.maps_at_large(passes, batch_of(images=1))
    except Exception:
        if fuse.at is None:
            raise


def _batch_state(batch: Batch) -> State:
    parts = {"Batch.x": batch.x, "Batch.target": batch.target, "Batch.background": batch.background}
    return {key: value for name, tensor in parts.items() for key, value in tensor_state(name, tensor).items()}


def _taps_state(taps: dict[str, Tap]) -> State:
    parts = {f"{name} at '{point}'": getattr(tap, name) for point, tap in taps.items() for name in ("value", "grad")}
    return {key: value for name, tensor in parts.items() for key, value in tensor_state(name, tensor).items()}


def _require_none(changed: list[str], when: str = "") -> None:
    if changed:
        raise ContractBroken(f"changed{when}: {', '.join(changed[:4])}{' ...' if len(changed) > 4 else ''}")


def _is_no_pass_method(subject: MethodSubject) -> str:
    return "" if subject.spec.kind == "pass" else "only pass methods share a pass"


def _is_a_pass_method(subject: MethodSubject) -> str:
    return "pass methods make no pass themselves" if subject.spec.kind == "pass" else ""


def checks() -> Iterator[Check[MethodSubject]]:
    """Yield the checks that a method leaves no traces."""
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
