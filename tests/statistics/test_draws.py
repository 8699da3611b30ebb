"""Method noise apart from network noise: by loops, and by simulation where the truth is known."""

import math

import numpy as np
import pytest
import torch

from saliencynoise.records.cell import CellFigures
from saliencynoise.records.writing import json_of, record_of
from saliencynoise.statistics import image_statistics, summarise
from saliencynoise.statistics.draws import between_draws, crossed_gram, energy_shares, network_snr

SIGNAL, NETWORK, DRAW, RESIDUAL = 0.3, 0.7, 0.5, 0.5


def simulated(generator: torch.Generator, *, members: int = 8, draws: int = 2, images: int = 32) -> torch.Tensor:
    """Maps `[B, E, D, P]` of 256 pixels with the energies above."""

    def part(energy: float, *shape: int) -> torch.Tensor:
        return math.sqrt(energy) * torch.randn(images, *shape, 256, generator=generator, dtype=torch.float64)

    noise = part(DRAW, members, draws)
    noise[:, :, 1:2] = noise[:, :1, 1:2]  # the second is shared
    return part(SIGNAL, 1, 1) + part(NETWORK, members, 1) + noise + part(RESIDUAL, members, draws)


def by_loops(maps: np.ndarray) -> dict[str, float]:
    """The mean inner products of unit-norm maps `[B, E, D, P]`, as they are defined; "own" of own draws."""
    result: dict[str, list[float]] = {"00": [], "01": [], "10": [], "11": [], "own": []}
    for image in maps:
        unit = image / np.linalg.norm(image, axis=-1, keepdims=True)
        for e in range(unit.shape[0]):
            for d in range(unit.shape[1]):
                for f in range(unit.shape[0]):
                    for g in range(unit.shape[1]):
                        if e == f:
                            result[f"1{int(d == g)}"].append(unit[e, d] @ unit[f, g])
                            continue
                        if d != g:
                            result["00"].append(unit[e, d] @ unit[f, g])
                        if d != 1 and g != 1:
                            result["own"].append(unit[e, d] @ unit[f, g])
                        if d == g == 1:
                            result["01"].append(unit[e, d] @ unit[f, g])
    return {key: float(np.mean(values)) for key, values in result.items()}


@pytest.mark.parametrize("draws", [2, 3])
def test_all_parts_against_loops(generator, draws):
    maps = simulated(generator, members=4, draws=draws, images=5)
    c = by_loops(maps.numpy())
    crossed = torch.stack([crossed_gram(image) for image in maps])
    pooled = network_snr(crossed)
    assert pooled is not None
    assert pooled.value == pytest.approx(c["00"] / (c["10"] - c["00"]), rel=1e-9)
    energy = energy_shares(crossed)
    assert energy["signal"] == pytest.approx(c["own"], rel=1e-9)
    assert energy["network"] == pytest.approx(c["10"] - c["00"], rel=1e-9)
    assert energy["draw"] == pytest.approx(c["01"] - c["00"], rel=1e-9)
    assert sum(energy.values()) == pytest.approx(1, rel=1e-12)
    figures = summarise([image_statistics(image) for image in maps], view="signed", seed=0)
    assert figures.draws == draws
    assert figures.energy == dict(energy)
    assert figures.estimates["snr"].value == pytest.approx(c["own"] / (1 - c["own"]), rel=1e-9)
    assert figures.estimates["snr_network"].value == pytest.approx(pooled.value, rel=1e-12)


def test_each_member_left_out_is_the_figure_of_the_others(generator):
    maps = simulated(generator, members=5, images=4)
    pooled = network_snr(torch.stack([crossed_gram(image) for image in maps]))
    assert pooled is not None
    for member in range(5):
        c = by_loops(np.delete(maps.numpy(), member, 1))
        result = pooled.link(pooled.without[:, member].mean())
        assert float(result) == pytest.approx(c["00"] / (c["10"] - c["00"]), rel=1e-9)


def test_the_truth_is_found_where_shared_draws_would_pass_for_signal(generator):
    total, network, naive, covered = [], [], [], 0
    for _ in range(40):
        maps = simulated(generator)
        figures = summarise([image_statistics(image) for image in maps], view="signed", seed=0)
        total.append(figures.estimates["snr"].value)
        network.append(figures.estimates["snr_network"].value)
        interval = figures.estimates["snr_network"].interval
        assert interval is not None
        covered += interval.low <= SIGNAL / NETWORK <= interval.high
        one_draw = summarise([image_statistics(image[:, 1]) for image in maps], view="signed", seed=0)
        naive.append(one_draw.estimates["snr"].value)
    assert np.mean(total) == pytest.approx(SIGNAL / (NETWORK + DRAW + RESIDUAL), rel=0.02)
    assert np.mean(network) == pytest.approx(SIGNAL / NETWORK, rel=0.02)
    assert np.mean(naive) == pytest.approx((SIGNAL + DRAW) / (NETWORK + RESIDUAL), rel=0.02)
    assert covered >= 36


def test_a_method_that_is_nothing_but_its_own_noise(generator):
    maps = torch.randn(16, 6, 2, 64, generator=generator, dtype=torch.float64)
    figures = summarise([image_statistics(image) for image in maps], view="signed", seed=0)
    snr = figures.estimates["snr"]
    assert snr.interval is not None
    assert snr.interval.low < 0 < snr.interval.high
    opposite = torch.stack([maps[:, :, 0], -maps[:, :, 0]], 2)
    crossed = torch.stack([crossed_gram(image) for image in opposite])
    assert network_snr(crossed) is None
    assert math.isnan(
        summarise([image_statistics(i) for i in opposite], view="signed", seed=0).estimates["snr_network"].value
    )


def test_the_diagonal_is_the_map_with_itself(generator):
    crossed = torch.stack([crossed_gram(image) for image in simulated(generator, members=3, images=2)])
    gram = between_draws(crossed)
    torch.testing.assert_close(gram.diagonal(dim1=-2, dim2=-1), torch.ones(2, 3, dtype=torch.float64))
    assert (gram - gram.mT).abs().max() == 0


def test_one_draw_is_a_study_without_draws(generator):
    maps = simulated(generator, draws=1, images=4)
    with_axis = summarise([image_statistics(image) for image in maps], view="signed", seed=0)
    without = summarise([image_statistics(image[:, 0]) for image in maps], view="signed", seed=0)
    assert json_of(record_of(with_axis, CellFigures)) == json_of(record_of(without, CellFigures))
    assert with_axis.draws == 1
    assert with_axis.energy is None


def test_shares_of_members_that_have_seeds_in_common(generator):
    """Members in pairs of like networks: only pairs that are told to be apart know the signal."""
    crossed = torch.stack([crossed_gram(maps) for maps in simulated(generator, members=4)])
    twice = [0, 0, 1, 1, 2, 2, 3, 3]
    pairs = torch.tensor([[a != b for b in twice] for a in twice])
    doubled = crossed[:, twice][:, :, :, twice]
    expected = energy_shares(crossed)
    result = energy_shares(doubled, apart=pairs)
    assert dict(result) == pytest.approx(dict(expected))
    assert energy_shares(doubled)["signal"] > expected["signal"] + 0.03
