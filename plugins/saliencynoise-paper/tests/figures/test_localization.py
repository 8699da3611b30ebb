"""The figure shows the values, intervals and chance that it was given."""

import pandas as pd
import pytest

from saliencynoise_paper.figures.localization import MEASURES, draw


def points():
    return [
        {
            "networks": networks,
            "method": method,
            "measure": measure,
            "members": members,
            "value": 0.2 + 0.1 * index + 0.05 * place,
            "low": None if method == "b" else 0.1,
            "high": None if method == "b" else 0.9,
            "chance": 0.12,
        }
        for networks in ("x", "y")
        for place, method in enumerate(("a", "b"))
        for measure in MEASURES
        for index, members in enumerate((1, 2, 6))
    ]


def test_a_panel_for_each_measure_and_ensemble_with_a_line_for_each_method():
    figure = draw(pd.DataFrame(points()))
    axes = figure.axes
    assert [axis.get_title() for axis in axes] == list(MEASURES.values()) * 2
    for axis in axes:
        assert [str(box.get_label()) for box in axis.containers] == ["a", "b"]
        (chance, *lines) = axis.lines
        assert list(chance.get_ydata()) == [0.12, 0.12]
        assert list(lines[0].get_ydata()) == pytest.approx([0.2, 0.3, 0.4])
        a, b = (container.lines[2][0].get_segments() for container in axis.containers)
        assert [segment[:, 1].tolist() for segment in a] == [pytest.approx([0.1, 0.9])] * 3
        assert all(low == high for low, high in (segment[:, 1].tolist() for segment in b))  # no interval, no bar
        assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "2", "6"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["chance", "a", "b"]
