"""Sampling methods against the libraries, at the same draws or where no draw is left to chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from captum.attr import NoiseTunnel, Saliency, ShapleyValues
from torch import nn

from saliencynoise.interfaces import Batch, Maps, Network, Noise, seeded
from saliencynoise.methods.kernel_shap import KernelShap
from saliencynoise.methods.segments import segments_of
from saliencynoise.methods.smoothgrad import SmoothGrad
from saliencynoise.scoring import Passes, attribute

if TYPE_CHECKING:
    from torch import Tensor

SHAPE = (3, 6, 8)


@pytest.fixture
def network():
    with seeded(3):
        layers = [nn.Conv2d(3, 5, 3), nn.Tanh(), nn.Flatten(), nn.Linear(120, 4)]
        return Network(module=nn.Sequential(*layers).double().requires_grad_(requires_grad=False), points={})


@pytest.fixture
def batch():
    x = torch.randn(2, *SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return Batch(x=x, target=torch.tensor([3, 1]), background=x, noise=Noise((5, 6)))


def values_of(network: Network, method: object, batch: Batch) -> Tensor:
    maps = attribute(Passes(network), method, batch)
    assert isinstance(maps, Maps), maps
    return maps.values


def assert_equal(values: Tensor, oracle: Tensor) -> None:
    assert oracle.abs().max() > 1e-6
    assert (values - oracle).abs().max() <= 1e-10 * oracle.abs().max()


@pytest.mark.parametrize(
    ("statistic", "kind"), [("mean", "smoothgrad"), ("square", "smoothgrad_sq"), ("variance", "vargrad")]
)
def test_smoothgrad_is_captums_noise_tunnel_with_the_same_noise(network, batch, statistic, kind, monkeypatch):
    samples, sigma = 7, 0.2
    result = values_of(network, SmoothGrad(samples=samples, sigma=sigma, statistic=statistic), batch)
    for image, seed in enumerate(batch.noise.seeds):
        x = batch.x[image : image + 1]
        generator = torch.Generator().manual_seed(seed)
        noise = torch.stack([torch.randn(SHAPE, generator=generator) for _ in range(samples)]).double()
        noise *= sigma * (x.max() - x.min())  # as its `stdevs`, captum would round this to float32
        monkeypatch.setattr(torch, "normal", lambda mean, _std, noise=noise: mean + noise)
        oracle = NoiseTunnel(Saliency(network.module)).attribute(
            x,
            nt_type=kind,
            nt_samples=samples,
            target=batch.target[image : image + 1],
            abs=False,
        )
        if kind == "vargrad":  # captum divides by the number of samples, not by one less
            oracle = oracle * samples / (samples - 1)
        assert_equal(result[image : image + 1], oracle.detach())


def test_kernel_shap_over_all_coalitions_is_captums_shapley_values(network, batch):
    result = values_of(network, KernelShap(grid=2), batch)
    mask = segments_of(batch.x[:1], kind="grid", grid=2)[:, None]
    oracle = ShapleyValues(network.module).attribute(batch.x, target=batch.target, feature_mask=mask)[:, :1].detach()
    # captum adds up in float32
    assert (result - oracle).abs().max() <= 1e-6 * oracle.abs().max()


def test_kernel_shap_over_all_coalitions_is_shaps_kernel_explainer(network, batch):
    shap = pytest.importorskip("shap")
    result = values_of(network, KernelShap(grid=2), batch)
    segments = segments_of(batch.x, kind="grid", grid=2)
    for image in range(2):

        def scores(masks: np.ndarray, image: int = image) -> np.ndarray:
            shown = torch.from_numpy(masks)[:, segments[image]].bool()[:, None]
            rows = torch.where(shown, batch.x[image], 0.0)
            return network.module(rows)[:, batch.target[image]].numpy()

        with seeded(0):
            explainer = shap.KernelExplainer(scores, np.zeros((1, 4)))
            oracle = explainer.shap_values(np.ones((1, 4)), nsamples=1000, l1_reg=False, silent=True)[0]
        assert_equal(result[image, 0], torch.from_numpy(oracle)[segments[image]])
