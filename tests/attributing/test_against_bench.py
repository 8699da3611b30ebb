"""Networks in memory give the figures of a bench of the same members."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import saliencynoise as sn
from saliencynoise.data.tensors import to_float
from saliencynoise.engine.attribution import background_of, network_name
from saliencynoise.engine.config import config_from
from saliencynoise.engine.networks import load_members
from saliencynoise.engine.plan import make_plan
from tests.conftest import TRAINED

METHODS = ("gradient", "smoothgrad(samples=3)", "expected_gradients(samples=2)", "gradcam")
FIGURES = ["snr", "snr_low", "snr_high", "snr_pixel", "members_needed", "p", "completeness_error"]


def test_networks_in_memory_have_the_figures_of_their_bench(pooled, tmp_path):
    settings = {**TRAINED, "methods": METHODS, "images": 4}
    bench = sn.bench(**settings, out=tmp_path / "bench")
    plan = make_plan(config_from({**settings, "out": str(tmp_path / "plan")}))
    (architecture,) = plan.architectures
    shape = tuple(plan.dataset.train.images.shape[1:])
    networks = [
        network.module
        for network in load_members(
            architecture.model, architecture.pool, range(3), in_shape=shape, classes=10, device="cpu"
        )
    ]
    study = sn.attribute(
        networks,
        to_float(plan.dataset.test.images[plan.images], plan.dataset.mean, plan.dataset.std),
        targets="true",
        methods=METHODS,
        labels=plan.dataset.test.labels[plan.images],
        background=background_of(plan.dataset, run_seed=0),
        names=plan.image_names,
        classes=plan.dataset.classes,
        members=[network_name(architecture.pool.folder, member) for member in range(3)],
    )
    ours, theirs = (one.table.set_index(["method", "view"]) for one in (study, bench))
    assert list(ours.index) == list(theirs.index)
    for column in [name for name in FIGURES if name in theirs]:
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-6, err_msg=column)
    for ours_cell, theirs_cell in zip(study.result.cells, bench.result.cells, strict=True):
        assert ours_cell.figures.estimates.snr.value == pytest.approx(theirs_cell.figures.estimates.snr.value, rel=1e-6)
    label = architecture.model.display_name
    for group in ("gradient", "smoothgrad-samples-3"):
        maps = study.maps[f"ResNet/{group}"]["maps"].to_numpy()
        np.testing.assert_allclose(maps, bench.maps[f"{label}/{group}"]["maps"].to_numpy(), rtol=1e-6, atol=1e-9)
    assert [image.members_correct["ResNet"] for image in study.result.images] == [
        image.members_correct[architecture.name] for image in bench.result.images
    ]
    assert all(torch.isfinite(parameter).all() for network in networks for parameter in network.parameters())
