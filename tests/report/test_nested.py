"""A study whose members share starts says so in its table, curve, forecast, figures, page and comparison."""

from __future__ import annotations

import io
import json
from functools import partial

import pytest
from rich.console import Console

from saliencynoise.analyses.comparison.run import compare_methods, compare_runs
from saliencynoise.analyses.comparison.side_by_side import side_by_side
from saliencynoise.analyses.forecast.run import check_predictions, forecast
from saliencynoise.analyses.forecast.table import print_forecast
from saliencynoise.records.population import FROM_SCRATCH
from saliencynoise.records.writing import json_of
from saliencynoise.report.curve import curve_rows, print_curve
from saliencynoise.report.figures import bars, curve
from saliencynoise.report.html.study import page_values, write_report
from saliencynoise.report.html.words import summary_of
from saliencynoise.report.table import print_study
from saliencynoise.report.warnings import warnings
from tests.studies import Study, edited, make_study, nested_maps, population_with

SIZES = (2, 2, 2, 2)
SENTENCE = "8 networks fine-tuned from 4 starts, 2 each: r is that of networks from different starts."


def study_with(folder, sizes, *, seed=0, population=None) -> Study:
    maps = {
        ("net", name): nested_maps(sizes=sizes, images=8, shape=(1, 16, 16), snr=snr, seed=seed + index)
        for index, (name, snr) in enumerate({"gradient": 0.5, "lime": 2.0}.items())
    }
    folder.mkdir()
    return make_study(folder, maps, side=16, population=population or population_with(sizes))


@pytest.fixture(scope="module")
def nested(tmp_path_factory):
    return study_with(tmp_path_factory.mktemp("nested") / "run", SIZES)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return study_with(tmp_path_factory.mktemp("one") / "run", (8,), seed=5)


def text_of(show, *parts, width=150):
    stream = io.StringIO()
    show(*parts, console=Console(file=stream, width=width, highlight=False))
    return " ".join(stream.getvalue().split())


def test_the_table_shows_r_within_a_start_beside_r(nested):
    figures = nested.cell("net", "gradient").figures
    assert figures.estimates.snr.value == figures.nested.r_population.value < figures.nested.r_within.value
    text = text_of(print_study, nested)
    assert SENTENCE in text
    assert f"within a start {figures.nested.r_within.value:.2f} [" in text
    assert "with intervals for other starts and other images" in text_of(partial(print_study, legend=True), nested)
    worth = figures.nested.worth
    ends = f"[{worth.interval.low:.2f}, {worth.interval.high:.2f}]"
    assert f"the average of all 8 is worth {worth.value:.2f} {ends} (gradient)" in text
    assert "4 starts of net: intervals are indicative; 8 or more starts make them reliable" in text
    assert "8 members: intervals" not in text


def test_with_one_start_the_population_is_not_estimated(one):
    figures = one.cell("net", "gradient").figures
    assert figures.nested.r_population is None
    assert figures.estimates.snr.value == pytest.approx(6.5, rel=0.2)  # (0.5 + 0.8) / 0.2: r within
    text = text_of(print_study, one)
    assert "r holds for networks from this start; r of the population of starts is not estimated." in text
    assert "within a start" not in text
    assert any("not estimated" in caution for caution in summary_of(one.result).cautions)


def test_a_result_with_nested_figures_is_read_as_it_was_written(nested):
    again = Study.load(nested.folder)
    assert json_of(again.result) == json_of(nested.result)
    assert again.clusters(again.done[0]) == (0, 0, 1, 1, 2, 2, 3, 3)
    row = nested.table_full.iloc[0]
    figures = nested.done[0].figures.nested
    assert (row["snr_within"], row["worth"]) == (figures.r_within.value, figures.worth.value)
    assert row["worth_low"] == figures.worth.interval.low


def test_the_curve_counts_networks_from_different_starts(nested):
    figures = nested.cell("net", "gradient").figures
    text = text_of(print_curve, nested)
    assert SENTENCE in text
    assert "starts x networks" in text
    four_of_two = next(a for a in figures.nested.averages if (a.starts, a.seeds) == (4, 2))
    assert f"4 x 2 {four_of_two.reliability:.2f} [" in text
    assert "if a start costs as much as 10 networks, this study's cost is best spent on" in text
    points = {point["members"]: point["reliability"] for point in curve_rows(nested)[0]["curve"]}
    c_b = figures.nested.c_between
    assert points[4] == pytest.approx(4 * c_b / (1 + 3 * c_b))  # of four networks from four starts
    assert json.loads(json.dumps(curve_rows(nested)))[0]["nested"]["sizes"] == list(SIZES)
    drawn = curve.data(nested)
    assert drawn["members"].unique().tolist() == [4]
    assert any("a start of their own" in note for note in curve.captioned(nested).notes)


def test_the_forecast_counts_what_the_members_are_worth(nested):
    entry = next(entry for entry in forecast(nested, reliability=0.9) if entry.method == "gradient")
    figures = nested.cell("net", "gradient").figures
    assert entry.more == pytest.approx(figures.members_needed.value - figures.nested.worth.value, abs=1)
    options = {"reliability": 0.9, "workers": 1, "elsewhere": False}
    text = text_of(lambda study, console: print_forecast(study, [entry], [], console=console, **options), nested)
    assert SENTENCE in text
    assert "each from a new start, are enough" in text
    assert check_predictions(nested) == []


def test_figures_and_the_page_say_the_population(nested):
    captioned = bars.captioned(nested)
    assert any(SENTENCE in note for note in captioned.notes)
    assert "95% intervals are for networks from other starts and other images." in captioned.notes
    page = write_report(nested).read_text()
    assert SENTENCE in page
    assert "within a start</th>" in page
    assert "averages of starts and networks" in page
    assert "start-0.pt (2), start-1.pt (2)" in page
    values = page_values(nested)
    assert "for networks from other starts" not in str(values["table"].caption)


def test_methods_on_the_same_starts_are_compared_over_starts(nested):
    (pair,) = compare_methods(nested)
    assert pair.comparison.ratio == pytest.approx(
        nested.cell("net", "gradient").figures.estimates.snr.value
        / nested.cell("net", "lime").figures.estimates.snr.value
    )
    assert pair.comparison.interval.question == "starts and images"
    assert pair.comparison.note == "indicative: fewer than 8 starts"


def test_two_populations_are_told_apart(nested, one, tmp_path):
    scratch = study_with(tmp_path / "scratch", (1,) * 8, seed=9, population=FROM_SCRATCH)
    warning = next(line for line in side_by_side([one, scratch]).warnings if line.startswith("other populations"))
    assert warning == (
        "other populations of net: fine-tuned from one start (start-0.pt); trained from scratch; r of one says nothing "
        "about networks of the other"
    )
    again = side_by_side([nested, study_with(tmp_path / "again", SIZES, seed=20)])
    assert not any(line.startswith("other populations") for line in again.warnings)


def test_a_nested_study_is_compared_with_independent_networks(nested, tmp_path):
    def other_weights(document):
        for member in document["architectures"][0]["members"]:
            member["sha256"] = "scratch"

    scratch = edited(study_with(tmp_path / "scratch", (1,) * 8, seed=30, population=FROM_SCRATCH), other_weights)
    pair = compare_runs(nested, scratch)[0]
    assert pair.comparison.ratio == pytest.approx(1, rel=0.2)  # r is 0.5 in both populations
    assert pair.comparison.note == "indicative: fewer than 8 starts"
    assert pair.agreement.value == pytest.approx(1, abs=0.1)  # the signal is the same


def test_two_starts_have_no_interval(tmp_path):
    two = study_with(tmp_path / "two", (3, 3), seed=3)
    assert two.done[0].figures.estimates.snr.interval is None
    assert any("2 starts of net: figures without intervals" in line for line in warnings(two.result))
