"""Simulated maps of images whose causing pixels are known, and studies of them with what reports read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from saliencynoise.engine.study import Study
from saliencynoise.records.cell import CellFigures, Localization
from saliencynoise.records.writing import record_of, write_record
from saliencynoise.statistics import localization_curve as statistics
from saliencynoise.statistics.averages import plan_averages
from saliencynoise.statistics.cell_statistics import image_statistics, summarise
from saliencynoise.statistics.localization_curve import localize, summarise_localization
from tests.studies import record_of_study

SIZE = 12


DETAILS: dict[str, Any] = {"modes": {"words": "no groups", "share": 0.0}}
"""The details of a cell besides its localisation."""


def masks_of(images: int, *, seed: int = 0) -> torch.Tensor:
    """A square of 4 x 4 pixels somewhere on each image."""
    generator = torch.Generator().manual_seed(seed)
    masks = torch.zeros(images, SIZE, SIZE, dtype=torch.bool)
    for mask, (row, column) in zip(masks, torch.randint(0, SIZE - 3, (images, 2), generator=generator), strict=True):
        mask[row : row + 4, column : column + 4] = True
    return masks


def simulated(masks: torch.Tensor, *, members: int, shift: int = 0, noise: float = 1.0, seed: int = 0) -> torch.Tensor:
    """Maps `[B, E, 1, H, W]`: the mask (moved by `shift` pixels), a bias that all share, and each member's noise."""
    generator = torch.Generator().manual_seed(seed)
    template = masks.roll((shift, shift), (1, 2)).float()[:, None, None]
    bias = 0.5 * torch.randn(1, 1, 1, SIZE, SIZE, generator=generator)
    return template + bias + noise * torch.randn(len(masks), members, 1, SIZE, SIZE, generator=generator)


def located(maps: torch.Tensor, masks: torch.Tensor, *, view: str = "signed") -> statistics.Localization:
    averages = plan_averages(maps.shape[1], seed=0)
    images = [localize(own, mask, averages, view=view) for own, mask in zip(maps, masks, strict=True)]
    return summarise_localization(images, averages, seed=0)


def study_of(folder: Path, *, members: int = 6, masks: bool = True) -> Study:
    """A study with an aligned method, a misplaced one, and a rectified one of a layer."""
    true = masks_of(12)
    aligned, misplaced = simulated(true, members=members), simulated(true, members=members, shift=6)
    cells = [
        _cell("gradient", "signed", aligned, true),
        _cell("misplaced", "signed", misplaced, true),
        _cell("gradcam(layer=top)", "signed", aligned, true),
        _cell("gradcam(layer=top)", "relu", aligned, true),
    ]
    record = record_of_study(
        settings={"members": members, "draws": 2, "target": "true"},
        dataset={
            "asked": "shapes" if masks else "digits",
            "name": "shapes" if masks else "digits",
            "image_shape": [1, SIZE, SIZE],
            "train_images": 100,
            "test_images": 50,
            "masks": masks,
            "classes": [str(digit) for digit in range(10)],
        },
        recipes={"test_resnet": {"epochs": 3, "batch_size": 64, "precision": "float32"}},
        versions={"saliencynoise": "0", "torch": "2"},
        hardware=HARDWARE,
        architectures=[
            {
                "name": "test_resnet",
                "label": "test_resnet",
                "members": [
                    {"index": index, "accuracy": 0.9, "sha256": str(index), "seconds": 1.0, "hardware": HARDWARE}
                    for index in range(members)
                ],
            }
        ],
        images=[{"name": str(i), "target": {"test_resnet": 0}} for i in range(len(true))],
        device="cpu",
        files={GRAM: 64 * "0"},
        cells=cells if masks else [{**cell, "details": DETAILS} for cell in cells],
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder / "result.json", record)
    return Study.load(folder)


HARDWARE = {"processor": "a processor", "device": "cpu"}
GRAM = "gram/none.safetensors"
"""No test of these studies reads inner products."""


def _cell(method: str, view: str, maps: torch.Tensor, masks: torch.Tensor) -> dict[str, Any]:
    figures = summarise([image_statistics(of_image.flatten(1)) for of_image in maps], view=view, seed=0)
    return {
        "dataset": "shapes",
        "architecture": "test_resnet",
        "method": method,
        "method_name": method.partition("(")[0],
        "view": view,
        "members": maps.shape[1],
        "draws": 1,
        "status": "ok",
        "accuracy": {"median": 0.9, "min": 0.9, "max": 0.9},
        "figures": record_of(figures, CellFigures),
        "classes": {},
        "details": DETAILS | {"localization": record_of(located(maps, masks, view=view), Localization)},
        "seconds": 1.0,
        "gram": GRAM,
    }
