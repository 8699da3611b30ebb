"""The page of a study in Chromium: it sorts, filters, hands out its data, fits a phone, prints; axe reads it."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from saliencynoise.display.page.page import write_page
from saliencynoise.display.page.tables import PageColumn, PageRow, PageTable, PageValue
from saliencynoise.report.html.study import page_values

pytest.importorskip("playwright.sync_api")


def column(page, place):
    return page.locator("#study tbody tr:visible").evaluate_all(
        "(rows, place) => rows.map((row) => row.cells[place].textContent)", place
    )


def numbers(texts):
    """What is a number, in the order of the page."""
    return [float(text) for text in texts if text not in {"-", "failed"}]


def heading(page, label):
    return page.locator("#study thead th").filter(has=page.get_by_role("button", name=label, exact=True))


def place(page, label):
    return heading(page, label).evaluate("(own) => own.cellIndex")


def test_a_click_sorts_numbers_as_numbers_and_says_so(opened, page_file):
    with opened(page_file) as page:
        before = column(page, place(page, "SNR"))
        assert numbers(before) != sorted(numbers(before))
        page.get_by_role("button", name="SNR", exact=True).click()
        upward = column(page, place(page, "SNR"))
        assert numbers(upward) == sorted(numbers(before))
        assert max(numbers(upward)) > 9.9, "as words, 12 would come before 2"
        assert upward[-1] in {"-", "failed"}
        assert heading(page, "SNR").get_attribute("aria-sort") == "ascending"
        page.get_by_role("button", name="SNR", exact=True).click()
        downward = column(page, place(page, "SNR"))
        assert numbers(downward) == sorted(numbers(before), reverse=True)
        assert downward[-1] in {"-", "failed"}, "what has no number stays last"
        assert heading(page, "SNR").get_attribute("aria-sort") == "descending"


def test_the_keyboard_sorts_too_and_one_heading_at_a_time_is_sorted(opened, page_file):
    with opened(page_file) as page:
        page.get_by_role("button", name="published SNR", exact=True).click()
        page.get_by_role("button", name="method", exact=True).focus()
        page.keyboard.press("Enter")
        names = column(page, 0)
        assert names == sorted(names)
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        assert page.locator("#study [aria-sort]").count() == 1
        architectures = column(page, 1)
        assert architectures == sorted(architectures)


def test_infinity_is_the_largest_and_what_has_no_number_comes_last_both_ways(opened, study, tmp_path):
    keys = {"10.0": "10.0", "-": "", "∞": "Infinity", "9.00": "9.0", "-0.20": "-0.2"}
    rows = [PageRow(values=[PageValue(text="m"), PageValue(text=text, key=key)]) for text, key in keys.items()]
    table = PageTable(
        caption="made", columns=[PageColumn(label="method", numeric=False), PageColumn(label="x")], rows=rows
    )
    path = write_page(tmp_path / "page.html", "report.html", **{**page_values(study), "table": table})
    with opened(path) as page:
        page.get_by_role("button", name="x", exact=True).click()
        assert column(page, 1) == ["-0.20", "9.00", "10.0", "∞", "-"]
        page.get_by_role("button", name="x", exact=True).click()
        assert column(page, 1) == ["∞", "10.0", "9.00", "-0.20", "-"]


def test_rows_are_filtered_by_words_and_by_architecture(opened, page_file):
    with opened(page_file) as page:
        every = page.locator("#study tbody tr").count()
        page.get_by_label("Find").fill("GRADCAM")
        assert set(column(page, 0)) == {"gradcam(layer=top)"}
        assert page.get_by_role("status").inner_text() == f"2 of {every} rows"
        page.get_by_role("combobox", name="Architecture").select_option("small")
        assert column(page, 1) == ["small"]
        page.get_by_label("Find").fill("no such method")
        assert page.get_by_role("status").inner_text() == f"0 of {every} rows"
        page.get_by_label("Find").fill("")
        page.get_by_role("combobox", name="Architecture").select_option("")
        assert page.locator("#study tbody tr:visible").count() == every


def test_without_script_all_is_there_and_nothing_that_does_not_work(opened, page_file, study):
    with opened(page_file, script=False) as page:
        assert page.locator("#study tbody tr:visible").count() >= len(study.result.cells)
        assert page.locator(".scripted:visible").count() == 0
        assert page.locator("button:visible").count() == 0


def downloaded(page, name):
    with page.expect_download() as waiting:
        page.locator(f"a[download='{name}']").click()
    assert waiting.value.suggested_filename == name
    return waiting.value.path().read_bytes()


def test_what_is_downloaded_is_what_was_computed(opened, page_file, study):
    with opened(page_file) as page:
        table = downloaded(page, "table.csv")
        classes = downloaded(page, "classes.csv")
        drawn = downloaded(page, "classes.svg")
        toml = page.locator("a[download='settings.toml']").get_attribute("href")
    read = pd.read_csv(io.BytesIO(table), keep_default_na=False, na_values=[""])
    facts = set(read.columns) - set(study.table_full.columns)
    pd.testing.assert_frame_equal(read.drop(columns=facts), study.table_full, check_dtype=False, check_exact=True)
    assert facts == {"saliencynoise", "created", "command"}
    assert len(pd.read_csv(io.BytesIO(classes))) > 0
    assert drawn.startswith(b"<?xml")
    assert toml.startswith("data:text/plain;base64,")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_fits_the_screen_and_is_not_blank(opened, page_file, width, dark, tmp_path):
    with opened(page_file, width=width, dark=dark) as page:
        for own in page.locator("details").all():
            own.evaluate("(own) => { own.open = true; }")
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        pixels = np.asarray(Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("L"))
        ground = np.median(pixels)
        assert (ground < 60) == dark
        assert 0.01 < (np.abs(pixels.astype(int) - ground) > 60).mean() < 0.5
        assert page.locator("img").evaluate_all("(all) => all.every((own) => own.complete && own.naturalWidth > 0)")


def test_on_paper_everything_is_open_and_light_and_no_link_is_lost(opened, page_file):
    with opened(page_file, width=700, dark=True) as page:
        assert page.pdf()[:4] == b"%PDF"
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator(".controls:visible, .downloads:visible, nav:visible").count() == 0
        hidden = page.locator(".card .facts").evaluate_all(
            "(all) => all.filter((own) => !own.checkVisibility()).length"
        )
        assert hidden == 0, "what is folded on a screen is open on paper"
        pixels = np.asarray(Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("L"))
        assert pixels.mean() > 200


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_to_complain_of(opened, page_file, dark):
    from axe_playwright_python.sync_playwright import Axe

    # axe is a script of its own, which the page's policy forbids
    with opened(page_file, dark=dark, bypass_csp=True) as page:
        for own in page.locator("details").all():
            own.evaluate("(own) => { own.open = true; }")
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
