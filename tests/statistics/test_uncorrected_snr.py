import numpy as np
import pytest
import torch

from saliencynoise.statistics import uncorrected_snr
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.uncorrected_snr import (
    snr_pixel,
    snr_pixel_without,
    snr_power,
    snr_power_without,
    snr_rms,
    snr_rms_without,
)


def reference(maps: np.ndarray) -> dict[str, float]:
    """The three definitions, read off the page, by plain numpy."""
    m, s = maps.mean(0), maps.std(0, ddof=1)
    kept = ~((m == 0) & (s == 0))
    power = (m**2).sum() / (s**2).sum()
    return {"pixel": (np.abs(m[kept]) / s[kept]).mean(), "rms": np.sqrt(power), "power": power}


@pytest.fixture
def maps(rng):
    """Six members, 50 pixels, some of them zero in all members."""
    maps = rng.standard_normal((6, 50)) + 0.3
    maps[:, ::7] = 0
    return maps


def test_against_the_definitions(maps):
    expected, gram = reference(maps), gram_matrix(torch.tensor(maps))
    assert float(snr_pixel(torch.tensor(maps))) == pytest.approx(expected["pixel"], rel=1e-12)
    assert float(snr_rms(gram)) == pytest.approx(expected["rms"], rel=1e-12)
    assert float(snr_power(gram)) == pytest.approx(expected["power"], rel=1e-12)


def test_left_out_against_smaller_ensembles(maps):
    gram = gram_matrix(torch.tensor(maps))
    for e in range(6):
        expected = reference(np.delete(maps, e, 0))
        assert snr_pixel_without(torch.tensor(maps))[e] == pytest.approx(expected["pixel"], rel=1e-12)
        assert snr_rms_without(gram)[e] == pytest.approx(expected["rms"], rel=1e-12)
        assert snr_power_without(gram)[e] == pytest.approx(expected["power"], rel=1e-12)


def test_left_out_recognises_pixels_that_only_one_member_has(maps):
    sparse = np.where(maps > 1.0, maps, 0)  # as after a ReLU: many pixels are non-zero in one member only
    assert ((sparse != 0).sum(0) == 1).any()
    for e in range(6):
        expected = reference(np.delete(sparse, e, 0))["pixel"]
        assert snr_pixel_without(torch.tensor(sparse))[e] == pytest.approx(expected, rel=1e-12)


def test_small_spread_on_a_large_mean_keeps_its_digits(rng):
    maps = 1e6 + rng.standard_normal((8, 20))
    assert float(snr_pixel(torch.tensor(maps))) == pytest.approx(reference(maps)["pixel"], rel=1e-9)


def test_units_do_not_matter(maps):
    for unit in (1e-12, -3.0):
        assert snr_pixel(torch.tensor(maps * unit)) == pytest.approx(reference(maps)["pixel"], rel=1e-12)


def test_identical_members_are_infinite(maps):
    same = torch.tensor(maps[:1]).expand(5, -1) / 3
    assert snr_pixel(same) == torch.inf
    assert snr_power(gram_matrix(same)) == torch.inf
    assert snr_rms(gram_matrix(same)) == torch.inf
    assert (snr_pixel_without(same) == torch.inf).all()
    assert (snr_power_without(gram_matrix(same)) == torch.inf).all()


def test_zero_maps_are_undefined():
    zeros = torch.zeros(5, 9)
    assert snr_pixel(zeros).isnan()
    assert snr_power(gram_matrix(zeros)).isnan()


def test_one_left_of_two_is_undefined(maps):
    two = torch.tensor(maps[:2])
    assert snr_pixel(two).isfinite()
    assert snr_pixel_without(two).isnan().all()
    assert snr_power_without(gram_matrix(two)).isnan().all()


def test_leaving_out_takes_work_proportional_to_members(monkeypatch):
    merges = []

    def counted(a: tuple, b: tuple) -> tuple:
        merges.append(1)
        return merge(a, b)

    merge = uncorrected_snr._merge
    monkeypatch.setattr(uncorrected_snr, "_merge", counted)
    snr_pixel_without(torch.ones(64, 9))
    assert 64 <= len(merges) <= 3 * 64  # each of O(P); one ensemble after another would take 64 * 63
