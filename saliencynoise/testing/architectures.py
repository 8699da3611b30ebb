"""Checks of an architecture: logits, seeds, weights, and changes by a forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Network, UsageError
from saliencynoise.testing.checks import Check, ContractBroken, NotApplicable
from saliencynoise.testing.state import changes, global_state, guarded, network_state, tensor_state
from saliencynoise.testing.values import require_different, require_equal

if TYPE_CHECKING:
    from torch import Tensor

    from saliencynoise.testing.subjects import ModelSubject

SQUARE, OBLONG, GREY = (3, 32, 32), (3, 32, 48), (1, 32, 32)
ROWS = "in eval mode maps `[N, C, H, W]` to logits `[N, K]`, each row on its own"
UNCHANGED = "the same rows give the same logits, and neither they nor the module change by it."
SEEDED = "The caller sets torch's global seed, and the weights follow from it alone"


def images(shape: tuple[int, int, int] = SQUARE, count: int = 3, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return random images, `[N, C, H, W]`."""
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def logits_of(network: Network, x: Tensor) -> Tensor:
    """Return logits without gradients, in a guarded global state."""
    with guarded(0), torch.no_grad():
        logits: Tensor = network.module.to(x.dtype)(x.clone())
    return logits


def check_logits(subject: ModelSubject) -> None:
    """There are as many finite logits as classes, of the dtype of the images."""
    for classes in (3, 5):
        _require_logits(subject, SQUARE, classes)


def check_oblong(subject: ModelSubject) -> None:
    """Images that are wider than high, where the architecture does not refuse them."""
    _require_logits(subject, OBLONG, 3)


def check_grey(subject: ModelSubject) -> None:
    """Images of one channel, where the architecture does not refuse them."""
    _require_logits(subject, GREY, 3)


def check_rows(subject: ModelSubject) -> None:
    """Each image alone has the same logits as in the batch."""
    network, x = subject.build(SQUARE), images()
    expected = logits_of(network, x)
    for row in range(len(x)):
        require_equal(logits_of(network, x[row : row + 1]), expected[row : row + 1], f"logits of image {row} alone")


def check_deterministic(subject: ModelSubject) -> None:
    """The same forward pass twice gives the same logits."""
    network, x = subject.build(SQUARE), images()
    with guarded(1), torch.no_grad():
        first = network.module.double()(x.clone())
        second = network.module(x.clone())
    require_equal(second, first, "the same forward pass a second time")


def check_forward_unchanged(subject: ModelSubject) -> None:
    """A forward pass changes no image, weight, buffer or flag."""
    network, x = subject.build(SQUARE), images()
    network.module.double()
    before = {**network_state(network.module), **tensor_state("the images", x)}
    with guarded(0), torch.no_grad():
        network.module(x)
    _require_none(changes(before, {**network_state(network.module), **tensor_state("the images", x)}))


def check_same_seed(subject: ModelSubject) -> None:
    """The same seed of torch, and another state of numpy and Python, give the same weights."""
    first, second = _weights(subject, seed=1, numpy_seed=1), _weights(subject, seed=1, numpy_seed=2)
    _require_none([name for name in first if not torch.equal(first[name], second[name])], "under the same seed")


def check_other_seed(subject: ModelSubject) -> None:
    """Another seed gives other weights."""
    first, second = _weights(subject, seed=1, numpy_seed=1), _weights(subject, seed=2, numpy_seed=1)
    if all(torch.equal(first[name], second[name]) for name in first):
        raise ContractBroken("torch.manual_seed(1) and torch.manual_seed(2) give the same weights")


def check_global_state(subject: ModelSubject) -> None:
    """Building draws from torch's generator only and changes no setting; a forward pass in eval mode draws nothing."""
    with guarded(0):
        before = global_state()
        network = subject.model.build(SQUARE, 3)
        changed = [name for name in changes(before, global_state()) if name != "torch's random state"]
        _require_none(changed, "by building")
        before = global_state()
        with torch.no_grad():
            network.module.eval()(images(dtype=torch.float32))
        _require_none(changes(before, global_state()), "by a forward pass")


def check_state_dict(subject: ModelSubject) -> None:
    """A network of another seed that loads the state_dict gives the same logits."""
    first, second, x = subject.build(SQUARE, seed=1), subject.build(SQUARE, seed=2), images(dtype=torch.float32)
    second.module.load_state_dict(first.module.state_dict())
    expected = logits_of(first, x)
    require_equal(logits_of(second, x), expected, "logits after the state_dict was loaded", tolerance=1e-5)


def check_meta(subject: ModelSubject) -> None:
    """Built on the meta device, the network has the same points, and weights of the same shapes."""
    real = subject.build(SQUARE)
    with guarded(0), torch.device("meta"):
        planned = subject.model.build(SQUARE, 3)
    shapes = [
        {name: tuple(value.shape) for name, value in network.module.state_dict().items()} for network in (real, planned)
    ]
    if shapes[0] != shapes[1]:
        raise ContractBroken("on the meta device the weights have other names or shapes")
    if dict(real.points) != dict(planned.points):
        raise ContractBroken("on the meta device the points are others")


def _require_logits(subject: ModelSubject, shape: tuple[int, int, int], classes: int) -> None:
    x = images(shape, dtype=torch.float32)
    try:
        network = subject.build(shape, classes=classes)
    except UsageError as refused:
        if shape == SQUARE:
            raise
        raise NotApplicable(f"the architecture refuses images of {'x'.join(map(str, shape))}: {refused}") from refused
    logits = logits_of(network, x)
    if logits.shape != (len(x), classes) or logits.dtype != x.dtype:
        raise ContractBroken(
            f"{len(x)} images of {shape} and {classes} classes give {list(logits.shape)} of {logits.dtype}"
        )
    if not torch.isfinite(logits).all():
        raise ContractBroken(f"logits of images of {shape} are NaN or infinite")
    require_different(logits[:1], logits[1:2], "two random images have the same logits")


def _weights(subject: ModelSubject, *, seed: int, numpy_seed: int) -> dict[str, Tensor]:
    """Return the weights under one seed of torch and another seed of numpy and Python."""
    with guarded(numpy_seed):
        torch.manual_seed(seed)
        return dict(subject.model.build(SQUARE, 3).module.state_dict())


def _require_none(changed: list[str], when: str = "") -> None:
    if changed:
        raise ContractBroken(f"changed {when}: {', '.join(changed[:4])}{' ...' if len(changed) > 4 else ''}")


def checks() -> Iterator[Check[ModelSubject]]:
    """Yield the checks of an architecture, without the checks of its points."""
    images_of = "for images of `in_shape` = (C, H, W)"
    yield Check(name="logits", contract=ROWS, run=check_logits)
    yield Check(name="oblong_images", contract=images_of, run=check_oblong, needs=("logits",))
    yield Check(name="grey_images", contract=images_of, run=check_grey, needs=("logits",))
    yield Check(name="deterministic", contract=UNCHANGED, run=check_deterministic)
    yield Check(name="rows", contract=ROWS, run=check_rows, needs=("deterministic",))
    yield Check(name="forward_unchanged", contract=UNCHANGED, run=check_forward_unchanged)
    yield Check(name="same_seed", contract=SEEDED, run=check_same_seed)
    yield Check(name="other_seed", contract=SEEDED, run=check_other_seed, needs=("same_seed",))
    yield Check(name="global_state", contract=SEEDED, run=check_global_state, needs=("deterministic",))
    yield Check(
        name="state_dict",
        contract="Its state_dict holds all that training changes.",
        run=check_state_dict,
        needs=("deterministic",),
    )
    yield Check(
        name="meta_device",
        contract="The network is also built on torch's meta device, to see whether it can be",
        run=check_meta,
    )
