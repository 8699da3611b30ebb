"""Small networks of five families of architectures, in float64, and batches for them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from saliencynoise.interfaces import Batch, CamPoint, Network, Noise

FAMILIES: dict[str, dict[str, Any]] = {
    "resnet18": {},
    "vgg11_bn": {"mlp_ratio": 0.01},
    "densenet121": {"growth_rate": 8, "block_config": (2, 3, 4, 2)},
    "mobilenetv3_small_050": {},
    "vit_tiny_patch16_224": {"img_size": 64, "depth": 3, "num_classes": 7},
}
SIDE, CLASSES = 64, 7
VIT = {"top": "blocks.1", "intermediate": "blocks.0"}  # the last block's patch tokens have no gradient


@pytest.fixture(scope="session")
def networks():
    """Return a family's network by name; built once."""
    built: dict[str, Network] = {}

    def get(name: str) -> Network:
        if name not in built:
            built[name] = _build(name)
        return built[name]

    return get


@pytest.fixture(params=FAMILIES)
def network(request, networks):
    return networks(request.param)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(3, 3, SIDE, SIDE, generator=generator, dtype=torch.float64)
    return Batch(x=x, target=torch.tensor([4, 0, 6]), background=x[1:], noise=Noise((1, 2, 3)))


def _build(name: str) -> Network:
    import timm

    with torch.random.fork_rng():
        torch.manual_seed(11)
        module = timm.create_model(name, **{"num_classes": CLASSES, **FAMILIES[name]})
        torch.nn.init.normal_(module.get_classifier().weight, std=0.3)
    module = module.double().eval()
    if name.startswith("vit"):
        points = {
            point: CamPoint(module=path, layout="tokens", grid=(4, 4), prefix_tokens=1) for point, path in VIT.items()
        }
    else:
        points = {
            point: CamPoint(module=info["module"], grid=(SIDE // info["reduction"],) * 2)
            for point, info in zip(("intermediate", "top"), module.feature_info[-2:], strict=True)
        }
    return Network(module=module, points=points)
