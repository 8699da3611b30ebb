"""The tensors in a member's files, and checks that a network can have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 2**53
"""Parameters of a network, at most."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The tensors of a member's two files.

    Attributes:
        shapes: shapes of the weights, by name, and of the logits under "logits of the test images".
        logits: `[N, K]`, its shape.
        broken: names of tensors with values of NaN or infinity.
        floating: whether the logits are floating point.
    """

    shapes: Mapping[str, tuple[int, ...]]
    logits: tuple[int, ...]
    broken: tuple[str, ...]
    floating: bool = True

    @classmethod
    def of(cls, weights: bytes, logits: bytes, *, member: int) -> Contents:
        """Read the tensors of files whose checksums were compared.

        Raises:
            UsageError: if a file is not made of tensors, or the second one not of the logits; it names `member`.
        """
        from safetensors import SafetensorError  # noqa: PLC0415 - numpy stays off the import path
        from safetensors.torch import load  # noqa: PLC0415 - torch stays off the import path of the command line

        try:
            parameters, outputs = load(weights), load(logits)
        except SafetensorError as error:
            raise UsageError(f"a file of member {member} is not made of tensors ({error})") from error
        if outputs.keys() != {"logits"}:
            raise UsageError(f"the logits of member {member} are missing")
        tensors = {**parameters, "logits of the test images": outputs["logits"]}
        return cls(
            shapes={name: tuple(tensor.shape) for name, tensor in tensors.items()},
            logits=tuple(tensors["logits of the test images"].shape),
            broken=tuple(name for name, tensor in tensors.items() if not bool(tensor.isfinite().all())),
            floating=tensors["logits of the test images"].is_floating_point(),
        )


def wrong_content(contents: Contents, classes: object) -> str | None:
    """Return what is wrong with the contents of a trained network with `classes` classes, or None.

    >>> wrong_content(Contents(shapes={}, logits=(32,), broken=()), 10)
    'its logits are of shape [32]; they must be [N, 10], a row for each test image'
    """
    rows = classes if isinstance(classes, int) else "K"
    if len(contents.logits) != 2 or (isinstance(classes, int) and contents.logits[1] != classes):
        return f"its logits are of shape {list(contents.logits)}; they must be [N, {rows}], a row for each test image"
    if not contents.floating:
        return "its logits are no floating-point numbers"
    if contents.broken:
        return f"{contents.broken[0]} holds NaN or infinity, as after a training that diverged"
    return None


def wrong_network(network: object) -> str | None:
    """Return what is wrong with the description of a network in `pool.json`, or None.

    >>> wrong_network({"parameters": "many", "adaptations": [], "points": {}})
    'parameters of its network is no number from 0'
    """
    if not isinstance(network, dict):
        return "its network is no table"
    parameters, adaptations, points = (network.get(name) for name in ("parameters", "adaptations", "points"))
    if type(parameters) is not int or not 0 <= parameters <= MOST:
        return "parameters of its network is no number from 0"
    if not isinstance(adaptations, list) or not all(isinstance(adaptation, str) for adaptation in adaptations):
        return "adaptations of its network is no list of texts"
    if not isinstance(points, dict) or not all(map(_is_point, points.values())):
        return "points of its network is no table of points, each with its grid of two numbers"
    return None


def _is_point(point: object) -> bool:
    grid = point.get("grid") if isinstance(point, dict) else None
    return isinstance(grid, list) and len(grid) == 2 and all(type(side) is int and 0 < side <= MOST for side in grid)


def wrong_origin(versions: Mapping[str, object], hardware: Mapping[str, object]) -> str | None:
    """Return what is wrong with the versions and hardware of a member's record, or None; a result repeats them.

    >>> wrong_origin({"torch": "2.15.0"}, {"device": "cpu"})
    'processor of its hardware is no text'
    """
    texts = {f"{name} of its versions": text for name, text in versions.items()}
    texts |= {f"{name} of its hardware": hardware.get(name) for name in ("device", "processor")}
    texts |= {f"{name} of its hardware": hardware.get(name, "") for name in ("machine", "gpu")}
    wrong = next((name for name, text in texts.items() if not isinstance(text, str)), None)
    if wrong is not None:
        return f"{wrong} is no text"
    counts = {"threads": hardware.get("threads", 1), "cores": 1 if hardware.get("cores") is None else hardware["cores"]}
    odd = next((name for name, number in counts.items() if type(number) is not int or not 0 <= number <= MOST), None)
    return None if odd is None else f"{odd} of its hardware is no number from 0"
