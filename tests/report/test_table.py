import doctest
import math

import pytest

from saliencynoise.display import labels, numbers
from saliencynoise.display.numbers import format_number
from tests.report.printed import cell, printed, study
from tests.studies import estimate


def test_a_row_holds_the_figures_of_its_cell():
    text = printed(study(cell()))
    row = next(line for line in text.splitlines() if line.startswith("  gradient"))
    due = ["gradient", "0.65", "0.32", "0.56", "[0.44,", "0.67]", ".008", "17", "[14,", "21]", "20%", "0.8"]
    assert row.split() == due
    assert "test_resnet 99.6%" in text


def test_a_cell_without_significant_pixels_has_a_dash():
    row = next(
        line for line in printed(study(cell(details={"pixels": None})), width=120).splitlines() if "gradient" in line
    )
    assert row.split()[-2:] == ["-", "0.8"]


def test_the_examples_in_docstrings_hold():
    for module in (numbers, labels):
        failed, tried = doctest.testmod(module)
        assert tried
        assert not failed


def test_it_fits_80_columns_and_keeps_names_whole():
    long = cell("gradcam(layer=intermediate)")
    long["figures"]["estimates"]["snr"] = estimate(14.52, 10.79, 18.24)
    text = printed(study(cell(), cell("gradcam(layer=top)"), long))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "layer=intermediate)" in text
    assert "gradcam(layer=top)" in text
    assert "…" not in text


def test_views_stand_below_their_method():
    text = printed(study(cell("gradcam(layer=top)"), cell("gradcam(layer=top)", view="relu")))
    assert "    view relu" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.56, "0.56"), (0.0061, "0.006"), (14.523, "14.5"), (1234.5, "1.23e+03"), ("inf", "∞"), (None, "-")],
)
def test_figures_in_words(value, text):
    assert format_number(value) == text
    assert format_number(math.nan) == "-"


def test_a_stochastic_method_is_shown_with_and_without_its_own_noise():
    drawn = cell("smoothgrad", draws=2)
    drawn["figures"]["estimates"]["snr_network"] = estimate(1.62, 1.25, 1.99)
    lines = printed(study(cell(), drawn)).splitlines()
    row = next(place for place, line in enumerate(lines) if line.startswith("  smoothgrad"))
    assert lines[row + 1].split() == ["networks", "alone", "1.62", "[1.25,", "1.99]"]
    assert "from 2 draws; all members share the second draw" in " ".join(" ".join(lines).split())
    assert "networks alone" not in printed(study(cell()))


def test_an_aggregator_other_than_the_mean_is_named():
    named = printed(study(cell(), aggregator="builtin/trimmed_mean(share=0.2)"))
    assert "marginal maps by trimmed_mean(share=0.2)" in " ".join(named.split())
    assert "marginal maps" not in printed(study(cell()))
