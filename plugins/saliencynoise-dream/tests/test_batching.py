from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from saliencynoise.interfaces import Network, UsageError
from saliencynoise_dream.ascent import dream
from saliencynoise_dream.batching import dream_in_parts
from saliencynoise_dream.config import DreamConfig
from saliencynoise_dream.objective import ClassLogit, LayerEnergy

HOW = DreamConfig(octaves=2, steps=3, keep_steps=True, gradient="random")
FULL = {"mean": (0.4, 0.5), "std": (0.2, 0.3), "config": HOW}


@pytest.fixture
def five():
    generator = torch.Generator().manual_seed(3)
    return torch.rand(5, 2, 8, 8, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("objective", [ClassLogit(torch.tensor([2, 0, 1, 1, 0])), LayerEnergy("top")], ids=str)
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_parts_are_the_whole(smooth, five, objective, rows):
    whole = dream(smooth, objective, five, **FULL)
    parts = dream_in_parts(smooth, objective, five, rows=rows, **FULL)
    torch.testing.assert_close(parts.pictures, whole.pictures, rtol=0, atol=1e-12)
    torch.testing.assert_close(parts.trace, whole.trace, rtol=1e-12, atol=0)
    assert torch.equal(parts.steps, whole.steps)


class Tight(torch.nn.Module):
    """A network that has no memory for more than two pictures."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner, self.largest = inner, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        self.largest = max(self.largest, len(x))
        return self.inner(x)


def test_a_want_of_memory_makes_the_parts_smaller(smooth, five):
    objective = ClassLogit(torch.tensor([2, 0, 1, 1, 0]))
    tight = Tight(smooth[0].module)
    result = dream_in_parts([Network(module=tight, points={})], objective, five, **FULL)
    whole = dream(smooth[:1], objective, five, **FULL)
    assert tight.largest == 2
    torch.testing.assert_close(result.pictures, whole.pictures, rtol=0, atol=1e-12)


def test_other_errors_are_not_taken_for_it(smooth, five):
    with pytest.raises(UsageError, match="are not all in 0 to 2"):
        dream_in_parts(smooth, ClassLogit(torch.tensor([9] * 5)), five, **FULL)
    with pytest.raises(UsageError, match="no network"):
        dream_in_parts([], LayerEnergy("top"), five, **FULL)
    without = dream_in_parts(smooth, LayerEnergy("top"), five, **{**FULL, "config": replace(HOW, keep_steps=False)})
    assert without.steps is None
