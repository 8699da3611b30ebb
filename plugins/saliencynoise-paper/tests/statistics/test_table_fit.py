import math

import numpy as np
import pytest
import torch
from scipy import stats

from saliencynoise.interfaces import UsageError
from saliencynoise_paper.statistics.table_fit import MEASURES, ComparableColumn, compare_variants, fit_to_table
from saliencynoise_paper.statistics.variants import VARIANTS, CellVariants, Variant, gather, variants

STRENGTHS = (0.1, 0.3, 0.5, 0.8, 1.5, 2.5)


def cells(generator: torch.Generator, *, members: int = 8, images: int = 6, gain: float = 0.4) -> list[CellVariants]:
    """Methods of one architecture: signal of growing strength, members of unequal gain, images of unequal contrast."""
    scale = torch.exp(gain * torch.randn(members, 1, 1, generator=generator, dtype=torch.float64))
    contrast = torch.exp(0.5 * torch.randn(1, images, 1, generator=generator, dtype=torch.float64))
    result = []
    for strength in STRENGTHS:
        signal = strength * contrast * torch.randn(1, images, 64, generator=generator, dtype=torch.float64)
        noise = torch.randn(members, images, 64, generator=generator, dtype=torch.float64)
        maps = scale * (signal + noise)
        result.append(gather([variants(maps[:, image]) for image in range(images)]))
    return result


def column(
    measured_cells: list[CellVariants], published: list[float], name: str = "a", images: str = "a"
) -> ComparableColumn:
    return ComparableColumn(published=published, cells=measured_cells, networks=name, images=images)


def test_measures_are_those_of_scipy_and_numpy():
    rng = np.random.default_rng(3)
    measured, published = np.exp(rng.standard_normal((5, 12))), np.exp(rng.standard_normal(12))
    published[3] = published[4]  # a tie, as in the published table
    result = fit_to_table(torch.tensor(measured), torch.tensor(published)).numpy()
    octaves = np.log2(measured / published)
    assert result[:, 0] == pytest.approx(np.abs(octaves).mean(1))
    assert result[:, 1] == pytest.approx(octaves.std(1, ddof=1))
    assert result[:, 2] == pytest.approx([stats.spearmanr(row, published).statistic for row in measured])


@pytest.fixture(scope="module")
def two_studies():
    """Ours, and a larger one of other networks and images of the same kind; two architectures each."""
    generator = torch.Generator().manual_seed(1)
    ours = [cells(generator, images=8) for _ in range(2)]
    return ours, [cells(generator, members=30, images=24) for _ in range(2)]


@pytest.mark.parametrize(
    "truth",
    [Variant("signed", "pixel", "raw"), Variant("signed", "power", "unit"), Variant("relu", "rms", "raw")],
    ids=lambda variant: variant.words,
)
def test_the_definition_that_made_the_table_is_found(truth, two_studies):
    """The table is that of other networks and images of the same kind, by one definition."""
    index = VARIANTS.index(truth)
    columns = [
        column(measured_cells, [cell.value(index) for cell in theirs], name)
        for measured_cells, theirs, name in zip(*two_studies, "ab", strict=True)
    ]
    level = [fit.variant for fit in compare_variants(columns, seed=0).not_worse_than_best("log_error")]
    assert truth in level
    assert len(level) < 9
    assert not {variant for variant in level if (variant.definition == "power") != (truth.definition == "power")}


def test_exactly_reproduced_cells_leave_no_error_and_the_others_are_told_apart():
    truth = VARIANTS.index(Variant("signed", "power", "raw"))
    measured_cells = cells(torch.Generator().manual_seed(2))
    result = compare_variants([column(measured_cells, [cell.value(truth) for cell in measured_cells])], seed=0)
    best = result.best("log_error")
    assert best.variant == VARIANTS[truth]
    assert best.values == pytest.approx({"log_error": 0, "spread": 0, "rank_correlation": 1})
    assert best.factor == pytest.approx(1)
    by_variant = {fit.variant: fit for fit in result.fits}
    assert by_variant[Variant("abs", "rms", "raw")].p_holm["log_error"] < 0.01
    assert result.not_worse_than_best("log_error")[0] == best


def test_a_common_factor_counts_in_the_error_and_not_in_the_spread():
    truth = VARIANTS.index(Variant("signed", "rms", "unit"))
    measured_cells = cells(torch.Generator().manual_seed(2))
    result = compare_variants([column(measured_cells, [cell.value(truth) / 3 for cell in measured_cells])], seed=0)
    assert result.fits[truth].factor == pytest.approx(3)
    assert result.fits[truth].values["log_error"] == pytest.approx(math.log2(3))
    assert result.fits[truth].values["spread"] == pytest.approx(0, abs=1e-9)
    assert result.best("spread").variant == VARIANTS[truth]


def test_variants_that_cannot_be_told_apart_are_not():
    """Of non-negative maps all three views are the same."""
    generator = torch.Generator().manual_seed(4)
    measured_cells = [
        gather([variants(strength + torch.rand(6, 30, generator=generator)) for _ in range(5)])
        for strength in (0.1, 0.4, 1.0)
    ]
    result = compare_variants([column(measured_cells, [1.0, 2.0, 4.0])], seed=0)
    level = {fit.variant for fit in result.not_worse_than_best("log_error")}
    best = result.best("log_error").variant
    assert {Variant(view, best.definition, best.norm) for view in ("signed", "relu", "abs")} <= level


def test_intervals_are_a_jackknife_by_column_and_a_bootstrap_by_data_set():
    """Against a loop: members left out of one column at a time, the images of both data sets resampled."""
    generator = torch.Generator().manual_seed(5)
    left, right = cells(generator, members=5), cells(generator, members=6)
    published = [0.3, 0.5, 0.6, 0.9, 1.4, 2.0]
    index = VARIANTS.index(Variant("signed", "rms", "raw"))
    columns = [column(left, published, "a", "a"), column(right, published, "b", "b")]
    result = compare_variants(columns, seed=0).fits[index]
    interval, value = result.intervals["log_error"], result.values["log_error"]

    def error(means: np.ndarray) -> float:
        return float(np.abs(np.log2(means / np.array(published * 2))).mean())

    whole = [
        np.array([cell.per_image[index].mean().item() for cell in measured_cells]) for measured_cells in (left, right)
    ]
    variances, dfs = [], []
    for side, measured_cells in enumerate((left, right)):
        members = measured_cells[0].members
        values = []
        for member in range(members):
            parts = list(whole)
            parts[side] = np.array([cell.without[index, :, member].mean().item() for cell in measured_cells])
            values.append(error(np.concatenate(parts)))
        variances.append((members - 1) / members * np.square(np.array(values) - np.mean(values)).sum())
        dfs.append(members - 1)
    rng = np.random.default_rng(0)
    for side, measured_cells in enumerate((left, right)):
        values = []
        for _ in range(4000):
            drawn = rng.integers(0, 6, 6)
            parts = list(whole)
            parts[side] = np.array([cell.per_image[index].numpy()[drawn].mean() for cell in measured_cells])
            values.append(error(np.concatenate(parts)))
        variances.append(np.var(values, ddof=1) * 6 / 5)
        dfs.append(5)
    df = sum(variances) ** 2 / sum(v**2 / d for v, d in zip(variances, dfs, strict=True))
    half = stats.t.ppf(0.975, df) * math.sqrt(sum(variances))
    assert interval.high - value == pytest.approx(half, rel=0.05)
    assert interval.low == pytest.approx(max(0, value - half), rel=0.1)
    assert interval.question == "both"


def test_columns_with_the_same_networks_and_images_vary_together():
    """A column given twice is no more evidence than once; as if of other networks, it would be."""
    measured_cells = cells(torch.Generator().manual_seed(6))
    published = [0.3, 0.5, 0.6, 0.9, 1.4, 2.0]

    def width(*columns: ComparableColumn) -> float:
        interval = compare_variants(columns, seed=0).fits[0].intervals["log_error"]
        return interval.high - interval.low

    once = width(column(measured_cells, published))
    assert width(column(measured_cells, published), column(measured_cells, published)) == pytest.approx(once)
    assert width(column(measured_cells, published), column(measured_cells, published, "b", "b")) < 0.8 * once


def test_two_members_give_values_without_intervals_or_tests():
    measured_cells = cells(torch.Generator().manual_seed(7), members=2)
    result = compare_variants([column(measured_cells, [0.3, 0.5, 0.6, 0.9, 1.4, 2.0])], seed=0)
    assert result.best("log_error") is not None
    assert result.not_worse_than_best("log_error") == []
    assert all(fit.intervals[measure] is None for fit in result.fits for measure in MEASURES)


def test_what_is_not_above_zero_has_no_logarithm_and_is_not_chosen():
    generator = torch.Generator().manual_seed(8)
    measured_cells = [gather([variants(torch.randn(8, 400, generator=generator)) for _ in range(3)]) for _ in range(4)]
    r = VARIANTS.index(Variant("signed", "r", "unit"))
    assert any(cell.value(r) < 0 for cell in measured_cells)
    result = compare_variants([column(measured_cells, [0.3, 0.5, 0.6, 0.9])], seed=0)
    assert math.isnan(result.fits[r].values["log_error"])
    assert result.fits[r].intervals["log_error"] is None
    assert math.isfinite(result.fits[r].values["rank_correlation"])


def test_one_cell_is_no_agreement():
    measured_cells = cells(torch.Generator().manual_seed(9), images=2)[:1]
    with pytest.raises(UsageError, match="1 cells are both measured and published"):
        compare_variants([column(measured_cells, [0.3])], seed=0)


def test_corrected_figures_are_reported_and_no_candidates():
    measured_cells = cells(torch.Generator().manual_seed(10), members=4)
    truth = VARIANTS.index(Variant("signed", "amplitude", "unit"))
    result = compare_variants([column(measured_cells, [abs(cell.value(truth)) for cell in measured_cells])], seed=0)
    assert not result.best("log_error").variant.corrected
    assert result.fits[truth].values["log_error"] == pytest.approx(0, abs=1e-9)
    assert result.fits[truth].p["log_error"] is None
