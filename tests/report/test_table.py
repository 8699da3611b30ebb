import doctest
import math

import pytest

from saliencynoise.display import labels, numbers
from saliencynoise.display.numbers import format_number
from saliencynoise.display.quantities import QUANTITIES, TABLE
from saliencynoise.display.terminal import Terminal
from saliencynoise.report.table import print_study
from tests.report.printed import cell, printed, study
from tests.studies import estimate, make_study, noisy_maps


def test_a_row_holds_the_figures_of_its_cell():
    text = printed(study(cell()))
    row = next(line for line in text.splitlines() if line.startswith("  gradient"))
    due = ["gradient", "0.56", "[0.44,", "0.67]", "0.36", "17", "[14,", "21]", "20%", ".008", "0.65", "0.32"]
    assert row.split() == due
    assert "test_resnet 99.6%" in text


def test_a_cell_without_significant_pixels_has_a_dash():
    lines = printed(study(cell(details={"pixels": None})), width=140).splitlines()
    row = next(line for line in lines if line.startswith("  gradient")).split()
    assert row[row.index("21]") + 1] == "-"
    assert row[-1] == "0.8"


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
    assert lines[row + 1].split() == ["networks", "alone", "1.62", "[1.25,", "1.99]", "0.62"]
    legend = " ".join(printed(study(cell(), drawn), legend=True).split())
    assert "from 2 draws; all members share the second draw" in legend
    assert "networks alone" not in printed(study(cell()))


def test_an_aggregator_other_than_the_mean_is_named():
    named = printed(study(cell(), aggregator="builtin/trimmed_mean(share=0.2)"))
    assert "marginal maps by trimmed_mean(share=0.2)" in " ".join(named.split())
    assert "marginal maps" not in printed(study(cell()))


def test_the_legend_has_at_most_four_lines_and_the_whole_one_explains_each_column():
    short = printed(study(cell())).partition("SNR: corrected")[2].partition("8 members;")[0]
    assert 1 <= len(short.strip().splitlines()) <= 4
    whole = " ".join(printed(study(cell()), legend=True).split())
    for key in TABLE:
        assert f"{QUANTITIES[key].meaning}." in whole, key


def test_the_end_is_the_finding_and_commands_that_can_be_copied():
    figures = {**cell()["figures"], "members_needed": {"value": 14, "text": "14 [10, 20]"}}
    lines = printed(study(cell(figures=figures))).rstrip().splitlines()
    assert "For a reliability of 0.9 average 14 [10, 20] for input gradients." in " ".join(lines)
    begin = lines.index("Next:")
    assert len(lines) - begin - 1 <= 3
    assert all(line.startswith("  saliencynoise ") for line in lines[begin + 1 :])
    assert "  saliencynoise plan runs/x" in lines[begin + 1]


def test_flags_have_one_line_for_all_members():
    members = [{"index": index, "flag": f"accuracy 0.1{index}"} for index in range(5)]
    text = printed(study(cell(), architectures=[{"label": "test_resnet", "members": members}]), width=400)
    assert text.count("flagged:") == 1
    assert "member 2: accuracy 0.12; also members 3, 4." in text


def test_a_study_returns_what_show_prints(tmp_path, capsys):
    study = make_study(tmp_path / "run", {("net", "gradient"): noisy_maps(members=3, images=4)})
    print_study(study, Terminal(width=100))
    assert study.text() == capsys.readouterr().out
    assert "gradient" in study.text()
