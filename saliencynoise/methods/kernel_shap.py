"""KernelSHAP over a grid or superpixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Batch, Maps, Scorer, completeness_error
from saliencynoise.methods.baselines import BaselineName, baseline_of
from saliencynoise.methods.segments import Segmentation, counts, masked, segments_of, spread

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Generator, Tensor


@dataclass(frozen=True)
class KernelShap:
    """Shapley values of segments by weighted least squares: `[B, 1, H, W]`, signed, in logits.

    A segment's value is repeated in each of its pixels; the values of the segments add up to the logit of the image
    less that of the baseline ("completeness_error", zero up to rounding). Coalitions are drawn in pairs with their
    complements, which cancels the even part of the error; where `samples` suffices, all are enumerated, and the values
    are exact.

    Source: Lundberg and Lee, *A Unified Approach to Interpreting Model Predictions*, NeurIPS 2017, arXiv:1705.07874;
    paired sampling: Covert and Lee, AISTATS 2021, arXiv:2012.01536.

    Attributes:
        samples: coalitions an image and draw, at least twice the number of segments (enumeration apart).
        segments: "grid", or superpixels: "slic", "felzenszwalb", "quickshift".
        grid: cells a side; superpixels are about its square.
        baseline: the content of a hidden segment: "zero", "blur", "mean" or "dataset".
    """

    samples: int = 128
    segments: Segmentation = "grid"
    grid: int = 4
    baseline: BaselineName = "zero"

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        for name, least in (("samples", 2), ("grid", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}={getattr(self, name)} is not possible; give {least} or more")

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the maps of this draw and their completeness error."""
        segments = segments_of(batch.x, kind=self.segments, grid=self.grid)
        drawn = [
            coalitions(players, self.samples, generator)
            for players, generator in zip(counts(segments), batch.noise.generators(), strict=True)
        ]
        longest = max(len(masks) for masks, _ in drawn)
        padded = [torch.cat([masks, masks[-1:].expand(longest - len(masks), -1)]) for masks, _ in drawn]
        fill = baseline_of(self.baseline, batch)
        scores = net.scores(masked(batch.x, fill, segments, padded)).double().cpu()
        values = [
            shapley_values(masks, weights, row[: len(masks)])
            for (masks, weights), row in zip(drawn, scores, strict=True)
        ]
        error = completeness_error(
            torch.stack([image_values.sum() for image_values in values]), scores[:, 1] - scores[:, 0]
        )
        return Maps(values=spread(values, segments).to(batch.x), diagnostics={"completeness_error": error})


def coalitions(players: int, samples: int, generator: Generator) -> tuple[Bool[Tensor, "S P"], Float[Tensor, " S"]]:
    """Return coalitions, the empty and the whole one first, and the weights of the others in the regression.

    Raises:
        ValueError: if there are more segments than that few samples can separate.
    """
    ends = torch.stack([torch.zeros(players, dtype=torch.bool), torch.ones(players, dtype=torch.bool)])
    if players <= 20 and 2**players - 2 <= samples:
        numbers = torch.arange(1, 2**players - 1)
        masks = (numbers[:, None] >> torch.arange(players)) % 2 == 1
        sizes = masks.sum(1).double()
        ways = torch.exp(torch.lgamma(torch.tensor(players + 1.0).double()) - _log_factorials(sizes, players))
        return torch.cat([ends, masks]), (players - 1) / (ways * sizes * (players - sizes))
    if samples < 2 * players:
        raise ValueError(f"samples={samples} are too few for {players} segments; give {2 * players} or more")
    sizes = torch.arange(1, players)
    drawn = torch.multinomial(1 / (sizes * (players - sizes)).double(), samples // 2, True, generator=generator) + 1  # noqa: FBT003 - torch's
    ranks = torch.rand(samples // 2, players, generator=generator, dtype=torch.float64).argsort(1).argsort(1)
    masks = ranks < drawn[:, None]
    both = torch.stack([masks, ~masks], 1).flatten(0, 1)
    return torch.cat([ends, both]), torch.ones(len(both), dtype=torch.float64)


def shapley_values(
    masks: Bool[Tensor, "S P"], weights: Float[Tensor, " S-2"], scores: Float[Tensor, " S"]
) -> Float[Tensor, " P"]:
    """Return the values whose sums over coalitions fit the scores best, and whose sum is the whole difference.

    Args:
        masks: as `coalitions` returns them.
        weights: likewise.
        scores: float64, of the coalitions.
    """
    inside, start = masks[2:].double(), scores[0]
    whole = scores[1] - start
    if masks.shape[1] == 1:
        return whole[None]
    # the last player's value follows from the others', which an ordinary least-squares fit gives
    rows = (inside[:, :-1] - inside[:, -1:]) * weights.sqrt()[:, None]
    targets = (scores[2:] - start - inside[:, -1] * whole) * weights.sqrt()
    others = torch.linalg.lstsq(rows, targets[:, None], driver="gelsd").solution[:, 0]
    return torch.cat([others, (whole - others.sum())[None]])


def _log_factorials(sizes: Tensor, players: int) -> Tensor:
    return torch.lgamma(sizes + 1) + torch.lgamma(players - sizes + 1)
