"""The training loop: what it learns, what its seeds determine, what it leaves alone."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest
import torch
import torch.nn.functional as F

from saliencynoise.data.tensors import to_float
from saliencynoise.interfaces import Dataset, Split, derive_seed
from saliencynoise.training.loop import Seeds, predict, refresh_batch_norm, steps_of, train
from saliencynoise.training.recipes import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    Fresh = Callable[[int], nn.Module]

RECIPE = Recipe(epochs=2, batch_size=16, learning_rate=1e-2, shift=1, flip=False)
SEEDS = Seeds.of_member(0, 0)


def trained(fresh: Fresh, dataset: Dataset, *, seeds: Seeds = SEEDS, recipe: Recipe = RECIPE) -> nn.Module:
    module = fresh(seeds.init)
    with torch.random.fork_rng():
        train(module, dataset, recipe, seeds, device="cpu", progress=lambda _done, _steps: None)
    return module


def equal(left: nn.Module, right: nn.Module) -> bool:
    pairs = zip(left.state_dict().values(), right.state_dict().values(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


def loss(module: nn.Module, split: Split, dataset: Dataset) -> Tensor:
    module.eval()
    with torch.no_grad():
        return F.cross_entropy(module(to_float(split.images, dataset.mean, dataset.std)), split.labels)


def test_one_epoch_reduces_the_loss(fresh, dataset):
    before = loss(fresh(SEEDS.init), dataset.train, dataset)
    after = loss(trained(fresh, dataset, recipe=replace(RECIPE, epochs=1, batch_size=8)), dataset.train, dataset)
    assert after < 0.85 * before


def test_a_separable_data_set_is_learned(fresh, dataset):
    module = trained(fresh, dataset, recipe=replace(RECIPE, epochs=6, batch_size=8))
    logits = predict(module, dataset, device="cpu")
    assert (logits.argmax(1) == dataset.test.labels).double().mean() >= 0.95


def test_the_same_seeds_give_the_same_weights_bit_for_bit(fresh, dataset):
    torch.manual_seed(1)
    first = trained(fresh, dataset)
    torch.manual_seed(2)
    assert equal(first, trained(fresh, dataset))


@pytest.mark.parametrize("stream", ["init", "order", "augment", "dropout"])
def test_each_seed_alone_changes_the_weights(fresh, dataset, stream):
    other = replace(SEEDS, **{stream: asdict(SEEDS)[stream] + 1})
    assert not equal(trained(fresh, dataset), trained(fresh, dataset, seeds=other))


def test_the_augmentations_seed_means_nothing_without_augmentation(fresh, dataset):
    plain = replace(RECIPE, shift=0, flip=False)
    other = replace(SEEDS, augment=SEEDS.augment + 1)
    assert equal(trained(fresh, dataset, recipe=plain), trained(fresh, dataset, recipe=plain, seeds=other))


def test_flips_change_the_weights(fresh, dataset):
    flipped = trained(fresh, dataset, recipe=replace(RECIPE, flip=True))
    assert not equal(flipped, trained(fresh, dataset))


def test_members_do_not_depend_on_their_order(fresh, dataset):
    members = [Seeds.of_member(7, index) for index in range(3)]
    forward = [trained(fresh, dataset, seeds=seeds) for seeds in members]
    backward = [trained(fresh, dataset, seeds=seeds) for seeds in reversed(members)][::-1]
    assert all(equal(one, other) for one, other in zip(forward, backward, strict=True))
    assert not equal(forward[0], forward[1])


def test_the_callers_random_state_is_left_as_found(fresh, dataset):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    trained(fresh, dataset)
    assert torch.equal(torch.get_rng_state(), before)


def test_members_seeds_are_named_streams():
    seeds = Seeds.of_member(5, 2)
    assert seeds.order == derive_seed(5, "order", 2)
    assert len({*asdict(seeds).values(), *asdict(Seeds.of_member(5, 3)).values()}) == 8


@pytest.mark.parametrize(
    ("images", "batch_size", "epochs", "steps"),
    [(50, 16, 2, 6), (48, 16, 2, 6), (15, 16, 3, 3), (16, 16, 1, 1), (31, 16, 1, 1)],
)
def test_an_incomplete_last_batch_is_left_out_unless_it_is_the_only_one(
    fresh, dataset, images, batch_size, *, epochs, steps
):
    split = Split(
        images=dataset.train.images[:images],
        labels=dataset.train.labels[:images],
        names=dataset.train.names[:images],
    )
    recipe = replace(RECIPE, batch_size=batch_size, epochs=epochs)
    assert steps_of(recipe, images) == steps
    calls, sizes = [], []
    module = fresh(0)
    module.register_forward_pre_hook(lambda _module, inputs: sizes.append(len(inputs[0])))
    with torch.random.fork_rng():
        part = replace(dataset, train=split)
        train(module, part, recipe, SEEDS, device="cpu", progress=lambda *call: calls.append(call))
    assert calls == [(done, steps) for done in range(1, steps + 1)]
    assert sizes == [min(images, batch_size)] * steps


def test_an_epoch_sees_each_image_once_in_another_order(fresh, dataset):
    marked = dataset.train.images.clone()
    marked[:] = torch.arange(50)[:, None, None, None]
    split = replace(dataset.train, images=marked)
    seen = []
    module = fresh(0)
    module.register_forward_pre_hook(lambda _module, inputs: seen.extend(inputs[0][:, 0, 0, 0].tolist()))
    with torch.random.fork_rng():
        data = replace(dataset, train=split, mean=(0.0,), std=(1 / 255,))
        recipe = replace(RECIPE, batch_size=10)
        train(module, data, recipe, SEEDS, device="cpu", progress=lambda *_: None)
    first, second = [round(value) for value in seen[:50]], [round(value) for value in seen[50:]]
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    assert first != sorted(first)


@pytest.mark.parametrize("warmup", [0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 10, 20])
def test_short_runs_train_with_every_warm_up(fresh, dataset, warmup, steps):
    """torch's OneCycleLR divides by zero where the warm-up is exactly one step, as 10% of 10 are."""
    recipe = replace(RECIPE, epochs=steps, batch_size=50, warmup=warmup)
    module = trained(fresh, dataset, recipe=recipe)
    assert all(value.isfinite().all() for value in module.state_dict().values())
    assert not equal(module, fresh(SEEDS.init))


def test_large_gradients_are_clipped(fresh, dataset):
    recipe = replace(RECIPE, learning_rate=1e-3, clip_norm=1e-3)
    module = fresh(0)
    norms = []
    step = torch.optim.AdamW.step

    def record(optimiser: torch.optim.AdamW, *arguments: object) -> object:
        gradients = [p.grad.norm() for group in optimiser.param_groups for p in group["params"]]
        norms.append(torch.stack(gradients).norm().item())
        return step(optimiser, *arguments)

    with torch.random.fork_rng(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", record)
        train(module, dataset, recipe, SEEDS, device="cpu", progress=lambda *_: None)
    assert len(norms) == 6
    assert norms == pytest.approx([1e-3] * 6, rel=1e-2)


def test_bfloat16_trains_float32_weights(fresh, dataset):
    module = trained(fresh, dataset, recipe=replace(RECIPE, precision="bfloat16"))
    assert {value.dtype for value in module.parameters()} == {torch.float32}
    assert all(value.isfinite().all() for value in module.parameters())
    assert not equal(module, trained(fresh, dataset))


def test_prediction_is_the_networks_in_eval_mode_whatever_the_batch(fresh, dataset):
    module = trained(fresh, dataset).train()
    logits = predict(module, dataset, device="cpu", batch_size=7)
    assert not module.training
    assert (logits.shape, logits.dtype, logits.requires_grad) == ((20, 2), torch.float32, False)
    with torch.no_grad():
        expected = module((dataset.test.images.double().div(255).sub(0.4).div(0.25)).float())
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)


def test_refreshed_statistics_are_those_of_the_training_images(fresh, dataset):
    module = trained(fresh, dataset)
    with torch.no_grad():
        module[0].weight.mul_(3).add_(0.5)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    refresh_batch_norm(module, dataset, device="cpu", batch_size=50)
    after = module.state_dict()
    x = to_float(dataset.train.images, dataset.mean, dataset.std).double()
    seen = F.conv2d(x, before["0.weight"].double(), before["0.bias"].double(), padding=1)
    torch.testing.assert_close(after["1.running_mean"].double(), seen.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(after["1.running_var"].double(), seen.var((0, 2, 3)), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(before["1.running_mean"], after["1.running_mean"])
    assert all(
        torch.equal(before[name], after[name]) for name in before if "running" not in name and "num_" not in name
    )
    assert module[1].momentum == 0.1
    assert not any(part.training for part in module.modules())


def test_refreshed_statistics_are_a_plain_mean_over_batches(fresh, dataset):
    module = fresh(0).eval()
    refresh_batch_norm(module, dataset, device="cpu", batch_size=25)
    with torch.no_grad():
        seen = [module[0](to_float(part, dataset.mean, dataset.std)) for part in dataset.train.images.split(25)]
    means = torch.stack([part.mean((0, 2, 3)) for part in seen]).mean(0)
    variances = torch.stack([part.var((0, 2, 3)) for part in seen]).mean(0)
    torch.testing.assert_close(module[1].running_mean, means, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(module[1].running_var, variances, rtol=1e-4, atol=1e-5)


def test_refreshing_drops_nothing_and_leaves_networks_without_batch_norm_alone(fresh, dataset):
    once, twice = fresh(0).eval(), fresh(0).eval()
    state = torch.get_rng_state()
    refresh_batch_norm(once, dataset, device="cpu")
    for _ in range(2):
        refresh_batch_norm(twice, dataset, device="cpu")
    assert equal(once, twice)
    assert torch.equal(torch.get_rng_state(), state)
    plain = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.GroupNorm(1, 2))
    before = {name: value.clone() for name, value in plain.state_dict().items()}
    refresh_batch_norm(plain, dataset, device="cpu")
    assert all(torch.equal(value, before[name]) for name, value in plain.state_dict().items())


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_another_schedule_gives_other_weights(fresh, dataset, schedule):
    module = fresh(SEEDS.init)
    with torch.random.fork_rng():
        train(module, dataset, RECIPE, SEEDS, device="cpu", progress=lambda *_: None, schedule=schedule)
    assert not equal(module, trained(fresh, dataset))


def test_streams_derive_from_the_index_that_is_named_for_them():
    seeds = Seeds.of_member(5, 2, streams={"order": "3-cycle-1", "dropout": 7})
    assert asdict(seeds) == {
        "init": derive_seed(5, "init", 2),
        "order": derive_seed(5, "order", "3-cycle-1"),
        "augment": derive_seed(5, "augment", 2),
        "dropout": derive_seed(5, "dropout", 7),
    }
