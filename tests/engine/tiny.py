"""A data set of small images, a network of one layer and a job on them, for tests that train nothing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from saliencynoise.engine.job import MemberJob
from saliencynoise.engine.member import describe_network
from saliencynoise.interfaces import Dataset, Network, Split
from saliencynoise.store.pool import Pool
from saliencynoise.store.records import MemberRecord
from saliencynoise.training.recipes import Recipe

IN_SHAPE = (1, 3, 3)
CLASSES = ("cat", "dog")
NAME = "ours/line"


def split_of(count: int, *, seed: int) -> Split:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, *IN_SHAPE), generator=generator, dtype=torch.uint8)
    return Split(images=images, labels=torch.arange(count) % 2, names=tuple(f"{seed}/{row}" for row in range(count)))


def tiny_dataset() -> Dataset:
    train, test = split_of(8, seed=1), split_of(6, seed=2)
    return Dataset(name="tiny", classes=CLASSES, train=train, test=test, mean=(0.5,), std=(0.25,))


def tiny_network(seed: int) -> Network:
    """A linear network whose weights follow from the seed; the global random state is not used for them."""
    layer = nn.utils.skip_init(nn.Linear, 9, 2)
    layer.load_state_dict(tiny_weights(seed))
    return Network(module=nn.Sequential(nn.Flatten(), layer), points={})


def tiny_weights(seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {"weight": torch.randn(2, 9, generator=generator), "bias": torch.randn(2, generator=generator)}


def state_of(seed: int) -> dict[str, Tensor]:
    """The whole state of `tiny_network`."""
    return {f"1.{name}": values for name, values in tiny_weights(seed).items()}


def logits_of(seed: int) -> Tensor:
    """The logits of the test images, computed by hand."""
    dataset, weights = tiny_dataset(), tiny_weights(seed)
    pixels = (dataset.test.images.double() / 255 - 0.5) / 0.25
    return pixels.flatten(1) @ weights["weight"].double().T + weights["bias"].double()


def tiny_pool(folder: Path) -> Pool:
    """A pool of the network, without members."""
    pool = Pool(folder)
    pool.describe({"architecture": NAME}, describe_network(tiny_network(0)))
    return pool


def save_member(pool: Pool, index: int, *, seed: int, seconds: float = 1.0) -> MemberRecord:
    record = {"seeds": {"init": seed}, "accuracy": 0.5, "seconds": seconds, "versions": {}, "hardware": {}}
    return pool.save(index, state_of(seed), logits_of(seed).float(), record)


def tiny_job(folder: Path, **changes: Any) -> MemberJob:
    """A job of run 0 that makes member 0; its pools lie in a folder."""
    plain: dict[str, Any] = {
        "architecture": NAME,
        "sampler": "ours/made",
        "run": 0,
        "members": (0,),
        "member": 0,
        "run_seed": 7,
        "recipe": asdict(Recipe(epochs=2)),
        "pool": str(folder / "pool"),
        "base_pool": str(folder / "base"),
        "device": "cpu",
        "precision": "float32",
        "input_noise": 0.0,
        "retrain": False,
        "recompute": False,
        "methods": {},
        "images": (),
        "targets": (),
        "chunks": (),
        "rows": None,
    }
    return MemberJob(**{**plain, **changes})
