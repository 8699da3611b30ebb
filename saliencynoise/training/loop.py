"""The training loop: AdamW, one cycle, one member.

On CPU one thread a member: same seed, same thread count, same weights bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from saliencynoise.data.tensors import to_float
from saliencynoise.interfaces import Dataset, derive_seed
from saliencynoise.training.augmentation import augment, draw

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor, nn

    from saliencynoise.training.recipes import Recipe

Progress = Callable[[int, int], None]
"""Called with the steps done and the steps in all."""


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """The streams of one member."""

    init: int
    order: int
    augment: int
    dropout: int

    @classmethod
    def of_member(cls, run_seed: int, member: int) -> Seeds:
        """Derive a member's streams from the run's seed."""
        return cls(
            init=derive_seed(run_seed, "init", member),
            order=derive_seed(run_seed, "order", member),
            augment=derive_seed(run_seed, "augment", member),
            dropout=derive_seed(run_seed, "dropout", member),
        )


def steps_of(recipe: Recipe, images: int) -> int:
    """Return the steps of a whole training run; an epoch's incomplete last batch is left out."""
    return recipe.epochs * max(1, images // recipe.batch_size)


def _warmup(recipe: Recipe, steps: int) -> float:
    """Return the share of the steps before the peak; at exactly one step OneCycleLR divides by zero."""
    at_once = abs(recipe.warmup * steps - 1) < 1e-6
    return recipe.warmup * (1 + 1e-5) if at_once else recipe.warmup


def train(
    module: nn.Module, dataset: Dataset, recipe: Recipe, seeds: Seeds, *, device: str, progress: Progress
) -> None:
    """Train `module`, which is on `device`, in place on the training split.

    The caller forks the global random state: dropout and stochastic depth draw from it.
    """
    images, labels = dataset.train.images.to(device), dataset.train.labels.to(device)
    steps, done = steps_of(recipe, len(images)), 0
    optimiser = torch.optim.AdamW(
        module.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=device != "mps"
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=recipe.learning_rate,
        total_steps=max(2, steps),
        pct_start=_warmup(recipe, max(2, steps)),
    )
    torch.manual_seed(seeds.dropout)
    module.train()
    for epoch in range(recipe.epochs):
        draws = draw(recipe, len(images), seed=derive_seed(seeds.augment, "augment", epoch))
        shuffle = torch.Generator().manual_seed(derive_seed(seeds.order, "order", epoch))
        order = torch.randperm(len(images), generator=shuffle)
        for rows in torch.split(order, recipe.batch_size)[: steps // recipe.epochs]:
            x = to_float(images[rows.to(device)], dataset.mean, dataset.std)
            x = augment(x, draws, rows, shift=recipe.shift)
            with torch.autocast(x.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
                logits = module(x)
            loss = F.cross_entropy(logits.float(), labels[rows.to(device)], label_smoothing=recipe.label_smoothing)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(module.parameters(), recipe.clip_norm)
            optimiser.step()
            schedule.step()
            done += 1
            progress(done, steps)
    module.eval()


@torch.no_grad()
def predict(module: nn.Module, dataset: Dataset, *, device: str, batch_size: int = 128) -> Float[Tensor, "N K"]:
    """Return the logits of the test split, in eval mode and float32, on the CPU."""
    module.eval()
    batches = torch.split(dataset.test.images, batch_size)
    logits = [module(to_float(batch.to(device), dataset.mean, dataset.std)) for batch in batches]
    return torch.cat(logits).float().cpu()
