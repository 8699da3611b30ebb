"""Ensembles of known signal and noise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

torch.set_num_threads(1)

Ensemble = Callable[..., torch.Tensor]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(7)


@pytest.fixture(autouse=True)
def global_random_state_is_left_as_found():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    yield
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()  # noqa: NPY002


@pytest.fixture
def cone(generator):
    """Maps `[E, N, P]` at one angle to a fixed axis, with random gains: their population r is exactly `r`."""

    def make(*, members: int, images: int, pixels: int, r: float) -> torch.Tensor:
        across = torch.randn(members, images, pixels, generator=generator, dtype=torch.float64)
        across[..., 0] = 0
        across = across / across.norm(dim=-1, keepdim=True)
        across[..., 0] = math.sqrt(r)
        gain = torch.rand(members, images, 1, generator=generator, dtype=torch.float64) + 0.5
        return across * gain

    return make


@pytest.fixture
def correlated(generator):
    """Gaussian maps `[E, ..., B, P]` about `signal` `[..., B, P]`, in blocks of 4 equal pixels: P_eff = P/4.

    `shared` is the part of the noise energy that a member has in common on all B images.
    """

    def make(signal: torch.Tensor, *, members: int, shared: float = 0.0) -> torch.Tensor:
        *studies, images, pixels = signal.shape

        def noise(count: int) -> torch.Tensor:
            shape = (members, *studies, count, pixels // 4)
            return torch.randn(shape, generator=generator, dtype=torch.float64).repeat_interleave(4, -1)

        return signal + math.sqrt(1 - shared) * noise(images) + math.sqrt(shared) * noise(1)

    return make
