"""A report of every kind of run, from its folder; and of no other folder."""

import json

import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise.records.frontier import FrontierRecord
from saliencynoise.records.sanity import SanityRecord
from saliencynoise.records.variance import VarianceRecord
from saliencynoise.report.folder import write_run_report
from tests.analyses.frontier import test_table as test_frontier
from tests.analyses.sanity import test_table as test_sanity
from tests.analyses.variance import test_table as test_variance
from tests.studies import filled

MADE = {"created": "2026-01-01T00:00:00+00:00", "device": "cpu"}
HOSTILE = "<script>window.hacked=1</script>"


def frontier():
    rows = [test_frontier.row(price=p, members=n, method=HOSTILE) for n, p in ((2, 1.1), (8, 1.4))]
    reference = {"architecture": "test_resnet", "method": HOSTILE, "status": "ok", "snr": 0.4}
    document = test_frontier.document(*rows, references=[{**reference, "interval": {"low": 0.3, "high": 0.5}}])
    return {**document, **MADE}


def variance():
    share = test_variance.share(0.2, 0.1, 0.3)
    drawn = test_variance.row(method="lime", energy=dict.fromkeys(("signal", "network", "draw", "residual"), share))
    document = test_variance.document(
        test_variance.row(method=HOSTILE), drawn, {**test_variance.FAILED, "reason": HOSTILE}
    )
    return {**document, "created": MADE["created"], "study": {**document["study"], **MADE}}


def sanity():
    document = test_sanity.document(test_sanity.row(method=HOSTILE), test_sanity.row(view="magnitude"))
    return {**document, "created": MADE["created"], "study": {**document["study"], **MADE}}


RECORDS = {"frontier": FrontierRecord, "variance": VarianceRecord, "sanity": SanityRecord}
RECORDS = {"frontier": FrontierRecord, "variance": VarianceRecord, "sanity": SanityRecord}
KINDS = {
    "frontier": (frontier, "Is there something cheaper than retraining?", "is worth 1.62 [1.20, 2.31] networks"),
    "variance": (variance, "Which randomness makes the noise?", "training is chaotic"),
    "sanity": (sanity, "Would untrained networks show the same?", "an edge detector"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_run_has_a_page(kind, tmp_path, opened):
    from axe_playwright_python.sync_playwright import Axe

    make, question, words = KINDS[kind]
    (tmp_path / f"{kind}.json").write_text(json.dumps(filled(RECORDS[kind], make())))
    path = write_run_report(tmp_path)
    assert path == tmp_path / "report.html"
    with opened(path, width=360, bypass_csp=True) as page:
        assert page.locator("h1").inner_text() == question
        assert words in page.locator("#summary").inner_text()
        assert page.locator("#figures tbody tr").count() > 1
        assert page.locator("img").evaluate_all("(all) => all.every((own) => own.complete && own.naturalWidth > 0)")
        assert page.locator("img").count() == 1
        assert HOSTILE in page.locator("main").inner_text()
        assert page.evaluate("window.hacked") is None
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


def test_a_damaged_run_is_named(tmp_path):
    (tmp_path / "sanity.json").write_text(json.dumps({**filled(SanityRecord, sanity()), "rows": [{}]}))
    with pytest.raises(UsageError, match=r"sanity.json is damaged: rows\[0\] has no status; run: saliencynoise sanity"):
        write_run_report(tmp_path)


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"holds none of result\.json, frontier\.json, .*; name the folder of a run"):
        write_run_report(tmp_path)


def test_an_unfinished_run_is_told_to_go_on(tmp_path):
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(UsageError, match="its run did not finish"):
        write_run_report(tmp_path)
