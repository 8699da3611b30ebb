"""Template and image-specific signal against all pairs of images, and where the truth is known."""

import math

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.figures import headline
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.template import Template, TemplateSums, add_image, merge, template


def streamed(maps: torch.Tensor) -> TemplateSums:
    """Sums of maps `[E, B, P]`, image by image."""
    sums = None
    for image in maps.transpose(0, 1):
        sums = add_image(sums, image)
    assert sums is not None
    return sums


def mixture(
    generator: torch.Generator, *, share: float, r: float, members: int = 8, images: int = 32, common: float = 0.0
) -> torch.Tensor:
    """Maps `[E, B, P]` of noise energy 1, `common` of it a member's own template, and signal r, `share` of it one."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, 512, generator=generator, dtype=torch.float64)

    signal = math.sqrt(share * r) * normal(1, 1) + math.sqrt((1 - share) * r) * normal(1, images)
    return signal + math.sqrt(common) * normal(members, 1) + math.sqrt(1 - common) * normal(members, images)


def test_streamed_sums_against_all_pairs_of_images_and_members(rng: np.random.Generator) -> None:
    maps = rng.standard_normal((4, 5, 9)) + 0.5
    found = template(streamed(torch.tensor(maps)))
    unit = maps / np.linalg.norm(maps, axis=-1, keepdims=True)
    same, other, own = [], [], []
    for e in range(4):
        for f in range(4):
            for i in range(5):
                for j in range(5):
                    product = unit[e, i] @ unit[f, j]
                    if e != f:
                        (same if i == j else other).append(product)
                    elif i != j:
                        own.append(product)
    noise = 1 - np.mean(same)
    assert found.template == pytest.approx(np.mean(other))
    assert found.specific == pytest.approx(np.mean(same) - np.mean(other))
    assert found.share == pytest.approx(np.mean(other) / np.mean(same))
    assert found.snr_specific == pytest.approx((np.mean(same) - np.mean(other)) / noise)
    assert found.noise_common == pytest.approx((np.mean(own) - np.mean(other)) / noise)
    assert found.images == 5


def test_both_parts_together_are_the_headline(generator: torch.Generator) -> None:
    maps = mixture(generator, share=0.7, r=2, images=6)
    maps[2, 1] = 0  # one member without a map
    found = template(streamed(maps))
    pooled = headline(gram_matrix(maps))
    assert found.snr == pytest.approx(pooled.value, rel=1e-9)
    assert found.template + found.specific == pytest.approx(float(pooled.per_image.mean()), rel=1e-9)


def test_intervals_are_the_jackknife_of_smaller_ensembles(generator: torch.Generator) -> None:
    maps = mixture(generator, share=0.7, r=2, members=5, images=4)
    found = template(streamed(maps))
    fewer = [template(streamed(maps[[f for f in range(5) if f != e]])) for e in range(5)]
    assert found.share_interval is not None
    assert found.snr_specific_interval is not None
    for interval, values in (
        (found.share_interval, [each.share for each in fewer]),
        (found.snr_specific_interval, [each.snr_specific for each in fewer]),
    ):
        spread = math.sqrt(4 / 5 * np.sum((np.array(values) - np.mean(values)) ** 2))
        assert interval.high - interval.low == pytest.approx(2 * 2.7764451 * spread, rel=1e-6)
        assert interval.question == "members"


@pytest.mark.parametrize(("share", "r"), [(0.9, 20.0), (0.5, 1.0), (0.0, 0.5), (1.0, 4.0)])
def test_known_parts_are_found(share: float, r: float, generator: torch.Generator) -> None:
    found: list[Template] = [template(streamed(mixture(generator, share=share, r=r))) for _ in range(20)]
    assert np.mean([each.share for each in found]) == pytest.approx(share, abs=0.02)
    assert np.mean([each.snr_specific for each in found]) == pytest.approx((1 - share) * r, rel=0.04, abs=0.02)
    assert np.mean([each.snr for each in found]) == pytest.approx(r, rel=0.04)
    assert np.mean([each.noise_common for each in found]) == pytest.approx(0, abs=0.01)


def test_a_members_own_template_is_noise(generator: torch.Generator) -> None:
    found = [template(streamed(mixture(generator, share=0.0, r=1, common=0.6))) for _ in range(20)]
    assert np.mean([each.share for each in found]) == pytest.approx(0, abs=0.02)
    assert np.mean([each.noise_common for each in found]) == pytest.approx(0.6, abs=0.02)


def test_interval_of_the_specific_part_covers_it(generator: torch.Generator) -> None:
    """Of studies with the same signals: the truth is that of very many members."""
    signal = mixture(generator, share=0.6, r=1.0, images=8)  # with 8 members' noise, which becomes signal too
    signal = signal.mean(0)

    def noisy(members: int) -> torch.Tensor:
        return signal + torch.randn(members, *signal.shape, generator=generator, dtype=torch.float64)

    truth = template(streamed(noisy(800)))
    intervals = [template(streamed(noisy(8))).snr_specific_interval for _ in range(150)]
    covered = np.mean([i is not None and i.low <= truth.snr_specific <= i.high for i in intervals])
    assert 0.9 <= covered <= 0.995


def test_images_may_come_in_parts_and_in_any_order(generator: torch.Generator) -> None:
    maps = mixture(generator, share=0.5, r=1, images=6)
    whole = template(streamed(maps))
    parts = template(merge(streamed(maps[:, 4:]), streamed(maps[:, :4])))
    assert parts.share == pytest.approx(whole.share, rel=1e-9)
    assert parts.images == 6


def test_images_of_zero_maps_are_skipped(generator: torch.Generator) -> None:
    maps = mixture(generator, share=0.5, r=1, images=4)
    with_zero = torch.cat([torch.zeros_like(maps[:, :1]), maps], 1)
    assert template(streamed(with_zero)) == template(streamed(maps))


def test_memory_does_not_grow_with_the_images(generator: torch.Generator) -> None:
    sums = streamed(mixture(generator, share=0.5, r=1, images=5))
    assert (sums.total.shape, sums.gram.shape) == ((8, 512), (8, 8))


def test_two_members_have_no_interval_and_identical_ones_no_noise(generator: torch.Generator) -> None:
    found = template(streamed(mixture(generator, share=0.5, r=1, members=2)))
    assert (found.share_interval, found.snr_specific_interval) == (None, None)
    same = torch.randn(1, 4, 20, generator=generator, dtype=torch.float64).expand(3, -1, -1)
    assert template(streamed(same)).snr == math.inf


def test_bad_input_is_named() -> None:
    sums = add_image(None, torch.ones(3, 4))
    with pytest.raises(UsageError, match=r"maps of shape \[3, 5\] after images of \[3, 4\]"):
        add_image(sums, torch.ones(3, 5))
    with pytest.raises(UsageError, match=r"maps of shape \[1, 4\]"):
        add_image(None, torch.ones(1, 4))
    with pytest.raises(UsageError, match="1 images with maps"):
        template(sums)
