"""Results in ./runs: listed, found by name or as the latest, shown and reported of every kind."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from saliencynoise.records.explanation import ExplanationRecord
from saliencynoise.records.frontier import FrontierRecord
from saliencynoise.records.sanity import SanityRecord
from saliencynoise.records.variance import VarianceRecord
from saliencynoise.records.writing import write_record
from tests.cli.calling import call
from tests.studies import make_study, noisy_maps, record_with

DATE = "2026-01-0{}T10:00:00+00:00"


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A bench, one of each analysis, an explanation, a damaged folder, a foreign one, and one that did not finish."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    folder = Path("runs")
    make_study(folder / "digits-net-12ab34", {("net", "gradient"): noisy_maps(members=3, images=2)})
    kinds = {"frontier": FrontierRecord, "sanity": SanityRecord, "variance": VarianceRecord}
    for day, (name, kind) in enumerate(kinds.items(), start=1):
        place = folder / f"{name}-digits-net-56cd7{day}"
        place.mkdir()
        write_record(place / f"{name}.json", record_with(kind, format=1, created=DATE.format(day)))
    pictures = folder / "cat-90ef12"
    pictures.mkdir()
    write_record(pictures / "explanation.json", record_with(ExplanationRecord, format=1, key="k"))
    os.utime(pictures / "explanation.json", (0, 0))
    for name, file in (("damaged-1", "sanity.json"), ("begun-1", "plan.json"), ("foreign", "notes.txt")):
        (folder / name).mkdir()
        (folder / name / file).write_text('{"format": 1}')
    return folder


def test_runs_lists_the_newest_first_with_kind_and_finding_and_names_the_damaged(runs, capsys):
    code, out, _ = call(capsys, "runs", "--json")
    assert code == 0
    entries = {entry["folder"]: entry for entry in json.loads(out)["runs"]}
    assert {entry.get("kind") for entry in entries.values()} == {
        *("bench", "frontier", "sanity", "variance", "explanation", None)
    }
    dates = [entry["created"] for entry in entries.values()]
    assert dates == sorted(dates, reverse=True)
    assert "SNR" in entries["runs/digits-net-12ab34"]["headline"]
    assert "sanity.json is damaged: " in entries["runs/damaged-1"]["problem"]
    assert entries["runs/begun-1"]["problem"] == "its run did not finish; run it again"
    assert entries["runs/foreign"]["problem"] == "no results of saliencynoise"
    printed = call(capsys, "runs")[1]
    assert printed.index("variance-digits-net") < printed.index("frontier-digits-net")


def test_without_results_runs_says_how_to_make_some(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "runs")[1] == "./runs holds no results; 'saliencynoise bench' makes the first\n"
    code, _, err = call(capsys, "show")
    assert (code, err) == (2, "error: ./runs holds no results; run 'saliencynoise bench', or name a folder\n")


def test_plan_takes_the_latest_bench_and_says_so(runs, capsys):
    code, out, err = call(capsys, "plan", "--json")
    assert (code, err) == (0, "the latest result: runs/digits-net-12ab34\n")
    assert json.loads(out)["cells"][0]["method"] == "gradient"


@pytest.mark.parametrize(
    "name", ["digits-net-12ab34", "digits", "12ab34", "12a", "runs/digits-net-12ab34", "digits-net"]
)
def test_a_result_is_found_by_its_name_a_beginning_or_the_last_part(runs, capsys, name):
    code, out, _ = call(capsys, "show", name, "--json")
    assert code == 0
    assert json.loads(out)["folder"] == "runs/digits-net-12ab34"


@pytest.mark.parametrize("name", ["frontier", "sanity", "variance", "cat"])
def test_show_takes_every_kind(runs, capsys, name):
    code, out, _ = call(capsys, "show", name, "--json")
    assert code == 0
    assert Path(json.loads(out)["folder"]).name.startswith(name)


def test_show_prints_each_picture_of_an_explanation_as_explain_did(runs, capsys):
    picture = {
        "picture": "cat.png",
        "size": [8, 8],
        "explained": {"index": 1, "class": "cat"},
        "vote": {"index": 1, "class": "cat"},
        "classes": [{"index": 1, "class": "cat", "probability": 0.75, "votes": 1}],
        "members": [{"member": 0, "class": "cat", "probability": 0.75}],
        "methods": [{"method": "gradient", "reliability": {"value": 0.5, "interval": None}}],
        "warnings": [{"kind": "members", "text": "1 members"}],
        "files": {"html": "cat.html"},
    }
    record = record_with(ExplanationRecord, format=1, key="k", explanations=[picture])
    write_record(runs / "cat-90ef12" / "explanation.json", record)
    code, out, _ = call(capsys, "show", "cat")
    assert code == 0
    assert "cat.png: 'cat' (1 of 1 members, mean probability 75%)" in out
    assert "gradient" in out
    assert "0.50" in out
    assert "warning: 1 members" in out
    assert "page: runs/cat-90ef12/cat.html" in out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["show", "56cd7"], "'56cd7' may be frontier-digits-net-56cd71, sanity-digits-net-56cd72, variance-"),
        (["show", "runs/digts-net-12ab34"], "did you mean 'digits-net-12ab34'"),
        (["report", "foreign"], "runs/foreign holds no results, which are one of result.json, explanation.json"),
        (["show", "begun-1"], "its run did not finish; run it again"),
        (["show", "damaged-1"], "runs/damaged-1/sanity.json is damaged: "),
        (["report", "damaged-1"], "runs/damaged-1/sanity.json is damaged: "),
        (["show", "runs/foreign/notes.txt"], "runs/foreign/notes.txt is a file; name the folder of the results"),
        (
            ["plan", "sanity"],
            "holds the results of sanity, and here those of bench are needed; the latest are in digits-",
        ),
        (
            ["compare", "zzz"],
            "there is no folder zzz, and no result of that name in ./runs; 'saliencynoise runs' lists",
        ),
    ],
)
def test_what_cannot_be_read_is_one_line(runs, capsys, command, words):
    code, out, err = call(capsys, *command)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_the_report_of_an_explanation_is_the_page_that_explain_wrote(runs, capsys):
    assert "has no page index.html" in call(capsys, "report", "cat")[2]
    (runs / "cat-90ef12" / "index.html").write_text("<html>" + 2000 * "x")
    code, out, _ = call(capsys, "report", "cat")
    assert code == 0
    assert out.startswith("Report in runs/cat-90ef12/index.html (2 kB, 0.")
    assert call(capsys, "report", "cat", "--out", "copy.html", "--quiet")[1] == "copy.html\n"
    assert Path("copy.html").read_text().startswith("<html>x")
