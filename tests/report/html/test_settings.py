"""The command and the file of a report give the settings that the study had."""

import shlex
import tomllib
from pathlib import Path

import pytest

from saliencynoise import cli
from saliencynoise.display.page.settings import flat
from saliencynoise.engine.config import BenchConfig, config_from
from saliencynoise.report.html.settings import command_of, toml_of

CONFIGS = (
    BenchConfig(),
    BenchConfig(
        dataset="folder:/my data/it's",
        archs=("resnet(depth=18)", "vgg"),
        arch_args={"drop_rate": 0.1},
        methods=("lime", "gradcam(layer=top)"),
        members=3,
        image_size=24,
        recipe={"epochs": 2},
        target="5",
        precision="bfloat16",
        seed=7,
    ),
    BenchConfig(recipe={"epochs": 2, "learning_rate": 1e-05, "channels_last": True}, methods=()),
)


@pytest.mark.parametrize("config", CONFIGS)
def test_the_file_holds_the_settings(config):
    assert config_from(tomllib.loads(toml_of(config.settings))).settings == config.settings


@pytest.mark.parametrize("config", CONFIGS)
def test_the_command_gives_the_settings(config, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("saliencynoise.engine.run.run", lambda settings, _: asked.append(settings) or 1 / 0)
    monkeypatch.chdir(tmp_path)
    Path("settings.toml").write_text(toml_of(config.settings))
    name, *words = shlex.split(command_of(config.settings))
    assert name == "saliencynoise"
    with pytest.raises(ZeroDivisionError):
        cli.main(words)
    assert asked[0].settings == config.settings


def test_a_hostile_text_stays_a_text():
    settings = {"dataset": 'a"]\n[recipe]\nepochs = 1 \x00\x7f \ud800', 'key"\n': "x"}
    assert tomllib.loads(toml_of(settings)) == {
        "dataset": 'a"]\n[recipe]\nepochs = 1 \ufffd\ufffd \ufffd',
        'key"\n': "x",
    }


def test_settings_as_a_list():
    assert flat({"recipe": {"epochs": 2}, "archs": ["a", "b"], "members": None}) == {
        "recipe.epochs": "2",
        "archs": "a, b",
        "members": "by default",
    }


def test_the_usual_number_of_images_goes_without_saying():
    settings = {**BenchConfig().settings, "members": 8}
    assert command_of({**settings, "images": 32}) == "saliencynoise bench --members 8"
    assert command_of({**settings, "images": 12}) == "saliencynoise bench --members 8 --images 12"
