"""What reaches a page is escaped, showable and short; only papers' own addresses become links."""

import pytest

from saliencynoise.display.page.links import parts_of
from saliencynoise.display.page.page import LONGEST, breakable_html, render, shown, shown_in, truncate_middle
from saliencynoise.registry.catalogue import catalogue


def test_signs_that_no_page_may_hold_are_replaced_and_others_kept():
    assert shown("a\x00\x1b\x7f\ud800b") == "a\ufffd\ufffd\ufffd\ufffdb"
    assert shown("\u202egnp.exe") == "\ufffdgnp.exe", "which would be read as exe.png"
    assert shown("tab\tline\n é ∞ 𝄞") == "tab\tline\n é ∞ 𝄞"
    assert shown_in({"a\x00": ["\ud800", 1, None, {"b": 0.5}]}) == {"a\ufffd": ["\ufffd", 1, None, {"b": 0.5}]}


def test_long_names_lose_their_middle_only():
    text = "a" * 5000 + "b" * 5000
    assert len(truncate_middle(text)) < LONGEST + 40
    assert truncate_middle(text).startswith("aaa")
    assert truncate_middle(text).endswith("bbb")
    assert "10,000 characters" in truncate_middle(text)


def test_a_name_that_may_be_broken_is_escaped_still():
    assert str(breakable_html("a/b_<script>(x=1)")) == "a/<wbr>b_<wbr>&lt;script&gt;(<wbr>x=<wbr>1)"


def test_a_value_that_is_not_given_is_an_error():
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        render("report.html")


@pytest.mark.parametrize(
    ("paper", "addresses"),
    [
        ("A 2014, arXiv:1312.6034", ["https://arxiv.org/abs/1312.6034"]),
        (
            "B, doi:10.1038/s42256-021-00343-w; C, arXiv:1705.07874.",
            ["https://doi.org/10.1038/s42256-021-00343-w", "https://arxiv.org/abs/1705.07874"],
        ),
        ("see https://example.org/a?b=1.", ["https://example.org/a?b=1"]),
        ("javascript:alert(1)", []),
        ("data:text/html,x file:///etc/passwd", []),
        ("JaVaScRiPt://example.org/%0aalert(1)", []),
        ('https://example.org/"onclick="alert(1)', ["https://example.org/"]),
        ("https://example.org\u202egro.x", ["https://example.org"]),
        ("doi:10.1000/'><script>", []),
    ],
)
def test_only_papers_become_links_and_no_word_is_lost(paper, addresses):
    parts = parts_of(paper)
    assert [part.address for part in parts if part.address] == addresses
    assert "".join(part.text for part in parts) == paper


def test_every_paper_of_the_built_in_methods_has_a_link():
    for entry in catalogue().entries("methods"):
        assert any(part.address for part in parts_of(entry.spec.paper)), entry.canonical
