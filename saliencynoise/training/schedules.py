"""Learning rates over the steps of a training run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from saliencynoise.interfaces.sampling import Schedule
    from saliencynoise.training.recipes import Recipe


def scheduler(
    schedule: Schedule, optimiser: torch.optim.Optimizer, recipe: Recipe, *, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return the scheduler of the rate for `steps` steps; the optimiser's own rate is the peak, for each of its groups.

    "one_cycle" rises and falls once (Smith and Topin 2019, arXiv:1708.07120). "cosine" falls from the peak to zero
    along half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983). "constant" stays.
    """
    peak = [group["lr"] for group in optimiser.param_groups]
    if schedule == "one_cycle":
        steps = max(2, steps)
        return torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            max_lr=peak,
            total_steps=steps,
            pct_start=_warmup(recipe, steps),
            cycle_momentum=recipe.optimiser == "adamw",  # Nesterov's momentum stays as in the recipe
        )
    if schedule == "constant":
        return torch.optim.lr_scheduler.LambdaLR(optimiser, lambda _step: 1.0)
    return torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: (1 + math.cos(math.pi * step / steps)) / 2)


def _warmup(recipe: Recipe, steps: int) -> float:
    """Return the share of the steps before the peak; at exactly one step OneCycleLR divides by zero."""
    at_once = abs(recipe.warmup * steps - 1) < 1e-6
    return recipe.warmup * (1 + 1e-5) if at_once else recipe.warmup
