"""The order, the grid and the groups of methods agree with the tests, and the tests with the intervals shown."""

import math
from itertools import combinations

import pytest
import torch

from saliencynoise.analyses.comparison.figure import data, draw, figure_of
from saliencynoise.analyses.comparison.methods_page import write_methods_page
from saliencynoise.analyses.comparison.ranking import Ranking, rankings_of, sentences
from saliencynoise.analyses.comparison.run import compare_methods
from saliencynoise.records.common import ValueWithInterval
from tests.studies import make_study, noisy_maps


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    snrs = {"clear": 9.0, "fair": 1.0, "alike": 0.9, "noise": 0.0}
    maps = {("net", name): noisy_maps(members=8, snr=snr, seed=seed) for seed, (name, snr) in enumerate(snrs.items())}
    return make_study(tmp_path_factory.mktemp("ranked") / "run", maps)


def test_a_ranking_says_whose_maps_are_less_noisy(study):
    (ranking,) = rankings_of(study, compare_methods(study))
    assert ranking.methods[0] == "clear"
    assert ranking.methods[-1] == "noise"
    found = sentences(ranking)
    assert any(own.startswith("The maps of clear are less noisy than those of") for own in found)
    assert not any(own.startswith("The maps of noise") for own in found)
    assert (
        ("fair", "alike") in ranking.groups
        or ("alike", "fair") in ranking.groups
        or any({"fair", "alike"} <= set(group) for group in ranking.groups)
    )


def test_no_interval_that_excludes_1_stands_beside_a_tie(study):
    pairs = [pair.comparison for pair in compare_methods(study)]
    for comparison in pairs:
        interval = comparison.ratio_interval
        if interval is None:
            assert comparison.verdict == "undetermined"
            continue
        assert (interval.low <= 1 <= interval.high) == (comparison.verdict == "tie")
        assert (comparison.verdict == "less noisy") == (interval.low > 1)
        assert (comparison.verdict == "tie") == (comparison.p_simultaneous >= 0.05)


def test_groups_are_the_largest_sets_that_no_test_separates():
    generator = torch.Generator().manual_seed(0)
    for count in (2, 5, 7):
        names = tuple("abcdefg"[:count])
        verdicts = {}
        for a, b in combinations(names, 2):
            apart = bool(torch.rand(1, generator=generator) < 0.5)
            verdicts[a, b], verdicts[b, a] = ("less noisy", "noisier") if apart else ("tie", "tie")
        snr = {name: ValueWithInterval(value=9.0 - place, interval=None) for place, name in enumerate(names)}
        ranking = Ranking(architecture="net", methods=names, snr=snr, verdicts=verdicts)
        sets = [
            set(group)
            for size in range(2, count + 1)
            for group in combinations(names, size)
            if not any(ranking.separated(a, b) for a, b in combinations(group, 2))
        ]
        largest = [own for own in sets if not any(own < other for other in sets)]
        assert sorted(map(sorted, ranking.groups)) == sorted(map(sorted, largest))


def test_a_bar_joins_each_group_and_methods_without_a_place_are_named(study):
    rankings = rankings_of(study, compare_methods(study))
    figure = figure_of(rankings)
    (ranking,) = rankings
    values = [ranking.snr[method].value for method in ranking.methods]
    assert list(data(rankings)["snr"]) == sorted(values, reverse=True)
    texts = " ".join(text.get_text() for text in draw(rankings).axes[0].texts)
    for method, value in zip(ranking.methods, values, strict=True):
        assert (method in texts) == (0 < value < math.inf)
        assert (method in " ".join(figure.notes)) == (not 0 < value < math.inf)


def test_the_page_and_the_diagram_are_written(study, tmp_path):
    pairs = compare_methods(study)
    page = write_methods_page(study, pairs, [], tmp_path / "compare.html")
    text = page.read_text()
    assert "Whose maps are less noisy?" in text
    assert f"saliencynoise compare {study.folder}" in text
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        assert (tmp_path / f"critical_difference.{kind}").read_bytes().startswith(start)
