"""The input of shap's explainers: a copy of the network with one output, and one image at a time."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from saliencynoise.interfaces import Batch, Network, seeded

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

ROWS = 64
"""Rows of one pass, where shap leaves the passes to us."""


class OneClass(nn.Module):
    """The logit of one class, `[N, 1]`, so that shap neither ranks nor explains the others."""

    def __init__(self, network: nn.Module, target: int) -> None:
        super().__init__()
        self.network = network
        self.target = target

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N 1"]:
        """Return the logit."""
        logits: Tensor = self.network(x.clone())
        return logits[:, self.target : self.target + 1]


def copies(network: Network, batch: Batch) -> list[OneClass]:
    """Return for each image a network of its target: all of them around one copy of the module."""
    copied = copy.deepcopy(network.module)
    return [OneClass(copied, int(target)) for target in batch.target]


def logits(single_class: OneClass, x: Float[Tensor, "N C H W"]) -> Float[Tensor, " N"]:
    """Return the logit of the class for each image, without gradients, in passes of `ROWS`."""
    with torch.no_grad():
        return torch.cat([single_class(rows)[:, 0] for rows in torch.split(x, ROWS)])


def uniform(mask_value: float | Literal["mean"], batch: Batch) -> Float[Tensor, "1 C H W"]:
    """Return the replacement of hidden parts of the image: one colour, or the mean of the background."""
    if mask_value == "mean":
        return batch.background.mean(0, keepdim=True).to(batch.x)
    return torch.full_like(batch.x[:1], float(mask_value))


@contextmanager
def quiet(seed: int, dtype: torch.dtype) -> Iterator[None]:
    """Seed the global random state, which shap uses, and leave it as it was; without shap's warnings.

    shap's samples have torch's default type, which is set to that of the images.
    """
    default = torch.get_default_dtype()
    with seeded(seed), warnings.catch_warnings(), torch.enable_grad():
        warnings.simplefilter("ignore")
        try:
            torch.set_default_dtype(dtype)
            yield
        finally:
            torch.set_default_dtype(default)
