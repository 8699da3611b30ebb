"""Comparisons against textbook t tests, and their level where members share noise over images."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.comparison import Comparison, compare, everywhere, holm
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.intervals import Pooled
from saliencynoise.statistics.snr import pooled_snr, snr_from_cosine


def flat(c: float, *, images: int = 3, members: int = 4) -> Pooled:
    """A figure that is the same on every image and without every member."""
    return Pooled(
        per_image=torch.full((images,), c, dtype=torch.float64),
        without=torch.full((images, members), c, dtype=torch.float64),
        link=snr_from_cosine,
    )


def study(
    generator: torch.Generator, *rs: float, members: int = 8, images: int = 64, over_images: float, over_methods: float
) -> dict[str, Pooled]:
    """Methods of population SNR `rs` on the same members: P_eff = 8, images' SNR with a log-spread of 0.8.

    `over_images` is the part of the noise energy that a member has in common on all images, `over_methods` the part
    that it has in common for all methods.
    """

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, 8, generator=generator, dtype=torch.float64)

    def noise() -> torch.Tensor:
        return math.sqrt(over_images) * normal(members, 1) + math.sqrt(1 - over_images) * normal(members, images)

    strength = torch.randn(images, 1, generator=generator, dtype=torch.float64).mul(0.4).exp()
    common = noise()
    figures = {}
    for name, r in zip("ABCD", rs, strict=False):
        both = math.sqrt(over_methods) * common + math.sqrt(1 - over_methods) * noise()
        figures[name] = pooled_snr(gram_matrix(math.sqrt(r) * strength * normal(images) + both))
    return figures


def all_pairs(figures: dict[str, Pooled]) -> list[Comparison]:
    """Compare all pairs, with p-values by Holm over the pairs."""
    pairs = [compare(figures[a], figures[b], names=(a, b)) for a, b in itertools.combinations(figures, 2)]
    corrected = holm([pair.p for pair in pairs])
    return [replace(pair, p_holm=p) for pair, p in zip(pairs, corrected, strict=True)]


def logs(c: np.ndarray) -> np.ndarray:
    return np.log(c / (1 - c))


def test_new_members_against_the_paired_t_test_of_pseudo_values(generator):
    figures = study(generator, 2, 1, images=5, over_images=0.3, over_methods=0.5)
    a, b = figures["A"], figures["B"]
    result = compare(a, b, question="members")
    pseudo = [
        8 * math.log(figure.value) - 7 * logs(figure.without.mean(0).numpy()) for figure in (a, b)
    ]  # their variance over 8 is the jackknife's
    expected = stats.ttest_rel(*pseudo)
    scale = result.difference / (pseudo[0] - pseudo[1]).mean()  # the jackknife's mean differs from the figure
    t = expected.statistic * scale
    assert result.p == pytest.approx(2 * stats.t.sf(abs(t), 7), rel=1e-9)
    assert result.difference == pytest.approx(math.log(a.value / b.value))
    assert result.ratio == pytest.approx(a.value / b.value)
    assert result.interval is not None
    assert result.ratio_interval is not None
    half = stats.t.ppf(0.975, 7) * stats.sem(pseudo[0] - pseudo[1])
    assert result.interval.low == pytest.approx(result.difference - half)
    assert result.ratio_interval.high == pytest.approx(math.exp(result.difference + half))
    assert (result.interval.question, result.interval.df) == ("members", 7)


def test_new_images_add_the_variance_of_a_paired_bootstrap(generator):
    figures = study(generator, 2, 1, over_images=0.3, over_methods=0.5)
    c = np.stack([figures[name].per_image.numpy() for name in "AB"])
    draws = np.random.default_rng(0).integers(64, size=(4000, 64))
    resampled = logs(c[:, draws].mean(-1))
    both = compare(figures["A"], figures["B"]).interval
    members = compare(figures["A"], figures["B"], question="members").interval
    assert both is not None
    assert members is not None
    variances = [((part.high - part.low) / 2 / stats.t.ppf(0.975, part.df)) ** 2 for part in (both, members)]
    assert variances[0] - variances[1] == pytest.approx(np.var(resampled[0] - resampled[1]), rel=0.1)
    assert both.question == "both"


def test_other_members_add_both_variances(generator):
    a = study(generator, 2, members=8, images=6, over_images=0.3, over_methods=0.5)["A"]
    b = study(generator, 1, members=6, images=6, over_images=0.3, over_methods=0.5)["A"]
    result = compare(a, b, shared="images", question="members").interval
    variances = [
        (n - 1) / n * ((x - x.mean()) ** 2).sum()
        for n, x in ((8, logs(a.without.mean(0).numpy())), (6, logs(b.without.mean(0).numpy())))
    ]
    df = sum(variances) ** 2 / (variances[0] ** 2 / 7 + variances[1] ** 2 / 5)
    assert result is not None
    assert result.df == pytest.approx(df)
    assert result.high - result.low == pytest.approx(2 * stats.t.ppf(0.975, df) * math.sqrt(sum(variances)))
    with pytest.raises(UsageError, match="8 members and of 6 images, 6 members: need both on the same images and"):
        compare(a, b)


def test_the_other_way_round_is_the_opposite(generator):
    figures = study(generator, 6, 0.5, over_images=0.1, over_methods=0.5)
    there, back = (compare(figures[a], figures[b], names=(a, b)) for a, b in ("AB", "BA"))
    assert (there.verdict, back.verdict) == ("less noisy", "noisier")
    assert there.words == back.words == "the maps of A are less noisy than those of B"
    assert there.difference == -back.difference
    assert there.p == back.p


@pytest.mark.parametrize(("members", "images"), [(4, 64), (8, 64)])
def test_equal_methods_are_rarely_called_different_but_often_by_wilcoxon(members, images, generator):
    rejected = wrong = 0
    for _ in range(200):
        figures = study(generator, 1, 1, members=members, images=images, over_images=0.8, over_methods=0.3)
        a, b = figures["A"], figures["B"]
        rejected += compare(a, b).verdict != "tie"
        wrong += stats.wilcoxon(a.per_image.numpy(), b.per_image.numpy()).pvalue < 0.05
    assert rejected / 200 <= 0.06
    assert wrong / 200 > 0.25


@pytest.mark.parametrize("over_methods", [0.0, 0.8])
def test_level_for_these_images(over_methods, generator):
    """Two methods with the same signal, so that they are equal on each image; the level is near the nominal one."""
    rejected = 0
    for _ in range(400):
        common, *own = torch.randn(3, 8, 8, 8, generator=generator, dtype=torch.float64)
        signal = torch.randn(8, 8, generator=generator, dtype=torch.float64)
        noises = [math.sqrt(over_methods) * common + math.sqrt(1 - over_methods) * noise for noise in own]
        a, b = (pooled_snr(gram_matrix(2 * signal + noise)) for noise in noises)
        rejected += compare(a, b, question="members").verdict != "tie"
    assert 0.02 <= rejected / 400 <= 0.075


def test_familywise_level_under_holm_and_power(generator):
    settings = {"images": 32, "over_images": 0.8, "over_methods": 0.3}
    wrong = sum(
        any(pair.verdict != "tie" for pair in all_pairs(study(generator, 1, 1, 1, 1, **settings))) for _ in range(100)
    )
    assert wrong <= 8
    settings = {"images": 32, "over_images": 0.3, "over_methods": 0.3}
    right = sum(compare(*study(generator, 2, 1, **settings).values()).verdict == "less noisy" for _ in range(50))
    assert right >= 38


def test_holm_against_its_definition(rng):
    ps = rng.random(7).tolist()
    expected = [
        max(min(1.0, sum(q >= other for q in ps) * other) for other in ps if other <= p) for p in ps
    ]  # the j-th smallest times (m - j + 1), made monotone
    assert holm(ps) == pytest.approx(expected)
    assert holm([0.02, None, 0.03]) == [0.06, None, 0.06]
    assert holm([]) == []


def test_all_pairs_with_holm(generator):
    figures = study(generator, 8, 1, 1, over_images=0.1, over_methods=0.3)
    pairs = all_pairs(figures)
    assert [(pair.a, pair.b) for pair in pairs] == [("A", "B"), ("A", "C"), ("B", "C")]
    assert [pair.verdict for pair in pairs] == ["less noisy", "less noisy", "tie"]


def test_identical_figures_are_a_tie_even_without_noise(generator):
    figure = study(generator, 1, over_images=0.3, over_methods=0.0)["A"]
    for same in (figure, flat(1.0), flat(-0.1)):
        result = compare(same, same)
        assert (result.verdict, result.difference, result.p, result.ratio) == ("tie", 0.0, 1.0, 1.0)
        assert result.note == "identical figures"


@pytest.mark.parametrize(
    ("a", "note"),
    [
        (flat(-0.01), "A shows no signal"),
        (flat(0.0), "A shows no signal"),
        (flat(1.0), "the members of A agree to rounding"),
        (flat(0.5, members=2), "A has 2 members, and a jackknife needs 3"),
    ],
)
def test_figures_without_a_logarithm_are_undetermined(a, note):
    result = compare(a, flat(0.4, members=a.members))
    assert result.verdict == "undetermined"
    assert note in result.note
    assert result.words.startswith("A and B: undetermined, ")
    assert (result.p, result.p_holm, result.interval, result.ratio_interval) == (None, None, None, None)
    assert math.isnan(result.ratio)
    corrected = all_pairs({"A": a, "B": flat(0.4, members=a.members)})
    assert corrected[0].p_holm is None


def test_a_signal_that_hangs_on_one_member_is_undetermined():
    figure = flat(0.2)
    fragile = Pooled(per_image=figure.per_image, without=figure.without.clone(), link=snr_from_cosine)
    fragile.without[:, 2] = -0.01
    assert "when one member is left out" in compare(fragile, flat(0.3)).note


def test_few_members_are_marked_and_one_image_answers_for_members(generator):
    result = compare(*study(generator, 2, 1, members=4, images=1, over_images=0, over_methods=0).values())
    if result.interval is None:
        pytest.fail(result.note)
    assert result.interval.question == "members"
    assert result.note == result.interval.note == "indicative: fewer than 8 members"


def cell(difference: float, p: float | None) -> Comparison:
    return Comparison(a="A", b="B", difference=difference, interval=None, p=p, p_holm=p)


def test_everywhere_is_as_strong_as_the_weakest_cell():
    result = everywhere({"x": cell(1, 0.001), "y": cell(1, 0.04)})
    assert (result.p, result.weakest) == (0.04, "y")
    assert result.words == "A is less noisy than B in all 2 cells"
    against = everywhere({"x": cell(1, 0.001), "y": cell(-1, 0.001)})
    assert (against.p, against.weakest) == (1.0, "y")
    assert against.words == "not shown that A is less noisy than B everywhere: y, p = 1"
    assert everywhere({"x": cell(math.nan, None), "y": cell(1, 0.001)}).p == 1


def test_everywhere_needs_one_pair():
    with pytest.raises(UsageError, match="0 cells"):
        everywhere({})
    other = Comparison(a="A", b="C", difference=1.0, interval=None, p=0.1, p_holm=0.1)
    with pytest.raises(UsageError, match=r"\('A', 'C'\)"):
        everywhere({"x": cell(1, 0.1), "y": other})


def test_everywhere_keeps_its_level_where_one_cell_is_a_tie(generator):
    wrong = 0
    for _ in range(100):
        strong = compare(*study(generator, 8, 1, images=16, over_images=0.3, over_methods=0.3).values())
        equal = compare(*study(generator, 1, 1, images=16, over_images=0.3, over_methods=0.3).values())
        wrong += everywhere({"x": strong, "y": equal}).p < 0.05
    assert wrong <= 6
