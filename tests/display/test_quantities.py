import doctest
import re
from pathlib import Path

import pytest

from saliencynoise.display import cell_quantities, quantities
from saliencynoise.display.quantities import QUANTITIES, TABLE, in_order
from saliencynoise.publishing.columns import COLUMNS
from saliencynoise.publishing.formats import table_text
from saliencynoise.report.html.rows import study_table
from tests.report.printed import cell, printed, study
from tests.studies import estimate

WHOLE = {
    "signal_p": 0.0078,
    "estimates": {
        "snr_pixel": estimate(0.651, 0.55, 0.75, floor=0.3187),
        "snr": estimate(0.5612, 0.444, 0.674),
        "snr_network": estimate(0.61, 0.5, 0.7),
    },
    "members_needed": {"value": 17, "low": 14, "high": 21, "text": "17 [14, 21]"},
}


@pytest.fixture(scope="module")
def measured():
    untrained = {"snr": 0.02, "interval": {"low": -0.01, "high": 0.05, "words": None}, "above": True}
    return study(cell(figures=WHOLE, untrained=untrained))


def _spoken(text):
    """The headings of a wide terminal, each with its lines joined, by the key of its quantity."""
    lines = text.splitlines()
    top, low = lines[:2]
    found = {}
    for quantity in QUANTITIES.values():
        parts = quantity.short.split("\n")
        pattern = re.compile(rf"(?<!\S){re.escape(parts[-1])}(?!\S)")
        for match in pattern.finditer(low):
            above = top[: match.end()].split(" ")[-1] if len(parts) > 1 else ""
            if (above.strip() == parts[0]) == (len(parts) > 1):
                found[quantity.key] = match.end()
                break
    return sorted(found, key=found.__getitem__)


def test_terminal_frame_page_and_file_have_the_same_quantities_in_the_same_order(measured):
    assert _spoken(printed(measured, width=150)) == list(TABLE)
    frame = [name for name in measured.table.columns if name in QUANTITIES]
    assert frame == list(QUANTITIES)
    assert [name for name in measured.table_full.columns if name in QUANTITIES] == frame
    page = [column.label for column in study_table(measured.result).columns]
    names = {quantity.name: quantity.key for quantity in QUANTITIES.values()}
    assert [names[label] for label in page if label in names] == list(TABLE)
    header = table_text(measured, "csv", columns=list(COLUMNS)).splitlines()[0].split(",")
    shown = {column.quantity.key for column in COLUMNS.values()}
    assert [name for name in header if name in QUANTITIES] == in_order(list(shown))


def test_the_same_value_is_rounded_alike_in_the_terminal_on_the_page_and_for_a_paper(measured):
    page = study_table(measured.result)
    by_label = dict(zip((column.label for column in page.columns), page.rows[0].values, strict=True))
    row = next(line for line in printed(measured, width=150).splitlines() if line.startswith("  gradient"))
    for key in TABLE:
        text = by_label[QUANTITIES[key].name].text
        assert text in row, key
    assert "| 0.56 [0.44, 0.67] | 0.36 | 17 [14, 21] | 20% |" in table_text(measured, "markdown").replace("\\", "")


def test_a_view_in_which_noise_agrees_has_no_reliability_anywhere():
    figures = {**WHOLE, "estimates": {**WHOLE["estimates"], "snr": estimate(0.47, 0.4, 0.5, floor=0.467)}}
    rectified = study(cell(view="relu", figures=figures))
    assert rectified.table.loc[0, ["reliability", "networks"]].isna().all()
    values = [value.text for value in study_table(rectified.result).rows[0].values]
    assert values[1:5] == ["0.47", "[0.40, 0.50]", "-", "-"]


def test_the_glossary_has_each_quantity_with_its_meaning():
    glossary = " ".join(Path("docs/glossary.md").read_text(encoding="utf-8").split())
    for quantity in QUANTITIES.values():
        assert f"{quantity.name} : {quantity.meaning[0].upper()}{quantity.meaning[1:]}." in glossary, quantity.name


def test_the_examples_in_docstrings_hold():
    for module in (quantities, cell_quantities):
        failed, tried = doctest.testmod(module)
        assert tried
        assert not failed


def test_the_page_explains_each_heading_of_its_table():
    template = Path("saliencynoise/display/page/templates/definitions.html").read_text(encoding="utf-8")
    terms = " ".join(re.findall(r"<dt>(.*?)</dt>", template))
    for key in TABLE:
        assert QUANTITIES[key].name in terms, key
