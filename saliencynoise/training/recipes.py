"""Recipes: how a member is trained, as data."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, get_origin, get_type_hints

from saliencynoise.interfaces import Dataset, UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.records.values import fitted

if TYPE_CHECKING:
    from collections.abc import Mapping


MOST_EPOCHS = 100_000
"""Largest number of passes over the training images; more would take years."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything but the seeds that determines a training run; part of a pool's key.

    Attributes:
        epochs: passes over the training images.
        batch_size: images per step.
        optimiser: "adamw", or "sgd" with Nesterov's momentum of 0.9.
        learning_rate: the peak of the one-cycle schedule.
        weight_decay: weight decay of the optimiser; with "adamw" it is decoupled from the gradient.
        warmup: share of the steps before the peak.
        clip_norm: largest norm of a step's gradient.
        label_smoothing: of the cross-entropy.
        shift: largest random shift, in pixels.
        flip: whether images are flipped left to right at random.
        crop: smallest share of the image's area in a random resized crop; 1 for none.
        backbone_rate: learning rate of all but the head, as a factor of the head's; 1 from random initial weights.
        frozen_norms: whether batch norms keep the statistics of the start; false from random initial weights.
        precision: "float32", or "bfloat16" for autocast (the default on CUDA).
        channels_last: whether convolutions see their images channel by channel last (the default on CUDA).
        compiled: whether the forward and backward pass are one compiled graph, the same for all members of an
            architecture (the default on CUDA).
    """

    epochs: int = 10
    batch_size: int = 64
    optimiser: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    warmup: float = 0.3
    clip_norm: float = 1.0
    label_smoothing: float = 0.0
    shift: int = 0
    flip: bool = False
    crop: float = 1.0
    backbone_rate: float = 1.0
    frozen_norms: bool = False
    precision: Literal["float32", "bfloat16"] = "float32"
    channels_last: bool = False
    compiled: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible numbers.

        Raises:
            UsageError: naming the field, its value and the possible ones.
        """
        _require(1 <= self.epochs <= MOST_EPOCHS, "epochs", self.epochs, f"1 or more, {MOST_EPOCHS} at most")
        _require(self.batch_size >= 2, "batch_size", self.batch_size, "2 or more")
        for name in ("learning_rate", "weight_decay", "clip_norm", "backbone_rate"):
            _require(math.isfinite(getattr(self, name)), name, getattr(self, name), "finite")
        _require(self.learning_rate > 0, "learning_rate", self.learning_rate, "more than 0")
        _require(self.weight_decay >= 0, "weight_decay", self.weight_decay, "0 or more")
        _require(self.backbone_rate > 0, "backbone_rate", self.backbone_rate, "more than 0")
        _require(0 < self.warmup < 1, "warmup", self.warmup, "between 0 and 1")
        _require(self.clip_norm > 0, "clip_norm", self.clip_norm, "more than 0")
        _require(0 <= self.label_smoothing < 1, "label_smoothing", self.label_smoothing, "0 or more, below 1")
        _require(self.shift >= 0, "shift", self.shift, "0 or more")
        _require(0 < self.crop <= 1, "crop", self.crop, "above 0, at most 1")
        _require(self.optimiser in {"adamw", "sgd"}, "optimiser", self.optimiser, "adamw or sgd")
        _require(self.precision in {"float32", "bfloat16"}, "precision", self.precision, "float32 or bfloat16")


def _require(holds: bool, name: str, value: object, possible: str) -> None:  # noqa: FBT001 - a condition
    if not holds:
        raise UsageError(f"the recipe's {name} is {value}; it must be {possible}")


def recipe_for(
    dataset: Dataset,
    *,
    architecture: str,
    device: str,
    overrides: Mapping[str, Any],
    tuned: tuple[str, ...] = (),
) -> Recipe:
    """Return the recipe of a data set and an architecture on a device, with the user's values.

    Args:
        dataset: whose name `recipes.toml` is searched for.
        architecture: the name without the plugin's.
        device: on CUDA members are trained in bfloat16, channels_last and compiled.
        overrides: fields of the recipe.
        tuned: as `saliencynoise.training.tuning.Tuning.tuned`, where training begins from a start; empty for random
            initial weights.

    Raises:
        UsageError: if an override is no field of a recipe, or impossible.
    """
    for name in ("backbone_rate", "frozen_norms"):
        if name in overrides and not tuned:
            raise UsageError(f"the recipe's {name} is for training from a start; give --init, or leave it out")
    recipe = _of_table(_table_of(dataset.name, architecture, tuned), dataset)
    if device.startswith("cuda"):
        recipe = replace(recipe, precision="bfloat16", channels_last=True, compiled=True)
    return replace(recipe, **_checked(overrides))


def _table_of(dataset: str, architecture: str, tuned: tuple[str, ...]) -> dict[str, Any]:
    kind = "random" if not tuned else "head" if tuned == ("head",) else "layers"
    tables = tomllib.loads(files("saliencynoise.training").joinpath("recipes.toml").read_text())["recipe"]
    return next(
        table
        for table in tables
        if table.get("tuned", "random") == kind
        and any(fnmatchcase(dataset, pattern) for pattern in table["datasets"])
        and any(fnmatchcase(architecture, pattern) for pattern in table["architectures"])
    )


def _of_table(table: Mapping[str, Any], dataset: Dataset) -> Recipe:
    """Return the recipe in a table of `recipes.toml`, for the data set's number of images, with its augmentations."""
    values = {
        name: value for name, value in table.items() if name not in {"datasets", "architectures", "steps", "tuned"}
    }
    batch_size = values["batch_size"]
    values["batch_size"] = max(2, min(batch_size, len(dataset.train) // 8))
    if values.get("optimiser") == "sgd":  # its rate scales with the batch size; AdamW's does not
        values["learning_rate"] *= values["batch_size"] / batch_size
    if "steps" in table:
        steps, an_epoch = table["steps"], max(1, len(dataset.train) // values["batch_size"])
        epochs = math.ceil(steps["about"] / an_epoch)
        values["epochs"] = min(steps["most_epochs"], max(steps["least_epochs"], epochs))
    can_shift = "shift" in dataset.augmentations
    values["shift"] = values.get("shift", max(1, dataset.train.images.shape[-1] // 16)) if can_shift else 0
    values["flip"] = "flip" in dataset.augmentations
    return Recipe(**values)


def _checked(overrides: Mapping[str, Any]) -> dict[str, Any]:
    types = get_type_hints(Recipe)
    checked: dict[str, Any] = {}
    for key, value in overrides.items():
        if key not in types:
            hint = did_you_mean(key, types, otherwise=f"it has {', '.join(types)}")
            raise UsageError(f"a recipe has no '{key}'; {hint}")
        try:
            # `learning_rate=1` and `learning_rate=1.0` are one recipe; `Recipe` says which words a field may have
            checked[key] = fitted(value, str if get_origin(types[key]) is Literal else types[key])
        except TypeError as error:
            wanted = Recipe.__annotations__[key]
            raise UsageError(f"the recipe's {key} is {value!r}; it must be of type {wanted}") from error
    return checked
