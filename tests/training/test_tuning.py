"""Training from a start: what trains, at which rate, and what stays bit for bit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from saliencynoise.interfaces import UsageError
from saliencynoise.training.loop import Seeds, train
from saliencynoise.training.recipes import Recipe, recipe_for
from saliencynoise.training.schedules import scheduler
from saliencynoise.training.tuning import Tuning, find_head

RECIPE = Recipe(epochs=2, batch_size=16, learning_rate=1e-2, backbone_rate=0.1, frozen_norms=True)


def network(seed=0):
    """A network for images of one channel with two classes; its batch norms have statistics of their own."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        stem = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        late = nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        module = nn.Sequential()
        module.add_module("stem", stem)
        module.add_module("late", late)
        module.add_module("pool", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5)))
        module.add_module("head", nn.Linear(4, 2))
        for norm in (stem[1], late[1]):
            norm.running_mean.normal_()
    return module


def tuned(dataset, parts, recipe=RECIPE):
    """The names of the entries that training changes, of the whole state dictionary."""
    module = network()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with torch.random.fork_rng():
        tuning = Tuning(head="head", tuned=parts)
        train(module, dataset, recipe, Seeds.of_member(0, 0), device="cpu", progress=lambda *_: None, tuning=tuning)
    assert all(value.requires_grad for value in module.parameters())
    assert not any(part.training for part in module.modules())
    return {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}


def test_only_the_head_trains(dataset):
    assert tuned(dataset, ("head",)) == {"head.weight", "head.bias"}


def test_a_layer_trains_with_the_head_and_all_norms_keep_their_statistics(dataset):
    own = {f"late.{name}" for name in ("0.weight", "0.bias", "1.weight", "1.bias")}
    assert tuned(dataset, ("late",)) == {"head.weight", "head.bias"} | own


def test_all_parameters_train_and_norms_learn_their_statistics_where_they_are_not_frozen(dataset):
    parameters = {name for name, _ in network().named_parameters()}
    assert tuned(dataset, ("all",)) == parameters
    recipe = Recipe(epochs=2, batch_size=16, learning_rate=1e-2)
    assert tuned(dataset, ("all",), recipe) == set(network().state_dict())


def test_the_backbone_has_a_lower_rate_at_every_step():
    module = network()
    groups = Tuning(head="head", tuned=("late",)).groups(module, RECIPE)
    assert [sum(value.numel() for value in group["params"]) for group in groups] == [10, 4 * 4 * 9 + 4 + 8]
    for schedule in ("one_cycle", "cosine", "constant"):
        optimiser = torch.optim.AdamW(Tuning(head="head", tuned=("all",)).groups(module, RECIPE))
        rates = scheduler(schedule, optimiser, RECIPE, steps=6)
        for _ in range(5):
            head, backbone = (group["lr"] for group in optimiser.param_groups)
            assert backbone == pytest.approx(head / 10)
            optimiser.step()
            rates.step()


def test_the_head_is_the_last_layer_with_an_output_for_each_class():
    module = network()
    assert find_head(module, 2, given=None, name="it") == "head"
    assert find_head(module, 4, given=None, name="it") == "late.0"
    assert find_head(module, 4, given="stem", name="it") == "stem"
    with pytest.raises(UsageError, match="it has no linear or convolutional layer with 7 outputs"):
        find_head(module, 7, given=None, name="it")


def test_a_part_that_the_network_lacks_is_refused():
    with pytest.raises(UsageError, match="--tune latr: the network has no such module; did you mean 'late'"):
        Tuning(head="head", tuned=("latr",)).check(network())
    with pytest.raises(UsageError, match=r"--tune zzz: .* at the top it has stem, late, pool, head"):
        Tuning(head="head", tuned=("zzz",)).check(network())


@pytest.mark.parametrize(
    ("parts", "rate", "frozen"),
    [((), 1.0, False), (("head",), 1.0, True), (("all",), 0.1, True), (("late",), 0.1, True)],
)
def test_training_from_a_start_has_recipes_of_its_own(dataset, parts, rate, frozen):
    recipe = recipe_for(dataset, architecture="resnet", device="cpu", overrides={"epochs": 3}, tuned=parts)
    assert (recipe.epochs, recipe.backbone_rate, recipe.frozen_norms) == (3, rate, frozen)
    if not parts:
        with pytest.raises(UsageError, match="the recipe's backbone_rate is for training from a start; give --init"):
            recipe_for(dataset, architecture="resnet", device="cpu", overrides={"backbone_rate": 0.5}, tuned=parts)
