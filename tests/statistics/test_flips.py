"""Floors and the test of views without sign, by flipped signs."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.records.cell import CellFigures
from saliencynoise.records.writing import json_of, record_of
from saliencynoise.statistics.cell_statistics import ImageStatistics, image_statistics, summarise
from saliencynoise.statistics.flips import Flips, flip_test, floor_of, image_flips
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.statistics.views import apply_view


def noise(kind: str, *, members: int = 8, images: int = 32, seed: int = 0, r: float = 0.0) -> torch.Tensor:
    """[B, E, 1, 16, 16]."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    made = normal(images, members, 1, 16, 16)
    if kind == "scales":
        made = made * torch.logspace(-1, 1, 256).reshape(16, 16).double()
    elif kind == "blurred":
        made = sum(made.roll((i, j), (-2, -1)) for i in range(3) for j in range(3))  # type: ignore[assignment]
    elif kind == "channels":
        features = normal(images, 1, 8, 16, 16).relu()
        made = (features * normal(images, members, 8, 1, 1)).sum(2, keepdim=True)
    elif kind == "heavy":
        made = made / normal(3, images, members, 1, 16, 16).square().mean(0).sqrt()
    elif kind == "sparse":
        made = made * (torch.rand(made.shape, generator=generator) < 0.1)
    return made + math.sqrt(r * float(made.square().mean())) * normal(images, 1, 1, 16, 16)


def floor(maps: torch.Tensor, view: str) -> tuple[float, str]:
    return floor_of([image_flips(image, view=view) for image in maps])


@pytest.mark.parametrize("view", ["relu", "abs"])
@pytest.mark.parametrize("r", [0.0, 1.0])
@pytest.mark.parametrize("kind", ["white", "scales", "blurred", "channels"])
def test_floors_of_gaussian_noise_of_any_covariance_at_any_r(kind, r, view):
    pure = apply_view(noise(kind, members=30, seed=1), view).flatten(2)
    expected = pooled_snr(pure @ pure.mT).value
    result, note = floor(noise(kind, r=r), view)
    assert result == pytest.approx(expected, rel=0.08)  # 5% in expectation; these are 32 images
    assert note == ""


@pytest.mark.parametrize(("kind", "words"), [("heavy", "heavy tails"), ("sparse", "sparse maps")])
def test_where_the_floor_is_too_high_it_says_so(kind, words):
    pure = apply_view(noise(kind, members=30, seed=1), "relu").flatten(2)
    result, note = floor(noise(kind), "relu")
    assert result > 1.1 * pooled_snr(pure @ pure.mT).value
    assert words in note


def test_the_mean_over_signs_is_that_over_all_four_pairs():
    (maps,) = noise("white", members=4, images=1)
    residuals = (maps - maps.mean(0)) * math.sqrt(4 / 3)
    unit = {
        (e, s): torch.nn.functional.normalize((s * residuals[e]).relu().flatten(), dim=0)
        for e in range(4)
        for s in (1, -1)
    }
    pairs = [float(unit[a] @ unit[b]) for a, b in itertools.product(unit, unit) if a[0] != b[0]]
    assert image_flips(maps, view="relu").cosine == pytest.approx(sum(pairs) / len(pairs))


def test_maps_without_noise_have_no_floor_and_rank_one_noise_all_of_it():
    same = torch.ones(8, 1, 4, 4)
    assert math.isnan(image_flips(same, view="relu").cosine)
    scale = torch.linspace(-1, 1, 8).reshape(8, 1, 1, 1) * torch.linspace(0.1, 1, 16).reshape(1, 1, 4, 4)
    assert floor(scale[None], "relu")[0] == pytest.approx(1)
    assert floor(scale[None], "abs")[0] == math.inf


def test_the_test_by_flips_of_whole_maps_has_its_level_and_power():
    def p(r: float, seed: int) -> float:
        maps = noise("white", images=4, seed=seed, r=r)[..., :8, :8]
        result = flip_test([image_flips(image, view="relu") for image in maps], seed=0)
        assert result.note == "exact, 256 flips of whole maps"
        assert result.p is not None
        return result.p

    assert sum(p(0, seed) <= 0.05 for seed in range(80)) <= 9  # 4 are expected
    assert sum(p(0.3, seed) <= 0.05 for seed in range(10)) == 10


def test_too_few_members_have_no_test_and_many_a_drawn_one():
    few = flip_test([image_flips(image, view="relu") for image in noise("white", members=5, images=2)], seed=0)
    assert (few.p, few.note[:19]) == (None, "no test: 5 members;")
    many = [image_flips(image, view="relu") for image in noise("white", members=12, images=2, r=1)]
    assert flip_test(many, seed=0).note == "Monte Carlo, 9999 flips of whole maps"
    assert flip_test(many, seed=0) == flip_test(many, seed=0)


def statistics(maps: torch.Tensor, view: str) -> list[ImageStatistics]:
    return [
        replace(image_statistics(apply_view(image, view).flatten(1)), flips=image_flips(image, view=view))
        for image in maps
    ]


def test_figures_show_the_floor_of_their_own_noise():
    relu = summarise(statistics(noise("blurred", r=1), "relu"), view="relu", seed=0)
    floors = {key: own.floor for key, own in relu.estimates.items()}
    assert floors["snr"] == pytest.approx(0.5, abs=0.06)
    assert floors["cosine"] == pytest.approx(floors["snr"] / (1 + floors["snr"]))
    assert floors["snr_rms"] == pytest.approx(math.sqrt(floors["snr"] + 1 / 8))
    assert relu.signal_p is not None
    assert relu.signal_p <= 2 / 256
    magnitude = summarise(statistics(noise("sparse"), "abs"), view="abs", seed=0)
    assert magnitude.signal_p is None
    assert "sparse" in magnitude.floor_note
    assert "sparse" in json_of(record_of(magnitude, CellFigures))["floor_note"]


def test_members_needed_are_for_the_scale_on_which_maps_are_averaged():
    gains = torch.linspace(0.2, 3, 8).double().reshape(8, 1, 1, 1)
    images = [image_statistics((gains * image).flatten(1)) for image in noise("white", r=1)]
    unit = summarise(images, view="signed", seed=0)
    raw = summarise(images, view="signed", seed=0, scale="raw")
    assert unit.estimates["snr"] == raw.estimates["snr"]
    assert unit.estimates["snr_averaged"].value == unit.estimates["snr"].value
    cv2 = float(gains.var() / gains.mean().square())
    expected = 1 / (1 + cv2 + (1 + cv2))  # energy of the mean map over that of one, 2 (1 + cv^2)
    assert raw.estimates["snr_averaged"].value == pytest.approx(expected / (1 - expected), rel=0.15)
    assert raw.members_needed.value is not None
    assert unit.members_needed.value is not None
    assert raw.members_needed.value > unit.members_needed.value


def test_of_a_stochastic_method_raw_maps_are_weighed_by_their_energy():
    gains = torch.linspace(0.2, 3, 8).double().reshape(8, 1, 1)
    maps = [gains * image.flatten(1)[:, None].expand(8, 2, 256) for image in noise("white", r=1)]
    drawn = summarise([image_statistics(image) for image in maps], view="signed", seed=0, scale="raw")
    once = summarise([image_statistics(image[:, 0]) for image in maps], view="signed", seed=0, scale="raw")
    assert drawn.estimates["snr_averaged"].value == pytest.approx(once.estimates["snr_averaged"].value)


def test_flips_are_records():
    snr, note = floor_of([Flips(cosine=0.25, kurtosis=1.2, zeros=0.2, gram=None)])
    assert snr == pytest.approx(1 / 3)
    assert note.endswith("heavy tails (kurtosis 1.2 times that of Gaussian noise) and sparse maps (20% zeros)")
    with pytest.raises(UsageError, match="unknown view"):
        image_flips(torch.ones(3, 1, 2, 2), view="other")
