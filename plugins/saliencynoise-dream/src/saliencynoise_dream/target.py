"""The objective of a dream from names, and its start from a picture or from noise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from saliencynoise.data.class_names import class_index
from saliencynoise.data.own_pictures import as_seen
from saliencynoise.data.pictures import Unreadable
from saliencynoise.interfaces import Dataset, UsageError
from saliencynoise.registry.bound import BoundModel
from saliencynoise.store.atomic import sha256_of
from saliencynoise_dream.objective import ClassLogit, LayerEnergy
from saliencynoise_dream.records import DreamStart
from saliencynoise_dream.request import MOST_CLASSES, DreamRequest
from saliencynoise_dream.views import noise_start

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class DreamTarget:
    """The objective of a dream and its start.

    Attributes:
        rows: the name of each picture: its class, or the layer.
        objective: the number that the dream increases.
        start: `[K, C, H, W]`, pixels from 0 to 1.
        source: description of the start.
        notes: notes for the reader of the results.
    """

    rows: tuple[str, ...]
    objective: ClassLogit | LayerEnergy
    start: Float[Tensor, "K C H W"]
    source: DreamStart
    notes: tuple[str, ...]


def dream_target(request: DreamRequest, dataset: Dataset) -> DreamTarget:
    """Return the objective and the start of a dream.

    Raises:
        UsageError: if a class is unknown or named twice, or the picture cannot be read.
    """
    notes = []
    objective: ClassLogit | LayerEnergy
    if request.of_layer is not None:
        rows: tuple[str, ...] = (request.of_layer,)
        objective = LayerEnergy(request.of_layer)
    else:
        targets = [class_index(text, dataset.classes, option="--class") for text in request.classes]
        repeated = [target for target in targets if targets.count(target) > 1]
        if repeated:
            raise UsageError(f"--class names {dataset.classes[repeated[0]]!r} more than once; name it once")
        if not targets:
            targets = list(range(min(MOST_CLASSES, len(dataset.classes))))
            if len(targets) < len(dataset.classes):
                notes.append(f"the first {len(targets)} of {len(dataset.classes)} classes; name others with --class")
        rows = tuple(dataset.classes[target] for target in targets)
        objective = ClassLogit(torch.tensor(targets))
    start, source = _start(request, dataset, rows)
    notes += [] if source.words is None else [source.words]
    return DreamTarget(rows=rows, objective=objective, start=start, source=source, notes=tuple(notes))


def check_layer(model: BoundModel, layer: str, dataset: Dataset) -> None:
    """Refuse a layer that the architecture does not have, does not run, or that gives no tensor.

    The check uses an untrained network, before any network is trained.

    Raises:
        UsageError: with similar names.
    """
    channels, height, width = dataset.train.images.shape[1:]
    loaded = model.named()
    with torch.random.fork_rng():
        network = loaded.build((channels, height, width), len(dataset.classes))
    network.module.eval()
    with torch.no_grad():
        LayerEnergy(layer)(network, torch.zeros(1, channels, height, width))


def _start(
    request: DreamRequest, dataset: Dataset, rows: tuple[str, ...]
) -> tuple[Float[Tensor, "K C H W"], DreamStart]:
    channels, height, width = dataset.train.images.shape[1:]
    if request.picture is None:
        start = noise_start((channels, height, width), keys=rows, mean=dataset.mean, seed=request.bench.seed)
        return start, DreamStart(kind="noise")
    pixels, note = _read(request.picture, channels, height, dataset.levels)
    source = DreamStart(kind="picture", sha256=sha256_of(Path(request.picture)), words=note)
    return (pixels.float() / 255).expand(len(rows), -1, -1, -1).clone(), source


def _read(path: str, channels: int, size: int, levels: tuple[float, float] | None) -> tuple[Tensor, str]:
    seen_picture = as_seen(path, size=size, channels=channels, levels=levels)
    if isinstance(seen_picture, Unreadable):
        raise UsageError(f"cannot read the picture {path}: {seen_picture.reason}; name an image file")
    width, height = seen_picture.size
    note = f"start: the picture of {width}x{height} pixels, {', '.join(seen_picture.notes) or 'unchanged'}"
    return torch.from_numpy(seen_picture.pixels.copy()), note
