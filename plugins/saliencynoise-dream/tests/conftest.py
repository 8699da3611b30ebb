"""The cache and the pool of the core's tests, and networks to dream with."""

from __future__ import annotations

import pytest
import torch

from tests.conftest import cache, pooled, trained_cache
from tests.dream_networks import smooth_network

__all__ = ["cache", "pooled", "trained_cache"]


@pytest.fixture
def smooth():
    return [smooth_network(seed) for seed in range(3)]


@pytest.fixture
def start():
    generator = torch.Generator().manual_seed(5)
    return torch.rand(2, 2, 8, 8, generator=generator, dtype=torch.float64) * 0.4 + 0.3
