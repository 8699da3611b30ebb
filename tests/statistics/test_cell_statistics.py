import json
import math
import time

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.records.cell import CellFigures
from saliencynoise.records.writing import json_of, record_of
from saliencynoise.statistics import CellStatistics, image_statistics, summarise

KEYS = ["snr_pixel", "snr_rms", "snr_power", "cosine", "snr", "snr_averaged", "snr_network", "snr_amplitude"]


def study(maps: np.ndarray | torch.Tensor, view: str = "signed", seed: int = 0) -> CellStatistics:
    """Figures of maps `[B, E, P]`."""
    return summarise([image_statistics(torch.as_tensor(image)) for image in maps], view=view, seed=seed)


@pytest.fixture
def maps(rng):
    """12 images, 8 members, 64 pixels, r = 0.64, with unequal gains."""
    return (0.8 * rng.standard_normal((12, 1, 64)) + rng.standard_normal((12, 8, 64))) * rng.uniform(0.5, 2, (12, 8, 1))


def by_hand(maps: np.ndarray) -> dict[str, float]:
    """All figures of maps `[B, E, P]` by loops over images and pairs of members."""
    members = maps.shape[1]
    pixel, power, cosines = [], [], []
    for image in maps:
        m, s = image.mean(0), image.std(0, ddof=1)
        pixel.append((abs(m) / s).mean())
        power.append((m**2).sum() / (s**2).sum())
        unit = [a / np.linalg.norm(a) for a in image]
        cosines.append(np.mean([unit[e] @ unit[f] for e in range(members) for f in range(e)]))
    c = np.mean(cosines)
    return {
        "snr_pixel": np.mean(pixel),
        "snr_rms": np.mean(np.sqrt(power)),
        "snr_power": np.mean(power),
        "cosine": c,
        "snr": c / (1 - c),
        "snr_network": c / (1 - c),
        "snr_amplitude": np.sqrt(c / (1 - c)),
    }


@pytest.mark.parametrize("members", [2, 3, 8])
def test_every_figure_against_loops(members, maps):
    figures = study(maps[:, :members])
    assert list(figures.estimates) == KEYS
    for key, expected in by_hand(maps[:, :members]).items():
        assert figures.estimates[key].value == pytest.approx(expected, rel=1e-9), key
        assert figures.estimates[key].definition


def test_a_subset_is_a_study_of_its_own(maps):
    images = [image_statistics(torch.tensor(image)) for image in maps]
    part = summarise(images[3:7], view="signed", seed=0)
    assert part.images == 4
    for key, expected in by_hand(maps[3:7]).items():
        assert part.estimates[key].value == pytest.approx(expected, rel=1e-9)


def test_intervals_hold_their_figures_and_say_what_they_are_about(maps):
    figures = study(maps)
    for estimate in figures.estimates.values():
        assert estimate.interval is not None
        assert estimate.interval.low < estimate.value < estimate.interval.high
        assert estimate.interval.question == "both"
    assert not figures.indicative
    r, c = figures.estimates["snr"].interval, figures.estimates["cosine"].interval
    assert r is not None
    assert c is not None
    assert c.low / (1 - c.low) == pytest.approx(r.low, rel=1e-9)


def test_published_intervals_against_the_jackknife_of_the_whole_figure(maps):
    one = maps[:1]  # one image: new members only, so that the interval is the jackknife's alone
    figures = study(one)
    left_out = [by_hand(np.delete(one, e, 1)) for e in range(8)]
    for key in ("snr_pixel", "snr_rms", "snr_power", "snr"):
        values = np.array([figure[key] for figure in left_out])
        half = 2.364624251592784 * math.sqrt(7 / 8 * ((values - values.mean()) ** 2).sum())  # t_7
        estimate = figures.estimates[key]
        assert estimate.interval is not None
        assert estimate.interval.question == "members"
        assert estimate.interval.high - estimate.value == pytest.approx(half, rel=1e-6), key


def test_two_members(maps):
    figures = study(maps[:, :2])
    assert all(estimate.interval is None for estimate in figures.estimates.values())
    assert figures.estimates["snr_pixel"].floor == math.inf
    assert math.isnan(figures.estimates["snr_power"].floor)
    assert figures.signal_p is None
    assert "2 members" in figures.signal_note
    assert str(figures.members_needed).isdigit()
    assert figures.indicative


def test_three_members(maps):
    figures = study(maps[:, :3])
    for estimate in figures.estimates.values():
        assert estimate.interval is not None
        assert "indicative" in estimate.interval.note


def test_identical_members(maps):
    figures = study(np.repeat(maps[:, :1], 8, 1))
    for key in ("snr_pixel", "snr_rms", "snr_power", "snr", "snr_amplitude"):
        estimate = figures.estimates[key]
        assert estimate.value == math.inf
        assert estimate.interval is not None
        assert estimate.interval.low == math.inf
    assert figures.estimates["cosine"].value == pytest.approx(1)
    assert str(figures.members_needed) == "1 [1, 1]"
    assert (figures.per_image["snr_raw"] == math.inf).all()
    assert json_of(record_of(figures, CellFigures))["estimates"]["snr"]["value"] == "inf"


def test_all_zero_images_are_left_out_and_counted(maps):
    padded = study(np.concatenate([maps, np.zeros((3, 8, 64))]))
    plain = study(maps)
    assert (padded.images, padded.used_images) == (15, 12)
    for key in KEYS:
        assert padded.estimates[key].value == pytest.approx(plain.estimates[key].value, rel=1e-12)
        assert padded.estimates[key].floor == pytest.approx(plain.estimates[key].floor, rel=1e-12)
    assert padded.signal_p == plain.signal_p
    for values in padded.per_image.values():
        assert values[12:].isnan().all()
        assert values[:12].isfinite().all()


def test_nothing_but_zero_images():
    figures = study(np.zeros((2, 8, 5)))
    assert figures.used_images == 0
    for estimate in figures.estimates.values():
        assert math.isnan(estimate.value)
        assert estimate.interval is None
    assert str(figures.members_needed) == "undetermined"
    assert json_of(record_of(figures, CellFigures))["estimates"]["snr"]["value"] is None


def test_maps_constant_over_pixels(rng):
    gains = rng.standard_normal((3, 8, 1)) + 1
    figures = study(np.repeat(gains, 6, -1))
    for key, expected in by_hand(np.repeat(gains, 6, -1)).items():
        assert figures.estimates[key].value == pytest.approx(expected, rel=1e-9)


def test_one_image_and_one_pixel(rng):
    figures = study(rng.standard_normal((1, 8, 1)) + 1)
    for estimate in figures.estimates.values():
        assert estimate.interval is not None
        assert estimate.interval.words == "for these images, if other networks were trained"


@pytest.mark.parametrize("view", ["relu", "abs"])
def test_views_without_sign_have_no_signal_test(view, maps):
    figures = study(np.abs(maps), view)
    assert figures.signal_p is None
    assert figures.signal_note == f"no test: the noise of the view '{view}' is not symmetric about zero"
    assert figures.estimates["snr"].floor > 0.4


def test_signal_test_of_signed_maps(maps, rng):
    assert study(maps).signal_p == pytest.approx(1 / 128)
    p = study(rng.standard_normal((12, 8, 64))).signal_p
    assert p is not None
    assert p > 1 / 128


@pytest.mark.parametrize("members", [2, 3, 8])
@pytest.mark.parametrize("kind", ["noise", "zeros", "constant", "one live member", "two equal members"])
def test_nothing_is_nan_silently_and_json_holds_it_all(kind, members, rng):
    values = rng.standard_normal((3, members, 10))
    if kind == "zeros":
        values[:] = 0
    elif kind == "constant":
        values[:] = 1
    elif kind == "one live member":
        values[:, 1:] = 0
    elif kind == "two equal members":
        values[:, 1] = values[:, 0]
    figures = study(values)
    for key, estimate in figures.estimates.items():
        assert math.isnan(estimate.value) == (kind == "zeros"), key
        if members > 2 and kind != "zeros":
            assert estimate.interval is not None
            assert estimate.interval.low <= estimate.value <= estimate.interval.high, key
    text = json.dumps(json_of(record_of(figures, CellFigures)), allow_nan=False)
    assert json.loads(text)["members"] == members
    assert json.loads(text)["members_needed"]["text"] == str(figures.members_needed)


def test_the_seed_alone_decides(maps):
    assert json_of(record_of(study(maps, seed=1), CellFigures)) == json_of(record_of(study(maps, seed=1), CellFigures))
    assert json_of(record_of(study(maps, seed=1), CellFigures)) != json_of(record_of(study(maps, seed=2), CellFigures))


def test_maps_that_cannot_be_used_are_refused():
    with pytest.raises(UsageError, match="at least 2 members"):
        image_statistics(torch.zeros(1, 5))
    with pytest.raises(UsageError, match=r"maps of shape \[8, 1, 4, 4\]"):
        image_statistics(torch.zeros(8, 1, 4, 4))
    broken = torch.zeros(4, 5)
    broken[2, 1], broken[3, 0] = torch.nan, torch.inf
    with pytest.raises(UsageError, match=r"members \[2, 3\] hold NaN or infinity"):
        image_statistics(broken)


def test_studies_that_cannot_be_summarised_are_refused(maps):
    images = [image_statistics(torch.tensor(maps[0])), image_statistics(torch.tensor(maps[0, :5]))]
    with pytest.raises(UsageError, match=r"2 images, members \[5, 8\]"):
        summarise(images, view="signed", seed=0)
    with pytest.raises(UsageError, match="0 images"):
        summarise([], view="signed", seed=0)
    with pytest.raises(UsageError, match="unknown view 'square'"):
        summarise(images[:1], view="square", seed=0)


def test_summarise_is_fast(generator):
    images = [image_statistics(maps) for maps in torch.randn(32, 8, 256, generator=generator)]
    times = []
    for _ in range(3):
        start = time.perf_counter()
        summarise(images, view="signed", seed=0)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.3


def test_the_number_of_networks_is_open_above_where_only_the_headline_includes_no_signal():
    rng = np.random.default_rng(18)
    strength = rng.uniform(0.3, 0.8)
    maps = rng.standard_normal((6, 6, 16)) + strength * rng.standard_normal((6, 1, 16))
    maps *= rng.uniform(0.5, 2, (1, 6, 1))
    figures = summarise([image_statistics(torch.tensor(image)) for image in maps], view="signed", seed=0, scale="raw")
    assert figures.estimates["snr"].interval.low < 0 < figures.estimates["snr_averaged"].interval.low
    assert figures.members_needed.high is None
    assert str(figures.members_needed) == "> 23"
