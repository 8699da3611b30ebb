"""`dream` on the command line: errors of one line, and one small dream with members that it trains."""

from __future__ import annotations

import json

import pytest

from tests.cli.calling import call

SMALL = [
    "--train-images",
    "256",
    "--epochs",
    "2",
    "--device",
    "cpu",
    "--workers",
    "0",
    "--octaves",
    "1",
    "--steps",
    "2",
]
CASES = [
    (["--class", "twelve"], ["--class twelve is no class of the data set", "0 to 9"]),
    (["--class", "[red]"], ["--class [red] is no class"]),
    (["--class", "3", "--layer", "top"], ["--class or --layer, not both"]),
    (["--layer", "layer9.conv"], ["no layer 'layer9.conv'", "did you mean 'layer"]),
    (["missing.png"], ["cannot read the picture missing.png", "name an image file"]),
    (["--arch", "restnet18"], ["restnet18"]),
    (["--members", "0"], ["--members 0"]),
    (["--held-out", "0"], ["--held-out 0"]),
    (["--gradient", "median"], ["--gradient median"]),
    (["--jitter", "40"], ["--jitter 40 is too large for pictures of 16 pixels"]),
    (["--step-size", "nan"], ["--step-size nan"]),
    (["--octaves", "0"], ["--octaves 0 is not possible", "1 or more"]),
    (["--normalization", "odd"], ["--normalization odd is unknown"]),
    (["--device", "gpu"], ["--device gpu"]),
    (["--pool", "nowhere"], ["nowhere"]),
    (["--arch-arg", "depth"], ["--arch-arg"]),
]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("arguments", "words"), CASES, ids=[" ".join(case[0]) for case in CASES])
def test_bad_input(arguments, words, tmp_path, capsys):
    code, out, err = call(capsys, "dream", *arguments)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    assert all(word in line for word in words)
    assert not [path for path in tmp_path.iterdir() if path.name != "cache"]


def test_members_are_trained_dream_and_are_judged(capsys, tmp_path):
    arguments = [*SMALL, "--members", "2", "--held-out", "1", "--class", "3", "--class", "7"]
    code, out, err = call(capsys, "dream", *arguments, "--gif")
    assert code == 0
    assert "ensemble: more than single" in out
    assert "scores.csv, objective.csv" in out
    assert "dreaming" in err
    (folder,) = (tmp_path / "runs").iterdir()
    assert {path.name for path in folder.iterdir()} - {".lock"} == {
        *(
            "report.html",
            "dream.json",
            "dreams.png",
            "dreams.svg",
            "dreams.pdf",
            "objective.csv",
            "scores.csv",
            "steps.gif",
            "pictures",
            "large",
        )
    }
    code, out, err = call(capsys, "dream", *arguments, "--layer", "top", "--json")
    assert code == 2
    code, out, err = call(
        capsys, "dream", *SMALL, "--members", "2", "--held-out", "1", "--layer", "top", "--json", "--quiet"
    )
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["of"] == {"kind": "layer", "names": ["top"]}
    code, out, _ = call(capsys, "dream", *arguments, "--quiet")
    assert (code, out.strip()) == (0, str(folder.relative_to(tmp_path)))


def test_a_pool_of_another_normalisation_is_dreamt_from_where_that_is_named(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(tmp_path / "cache"))
    own = [*SMALL, "--held-out", "1", "--class", "3", "--quiet"]
    assert call(capsys, "dream", *own, "--members", "2", "--normalization", "0.25/0.3")[0] == 0
    (pool,) = (path.parent for path in (tmp_path / "cache" / "pools").glob("*/pool.json"))
    code, out, _ = call(capsys, "dream", *own, "--pool", str(pool), "--normalization", "0.25/0.3", "--out", "again")
    assert (code, out) == (0, "again\n")
    code, _, err = call(capsys, "dream", *own, "--pool", str(pool))
    assert code == 2
    assert "was trained on other data" in err
