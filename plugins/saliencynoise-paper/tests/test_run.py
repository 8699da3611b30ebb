"""The studies behind the paper's panels: what each scale asks for, and what it shares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saliencynoise.engine.config import DEFAULT_METHODS
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise_paper.run import PANELS, PaperConfig, benches
from saliencynoise_paper.scales import SCALES


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_names_what_there_is(scale):
    names = catalogue()
    for bench in benches(PaperConfig(panels=PANELS, scale=scale)).values():
        assert names.find("datasets", bench.dataset)
        for arch in bench.archs:
            assert names.model(arch).load()
        for method in bench.methods:
            assert names.method(method)


def test_full_is_the_posters():
    config = PaperConfig(panels=PANELS, scale="full")
    planned = benches(config)
    for name, dataset in (("maps-cifar10", "cifar10"), ("maps-imagenette", "imagenette")):
        bench = planned[name]
        assert (bench.dataset, bench.members, bench.methods) == (dataset, 30, DEFAULT_METHODS)
        assert bench.archs == ("vgg19_bn", "resnet18", "resnet101")
    assert planned["gradients-cifar10"].members == 50
    assert config.settings.dream.members == 20


def test_smoke_and_small_name_the_same_three_families():
    for scale in ("smoke", "small"):
        networks = PaperConfig(panels=("table",), scale=scale).settings.networks
        assert list(networks) == ["VGG19", "ResNet18", "ResNet101"]
        assert len(set(networks.values())) == 3


def test_a_panel_runs_no_study_that_it_does_not_show():
    assert list(benches(PaperConfig(panels=("table", "ssim"), scale="full"))) == ["maps-cifar10", "maps-imagenette"]
    assert list(benches(PaperConfig(panels=("localization",)))) == ["localization"]
    only = PaperConfig(panels=("maps",), scale="full", datasets=("imagenette",))
    assert list(benches(only)) == ["maps-imagenette"]


def test_the_lengths_of_training_are_studies_of_their_own():
    config = PaperConfig(panels=("architecture",))
    planned = benches(config)
    epochs = [point.value for point in config.variations if point.axis == "epochs"]
    assert [planned[f"epochs-{value}"].recipe["epochs"] for value in epochs] == epochs
    assert {point.axis for point in config.variations} == {"depth", "width", "residual", "normalisation", "epochs"}
    for point in config.variations:
        assert point.network in planned[point.study].archs


def test_what_the_user_says_counts_before_the_scale():
    config = PaperConfig(
        panels=("table",),
        scale="full",
        members=10,
        images=12,
        seed=3,
        data_dirs={"cifar10": "here", "imagenette": "there"},
    )
    planned = benches(config)
    assert {(bench.members, bench.images, bench.seed) for bench in planned.values()} == {(10, 12, 3)}
    assert [bench.data_dir for bench in planned.values()] == ["here", "there"]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"panels": ("tables",)}, "there is no panel 'tables'; choose table, gradients"),
        ({"scale": "huge"}, "--scale huge is not possible; choose smoke, small, full"),
        ({"images": 0}, "--images 0 is not possible; give 1 or more"),
        (
            {"scale": "full", "data_dirs": {"": "x"}},
            "--data-dir x names no data set, and there are several; give --data-dir cifar10=FOLDER --data-dir imag",
        ),
        ({"members": 2}, "--members 2 gives no intervals; give 3 or more"),
        ({"datasets": ("digits",)}, "scale small does not use the data set 'digits'; it uses cifar10"),
        ({"data_dirs": {"mnist": "x"}}, "scale small does not use the data set 'mnist'; it uses cifar10"),
    ],
)
def test_impossible_values_are_refused(values, error):
    with pytest.raises(UsageError, match=error):
        replace(PaperConfig(panels=("table",)), **values)
