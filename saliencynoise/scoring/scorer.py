"""One network bound to a batch of images: scores and gradients of samples, in passes that fit the memory."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Literal

import torch

from saliencynoise.interfaces import INPUT, Batch, Point, Tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.scoring.passes import Passes


class Scorer:
    """The `saliencynoise.interfaces.Scorer` of one network and one batch."""

    def __init__(self, passes: Passes, batch: Batch) -> None:
        self._passes = passes
        self._batch = batch

    def logits(self, samples: Float[Tensor, "B S C H W"]) -> Float[Tensor, "B S K"]:
        """Return the logits of samples, without gradients."""
        rows = samples.flatten(0, 1)
        logits = torch.cat([self._passes.logits(part) for part in torch.split(rows, self._passes.rows)])
        return logits.reshape(*samples.shape[:2], -1)

    def scores(
        self,
        samples: Iterable[Float[Tensor, "B _ c h w"]],
        *,
        point: Point = INPUT,
        score: Literal["logit", "probability"] = "logit",
    ) -> Float[Tensor, "B S"]:
        """Return the scores of all samples; at another `point` they replace the image's own grid there."""
        self._passes.check(point)
        parts = []
        for block, _ in self._packed(samples):
            logits = self.logits(block) if point == INPUT else self._logits_at(point, block)
            values = self._passes.network.probabilities(logits) if score == "probability" else logits
            parts.append(values.gather(2, self._batch.target[:, None, None].expand(-1, block.shape[1], 1))[..., 0])
        if not parts:
            raise ValueError("no samples were given to score")
        return torch.cat(parts, 1)

    def gradients(self, samples: Iterable[Float[Tensor, "B _ C H W"]]) -> Iterator[Float[Tensor, "B _ C H W"]]:
        """Yield the derivatives of each sample's score by the sample, block by block as they come."""
        for block, sizes in self._packed(samples):
            rows = block.flatten(0, 1)
            targets = self._batch.target.repeat_interleave(block.shape[1])
            parts = zip(torch.split(rows, self._passes.rows), torch.split(targets, self._passes.rows), strict=True)
            gradient = torch.cat([self._passes.taps(part, target, (INPUT,))[INPUT].grad for part, target in parts])
            yield from torch.split(gradient.reshape(block.shape), sizes, dim=1)

    def taps(
        self,
        samples: Float[Tensor, "B S C H W"],
        *points: Point,
        mode: Callable[[], AbstractContextManager[object]] | None = None,
    ) -> Mapping[Point, Tap]:
        """Return values and gradients at `points`, `[B, S, c, h, w]`; an image's samples share a pass."""
        self._check(samples)
        count = samples.shape[1]
        images = max(1, self._passes.rows // count)
        parts = []
        for part, target in zip(torch.split(samples, images), torch.split(self._batch.target, images), strict=True):
            rows = part.transpose(0, 1).flatten(0, 1)
            taps = self._passes.taps(rows, target.repeat(count), points, mode=mode or nullcontext)
            parts.append({point: _by_image(tap, count) for point, tap in taps.items()})
        return {
            point: Tap(
                torch.cat([part[point].value for part in parts]), torch.cat([part[point].grad for part in parts])
            )
            for point in points
        }

    def _logits_at(self, point: Point, block: Float[Tensor, "B S c h w"]) -> Float[Tensor, "B S K"]:
        rows = block.flatten(0, 1)
        images = self._batch.x.repeat_interleave(block.shape[1], 0)
        parts = zip(torch.split(images, self._passes.rows), torch.split(rows, self._passes.rows), strict=True)
        logits = torch.cat([self._passes.logits(image, replaced={point: grid}) for image, grid in parts])
        return logits.reshape(*block.shape[:2], -1)

    def _packed(self, samples: Iterable[Float[Tensor, "B _ ..."]]) -> Iterator[tuple[Tensor, list[int]]]:
        """Join small blocks until a pass is full; yield the joined block with the sizes of its parts."""
        waiting: list[Tensor] = []
        for block in samples:
            self._check(block)
            if waiting and len(block) * (sum(b.shape[1] for b in waiting) + block.shape[1]) > self._passes.rows:
                yield torch.cat(waiting, 1), [b.shape[1] for b in waiting]
                waiting = []
            waiting.append(block)
        if waiting:
            yield torch.cat(waiting, 1), [b.shape[1] for b in waiting]

    def _check(self, samples: Tensor) -> None:
        if samples.ndim != 5 or len(samples) != len(self._batch.x):
            raise ValueError(
                f"samples must be [B, S, c, h, w] with B = {len(self._batch.x)} images, not {list(samples.shape)}"
            )


def _by_image(tap: Tap, count: int) -> Tap:
    """Reorder a tap from rows by sample to images with their samples."""
    value, grad = (part.reshape(count, -1, *part.shape[1:]).transpose(0, 1) for part in (tap.value, tap.grad))
    return Tap(value, grad)
