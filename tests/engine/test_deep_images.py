"""A study of pictures of more than 8 bits: trained on, attributed and exported."""

from __future__ import annotations

import numpy as np
from PIL import Image

from saliencynoise.api import bench


def test_a_study_of_12_bits_runs_as_one_of_8_and_keeps_pictures_for_the_eye(tmp_path):
    generator = np.random.default_rng(0)
    for place in range(24):
        path = tmp_path / "deep" / ("train" if place < 16 else "test") / "ab"[place % 2] / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 4096, (16, 16)).astype(np.uint16)).save(path)
    study = bench(
        dataset=f"folder:{tmp_path / 'deep'}",
        archs=("resnet",),
        methods=("gradient",),
        members=2,
        recipe={"epochs": 1, "batch_size": 16},
        device="cpu",
        workers=0,
        out=str(tmp_path / "run"),
    )
    assert [cell.status for cell in study.result.cells] == ["ok"]
    notes = " ".join(study.result.dataset.notes)
    assert "24 images of more than 8 bits: the levels 0 to 409" in notes
    assert "all 8 test images are attributed" in notes
    names = [image.name for image in study.result.images]
    assert study.pictures.dtype == np.uint8
    for name, picture in zip(names, study.pictures, strict=True):
        levels = np.asarray(Image.open(tmp_path / "deep" / name)).astype(float)
        assert np.abs(picture[0] - levels * 255 / 4095).max() < 1
