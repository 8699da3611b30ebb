"""Measure the methods' errors on each family of architectures, and write `docs/correctness.md`.

`uv run python docs/scripts/correctness.py [FAMILY ...]`: some minutes on one core. Untrained networks whose weights
are perturbed (blocks that begin as zero would hide errors), random images of 3x32x32, a background of four images.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.interfaces import Batch, Maps, Noise, one_line, seeded
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, attribute
from saliencynoise.store.provenance import hardware, versions

if TYPE_CHECKING:
    from saliencynoise.interfaces import Network

FAMILIES = {
    "ResNet": "resnet18",
    "VGG": "vgg11",
    "VGG, batch norm": "vgg11_bn",
    "DenseNet": "densenet121",
    "MobileNetV3": "mobilenetv3_small_050",
    "EfficientNet": "efficientnet_b0",
    "RegNet": "regnetx_002",
    "ConvNeXt": "convnext_atto",
    "NFNet": "test_nfnet",
    "ViT": "vit_tiny_patch16_224",
    "Swin": "swin_tiny_patch4_window7_224",
    "MLP-Mixer": "mixer_s32_224",
    "timm's test_resnet": "test_resnet",
    "timm's test_vit": "test_vit",
    "timm's test_efficientnet": "test_efficientnet",
    "timm's test_convnext": "test_convnext",
}


@dataclass(frozen=True)
class Column:
    """A figure that is measured on each family: a method's completeness error, or its distance from another's map."""

    title: str
    method: str
    oracle: str | None = None
    double: bool = True


DEEPLIFT = (
    Column("deeplift", "deeplift"),
    Column("deeplift, float32", "deeplift", double=False),
    Column("deep_shap", "deep_shap(references=4)"),
    Column("captum's", "captum/deep_lift(insist=true)"),
    Column("captum's, from a mean image", "captum/deep_lift(insist=true,baselines=mean)"),
    Column("shap's", "shap/deep_explainer(insist=true)"),
)
OTHERS = (
    Column("gradient", "gradient", "captum/saliency"),
    Column("gradient_x_input", "gradient_x_input", "captum/input_x_gradient"),
    Column("gradcam (top)", "gradcam", "captum/layer_gradcam"),
    Column("integrated_gradients", "integrated_gradients(steps=8,rule=middle)", "captum/integrated_gradients"),
    Column("the same, 32 steps: completeness", "integrated_gradients"),
    Column("occlusion", "occlusion(window=8,stride=8)", "captum/occlusion"),
    Column("lime", "lime(samples=40,score=probability)", "lime/lime"),
    Column("kernel_shap: completeness", "kernel_shap(samples=40)"),
)
PARAMETERS = {
    "captum/integrated_gradients": "(n_steps=8,method=riemann_middle)",
    "captum/occlusion": "(window=8,strides=8)",
    "lime/lime": "(samples=40,segments=grid,grid=4)",
}


def build(name: str) -> Network:
    """Return a network in float64 whose every weight matters."""
    with seeded(0):
        network = catalogue().model(name, {}).load().build((3, 32, 32), 10)
    network.module.eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.02)
    network.module.double()
    calibrate(network.module, generator)
    return network


def calibrate(module: torch.nn.Module, generator: torch.Generator) -> None:
    """Give every batch norm the statistics of random images: without them deep networks are nearly constant."""
    norms = [part for part in module.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
        norm.train()
    with torch.no_grad():
        for _ in range(2):
            module(torch.randn(32, 3, 32, 32, generator=generator, dtype=torch.float64))
    module.eval()


def measure(network: Network, column: Column) -> str:
    """Return a figure as text: the largest over two images, or why there is none."""
    dtype = torch.float64 if column.double else torch.float32
    generator = torch.Generator().manual_seed(2)
    x, background = (torch.randn(n, 3, 32, 32, generator=generator, dtype=torch.float64) for n in (2, 4))
    batch = Batch(x=x.to(dtype), target=torch.tensor([3, 7]), background=background.to(dtype), noise=Noise((5, 6)))
    network.module.to(dtype)
    try:
        found = run(network, column.method, batch)
        if column.oracle is None:
            return f"{float(found.diagnostics['completeness_error'].max()):.0e}"
        other = run(network, column.oracle + PARAMETERS.get(column.oracle, ""), batch)
        scale = other.values.abs().amax((1, 2, 3))
        return f"{float(((found.values - other.values).abs().amax((1, 2, 3)) / scale).max()):.0e}"
    except Exception as error:  # noqa: BLE001 - a library may raise anything
        print(f"  {column.title}: {one_line(error)[:200]}")
        return "fails"
    finally:
        network.module.double()


def run(network: Network, text: str, batch: Batch) -> Maps:
    """Return a method's maps, or raise what it raised."""
    result = attribute(Passes(network, rows=64), catalogue().method(text).instance, batch)
    if isinstance(result, Exception):
        raise result
    return result


def table(title: str, columns: tuple[Column, ...], figures: dict[str, dict[str, str]]) -> str:
    """Return a Markdown table with a row for each family."""
    lines = [f"| {title} | " + " | ".join(column.title for column in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for family, row in figures.items():
        cells = " | ".join(row[column.title] for column in columns)
        lines.append(f"| {family} (`{FAMILIES[family]}`) | {cells} |")
    return "\n".join(lines)


def page(figures: dict[str, dict[str, str]]) -> str:
    """Return the page."""
    result: dict[str, Any] = versions()
    for library in ("captum", "shap", "lime"):
        result[library] = catalogue().method(f"{library}/{LIBRARY[library]}").distribution.rpartition(" ")[2]
    where = ", ".join(f"{name} {version}" for name, version in result.items())
    machine = hardware("cpu", threads=1)["processor"]
    return f"""# Measured correctness

Written by `docs/scripts/correctness.py`: {where}; one thread of {machine}.

Untrained networks with perturbed weights and batch norms that have seen random images; two random images of 3x32x32,
four background images, seed 0; float64 where nothing else is said. Each figure is the larger one of the two images.
Tests assert the same on smaller networks.

## Completeness of DeepLIFT

|sum of the map - difference of logits| / |difference of logits|. "fails": the library raises an error on this network.
Completeness alone does not prove DeepLIFT right: the tests also compare with the rescale rule written out.

{table("family", DEEPLIFT, figures)}

captum and shap give these maps only if one insists (`insist=true`); by default `captum/deep_lift` and
`shap/deep_explainer` are failed cells beyond 1e-3.

## The other methods

Largest difference from the library's map, relative to the map's largest value (captum, with the same steps, windows and
baselines; the lime package, with the same seed and segments). "completeness" as above. "fails": captum refuses layers
that are no `[N, C, h, w]` grid. captum rounds sums of occlusion to float32.

{table("family", OTHERS, figures)}

Stochastic methods without an oracle here (SmoothGrad, expected gradients, RISE) are tested against loops over the same
draws.
"""


LIBRARY = {"captum": "saliency", "shap": "deep_explainer", "lime": "lime"}


def main(names: list[str]) -> None:
    """Measure, print, and write the page where all families were measured."""
    torch.set_num_threads(1)
    figures: dict[str, dict[str, str]] = {}
    for family in names or FAMILIES:
        network = build(FAMILIES[family])
        print(family)
        figures[family] = {column.title: measure(network, column) for column in (*DEEPLIFT, *OTHERS)}
        print(json.dumps(figures[family]))
    if not names:
        (Path(__file__).parents[1] / "correctness.md").write_text(page(figures))


if __name__ == "__main__":
    main(sys.argv[1:])
