import doctest

import pytest

from saliencynoise.display.figures import style
from saliencynoise.display.figures.style import shortened
from saliencynoise.display.visible import UNKNOWN, printable
from saliencynoise.engine import study_cells as cells
from saliencynoise.report.figures import maps, tiles


@pytest.mark.parametrize("module", [cells, maps, style, tiles])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def test_no_two_of_the_first_names_look_the_same():
    looks = style.styles(str(name) for name in range(64))
    assert len(set(looks.values())) == 64


def test_the_palette_is_symmetric_white_at_zero_and_grey_where_there_is_nothing():
    import numpy as np

    colours = style.diverging()
    assert min(colours(0.5)[:3]) > 0.95
    assert colours(0.0)[2] > colours(0.0)[0]  # blue below
    assert colours(1.0)[0] > colours(1.0)[2]  # red above
    bad = colours(np.ma.masked_invalid([np.nan]))[0][:3]
    assert bad == pytest.approx([0x9A / 255] * 3)


def test_small_multiples_leave_the_rest_of_the_last_row_empty():
    figure = style.blank(6, 4)
    panels = style.small_multiples(figure, 5, columns=3)
    assert len(panels) == 5
    assert [axes.axison for axes in figure.axes] == [True] * 5 + [False]


def test_marks_that_turn_a_name_around_are_not_obeyed():
    assert printable("a\u202eb") == f"a{UNKNOWN}b"
    assert shortened("L" * 200, 22) == "L" * 11 + "…" + "L" * 10
