import sys
import unicodedata

import pytest

from saliencynoise.display.visible import one_visible_line, visible


def test_nothing_that_a_terminal_obeys_is_left():
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = visible(everything)
    assert {own for own in shown if unicodedata.category(own) in {"Cc", "Cs"}} == {"\n", "\t"}
    assert not {own for own in shown if unicodedata.bidirectional(own) in {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI"}}
    shown.encode()


def test_plain_text_of_any_script_stays():
    text = "gradient, π ≤ 3, ネコ, حصان, \N{FAMILY}, e\N{COMBINING ACUTE ACCENT}\nnext\tline"
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb", "a\\x0db"),
        ("x\u202eexe", "x\\u202eexe"),
        ("bad\udcff", "bad\\udcff"),
        ("\N{LINE SEPARATOR}", "\\u2028"),
    ],
)
def test_control_characters_are_shown(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_what_an_encoding_cannot_carry_is_replaced(encoding):
    shown = visible("∞ ▁█│ π ネ", encoding=encoding)
    shown.encode(encoding)
    assert "ネ" not in shown
    assert visible("∞", encoding="ascii") == "inf"


def test_one_line_is_one_line():
    assert one_visible_line("a\r\nb\x1b[1A\u2028c") == "a b\\x1b[1A c"
