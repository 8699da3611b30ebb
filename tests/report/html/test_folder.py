"""A report of every kind of run, from its folder; and of no other folder."""

import json

import pytest
from msgspec.structs import replace

from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of
from saliencynoise.report.folder import write_run_report
from tests.analyses.frontier import test_table as test_frontier
from tests.analyses.sanity import test_table as test_sanity
from tests.analyses.variance import test_table as test_variance

HOSTILE = "<script>window.hacked=1</script>"


def frontier():
    rows = [test_frontier.row(price=p, members=n, method=HOSTILE) for n, p in ((2, 1.1), (8, 1.4))]
    reference = {"architecture": "test_resnet", "method": HOSTILE, "view": "signed", "snr": 0.4}
    return test_frontier.record(*rows, references=[{**reference, "interval": {"low": 0.3, "high": 0.5}}])


def variance():
    share = test_variance.share(0.2, 0.1, 0.3)
    drawn = test_variance.row(method="lime", energy=dict.fromkeys(("signal", "network", "draw", "residual"), share))
    failed = replace(test_variance.FAILED, reason=HOSTILE)
    return test_variance.record(test_variance.row(method=HOSTILE), drawn, failed)


def sanity():
    return test_sanity.record(test_sanity.row(method=HOSTILE), test_sanity.row(view="magnitude"))


KINDS = {
    "frontier": (frontier, "Is there something cheaper than retraining?", "equals 1.62 [1.20, 2.31] networks"),
    "variance": (variance, "Which randomness makes the noise?", "training is chaotic"),
    "sanity": (sanity, "Would untrained networks show the same?", "an edge detector"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_run_has_a_page(kind, tmp_path, opened):
    from axe_playwright_python.sync_playwright import Axe

    make, question, words = KINDS[kind]
    (tmp_path / f"{kind}.json").write_text(json.dumps(json_of(make())))
    path = write_run_report(tmp_path)
    assert path == tmp_path / "report.html"
    with opened(path, width=360, bypass_csp=True) as page:
        assert page.locator("h1").inner_text() == question
        assert words in page.locator("#summary").inner_text()
        assert "Not drawn" in page.locator("#pictures").inner_text(), (
            "the maps are gone, and no empty axes stand for them"
        )
        assert "Made with saliencynoise" in page.locator("#made").inner_text()
        assert page.locator("#definitions dt").count() > 3
        assert page.locator("#figures tbody tr").count() > 1
        assert page.locator("img").evaluate_all("(all) => all.every((own) => own.complete && own.naturalWidth > 0)")
        assert page.locator("img").count() == {"sanity": 2}.get(kind, 1)
        assert HOSTILE in page.locator("main").inner_text()
        assert page.evaluate("window.hacked") is None
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


def test_a_damaged_run_is_named(tmp_path):
    (tmp_path / "sanity.json").write_text(json.dumps({**json_of(sanity()), "rows": [{}]}))
    with pytest.raises(UsageError, match=r"sanity.json is damaged: rows\[0\] has no status; run: saliencynoise sanity"):
        write_run_report(tmp_path)


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"holds none of result\.json, frontier\.json, .*; name the folder of a run"):
        write_run_report(tmp_path)


def test_an_unfinished_run_is_told_to_go_on(tmp_path):
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(UsageError, match="its run did not finish"):
        write_run_report(tmp_path)
