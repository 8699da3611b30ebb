import csv
import io
from html.parser import HTMLParser

import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise.publishing.formats import table_text
from tests.publishing.published import failed, made, study


class Cells(HTMLParser):
    """The texts of a table's rows, and its tags."""

    def __init__(self):
        super().__init__()
        self.rows, self.open, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in {"td", "th"}:
            self.rows[-1][-1] += data


def test_markdown_has_a_pipe_table_with_the_caption_below():
    lines = table_text(study(made("my_net|a*b")), "markdown").splitlines()
    assert lines[0] == "| Method | SNR | Reliability | Networks for 0.9 | Significant pixels |"
    assert lines[1] == "| --- | ---: | ---: | ---: | ---: |"
    assert lines[2] == r"| my\_net\|a\*b | 0.56 \[0.44, 0.67\] | 0.36 | 17 \[14, 21\] | 20% |"
    assert lines[4].startswith("Initialisation noise in saliency maps of 2 of 360 test images of digits")


def test_csv_has_the_numbers_in_full_with_a_column_for_each_end():
    text = table_text(study(made(), failed()), "csv", columns="snr,pixels")
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["architecture"], first["method"], first["view"]) == ("test_resnet", "gradient", "signed")
    assert float(first["snr"]) == 0.56
    assert (float(first["snr_low"]), float(first["snr_high"])) == (0.444, 0.674)
    assert float(first["significant_pixels"]) == 0.204
    assert (second["status"], second["snr"]) == ("failed", "")


def test_html_is_a_table_that_a_parser_reads_back():
    reader = Cells()
    reader.feed(table_text(study(made("<script>&"), failed()), "html"))
    assert reader.open == []
    assert "script" not in reader.tags
    assert reader.rows[1] == ["<script>&", "0.56 [0.44, 0.67]", "0.36", "17 [14, 21]", "20%"]
    assert reader.rows[2] == ["lime", "failed", "", "", ""]
    assert reader.tags[:2] == ["table", "caption"]


def test_several_architectures_are_named_in_every_format():
    two = study(made(), {**made(), "architecture": "other_net"})
    assert r"| **other\_net** |" in table_text(two, "markdown")
    assert '<th scope="rowgroup" colspan="5">other_net</th>' in table_text(two, "html")
    assert "other_net,gradient" in table_text(two, "csv")


def test_an_unknown_format_is_refused():
    with pytest.raises(UsageError, match="the format 'latx' is unknown; did you mean 'latex'"):
        table_text(study(), "latx")


def test_a_study_of_the_api_gives_the_same_text():
    of = study()
    assert of.to_latex() == table_text(of, "latex")
    assert of.to_markdown(["snr"]) == table_text(of, "markdown", columns="snr")
