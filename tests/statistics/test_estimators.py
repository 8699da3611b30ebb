"""The simulations of `docs/estimators.md`, shorter, against the same criteria with Monte-Carlo slack."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "docs" / "scripts" / "estimators.py"
SLACK = 3
"""Monte-Carlo errors: about one row in a thousand at a criterion's edge would fail by chance, but seeds are fixed."""

if not SCRIPT.exists():
    pytest.skip("the docs are not in this distribution", allow_module_level=True)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("estimators", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["estimators"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def assert_kept(rows: list, judged: int) -> None:
    """No criterion is missed, and as many rows were judged as there should be."""
    verdicts = [row.check.verdict(SLACK) for row in rows]
    assert sum(verdict != "" for verdict in verdicts) == judged
    missed = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict == "FAIL"]
    assert missed == []


def test_a_missed_criterion_is_seen(script):
    check = script.Check(value=0.88, error=0.01, low=0.93)
    assert check.verdict(SLACK) == "FAIL"
    assert script.Check(value=0.91, error=0.01, low=0.93).verdict() == "pass (within error)"
    assert script.Check(value=0.94, error=0.01, low=0.93).verdict() == "pass"
    assert script.Check(value=0.01, error=0.01).verdict() == ""
    assert script.Check(value=math.nan, error=0.01, low=0.93).verdict() == "FAIL"
    with pytest.raises(AssertionError):
        assert_kept([script.Row(labels=(), check=check)], 1)


@pytest.mark.parametrize("kind", ["gaussian", "correlated", "heavy-tailed"])
def test_cosine_and_intervals(script, kind):
    result = [script.studies(kind, 8, question, repetitions=150, reference=100) for question in ("members", "both")]
    assert_kept(script.cosine_rows(result), 2)
    assert_kept(script.coverage_rows(result, judged=True), 2)


def test_simulated_intervals_can_miss(script):
    """Two modes at E = 4 cover far less than they say."""
    result = script.studies("two modes", 4, "members", repetitions=150, reference=100)
    assert script.share(result.covered)[0] < 0.8


def test_bias_of_r(script):
    assert_kept(script.bias_rows((8,), (4, 16), repetitions=400), 4)


def test_levels_of_the_tests(script):
    flips = script.sign_flip_rows(("gaussian", "heavy-tailed"), (8,), repetitions=200)
    assert_kept(flips, 2)
    assert float(flips[0].others[-1]) > 0.3
    modes = script.mode_rows(("gaussian", "correlated", "heavy-tailed", "gains"), (8,), repetitions=40)
    assert_kept(modes, 4)
    assert float(modes[0].others[-1]) > 0.5


def test_members_for_images(script):
    rows = script.members_rows((8,), (16,), repetitions=60)
    assert_kept(rows, 1)
    exact, median, _ = (float(text) for text in rows[0].others)
    assert median == pytest.approx(exact, rel=0.25)


def test_significant_pixels(script):
    rows = script.pixel_rows(("independent", "correlated", "unequal variances"), (4, 8), repetitions=60)
    assert_kept(rows, 6)
    power, unmoderated = (float(text) for text in rows[1].others)
    assert power > 3 * unmoderated


def test_views_without_sign_and_maps_of_one_sign(script):
    assert_kept(script.floor_rows(("white", "channels"), (8,), repetitions=3), judged=8)
    assert_kept(script.relu_test_rows(("blurred",), (6,), repetitions=40), judged=1)
    rows = script.one_signed_rows((6,), repetitions=20)
    assert_kept(rows, judged=1)
    whole, centred = map(float, rows[0].others)
    assert whole > 2
    assert abs(centred) < 0.05


def test_levels_of_methods_that_draw_random_numbers(script):
    """On own draws as promised; on draws that all members share, the old way, far from it."""
    settings = ((0.2, 0.9), (0.9, 0.9))
    tests = script.draw_test_rows(settings, (8,), repetitions=150)
    assert_kept(tests, 2)
    assert [float(row.others[0]) > 0.1 for row in tests] == [True, True]
    pixels = script.draw_pixel_rows(settings, (8,), repetitions=20)
    assert_kept(pixels, 2)
    assert all(row.check.value < script.MOST_PIXELS for row in pixels)
    assert float(pixels[1].others[0]) > 0.1


def test_drawn_maps_are_what_they_are_said_to_be(script):
    """Unit variance; the second draw alone is shared, or both."""
    generator = torch.Generator().manual_seed(0)
    for own, expected in ((True, [0, 0.63]), (False, [0.63, 0.63])):
        drawn = script.drawn_maps((0.7, 0.9), 4, generator, shape=(40, 256), own=own)
        assert float(drawn.var()) == pytest.approx(1, rel=0.03)
        between = (drawn[:, 0] * drawn[:, 1]).mean((0, 2))
        assert between.tolist() == pytest.approx(expected, abs=0.04)


@pytest.mark.simulation
def test_dependent_images_and_skewed_noise(script, repetitions):
    """Groups cover, images taken as independent do not; skewed pixels give more false discoveries than 5%."""
    groups, unseen, skewed = script.dependence_tables(repetitions=repetitions(24, 8))
    four_of_eight = groups.rows[0]
    assert four_of_eight.check.value >= 0.85
    assert float(four_of_eight.others[0]) < four_of_eight.check.value
    assert all(row.check.value >= float(row.others[0]) - 0.001 for row in unseen.rows)  # which is rounded
    levels = {row.labels: row.check.value for row in skewed.rows}
    assert levels["normal", "16"] < 0.1 < levels["chi^2_1", "16"]


def test_simulated_noise_is_what_it_is_said_to_be(script):
    """Unit variance, a third of it shared by a member's images, and the blur's P_eff."""
    generator = torch.Generator().manual_seed(0)
    for kind in ("gaussian", "correlated"):
        noise = script.maps(kind, torch.zeros(400, 4, 64, dtype=torch.float64), 6, generator)
        assert float(noise.var()) == pytest.approx(1, rel=0.02)
        between = (noise[:, :, 0] * noise[:, :, 1]).mean()
        assert float(between) == pytest.approx(1 / 3, abs=0.02)
    covariance = torch.cov(noise[:, :, 0].flatten(0, 1).T)
    effective = covariance.trace() ** 2 / covariance.square().sum()
    assert float(effective) == pytest.approx(7, abs=0.6)


def test_the_page_shows_every_row(script):
    rows = script.pixel_rows(("independent",), (4,), repetitions=3)
    table = script.Table(title="T", text="t", columns=("noise", "E", "a", "b", "c"), rows=rows)
    text = script.markdown(table).splitlines()
    assert text[0] == "## T"
    assert text[4] == "| noise | E | a | b | c | +- | criterion |"
    assert text[6].startswith("| independent | 4 |")
    assert text[6].count("|") == text[4].count("|")
