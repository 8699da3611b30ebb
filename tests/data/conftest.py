from __future__ import annotations

import random

import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True)
def _random_state_is_left_as_found():
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()  # noqa: NPY002
    yield
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()
    assert np.array_equal(before[2][1], np.random.get_state()[1])  # noqa: NPY002


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """The cache, not in `tmp_path`: the tests of this room make that a folder of images."""
    folder = tmp_path_factory.mktemp("elsewhere") / "cache"
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(folder))
    return folder
