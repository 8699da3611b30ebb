"""Variance over groups of images: against the textbook, and coverage where images are near duplicates."""

from __future__ import annotations

import math

import pytest
import torch

from saliencynoise.statistics.agreement import agreement
from saliencynoise.statistics.comparison import compare
from saliencynoise.statistics.figures import headline, image_statistics, summarise
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.groups import as_groups, chosen, effective_groups, variance_of_mean
from saliencynoise.statistics.intervals import both_interval, images_interval, members_interval


def near_duplicates(
    generator: torch.Generator, groups: list[int], *, members: int = 8, alike: float = 0.95
) -> torch.Tensor:
    """Maps `[E, B, P]` of which the images of a group share nearly all, noise included; r has a log-spread of 0.8."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    count, images, place = max(groups) + 1, len(groups), torch.tensor(groups)
    strength = (0.5 * (0.8 * normal(count)).exp())[place].sqrt()[:, None]
    shared, own = math.sqrt(alike), math.sqrt(1 - alike)
    signal = strength * (shared * normal(count, 16)[place] + own * normal(images, 16))
    noise = shared * normal(members, count, 16)[:, place] + own * normal(members, images, 16)
    return signal + noise


def test_groups_of_one_size_are_the_means_of_groups(generator: torch.Generator) -> None:
    values = torch.randn(12, generator=generator, dtype=torch.float64)
    groups = tuple(i % 4 for i in range(12))
    means = torch.stack([values[torch.tensor(groups) == g].mean() for g in range(4)])
    assert variance_of_mean(values, groups) == pytest.approx((float(means.var()) / 4, 3.0))
    assert variance_of_mean(values, None) == pytest.approx((float(values.var()) / 12, 11.0))
    assert variance_of_mean(values, (0,) * 12)[0] == math.inf


def test_groups_that_say_nothing_are_none() -> None:
    assert as_groups(["a", "b"]) is None
    assert chosen((0, 1, 1, 2), torch.tensor([True, False, True, True])) is None
    assert effective_groups((0, 0, 0, 1)) == 1.6


def test_interval_on_the_logarithm_is_wider_for_groups_and_stays_positive(generator: torch.Generator) -> None:
    groups = [i // 8 for i in range(32)]
    gram = gram_matrix(near_duplicates(generator, groups))
    alone, grouped = headline(gram), headline(gram, groups=as_groups(groups))
    plain, found = both_interval(alone, seed=0), both_interval(grouped, seed=0)
    assert plain is not None
    assert found is not None
    assert 0 < found.low < grouped.value < found.high
    assert math.log(found.high / grouped.value) == pytest.approx(math.log(grouped.value / found.low))
    assert math.log(found.high / found.low) > 1.5 * math.log(plain.high / max(plain.low, 0.01))
    assert "images in 4 groups" in found.note
    assert members_interval(grouped) == members_interval(alone)
    images = images_interval(grouped, seed=0)
    assert images is not None
    assert images.df == 3


def test_a_single_group_gives_no_bound(generator: torch.Generator) -> None:
    figure = headline(gram_matrix(near_duplicates(generator, [0] * 6)), groups=(0,) * 6)
    interval = both_interval(figure, seed=0)
    assert interval is not None
    assert interval.high == math.inf or interval.high > 1e300
    assert "no bound" in interval.note


def test_no_signal_is_no_reason_to_fail(generator: torch.Generator) -> None:
    noise = torch.randn(8, 6, 400, generator=generator, dtype=torch.float64)
    figure = headline(gram_matrix(noise), groups=(0, 0, 1, 1, 2, 2))
    interval = both_interval(figure, seed=0)
    assert interval is not None
    assert interval.low <= figure.value <= interval.high


def test_summary_leaves_out_the_groups_of_images_without_maps(generator: torch.Generator) -> None:
    groups = [i // 4 for i in range(16)]
    maps = near_duplicates(generator, groups).transpose(0, 1)
    statistics = [image_statistics(image) for image in maps]
    blank = image_statistics(torch.zeros_like(maps[0]))
    usual = summarise(statistics, view="signed", seed=0, groups=as_groups(groups))
    with_blank = summarise([blank, *statistics], view="signed", seed=0, groups=(9, *groups))
    assert usual.estimates["snr"].interval == with_blank.estimates["snr"].interval
    assert usual.estimates["snr"].interval != summarise(statistics, view="signed", seed=0).estimates["snr"].interval


def test_comparisons_and_agreement_take_groups(generator: torch.Generator) -> None:
    groups = [i // 8 for i in range(32)]
    a, b = near_duplicates(generator, groups), near_duplicates(generator, groups)
    figures = [headline(gram_matrix(maps), groups=as_groups(groups)) for maps in (a, b)]
    alone = [headline(gram_matrix(maps)) for maps in (a, b)]
    grouped, plain = compare(*figures, shared="images"), compare(*alone, shared="images")
    assert grouped.interval is not None
    assert plain.interval is not None
    assert grouped.interval.high - grouped.interval.low > 1.3 * (plain.interval.high - plain.interval.low)
    same = 3 * near_duplicates(generator, groups).mean(0, keepdim=True)
    maps = [(same + near_duplicates(generator, groups)).transpose(0, 1) for _ in range(2)]
    products = maps[0] @ maps[1].mT, maps[0] @ maps[0].mT, maps[1] @ maps[1].mT
    one, other = (agreement(*products, seed=0, groups=own) for own in (None, as_groups(groups)))
    assert one.value == other.value
    assert one.interval != other.interval


def test_coverage_with_near_duplicates(generator: torch.Generator) -> None:
    """4 groups of 8: .71 for images taken as independent (200 studies), .96 for groups; `docs/statistics.md`."""
    groups = [i // 8 for i in range(32)]
    true = headline(gram_matrix(near_duplicates(generator, list(range(3000)), members=40))).value
    covered: dict[str, list[bool]] = {"alone": [], "groups": []}
    for _ in range(60):
        gram = gram_matrix(near_duplicates(generator, groups))
        for name, own in (("alone", None), ("groups", as_groups(groups))):
            interval = both_interval(headline(gram, groups=own), seed=0)
            covered[name].append(interval is not None and interval.low <= true <= interval.high)
    assert sum(covered["groups"]) / 60 >= 0.88
    assert sum(covered["alone"]) / 60 <= 0.85
