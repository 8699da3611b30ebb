"""The command that a result names gives the settings that the result had."""

import shlex

import pytest

from saliencynoise import cli
from saliencynoise.analyses.frontier.config import METHODS as FRONTIER
from saliencynoise.analyses.frontier.config import FrontierConfig
from saliencynoise.analyses.sanity.config import METHODS as SANITY
from saliencynoise.analyses.sanity.config import SanityConfig
from saliencynoise.analyses.variance.config import METHODS as VARIANCE
from saliencynoise.analyses.variance.config import VarianceConfig
from saliencynoise.engine.command import command_of
from saliencynoise.engine.config import config_from
from saliencynoise.explanation.config import ExplainConfig

CHANGED = {"images": 5, "seed": 3, "archs": ["resnet(depth=18)"], "epochs": 2, "dataset": "folder:/it's here"}
LIME = ["lime"]
CONFIGS = {
    "sanity": SanityConfig(bench=config_from({"methods": list(SANITY)})),
    "sanity changed": SanityConfig(bench=config_from({**CHANGED, "methods": LIME}), permuted_epochs=3, out="a b"),
    "variance": VarianceConfig(bench=config_from({"methods": list(VARIANCE)})),
    "variance changed": VarianceConfig(bench=config_from({**CHANGED, "methods": LIME}), blocks=2, streams=("init",)),
    "frontier": FrontierConfig(bench=config_from({"methods": list(FRONTIER)})),
    "frontier changed": FrontierConfig(
        bench=config_from({**CHANGED, "methods": LIME}), samplers=("swag",), budgets=(1, 2), runs=2, reference=5
    ),
}
"""The command's name and settings of it; "images" of a command is 32 where a bench's is None."""


@pytest.mark.parametrize("name", CONFIGS)
def test_the_command_gives_the_settings(name, monkeypatch, tmp_path):
    config, command = CONFIGS[name], name.split()[0]
    asked = []
    monkeypatch.setattr(
        f"saliencynoise.analyses.{command}.run.run_{command}", lambda own, _: asked.append(own) or 1 / 0
    )
    monkeypatch.chdir(tmp_path)
    first, *words = shlex.split(config.command)
    assert (first, words[0]) == ("saliencynoise", command)
    with pytest.raises(ZeroDivisionError):
        cli.main(words)
    assert asked[0].settings == config.settings
    assert asked[0].folder == config.folder


def test_an_explanation_names_its_pictures_and_options(monkeypatch, tmp_path):
    config = ExplainConfig(pictures=("a b.png", "folder"), pool="mine", target="7")
    words = ["saliencynoise", "explain", "--pool", "mine", "--target", "7", "a b.png", "folder"]
    assert shlex.split(config.command) == words


def test_settings_without_an_option_name_the_file_or_have_no_command():
    settings = {"recipe": {"learning_rate": 0.1}}
    assert command_of("bench", settings) == "saliencynoise bench --config settings.toml"
    assert command_of("sanity", settings, from_file=False) == ""
