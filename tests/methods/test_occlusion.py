"""Occlusion against captum and closed forms."""

from __future__ import annotations

import pytest
import torch
from captum.attr import Occlusion as CaptumOcclusion
from torch import nn

from saliencynoise.interfaces import Batch, FunctionalMethod, Network, UsageError
from saliencynoise.methods.baselines import baseline_of
from saliencynoise.methods.occlusion import Occlusion
from tests.methods.families import assert_equal, maps_of, small, small_batch, swin
from tests.methods.test_guided import pictures


def captums(network: Network, batch: Batch, method: Occlusion) -> torch.Tensor:
    channels = batch.x.shape[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "float", torch.Tensor.double)  # captum rounds its sums before it divides them
        maps = CaptumOcclusion(network.module).attribute(
            batch.x,
            sliding_window_shapes=(channels, method.window, method.window),
            strides=(channels, method.stride, method.stride),
            baselines=baseline_of(method.baseline, batch),
            target=batch.target,
        )
    assert all(torch.equal(maps[:, 0], maps[:, channel]) for channel in range(channels))
    return maps[:, :1]


@pytest.mark.parametrize("baseline", ["zero", "mean", "blur", "dataset"])
@pytest.mark.parametrize(("window", "stride"), [(4, 2), (5, 3), (12, 7), (1, 1), (3, 3), (12, 12)])
def test_it_is_captums(window, stride, baseline):
    network, batch = small(), small_batch()
    method = Occlusion(window=window, stride=stride, baseline=baseline)
    assert_equal(maps_of(network, method, batch), captums(network, batch, method))


def test_it_is_captums_on_a_transformer():
    method = Occlusion(window=24, stride=20)
    assert_equal(maps_of(swin(), method, pictures()), captums(swin(), pictures(), method))


def linear() -> Network:
    module = nn.Sequential(nn.Flatten(), nn.Linear(2 * 12 * 20, 3)).double()
    return Network(module=module, points={})


@pytest.mark.parametrize("baseline", ["zero", "dataset"])
def test_a_window_of_a_linear_network_has_the_sum_of_its_contributions(baseline):
    network, batch = linear(), small_batch()
    weights = network.module[1].weight.detach()[batch.target].reshape(batch.x.shape)
    contributions = weights * (batch.x - baseline_of(baseline, batch))
    pixels = contributions.sum(1, keepdim=True)
    assert_equal(maps_of(network, Occlusion(window=1, baseline=baseline), batch), pixels)
    blocks = nn.functional.avg_pool2d(pixels, 4) * 16
    tiled = blocks.repeat_interleave(4, 2).repeat_interleave(4, 3)
    assert_equal(maps_of(network, Occlusion(window=4, stride=4, baseline=baseline), batch), tiled)


def test_square_images_have_at_most_225_windows_by_default():
    counts = {side: len(Occlusion()._places(side, side)) for side in range(1, 300)}
    assert max(counts.values()) == 225
    assert min(counts[side] for side in range(8, 300)) == 64
    assert [counts[side] for side in (16, 32, 224)] == [225, 225, 225]


def test_default_windows_follow_the_shorter_side_and_the_stride_follows_the_window():
    network, batch = small(), small_batch()
    assert_equal(maps_of(network, Occlusion(), batch), maps_of(network, Occlusion(window=2, stride=1), batch))
    assert_equal(maps_of(network, Occlusion(window=5), batch), maps_of(network, Occlusion(window=5, stride=3), batch))


@pytest.mark.parametrize("values", [{"window": 13}, {"window": 20, "stride": 2}])
def test_a_window_larger_than_the_image_is_refused(values):
    with pytest.raises(
        UsageError, match=rf"^window={values['window']} does not fit images of 12x20; it can be 1 to 12"
    ):
        maps_of(small(), Occlusion(**values), small_batch())


def test_a_stride_that_leaves_gaps_is_refused():
    with pytest.raises(ValueError, match=r"^stride=4 leaves gaps between windows of 3 pixels; it can be 1 to 3$"):
        Occlusion(window=3, stride=4)
    with pytest.raises(UsageError, match=r"^stride=3 leaves gaps between windows of 2 pixels; it can be 1 to 2$"):
        maps_of(small(), Occlusion(stride=3), small_batch())


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"window": 0}, "window=0 is not possible; it must be 1 or more"),
        ({"stride": -1}, "stride=-1 is not possible; it must be 1 or more"),
    ],
)
def test_impossible_values_are_refused(values, text):
    with pytest.raises(ValueError, match=text):
        Occlusion(**values)


def test_it_satisfies_the_protocol():
    assert isinstance(Occlusion(), FunctionalMethod)
