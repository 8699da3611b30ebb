"""The settings of a bench: what is refused, what determines the figures, and the files they are read from."""

from __future__ import annotations

from dataclasses import fields

import pytest

from saliencynoise.analyses.frontier.config import FrontierConfig
from saliencynoise.analyses.sanity.config import SanityConfig
from saliencynoise.analyses.variance.config import VarianceConfig
from saliencynoise.engine import config as module
from saliencynoise.engine.config import (
    LONGEST_FILE,
    BenchConfig,
    check_list,
    check_out,
    check_whole,
    config_from,
    default_archs,
    read_toml,
)
from saliencynoise.explanation.config import ExplainConfig
from saliencynoise.interfaces import UsageError

SETTINGS = sorted(entry.name for entry in fields(BenchConfig))
FREE = {"data_dir": "data", "out": "run", "workers": 3, "fresh": True, "keep_maps": "none"}
"""Settings that change no figure."""


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_refuses_a_value_of_another_type(name):
    with pytest.raises(UsageError, match=rf"^{name} is 1j; it must be "):
        BenchConfig(**{name: 1j})


@pytest.mark.parametrize("name", ["members", "images", "draws", "image_size", "train_images", "seed", "workers"])
def test_true_is_no_number(name):
    with pytest.raises(UsageError, match=rf"^{name} is True; it must be a whole number"):
        BenchConfig(**{name: True})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"archs": ()}, "no architecture is named; give --arch NAME at least once"),
        ({"members": 0}, "--members 0 is not possible; give 2 or more, at most 10000"),
        ({"members": 10_001}, "--members 10001 is not possible; give 2 or more, at most 10000"),
        ({"members": 1}, "--members 1 gives no SNR, which compares networks; give 2 or more"),
        ({"images": 0}, "--images 0 is not possible; give 1 or more"),
        ({"draws": 1}, "--draws 1 cannot separate a method's own noise from the networks'; give 2 or more"),
        ({"train_images": 0}, "--train-images 0 is not possible; give 1 or more"),
        ({"seed": -1}, "--seed -1 is not possible; give 0 or more"),
        ({"target": "logprob()"}, "--target 'logprob()' names no class; choose true, predicted, a name or an index"),
        ({"precision": "float16"}, "--precision float16 is not possible; choose float32 or bfloat16"),
        ({"keep_maps": "some"}, "--keep-maps some is not possible; choose all, mean or none"),
        ({"untrained": "few"}, "--untrained few is not possible; choose auto, all or none"),
        ({"methods": ("lime", "gradient", "lime")}, "'lime' is named twice among the methods; give it once"),
        ({"archs": ("vgg", 3)}, "archs is ['vgg', 3]; it must be a list of names"),
        ({"recipe": {"epochs": [1]}}, "recipe.epochs is [1]; it must be a number, a word, true or false"),
        ({"arch_args": {"norm": {}}}, "arch_args.norm is {}; it must be a number, a word, true or false"),
    ],
)
def test_impossible_values_are_refused_with_the_option_and_the_fix(values, message):
    with pytest.raises(UsageError) as caught:
        BenchConfig(**values)
    assert str(caught.value) == message


def test_the_least_and_the_largest_values_are_possible():
    least = {"members": 2, "images": 1, "draws": 2, "train_images": 1, "seed": 0, "workers": 0, "target": "0"}
    assert BenchConfig(**least).images == 1
    assert BenchConfig(members=10_000, workers=1024, target="predicted").members == 10_000
    assert BenchConfig(members=1, methods=()).members == 1, "one network can be trained"


def test_settings_are_all_that_determines_the_figures():
    assert sorted(BenchConfig().settings) == [name for name in SETTINGS if name not in FREE]
    assert BenchConfig(**FREE).settings == BenchConfig().settings
    assert BenchConfig(seed=1).settings != BenchConfig().settings


def test_bfloat16_is_refused_by_commands_that_do_not_measure_its_error():
    BenchConfig().refuse_bfloat16("variance")
    with pytest.raises(UsageError, match=r"^'variance' computes in float32; leave out precision=bfloat16$"):
        BenchConfig(precision="bfloat16").refuse_bfloat16("variance")


def test_starts_are_refused_by_commands_that_train_from_random_weights():
    BenchConfig().refuse_starts("variance")
    with pytest.raises(
        UsageError, match=r"^'variance' compares networks that are trained .*; leave out init=a.pt, b.pt$"
    ):
        BenchConfig(init=("a.pt", "b.pt")).refuse_starts("variance")
    for config in (FrontierConfig, SanityConfig, VarianceConfig):
        with pytest.raises(UsageError, match=r"leave out init=timm"):
            config(bench=BenchConfig(init=("timm",)))
    with pytest.raises(UsageError, match=r"^--pool has trained members, which --init cannot change"):
        ExplainConfig(pictures=("a.png",), bench=BenchConfig(init=("timm",)), pool="ours")


@pytest.mark.parametrize(
    ("there", "arch"), [({"timm"}, "test_resnet"), (set(), "resnet(depth=10,width=16)")], ids=["timm", "alone"]
)
def test_the_default_architecture_is_one_that_is_installed(there, arch, monkeypatch):
    monkeypatch.setattr(module, "installed", there.__contains__)
    assert default_archs() == BenchConfig().archs == (arch,)


def test_plain_values_become_a_config():
    values = {"archs": ["vgg"], "methods": ["lime"], "target": 3, "epochs": 5, "recipe": {"batch_size": 8}}
    config = config_from(values)
    assert (config.archs, config.methods, config.target) == (("vgg",), ("lime",), "3")
    assert config.recipe == {"batch_size": 8, "epochs": 5}
    assert values["recipe"] == {"batch_size": 8}, "the caller's values stay"
    assert config_from({}) == BenchConfig()


def test_an_unknown_setting_is_answered_with_a_known_one():
    with pytest.raises(UsageError, match=r"^unknown setting 'member'; did you mean 'members'"):
        config_from({"member": 3})
    with pytest.raises(UsageError, match=r"^unknown setting 'xyzzy'; there are aggregator, arch_args, .*, epochs, "):
        config_from({"xyzzy": 3})


def test_settings_are_read_from_toml(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text('archs = ["vgg"]\nepochs = 3\n[recipe]\nflip = true\n')
    assert read_toml(path) == {"archs": ["vgg"], "epochs": 3, "recipe": {"flip": True}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"archs = [", "is not valid TOML: "),
        (b"seed = \xff", "is not valid TOML: "),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "is not valid TOML: nested too deeply"),
        (b"#" * (LONGEST_FILE + 1), "is longer than 1048576 bytes; name a TOML file with settings"),
    ],
    ids=["broken", "no text", "deep", "long"],
)
def test_a_file_that_is_no_toml_is_named(content, words, tmp_path):
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_toml(path)
    assert str(caught.value).startswith(f"--config {path} {words}")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"^cannot read --config .*none.toml: No such file or directory; name a TOML"):
        read_toml(tmp_path / "none.toml")


def test_numbers_and_lists_of_other_commands_are_checked():
    check_whole(runs=2, held=3)
    for value in (2.0, True, "2", None):
        with pytest.raises(UsageError, match=rf"^held is {value!r}; it must be a whole number$"):
            check_whole(runs=2, held=value)
    check_list(samplers=["swag"], methods=())
    with pytest.raises(UsageError, match=r"^samplers is 'swag'; it must be a list$"):
        check_list(samplers="swag")


@pytest.mark.parametrize(
    ("out", "words"),
    [("", "names no folder; name one"), ("  ", "names no folder"), ("a\0b", "names no folder"), ("\udcff", "no UTF-8")],
)
def test_a_folder_that_no_library_could_write_to_is_refused(out, words):
    check_out(None)
    check_out("runs/größe")
    with pytest.raises(UsageError, match=words):
        check_out(out)
    with pytest.raises(UsageError, match=words):
        BenchConfig(out=out)
