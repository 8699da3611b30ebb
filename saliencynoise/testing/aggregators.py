"""Checks of an aggregator: of members' maps, or of their networks' logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import torch

from saliencynoise.interfaces import Aggregator, NetworkAggregator
from saliencynoise.testing.checks import Check, ContractBroken
from saliencynoise.testing.state import guarded
from saliencynoise.testing.values import require_different, require_equal, require_readable

if TYPE_CHECKING:
    from torch import Tensor

    from saliencynoise.interfaces.specs import Level
    from saliencynoise.testing.subjects import AggregatorSubject

MEMBERS = 8
SHAPES = ((3, 5, 7), (1, 4, 4))
ROUNDING = 1e-5
"""Largest rounding error of float32 results, relative to the largest value."""

STATE = "`merge(update(s, a), update(init(...), b))` equals `update(update(s, a), b)` up to rounding"
GIVEN = "given stay as they are, and a state does not change with the memory of a map that it was given."
NUMBERS = "Return the one map: float32, on the CPU, finite where the members' maps are."
TOO_FEW = "ValueError: if no member was seen, or fewer than it needs."
COMBINED = "Return the logits of the one network, of the same dtype: differentiable, each row on its own."


def members(shape: tuple[int, ...] = SHAPES[0], *, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return members' maps or logits, `[E, *shape]`: half signal, so strong that tests find it, and half noise."""
    generator = torch.Generator().manual_seed(seed)
    common = 5 * torch.randn(shape, generator=generator, dtype=dtype)
    common.view(-1)[::2] = 0
    return common + torch.randn(MEMBERS, *shape, generator=generator, dtype=dtype)


def check_result(subject: AggregatorSubject) -> None:
    """The map has the right shape, dtype and finite values, and depends on the members."""
    for shape in SHAPES:
        result = _result(subject, members(shape))
        if tuple(result.shape) != shape or result.dtype != torch.float32 or result.device.type != "cpu":
            raise ContractBroken(
                f"of maps {list(shape)} it makes {list(result.shape)}, {result.dtype} on {result.device}"
            )
        wrong = int((~result.isfinite()).sum())
        if wrong:
            raise ContractBroken(f"{wrong} values are NaN or infinite")
        require_different(_result(subject, members(shape, seed=1)), result, "maps of other members become the same map")


def check_merge(subject: AggregatorSubject) -> None:
    """Members that are divided at any index and merged give the same result, also with a member added later."""
    aggregator, maps = _of_maps(subject), members()
    expected = _result(subject, maps)
    for cut in (0, 1, 3, MEMBERS - 1):
        with guarded(0):
            merged = aggregator.merge(_state(aggregator, maps[:cut]), _state(aggregator, maps[cut:-1]))
            result = aggregator.result(aggregator.update(merged, maps[-1].clone()))
        require_equal(
            result, expected, f"{cut} members merged with the others, against all in one stream", tolerance=ROUNDING
        )


def check_order(subject: AggregatorSubject) -> None:
    """The same members in other orders give the same map."""
    maps = members()
    for order in (maps.flip(0), maps.roll(3, 0)):
        require_equal(_result(subject, order), _result(subject, maps), "members in another order", tolerance=ROUNDING)


def check_unchanged(subject: AggregatorSubject) -> None:
    """Maps and earlier states stay as they are, also when the caller uses the memory of a map again."""
    aggregator, maps = _of_maps(subject), members()
    before = maps.clone()
    with guarded(0):
        earlier = _state(aggregator, maps[:4])
        expected = aggregator.result(earlier)
        state = aggregator.update(earlier, maps[4])
        aggregator.result(aggregator.merge(state, _state(aggregator, maps[5:])))
        if not torch.equal(maps, before):
            raise ContractBroken("the members' maps were changed")
        require_equal(aggregator.result(earlier), expected, "the result of a state before and after an update")
        buffer = maps[4].clone()
        state = aggregator.update(earlier, buffer)
        expected = aggregator.result(state)
        buffer.fill_(9)
        require_equal(aggregator.result(state), expected, "the result before and after the map's memory is used again")


def check_other_shape(subject: AggregatorSubject) -> None:
    """A map of another shape that would broadcast is refused."""
    aggregator = _of_maps(subject)
    with guarded(0):
        state = _state(aggregator, members()[:3])
        _require_refused(partial(aggregator.update, state, torch.ones(1, *SHAPES[0][1:])), "a map of another shape")


def check_no_members(subject: AggregatorSubject) -> None:
    """A state without members is refused, also a merged one."""
    aggregator = _of_maps(subject)
    with guarded(0):
        none = aggregator.init(SHAPES[0])
        for state in (none, aggregator.merge(none, aggregator.init(SHAPES[0]))):
            _require_refused(partial(aggregator.result, state), "no member")


def check_one_member(subject: AggregatorSubject) -> None:
    """One member has a finite map, or is refused."""
    try:
        result = _result(subject, members()[:1])
    except ValueError:
        return
    if result.shape != SHAPES[0] or not result.isfinite().all():
        raise ContractBroken(f"of one member it makes {list(result.shape)}, with values of NaN or infinity")


def check_combined(subject: AggregatorSubject) -> None:
    """Logits have the right shape, dtype and finite values, and depend on the members."""
    for dtype in (torch.float32, torch.float64):
        logits = members((4, 3), dtype=dtype)
        combined = _combined(subject, logits)
        if combined.shape != (4, 3) or combined.dtype != dtype:
            raise ContractBroken(
                f"of logits {list(logits.shape)} of {dtype} it makes {list(combined.shape)}, {combined.dtype}"
            )
        if not combined.isfinite().all():
            raise ContractBroken("logits are NaN or infinite")
    require_different(
        _combined(subject, members((4, 3), seed=1, dtype=dtype)), combined, "other members' logits are the same"
    )


def check_rows(subject: AggregatorSubject) -> None:
    """Each row alone has the same logits as in the batch."""
    logits = members((4, 3), dtype=torch.float64)
    expected = _combined(subject, logits)
    for row in range(4):
        require_equal(
            _combined(subject, logits[:, row : row + 1]), expected[row : row + 1], f"logits of row {row} alone"
        )


def check_network_order(subject: AggregatorSubject) -> None:
    """The same members in other orders give the same logits."""
    logits = members((4, 3), dtype=torch.float64)
    for order in (logits.flip(0), logits.roll(3, 0)):
        require_equal(_combined(subject, order), _combined(subject, logits), "members in another order")


def check_gradient(subject: AggregatorSubject) -> None:
    """The gradient equals a difference quotient in a random direction."""
    logits = members((4, 3), dtype=torch.float64).requires_grad_()
    direction = members((4, 3), seed=1, dtype=torch.float64) * 1e-6
    with guarded(0), torch.enable_grad():
        score = _of_networks(subject).combine(logits).square().sum()
        if not score.requires_grad:
            raise ContractBroken("no gradient passes through it")
        (gradient,) = torch.autograd.grad(score, logits)
        ahead, behind = (_combined(subject, logits.detach() + step).square().sum() for step in (direction, -direction))
    difference_quotient, derivative = (ahead - behind) / 2, (gradient * direction).sum()
    require_equal(derivative, difference_quotient, "the gradient against a difference quotient", tolerance=1e-4)


def check_logits_unchanged(subject: AggregatorSubject) -> None:
    """The given logits stay as they are."""
    logits = members((4, 3), dtype=torch.float64)
    before = logits.clone()
    with guarded(0):
        _of_networks(subject).combine(logits)
    if not torch.equal(logits, before):
        raise ContractBroken("the members' logits were changed")


def check_parameters(subject: AggregatorSubject) -> None:
    """The canonical text that identifies an aggregator in results reads back to an equal instance."""
    require_readable(subject.aggregator)


def _of_maps(subject: AggregatorSubject) -> Aggregator:
    return cast("Aggregator", subject.aggregator)


def _of_networks(subject: AggregatorSubject) -> NetworkAggregator:
    return cast("NetworkAggregator", subject.aggregator)


def _state(aggregator: Aggregator, maps: Tensor) -> Any:
    state = aggregator.init(tuple(maps.shape[1:]))
    for values in maps:
        state = aggregator.update(state, values)
    return state


def _result(subject: AggregatorSubject, maps: Tensor) -> Tensor:
    """Return the map of all members; the aggregator sees a copy of theirs."""
    aggregator = _of_maps(subject)
    with guarded(0):
        return aggregator.result(_state(aggregator, maps.clone()))


def _combined(subject: AggregatorSubject, logits: Tensor) -> Tensor:
    with guarded(0):
        return _of_networks(subject).combine(logits.clone())


def _require_refused(act: Callable[[], object], what: str) -> None:
    try:
        act()
    except ValueError:
        return
    raise ContractBroken(f"{what} raises no ValueError")


def checks() -> Iterator[Check[AggregatorSubject]]:
    """Yield the checks of both levels; the checks of the other level do not apply."""
    whose = "import string of a frozen dataclass whose fields are the aggregator's parameters"
    order, networks_order = "and the order of the members does not matter", "The order of the members does not matter"
    other_shape = "ValueError: if the map has another shape than that of `init`."
    logits_unchanged = "and the given logits stay as they are."
    yield Check(name="parameters", contract=whose, run=check_parameters)
    maps, networks = partial(_at, "maps"), partial(_at, "networks")
    yield maps("result", NUMBERS, check_result)
    yield maps("unchanged", GIVEN, check_unchanged, needs=("result",))
    yield maps("merge", STATE, check_merge, needs=("result", "unchanged"))
    yield maps("order", order, check_order, needs=("result", "unchanged"))
    yield maps("other_shape", other_shape, check_other_shape)
    yield maps("no_members", TOO_FEW, check_no_members)
    yield maps("one_member", TOO_FEW, check_one_member, needs=("result",))
    yield networks("combined", COMBINED, check_combined)
    yield networks("rows", COMBINED, check_rows, needs=("combined",))
    yield networks("gradient", COMBINED, check_gradient, needs=("combined",))
    yield networks("order_of_networks", networks_order, check_network_order, needs=("combined",))
    yield networks("logits_unchanged", logits_unchanged, check_logits_unchanged)


def _at(
    level: Level, name: str, contract: str, run: Callable[[AggregatorSubject], None], *, needs: tuple[str, ...] = ()
) -> Check[AggregatorSubject]:
    def applies(subject: AggregatorSubject) -> str:
        return "" if subject.spec.level == level else f"it aggregates {subject.spec.level}"

    return Check(name=name, contract=contract, run=run, applies=applies, needs=needs)
