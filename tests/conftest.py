"""What holds for every test: one thread, a cache in place of the user's, and a pool that a run trains once."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest
import torch
from filelock import FileLock

torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = (
    "1"  # of subprocesses: more threads wait for each other, and took twice the processor time
)

TRAINED: dict[str, Any] = {"members": 3, "train_images": 64, "epochs": 1, "device": "cpu", "workers": 0}
"""The settings of that pool, all others by default: the networks of most benches here, three quarters of their time."""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The folder that stands in for the user's cache, for subprocesses too."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(folder))
    monkeypatch.delenv("SALIENCYNOISE_STRICT", raising=False)
    return folder


@pytest.fixture(scope="session")
def trained_cache(tmp_path_factory):
    """A cache with the pool of `TRAINED`, filled once a run, whichever worker is first. Tests change copies of it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            from saliencynoise.engine.config import config_from
            from saliencynoise.engine.observer import Silent
            from saliencynoise.engine.run import fill_pools

            half = folder.with_name("trained-half")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("SALIENCYNOISE_CACHE", str(half))
                fill_pools(config_from({**TRAINED, "methods": (), "images": 1}), Silent())
            half.rename(folder)
    return folder


@pytest.fixture
def pooled(cache, trained_cache):
    """The test's cache, which holds the members of `TRAINED`."""
    shutil.copytree(trained_cache, cache, dirs_exist_ok=True)
    return cache
