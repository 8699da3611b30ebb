"""Checks of a method's maps: their shapes and numbers, and that they depend on the image and the target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Batch, Network
from saliencynoise.testing.checks import Check, ContractBroken
from saliencynoise.testing.networks import HEIGHT, WIDTH, batch_of, constant, convolutional, other_layouts, retrained
from saliencynoise.testing.values import require_different, require_equal, require_readable

if TYPE_CHECKING:
    from saliencynoise.testing.subjects import MethodSubject


def check_shapes(subject: MethodSubject) -> None:
    """Maps have the right shape for three channels and for one, for several images and for one; no image is square."""
    for channels, images in ((3, 3), (1, 3), (3, 1), (1, 1)):
        network = convolutional(channels)
        values = subject.maps(network, batch_of(channels, images)).values
        grids = {(HEIGHT, WIDTH), *(point.grid for point in network.points.values())}
        possible = [[images, channels, HEIGHT, WIDTH], *([images, 1, *grid] for grid in sorted(grids))]
        if list(values.shape) not in possible:
            raise ContractBroken(
                f"for {images} images of {channels}x{HEIGHT}x{WIDTH} the maps are {list(values.shape)}, "
                f"which is none of {possible}"
            )


def check_dtype_and_device(subject: MethodSubject) -> None:
    """Maps have the dtype and device of the images: float64 and float32 on the CPU, float32 on a GPU."""
    cases = [(torch.float64, "cpu"), (torch.float32, "cpu")]
    if torch.cuda.is_available():
        cases.append((torch.float32, "cuda"))
    for dtype, device in cases:
        network, batch = _moved(convolutional(), batch_of(images=1), dtype, device)
        values = subject.maps(network, batch).values
        if values.dtype != dtype or values.device != batch.x.device:
            raise ContractBroken(
                f"for images of {dtype} on {batch.x.device} the maps are {values.dtype} on {values.device}"
            )


def check_finite(subject: MethodSubject) -> None:
    """Values are finite, also on a network that ignores the image and for images of one colour."""
    plain = batch_of(images=2)
    flat = replace(plain, x=torch.zeros_like(plain.x))
    cases = (
        ("random images", convolutional(), plain),
        ("a network that ignores the image", constant(), plain),
        ("images that are zero everywhere", convolutional(), flat),
    )
    for case, network, batch in cases:
        wrong = int((~torch.isfinite(subject.maps(network, batch).values)).sum())
        if wrong:
            raise ContractBroken(f"{wrong} values are NaN or infinite for {case}")


def check_network(subject: MethodSubject) -> None:
    """Another member's weights have another map; and the first network's map comes back."""
    first = subject.maps(convolutional()).values
    require_different(
        subject.maps(retrained()).values, first, "two networks have the same map of an image: does it keep the first's?"
    )
    require_equal(subject.maps(convolutional()).values, first, "maps of a network before and after another network's")


def check_image(subject: MethodSubject) -> None:
    """Another image of the same target, with the same noise, has another map; and some of it is not zero."""
    plain = batch_of(images=1)
    first, second = (subject.maps(batch=replace(plain, x=batch_of(images=1, seed=seed).x)).values for seed in (0, 1))
    if not (first.any() and second.any()):
        raise ContractBroken("the map of a random image is zero everywhere")
    require_different(first, second, "two random images have the same map")


def check_target(subject: MethodSubject) -> None:
    """Each image's map follows its own target, whatever the others' are."""
    plain = batch_of(images=2)
    before = subject.maps(batch=plain).values
    for row in range(len(plain.x)):
        target = plain.target.clone()
        target[row] = 1
        after = subject.maps(batch=replace(plain, target=target)).values
        require_different(
            after[row],
            before[row],
            f"image {row} of the batch has the same map for the targets {plain.target[row]} and 1",
        )


def check_layouts(subject: MethodSubject) -> None:
    """The same network has the same maps whether its layers give planes, rows of pixels or tokens."""
    expected = subject.maps().values
    require_equal(
        subject.maps(other_layouts()).values, expected, "maps where the layers give NHWC and tokens, against planes"
    )


def check_diagnostics(subject: MethodSubject) -> None:
    """Each diagnostic has one finite figure per image."""
    for name, figures in subject.maps().diagnostics.items():
        if not isinstance(name, str):
            raise ContractBroken(f"a diagnostic is called {name!r}, which is no text")
        if not isinstance(figures, torch.Tensor) or figures.shape != (3,):
            shape = list(getattr(figures, "shape", []))
            raise ContractBroken(f"the diagnostic '{name}' of 3 images has the shape {shape} instead of [3]")
        if not torch.isfinite(figures).all():
            raise ContractBroken(f"the diagnostic '{name}' is not finite: {figures.tolist()}")


def check_parameters(subject: MethodSubject) -> None:
    """The canonical text that identifies a method in results and workers reads back to an equal instance."""
    require_readable(subject.method)


def _moved(network: Network, batch: Batch, dtype: torch.dtype, device: str) -> tuple[Network, Batch]:
    network.module.to(device, dtype)
    moved = replace(
        batch,
        x=batch.x.to(device, dtype),
        target=batch.target.to(device),
        background=batch.background.to(device, dtype),
    )
    return network, moved


def checks_of_numbers() -> Iterator[Check[MethodSubject]]:
    """Yield the checks of shapes and numbers; "finite" is needed by most others."""
    yield Check(
        name="shapes",
        contract="Maps are float32, signed and raw: `[B, C, H, W]` for methods on pixels, `[B, 1, h, w]` for methods "
        "on a layer, at the layer's own resolution",
        run=check_shapes,
    )
    yield Check(
        name="dtype_and_device",
        contract="Maps have the dtype and the device of `Batch.x`",
        run=check_dtype_and_device,
    )
    yield Check(name="finite", contract="every value is finite", run=check_finite)
    yield Check(name="diagnostics", contract="figures per image, `[B]` each", run=check_diagnostics)
    yield Check(
        name="parameters",
        contract="import string of a frozen dataclass whose fields are the method's parameters",
        run=check_parameters,
    )


def checks_of_meaning() -> Iterator[Check[MethodSubject]]:
    """Yield the checks that maps depend on the image and the target, with any layout of the architecture."""
    comparable = ("finite", "repeatable")
    yield Check(
        name="network",
        contract="They follow from the network and the batch alone",
        run=check_network,
        needs=comparable,
    )
    yield Check(
        name="image",
        contract="positive where more of it raises the score",
        run=check_image,
        needs=comparable,
    )
    yield Check(
        name="target",
        contract="the column of the network's outputs that is explained",
        run=check_target,
        needs=comparable,
    )
    yield Check(
        name="layouts",
        contract="what the network computed at the point, as a grid whatever the architecture",
        run=check_layouts,
        needs=comparable,
    )
