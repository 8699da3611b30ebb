import numpy as np
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.gram import (
    diag_mean,
    gram_matrix,
    means_without,
    noise_mean,
    off_mean,
    scale_gram,
)


@pytest.fixture
def maps(rng):
    """Five members, three images, 12 pixels, with a mean and unequal gains."""
    return (rng.standard_normal((5, 3, 12)) + 0.5) * rng.uniform(0.1, 10, (5, 3, 1))


def test_inner_products_against_a_loop(maps):
    gram = gram_matrix(torch.tensor(maps))
    assert gram.shape == (3, 5, 5)
    for image in range(3):
        for e in range(5):
            for f in range(5):
                assert gram[image, e, f] == pytest.approx(maps[e, image] @ maps[f, image], rel=1e-12)


def test_float32_maps_are_summed_in_float64():
    maps = torch.full((2, 10**6), 0.1, dtype=torch.float32)
    exact = 10**6 * float(np.float32(0.1)) ** 2
    assert gram_matrix(maps)[0, 1] == pytest.approx(exact, rel=1e-10)


def test_noise_energy_is_the_sum_of_variances(maps):
    gram = gram_matrix(torch.tensor(maps))
    assert noise_mean(gram).numpy() == pytest.approx(maps.var(0, ddof=1).sum(-1), rel=1e-12)
    energy_of_mean = off_mean(gram) + noise_mean(gram) / 5
    assert energy_of_mean.numpy() == pytest.approx((maps.mean(0) ** 2).sum(-1), rel=1e-12)


def test_identical_members_have_no_noise_and_nearly_identical_ones_have_some(
    generator,
):
    one = torch.randn(1, 3072, generator=generator, dtype=torch.float64)
    assert noise_mean(gram_matrix(one.expand(9, -1))) == 0
    nearly = one + 1e-5 * torch.randn(9, 3072, generator=generator, dtype=torch.float64)
    assert noise_mean(gram_matrix(nearly)) == pytest.approx(3072 * 1e-10, rel=0.1)


def test_leaving_out_against_smaller_ensembles(maps):
    diag, off, noise = means_without(gram_matrix(torch.tensor(maps)))
    for e in range(5):
        rest = gram_matrix(torch.tensor(np.delete(maps, e, 0)))
        assert torch.allclose(diag[:, e], diag_mean(rest), rtol=1e-12)
        assert torch.allclose(off[:, e], off_mean(rest), rtol=1e-12)
        assert torch.allclose(noise[:, e], noise_mean(rest), rtol=1e-12)


def test_leaving_out_a_huge_member_keeps_the_digits_of_the_others(maps):
    maps[0] *= 1e9
    _, off, _ = means_without(gram_matrix(torch.tensor(maps)))
    assert torch.allclose(off[:, 0], off_mean(gram_matrix(torch.tensor(maps[1:]))), rtol=1e-9)


def test_leaving_out_one_of_two_is_undefined(maps):
    diag, off, noise = means_without(gram_matrix(torch.tensor(maps[:2])))
    assert diag.isfinite().all()
    assert off.isnan().all()
    assert noise.isnan().all()


def test_unit_scale_against_normalised_maps(maps):
    unit = maps / np.linalg.norm(maps, axis=-1, keepdims=True)
    expected = gram_matrix(torch.tensor(unit))
    assert torch.allclose(scale_gram(gram_matrix(torch.tensor(maps)), "unit"), expected, rtol=1e-12)


def test_member_scale_against_rescaled_maps(maps):
    energy = (maps**2).sum(-1)
    factor = np.sqrt((energy / energy.mean(0)).mean(1))
    expected = gram_matrix(torch.tensor(maps / factor[:, None, None]))
    assert torch.allclose(scale_gram(gram_matrix(torch.tensor(maps)), "member"), expected, rtol=1e-12)


def test_member_scale_undoes_a_gain_per_member_and_raw_keeps_it(maps):
    gain = np.array([1, 2, 3, 4, 5.0])[:, None, None]
    equal = maps / np.linalg.norm(maps, axis=-1, keepdims=True)
    plain, gained = gram_matrix(torch.tensor(equal)), gram_matrix(torch.tensor(equal * gain))
    assert torch.allclose(scale_gram(gained, "raw"), gained)
    ratio = scale_gram(gained, "member") / scale_gram(plain, "member")
    assert torch.allclose(ratio, torch.full_like(ratio, float(ratio[0, 0, 0])))


@pytest.mark.parametrize("scale", ["raw", "member", "unit"])
def test_zero_maps_stay_zero(maps, scale):
    maps[2, 1] = 0
    maps[:, 2] = 0
    maps[4] = 0
    scaled = scale_gram(gram_matrix(torch.tensor(maps)), scale)  # type: ignore[arg-type]
    assert scaled.isfinite().all()
    assert (scaled[1, 2] == 0).all()
    assert (scaled[2] == 0).all()
    assert (scaled[:, 4] == 0).all()
    assert (scaled[0, :4, :4] != 0).all()


def test_unknown_scale_names_the_choices():
    with pytest.raises(UsageError, match="unknown scale 'norm': choose one of raw, member, unit"):
        scale_gram(torch.eye(2)[None], "norm")  # type: ignore[arg-type]
