"""Data sets with few test images, or test images that were trained on: what a plan makes of them."""

from __future__ import annotations

import shutil

import pytest

from saliencynoise.engine.config import IMAGES, BenchConfig
from saliencynoise.engine.plan import make_plan
from saliencynoise.interfaces import UsageError
from tests.data.builders import make_folder


def plan_of(folder, **settings):
    return make_plan(BenchConfig(dataset=f"folder:{folder}", methods=("gradient",), device="cpu", **settings))


def test_all_images_are_taken_where_there_are_fewer_than_usual(tmp_path):
    folder = make_folder(tmp_path / "pictures", {"a": 30, "b": 30}, side=16)
    plan = plan_of(folder)
    assert len(plan.images) == plan.config.images == plan.config.settings["images"] == 12
    assert "all 12 test images are attributed, which are fewer than the usual 32" in plan.dataset.notes
    with pytest.raises(UsageError, match="--images 13: the test split holds 12"):
        plan_of(folder, images=13)
    asked = plan_of(folder, images=3, out="other")
    assert len(asked.images) == 3
    assert not any("fewer than the usual" in note for note in asked.dataset.notes)


def test_the_usual_number_is_said_as_ever():
    plan = make_plan(BenchConfig(methods=("gradient",), device="cpu"))
    assert len(plan.images) == plan.config.images == IMAGES
    assert plan.dataset.notes == make_plan(BenchConfig(methods=("gradient",), device="cpu", images=32)).dataset.notes


def test_what_accuracies_cannot_tell_stands_in_the_notes(tmp_path):
    folder = make_folder(tmp_path / "pictures", {"train/a": 5, "train/b": 5}, side=16)
    shutil.copytree(folder / "train", folder / "test")
    notes = " ".join(plan_of(folder).dataset.notes)
    assert "10 of 10 test images are training images as well, equal in every pixel" in notes
    assert "too few" not in notes
    for name in "ab":
        for index in range(1, 5):
            (folder / "test" / name / f"{index}.png").unlink()
    assert "too few test images to distinguish" in " ".join(plan_of(folder, out="other").dataset.notes)
