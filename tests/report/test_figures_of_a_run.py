"""The other prints of a run: curve, similarity, structure, forecast, comparisons; they fit 80 columns."""

import io

import pytest
from rich.console import Console

from saliencynoise.analyses.comparison import table as comparisons
from saliencynoise.analyses.comparison.run import Pair
from saliencynoise.analyses.comparison.table import print_pairs
from saliencynoise.analyses.forecast.run import Forecast, ForecastCheck
from saliencynoise.analyses.forecast.table import print_forecast
from saliencynoise.api import bench
from saliencynoise.report.curve import curve_counts, curve_of, print_curve
from saliencynoise.report.details import STRUCTURE_HEADERS, print_similarity, print_structure
from saliencynoise.statistics.comparison import Comparison, Everywhere
from saliencynoise.statistics.reliability import MembersNeeded


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALIENCYNOISE_CACHE", str(folder / "cache"))
        methods = ["gradient", "gradcam(layer=intermediate)", "smoothgrad(samples=2)"]
        return bench(methods=methods, members=3, images=3, train_images=64, epochs=1, out=str(folder / "run"))


def printed(printer, *arguments, width=80, **options):
    stream = io.StringIO()
    printer(*arguments, console=Console(file=stream, width=width, highlight=False), **options)
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= width
    return text


def test_the_curve_has_a_line_for_each_number_of_networks(study):
    text = printed(print_curve, study)
    assert text.count("\n") > 3 * len(curve_counts(3))
    cell = study.done[0]
    r = cell.figures.estimates.snr_averaged.value
    points = curve_of(cell)
    assert [point.members for point in points] == [1, 2, 3, 4, 8, 16]
    assert points[2].snr_of_average == pytest.approx(3 * r)
    assert points[2].reliability == pytest.approx(max(0, 3 * r / (1 + 3 * r)))


def test_similarity_and_structure_have_a_row_for_each_cell(study):
    text = printed(print_similarity, study)
    assert text.count("to mean ") >= len(study.done)
    found = study.done[0].details.similarity
    assert f"{found.pairwise.ssim:.2f}" in text.replace("0.0", "0.0")
    assert "all 3 images" in text
    structure = printed(print_structure, study)
    assert "gradcam(" in structure
    headings = [line.split() for line in structure.splitlines() if line.startswith("architecture, method")]
    lowest = " ".join(header.split("\n")[-1] for header in STRUCTURE_HEADERS)
    assert [word for line in headings for word in line[2:]] == lowest.split()  # none is cut off
    unseen = [
        line for line in " ".join(structure.split()).split(" of the networks was missed") if "if a mode of" in line
    ]
    assert len(unseen) == sum(cell.view == "signed" for cell in study.done)
    assert "cannot be trusted from one network" in " ".join(structure.split()) or "can be trusted" in structure


def forecast_of(method, *, value, more):
    needed = MembersNeeded(reliability=0.9, value=value, low=None if value is None else value - 1, high=None)
    return Forecast(
        architecture="test_resnet",
        method=method,
        view="signed",
        members=8,
        needed=needed,
        needed_for_images=needed,
        more=more,
        training_seconds=10.0,
        attribution_seconds=2.0,
    )


def test_a_forecast_says_how_many_more_and_what_they_cost(study):
    forecasts = [forecast_of("gradient", value=20, more=12), forecast_of("lime", value=None, more=None)]
    checks = [
        ForecastCheck(
            architecture="test_resnet",
            method="gradient",
            view="signed",
            earlier=8,
            later=8,
            predicted=0.8,
            low=0.7,
            high=0.9,
            measured=0.65,
        )
    ]
    text = printed(print_forecast, study, forecasts, checks, reliability=0.9, workers=2, elsewhere=False)
    row = next(line for line in text.splitlines() if line.startswith("  gradient"))
    assert row.split()[-3:] == ["12+", "72", "s"]  # no upper bound is known
    assert "--members 20" in text
    assert "missed" in text
    assert "0 of 1 forecasts held" in text
    unknown = [forecast_of("lime", value=None, more=None)]
    text = printed(print_forecast, study, unknown, [], reliability=0.9, workers=2, elsewhere=True)
    assert "No number of members is known" in text
    assert "on another machine than this one" in " ".join(text.split())
    enough = [forecast_of("gradient", value=3, more=0)]
    text = printed(print_forecast, study, enough, [], reliability=0.9, workers=2, elsewhere=False)
    assert "The 8 members of this run are enough" in text


def test_ties_are_shown_as_ties_and_claims_are_printed(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(comparisons, "Terminal", lambda: Console(file=stream, width=80, highlight=False))
    tie = Comparison(a="gradient", b="lime", difference=0.1, interval=None, p=0.3, p_holm=0.6)
    clear = Comparison(a="gradcam", b="lime", difference=1.0, interval=None, p=0.001, p_holm=0.002)
    claim = Everywhere(a="gradcam", b="lime", p=0.01, weakest="resnet18", cells=2)
    print_pairs(
        [Pair(within="test_resnet", comparison=tie), Pair(within="test_resnet", comparison=clear, note="other grids")],
        [claim],
        title="methods compared",
    )
    text = stream.getvalue()
    rows = [line.split() for line in text.splitlines()]
    assert next(row for row in rows if row[:1] == ["gradient"])[-2:] == [".600", "tie"] or "tie" in text
    assert "less noisy" in text
    assert "2.72" in text
    assert "gradcam is less noisy than lime in all 2 cells" in text
    assert "other grids" in text
