"""Integrated gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from saliencynoise.interfaces import Batch, Maps, Scorer, completeness_error
from saliencynoise.methods.baselines import BaselineName, baseline_of

if TYPE_CHECKING:
    from jaxtyping import Float

Rule = Literal["gauss_legendre", "trapezoid", "left", "right", "middle"]


@dataclass(frozen=True)
class IntegratedGradients:
    """(x - baseline) times the mean gradient on the straight path between them: `[B, C, H, W]`, signed, in logits.

    The diagnostic "completeness_error" says how far the map's sum is from the difference of logits.

    Source: Sundararajan, Taly and Yan, *Axiomatic Attribution for Deep Networks*, ICML 2017, arXiv:1703.01365.

    Attributes:
        steps: points of the path at which gradients are taken.
        baseline: where the path begins: "zero", "blur", "mean" or "dataset", as in `baseline_of`.
        rule: of quadrature: "gauss_legendre", "trapezoid", or a Riemann sum ("left", "right", "middle").
    """

    steps: int = 32
    baseline: BaselineName = "zero"
    rule: Rule = "gauss_legendre"

    def __post_init__(self) -> None:
        """Refuse impossible numbers of steps."""
        least = 2 if self.rule == "trapezoid" else 1
        if self.steps < least:
            raise ValueError(f"steps={self.steps} is not possible; give {least} or more")

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the maps and their completeness error."""
        baseline = baseline_of(self.baseline, batch)
        change = batch.x - baseline
        nodes, weights = quadrature(self.rule, self.steps)
        path = (baseline[:, None] + float(node) * change[:, None] for node in nodes)
        mean = torch.zeros_like(batch.x)
        for weight, gradient in zip(weights, net.gradients(path), strict=True):
            mean += float(weight) * gradient[:, 0]
        values = change * mean
        start, end = net.scores([torch.stack([baseline, batch.x], 1)]).unbind(1)
        error = completeness_error(values.sum((1, 2, 3)), end - start)
        return Maps(values=values, diagnostics={"completeness_error": error})


def quadrature(rule: Rule, steps: int) -> tuple[Float[np.ndarray, " S"], Float[np.ndarray, " S"]]:
    """Return places in [0, 1] and weights that sum to one.

    >>> [values.tolist() for values in quadrature("trapezoid", 3)]
    [[0.0, 0.5, 1.0], [0.25, 0.5, 0.25]]
    """
    if rule == "gauss_legendre":
        nodes, weights = np.polynomial.legendre.leggauss(steps)
        return (nodes + 1) / 2, weights / 2
    if rule == "trapezoid":
        weights = np.full(steps, 1 / (steps - 1))
        weights[[0, -1]] /= 2
        return np.linspace(0, 1, steps), weights
    offset = {"left": 0.0, "middle": 0.5, "right": 1.0}[rule]
    return (np.arange(steps) + offset) / steps, np.full(steps, 1 / steps)
