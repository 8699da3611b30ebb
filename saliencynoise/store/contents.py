"""What is in a member's files, and whether a network can have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The tensors of a member's two files.

    Attributes:
        shapes: of the weights, by name, and of the logits under "logits of the test images".
        logits: `[N, K]`, its shape.
        broken: names of tensors with values of NaN or infinity.
    """

    shapes: Mapping[str, tuple[int, ...]]
    logits: tuple[int, ...]
    broken: tuple[str, ...]

    @classmethod
    def of(cls, weights: bytes, logits: bytes) -> Contents:
        """Read files whose checksums were compared, and that are made of tensors."""
        from safetensors.torch import load  # noqa: PLC0415 - torch stays off the import path of the command line

        tensors = {**load(weights), "logits of the test images": load(logits)["logits"]}
        return cls(
            shapes={name: tuple(tensor.shape) for name, tensor in tensors.items()},
            logits=tuple(tensors["logits of the test images"].shape),
            broken=tuple(name for name, own in tensors.items() if not bool(own.isfinite().all())),
        )


def wrong_content(contents: Contents, classes: object) -> str | None:
    """Return what no trained network of so many classes has, or None.

    >>> wrong_content(Contents(shapes={}, logits=(32,), broken=()), 10)
    'its logits are of shape [32]; they must be [N, 10], a row for each test image'
    """
    rows = classes if isinstance(classes, int) else "K"
    if len(contents.logits) != 2 or (isinstance(classes, int) and contents.logits[1] != classes):
        return f"its logits are of shape {list(contents.logits)}; they must be [N, {rows}], a row for each test image"
    if contents.broken:
        return f"{contents.broken[0]} holds NaN or infinity, as after a training that diverged"
    return None
