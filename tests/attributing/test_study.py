"""The study of networks in memory: its targets, its maps, and what it says of the networks."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import saliencynoise as sn
from tests.attributing.nets import IMAGES, net, nets


def gradients(networks: list[nn.Sequential], score) -> np.ndarray:
    """The derivative of a score `[B]` of the outputs, network by network: `[E, B, C, H, W]`."""
    found = []
    for network in networks:
        x = IMAGES.clone().requires_grad_()
        mode = [part.training for part in network.modules()]
        (gradient,) = torch.autograd.grad(score(network.eval()(x)).sum(), x)
        for part, training in zip(network.modules(), mode, strict=True):
            part.training = training
        found.append(gradient)
    return torch.stack(found).numpy()


def second(outputs: Tensor) -> Tensor:
    return outputs[:, 1] - outputs[:, 0]


@pytest.mark.parametrize(
    ("targets", "score", "text"),
    [
        (3, lambda z: z[:, 3], "3"),
        ([2, 0], lambda z: z[[0, 1], [2, 0]], "given classes"),
        ("dog", lambda z: z[:, 1], "dog"),
        ("logprob(0)", lambda z: z.log_softmax(1)[:, 0], "logprob(0)"),
        ("contrast(1,0)", second, "contrast(1,0)"),
        (second, second, "second"),
    ],
)
def test_maps_explain_the_target(targets, score, text):
    networks = nets(2)
    study = sn.attribute(
        networks, IMAGES, methods=["gradient"], targets=targets, classes=["cat", "dog", "bird", "fish"]
    )
    maps = study.maps["Sequential/gradient"]["maps"].to_numpy()
    np.testing.assert_allclose(maps, gradients(networks, score), atol=1e-6)
    assert study.result.settings.target == text


@pytest.mark.parametrize(
    ("targets", "sign"),
    [
        (1, "signed"),
        ("contrast(1,0)", "signed"),
        ("probability(1)", "leaning"),
        ("margin(1)", "leaning"),
        (second, "leaning"),
    ],
)
def test_maps_of_a_score_that_does_not_turn_with_the_outputs_have_no_test(targets, sign):
    study = sn.attribute(nets(6), IMAGES, methods=["gradient"], targets=targets)
    assert study.result.methods[0].sign == sign
    figures = study.result.cells[0].figures
    assert (figures.signal_p is None) == (sign == "leaning")


def test_the_vote_is_the_class_of_the_largest_mean_probability():
    networks = nets(3)
    study = sn.attribute(networks, IMAGES, methods=["gradient"], labels=[1, 1])
    with torch.no_grad():
        logits = torch.stack([network.eval()(IMAGES) for network in networks])
    images = study.result.images
    assert [image.target["Sequential"] for image in images] == logits.softmax(-1).mean(0).argmax(-1).tolist()
    assert [image.members_correct["Sequential"] for image in images] == (logits.argmax(-1) == 1).sum(0).tolist()
    assert [image.label for image in images] == [1, 1]


def test_no_file_is_left_unless_a_folder_is_named(tmp_path):
    study = sn.attribute(nets(2), IMAGES, methods=["gradient"], targets=0)
    folder = study.folder
    assert (folder / "result.json").is_file()
    del study
    gc.collect()
    assert not folder.exists()
    kept = sn.attribute(nets(2), IMAGES, methods=["gradient"], targets=0, out=tmp_path / "mine")
    assert kept.folder == tmp_path / "mine"
    assert sn.Study.load(kept.folder).table["snr"].tolist() == kept.table["snr"].tolist()


def test_networks_of_several_types_agree_on_pixels_and_may_differ_in_their_layers():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 4))
    study = sn.attribute([net(0), flat], IMAGES, methods=["gradient", "gradcam"], targets=0)
    (failed,) = {cell.reason for cell in study.result.cells if cell.method == "gradcam"}
    assert failed.startswith("network 1: the network has no point 'top'; it has input only")
    assert {cell.status for cell in study.result.cells if cell.method == "gradient"} == {"ok"}


def test_layers_are_found_or_named():
    def grids(layers):
        study = sn.attribute(nets(2), IMAGES, methods=["gradcam"], targets=0, layers=layers)
        return study.maps["Sequential/gradcam"]["maps"].shape[-2:], study.result.architectures[0].points["top"][
            "module"
        ]

    assert grids(None) == ((4, 4), "5")
    assert grids({"top": "2"}) == ((8, 8), "2")


def test_several_outputs_and_clusters_are_told():
    class Two(nn.Module):
        def __init__(self, seed: int) -> None:
            super().__init__()
            self.net = net(seed)

        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return {"logits": self.net(x), "aux": x.mean((1, 2, 3))[:, None]}

    study = sn.attribute(
        [Two(seed) for seed in range(4)], IMAGES, methods=["gradient"], targets=1, clusters=list("aabb")
    )
    (architecture,) = study.result.architectures
    assert architecture.adaptations == ("of the network's outputs 'logits' is explained; ignored: aux",)
    assert architecture.population.start_of == (0, 0, 1, 1)
    plain = sn.attribute(
        [net(seed) for seed in range(4)], IMAGES, methods=["gradient"], targets=1, clusters=list("aabb")
    )
    assert study.table["snr"].tolist() == plain.table["snr"].tolist()
