import io
import warnings
from xml.dom import minidom

import pytest

from saliencynoise.display.figures.style import blank, shortened, two_lines
from saliencynoise.display.visible import printable

HOSTILE = ["$x", "a$b$c", "{%", r"\$\frac{", r"$\mathdefault{", "日本語", "😀", "a\x1b[31mb\x00", "\ud800x"]


def drawn(figure, kind):
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind)
    return buffer.getvalue()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_drawn_as_it_is_wherever_it_stands(name):
    figure = blank(6, 4)
    axes, log = figure.subplots(1, 2)
    axes.plot([0, 1], [0, 1], label=name)
    axes.set_title(name)
    axes.annotate(name, (0.5, 0.5))
    axes.legend()
    axes.set_xticks([0, 1], [shortened(name, 40), "b"])
    axes.set_ylabel(name)
    figure.suptitle(name)
    log.set_yscale("log")
    log.set_ylim(1, 1e4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert drawn(figure, "png")
        svg = drawn(figure, "svg")
    minidom.parseString(svg)  # noqa: S318 - of our own making
    texts = [text.get_text() for text in log.get_yticklabels()]
    assert any("mathdefault" in text for text in texts), "matplotlib's own numbers stay formulas"
    assert all(text.get_parse_math() for text in log.get_yticklabels())
    assert not axes.title.get_parse_math()
    assert axes.get_title() == printable(name)


def test_a_figure_of_matplotlibs_own_would_fail():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.suptitle(r"$\frac{$")
    with pytest.raises(ValueError, match="frac"):
        drawn(figure, "png")


def test_long_names_lose_their_middle():
    assert len(shortened("n" * 200, 60)) == 60
    assert shortened("a\nb", 60) == "a b"
    assert max(map(len, two_lines("gradcam(" + "x" * 200 + ")").splitlines())) <= 27
