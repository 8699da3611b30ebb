"""The training loop of one member.

On CPU one thread per member: same seed, same thread count, same weights bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from saliencynoise.data.tensors import to_float
from saliencynoise.interfaces import Dataset, derive_seed
from saliencynoise.training.augmentation import augment, draw
from saliencynoise.training.schedules import scheduler

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor, nn

    from saliencynoise.interfaces.sampling import Schedule
    from saliencynoise.training.recipes import Recipe
    from saliencynoise.training.tuning import Tuning

Progress = Callable[[int, int], None]
"""Called with the number of steps that are done, and of all steps."""


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """The streams of one member."""

    init: int
    order: int
    augment: int
    dropout: int

    @classmethod
    def of_member(cls, run_seed: int, member: int, *, streams: Mapping[str, int | str] = MappingProxyType({})) -> Seeds:
        """Derive a member's streams from the run's seed; `streams` names those that derive from another index."""
        return cls(
            init=derive_seed(run_seed, "init", streams.get("init", member)),
            order=derive_seed(run_seed, "order", streams.get("order", member)),
            augment=derive_seed(run_seed, "augment", streams.get("augment", member)),
            dropout=derive_seed(run_seed, "dropout", streams.get("dropout", member)),
        )


def steps_of(recipe: Recipe, images: int) -> int:
    """Return the steps of a whole training run; an epoch's incomplete last batch is left out."""
    return recipe.epochs * max(1, images // recipe.batch_size)


def train(
    module: nn.Module,
    dataset: Dataset,
    recipe: Recipe,
    seeds: Seeds,
    *,
    device: str,
    progress: Progress,
    schedule: Schedule = "one_cycle",
    tuning: Tuning | None = None,
) -> None:
    """Train `module`, which is on `device`, in place on the training split, and leave it in eval mode.

    With `tuning` only its parts train; all others keep their weights and statistics bit for bit.

    `progress` is called after each step; it may copy the weights, which are then those of that step. The caller
    forks the global random state: dropout and stochastic depth draw from it.
    """
    images, labels = dataset.train.images.to(device), dataset.train.labels.to(device)
    steps, done = steps_of(recipe, len(images)), 0
    optimiser = _optimiser(module, recipe, tuning, device=device)
    rates = scheduler(schedule, optimiser, recipe, steps=steps)
    forward = compiled_forward() if recipe.compiled else _forward
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    module.to(memory_format=layout)
    torch.manual_seed(seeds.dropout)
    module.train()
    with nullcontext() if tuning is None else tuning.frozen(module, norms=recipe.frozen_norms):
        for epoch in range(recipe.epochs):
            draws = draw(recipe, len(images), seed=derive_seed(seeds.augment, "augment", epoch))
            shuffle = torch.Generator().manual_seed(derive_seed(seeds.order, "order", epoch))
            order = torch.randperm(len(images), generator=shuffle)
            for rows in torch.split(order, recipe.batch_size)[: steps // recipe.epochs]:
                x = to_float(images[rows.to(device)], dataset.mean, dataset.std)
                x = augment(x, draws, rows, recipe=recipe).contiguous(memory_format=layout)
                with torch.autocast(x.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
                    logits = forward(module, x)
                loss = F.cross_entropy(logits.float(), labels[rows.to(device)], label_smoothing=recipe.label_smoothing)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(module.parameters(), recipe.clip_norm)
                optimiser.step()
                rates.step()
                done += 1
                progress(done, steps)
    module.to(memory_format=torch.contiguous_format)  # the format in which maps are computed, also of a loaded network
    module.eval()


def _optimiser(
    module: nn.Module, recipe: Recipe, tuning: Tuning | None, *, device: str
) -> torch.optim.Optimizer:  # fmt: skip
    parameters: Any = module.parameters() if tuning is None else tuning.groups(module, recipe)
    common: dict[str, Any] = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay, "fused": device != "mps"}
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(parameters, momentum=0.9, nesterov=True, **common)
    return torch.optim.AdamW(parameters, **common)


def _forward(module: nn.Module, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N K"]:
    logits: Tensor = module(x)
    return logits


@cache
def compiled_forward() -> Callable[[nn.Module, Tensor], Tensor]:
    """Return a compiled call of a network: one graph serves all members of an architecture.

    The network is an argument, and its weights are inputs of the graph: the next member of the same architecture and
    batch size finds the graph compiled (shown in `tests/training/test_compiled.py`).
    """
    return torch.compile(_forward, dynamic=False)


def forget_graphs() -> None:
    """Drop compiled graphs: torch keeps eight of a function, and silently runs further ones uncompiled."""
    if compiled_forward.cache_info().currsize:
        torch.compiler.reset()


@torch.no_grad()
def refresh_batch_norm(module: nn.Module, dataset: Dataset, *, device: str, batch_size: int = 128) -> None:
    """Estimate the running statistics of batch norms again, as the mean over batches of the training images.

    Networks without batch norm stay as they are.
    """
    norms = [part for part in module.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001 - the one base of all of them
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over batches
        norm.train()
    for batch in torch.split(dataset.train.images, batch_size):
        module(to_float(batch.to(device), dataset.mean, dataset.std))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


@torch.no_grad()
def predict(module: nn.Module, dataset: Dataset, *, device: str, batch_size: int | None = None) -> Float[Tensor, "N K"]:
    """Return the logits of the test split, in eval mode and float32, on the CPU; from one pass over it."""
    module.eval()
    size = batch_size or (512 if device.startswith("cuda") else 128)  # a CPU's caches hold less than a GPU needs
    batches = torch.split(dataset.test.images, size)
    logits = [module(to_float(batch.to(device), dataset.mean, dataset.std)) for batch in batches]
    return torch.cat(logits).float().cpu()
