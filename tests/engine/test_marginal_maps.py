"""Marginal maps of an average of networks, beside averages of maps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from saliencynoise.api import bench
from saliencynoise.engine import marginal_maps as averaged
from saliencynoise.interfaces import AggregatorSpec, UsageError
from saliencynoise.registry import catalogue
from saliencynoise.scoring import guard

LINEAR = {
    "gradient": "gradient",
    "integrated_gradients(steps=4,baseline=dataset)": "integrated_gradients-steps-4-baseline-dataset",
}


def marginal_of(study, method):
    """Read now, since another run in the same folder replaces it."""
    return study.maps[f"test_resnet/{method}"]["marginal"].values.copy()


def distance(found, due):
    """The largest difference, relative to the largest value."""
    return float(np.abs(found - due).max() / np.abs(due).max())


def test_of_mean_logits_they_are_the_mean_of_maps_and_of_mean_probabilities_others(quick):
    """Of a pass method and of one with the background: so images, targets and background are those of the members."""
    settings = quick | {"methods": list(LINEAR), "images": 5}
    found, figures = {}, {}
    for aggregator in ("mean", "mean_logits", "mean_probabilities"):
        study = bench(**settings, aggregator=aggregator, out="run")
        assert study.failed == []
        found[aggregator] = [marginal_of(study, method) for method in LINEAR.values()]
        figures[aggregator] = [cell.figures for cell in study.result.cells]
        assert study.maps["test_resnet/gradient"].attrs["aggregator"] == f"builtin/{aggregator}"
    for mean, logits, probabilities in zip(*found.values(), strict=True):
        assert distance(logits, mean) < 1e-4
        assert distance(probabilities, mean) > 1e-2
    assert figures["mean"] == figures["mean_logits"] == figures["mean_probabilities"]


def test_they_do_not_depend_on_threads_and_leave_the_world_as_it_was(quick):
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        bench(**quick | {"methods": ["gradient"]}, aggregator="mean_logits", out="run")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_networks_are_loaded_once_an_architecture_and_images_go_chunk_by_chunk(quick, monkeypatch):
    from saliencynoise.engine import earlier_run

    opened, real = [], averaged.MarginalMapSource._open
    monkeypatch.setattr(
        averaged.MarginalMapSource, "_open", lambda self, own: opened.append(own.name) or real(self, own)
    )
    settings = quick | {"methods": ["gradient", "gradient_x_input"], "images": 5}
    whole = bench(**settings, aggregator="mean_logits", out="whole")
    assert opened == ["timm/test_resnet"]
    monkeypatch.setattr(earlier_run, "CHUNK", 2)
    parts = bench(**settings, aggregator="mean_logits", out="parts")
    for method in ("gradient", "gradient_x_input"):
        # in float32 a rectifier may flip with the batch: up to 1.6e-3 was measured on one network
        assert distance(marginal_of(parts, method), marginal_of(whole, method)) < 2e-3


@pytest.mark.parametrize(
    ("method", "label"),
    [("gradcam", "gradcam"), ("scorecam(layer=intermediate)", r"scorecam\(layer=intermediate\)"),
     ("captum/layer_gradcam", "captum/layer_gradcam")],
)  # fmt: skip
def test_methods_of_a_layer_are_refused_before_anything_is_trained(quick, watcher, method, label):
    due = f"^{label} needs the layer '(top|intermediate)', which an average of networks does not have; use --aggreg"
    with pytest.raises(UsageError, match=due):
        bench(**quick | {"methods": ["gradient", method]}, aggregator="mean_logits", observer=watcher)
    assert watcher.plans == []


def test_a_method_that_fails_on_the_average_fails_its_cell_only(quick, extra_plugin, monkeypatch):
    """The members' maps are there before: only on the average does a method fail."""
    settings = quick | {"methods": ["gradient", "gradient_x_input"], "out": "run"}
    bench(**settings)
    real = guard.attribute
    for broken, reason in (
        ("raising", "on the average of the networks: ArithmeticError: this method always fails"),
        ("flat", "on the average of the networks: TypeError: the method gave maps of shape (4, 256)"),
        ("nan", "the map of the average of the networks has values of NaN or infinity"),
    ):
        instance = catalogue.catalogue().method(f"fakes/{broken}").instance

        def attribute(passes, method, batch, instance=instance):
            return real(passes, instance if type(method).__name__ == "Gradient" else method, batch)

        monkeypatch.setattr(guard, "attribute", attribute)
        failed, sound = bench(**settings, aggregator="mean_logits").result.cells
        assert (failed.status, sound.status) == ("failed", "ok")
        assert failed.reason.startswith(reason)


def test_networks_that_do_not_fit_together_fail_the_cell_with_the_fix(quick, monkeypatch):
    def short(self, architecture):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(averaged.MarginalMapSource, "_open", short)
    (cell,) = bench(**quick | {"methods": ["gradient"]}, aggregator="mean_logits").result.cells
    assert cell.reason.endswith("do not fit the memory together, which their average needs; use --aggregator mean")


def test_too_few_members_for_an_aggregator_fail_the_cell(quick, monkeypatch):
    from saliencynoise.aggregators.variance import Variance

    monkeypatch.setattr(Variance, "result", lambda self, state: (_ for _ in ()).throw(ValueError("it needs 9 members")))
    (cell,) = bench(**quick | {"methods": ["gradient"]}, aggregator="variance").result.cells
    assert cell.reason == "the members' maps cannot be aggregated: it needs 9 members"


def test_every_aggregator_of_maps_makes_marginal_maps(quick):
    settings = quick | {"methods": ["gradient"]}
    found = {}
    for entry in catalogue.catalogue().entries("aggregators"):
        assert isinstance(entry.spec, AggregatorSpec)
        if entry.spec.level == "maps":
            study = bench(**settings, aggregator=entry.canonical, out="run")
            assert study.failed == []
            found[entry.name] = marginal_of(study, "gradient")
    assert len(found) >= 7
    assert (found["variance"] >= 0).all()
    assert not np.array_equal(found["median"], found["mean"])
