import math

import pytest

from saliencynoise.display.sparkline import BLOCKS, COUNTS, TENTHS, reliability_line, sparkline


@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_higher_value_is_never_drawn_lower_and_the_scale_is_fixed(ascii_only):
    ramp = TENTHS if ascii_only else BLOCKS
    line = sparkline([step / 100 for step in range(101)], ascii_only=ascii_only)
    heights = [ramp.index(own) for own in line]
    assert heights == sorted(heights)
    assert set(heights) == set(range(len(ramp)))
    assert sparkline([0.4], ascii_only=ascii_only) == sparkline([0.4, 1.0], ascii_only=ascii_only)[0]


def test_beyond_the_scale_and_undefined():
    assert sparkline([-1.0, -math.inf, 2.0, math.inf, math.nan]) == "▁▁██ "
    assert sparkline([]) == ""


def test_the_digits_are_tenths():
    assert sparkline([0.05, 0.15, 0.95, 1.0], ascii_only=True) == "0199"
    assert sparkline([0.05, 0.95], mark=1, ascii_only=True).isascii()


def test_a_line_is_the_reliability_of_averages():
    r = 0.37
    due = [n * r / (1 + n * r) for n in COUNTS]
    assert reliability_line(r, members=1000) == sparkline(due)


@pytest.mark.parametrize(("members", "place"), [(2, 2), (3, 2), (8, 4), (63, 6)])
def test_the_bar_stands_behind_what_a_run_has(members, place):
    assert reliability_line(1.0, members=members).index("│") == place


def test_no_bar_where_all_is_measured_and_blanks_where_nothing_is():
    assert "│" not in reliability_line(1.0, members=64)
    assert reliability_line(math.nan, members=64).strip() == ""
    assert reliability_line(-0.2, members=64) == BLOCKS[0] * len(COUNTS)
    assert reliability_line(math.inf, members=64) == BLOCKS[-1] * len(COUNTS)
