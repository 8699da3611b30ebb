"""Odd input: places that are no folders, endless files, numbers without bounds. One line, exit code 2, at once."""

from __future__ import annotations

import os

import pytest

from tests.cli.calling import call
from tests.studies import make_study, noisy_maps

pytestmark = pytest.mark.skipif(os.name == "nt", reason="devices and bytes of POSIX")

CASES = [
    (["bench", "--out", ""], ["--out '' names no folder"]),
    (["bench", "--out", "a\udcff"], ["'a\\udcff' is no UTF-8"]),
    (["bench", "--out", "/dev/null"], ["/dev/null"]),
    *(
        ([*command.split(), "--out", out], [words])
        for command in ("variance", "sanity", "frontier", "dream", "paper table", "explain many")
        for out, words in (("", "--out '' names no folder"), ("a\udcff", "'a\\udcff' is no UTF-8"))
    ),
    (["bench", "--config", "/dev/zero"], ["--config /dev/zero is longer than 1048576 bytes"]),
    (["bench", "--config", "deep.toml"], ["--config deep.toml is not valid TOML: nested too deeply"]),
    (["bench", "--epochs", "1000000000"], ["epochs is 1000000000", "100000 at most"]),
    (["bench", "--method", "smoothgrad(samples=100000000000000000000)"], ["is too large", "at most 1000000000"]),
    (["bench", "--method", "gradcam(layer=" + "a" * 10**6], ["has 1000014 characters", "10000 at most"]),
    (["bench", "--method", "gradcam(layer=" + "(" * 3000 + ")" * 3000 + ")"], ["gradcam"]),
    (["bench", "--members", "100000"], ["--members 100000 is not possible"]),
    (["bench", "--target", "9" * 5000], ["--target 99", "(5000 letters)", "or 0 to 9"]),
    (["bench", "--device", "cuda:" + "9" * 5000], ["(5000 letters)"]),
    (["bench", "--groups", "/dev/zero"], ["the groups '/dev/zero' are longer than 67108864 letters"]),
    (["bench", "--dataset", "x" * 10**6], ["unknown data set", "(1000000 letters)"]),
    (["frontier", "--budgets", "9" * 5000], ["--budgets 99", "give whole numbers with commas"]),
    (["explain", "x\0y"], ["'x\\x00y' names no picture"]),
    (["explain", "many"], ["the folder many holds more than 20 files"]),
]


@pytest.mark.parametrize(("arguments", "words"), CASES, ids=[str(place) for place in range(len(CASES))])
def test_odd_input_is_refused_in_a_line(arguments, words, tmp_path, capsys, monkeypatch):
    from saliencynoise.explanation import pictures

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pictures, "MOST_FILES", 20)
    (tmp_path / "deep.toml").write_text("a = " + "[" * 5000 + "]" * 5000)
    (tmp_path / "many").mkdir()
    for place in range(22):
        (tmp_path / "many" / f"{place}.txt").touch()
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    assert len(line) < 10_000
    assert all(word in line for word in words), line
    assert {path.name for path in tmp_path.iterdir()} <= {"deep.toml", "many", "cache"}


def test_a_report_replaces_no_device_and_no_folder(tmp_path, capsys):
    made = make_study(tmp_path / "made", {("net", "a"): noisy_maps(members=3, images=2)})
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    places = {"": "names no file", tmp_path / "pipe": "it is a device or a pipe", tmp_path / "folder": "Is a directory"}
    for place, words in places.items():
        code, _, err = call(capsys, "report", made.folder, "--out", place)
        assert code == 2
        assert words in err
    assert not (tmp_path / "pipe").is_file()
