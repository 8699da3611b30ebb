import numpy as np
import pytest

from saliencynoise.display.figures.canvas import draw_significant, grid, hatched, word_of
from saliencynoise.display.figures.style import WIDEST, shortened


@pytest.mark.parametrize("columns", [1, 9, 30])
def test_tiles_are_square_in_place_and_within_the_page(columns):
    made = grid(2, columns, left=1.0)
    width, height = made.figure.get_size_inches()
    assert width <= WIDEST + 1e-9
    boxes = [made.place(line, columns - 1).get_position() for line in range(2)]
    for box in boxes:
        assert box.width * width == pytest.approx(box.height * height)
        assert box.x1 < 1
        assert box.y0 >= 0
    assert boxes[0].y0 >= boxes[1].y1


def test_cells_are_hatched_and_no_others():
    cells = np.random.default_rng(0).random((7, 5)) < 0.4
    path = hatched(cells, extent=(14, 20), hatch="/", stripe="black").get_path()
    for y in range(7):
        for x in range(5):
            assert path.contains_point((4 * x + 2, 2 * y + 1)) == cells[y, x]
    assert hatched(np.zeros((2, 2), dtype=bool), extent=(2, 2), hatch="/", stripe="black").get_path().vertices.size == 0


def words(axes):
    return [text.get_text() for text in axes.texts]


def test_nothing_significant_is_said_so_and_nan_is_not_hatched():
    axes = grid(1, 1, left=0).place(0, 0)
    values = np.array([[np.nan, 0.0], [0.0, 0.0]])
    draw_significant(axes, values, np.zeros((2, 2), dtype=bool), extent=(2, 2), limit=1.0)
    assert words(axes) == ["none"]
    assert not axes.patches[0].get_path().contains_point((0.5, 0.5))
    assert axes.images[0].get_array().mask[0, 0]
    other = grid(1, 1, left=0).place(0, 0)
    draw_significant(other, np.full((2, 2), np.nan), np.zeros((2, 2), dtype=bool), extent=(2, 2), limit=0.0)
    assert words(other) == ["all NaN"]


def test_words_of_maps():
    assert word_of(np.array([[np.nan, 0.0]])) == "all zero"
    assert word_of(np.array([[np.nan, np.inf]])) == "all NaN"
    assert word_of(np.array([[np.nan, -1.0]])) == ""


def test_labels_are_one_line_that_a_font_can_draw():
    assert shortened("a\n b\t c", 24) == "a b c"
    assert shortened("a" * 40, 10) == "aaaaa…aaaa"
