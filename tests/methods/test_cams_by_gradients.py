"""GradCAM++, LayerCAM and EigenCAM against their formulas, written out image by image in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import Batch, Network, Noise, PassMethod, Tap
from saliencynoise.methods.eigencam import EigenCam
from saliencynoise.methods.gradcam_plus_plus import GradCamPlusPlus
from saliencynoise.methods.layercam import LayerCam
from tests.methods.families import LAYERS, assert_equal, family, maps_of, small, small_batch, swin
from tests.scoring.conftest import FAMILIES, SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

X = torch.zeros(1, 1, 2, 2)
BATCH = Batch(x=X, target=torch.zeros(1).long(), background=X, noise=Noise((0,)))


def gradcam_plus_plus(A: NDArray[np.float64], g: NDArray[np.float64]) -> NDArray[np.float64]:
    cam = np.zeros(A.shape[1:])
    for k in range(len(A)):
        denominator = 2 * g[k] ** 2 + A[k].sum() * g[k] ** 3
        alpha = np.divide(g[k] ** 2, denominator, out=np.zeros_like(g[k]), where=g[k] != 0)
        cam += (alpha * np.maximum(g[k], 0)).sum() * A[k]
    return cam


def layercam(A: NDArray[np.float64], g: NDArray[np.float64]) -> NDArray[np.float64]:
    return sum(np.maximum(g[k], 0) * A[k] for k in range(len(A)))


def eigencam(A: NDArray[np.float64], g: NDArray[np.float64]) -> NDArray[np.float64]:
    """By the covariance of places, not by a singular value decomposition."""
    rows = A.reshape(len(A), -1).T
    values, vectors = np.linalg.eigh(rows @ rows.T)
    cam = vectors[:, -1] * np.sqrt(values[-1])
    return np.sign(cam @ rows.sum(1)) * cam.reshape(A.shape[1:])


CAMS = {
    "gradcam_plus_plus": (GradCamPlusPlus, gradcam_plus_plus),
    "layercam": (LayerCam, layercam),
    "eigencam": (EigenCam, eigencam),
}


def network_and_batch(name: str) -> tuple[Network, Batch]:
    if name == "small":
        return small(), small_batch()
    x = torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    batch = Batch(x=x, target=torch.tensor([4, 6]), background=x, noise=Noise((1, 2)))
    return (swin() if name == "swin" else family(name)), batch


def by_image(network: Network, batch: Batch, layer: str, formula: object) -> torch.Tensor:
    point, cams = network.points[layer], []
    for x, target in zip(batch.x, batch.target, strict=True):
        kept: list[torch.Tensor] = []
        module = network.module.get_submodule(point.module)
        handle = module.register_forward_hook(lambda _m, _i, output, kept=kept: kept.append(output))
        logit = network.module(x[None].clone().requires_grad_())[0, target]
        handle.remove()
        (gradient,) = torch.autograd.grad(logit, kept)
        pair = (point.to_grid(value.detach())[0].numpy() for value in (kept[0], gradient))
        cams.append(torch.from_numpy(formula(*pair))[None])
    return torch.stack(cams)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", [*FAMILIES, "swin", "small"])
def test_they_are_their_formulas_image_by_image(name, layer):
    network, batch = network_and_batch(name)
    for method, formula in CAMS.values():
        maps = maps_of(network, method(layer=layer), batch)
        assert maps.shape[1:] == (1, *network.points[layer].grid)
        assert_equal(maps, by_image(network, batch, layer, formula))


def tap(value: list[object], grad: list[object]) -> dict[str, Tap]:
    return {"top": Tap(torch.tensor([value]), torch.tensor([grad]))}


def test_gradcam_plus_plus_by_hand():
    taps = tap([[[1.0, 3.0]], [[-1.0, -2.0]]], [[[1.0, -5.0]], [[0.5, 0.0]]])
    # first: sum 4, weight 1 / (2 + 4); second: sum -3, weight 0.5 / (2 - 1.5) = 1
    maps = GradCamPlusPlus().from_pass(taps, BATCH).values
    torch.testing.assert_close(maps, torch.tensor([[[[1 / 6 - 1, 3 / 6 - 2]]]]))


def test_gradcam_plus_plus_is_finite_on_the_pole_and_for_tiny_gradients():
    taps = tap([[[-1.0, -1.0]], [[1.0, 1.0]]], [[[1.0, 0.0]], [[1e-15, 0.0]]])
    maps = GradCamPlusPlus().from_pass(taps, BATCH).values
    torch.testing.assert_close(maps, torch.full((1, 1, 1, 2), 0.5e-15), rtol=1e-6, atol=0)


def test_layercam_keeps_the_sign_of_the_features():
    taps = tap([[[1.0, -3.0]], [[2.0, 2.0]]], [[[2.0, 2.0]], [[-1.0, 0.5]]])
    assert LayerCam().from_pass(taps, BATCH).values.tolist() == [[[[2.0, -5.0]]]]


def test_eigencam_of_features_of_rank_one_is_known_and_agrees_with_the_sum_of_channels():
    place, channels = torch.tensor([[1.0, -2.0, 2.0]]), torch.tensor([4.0, 0.0, -3.0])
    rank_one = channels[:, None, None] * place  # the sum of the channels is `place`
    value = torch.stack([rank_one, -rank_one, rank_one])
    maps = EigenCam().from_pass({"top": Tap(value, torch.zeros_like(value))}, BATCH).values
    torch.testing.assert_close(maps, torch.stack([5 * place, -5 * place, 5 * place])[:, None])


def test_eigencam_ignores_the_target_and_is_zero_where_the_features_are():
    network, batch = small(), small_batch()
    other = Batch(x=batch.x, target=(batch.target + 1) % 3, background=batch.background, noise=batch.noise)
    assert torch.equal(maps_of(network, EigenCam(), batch), maps_of(network, EigenCam(), other))
    assert not EigenCam().from_pass(tap([[[0.0, 0.0]]], [[[1.0, 1.0]]]), BATCH).values.any()


@pytest.mark.parametrize("method", [cam for cam, _ in CAMS.values()])
def test_they_satisfy_the_protocol(method):
    assert isinstance(method(), PassMethod)
    assert [method(layer=layer).points for layer in LAYERS] == [("top",), ("intermediate",)]
