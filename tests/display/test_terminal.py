"""What is printed: at several widths, without colour, in ASCII, and with names that mean harm."""

import io
import os
import re
import sys

import pytest
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.display.terminal import PROSE, Terminal, print_places
from saliencynoise.report.curve import print_curve
from saliencynoise.report.details import print_similarity, print_structure
from saliencynoise.report.table import print_study
from tests.studies import make_study, noisy_maps

HOSTILE = "\x1b]0;gone\x07\x1b[2J\r\u202e[red]x"

STYLE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    maps = {
        ("a_network(depth=10,stem_stride=2,width=16)", "gradient"): noisy_maps(),
        ("a_network(depth=10,stem_stride=2,width=16)", "gradcam(layer=intermediate)"): noisy_maps(snr=9.0),
        ("a_network(depth=10,stem_stride=2,width=16)", "broken"): "member 1: no gradient",
        ("other", "gradient"): noisy_maps(snr=0.2),
    }
    return make_study(tmp_path_factory.mktemp("study") / "run", maps)


def printed(show, of, *, width=80, encoding="utf-8"):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    show(of, Terminal(file=file, width=width))
    file.flush()
    return file.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("show", [print_study, print_curve, print_similarity, print_structure])
@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_lines_fit_and_nothing_is_cut_off(study, show, width, encoding):
    text = printed(show, study, width=width, encoding=encoding)
    assert max(map(cell_len, text.partition("Next:")[0].splitlines())) <= width  # commands are copied whole
    assert "…" not in text
    assert "\\u" not in text
    assert "\x1b" not in text
    for cell in study.done:
        assert all(part in text for part in re.split(r"(?<=\()", cell.method))


@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_columns_of_all_sections_stand_under_each_other(study, width):
    lines = printed(print_study, study, width=width).splitlines()
    rows = [line for line in lines if line.startswith("  gradient ")]
    ends = [[found.end() for found in re.finditer(r"\]", row)] for row in rows]
    assert len(rows) == 2
    assert ends[0][0] == ends[1][0]


def test_curves_and_intervals_have_room_on_a_wide_terminal_only(study):
    narrow, wide = (printed(print_study, study, width=width) for width in (80, 200))
    assert wide.splitlines()[1].split().count("95%") == 2
    assert " reliability " in wide.splitlines()[0]
    assert " 1..64 " in wide.splitlines()[1]
    assert "(90.0% to 90.0%)" in wide
    assert "█" in wide
    assert "1..64" not in narrow
    assert narrow.splitlines()[1].split().count("95%") == 1


def test_paragraphs_are_not_wider_than_can_be_read(study):
    lines = printed(print_study, study, width=300).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("SNR: corrected, pure noise"))
    assert max(map(len, lines[start : lines.index("Next:")])) <= PROSE


def test_every_curve_is_a_line_beside_its_method(study):
    text = printed(print_curve, study)
    assert len(re.findall(r"^    [▁▂▃▄▅▆▇█│]{8} ", text, re.MULTILINE)) == len(study.done)


def test_a_failure_is_a_word_and_a_colour(study, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = printed(print_study, study)
    assert "\x1b[31mfailed\x1b[0m" in coloured
    assert "\x1b[31mfailed: broken on a_network" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert "[31m" not in printed(print_study, study)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("FORCE_COLOR")
    assert "\x1b" not in printed(print_study, study)


def test_names_that_mean_harm_do_none(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    file = io.StringIO()
    terminal = Terminal(file=file, width=80)
    table = Table(HOSTILE)
    table.add_row(f"[bold]{escape(HOSTILE)}[/]")
    table.add_row(Text(HOSTILE, style="red"))
    terminal.print(table)
    terminal.print(Text(HOSTILE, style="dim"))
    terminal.print(escape(HOSTILE))
    text = file.getvalue()
    assert STYLE.search(text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", STYLE.sub("", text))
    assert "[red]x" in text
    assert STYLE.sub("", text).count("\\x1b]0;gone") == 5


@pytest.mark.parametrize("show", [print_study, print_curve])
def test_a_study_of_hostile_names_is_printed(tmp_path, show):
    hostile = "\x1b[2Jmethod\x9b1A"
    made = make_study(tmp_path / "run", {(f"net{HOSTILE}", hostile): noisy_maps(), ("b", HOSTILE): HOSTILE})
    text = printed(show, made)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "\\x1b[2Jmethod" in text.replace(" ", "")


def test_hostile_names_fit_their_columns():
    file = io.StringIO()
    table = Table("name", box=None)
    table.add_row("\x1b" * 60)
    Terminal(file=file, width=80).print(table)
    assert max(map(len, file.getvalue().splitlines())) <= 80


def test_a_narrow_terminal_is_printed_to_as_if_it_were_80_wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    assert Terminal().width == 80
    monkeypatch.setenv("COLUMNS", "140")
    assert Terminal().width == 140


def test_places_are_exact_for_scripts_and_harmless_on_a_terminal(capsys, monkeypatch):
    print_places(["runs/a\x1b[2J", "b"])
    assert capsys.readouterr().out == f"runs/a\x1b[2J{os.linesep}b{os.linesep}"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_places(["runs/a\x1b[2J"])
    assert capsys.readouterr().out.strip() == "runs/a\\x1b[2J"
