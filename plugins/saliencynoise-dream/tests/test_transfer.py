from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from saliencynoise.interfaces import UsageError
from saliencynoise_dream.comparison import advantage, compare_dreams
from saliencynoise_dream.config import DreamConfig
from saliencynoise_dream.objective import ClassLogit, LayerEnergy
from saliencynoise_dream.transfer import crossed_interval, gain, recognition
from saliencynoise_dream.views import to_bytes
from tests.dream_networks import linear_network

FULL = {"mean": (0.0,), "std": (1.0,)}


def test_recognition_of_a_linear_network_is_known():
    weights = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    pictures = torch.tensor([[[[255, 0]]], [[[255, 255]]]], dtype=torch.uint8)
    result = recognition([linear_network(weights), linear_network(-weights)], pictures, torch.tensor([0, 0]), **FULL)
    logits = np.array([[[1.0, 0, 0], [1, 2, 0]], [[-1, 0, 0], [-1, -2, 0]]])
    expected = np.exp(logits[..., 0]) / np.exp(logits).sum(-1)
    np.testing.assert_allclose(result.probability, expected, rtol=1e-6)
    np.testing.assert_allclose(result.margin, [[1.0, -1.0], [-1.0, -1.0]], rtol=1e-6)
    assert result.top1.tolist() == [[1, 0], [0, 0]]


def test_the_interval_adds_the_variances_of_the_factors():
    values = torch.rand(5, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    array = values.numpy()
    parts = [
        array.mean(axes).var(ddof=1) / size for axes, size in (((1, 2), 5), ((0, 2), 3), ((0, 1), 4))
    ]  # fmt: skip
    df = sum(parts) ** 2 / (parts[0] ** 2 / 4 + parts[1] ** 2 / 2 + parts[2] ** 2 / 3)
    low, high = stats.t.interval(0.95, df, array.mean(), np.sqrt(sum(parts)))
    result = crossed_interval(values)
    assert (result.low, result.high) == pytest.approx((low, high))
    assert crossed_interval(values, lowest=0.45, highest=0.5).low == max(low, 0.45)


def test_the_interval_covers_a_mean_over_new_classes_members_and_networks():
    generator = torch.Generator().manual_seed(1)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    hits = []
    for _ in range(400):
        values = draw(6, 1, 1) + 0.7 * draw(1, 4, 1) + 0.7 * draw(1, 1, 5) + 0.5 * draw(6, 4, 5)
        result = crossed_interval(values)
        hits.append(result.low <= 0 <= result.high)
    assert 0.92 <= np.mean(hits) <= 1  # 400 draws: standard error 0.011


def test_one_judge_gives_no_interval():
    assert crossed_interval(torch.zeros(4, 1, 3)) is None


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1])
def test_scores_that_are_all_equal_show_no_certainty(value):
    assert crossed_interval(torch.full((3, 2, 7), value), lowest=0, highest=1) is None
    assert crossed_interval(torch.full((1, 2), value)) is None
    assert crossed_interval(torch.tensor([[value, value + 1e-6]])) is not None


def test_an_ensemble_that_shares_a_feature_transfers_better():
    """Members see the class's true pixels at weight 1, and pixels of their own at 2: held-out ones share the former."""
    shared, own, members = 4, 4, 8
    networks = []
    for member in range(members + 3):
        weights = torch.zeros(2, shared + own * (members + 3), dtype=torch.float64)
        weights[0, :shared] = 1
        weights[0, shared + own * member : shared + own * (member + 1)] = 2
        networks.append(linear_network(weights.float()))
    size = weights.shape[1]
    sets = compare_dreams(
        networks[:members],
        networks[members:],
        objective=ClassLogit(torch.tensor([0])),
        start=torch.full((1, 1, 1, size), 0.2),
        config=DreamConfig(octaves=1, steps=5, jitter=0, smoothing=0, step_size=0.03),
        singles=6,
        **FULL,
    )
    by_kind = {result.kind: result for result in sets}
    # A step of root mean square s along g moves the held-out logit by s sqrt(size) <g, w> / |g|
    unit = 5 * 0.03 * size**0.5
    start = 4 * 0.2 + 4 * 2 * 0.2
    single = start + unit * 4 / (4 + 16) ** 0.5
    ensemble = start + unit * 4 / (4 + members * 4 * (2 / members) ** 2) ** 0.5
    assert float(by_kind["start"].scores["margin"].mean()) == pytest.approx(start, abs=0.01)
    assert float(by_kind["single"].scores["margin"].mean()) == pytest.approx(single, abs=0.05)
    assert float(by_kind["ensemble"].scores["margin"].mean()) == pytest.approx(ensemble, abs=0.05)
    assert by_kind["single"].scores["margin"].shape == (1, 3, 6)
    more, interval = advantage(by_kind["ensemble"], by_kind["single"], "margin")
    assert more == pytest.approx(ensemble - single, abs=0.05)
    # differences that are all equal, as on some processors, leave no interval
    assert interval is None or interval.low <= more <= interval.high


def test_who_dreams_does_not_judge(smooth, start):
    whole = {
        "objective": ClassLogit(torch.tensor([0, 1])),
        "start": start,
        "mean": (0, 0),
        "std": (1, 1),
        "config": DreamConfig(),
    }
    with pytest.raises(UsageError, match="cannot both dream and be held out"):
        compare_dreams(smooth, smooth[:1], singles=1, **whole)
    with pytest.raises(UsageError, match="singles=3 is not possible; give 1 to 2"):
        compare_dreams(smooth[:2], smooth[2:], singles=3, **whole)
    with pytest.raises(UsageError, match="no member is held out"):
        compare_dreams(smooth[:1], [], singles=1, **whole)


def test_the_gain_of_a_linear_layer_is_known():
    """Energy is quadratic: twice the pixels is a factor of four for any weights, of any scale."""
    networks = [linear_network(scale * torch.tensor([[1.0, 2.0], [0.5, -1.0]])) for scale in (1, 30)]
    start = torch.tensor([[[[10, 30]]], [[[40, 8]]]], dtype=torch.uint8)
    result = gain(networks, LayerEnergy("1"), start * 2, start, **FULL)
    torch.testing.assert_close(result, torch.full((2, 2), 2.0, dtype=torch.float64))
    with pytest.raises(UsageError, match="no member is held out"):
        gain([], LayerEnergy("1"), start, start, **FULL)


def test_a_layer_is_compared_by_its_gain_and_steps_are_kept(smooth, start):
    for network in smooth:
        network.module.float()
    start = start.float()
    whole = {"objective": LayerEnergy("top"), "start": start, "mean": (0, 0), "std": (1, 1), "singles": 2}
    config = DreamConfig(octaves=1, steps=3, keep_steps=True)
    calls = []
    sets = compare_dreams(
        smooth[:2], smooth[2:], config=config, gradients=("random",), on_dream=lambda *call: calls.append(call), **whole
    )
    assert [result.kind for result in sets] == ["start", "single", "stochastic"]
    assert calls == [("single", 0), ("single", 1), ("stochastic", 0)]
    by_kind = {result.kind: result for result in sets}
    assert by_kind["start"].scores["gain"].abs().max() == 0
    second = by_kind["single"].pictures[1]
    expected = gain(smooth[2:], LayerEnergy("top"), second, to_bytes(start), mean=(0, 0), std=(1, 1))
    assert torch.equal(by_kind["single"].scores["gain"][..., 1], expected.T)
    assert by_kind["single"].steps.shape == (2, 4, 2, 2, 8, 8)
    assert torch.equal(by_kind["stochastic"].steps[0, -1], by_kind["stochastic"].pictures[0])
    assert by_kind["stochastic"].trace.shape == (1, 3, 2)
