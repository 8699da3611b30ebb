"""Recipes: what is possible, what a data set gets, what a user may put in."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
import torch

from saliencynoise.interfaces import Split, UsageError
from saliencynoise.training import recipes
from saliencynoise.training.loop import steps_of
from saliencynoise.training.recipes import Recipe, recipe_for

if TYPE_CHECKING:
    from saliencynoise.interfaces import Dataset


def of_size(dataset: Dataset, count: int, width: int = 64) -> Dataset:
    split = Split(
        images=torch.zeros(count, 1, 8, width, dtype=torch.uint8),
        labels=torch.zeros(count).long(),
        names=("x",) * count,
    )
    return replace(dataset, train=split)


def recipe_of(dataset: Dataset, *, architecture: str = "resnet18", overrides: Any = MappingProxyType({})) -> Recipe:
    return recipe_for(dataset, architecture=architecture, device="cpu", overrides=overrides)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"crop": 0.0}, "the recipe's crop is 0.0; it must be above 0, at most 1"),
        ({"optimiser": "adam"}, "the recipe's optimiser is adam; it must be adamw or sgd"),
        ({"epochs": 0}, "the recipe's epochs is 0; it must be 1 or more, 100000 at most"),
        ({"batch_size": 1}, "the recipe's batch_size is 1; it must be 2 or more"),
        ({"learning_rate": 0.0}, "the recipe's learning_rate is 0.0; it must be more than 0"),
        ({"learning_rate": float("nan")}, "the recipe's learning_rate is nan; it must be finite"),
        ({"learning_rate": float("inf")}, "the recipe's learning_rate is inf; it must be finite"),
        ({"weight_decay": -1.0}, "the recipe's weight_decay is -1.0; it must be 0 or more"),
        ({"warmup": 0.0}, "the recipe's warmup is 0.0; it must be between 0 and 1"),
        ({"warmup": 1.0}, "the recipe's warmup is 1.0; it must be between 0 and 1"),
        ({"clip_norm": 0.0}, "the recipe's clip_norm is 0.0; it must be more than 0"),
        ({"clip_norm": float("inf")}, "the recipe's clip_norm is inf; it must be finite"),
        ({"label_smoothing": 1.0}, "the recipe's label_smoothing is 1.0; it must be 0 or more, below 1"),
        ({"shift": -1}, "the recipe's shift is -1; it must be 0 or more"),
        ({"precision": "half"}, "the recipe's precision is half; it must be float32 or bfloat16"),
    ],
)
def test_impossible_numbers(dataset, values, error):
    for make in (lambda: Recipe(**values), lambda: recipe_of(dataset, overrides=values)):
        with pytest.raises(UsageError) as caught:
            make()
        assert str(caught.value) == error


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"epoch": 3}, "a recipe has no 'epoch'; did you mean 'epochs'?"),
        (
            {"zzz": 3},
            (
                "a recipe has no 'zzz'; it has epochs, batch_size, optimiser, learning_rate, weight_decay, warmup, "
                "clip_norm, label_smoothing, shift, flip, crop, backbone_rate, frozen_norms, precision, "
                "channels_last, compiled"
            ),
        ),
        ({"epochs": 2.5}, "the recipe's epochs is 2.5; it must be of type int"),
        ({"epochs": True}, "the recipe's epochs is True; it must be of type int"),
        ({"flip": 1}, "the recipe's flip is 1; it must be of type bool"),
        ({"warmup": "long"}, "the recipe's warmup is 'long'; it must be of type float"),
        ({"warmup": False}, "the recipe's warmup is False; it must be of type float"),
        (
            {"precision": 16},
            "the recipe's precision is 16; it must be of type Literal['float32', 'bfloat16']",
        ),
    ],
)
def test_overrides_that_do_not_fit(dataset, values, error):
    with pytest.raises(UsageError) as caught:
        recipe_of(dataset, overrides=values)
    assert str(caught.value) == error


def test_overrides_are_put_in_and_one_value_is_one_recipe(dataset):
    recipe = recipe_of(dataset, overrides={"epochs": 4, "learning_rate": 1})
    assert recipe == replace(recipe_of(dataset), epochs=4, learning_rate=1.0)
    assert type(recipe.learning_rate) is float


def test_digits_have_their_own_and_others_a_fallback(dataset):
    digits = of_size(replace(dataset, name="digits", augmentations=frozenset({"shift"})), 1437)
    assert recipe_of(digits) == Recipe(epochs=2, batch_size=24, learning_rate=7e-3, warmup=0.2, shift=1)
    assert recipe_of(of_size(dataset, 1437)).learning_rate == 3e-3


@pytest.mark.parametrize(
    ("images", "batch_size", "epochs"),
    [(2, 2, 30), (50, 6, 30), (1000, 64, 30), (6400, 64, 15), (50_000, 64, 3)],
)
def test_the_fallback_takes_about_1500_steps(dataset, images, batch_size, epochs):
    recipe = recipe_of(of_size(dataset, images))
    assert (recipe.batch_size, recipe.epochs) == (batch_size, epochs)
    if 3 < recipe.epochs < 30:
        assert 1500 <= steps_of(recipe, images) <= 1500 + images // batch_size


def test_the_fallback_augments_as_the_data_set_allows(dataset):
    def shift_and_flip(*augmentations: Any, width: int = 64) -> tuple[int, bool]:
        data = replace(of_size(dataset, 20, width), augmentations=frozenset(augmentations))
        recipe = recipe_of(data)
        return recipe.shift, recipe.flip

    assert shift_and_flip() == (0, False)
    assert shift_and_flip("shift") == (4, False)
    assert shift_and_flip("shift", width=8) == (1, False)
    assert shift_and_flip("flip") == (0, True)


def test_precision_follows_the_device_unless_the_user_says_otherwise(dataset):
    chosen = [
        recipe_for(dataset, architecture="resnet18", device=device, overrides=overrides).precision
        for device, overrides in (
            ("cpu", {}),
            ("mps", {}),
            ("cuda:1", {}),
            ("cuda", {"precision": "float32"}),
        )
    ]
    assert chosen == ["float32", "float32", "bfloat16", "float32"]


def test_a_transformer_gets_a_recipe_of_its_own(dataset):
    digits = of_size(replace(dataset, name="digits"), 1437)
    assert recipe_of(digits, architecture="vit_tiny_patch16_224(depth=2)").learning_rate == 1e-3
    assert recipe_of(digits, architecture="convit_tiny") != recipe_of(digits, architecture="convnext_atto")


def test_recipes_follow_the_data_set_and_the_family(dataset):
    cifar = of_size(replace(dataset, name="cifar10", augmentations=frozenset({"shift", "flip"})), 50_000)
    vgg, resnet = (recipe_of(cifar, architecture=name) for name in ("vgg19_bn", "resnet101"))
    assert (vgg.optimiser, vgg.epochs, vgg.shift, vgg.flip) == ("sgd", 40, 4, True)
    assert (resnet.optimiser, resnet.epochs) == ("sgd", 30)
    imagenette = replace(cifar, name="imagenette")
    assert recipe_of(imagenette).crop < 1
    assert recipe_of(replace(imagenette, augmentations=frozenset())).shift == 0


def test_every_table_of_recipes_is_the_first_for_something():
    tables = tomllib.loads(Path(recipes.__file__).with_suffix(".toml").read_text())["recipe"]
    result = [
        recipes._table_of(data, name, tuned)
        for tuned in ((), ("head",), ("all",))
        for data in ("digits", "cifar10", "imagenette", "folder:mine")
        for name in ("vgg19_bn", "resnet18", "vit_tiny_patch16_224", "resnet(depth=18,norm=None)")
    ]
    assert all(table in result for table in tables)


def test_cuda_trains_compiled_in_bfloat16_unless_the_user_says_otherwise(dataset):
    on_cuda = recipe_for(dataset, architecture="resnet18", device="cuda:0", overrides={"compiled": False})
    assert (on_cuda.precision, on_cuda.channels_last, on_cuda.compiled) == ("bfloat16", True, False)
    assert not recipe_of(dataset).channels_last


def test_a_smaller_batch_of_gradient_descent_gets_a_lower_rate(dataset):
    cifar = replace(dataset, name="cifar10")
    whole, few = recipe_of(of_size(cifar, 50_000)), recipe_of(of_size(cifar, 512))
    assert (whole.batch_size, few.batch_size) == (512, 64)
    assert few.learning_rate == pytest.approx(whole.learning_rate / 8)


def test_networks_without_norms_train_gently(dataset):
    cifar = of_size(replace(dataset, name="cifar10"), 50_000)
    assert recipe_of(cifar, architecture="resnet(depth=18,norm=None,width=32)").optimiser == "adamw"
    assert recipe_of(cifar, architecture="resnet(depth=18,norm=batch,width=32)").optimiser == "sgd"
