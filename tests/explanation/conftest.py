"""A tiny ensemble, trained once for all tests of a run, and pictures of every kind."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from saliencynoise.engine.config import config_from
from saliencynoise.engine.dataset import load_dataset
from saliencynoise.engine.observer import Silent
from saliencynoise.engine.trained import trained_ensemble
from saliencynoise.explanation.config import ExplainConfig
from tests.conftest import TRAINED

if TYPE_CHECKING:
    from pathlib import Path

TINY = TRAINED


@pytest.fixture(scope="session")
def trained(trained_cache, tmp_path_factory):
    """Three members on digits."""
    folder = tmp_path_factory.mktemp("trained") / "cache"
    shutil.copytree(trained_cache, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALIENCYNOISE_CACHE", str(folder))
        return trained_ensemble(config_from(TINY), Silent())


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def config(trained):
    """What makes a config for some pictures, explained by the tiny ensemble."""

    def made(*pictures: Path | str, target: str = "predicted", **changed) -> ExplainConfig:
        bench = config_from({**TINY, "methods": ["gradient", "gradcam(layer=top)"], **changed})
        pool = str(trained.pool.folder)
        return ExplainConfig(pictures=tuple(map(str, pictures)), bench=bench, pool=pool, target=target)

    return made


@pytest.fixture(scope="session")
def digits():
    return load_dataset(config_from(TINY))[1]


@pytest.fixture
def save_digit(digits, tmp_path):
    """What saves a test image of the data set as a PNG file, and returns where."""

    def save(index: int, name: str = "") -> Path:
        path = tmp_path / (name or f"digit-{index}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(digits.test.images[index, 0].numpy()).save(path)
        return path

    return save


@pytest.fixture
def with_members(trained):
    """The tiny ensemble with only so many members."""
    return lambda count: replace(trained, records=trained.records[:count])
