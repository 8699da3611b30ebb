"""What holds for every test: one thread, and a cache of its own in place of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

if TYPE_CHECKING:
    from pathlib import Path

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that stands in for the user's cache, for subprocesses too."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(folder))
    monkeypatch.delenv("SALIENCYNOISE_STRICT", raising=False)
    return folder
