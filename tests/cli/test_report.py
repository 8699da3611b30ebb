"""`saliencynoise report`, and the report that a bench leaves: it never costs a result."""

import json

import pytest

from tests.cli.calling import call
from tests.studies import make_study, noisy_maps


@pytest.fixture
def study(tmp_path):
    maps = {("net", "gradient"): noisy_maps(members=3, images=2), ("net", "lime"): "no layer"}
    return make_study(tmp_path / "run", maps)


def test_a_report_lies_in_the_runs_folder_or_where_it_was_asked_for(capsys, study, tmp_path):
    code, out, err = call(capsys, "report", study.folder)
    assert (code, err) == (0, "")
    page = (study.folder / "report.html").read_text()
    assert str(study.folder / "report.html") in out
    assert "<h1>" in page
    assert "no layer" in page
    code, out, _ = call(capsys, "report", study.folder, "--out", tmp_path / "other.html", "--quiet")
    assert (code, out) == (0, f"{tmp_path / 'other.html'}\n")
    assert (tmp_path / "other.html").read_text() == page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "there is no folder nowhere, and no result of that name in ./runs"),
        (("RUN", "--out", "/proc/no/where.html"), "/proc/no"),
    ],
)
def test_bad_input_is_one_line(capsys, study, arguments, words):
    code, out, err = call(capsys, "report", *[study.folder if own == "RUN" else own for own in arguments])
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert words in err


@pytest.fixture
def made(study, monkeypatch):
    """A bench that is done at once."""
    monkeypatch.setattr("saliencynoise.engine.run.run", lambda *_: study)
    return study


def test_a_bench_leaves_a_report_beside_its_table(capsys, made):
    code, out, err = call(capsys, "bench")
    assert code == 1, "a cell failed, as without a report"
    assert "gradient" in out
    assert (made.folder / "report.html").exists()
    assert "report.html" in err


def test_json_stays_one_document(capsys, made):
    _, out, _ = call(capsys, "bench", "--json")
    assert json.loads(out)["cells"]
    assert (made.folder / "report.html").exists()


def test_no_report_when_none_is_wanted(capsys, made):
    _, out, err = call(capsys, "bench", "--no-report")
    assert "gradient" in out
    assert "report" not in err
    assert not (made.folder / "report.html").exists()


def test_a_report_that_cannot_be_made_costs_nothing(capsys, made, monkeypatch):
    def broken(*_):
        raise ValueError("no\nfont")

    before = call(capsys, "bench", "--no-report")
    monkeypatch.setattr("saliencynoise.report.folder.write_report", broken)
    code, out, err = call(capsys, "bench")
    assert (code, out) == before[:2]
    assert err == "warning: cannot write the report: ValueError: no font; the results are complete\n"
