"""Variance components over seeds: against loops, and by simulation of additive and interacting effects."""

import itertools
import math
from collections.abc import Mapping

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.components import SeedComponents, seed_components
from saliencynoise.statistics.draws import networks_gram

STREAMS = ("init", "order", "augment")
EFFECTS = {"init": 0.3, "order": 0.15, "init order": 0.15, "augment init order": 0.3, "again": 0.1}
"""Energies of the simulated noise; "again" differs between any two trainings."""
FIRST = {"init": 0.3, "order": 0.15, "augment": 0.0}
TOTAL = {"init": 0.85, "order": 0.7, "augment": 0.4}


def design(blocks: int, streams: int = 3, replicates: int = 1) -> tuple[list[tuple[int, ...]], list[int], list[int]]:
    """The full factorial within blocks: seeds, blocks and replicate labels; the labels 0 and 1 come in every block."""
    rows = [
        (seeds, block, again)
        for block in range(blocks)
        for seeds in itertools.product((0, 1), repeat=streams)
        for again in range(replicates)
    ]
    seeds, block, again = zip(*rows, strict=True)
    return list(seeds), list(block), list(again)


def simulated(
    generator: torch.Generator,
    seeds: list[tuple[int, ...]],
    blocks: list[int],
    *,
    effects: Mapping[str, float],
    names: tuple[str, ...] = STREAMS,
    signal: float = 1.0,
    images: int = 8,
    pixels: int = 256,
) -> torch.Tensor:
    """Gram matrices `[B, N, N]` of maps with a random pattern for each combination of seeds named in an effect."""

    def pattern() -> torch.Tensor:
        return torch.randn(images, pixels, generator=generator, dtype=torch.float64)

    common = math.sqrt(signal) * pattern()
    known: dict[object, torch.Tensor] = {}
    maps = []
    for row, block in zip(seeds, blocks, strict=True):
        total = common.clone()
        for effect, energy in effects.items():
            picked = tuple(row[names.index(name)] for name in effect.split() if name in names)
            key = (effect, block, picked) if effect != "again" else object()
            total += math.sqrt(energy) * known.setdefault(key, pattern())
        maps.append(total)
    stacked = torch.stack(maps, 1)
    return stacked @ stacked.mT


def found_in(generator: torch.Generator, *, blocks: int = 4, replicates: int = 1, **options) -> SeedComponents:
    seeds, block, again = design(blocks, replicates=replicates)
    gram = simulated(generator, seeds, block, **options)
    return seed_components(gram, seeds=seeds, streams=STREAMS, blocks=block, replicates=again)


def test_all_shares_against_loops_over_pairs(generator):
    seeds, blocks, _ = design(3)
    gram = simulated(generator, seeds, blocks, effects=EFFECTS, images=3, pixels=40)
    norm = gram.diagonal(dim1=1, dim2=2).sqrt()
    unit = (gram / norm[:, :, None] / norm[:, None, :]).mean(0)
    pairs: dict[frozenset[str], list[float]] = {}
    for e, f in itertools.permutations(range(24), 2):
        same = frozenset(
            s for s, a, b in zip(STREAMS, seeds[e], seeds[f], strict=True) if a == b and blocks[e] == blocks[f]
        )
        pairs.setdefault(same, []).append(float(unit[e, f]))
    noise = 1 - np.mean(pairs[frozenset()])
    result = seed_components(gram, seeds=seeds, streams=STREAMS, blocks=blocks)
    assert result.noise == pytest.approx(noise)
    for part in result.streams:
        first = np.mean(pairs[frozenset([part.stream])]) - np.mean(pairs[frozenset()])
        total = 1 - np.mean(pairs[frozenset(STREAMS) - {part.stream}])
        assert part.first.value == pytest.approx(first / noise)
        assert part.total.value == pytest.approx(total / noise)
    assert result.replicate is None
    assert (result.members, result.blocks) == (24, 3)


def test_interval_is_the_jackknife_of_studies_with_a_block_less(generator):
    seeds, blocks, _ = design(4)
    gram = simulated(generator, seeds, blocks, effects=EFFECTS)
    result = seed_components(gram, seeds=seeds, streams=STREAMS, blocks=blocks).streams[0].total
    fewer = []
    for left_out in range(4):
        keep = [e for e in range(32) if blocks[e] != left_out]
        study = seed_components(
            gram[:, keep][:, :, keep],
            seeds=[seeds[e] for e in keep],
            streams=STREAMS,
            blocks=[blocks[e] for e in keep],
        )
        fewer.append(study.streams[0].total.value)
    spread = math.sqrt(3 / 4 * np.sum((np.array(fewer) - np.mean(fewer)) ** 2))
    assert result.interval is not None
    assert result.interval.high - result.interval.low == pytest.approx(2 * 3.1824463 * spread, rel=1e-6)
    assert (result.interval.df, result.interval.note) == (3, "t over 4 blocks of seeds")


def test_known_components_are_found_and_covered(generator):
    studies = [found_in(generator, effects=EFFECTS) for _ in range(60)]
    assert np.mean([study.noise for study in studies]) == pytest.approx(0.5, rel=0.02)
    for j, stream in enumerate(STREAMS):
        for shares, truth in (
            ([study.streams[j].first for study in studies], FIRST[stream]),
            ([study.streams[j].total for study in studies], TOTAL[stream]),
        ):
            assert np.mean([share.value for share in shares]) == pytest.approx(truth, abs=0.012)
            covered = [s.interval is not None and s.interval.low <= truth <= s.interval.high for s in shares]
            assert np.mean(covered) >= 0.88  # 0.95 nominal, +- 0.03 by simulation


def test_coverage_over_all_components(generator):
    covered = []
    for _ in range(60):
        for part in found_in(generator, effects=EFFECTS, images=2).streams:
            for share, truth in ((part.first, FIRST[part.stream]), (part.total, TOTAL[part.stream])):
                assert share.interval is not None
                covered.append(share.interval.low <= truth <= share.interval.high)
    assert np.mean(covered) >= 0.92


def test_chaotic_training(generator):
    result = found_in(generator, effects={"augment init order": 1.0})
    for part in result.streams:
        assert part.first.value == pytest.approx(0, abs=0.05)
        assert part.total.value == pytest.approx(1, abs=0.05)
    assert result.words.startswith("training is chaotic: no stream alone explains the noise (first-order parts sum to ")
    least = min(part.total.value for part in result.streams)
    assert result.words.endswith(f"and another seed of any one brings in {least:.0%} of it or more")


def test_additive_training(generator):
    result = found_in(generator, effects={"init": 0.7, "order": 0.3}, images=32)
    values = [(part.first.value, part.total.value) for part in result.streams]
    assert values == [pytest.approx((v, v), abs=0.05) for v in (0.7, 0.3, 0.0)]
    assert result.words.startswith("streams act one by one (first-order parts sum to ")
    assert "most of all 'init' (" in result.words


def test_words_of_what_lies_between(generator):
    found = found_in(generator, effects={"init": 0.3, "augment init order": 0.7}, images=32)
    parts = [part.total.value for part in found.streams]
    assert found.words.startswith("combinations of seeds matter: alone, streams explain ")
    assert f"most of all 'init' ({found.streams[0].first.value:.0%})" in found.words
    assert found.words.endswith(f"brings in {min(parts):.0%} to {max(parts):.0%} of it")


def test_too_few_blocks_have_no_words(generator):
    result = found_in(generator, effects=EFFECTS, blocks=2, images=1, pixels=16)
    assert result.words == "undetermined: 2 blocks leave some parts uncertain by 25% and more"


def test_maps_that_agree_are_refused():
    seeds, blocks, _ = design(2)
    with pytest.raises(UsageError, match="members that share no seed have equal maps"):
        seed_components(torch.ones(2, 16, 16), seeds=seeds, streams=STREAMS, blocks=blocks)


def test_parts_without_a_methods_own_noise(generator):
    """Maps with noise of each draw: its share is in none of the parts, and members trained again do not differ."""
    seeds, blocks, again = design(3, replicates=2)
    plain, noisy = [], []
    for _ in range(20):
        gram = simulated(generator, seeds, blocks, effects={"init": 0.4, "init order": 0.6})
        root = torch.linalg.cholesky(gram + 1e-9 * torch.eye(48, dtype=gram.dtype))
        draws = root[:, :, None]  # the same in both
        own = torch.randn(8, 48, 2, 400, generator=generator, dtype=torch.float64)
        maps = torch.cat([draws.expand(-1, -1, 2, -1), own * (gram.diagonal(dim1=1, dim2=2).mean() / 400).sqrt()], -1)
        crossed = torch.einsum("bedp,bfgp->bedfg", maps, maps)
        options = {"seeds": seeds, "streams": STREAMS, "blocks": blocks, "replicates": again}
        plain.append(seed_components(gram, **options))
        noisy.append(seed_components(networks_gram(crossed), scaled=True, **options))
    for j in range(3):
        for part in ("first", "total"):
            expected, result = (
                np.mean([getattr(own.streams[j], part).value for own in many]) for many in (plain, noisy)
            )
            assert result == pytest.approx(expected, abs=0.02)
    replicate = [own.replicate.value for own in noisy if own.replicate is not None]
    assert np.mean(replicate) == pytest.approx(0, abs=0.01)


def test_replicates_show_what_the_hardware_does(generator):
    result = [found_in(generator, effects=EFFECTS, replicates=2, blocks=3).replicate for _ in range(10)]
    assert np.mean([share.value for share in result if share is not None]) == pytest.approx(0.1, abs=0.01)
    nothing = found_in(generator, effects={"init": 0.5, "order": 0.5}, replicates=2).replicate
    assert nothing is not None
    assert nothing.value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("streams", [2, 4])
def test_other_numbers_of_streams(streams, generator):
    names = ("init", "order", "augment", "dropout")[:streams]
    seeds, blocks, _ = design(3, streams=streams)
    effects = {"init": 0.5, "order": 0.2, "init order": 0.3}
    gram = simulated(generator, seeds, blocks, effects=effects, names=names, images=32)
    result = seed_components(gram, seeds=seeds, streams=names, blocks=blocks)
    values = [(part.first.value, part.total.value) for part in result.streams]
    assert values == [pytest.approx(truth, abs=0.06) for truth in [(0.5, 0.8), (0.2, 0.5), (0, 0), (0, 0)][:streams]]


def test_labels_may_be_words_and_blocks_in_any_order(generator):
    seeds, blocks, _ = design(2)
    gram = simulated(generator, seeds, blocks, effects=EFFECTS)
    plain = seed_components(gram, seeds=seeds, streams=STREAMS, blocks=blocks)
    order = torch.randperm(16, generator=generator).tolist()
    words = seed_components(
        gram[:, order][:, :, order],
        seeds=[[f"s{label}" for label in seeds[e]] for e in order],
        streams=STREAMS,
        blocks=[f"block {blocks[e]}" for e in order],
    )
    for a, b in zip(plain.streams, words.streams, strict=True):
        assert a.total.value == pytest.approx(b.total.value, rel=1e-9)
        assert a.first.interval is not None
        assert b.first.interval is not None
        assert a.first.interval.low == pytest.approx(b.first.interval.low, rel=1e-6)


def test_gains_of_members_change_nothing(generator):
    seeds, blocks, _ = design(2)
    gram = simulated(generator, seeds, blocks, effects=EFFECTS)
    gain = torch.rand(16, generator=generator, dtype=torch.float64) + 0.5
    arguments = {"seeds": seeds, "streams": STREAMS, "blocks": blocks}
    scaled = seed_components(gram * gain[:, None] * gain, **arguments)
    assert scaled.noise == pytest.approx(seed_components(gram, **arguments).noise, rel=1e-9)


def test_missing_maps_of_some_members_weigh_as_in_the_headline(generator):
    seeds, blocks, _ = design(2)
    gram = simulated(generator, seeds, blocks, effects=EFFECTS, images=3)
    gram[0, :4], gram[0, :, :4] = 0, 0  # on the first image, four members have no map
    result = seed_components(gram, seeds=seeds, streams=STREAMS, blocks=blocks)
    live, across = torch.tensor([0.75, 1, 1], dtype=torch.float64), []
    for e, f in itertools.permutations(range(16), 2):
        if blocks[e] != blocks[f] or all(a != b for a, b in zip(seeds[e], seeds[f], strict=True)):
            norm = (gram[:, e, e] * gram[:, f, f]).sqrt()
            across.append(float((torch.where(norm > 0, gram[:, e, f] / norm, 0.0) / live).mean()))
    assert result.noise == pytest.approx(1 - np.mean(across))


def test_one_block_has_values_without_intervals(generator):
    result = found_in(generator, effects=EFFECTS, blocks=1)
    assert all(part.first.interval is None and part.total.interval is None for part in result.streams)


def test_bad_designs_are_named(generator):
    seeds, blocks, _ = design(2)
    gram = simulated(generator, seeds, blocks, effects=EFFECTS, images=1)
    with pytest.raises(UsageError, match="1 streams of seeds: give 2 to 4"):
        seed_components(gram, seeds=seeds, streams=("init",), blocks=blocks)
    with pytest.raises(UsageError, match="16 members' maps, 15 rows of seeds"):
        seed_components(gram, seeds=seeds[:15], streams=STREAMS, blocks=blocks)
    with pytest.raises(UsageError, match=r"members \[3\] have not one seed per stream"):
        seed_components(gram, seeds=[*seeds[:3], (0, 1), *seeds[4:]], streams=STREAMS, blocks=blocks)
    with pytest.raises(UsageError, match=r"members \[0, 1\] have block and all seeds in common"):
        seed_components(gram, seeds=[seeds[0], seeds[0], *seeds[2:]], streams=STREAMS, blocks=blocks)
    square = [e for e in range(16) if sum(seeds[e]) % 2 == 0]  # a half: no two members differ in one seed
    with pytest.raises(UsageError, match="no two members share all seeds but that of 'init'"):
        seed_components(
            gram[:, square][:, :, square],
            seeds=[seeds[e] for e in square],
            streams=STREAMS,
            blocks=[blocks[e] for e in square],
        )
    with pytest.raises(UsageError, match="all maps are zero"):
        seed_components(torch.zeros(2, 16, 16), seeds=seeds, streams=STREAMS, blocks=blocks)
