"""The lime package against itself called directly, and against its arithmetic written out."""

from __future__ import annotations

import copy
import random
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch import Tensor, nn

from saliencynoise.interfaces import Batch, ModuleMethod, Network, Noise, UsageError
from saliencynoise_lime.images import Lime
from saliencynoise_lime.plugin import saliencynoise_methods
from saliencynoise_lime.segments import SEGMENTERS

torch.set_num_threads(1)
SEEDS = (2**62 + 5, 7, 2**32 + 7)


def small(channels: int = 3) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        module = nn.Sequential(
            nn.Conv2d(channels, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 5)
        )
    module = module.double().eval().requires_grad_(requires_grad=False)
    module[-1].weight *= 4
    return Network(module=module, points={})


def images(channels: int = 3, width: int = 16) -> Batch:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(3, channels, 16, width, generator=generator, dtype=torch.float64)
    return Batch(x=x, target=torch.tensor([4, 0, 2]), background=x[:1], noise=Noise(SEEDS))


def probabilities(network: Network) -> Any:
    def classify(pictures: Any) -> Any:
        return network.module(torch.from_numpy(pictures).permute(0, 3, 1, 2)).softmax(1).numpy()

    return classify


def grid(height: int, width: int, cells: int) -> Any:
    return np.array([[r * cells // height * cells + c * cells // width for c in range(width)] for r in range(height)])


def test_it_is_the_package_called_directly():
    """With all of the package's own habits but the segments: feature selection too, which here selects all."""
    from lime.lime_image import LimeImageExplainer

    network, batch = small(), images()
    values = Lime(samples=200).attribute_module(network, batch).values
    assert values.shape == (3, 1, 16, 16)
    for x, target, seed, result in zip(batch.x, batch.target.tolist(), SEEDS, values, strict=True):
        explanation = LimeImageExplainer(random_state=seed % 2**32).explain_instance(
            x.permute(1, 2, 0).numpy(),
            probabilities(network),
            labels=(target,),
            top_labels=None,
            num_samples=200,
            segmentation_fn=lambda _picture: grid(16, 16, 4),
        )
        coefficients = dict(explanation.local_exp[target])
        oracle = torch.tensor([[coefficients[cell] for cell in row] for row in grid(16, 16, 4)], dtype=torch.float64)
        assert oracle.abs().amax() > 1e-4
        assert (result[0] - oracle).abs().amax() <= 1e-10


@pytest.mark.parametrize("score", ["logit", "probability"])
@pytest.mark.parametrize("hide", [None, 0.5])
def test_it_is_its_arithmetic_written_out(score, hide):
    """The draws are those that the README states."""
    network, batch = small(), images(width=12)
    values = Lime(samples=150, grid=3, score=score, hide_color=hide).attribute_module(network, batch).values
    cells = torch.from_numpy(grid(16, 12, 3))
    for x, target, seed, result in zip(batch.x, batch.target.tolist(), SEEDS, values, strict=True):
        state = np.random.RandomState(seed % 2**32)
        state.randint(0, high=1000)
        shown = state.randint(0, 2, 150 * 9).reshape(150, 9)
        shown[0] = 1
        hidden = torch.full_like(x, 0.0 if hide is None else hide)
        if hide is None:
            for cell in range(9):
                hidden[:, cells == cell] = x[:, cells == cell].mean(1, keepdim=True)
        rows = torch.where(torch.from_numpy(shown)[:, cells].bool()[:, None], x, hidden)
        logits = network.module(rows)
        scores = (logits.softmax(1) if score == "probability" else logits)[:, target].numpy()
        distance = 1 - shown.sum(1) / np.sqrt(9 * np.maximum(shown.sum(1), 1))
        weights = np.sqrt(np.exp(-(distance**2) / 0.25**2))
        oracle = Ridge(alpha=1).fit(shown, scores, sample_weight=weights).coef_
        assert np.abs(oracle).max() > 1e-4
        assert np.abs(result[0].numpy() - oracle[cells.numpy()]).max() <= 1e-10


def test_images_of_one_channel_are_shown_to_lime_as_three():
    grey, colour = small(1), small(3)
    colour.module[0].weight.copy_(grey.module[0].weight.expand(-1, 3, -1, -1) / 3)  # type: ignore[operator, index, union-attr]
    for layer in (0, 4):
        colour.module[layer].bias.copy_(grey.module[layer].bias)  # type: ignore[operator, index, union-attr]
    colour.module[4].weight.copy_(grey.module[4].weight)  # type: ignore[operator, index, union-attr]
    batch = images(1)
    values = Lime(samples=50).attribute_module(grey, batch).values
    three = replace(batch, x=batch.x.expand(-1, 3, -1, -1))
    assert (values - Lime(samples=50).attribute_module(colour, three).values).abs().amax() <= 1e-10


@pytest.mark.parametrize("segments", ["quickshift", "slic"])
def test_other_segments(segments):
    network, batch = small(), images()
    blocks = torch.nn.functional.interpolate(batch.x[:, :, ::4, ::4], scale_factor=4) * 3
    batch = replace(batch, x=blocks)
    values = Lime(segments=segments, samples=50).attribute_module(network, batch).values
    assert values.shape == (3, 1, 16, 16)
    assert torch.isfinite(values).all()
    pieces = SEGMENTERS[segments](4, 0)(blocks[0].permute(1, 2, 0).numpy())
    assert sorted(set(pieces.flatten())) == list(range(pieces.max() + 1))
    if segments == "slic":
        assert pieces.max() > 0


def test_quickshift_makes_one_segment_of_a_small_picture():
    """Why the default is a grid."""
    picture = np.random.default_rng(0).random((32, 32, 3))
    assert SEGMENTERS["quickshift"](4, 0)(picture).max() == 0


def test_each_image_depends_on_its_own_rows_and_seed():
    network, batch = small(), images()
    whole = Lime(samples=60).attribute_module(network, batch).values
    part = replace(batch, x=batch.x[[2, 0]], target=batch.target[[2, 0]], noise=Noise((SEEDS[2], SEEDS[0])))
    result = Lime(samples=60).attribute_module(network, part).values
    assert (result - whole[[2, 0]]).abs().amax() <= 1e-10
    other = Lime(samples=60).attribute_module(network, replace(batch, noise=Noise((1, 2, 3)))).values
    assert (other - whole).abs().amax() > 1e-6


class Failing(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        if torch.rand(1) < 0.5 or len(x) < 40:
            raise ValueError("the network fails")
        out: Tensor = self.network(x)
        return out


@pytest.mark.parametrize("fails", [False, True])
def test_everything_is_left_as_found(fails):
    network, batch = small(), images()
    if fails:
        network = replace(network, module=Failing(copy.deepcopy(network.module)).eval())
    before = (str(vars(network.module)), torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate())  # noqa: NPY002
    streams = (sys.stdout, sys.stderr)
    if fails:
        with pytest.raises(ValueError, match="the network fails"):
            Lime(samples=90).attribute_module(network, batch)
    else:
        Lime(samples=90).attribute_module(network, batch)
    after = (str(vars(network.module)), torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate())  # noqa: NPY002
    assert after == before
    assert (sys.stdout, sys.stderr) == streams


def test_a_constant_network_gives_zero():
    network = small()
    torch.nn.init.zeros_(network.module[-1].weight)  # type: ignore[operator, index, arg-type]
    for score in ("logit", "probability"):
        values = Lime(samples=40, score=score).attribute_module(network, images()).values  # type: ignore[arg-type]
        assert values.abs().amax() < 1e-12


def test_nothing_is_printed(capfd):
    Lime(samples=20).attribute_module(small(), images())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"segments": "felzenszwalb"}, "segments=felzenszwalb is not possible; choose grid or quickshift or slic"),
        ({"score": "loss"}, "score=loss is not possible; choose logit or probability"),
        ({"grid": 0}, "grid=0 is not possible; choose 1 or more"),
        ({"samples": 1}, "samples=1 is not possible; choose 2 or more"),
        ({"kernel_width": 0.0}, "kernel_width=0.0 is not possible; choose more than 0"),
    ],
)
def test_impossible_values_are_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        Lime(**arguments)


def test_images_that_lime_cannot_take_are_refused():
    with pytest.raises(UsageError, match="one or three channels, not of 2"):
        Lime().attribute_module(small(2), images(2))
    with pytest.raises(UsageError, match="grid=17 has more cells than the images of 16x16"):
        Lime(grid=17).attribute_module(small(), images())


def test_the_spec():
    (spec,) = saliencynoise_methods()
    assert (spec.name, spec.kind, spec.stochastic, spec.library) == ("lime", "module", True, "lime")
    assert isinstance(Lime(), ModuleMethod)
    code = (
        "import sys, saliencynoise_lime.plugin as p; p.saliencynoise_methods(); "
        "print({'torch', 'lime', 'numpy', 'skimage'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize("name", ["lime"])
def test_the_registry_builds_it_and_reads_back_what_it_writes(name):
    from saliencynoise.registry.catalogue import catalogue

    bound = catalogue().method(f"lime/{name}")
    assert catalogue().method(bound.canonical_name).instance == bound.instance
    assert "with lime " in bound.distribution
