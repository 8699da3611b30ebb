"""What CAMs, guided and occluding methods have in common: their specs, and independence of chunks and batch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from saliencynoise.interfaces import CamPoint, MethodSpec, Network, PassMethod
from saliencynoise.methods.ablation_cam import AblationCam
from saliencynoise.methods.eigencam import EigenCam
from saliencynoise.methods.gradcam_plus_plus import GradCamPlusPlus
from saliencynoise.methods.guided_backprop import GuidedBackprop
from saliencynoise.methods.guided_gradcam import GuidedGradCam
from saliencynoise.methods.layercam import LayerCam
from saliencynoise.methods.occlusion import Occlusion
from saliencynoise.methods.rise import Rise
from saliencynoise.methods.scorecam import ScoreCam
from saliencynoise.registry.builtins import saliencynoise_methods
from tests.methods.families import assert_equal, maps_of, rows_of, small, small_batch, swin
from tests.methods.test_guided import pictures

METHODS = {
    "gradcam_plus_plus": GradCamPlusPlus(),
    "layercam": LayerCam(),
    "eigencam": EigenCam(),
    "scorecam": ScoreCam(),
    "ablation_cam": AblationCam(),
    "guided_backprop": GuidedBackprop(),
    "guided_gradcam": GuidedGradCam(),
    "occlusion": Occlusion(window=6, stride=6, baseline="blur"),
    "rise": Rise(samples=20),
}
CONSTANT = METHODS.keys() - {"eigencam", "scorecam"}

every_method = pytest.mark.parametrize("name", METHODS)


def spec_of(name: str) -> MethodSpec:
    (spec,) = (spec for spec in saliencynoise_methods() if spec.name == name)
    return spec


@every_method
def test_the_spec_is_true(name):
    spec, method = spec_of(name), METHODS[name]
    assert spec.target == f"{type(method).__module__}:{type(method).__name__}"
    assert (spec.kind == "pass") is isinstance(method, PassMethod)
    assert spec.stochastic is (name == "rise")
    assert ("constant" in spec.claims) is (name in CONSTANT)
    assert ("linear_weights" in spec.claims) is (name == "guided_backprop")


@every_method
def test_results_do_not_depend_on_chunks(name):
    for network, batch in ((small(), small_batch()), (swin(), pictures())):
        whole = maps_of(network, METHODS[name], batch)
        assert_equal(maps_of(network, METHODS[name], batch, rows=2), whole)


@every_method
def test_splitting_and_permuting_the_batch_changes_nothing(name):
    for network, batch in ((small(), small_batch()), (small("tokens"), small_batch())):
        whole = maps_of(network, METHODS[name], batch)
        for rows in ([0], [2, 0], [1, 2]):
            assert_equal(maps_of(network, METHODS[name], rows_of(batch, rows)), whole[rows])


@every_method
def test_a_network_that_ignores_the_image(name):
    network, batch = small(), small_batch()
    nn.init.zeros_(network.module[3][2].weight)
    maps = maps_of(network, METHODS[name], batch)
    assert bool(maps.any()) is (name not in CONSTANT)


@every_method
def test_maps_are_float32_where_images_are_and_the_batch_is_left_alone(name):
    network, batch = small(), small_batch()
    network.module.float()
    batch = rows_of(batch, [0, 2])
    single = type(batch)(x=batch.x.float(), target=batch.target, background=batch.background.float(), noise=batch.noise)
    before = single.x.clone()
    maps = maps_of(network, METHODS[name], single)
    assert maps.dtype == torch.float32
    assert maps.isfinite().all()
    assert not maps.requires_grad
    assert torch.equal(single.x, before)
    close = maps_of(small(), METHODS[name], batch)
    assert (maps - close).abs().amax() < 1e-3 * close.abs().amax()


def test_the_gradient_of_a_linear_network_is_guided_nowhere():
    module = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(480, 3)).double()
    network, batch = Network(module=module, points={"top": CamPoint(module="0", grid=(12, 20))}), small_batch()
    weights = module[2].weight.detach()[batch.target].reshape(batch.x.shape)
    assert_equal(maps_of(network, METHODS["guided_backprop"], batch), weights)
