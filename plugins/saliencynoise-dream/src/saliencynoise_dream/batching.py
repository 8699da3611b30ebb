"""Dreams of many or large pictures, divided into parts that fit the memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Network
from saliencynoise.scoring import fitting_rows, is_out_of_memory
from saliencynoise_dream.ascent import Dream, dream
from saliencynoise_dream.config import DreamConfig
from saliencynoise_dream.objective import Objective

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


def dream_in_parts(
    networks: Sequence[Network],
    objective: Objective,
    start: Float[Tensor, "B C H W"],
    *,
    mean: Sequence[float],
    std: Sequence[float],
    config: DreamConfig,
    rows: int | None = None,
) -> Dream:
    """Return the result of `dream`, computed for fewer pictures at a time if all do not fit the memory.

    Each picture is dreamt independently of the others, with the same jitter and members. So parts change results only
    by the rounding of the networks' arithmetic.

    Args:
        networks: as `dream` takes them.
        objective: objective of all rows.
        start: start of all rows.
        mean: as `dream` takes it.
        std: as `mean`.
        config: settings of the ascent.
        rows: pictures at a time; None for as many as fit the memory of a pass of the first network.

    Raises:
        UsageError: as `dream`.
    """
    if rows is None and networks:
        networks[0].module.eval().requires_grad_(requires_grad=False)
        rows = fitting_rows(networks[0], start[:1])
    rows, start_row, parts = rows or len(start), 0, []
    while start_row < len(start):
        block = slice(start_row, start_row + rows)
        try:
            part = dream(networks, objective.rows(block), start[block], mean=mean, std=std, config=config)
        except (RuntimeError, MemoryError) as error:
            if rows == 1 or not is_out_of_memory(error):
                raise
            rows //= 2
            continue
        parts.append(part)
        start_row += rows
    steps = [part.steps for part in parts if part.steps is not None]
    return Dream(
        pictures=torch.cat([part.pictures for part in parts]),
        trace=torch.cat([part.trace for part in parts], dim=1),
        steps=torch.cat(steps, dim=1) if steps else None,
    )
