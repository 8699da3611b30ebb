"""`saliencynoise explain`, end to end: files, exit codes, JSON, hostile names."""

from __future__ import annotations

import json
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from saliencynoise.cli import main
from saliencynoise.display.numbers import percent
from saliencynoise.engine.failures import FailedCellError
from saliencynoise.explanation import method
from saliencynoise.store.atomic import write_json

DIGIT = Path(__file__).parents[2] / "examples" / "digit.png"
TINY = [
    "--members",
    "3",
    "--train-images",
    "64",
    "--epochs",
    "1",
    "--device",
    "cpu",
    "--workers",
    "0",
    "--method",
    "gradient",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A cache that holds three members, trained by the command itself."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("first"))
        patch.setenv("SALIENCYNOISE_CACHE", str(folder))
        with pytest.raises(SystemExit) as stop:
            main(["explain", str(DIGIT), *TINY])
        assert stop.value.code == 0
        (folder_of_results,) = Path("runs").iterdir()
        assert re.fullmatch("digit-[0-9a-f]{6}", folder_of_results.name)
        assert (folder_of_results / "digit.html").is_file()
    return folder


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch, trained):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(trained))


def explain(*arguments, code=0):
    with pytest.raises(SystemExit) as stop:
        main(["explain", *map(str, arguments), *TINY])
    assert stop.value.code == code


class Tags(HTMLParser):
    """Counts tags, and keeps the text and the addresses of images."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self.images = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs)["src"])

    def handle_data(self, data):
        self.text += data


def test_one_picture_gives_a_figure_a_page_its_maps_and_all_figures(capsys):
    explain(DIGIT, "--out", "here")
    said = capsys.readouterr().out
    assert sorted(path.name for path in Path("here").iterdir() if path.name != ".lock") == [
        "digit.html",
        "digit.npz",
        "digit.png",
        "explanation.json",
    ]
    with Image.open("here/digit.png") as figure:
        assert figure.width > 1000
    maps = np.load("here/digit.npz")
    assert maps["gradient/maps"].shape == (3, 1, 16, 16)
    np.testing.assert_allclose(maps["gradient/marginal"], maps["gradient/maps"].mean(0), atol=1e-6)
    (document,) = json.loads(Path("here/explanation.json").read_text())["explanations"]
    assert document["members"][2]["member"] == 2
    assert document["methods"][0]["reliability"]["interval"]["words"].startswith("for this picture")
    page = Tags(Path("here/digit.html").read_text())
    assert page.text.count("gradient") >= 1
    assert all(address.startswith("data:") for address in page.images)
    for warning in document["warnings"]:
        assert warning["text"] in " ".join(page.text.split())
        assert warning["text"] in " ".join(said.split())


def test_json_is_one_document_and_quiet_prints_the_folder_only(capsys):
    explain(DIGIT, "--out", "here", "--json", "--quiet")
    document = json.loads(capsys.readouterr().out)
    assert document["folder"] == "here"
    assert document["explanations"] == json.loads(Path("here/explanation.json").read_text())["explanations"]
    explain(DIGIT, "--out", "there", "-q")
    found = capsys.readouterr()
    assert (found.out, found.err) == ("there\n", "")


def test_an_inverted_picture_is_warned_of(capsys):
    with Image.open(DIGIT) as image:
        ImageOps.invert(image).save("inverted.png")
    explain("inverted.png", "--json", "--quiet")
    (document,) = json.loads(capsys.readouterr().out)["explanations"]
    assert any("unlike the training pictures: brightness" in own["text"] for own in document["warnings"])


def test_a_batch_goes_on_past_a_file_that_cannot_be_read(capsys):
    for name in ("in/a/7.png", "in/b/7.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(DIGIT, name)
    Path("in/broken.png").write_bytes(b"no picture")
    explain("in", "--out", "here", code=1)
    assert "broken.png: left out, as it cannot be read: not an image" in capsys.readouterr().out
    assert {path.name for path in Path("here").iterdir()} >= {"index.html", "a-7.html", "b-7.html"}
    index = Tags(Path("here/index.html").read_text())
    assert "a/7.png" in index.text
    assert "broken.png: not an image that can be read" in index.text
    document = json.loads(Path("here/explanation.json").read_text())
    assert document["left_out"] == [{"picture": "broken.png", "reason": "not an image that can be read"}]
    one, two = document["explanations"]
    assert one["methods"] == two["methods"]  # the same picture, of the same name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.png"], "none.png cannot be read: no such file or directory; name an image file"),
        ([DIGIT, "--target", "ten"], "--target ten is no class of the data set; there are 0, 1"),
        ([DIGIT, "--aggregator", "mean_logits"], "--aggregator mean_logits makes one network"),
        ([DIGIT, "--pool", "nowhere"], "begins with 'nowhere'"),
        ([DIGIT, "--sampler", "fusiongrad"], "the sampler fusiongrad adds noise to pictures"),
        (["."], "holds no image files"),
    ],
)
def test_what_cannot_be_used_is_named_with_exit_code_2(arguments, message, capsys):
    explain(*arguments, code=2)
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_pool_needs_no_architecture_and_refuses_another(trained, capsys):
    (pool,) = (path.parent for path in (trained / "pools").glob("*/pool.json"))
    explain(DIGIT, "--pool", pool, "-q")
    explain(DIGIT, "--pool", pool, "--arch", "resnet18", code=2)
    assert "--arch resnet18 is not the pool's architecture, test_resnet" in capsys.readouterr().err


def test_the_description_of_another_pool_is_refused(trained, capsys):
    """Both are sound, and networks would be built and pictures normalised as in the other pool."""
    (pool,) = (path.parent for path in (trained / "pools").glob("*/pool.json"))
    path, whole = pool / "pool.json", (pool / "pool.json").read_bytes()
    document = json.loads(whole)
    document["identity"]["run_seed"] += 1
    write_json(path, document)
    try:
        explain(DIGIT, "--pool", pool, code=2)
    finally:
        path.write_bytes(whole)
    assert f"{path} is damaged, or not this folder's" in capsys.readouterr().err


def test_the_pictures_themselves_are_never_overwritten(capsys):
    shutil.copy(DIGIT, "7.png")
    explain("7.png", "--out", ".", code=2)
    assert "would overwrite the picture" in capsys.readouterr().err
    assert Path("7.png").read_bytes() == DIGIT.read_bytes()


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("notes.txt", "notes.txt is a file; name a folder"),
        ("notes.txt/below", "notes.txt is a file; name a folder"),
        ("7.png", "7.png is a file; name a folder"),
        ("full", "--out full holds other files and no explanation.json; name an empty or a new folder"),
    ],
)
def test_places_that_are_taken_are_refused_before_anything_is_trained(out, message, monkeypatch, capsys):
    shutil.copy(DIGIT, "7.png")
    Path("notes.txt").write_text("mine")
    Path("full").mkdir()
    Path("full/7.html").write_text("mine")
    monkeypatch.setattr("saliencynoise.explanation.run.trained_ensemble", None)  # a call would fail otherwise
    explain("7.png", "--out", out, code=2)
    assert message in capsys.readouterr().err
    assert Path("full/7.html").read_text() == Path("notes.txt").read_text() == "mine"


def test_each_picture_and_each_setting_has_a_folder_of_its_own(capsys):
    for name in ("a/x.png", "b/x.png"):
        Path(name).parent.mkdir()
        shutil.copy(DIGIT, name)

    def folder(*arguments):
        explain(*arguments, "-q")
        return capsys.readouterr().out

    calls = [("a/x.png",), ("b/x.png",), ("a/x.png", "--method", "occlusion"), ("a/x.png", "--target", "3")]
    found = [folder(*call) for call in calls]
    assert len(set(found)) == len(calls)
    assert folder(Path("a/x.png").absolute()) == found[0]  # and the run before it is replaced


def test_an_aggregator_that_fails_costs_its_map_only_and_reliability_says_of_what_it_is(monkeypatch, capsys):
    def refuse(aggregator, maps):
        raise FailedCellError("too few members")

    monkeypatch.setattr(method, "aggregate", refuse)
    explain(DIGIT, "--out", "here", "--aggregator", "median", "--method", "smoothgrad(samples=2)", code=1)
    said = " ".join(capsys.readouterr().out.split())
    page = " ".join(Tags(Path("here/digit.html").read_text()).text.split())
    (document,) = json.loads(Path("here/explanation.json").read_text())["explanations"]
    for own in document["methods"]:
        assert (own["status"], own["reason"]) == ("failed", "too few members")
        assert own["reliability"]["value"] is not None
        for text in (said, page):
            assert f"{own['method']} has no marginal map: too few members" in text
            assert f"{own['reliability']['interval']['high']:.2f}]" in text
    for text in (said, page):
        assert "Reliability is that of the mean of unit-norm maps, not of the marginal map by median." in text
        assert "2 draws" not in text, "the draw that members share serves no map"
    assert "its marginal map failed" in page


def test_the_share_is_the_same_in_figure_table_and_maps(monkeypatch, capsys):
    from saliencynoise.explanation import figure as figures

    drawn = []
    real = figures.draw
    monkeypatch.setattr(figures, "draw", lambda rows, **how: drawn.extend(rows) or real(rows, **how))
    explain(DIGIT, "--out", "here")
    significant = np.load("here/digit.npz")["gradient/significant"]
    np.testing.assert_array_equal(drawn[0].average.significant, significant)
    (document,) = json.loads(Path("here/explanation.json").read_text())["explanations"]
    assert document["methods"][0]["significant_share"] == significant.mean() == drawn[0].average.share
    shown = percent(significant.mean())
    assert f"{shown} of values significant" in figures._words(drawn[0])
    assert f"<td>{shown}</td>" in Path("here/digit.html").read_text()
    assert f" {shown}\n" in capsys.readouterr().out


def test_hostile_names_do_no_harm(capsys):
    name = "<script>alert(1)<\u002fscript>[red]$x$.png".replace("/", "_")
    shutil.copy(DIGIT, name)
    shutil.copy(DIGIT, "other.png")
    explain(name, "other.png", "--out", "here")
    assert name in " ".join(capsys.readouterr().out.split("\n"))
    for path in Path("here").glob("*.html"):
        assert Tags(path.read_text()).tags.count("script") == 1  # the page's own
    assert name in Tags(Path("here/index.html").read_text()).text


def test_what_was_finished_stays_when_a_later_picture_stops_the_command(monkeypatch, capsys):
    from saliencynoise.explanation import run as engine

    for name in ("in/1.png", "in/2.png"):
        Path(name).parent.mkdir(exist_ok=True)
        shutil.copy(DIGIT, name)
    monkeypatch.setattr(engine, "PICTURES", 1)
    real = engine.read_own

    def read(file, **shape):
        if file.name == "2.png":
            raise KeyboardInterrupt
        return real(file, **shape)

    monkeypatch.setattr(engine, "read_own", read)
    explain("in", "--out", "here", code=130)
    (document,) = json.loads(Path("here/explanation.json").read_text())["explanations"]
    assert document["picture"] == "1.png"
    assert "1.png" in Path("here/index.html").read_text()


def test_another_picture_is_not_put_into_an_earlier_ones_folder_and_the_same_one_goes_on(capsys):
    explain(DIGIT, "--out", "here", "-q")
    before = json.loads(Path("here/explanation.json").read_text())
    shutil.copy(DIGIT, "other.png")
    explain("other.png", "--out", "here", code=2)
    assert "holds explanations of other pictures, or by other settings; name another folder" in capsys.readouterr().err
    explain(DIGIT, "--out", "here", "-q")
    assert json.loads(Path("here/explanation.json").read_text())["explanations"] == before["explanations"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: "", "'' names no picture"),
        (lambda: os.mkfifo("pipe.png") or "pipe.png", "pipe.png is no file; name an image file"),
        (lambda: Path("loop.png").symlink_to("loop.png") or "loop.png", "loop.png cannot be read"),
    ],
    ids=["empty", "pipe", "loop"],
)
def test_what_is_no_file_is_refused_without_waiting_for_it(make, message, capsys):
    explain(make(), code=2)
    assert message in capsys.readouterr().err
