"""Hostile names everywhere: nothing runs, nothing breaks, with the page's policy and by escaping alone."""

import re

import pandas as pd
import pytest
from matplotlib.figure import Figure

from saliencynoise.display.figures.captioned import CaptionedFigure, MissingFigure
from saliencynoise.display.page.figures import Download, PageFigure
from saliencynoise.display.page.page import render
from saliencynoise.records.writing import json_of
from saliencynoise.report.html.study import page_values
from tests.studies import make_study, noisy_maps, study_of

pytest.importorskip("playwright.sync_api")

HOSTILE = (
    "<script>window.hacked=1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "' onmouseover='window.hacked=1' autofocus onfocus='window.hacked=1",
    "javascript:window.hacked=1",
    'http://example.org/" onclick="window.hacked=1',
    "https://example.org/<svg onload=window.hacked=1>",
    "{{ 7*7 }}{% set x = 1 %}${window.hacked=1}",
    "</style><script>window.hacked=1</script>",
    "</title></pre></details></table><svg/onload=window.hacked=1>",
    "]]><!-- <script>window.hacked=1</script> -->",
    "$x$ \\frac{ $",
    "a\x00b\x07\x1b[31m\x7f\x85",
    "lone \ud800 surrogate",
    "\u202egnp.exe",
    "x" * 10_000,
    "<b>" * 1_000,
    "\u2028\u2029\ufeff\ufffe",
)
IN_FILES = [text for text in HOSTILE if not re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", text) and len(text) < 200]
"""What a file of Parquet, and a font, can hold."""


def hostile(value, texts, at):
    """A document with a hostile text after each text that has no meaning to the program."""
    if isinstance(value, dict):
        return {key: hostile(own, texts, at) for key, own in value.items()}
    if isinstance(value, list):
        return [hostile(own, texts, at) for own in value]
    if isinstance(value, str):
        at[0] += 1
        return value + texts[at[0] % len(texts)]
    return value


@pytest.fixture(scope="module", params=range(3))
def attacked(request, tmp_path_factory):
    """A study whose every text is an attack; over three of them each place has seen several."""
    shift, count = request.param, len(IN_FILES)
    names = [IN_FILES[(shift * 5 + i) % count] for i in range(6)]
    maps = {
        (f"net{name}", f"mine/{i}{names[-i]}"): noisy_maps(members=3, images=4, snr=2.0)
        for i, name in enumerate(names[:3])
    }
    maps[f"net{names[0]}", "mine/failed"] = f"member 1: {HOSTILE[shift]}"
    folder = tmp_path_factory.mktemp("attacked") / "run"
    study = make_study(folder, maps, classes=[f"cat{names[3]}", f"dog{names[4]}"], dataset=f"data{names[5]}")
    result, at = json_of(study.result), [shift]
    result["sampler"] = {"name": "s", "label": "s", "distribution": "d", "trains": True, "at_chance": "", "runs": 1}
    result["methods"] = [
        {
            **dict.fromkeys(("name", "distribution", "library", "summary", "family", "kind", "paper", "cost"), "x"),
            "label": cell["method"],
            "stochastic": False,
            "views": ["signed"],
            "parameters": {f"key{HOSTILE[shift]}": "value"},
        }
        for cell in result["cells"]
    ]
    result["methods"] = [{**hostile(own, HOSTILE, at), "label": own["label"]} for own in result["methods"]]
    for key in ("versions", "hardware", "settings", "sampler"):
        result[key] = hostile(result[key], HOSTILE, at)
    result["versions"] |= {f"key{HOSTILE[shift + 3]}": "value", "torch": result["versions"]["torch"]}
    result["settings"]["recipe"] = {HOSTILE[shift]: HOSTILE[-shift], "epochs": 2}
    result["settings"]["archs"] = list(HOSTILE)
    result["dataset"]["notes"] = list(HOSTILE)
    result["dataset"]["key"] = HOSTILE[shift + 1]
    for own in result["architectures"]:
        own |= {"pool": HOSTILE[shift + 2], "distribution": HOSTILE[shift + 6], "adaptations": list(HOSTILE)}
        own["members"] = [
            {**member, "flag": HOSTILE[shift + 4], "source": HOSTILE[shift + 5]} for member in own["members"]
        ]
    for cell in result["cells"]:
        cell["diagnostics"] = {f"error{text}": {"median": 0.0, "max": 1.0} for text in HOSTILE[:4]}
        if cell["status"] == "failed":
            cell["reason"] = "".join(HOSTILE)
    for image, text in zip(result["images"], HOSTILE[shift * 4 :], strict=False):
        image["name"] = text
    return study_of(folder, **result)


@pytest.mark.parametrize("bypass", [False, True])
def test_no_script_of_a_name_runs(opened, attacked, tmp_path, bypass):
    path = attacked.report(tmp_path / "report.html")
    with opened(path, bypass_csp=bypass) as page:
        for own in page.locator("details").all():
            own.evaluate("(own) => { own.open = true; }")
        page.get_by_label("Find").fill("<script>")
        page.get_by_role("button", name="method", exact=True).click()
        for heading in page.locator("#study thead button").all():
            heading.hover()
        assert page.evaluate("window.hacked") is None
        assert page.locator("script").count() == 1
        assert page.locator("main svg, main iframe, main b:not(.intro b), main [onclick], main [onfocus]").count() == 0
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        assert page.locator("a").evaluate_all(
            "(all) => all.every((own) => /^(#|data:|https?:)/.test(own.getAttribute('href')))"
        )
        assert page.locator("a[href^=http]:not([rel~=noopener])").count() == 0
        assert "{{ 7*7 }}" in page.locator("#warnings").inner_text()


def test_hostile_figures_run_nothing_either(opened, attacked, tmp_path):
    values = page_values(attacked)
    texts = "".join(HOSTILE)
    svg = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><script>parent.hacked=1;window.hacked=1</script></svg>"
    captioned = CaptionedFigure(
        name="a", title=texts, caption=texts, alt=texts, notes=[texts], figure=Figure(), data=pd.DataFrame()
    )
    download = Download(name=texts, address="data:,", words=texts)
    values["figures"] = [
        PageFigure(captioned=captioned, kind="svg", address=svg, width=9, height=9, download=download),
        MissingFigure(name="b", title=texts, reason=texts),
    ]
    path = tmp_path / "page.html"
    path.write_text(render("report.html", **values))
    with opened(path, bypass_csp=True) as page:
        assert page.evaluate("window.hacked") is None
        assert page.locator("figure").count() == 1


def test_a_notebook_shows_no_script(opened, attacked, tmp_path):
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><meta charset='utf-8'>{attacked._repr_html_()}")
    with opened(path) as page:
        assert page.evaluate("window.hacked") is None
        assert page.locator("script, img, svg").count() == 0
        assert page.locator("tbody tr").count() == len(attacked.result.cells)


def test_the_attack_would_work_if_it_were_not_for_escaping(opened, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(f"<!doctype html><meta charset='utf-8'>{HOSTILE[0]}")
    with opened(path) as page:
        assert page.evaluate("window.hacked") == 1
