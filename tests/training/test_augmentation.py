"""Shifts and flips: by an oracle in loops, and independent of the batch."""

from __future__ import annotations

import math

import pytest
import torch

from saliencynoise.training.augmentation import RATIO, Draws, augment, draw
from saliencynoise.training.recipes import Recipe

RECIPE = Recipe(shift=2, flip=True, crop=0.3)


def by_hand(image: torch.Tensor, down: int, right: int, *, flip: bool, shift: int) -> torch.Tensor:
    """Shift a picture `[C, H, W]` pixel by pixel, the edge's pixels repeated; flip it first."""
    _, height, width = image.shape
    result = torch.empty_like(image)
    for y in range(height):
        for x in range(width):
            row = min(max(y + down - shift, 0), height - 1)
            column = min(max(x + right - shift, 0), width - 1)
            result[:, y, x] = image[:, row, width - 1 - column if flip else column]
    return result


@pytest.mark.parametrize("shift", [0, 1, 3])
def test_pixels_move_as_drawn(shift):
    images = torch.randn(12, 2, 4, 7, generator=torch.Generator().manual_seed(0))
    draws = draw(Recipe(shift=shift, flip=True), 12, seed=5)
    assert draws.flip.any()
    assert not draws.flip.all()
    result = augment(images, draws, torch.arange(12), recipe=Recipe(shift=shift, flip=True))
    for index, image in enumerate(images):
        down, right = draws.offset[index].tolist()
        expected = by_hand(image, down, right, flip=bool(draws.flip[index]), shift=shift)
        assert torch.equal(result[index], expected)


def test_an_image_gets_its_draw_wherever_it_stands_in_a_batch():
    images = torch.randn(9, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    draws = draw(RECIPE, 9, seed=1)
    whole = augment(images, draws, torch.arange(9), recipe=RECIPE)
    for rows in ([8, 0, 3], [3], [5, 4]):
        assert torch.equal(augment(images[rows], draws, torch.tensor(rows), recipe=RECIPE), whole[rows])


def test_all_shifts_are_drawn_about_equally_often():
    draws = draw(Recipe(shift=2, flip=True), 5000, seed=1)
    counts = torch.stack([(draws.offset == offset).sum(0) for offset in range(5)])
    assert counts.sum(0).tolist() == [5000, 5000]
    assert 900 < counts.min() <= counts.max() < 1100
    assert 2350 < draws.flip.sum() < 2650


def test_a_recipe_without_augmentation_changes_nothing():
    images = torch.randn(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    draws = draw(Recipe(), 6, seed=1)
    assert torch.equal(augment(images, draws, torch.arange(6), recipe=Recipe()), images)


def test_draws_depend_on_the_seed_and_on_no_global_state():
    recipe = Recipe(shift=2, flip=True)
    before = torch.get_rng_state()
    first, again, other = (draw(recipe, 40, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.offset, again.offset)
    assert torch.equal(first.flip, again.flip)
    assert not torch.equal(first.offset, other.offset)
    assert not torch.equal(first.flip, other.flip)


def test_the_images_are_left_as_they_were():
    images = torch.randn(2, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    before = images.clone()
    draws = Draws(torch.tensor([[0, 2], [1, 1]]), torch.tensor([True, False]), torch.tensor([[1.0, 1.0, 0, 0]] * 2))
    changed = augment(images, draws, torch.arange(2), recipe=Recipe(shift=1, flip=True))
    assert torch.equal(images, before)
    assert torch.equal(changed[1], images[1])
    assert not torch.equal(changed[0], images[0])


def test_crops_have_areas_and_shapes_as_asked_and_lie_within_the_image():
    box = draw(Recipe(crop=0.25), 4000, seed=1).box
    height, width = box[:, 0], box[:, 1]
    area = height * width
    assert 0.2 < area.min() < 0.27
    assert 0.95 < area.max() <= 1
    assert (height / width).log().abs().max() <= math.log(RATIO) + 1e-5
    assert ((box[:, 2:].abs() + box[:, :2]) <= 1 + 1e-6).all()
    assert abs(float(area.median()) - 0.6) < 0.03


def test_a_crop_is_what_torchvision_makes_of_the_same_box():
    from torchvision.transforms.functional import resized_crop

    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    # rows 4 to 11, columns 0 to 7 of 16: half as high and wide, its centre at (8, 4)
    draws = Draws(torch.zeros(2, 2).long(), torch.zeros(2).bool(), torch.tensor([[0.5, 0.5, 0.0, -0.5]] * 2))
    result = augment(images, draws, torch.arange(2), recipe=Recipe(crop=0.25))
    expected = resized_crop(images, 4, 0, 8, 8, [16, 16], antialias=False)
    inside = (slice(None), slice(None), slice(1, -1), slice(1, -1))  # at its border a crop sees its surroundings
    torch.testing.assert_close(result[inside], expected[inside], atol=1e-5, rtol=0)
