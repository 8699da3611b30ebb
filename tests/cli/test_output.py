"""What commands print: quiet ones, hostile names, encodings that lack signs."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from saliencynoise.display.terminal import SafeConsole
from saliencynoise.engine.progress import Failures, Progress, observing
from saliencynoise.records.frontier import FrontierRecord
from saliencynoise.records.sanity import SanityRecord
from saliencynoise.records.variance import VarianceRecord
from tests.cli.calling import call
from tests.studies import record_with

SMALL = ["--train-images", "64", "--epochs", "1", "--device", "cpu", "--workers", "0"]
QUICK = [*SMALL, "--images", "2", "--method", "gradient"]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("pooled")
def test_a_quiet_bench_prints_where_its_results_lie_and_nothing_else(capsys, tmp_path):
    arguments = ("bench", *QUICK, "--members", "2", "--out", "place")
    assert call(capsys, *arguments, "--quiet") == (0, "place\n", "")
    assert (tmp_path / "place" / "result.json").exists()
    code, out, err = call(capsys, *arguments, "-q", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["folder"] == "place"


@pytest.mark.parametrize(
    ("command", "engine", "found"),
    [
        (("variance",), "saliencynoise.analyses.variance.run.run_variance", record_with(VarianceRecord, format=1)),
        (("sanity",), "saliencynoise.analyses.sanity.run.run_sanity", record_with(SanityRecord, format=1)),
        (("frontier",), "saliencynoise.analyses.frontier.run.run_frontier", record_with(FrontierRecord, format=1)),
        (("paper", "table"), "saliencynoise_paper.run.run_paper", {}),
    ],
    ids=["variance", "sanity", "frontier", "paper"],
)
def test_other_commands_hand_the_quiet_observer_on_and_print_the_place(capsys, monkeypatch, command, engine, found):
    observers = []
    monkeypatch.setattr(engine, lambda config, observer: observers.append(observer) or found)
    monkeypatch.setattr("saliencynoise.report.folder.write_run_report", lambda folder: folder)
    monkeypatch.setattr("saliencynoise_paper.poster.panels_of", lambda config, studies: [])
    assert call(capsys, *command, "--out", "place", "--quiet") == (0, "place\n", "")
    code, out, err = call(capsys, *command, "--out", "place", "-q", "--json")
    assert (code, err) == (0, "")
    json.loads(out)
    assert [type(observer) for observer in observers] == [Failures, Failures]


def test_train_names_its_pools(capsys):
    code, out, err = call(capsys, "train", *SMALL, "--members", "2", "--quiet")
    assert (code, err) == (0, "")
    assert all(Path(line).is_dir() for line in out.splitlines())
    assert len(out.splitlines()) == 1


def test_a_quiet_command_still_tells_errors(capsys):
    code, out, err = call(capsys, "bench", "--method", "gradcm", "--quiet")
    assert (code, out) == (2, "")
    assert "did you mean 'gradcam'" in err


def test_quiet_tells_failures_only():
    file = io.StringIO()
    observer = Failures(SafeConsole(file=file))
    job = SimpleNamespace(architecture="net", member=3)
    observer.event(job, {"kind": "trained", "accuracy": [1.0], "seconds": 1.0})
    assert file.getvalue() == ""
    observer.event(job, {"kind": "failed", "method": "m(x=1)", "error": "no \x1b[2Jmemory"})
    assert file.getvalue() == "net member 3 with m failed: no \\x1b[2Jmemory\n"
    with observing(quiet=True) as quiet:
        assert isinstance(quiet, Failures)
    with observing(quiet=False) as loud:
        assert isinstance(loud, Progress)


def test_forced_colours_draw_no_bar_into_a_log():
    assert not Progress(Console(file=io.StringIO(), force_terminal=True))._live


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "run\x1b]0;x\x07\r\n\u202e"),
        ("bench", "--method", "gradient\x1b[2J"),
        ("bench", "--no-such\x1b[2J"),
        ("compare", "a\udcff\x1b[31m", "b"),
        ("bench", "--dataset", "folder:/no\x9b2J"),
    ],
)
def test_an_error_is_one_harmless_line(capsys, arguments):
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\udcff]", err)


@pytest.mark.usefixtures("pooled")
def test_ascii_and_a_pipe(capsys):
    call(capsys, "bench", *QUICK, "--members", "2", "--out", "ü\N{SNOWMAN}", "--quiet")
    command = [sys.executable, "-m", "saliencynoise", "show", "ü\N{SNOWMAN}"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    text = done.stdout.decode("ascii")
    assert " inf\n" in text
    assert "\\xfc\\u2603" in text
    assert "\x1b" not in text
    assert max(map(len, text.partition("Next:")[0].splitlines())) <= 80
