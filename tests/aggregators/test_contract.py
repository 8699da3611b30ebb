"""What every aggregator of maps in the catalogue holds to, the built-in ones and those of installed plugins."""

from __future__ import annotations

import pytest
import torch

from saliencynoise.interfaces import AggregatorSpec
from saliencynoise.registry.catalogue import catalogue
from tests.aggregators.streams import SHAPE, member_maps, result_of, state_of

SPECS = {entry.canonical: entry.spec for entry in catalogue().entries("aggregators")}
NAMES = [name for name, spec in SPECS.items() if isinstance(spec, AggregatorSpec) and spec.level == "maps"]
NEED_TWO = {"builtin/significant_mean", "builtin/variance"}


@pytest.fixture(params=NAMES)
def name(request):
    return str(request.param)


@pytest.fixture
def aggregator(name):
    return catalogue().aggregator(name).instance


def maps_of(members: int = 7) -> torch.Tensor:
    """Maps whose signal is so strong that some pixels of few members are significant."""
    return member_maps(members, signal=4.0)


def close(found: torch.Tensor, due: torch.Tensor) -> None:
    torch.testing.assert_close(found, due, rtol=1e-6, atol=1e-6)


def test_the_built_in_ones_are_all_here():
    assert {f"builtin/{own}" for own in ("mean", "mean_unit", "median", "trimmed_mean", "variance")} <= set(NAMES)


@pytest.mark.parametrize("members", [2, 5, 8])
def test_the_result_is_one_finite_float32_map_on_the_cpu(aggregator, members):
    result = result_of(aggregator, maps_of(members))
    assert (result.shape, result.dtype, result.device.type) == (SHAPE, torch.float32, "cpu")
    assert result.isfinite().all()
    assert result.any() or members == 2  # of two, nothing is significant


@pytest.mark.parametrize("cut", [0, 1, 4, 7])
def test_merging_is_as_good_as_streaming(aggregator, cut):
    maps = maps_of()
    merged = aggregator.merge(state_of(aggregator, maps[:cut]), state_of(aggregator, maps[cut:]))
    close(aggregator.result(merged), result_of(aggregator, maps))


def test_merging_is_associative_and_goes_on_to_be_updated(aggregator):
    maps = maps_of()
    a, b, c = (state_of(aggregator, part) for part in (maps[:2], maps[2:3], maps[3:6]))
    left = aggregator.merge(aggregator.merge(a, b), c)
    right = aggregator.merge(a, aggregator.merge(b, c))
    for state in (left, right):
        close(aggregator.result(aggregator.update(state, maps[6])), result_of(aggregator, maps))


def test_the_order_of_members_does_not_matter(aggregator):
    maps = maps_of()
    for seed in range(3):
        order = torch.randperm(7, generator=torch.Generator().manual_seed(seed))
        close(result_of(aggregator, maps[order]), result_of(aggregator, maps))


def test_one_more_member_counts(aggregator):
    maps = maps_of()
    assert not torch.equal(result_of(aggregator, maps[:6]), result_of(aggregator, maps))


def test_maps_and_earlier_states_are_left_as_they_were(aggregator):
    maps = maps_of()
    before, buffer = maps.clone(), torch.empty(SHAPE)
    state = earlier = state_of(aggregator, maps[:3])
    expected = aggregator.result(earlier)
    for values in maps[3:]:
        state = aggregator.update(state, buffer.copy_(values))
        buffer.fill_(9)  # the caller may use its memory again
    aggregator.merge(state, earlier)
    aggregator.result(state)
    assert torch.equal(maps, before)
    assert torch.equal(aggregator.result(earlier), expected)
    assert torch.equal(aggregator.result(state), result_of(aggregator, maps))


def test_members_may_come_in_half_precision_and_huge(aggregator):
    assert result_of(aggregator, maps_of().half()).dtype == torch.float32
    scale = 1e15
    result, plain = (result_of(aggregator, maps) for maps in (scale * maps_of(), maps_of()))
    assert result.isfinite().all()
    assert torch.equal(result == 0, plain == 0)


def test_a_map_of_another_shape_is_refused(aggregator):
    with pytest.raises(ValueError, match=r"^a map of shape \(1, 4, 5\) among maps of shape \(3, 4, 5\)$"):
        aggregator.update(state_of(aggregator, maps_of(1)), torch.zeros(1, 4, 5))


def test_no_members_have_no_map(aggregator):
    none = aggregator.init(SHAPE)
    for state in (none, aggregator.merge(none, none)):
        with pytest.raises(ValueError, match=r"of no members is not defined$"):
            aggregator.result(state)


def test_one_member_is_its_own_map_or_too_few(name, aggregator):
    maps = maps_of(1)
    if name in NEED_TWO:
        with pytest.raises(ValueError, match=r"needs 2 members or more, not 1$"):
            result_of(aggregator, maps)
    elif name == "builtin/mean_unit":
        close(result_of(aggregator, maps), maps[0] / maps[0].norm())
    else:
        assert torch.equal(result_of(aggregator, maps), maps[0])


def test_no_map_depends_on_the_other_pixels_layout(aggregator):
    maps = maps_of()
    flipped = result_of(aggregator, maps.transpose(-1, -2))
    close(flipped, result_of(aggregator, maps).transpose(-1, -2))
