"""`saliencynoise frontier`: what it prints, and how bad input ends."""

import json

import pytest

from saliencynoise.engine import member_training
from saliencynoise.interfaces import UsageError
from tests.cli.calling import call

QUICK = [
    "--images",
    "2",
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
SIZE = ["--budgets", "1, 2", "--runs", "2", "--reference", "4", "--sampler", "noisegrad", "--out", "made"]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    import torch

    monkeypatch.chdir(tmp_path)
    # the accuracy on all test images takes longer than this training
    monkeypatch.setattr(member_training, "predict", lambda module, dataset, device: torch.zeros(len(dataset.test), 10))


def test_a_frontier_is_printed_drawn_and_shown_again(capsys, tmp_path):
    code, out, err = call(capsys, "frontier", *QUICK, *SIZE)
    assert code == 0
    assert "test_resnet, gradient: r of a single network" in out
    assert "noisegrad with 2 members is" in out
    assert "6 members, 0 in the pool, 6 to train on 64 images" in err
    assert call(capsys, "show", "made") == (0, out, "")
    code, document, _ = call(capsys, "frontier", *QUICK, *SIZE, "--json")
    document = json.loads(document)
    assert code == 0
    assert [row["members"] for row in document["rows"]] == [1, 2, 1, 2]
    assert document["folder"] == "made"
    assert json.loads(call(capsys, "show", "made", "--json")[1]) == document
    assert (tmp_path / "made" / "frontier.png").exists() == any(row["fidelity"]["interval"] for row in document["rows"])


def test_a_failed_method_ends_with_1(capsys, monkeypatch):
    from saliencynoise.methods.gradient import Gradient

    def fail(self, taps, batch):
        raise ArithmeticError("no maps today")

    monkeypatch.setattr(Gradient, "from_pass", fail)
    code, out, _ = call(capsys, "frontier", *QUICK, *SIZE)
    assert code == 1
    assert "failed: deep_ensemble, gradient on test_resnet: member 0: ArithmeticError: no maps today" in out.replace(
        "\n", " "
    ).replace("  ", " ")
    assert call(capsys, "show", "made")[0] == 1


def test_a_file_of_settings_is_read_and_the_methods_of_the_command_stand_behind_it(capsys, tmp_path, monkeypatch):
    asked = []

    def refuse(config, _observer):
        asked.append(config)
        raise UsageError("enough")

    monkeypatch.setattr("saliencynoise.analyses.frontier.run.run_frontier", refuse)
    file = tmp_path / "study.toml"
    file.write_text('images = 3\narchs = ["resnet18"]\nout = "there"\ndraws = 3\nseed = 4\n')
    options = ["--images", "5", "--epochs", "2", "--budgets", "1,16", "--sampler", "swag", "--draws", "2"]
    assert call(capsys, "frontier", "--config", str(file), *options)[0] == 2
    file.write_text('methods = ["lime"]\n')
    call(capsys, "frontier", "--config", str(file))
    config, bare = asked
    assert config.bench.methods == ("gradient", "gradcam(layer=top)")
    assert (config.bench.images, config.bench.archs, config.bench.recipe) == (5, ("resnet18",), {"epochs": 2})
    assert (config.bench.draws, config.bench.seed) == (2, 4), "an option comes before the file, a default after it"
    assert (config.budgets, config.samplers, config.aggregators, config.out) == ((1, 16), ("swag",), ("mean",), "there")
    assert bare.bench.methods == ("lime",)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sampler", "swagg"], ["unknown sampler 'swagg'", "did you mean 'swag'"]),
        (["--sampler", "noisegrad(noise=0)"], ["noisegrad: noise=0", "give more than 0"]),
        (["--aggregator", "mean_logits"], ["--aggregator mean_logits averages networks", "name one of maps"]),
        (["--aggregator", "variance"], ["--aggregator variance", "leave 1 out of --budgets"]),
        (["--budgets", "1,two"], ["--budgets 1,two", "as in 1,2,4,8"]),
        (["--budgets", "2,2"], ["--budgets 2,2", "different numbers"]),
        (["--runs", "0"], ["--runs 0"]),
        (["--reference", "2"], ["--reference 2", "give 4"]),
        (["--method", "gradcm"], ["unknown method 'gradcm'"]),
        (["--images", "0"], ["--images 0"]),
        (["--arch", "resnet1O1"], ["unknown architecture 'resnet1O1'"]),
        (["--config", "/no/such.toml"], ["/no/such.toml"]),
    ],
)
def test_bad_input(arguments, words, tmp_path, capsys):
    code, out, err = call(capsys, "frontier", *arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("error: ")
    for word in words:
        assert word in err
    assert not list(tmp_path.iterdir())
