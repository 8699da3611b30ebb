"""Template and image-specific signal against all pairs of images, and where the truth is known."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from scipy.special import stdtrit

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.statistics.template import (
    ONE_CLASS,
    ONE_IMAGE_A_CLASS,
    ImagePart,
    Template,
    TemplateSums,
    add_image,
    image_part,
    merge,
    template,
)


def streamed(maps: torch.Tensor, labels: Sequence[int] | None = None) -> TemplateSums:
    """Sums of maps `[E, B, P]`, image by image; without labels each image is of a class of its own."""
    sums: TemplateSums | None = None
    for label, image in zip(labels or range(maps.shape[1]), maps.transpose(0, 1), strict=True):
        sums = add_image(sums, image, label=label)
    assert sums is not None
    return sums


def parts_of(maps: torch.Tensor, labels: Sequence[int]) -> list[ImagePart]:
    """Each image's part, by the second look."""
    sums = streamed(maps, labels)
    total = torch.stack([entry.total for entry in sums.values()]).sum(0)
    result = [
        image_part(image, label, all_images=total, one_class=sums[label].total)
        for label, image in zip(labels, maps.transpose(0, 1), strict=True)
    ]
    return [part for part in result if part is not None]


def classes_of(
    generator: torch.Generator, labels: Sequence[int], *, members: int = 8, r: float = 1.0, pixels: int = 256
) -> torch.Tensor:
    """Maps `[E, B, P]` whose signal is to .30 a template, to .35 of the class and to .35 of the image."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, pixels, generator=generator, dtype=torch.float64)

    classes, images = normal(max(labels) + 1)[list(labels)], normal(len(labels))
    signal = math.sqrt(0.3) * normal(1) + math.sqrt(0.35) * (classes + images)
    return signal + normal(members, len(labels)) / math.sqrt(r)


def mixture(
    generator: torch.Generator, *, share: float, r: float, members: int = 8, images: int = 32, common: float = 0.0
) -> torch.Tensor:
    """Maps `[E, B, P]` of noise energy 1, `common` of it a member's own template, and signal r, `share` of it one."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, 512, generator=generator, dtype=torch.float64)

    signal = math.sqrt(share * r) * normal(1, 1) + math.sqrt((1 - share) * r) * normal(1, images)
    return signal + math.sqrt(common) * normal(members, 1) + math.sqrt(1 - common) * normal(members, images)


def test_streamed_sums_against_all_pairs_of_images_and_members(rng):
    labels = [0, 1, 0, 2, 1, 0]  # one class has a single image
    maps = rng.standard_normal((4, 6, 9)) + 0.5
    result = template(streamed(torch.tensor(maps), labels))
    unit = maps / np.linalg.norm(maps, axis=-1, keepdims=True)
    itself, inside, across, own = [], [], [], []
    for e, f, i, j in itertools.product(range(4), range(4), range(6), range(6)):
        product = unit[e, i] @ unit[f, j]
        if e != f:
            (itself if i == j else inside if labels[i] == labels[j] else across).append(product)
        elif labels[i] != labels[j]:
            own.append(product)
    noise = 1 - np.mean(itself)
    assert result.template == pytest.approx(np.mean(across))
    assert result.of_class == pytest.approx(np.mean(inside) - np.mean(across))
    assert result.specific == pytest.approx(np.mean(itself) - np.mean(inside))
    assert result.share == pytest.approx(np.mean(across) / np.mean(itself))
    assert result.share_class == pytest.approx(result.of_class / np.mean(itself))
    assert result.share_specific == pytest.approx(1 - result.share - result.share_class)
    assert result.snr_specific == pytest.approx((np.mean(itself) - np.mean(inside)) / noise)
    assert result.noise_common == pytest.approx((np.mean(own) - np.mean(across)) / noise)
    assert (result.images, result.classes, result.note) == (6, 3, "")


def test_parts_of_images_are_their_effect_on_the_means(rng):
    """An image that is there twice, in part: the derivative of the figures by its weight, by differences."""
    labels = [0, 1, 0, 2, 1, 0]
    maps = torch.tensor(rng.standard_normal((5, 6, 9)) + 0.5)
    unit = maps / maps.norm(dim=-1, keepdim=True)
    pairs = torch.einsum("eip,fjp->efij", unit, unit)
    pairs = (pairs.sum((0, 1)) - pairs.diagonal().sum(-1)) / 20
    same = torch.tensor(labels)[:, None] == torch.tensor(labels)

    def share(weights: torch.Tensor) -> float:
        both = torch.outer(weights, weights)
        across, signal = both * ~same, (weights * pairs.diagonal()).sum() / weights.sum()
        return float((across * pairs).sum() / across.sum() / signal)

    step = 1e-6 * torch.eye(6, dtype=torch.float64)
    slopes = [(share(1 + step[i]) - share(1 - step[i])) / 2e-6 for i in range(6)]
    result = template(streamed(maps, labels), parts_of(maps, labels)).share_interval
    alone = template(streamed(maps, labels)).share_interval
    assert result is not None
    assert alone is not None
    jackknife = ((alone.high - alone.low) / 2 / stdtrit(4, 0.975)) ** 2
    images = 6 / 5 * sum(slope**2 for slope in slopes)
    df = (jackknife + images) ** 2 / (jackknife**2 / 4 + images**2 / 5)
    assert (result.high - result.low) / 2 == pytest.approx(stdtrit(df, 0.975) * math.sqrt(jackknife + images), rel=1e-5)
    assert (result.question, result.note) == ("both", "indicative: fewer than 8 members; for these classes")


def test_groups_of_images_count_as_one(generator):
    labels = [0, 1, 2, 0, 1, 2]
    maps = classes_of(generator, labels, r=20)
    doubled = torch.cat([maps, maps], 1)

    def width(groups: list[int] | None) -> float:
        sums, parts = streamed(doubled, labels * 2), parts_of(doubled, labels * 2)
        interval = template(sums, parts, groups=groups).snr_specific_interval
        assert interval is not None
        return interval.high - interval.low

    assert width([*range(6)] * 2) > 1.1 * width(None)
    with pytest.raises(UsageError, match="3 groups for 12 images"):
        width([0, 1, 2])


def test_template_class_and_image_are_found(generator):
    labels = [image % 5 for image in range(20)]
    result = [template(streamed(maps, labels)) for maps in (classes_of(generator, labels) for _ in range(60))]
    for name, truth in (("share", 0.30), ("share_class", 0.35), ("share_specific", 0.35)):
        assert np.mean([getattr(each, name) for each in result]) == pytest.approx(truth, abs=0.025)


def test_interval_covers_new_images_of_the_same_classes(generator):
    labels = [image % 4 for image in range(16)]
    shape = {"generator": generator, "dtype": torch.float64}
    classes = 0.35**0.5 * torch.randn(4, 32, **shape) + 0.3**0.5 * torch.randn(32, **shape)  # type: ignore[call-overload]

    def study(members: int, images: list[int]) -> torch.Tensor:
        signal = classes[images] + 0.35**0.5 * torch.randn(len(images), 32, **shape)  # type: ignore[call-overload]
        noise: torch.Tensor = torch.randn(members, len(images), 32, **shape)  # type: ignore[call-overload]
        return signal + noise

    many = labels * 40
    truth = template(streamed(study(60, many), many)).share_class
    covered = []
    for _ in range(60):
        maps = study(8, labels)
        interval = template(streamed(maps, labels), parts_of(maps, labels)).share_class_interval
        covered.append(interval is not None and interval.low <= truth <= interval.high)
    assert np.mean(covered) >= 0.9


def test_what_cannot_be_separated_is_said(generator):
    maps = classes_of(generator, [0, 1, 2, 3])
    apart = template(streamed(maps))
    assert (apart.note, apart.share_class_interval) == (ONE_IMAGE_A_CLASS, None)
    assert math.isnan(apart.share_class)
    assert apart.share + apart.share_specific == pytest.approx(1)
    together = template(streamed(maps, [2] * 4))
    assert together.note == ONE_CLASS
    assert together.share == pytest.approx(apart.share)
    assert math.isnan(together.of_class)


def test_both_parts_together_are_the_headline(generator):
    maps = mixture(generator, share=0.7, r=2, images=6)
    maps[2, 1] = 0  # one member without a map
    result = template(streamed(maps))
    pooled = pooled_snr(gram_matrix(maps))
    assert result.snr == pytest.approx(pooled.value, rel=1e-9)
    assert result.template + result.specific == pytest.approx(float(pooled.per_image.mean()), rel=1e-9)


def test_intervals_are_the_jackknife_of_smaller_ensembles(generator):
    maps = mixture(generator, share=0.7, r=2, members=5, images=4)
    result = template(streamed(maps))
    fewer = [template(streamed(maps[[f for f in range(5) if f != e]])) for e in range(5)]
    assert result.share_interval is not None
    assert result.snr_specific_interval is not None
    for interval, values in (
        (result.share_interval, [each.share for each in fewer]),
        (result.snr_specific_interval, [each.snr_specific for each in fewer]),
    ):
        spread = math.sqrt(4 / 5 * np.sum((np.array(values) - np.mean(values)) ** 2))
        assert interval.high - interval.low == pytest.approx(2 * 2.7764451 * spread, rel=1e-6)
        assert interval.question == "members"


@pytest.mark.parametrize(("share", "r"), [(0.9, 20.0), (0.5, 1.0), (0.0, 0.5), (1.0, 4.0)])
def test_known_parts_are_found(share, r, generator):
    result: list[Template] = [template(streamed(mixture(generator, share=share, r=r))) for _ in range(20)]
    assert np.mean([each.share for each in result]) == pytest.approx(share, abs=0.02)
    assert np.mean([each.snr_specific for each in result]) == pytest.approx((1 - share) * r, rel=0.04, abs=0.02)
    assert np.mean([each.snr for each in result]) == pytest.approx(r, rel=0.04)
    assert np.mean([each.noise_common for each in result]) == pytest.approx(0, abs=0.01)


def test_a_members_own_template_is_noise(generator):
    result = [template(streamed(mixture(generator, share=0.0, r=1, common=0.6))) for _ in range(20)]
    assert np.mean([each.share for each in result]) == pytest.approx(0, abs=0.02)
    assert np.mean([each.noise_common for each in result]) == pytest.approx(0.6, abs=0.02)


def test_interval_of_the_specific_part_covers_it(generator):
    """Of studies with the same signals: the truth is that of very many members."""
    signal = mixture(generator, share=0.6, r=1.0, images=8)  # with 8 members' noise, which becomes signal too
    signal = signal.mean(0)

    def noisy(members: int) -> torch.Tensor:
        return signal + torch.randn(members, *signal.shape, generator=generator, dtype=torch.float64)

    truth = template(streamed(noisy(800)))
    intervals = [template(streamed(noisy(8))).snr_specific_interval for _ in range(150)]
    covered = np.mean([i is not None and i.low <= truth.snr_specific <= i.high for i in intervals])
    assert 0.9 <= covered <= 0.995


def test_images_may_come_in_parts_and_in_any_order(generator):
    maps = mixture(generator, share=0.5, r=1, images=6)
    whole = template(streamed(maps, [0, 1, 0, 1, 0, 1]))
    parts = template(merge(streamed(maps[:, 4:], [0, 1]), streamed(maps[:, :4], [0, 1, 0, 1])))
    assert parts.share == pytest.approx(whole.share, rel=1e-9)
    assert parts.images == 6


def test_images_of_zero_maps_are_skipped(generator):
    maps = mixture(generator, share=0.5, r=1, images=4)
    with_zero, labels = torch.cat([torch.zeros_like(maps[:, :1]), maps], 1), [0, 0, 1, 0, 1]
    assert template(streamed(with_zero, labels)) == template(streamed(maps, labels[1:]))
    assert len(parts_of(with_zero, labels)) == 4


def test_memory_does_not_grow_with_the_images(generator):
    sums = streamed(mixture(generator, share=0.5, r=1, images=5), [0, 1, 0, 1, 0])
    assert [(own.total.shape, own.gram.shape) for own in sums.values()] == [((8, 512), (8, 8))] * 2


def test_two_members_have_no_interval_and_identical_ones_no_noise(generator):
    result = template(streamed(mixture(generator, share=0.5, r=1, members=2)))
    assert (result.share_interval, result.snr_specific_interval) == (None, None)
    same = torch.randn(1, 4, 20, generator=generator, dtype=torch.float64).expand(3, -1, -1)
    assert template(streamed(same)).snr == math.inf


def test_bad_input_is_named():
    sums = add_image(None, torch.ones(3, 4))
    with pytest.raises(UsageError, match=r"maps of shape \[3, 5\] after images of \[3, 4\]"):
        add_image(sums, torch.ones(3, 5))
    with pytest.raises(UsageError, match=r"maps of shape \[1, 4\]"):
        add_image(None, torch.ones(1, 4))
    with pytest.raises(UsageError, match="1 images with maps"):
        template(sums)
