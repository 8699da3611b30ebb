"""Variance over groups of images: against the textbook, and coverage where images are near duplicates."""

from __future__ import annotations

import math

import pytest
import torch

from saliencynoise.statistics.agreement import agreement
from saliencynoise.statistics.cell_statistics import image_statistics, summarise
from saliencynoise.statistics.comparison import compare
from saliencynoise.statistics.correlation import correlate
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.groups import as_groups, chosen, effective_groups, resamples, variance_of_mean
from saliencynoise.statistics.image_quantiles import quantile, snr_of_images
from saliencynoise.statistics.intervals import both_interval, images_interval, members_interval
from saliencynoise.statistics.reliability import members_for_images
from saliencynoise.statistics.snr import pooled_snr, snr_from_cosine
from saliencynoise.statistics.trend import log_trend
from saliencynoise.statistics.untrained import excess_p


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


def test_groups_of_one_size_are_the_means_of_groups(generator):
    values = torch.randn(12, generator=generator, dtype=torch.float64)
    groups = tuple(i % 4 for i in range(12))
    means = torch.stack([values[torch.tensor(groups) == g].mean() for g in range(4)])
    assert variance_of_mean(values, groups) == pytest.approx((float(means.var()) / 4, 3.0))
    assert variance_of_mean(values, None) == pytest.approx((float(values.var()) / 12, 11.0))
    assert variance_of_mean(values, (0,) * 12)[0] == math.inf


def test_groups_that_say_nothing_are_none():
    assert as_groups(["a", "b"]) is None
    assert chosen((0, 1, 1, 2), torch.tensor([True, False, True, True])) is None
    assert effective_groups((0, 0, 0, 1)) == 1.6


def test_interval_on_the_logarithm_is_wider_for_groups_and_stays_positive(generator):
    groups = [i // 8 for i in range(32)]
    gram = gram_matrix(near_duplicates(generator, groups))
    alone, grouped = pooled_snr(gram), pooled_snr(gram, groups=as_groups(groups))
    plain, result = both_interval(alone, seed=0), both_interval(grouped, seed=0)
    assert plain is not None
    assert result is not None
    assert 0 < result.low < grouped.value < result.high
    assert math.log(result.high / grouped.value) == pytest.approx(math.log(grouped.value / result.low))
    assert math.log(result.high / result.low) > 1.5 * math.log(plain.high / max(plain.low, 0.01))
    assert "images in 4 groups" in result.note
    assert members_interval(grouped) == members_interval(alone)
    images = images_interval(grouped, seed=0)
    assert images is not None
    assert images.df == 3


def test_a_single_group_gives_no_bound(generator):
    figure = pooled_snr(gram_matrix(near_duplicates(generator, [0] * 6)), groups=(0,) * 6)
    interval = both_interval(figure, seed=0)
    assert interval is not None
    assert interval.high == math.inf or interval.high > 1e300
    assert "no bound" in interval.note


def test_no_signal_is_no_reason_to_fail(generator):
    noise = torch.randn(8, 6, 400, generator=generator, dtype=torch.float64)
    figure = pooled_snr(gram_matrix(noise), groups=(0, 0, 1, 1, 2, 2))
    interval = both_interval(figure, seed=0)
    assert interval is not None
    assert interval.low <= figure.value <= interval.high


def test_summary_leaves_out_the_groups_of_images_without_maps(generator):
    groups = [i // 4 for i in range(16)]
    maps = near_duplicates(generator, groups).transpose(0, 1)
    statistics = [image_statistics(image) for image in maps]
    blank = image_statistics(torch.zeros_like(maps[0]))
    usual = summarise(statistics, view="signed", seed=0, groups=as_groups(groups))
    with_blank = summarise([blank, *statistics], view="signed", seed=0, groups=(9, *groups))
    assert usual.estimates["snr"].interval == with_blank.estimates["snr"].interval
    assert usual.estimates["snr"].interval != summarise(statistics, view="signed", seed=0).estimates["snr"].interval


def test_comparisons_and_agreement_take_groups(generator):
    groups = [i // 8 for i in range(32)]
    a, b = near_duplicates(generator, groups), near_duplicates(generator, groups)
    figures = [pooled_snr(gram_matrix(maps), groups=as_groups(groups)) for maps in (a, b)]
    alone = [pooled_snr(gram_matrix(maps)) for maps in (a, b)]
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


def test_coverage_with_near_duplicates(generator):
    """4 groups of 8: .71 for images taken as independent (200 studies), .96 for groups; `docs/statistics.md`."""
    groups = [i // 8 for i in range(32)]
    true = pooled_snr(gram_matrix(near_duplicates(generator, list(range(3000)), members=40))).value
    covered: dict[str, list[bool]] = {"alone": [], "groups": []}
    for _ in range(60):
        gram = gram_matrix(near_duplicates(generator, groups))
        for name, own in (("alone", None), ("groups", as_groups(groups))):
            interval = both_interval(pooled_snr(gram, groups=own), seed=0)
            covered[name].append(interval is not None and interval.low <= true <= interval.high)
    assert sum(covered["groups"]) / 60 >= 0.88
    assert sum(covered["alone"]) / 60 <= 0.85


def test_whole_groups_are_drawn(generator):
    groups = (0, 0, 0, 1, 2, 2)
    drawn = list(resamples(6, groups, count=500, generator=generator))
    assert sum(map(len, drawn)) == 500
    members = [{i for i in range(6) if groups[i] == g} for g in range(3)]
    for row in (row for own in drawn for row in own.tolist()):
        times = [[row.count(image) for image in group] for group in members]
        assert all(len(set(own)) == 1 for own in times)  # a group comes whole
        assert sum(own[0] for own in times) == 3  # as many groups as there are


def test_share_of_images_with_copies(generator):
    """8 groups of 4 copies: the interval of the r that 90% of the images reach."""
    groups = [i // 4 for i in range(32)]
    apart = near_duplicates(generator, list(range(4000)), members=60)
    unit = torch.nn.functional.normalize(apart, dim=-1)
    cosines = (unit.sum(0).square().sum(-1) - 60) / (60 * 59)
    true = float(snr_from_cosine(quantile(cosines, 0.1)))
    covered: dict[str, list[bool]] = {"alone": [], "groups": []}
    for _ in range(60):
        gram = gram_matrix(near_duplicates(generator, groups, alike=1.0))
        for name, own in (("alone", None), ("groups", as_groups(groups))):
            _, interval = snr_of_images(gram, share=0.9, seed=0, groups=own)
            covered[name].append(interval is not None and interval.low <= true <= interval.high)
            needed = members_for_images(gram, seed=0, groups=own)
            assert interval is None or needed.low == (
                math.ceil(9 / interval.high * (1 - 1e-9)) if interval.high > 0 else None
            )
    assert sum(covered["groups"]) / 60 >= 0.88
    assert sum(covered["alone"]) < sum(covered["groups"])


def test_level_of_more_than_untrained_networks_with_copies(generator):
    """Trained networks no better than untrained ones, 4 groups of 8 copies."""
    groups = [i // 8 for i in range(32)]
    result: dict[str, list[float]] = {"alone": [], "groups": []}
    for _ in range(200):
        one, other = (gram_matrix(near_duplicates(generator, groups, alike=1.0)) for _ in range(2))
        for name, own in (("alone", None), ("groups", as_groups(groups))):
            result[name].append(excess_p(pooled_snr(one, groups=own), pooled_snr(other, groups=own)) or 0.0)
    level = {name: sum(p < 0.05 for p in ps) / 200 for name, ps in result.items()}
    assert level["groups"] <= 0.09
    assert level["alone"] > 1.5 * level["groups"]


def test_trends_and_correlations_take_groups(generator):
    groups = [i // 3 for i in range(30)]
    grams = [gram_matrix(near_duplicates(generator, groups)) for _ in range(3)]
    alone, grouped = (
        log_trend([pooled_snr(gram, groups=own) for gram in grams], [1, 2, 3]) for own in (None, as_groups(groups))
    )
    assert alone.slope == grouped.slope
    assert alone.interval != grouped.interval
    x, y = (torch.randn(10, generator=generator).repeat_interleave(3) for _ in "xy")
    one, other = (correlate(x, y, seed=0, groups=own) for own in (None, as_groups(groups)))
    assert one.pearson == other.pearson
    ranges = [own.pearson_interval for own in (one, other)]
    widths = [own.high - own.low for own in ranges if own is not None]
    assert widths[1] > 1.4 * widths[0]
    assert correlate(x, y, seed=0, groups=tuple(i // 6 for i in range(30))).pearson_interval is None
