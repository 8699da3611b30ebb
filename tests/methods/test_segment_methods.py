"""LIME and KernelSHAP: the lime package, exact Shapley values by enumeration, games with a known answer."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from saliencynoise.interfaces import Batch, Maps, Network, Noise, UsageError, seeded
from saliencynoise.methods import lime as own_lime
from saliencynoise.methods.kernel_shap import KernelShap, coalitions, shapley_values
from saliencynoise.methods.lime import Lime
from saliencynoise.methods.segments import counts, masked, segment_means, segments_of, spread
from saliencynoise.scoring import Passes, attribute

if TYPE_CHECKING:
    from torch import Tensor


def convolutional() -> Network:
    with seeded(4):
        layers = [nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5)]
        module = nn.Sequential(*layers).double()
        module(torch.zeros(1, 3, 8, 12, dtype=torch.float64))
        nn.init.normal_(module[3].weight, std=0.3)
    return Network(module=module, points={})


def linear() -> Network:
    with seeded(5):
        return Network(module=nn.Sequential(nn.Flatten(), nn.Linear(288, 5)).double(), points={})


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(3, 3, 8, 12, generator=generator, dtype=torch.float64)
    return Batch(x=x, target=torch.tensor([4, 0, 2]), background=x, noise=Noise((7, 8, 9)))


def maps_of(network: Network, method: object, batch: Batch, *, rows: int = 256) -> Maps:
    maps = attribute(Passes(network, rows=rows), method, batch)
    assert isinstance(maps, Maps), maps
    return maps


METHODS = [Lime(samples=40), Lime(samples=40, segments="slic", fill="zero"), KernelShap(samples=40)]


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_neither_chunks_nor_the_batch_change_a_map(method, batch):
    network = convolutional()
    whole = maps_of(network, method, batch).values
    assert whole.shape == (3, 1, 8, 12)
    for rows in (1, 7):
        torch.testing.assert_close(maps_of(network, method, batch, rows=rows).values, whole, rtol=1e-10, atol=1e-12)
    for order in ([2], [1, 0, 2]):
        noise = Noise(tuple(batch.noise.seeds[place] for place in order))
        part = replace(batch, x=batch.x[order], target=batch.target[order], noise=noise)
        torch.testing.assert_close(maps_of(network, method, part).values, whole[order], rtol=1e-10, atol=1e-12)


# Segments ------------------------------------------------------------------------------------------------------------


def test_a_grid_of_cells_as_equal_as_can_be():
    segments = segments_of(torch.zeros(2, 1, 5, 7), kind="grid", grid=3)
    assert segments.shape == (2, 5, 7)
    assert counts(segments) == [9, 9]
    sizes = segments[0].flatten().bincount()
    assert sizes.sum() == 35
    assert sizes.min() >= 2
    assert counts(segments_of(torch.zeros(1, 1, 2, 4), kind="grid", grid=4)) == [8], "two rows of four"
    with pytest.raises(UsageError, match="grid=5 has more cells than images of 2x4 have pixels; give fewer"):
        segments_of(torch.zeros(1, 1, 2, 4), kind="grid", grid=5)


@pytest.mark.parametrize("kind", ["slic", "felzenszwalb", "quickshift"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_superpixels_are_numbered_without_gaps_and_follow_the_picture(kind, channels):
    x = torch.zeros(2, channels, 24, 32)
    x[:, :, :, 16:] = 2.0
    segments = segments_of(x, kind=kind, grid=2)
    for segment in segments:
        assert segment.unique().tolist() == list(range(int(segment.max()) + 1))
        assert int(segment.max()) >= 1
        assert not set(segment[:, :15].unique().tolist()) & set(segment[:, 17:].unique().tolist())


def test_masks_switch_whole_segments_to_the_fill():
    x = torch.arange(8.0).reshape(1, 1, 2, 4) + 1
    segments = segments_of(x, kind="grid", grid=2)
    mask = torch.tensor([[True, False, False, True]])
    (block,) = masked(x, segment_means(x, segments), segments, [mask])
    assert block[0, 0, 0].tolist() == [[1, 2, 3.5, 3.5], [5.5, 5.5, 7, 8]]
    assert spread([torch.tensor([1.0, 2, 3, 4])], segments)[0, 0].tolist() == [[1, 1, 2, 2], [3, 3, 4, 4]]


# LIME ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grid", [2, 4])
@pytest.mark.parametrize("hide_color", [None, 0.0])
def test_lime_is_the_package_at_the_same_seed_and_segments(batch, grid, hide_color):
    lime_image = pytest.importorskip("lime.lime_image")
    network = convolutional()
    segments = segments_of(batch.x, kind="grid", grid=grid)
    fill = "segment_mean" if hide_color is None else "zero"
    maps = maps_of(network, Lime(samples=150, grid=grid, score="probability", fill=fill), batch).values

    def probabilities(images: np.ndarray) -> np.ndarray:
        return network.module(torch.from_numpy(images).permute(0, 3, 1, 2)).softmax(1).detach().numpy()

    for image in range(3):
        explainer = lime_image.LimeImageExplainer(random_state=batch.noise.seeds[image])
        target = int(batch.target[image])
        explanation = explainer.explain_instance(
            batch.x[image].permute(1, 2, 0).numpy(),
            probabilities,
            labels=(target,),
            top_labels=None,
            hide_color=hide_color,
            num_samples=150,
            segmentation_fn=lambda _, own=segments[image]: own.numpy(),
        )
        coefficients = dict(explanation.local_exp[target])
        oracle = np.vectorize(coefficients.get)(segments[image].numpy())
        assert np.abs(oracle).max() > 1e-4
        assert np.abs(maps[image, 0].numpy() - oracle).max() <= 1e-10 * np.abs(oracle).max()


def test_lime_recovers_the_coefficients_of_a_linear_network(batch):
    """The ridge shrinks them; with many samples its penalty of 1 does not matter."""
    network = linear()
    method = Lime(samples=20_000, grid=2, fill="zero", kernel_width=10.0)
    segments = segments_of(batch.x, kind="grid", grid=2)
    weight = network.module[1].weight[batch.target].reshape(batch.x.shape)
    expected = [
        torch.zeros(4, dtype=torch.float64).index_add_(0, own.flatten(), part.flatten())
        for own, part in zip(segments, (weight * batch.x).sum(1), strict=True)
    ]
    oracle = spread(expected, segments)
    result = maps_of(network, method, batch).values
    assert (result - oracle).abs().max() < 1e-3 * oracle.abs().max()


def test_members_share_masks_and_factorisation(batch):
    own_lime.surrogate.cache_clear()
    for _ in range(3):
        maps_of(convolutional(), Lime(samples=20), batch)
    information = own_lime.surrogate.cache_info()
    assert (information.misses, information.hits) == (3, 6)


# KernelSHAP ----------------------------------------------------------------------------------------------------------


def exact_shapley_values(value: dict[tuple[bool, ...], float], players: int) -> np.ndarray:
    """By the definition: the mean over all orders of what a player adds."""
    total = np.zeros(players)
    orders = list(permutations(range(players)))
    for order in orders:
        mask = [False] * players
        for player in order:
            before = value[tuple(mask)]
            mask[player] = True
            total[player] += value[tuple(mask)] - before
    return total / len(orders)


def test_kernel_shap_gives_the_exact_shapley_values_of_8_players(batch):
    network = convolutional()
    x = batch.x[:, :, :2, :4]
    with seeded(0):
        module = nn.Sequential(nn.Flatten(), nn.Linear(24, 16), nn.Tanh(), nn.Linear(16, 5)).double()
    network = Network(module=module, points={})
    small = replace(batch, x=x, background=x)
    maps = maps_of(network, KernelShap(samples=254, grid=4), small)
    assert maps.diagnostics["completeness_error"].max() < 1e-12
    masks = torch.tensor([[bool(n >> p & 1) for p in range(8)] for n in range(256)])
    segments = segments_of(x, kind="grid", grid=4)
    for image in range(3):
        shown = torch.where(masks[:, segments[image]][:, None], x[image], 0.0)
        scores = module(shown)[:, batch.target[image]].tolist()
        value = {tuple(mask): score for mask, score in zip(masks.tolist(), scores, strict=True)}
        oracle = exact_shapley_values(value, 8)
        assert np.abs(maps.values[image, 0].flatten().numpy() - oracle).max() <= 1e-10 * np.abs(oracle).max()
    drawn = maps_of(network, KernelShap(samples=128, grid=4), small).values
    assert 1e-6 < (drawn - maps.values).abs().max() < 0.1 * maps.values.abs().max(), "drawn coalitions are close"


@pytest.mark.parametrize("samples", [40, 60])
def test_pairs_make_drawn_coalitions_exact_for_games_of_order_two(samples):
    """What two players do together is half of each one's; the complements cancel the rest."""
    generator = torch.Generator().manual_seed(2)
    alone = torch.randn(10, generator=generator, dtype=torch.float64)
    pairs = torch.randn(10, 10, generator=generator, dtype=torch.float64).triu(1)
    masks, weights = coalitions(10, samples, generator)
    shown = masks.double()
    scores = 3 + shown @ alone + torch.einsum("sp,pq,sq->s", shown, pairs, shown)
    oracle = alone + (pairs + pairs.T).sum(1) / 2
    result = shapley_values(masks, weights, scores)
    assert (result - oracle).abs().max() < 1e-10


def test_kernel_shap_recovers_the_coefficients_of_a_linear_network(batch):
    network = linear()
    segments = segments_of(batch.x, kind="slic", grid=3)
    maps = maps_of(network, KernelShap(samples=80, segments="slic", grid=3, baseline="mean"), batch)
    weight = network.module[1].weight[batch.target].reshape(batch.x.shape)
    change = (weight * (batch.x - batch.x.mean((2, 3), keepdim=True))).sum(1)
    for image, own in enumerate(segments):
        for segment in own.unique():
            expected = change[image][own == segment].sum()
            assert torch.allclose(maps.values[image, 0][own == segment], expected, rtol=1e-10, atol=1e-12)


def test_one_segment_has_the_whole_difference(batch):
    network = linear()
    maps = maps_of(network, KernelShap(grid=1), batch)
    expected = network.module(batch.x) - network.module(torch.zeros_like(batch.x))
    torch.testing.assert_close(maps.values[:, 0, 0, 0], expected.gather(1, batch.target[:, None])[:, 0])


def test_coalitions_are_drawn_by_the_shapley_kernel_in_pairs():
    masks, weights = coalitions(6, 40, torch.Generator().manual_seed(0))
    assert masks.shape == (42, 6)
    assert not masks[0].any()
    assert masks[1].all()
    assert torch.equal(masks[2::2], ~masks[3::2])
    assert torch.equal(weights, torch.ones(40, dtype=torch.float64))
    many, _ = coalitions(6, 60, torch.Generator().manual_seed(1))
    assert set(many[2:].sum(1).tolist()) == {1, 2, 3, 4, 5}
    sizes = torch.cat([coalitions(8, 100, torch.Generator().manual_seed(s))[0][2:].sum(1) for s in range(60)])
    expected = torch.tensor([0.0] + [1 / (k * (8 - k)) for k in range(1, 8)]).double()
    share = sizes.bincount(minlength=8).double() / len(sizes)
    torch.testing.assert_close(share, expected / expected.sum(), rtol=0.1, atol=0.01)


def test_too_few_samples_for_the_segments_are_refused(batch):
    result = attribute(Passes(linear()), KernelShap(samples=30), batch)
    assert isinstance(result, ValueError)
    assert str(result) == "samples=30 are too few for 16 segments; give 32 or more"


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        (Lime, {"samples": 1}, "samples=1 is not possible; give 2 or more"),
        (Lime, {"grid": 0}, "grid=0 is not possible; give 1 or more"),
        (Lime, {"kernel_width": 0.0}, "kernel_width=0.0 is not possible; give a positive number"),
        (KernelShap, {"samples": 1}, "samples=1 is not possible; give 2 or more"),
    ],
)
def test_impossible_parameters(kind, values, text):
    with pytest.raises(ValueError, match=text):
        kind(**values)


def test_a_lime_map_is_constant_on_each_segment_and_changes_with_the_seed(batch):
    network = convolutional()
    first = maps_of(network, Lime(samples=30), batch).values
    second = maps_of(network, Lime(samples=30), replace(batch, noise=Noise((1, 2, 3)))).values
    assert not torch.equal(first, second)
    segments = segments_of(batch.x, kind="grid", grid=4)
    cell: Tensor = first[0, 0][segments[0] == 5]
    assert cell.unique().numel() == 1
