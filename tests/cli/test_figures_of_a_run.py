"""`show` with its options, `plan` and `compare`, from a run on disk; bad input ends with one line and code 2."""

import json
import shutil

import pytest

from saliencynoise.api import bench
from tests.cli.calling import call
from tests.conftest import TRAINED


@pytest.fixture(scope="module")
def run(tmp_path_factory, trained_cache):
    folder = tmp_path_factory.mktemp("run")
    shutil.copytree(trained_cache, folder / "cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALIENCYNOISE_CACHE", str(folder / "cache"))
        methods = ["gradient", "gradcam(layer=top)"]
        study = bench(**TRAINED, methods=methods, images=3, out=str(folder / "run"))
    return str(study.folder)


@pytest.mark.parametrize(
    ("option", "words"),
    [("--curve", "reliability"), ("--similarity", "Spearman"), ("--structure", "image r")],
)
def test_show_prints_other_figures(capsys, run, option, words):
    code, out, err = call(capsys, "show", run, option)
    assert (code, err) == (0, "")
    assert words in out
    assert "gradient" in out


@pytest.mark.parametrize(("option", "key"), [("--curve", "curves"), ("--structure", "details")])
def test_as_json_they_are_one_document(capsys, run, option, key):
    code, out, _ = call(capsys, "show", run, option, "--json")
    rows = json.loads(out)[key]
    assert code == 0
    assert [row["method"] for row in rows] == ["gradient", *["gradcam(layer=top)"] * 3]


def test_two_prints_at_once_are_refused(capsys, run):
    code, out, err = call(capsys, "show", run, "--curve", "--structure")
    assert (code, out) == (2, "")
    assert err == "error: --curve and --structure cannot be combined; give one of them\n"


def test_plan_tells_what_is_needed_and_trains_nothing(capsys, run):
    code, out, _ = call(capsys, "plan", run, "--reliability", "0.5")
    assert code == 0
    assert "for 0.5" in out
    document = json.loads(call(capsys, "plan", run, "--json")[1])
    assert document["reliability"] == 0.9
    assert len(document["cells"]) == 4
    assert document["same_machine"] is True
    assert document["checks"] == []


def test_compare_tells_ratios_with_intervals(capsys, run):
    code, out, _ = call(capsys, "compare", run)
    assert code == 0
    assert "Methods in order of SNR" in out
    assert out.splitlines()[-1].endswith("compare.html")
    (pair,) = json.loads(call(capsys, "compare", run, "--json")[1])["methods"]
    assert pair["verdict"] in {"less noisy", "noisier", "tie", "undetermined"}
    assert (pair["a"], pair["b"]) == ("gradient", "gradcam(layer=top)")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan", "RUN", "--reliability", "1"), "--reliability 1.0 is not between 0 and 1; give for example 0.9"),
        (("plan", "nowhere"), "there is no folder nowhere, and no result of that name in ./runs"),
        (("compare", "RUN", "RUN"), "is named twice; name each run once"),
        (("bench", "--sampler", "swagg"), "unknown sampler 'swagg'; did you mean"),
        (("bench", "--sampler", "swag:x"), "the sampler 'swag' takes no value after a colon"),
        (("bench", "--sampler", "checkpoints"), "the sampler 'checkpoints' needs a value; write checkpoints:FILES"),
        (("bench", "--normalization", "imagnet"), "--normalization imagnet is unknown; choose dataset, imagenet"),
        (("bench", "--normalization", "imagenet"), "--normalization imagenet does not suit images of 1 channels"),
        (("bench", "--aggregator", "mean_logits"), "needs the layer"),
    ],
)
def test_bad_input_is_named(capsys, run, arguments, words):
    code, out, err = call(capsys, *(run if argument == "RUN" else argument for argument in arguments))
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
