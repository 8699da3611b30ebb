"""Samplers against what their papers define, on a run that takes no training."""

from __future__ import annotations

import doctest
import importlib
from itertools import islice

import numpy as np
import pytest
import torch
from torch import nn

from saliencynoise.interfaces import UsageError
from saliencynoise.samplers.deep_ensemble import DeepEnsemble
from saliencynoise.samplers.mc_dropout import McDropout
from saliencynoise.samplers.noisegrad import FusionGrad, NoiseGrad
from saliencynoise.samplers.sanity import PermutedLabels, Untrained
from saliencynoise.samplers.seed_blocks import SeedBlocks
from saliencynoise.samplers.snapshot import Snapshot
from saliencynoise.samplers.swag import COLLECTIONS, Moments, Swag
from saliencynoise.samplers.weights import parameters

ENDLESS = [Swag(), McDropout(), NoiseGrad(), FusionGrad()]
ALL = [*ENDLESS, Snapshot(), DeepEnsemble(), Untrained(), PermutedLabels(), SeedBlocks()]


def drawn(sampler, run, count=3):
    return [sample.weights for sample in islice(sampler.members(run), count)]


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("name", ["mc_dropout"])
def test_the_examples_in_docstrings_hold(name):
    module = importlib.import_module(f"saliencynoise.samplers.{name}")
    failed, tried = doctest.testmod(module, extraglobs={"torch": torch, "nn": nn})
    assert tried
    assert not failed


@pytest.mark.parametrize("sampler", ALL, ids=lambda sampler: type(sampler).__name__)
def test_members_are_the_same_each_time_and_fit_the_network(sampler, fake_run):
    first, second = drawn(sampler, fake_run()), drawn(sampler, fake_run())
    assert len(first) == min(3, sampler.per_run or 3)
    assert all(same(one, other) for one, other in zip(first, second, strict=True))
    for weights in first:
        fake_run().build().load_state_dict(weights)
        assert all(value.isfinite().all() for value in weights.values())


@pytest.mark.parametrize("sampler", ALL, ids=lambda sampler: type(sampler).__name__)
def test_runs_and_members_differ_and_none_changes_when_the_sampler_goes_on(sampler, fake_run):
    one_by_one = [{k: v.clone() for k, v in weights.items()} for weights in drawn(sampler, fake_run(), 2)]
    kept = drawn(sampler, fake_run(), 2)
    assert all(same(one, other) for one, other in zip(one_by_one, kept, strict=True))
    members = [*kept, *drawn(sampler, fake_run(index=1), 2)]
    assert not any(same(one, other) for place, one in enumerate(members) for other in members[:place])


@pytest.mark.parametrize("kind", [type(sampler) for sampler in ENDLESS])
def test_a_run_gives_as_many_members_as_are_wanted_or_as_was_said(kind, fake_run):
    assert kind().per_run is None
    assert len(drawn(kind(), fake_run(), 7)) == 7
    limited = kind(members_a_run=2)
    assert limited.per_run == 2
    two = drawn(limited, fake_run(), 7)
    assert all(same(one, other) for one, other in zip(two, drawn(kind(), fake_run(), 2), strict=True))


def test_snapshots_are_the_ends_of_cycles_that_go_on_from_each_other(fake_run):
    run = fake_run(index=3, epochs=5)
    snapshots = drawn(Snapshot(cycles=3, share=0.5), run, 9)
    assert [how["epochs"] for how in run.trainings] == [2, 2, 2]
    assert {how["schedule"] for how in run.trainings} == {"cosine"}
    streams = [how["streams"] for how in run.trainings]
    assert all(own.keys() == {"order", "augment", "dropout"} for own in streams)
    assert len({own["order"] for own in streams}) == 3
    again = fake_run(index=3)
    module = again.build()
    for snapshot, own in zip(snapshots, streams, strict=True):
        again.train(module, streams=own)
        assert same(snapshot, module.state_dict())


@pytest.mark.parametrize(("share", "epochs", "each"), [(0.5, 2, 1), (0.1, 2, 1), (0.5, 30, 15), (1.0, 3, 3)])
def test_a_cycle_is_a_share_of_the_recipe_and_an_epoch_at_least(share, epochs, each, fake_run):
    run = fake_run(epochs=epochs)
    drawn(Snapshot(cycles=1, share=share), run)
    assert [how["epochs"] for how in run.trainings] == [each]


def test_swags_moments_are_those_of_numpy():
    path = np.cumsum(np.random.default_rng(0).normal(size=(37, 11)), axis=0) + 100
    moments = Moments(rank=5)
    for row in path:
        moments.collect([torch.tensor(row[:8]).reshape(2, 4), torch.tensor(row[8:])])
    mean = torch.cat([value.flatten() for value in moments.mean]).numpy()
    variance = torch.cat([value.flatten() for value in moments.scatter]).numpy() / moments.collected
    np.testing.assert_allclose(mean, path.mean(0), rtol=1e-12)
    np.testing.assert_allclose(variance, path.var(0), rtol=1e-12)
    running = np.array([path[: n + 1].mean(0) for n in range(37)])
    kept = [torch.cat([value.flatten() for value in gaps]).numpy() for gaps in moments.deviations]
    np.testing.assert_allclose(kept, (path - running)[-5:], rtol=1e-5, atol=1e-6)


def test_swags_draws_have_half_of_the_diagonal_and_half_of_the_low_rank_covariance():
    path = np.random.default_rng(1).normal(size=(12, 3)) @ np.array([[1.0, 0.5, 0.0], [0, 1, -1], [0, 0, 2]]) + 5
    moments = Moments(rank=4)
    for row in path:
        moments.collect([torch.tensor(row[:1]), torch.tensor(row[1:])])
    generator = torch.Generator().manual_seed(0)
    draws = np.array([torch.cat(moments.draw(generator)).numpy() for _ in range(5_000)])
    D = np.array([path[n] - path[: n + 1].mean(0) for n in range(8, 12)]).T
    expected = np.diag(path.var(0)) / 2 + D @ D.T / (2 * 3)
    spread = np.sqrt(
        np.outer(np.diag(expected), np.diag(expected)) / 5_000
    )  # of a covariance's estimate, up to sqrt(2)
    assert (abs(np.cov(draws.T) - expected) < 5 * np.sqrt(2) * spread).all()
    assert (abs(draws.mean(0) - path.mean(0)) < 5 * np.sqrt(np.diag(expected) / 5_000)).all()


@pytest.mark.parametrize(("steps", "collected"), [(7, 7), (20, 20), (30, 20), (40, 20), (1437, 20)])
def test_swag_collects_at_regular_steps(steps, collected, fake_run):
    run = fake_run(steps=steps)
    seen, module = [], run.build()
    moments = Swag().fitted(run, module)
    assert moments.collected == collected == min(steps, COLLECTIONS)
    again = fake_run(steps=steps)

    def watch(done, total):
        if any(done == -(-k * total // COLLECTIONS) for k in range(1, COLLECTIONS + 1)):
            seen.append(torch.cat([p.detach().flatten().double() for p in module.parameters()]))

    module = again.build()
    again.train(module, streams=run.trainings[0]["streams"], after_step=watch)
    assert len(seen) == collected
    mean = torch.cat([value.flatten() for value in moments.mean])
    torch.testing.assert_close(mean, torch.stack(seen).mean(0), rtol=1e-10, atol=1e-12)


def test_swag_goes_on_from_the_trained_network_at_a_constant_rate(fake_run):
    run = fake_run(epochs=6)
    drawn(Swag(), run, 4)
    (how,) = run.trainings
    assert {name: how[name] for name in ("epochs", "learning_rate", "schedule")} == {
        "epochs": 3,
        "learning_rate": 0.5,
        "schedule": "constant",
    }
    assert run.refreshed == 4
    short = fake_run(epochs=1)
    drawn(Swag(), short)
    drawn(Swag(epochs=9), short)
    assert [how["epochs"] for how in short.trainings] == [1, 9]


def test_a_swag_of_weights_that_do_not_move_is_their_mean(fake_run):
    moments = Moments(rank=3)
    for _ in range(5):
        moments.collect([torch.full((4,), 0.1)])
    assert torch.equal(moments.draw(torch.Generator())[0].float(), torch.full((4,), 0.1))


def test_noisegrad_multiplies_every_parameter_by_a_normal_factor_and_nothing_else(fake_run):
    def wide(seed=0):
        module = nn.Sequential(nn.Conv2d(1, 300, 3), nn.BatchNorm2d(300), nn.Flatten(), nn.Linear(2700, 30))
        nn.init.zeros_(module[0].bias)
        return module.eval()

    run = fake_run(steps=0, make=lambda seed: seeded_wide(wide, seed))
    base = run.trained().state_dict()
    (weights,) = drawn(NoiseGrad(noise=0.3), run, 1)
    factors = (weights["3.weight"] / base["3.weight"]).double()
    count = factors.numel()
    assert abs(factors.mean() - 1) < 5 * 0.3 / count**0.5
    assert abs(factors.std() - 0.3) < 5 * 0.3 / (2 * count) ** 0.5
    neighbours = np.corrcoef((weights["1.weight"] - 1).numpy(), (weights["3.weight"] / base["3.weight"])[0, :300])
    assert abs(neighbours[0, 1]) < 0.3
    assert torch.equal(weights["0.bias"], base["0.bias"])
    for name in ("1.running_mean", "1.running_var", "1.num_batches_tracked"):
        assert torch.equal(weights[name], base[name])
    assert run.refreshed == 0
    assert run.trainings == []


def seeded_wide(make, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def test_fusiongrad_is_noisegrad_with_noise_on_the_images(fake_run):
    fused = FusionGrad(noise=0.2, input_noise=0.3)
    assert fused.input_noise == 0.3
    assert NoiseGrad().input_noise == 0
    pairs = zip(drawn(fused, fake_run()), drawn(NoiseGrad(noise=0.2), fake_run()), strict=True)
    assert all(same(one, other) for one, other in pairs)


def test_shared_and_whole_number_parameters_are_handled_once():
    module = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
    module[1].weight = module[0].weight
    module.counts = nn.Parameter(torch.arange(3), requires_grad=False)
    assert [value.shape for value in parameters(module)] == [(2, 2), (2,), (2,)]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Snapshot(cycles=0), "snapshot: cycles=0 is not possible; give 1 or more"),
        (lambda: Snapshot(share=0.0), "snapshot: share=0.0 is not possible; give more than 0"),
        (lambda: Swag(epochs=-1), "swag: epochs=-1 is not possible; give 1 or more, or 0"),
        (lambda: Swag(rank=1), "swag: rank=1 is not possible; give 2 to 20"),
        (lambda: Swag(learning_rate=0.0), "swag: learning_rate=0.0 is not possible; give more than 0"),
        (lambda: Swag(members_a_run=-1), "swag: members_a_run=-1 is not possible; give 1 or more, or 0 for all"),
        (lambda: McDropout(rate=1.0), "mc_dropout: rate=1.0 is not possible; give more than 0 and less than 1"),
        (lambda: McDropout(members_a_run=-2), "mc_dropout: members_a_run=-2 is not possible"),
        (lambda: NoiseGrad(noise=0.0), "noisegrad: noise=0.0 is not possible; give more than 0"),
        (lambda: FusionGrad(noise=-1.0), "fusiongrad: noise=-1.0 is not possible; give more than 0"),
        (lambda: FusionGrad(input_noise=-1.0), "fusiongrad: input_noise=-1.0 is not possible; give 0 or more"),
    ],
)
def test_impossible_parameters_are_named(make, text):
    with pytest.raises(UsageError, match=text):
        make()
