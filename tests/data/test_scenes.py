from __future__ import annotations

import numpy as np
import pytest

from saliencynoise.data.outlines import OUTLINES
from saliencynoise.data.scenes import NUMBERS, draw_scenes

COUNT = 120


@pytest.fixture(scope="module")
def numbers():
    return np.random.default_rng(0).random((COUNT, NUMBERS))


@pytest.fixture(scope="module")
def labels():
    return np.arange(COUNT) % len(OUTLINES)


def test_without_the_object_the_pixels_outside_of_its_mask_are_the_same(numbers, labels):
    images, masks = draw_scenes(numbers, labels, 32)
    without, _ = draw_scenes(numbers, labels, 32, objects=False)
    changed = (images != without).any(1)
    assert not (changed & ~masks).any()
    # and most of those inside differ: all but some that it covers by a hair
    assert (changed.sum((1, 2)) / masks.sum((1, 2))).min() > 0.8
    assert masks.mean((1, 2)).max() < 0.3
    assert not masks[:, [0, -1]].any()
    assert not masks[:, :, [0, -1]].any()


def test_the_class_changes_nothing_but_the_object(numbers, labels):
    without, _ = draw_scenes(numbers, labels, 32, objects=False)
    others, _ = draw_scenes(numbers, (labels + 1) % len(OUTLINES), 32, objects=False)
    assert np.array_equal(without, others)


def test_distractors_lie_beside_the_object(numbers, labels, monkeypatch):
    import saliencynoise.data.scenes as module

    shown = []
    coverage = module._coverage

    def counted(distances, size):
        shown.append(coverage(distances, size))
        return shown[-1]

    monkeypatch.setattr(module, "_coverage", counted)
    _, masks = draw_scenes(numbers, labels, 64)
    *distractors, objects = shown
    assert len(distractors) == 3
    assert np.array_equal(objects > 0, masks)
    first = distractors[0].sum((1, 2)) / 64**2
    assert 0.002 < np.median(first) < 0.05
    # they lie outside of it for the most part, and it lies over them where they meet
    assert np.mean([(d[masks] > 0).mean() for d in distractors]) < 0.02


def test_the_object_stands_out(numbers, labels):
    images, masks = draw_scenes(numbers, labels, 32)
    for image, mask in zip(images.astype(float), masks, strict=True):
        inner = image[:, mask].mean(1)
        outer = image[:, ~mask].mean(1)
        assert np.abs(inner - outer).max() > 25


def test_a_picture_is_made_of_its_own_numbers(numbers, labels):
    images, masks = draw_scenes(numbers, labels, 32)
    for part in (slice(0, 7), slice(50, 51)):
        some, marked = draw_scenes(numbers[part], labels[part], 32)
        assert (
            np.abs(some.astype(int) - images[part]).max() <= 1
        )  # products of matrices of another shape round elsewhere
        assert np.array_equal(marked, masks[part])


def test_the_scene_is_the_same_at_other_sizes(numbers, labels):
    small, small_masks = draw_scenes(numbers, labels, 32)
    large, large_masks = draw_scenes(numbers, labels, 128)
    shrunk = large.reshape(COUNT, 3, 32, 4, 32, 4).mean((3, 5))
    assert np.abs(shrunk - small).mean() < 4
    covered = large_masks.reshape(COUNT, 32, 4, 32, 4).mean((2, 4))
    assert (covered[~small_masks] < 0.1).mean() > 0.999
    assert (covered[small_masks] > 0).mean() > 0.98


def test_too_few_numbers_are_told(numbers, labels):
    with pytest.raises(ValueError, match="a picture takes more than 40 random numbers"):
        draw_scenes(numbers[:, :40], labels, 16)
