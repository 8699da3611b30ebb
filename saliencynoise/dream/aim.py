"""From names to what a dream climbs, and from a picture or from noise to where it starts."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.data.pictures import Unreadable, read_picture, read_size
from saliencynoise.dream.objective import ClassLogit, LayerEnergy
from saliencynoise.dream.request import MOST_CLASSES, DreamRequest
from saliencynoise.dream.views import noise_start
from saliencynoise.interfaces import Dataset, UsageError
from saliencynoise.registry.catalogue import BoundModel
from saliencynoise.store.atomic import sha256_of

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

GREY = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in grey, where the networks see one channel: ITU-R BT.601, as Pillow's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Aim:
    """What is dreamt.

    Attributes:
        rows: a name for each picture: of its class, or the layer.
        objective: what to make large.
        start: `[K, C, H, W]`, pixels from 0 to 1.
        source: where the start comes from, in plain values.
        notes: what a reader must know.
    """

    rows: tuple[str, ...]
    objective: ClassLogit | LayerEnergy
    start: Float[Tensor, "K C H W"]
    source: dict[str, Any]
    notes: tuple[str, ...]


def aim_of(request: DreamRequest, dataset: Dataset) -> Aim:
    """Return what is dreamt of, and from where.

    Raises:
        UsageError: if a class is unknown or named twice, or the picture cannot be read.
    """
    notes = []
    objective: ClassLogit | LayerEnergy
    if request.of_layer is not None:
        rows: tuple[str, ...] = (request.of_layer,)
        objective = LayerEnergy(request.of_layer)
    else:
        targets = [class_index(text, dataset) for text in request.classes]
        if len(set(targets)) < len(targets):
            raise UsageError(f"--class names {dataset.classes[targets[-1]]!r} or another class twice; name each once")
        if not targets:
            targets = list(range(min(MOST_CLASSES, len(dataset.classes))))
            if len(targets) < len(dataset.classes):
                notes.append(f"the first {len(targets)} of {len(dataset.classes)} classes; name others with --class")
        rows = tuple(dataset.classes[target] for target in targets)
        objective = ClassLogit(torch.tensor(targets))
    start, source = _start(request, dataset, rows)
    notes += [source["words"]] if "words" in source else []
    return Aim(rows=rows, objective=objective, start=start, source=source, notes=tuple(notes))


def class_index(text: str, dataset: Dataset) -> int:
    """Return the class that a name, or else an index, stands for.

    Raises:
        UsageError: listing names that are near.
    """
    classes = dataset.classes
    if text in classes:
        return classes.index(text)
    if text.isascii() and text.isdecimal() and int(text) < len(classes):
        return int(text)
    close = get_close_matches(text, classes, n=3)
    shown = ", ".join(classes[:12]) + (" ..." if len(classes) > 12 else "")
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are {shown}, or 0 to {len(classes) - 1}"
    raise UsageError(f"--class {text} is unknown to {dataset.name}; {hint}")


def check_layer(model: BoundModel, layer: str, dataset: Dataset) -> None:
    """Refuse a layer that the architecture does not have, does not run, or that gives no tensor.

    Tried on an untrained network, before any is trained.

    Raises:
        UsageError: listing names that are near.
    """
    channels, height, width = dataset.train.images.shape[1:]
    loaded = model.load()
    with torch.random.fork_rng():
        network = loaded.build((channels, height, width), len(dataset.classes))
    network.module.eval()
    with torch.no_grad():
        LayerEnergy(layer)(network, torch.zeros(1, channels, height, width))


def _start(
    request: DreamRequest, dataset: Dataset, rows: tuple[str, ...]
) -> tuple[Float[Tensor, "K C H W"], dict[str, Any]]:
    channels, height, width = dataset.train.images.shape[1:]
    if request.picture is None:
        start = noise_start((channels, height, width), keys=rows, mean=dataset.mean, seed=request.bench.seed)
        return start, {"kind": "noise"}
    pixels, words = _read(request.picture, channels, height)
    source = {"kind": "picture", "sha256": sha256_of(Path(request.picture)), "words": words}
    return (pixels.float() / 255).expand(len(rows), -1, -1, -1).clone(), source


def _read(path: str, channels: int, size: int) -> tuple[Tensor, str]:
    found = read_picture(path, size)
    if isinstance(found, Unreadable):
        raise UsageError(f"cannot read the picture {path}: {found.reason}; name an image file")
    pixels = torch.tensor(found.pixels)
    done = []
    if len(pixels) == 3 and channels == 1:
        pixels = (torch.tensor(GREY).view(3, 1, 1) * pixels).sum(0, keepdim=True).round()
        done.append("made grey, as the networks see it")
    was = read_size(path)
    if "cropped" in found.traits:
        done.append("cut to its central square")
    if "resized" in found.traits:
        done.append(f"scaled to {size}x{size} pixels, the networks' size")
    shape = "" if was is None else f" of {was[0]}x{was[1]} pixels"
    other = sorted(found.traits - {"cropped", "resized"})
    words = (
        f"start: the picture{shape}, {', '.join(done) or 'as it is'}{' (' + ', '.join(other) + ')' if other else ''}"
    )
    return pixels.expand(channels, -1, -1), words
