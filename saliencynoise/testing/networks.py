"""Small networks in float64 with both CAM points, for images that are not square, and batches for them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import torch
from torch import nn

from saliencynoise.interfaces import Batch, CamPoint, Network, Noise, seeded

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

HEIGHT, WIDTH, CLASSES = 8, 12, 4
FINE, COARSE = (HEIGHT, WIDTH), (HEIGHT // 2, WIDTH // 2)


def convolutional(channels: int = 3) -> Network:
    """Return convolutions, batch norm in eval mode and ReLU modules; each used once, none in place.

    A hidden layer follows the top point, so that derivatives at the top depend on the image.
    """
    module = _assembled(channels)
    points = {"top": CamPoint(module="relu2", grid=COARSE), "intermediate": CamPoint(module="relu1", grid=FINE)}
    return Network(module=module, points=points)


def retrained(channels: int = 3) -> Network:
    """Return the same network with other weights, as another member of an ensemble."""
    network = convolutional(channels)
    generator = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for parameter in network.module.parameters():
            parameter.mul_(1 + 0.5 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
    return network


def negated(channels: int = 3) -> Network:
    """Return the same network with all logits of the opposite sign."""
    network = convolutional(channels)
    with torch.no_grad():
        for parameter in network.module.get_submodule("head").parameters():
            parameter.neg_()
    return network


def smooth(channels: int = 3) -> Network:
    """Return the same network with softplus in place of ReLU, along which few steps suffice for an integral."""
    network = convolutional(channels)
    return Network(module=_assembled(channels, activation=nn.Softplus), points=network.points)


def other_layouts(channels: int = 3) -> Network:
    """Return the same network, whose top is given as tokens after one class token, and the intermediate as NHWC."""
    module = _assembled(
        channels,
        after1={"rows": Permute(0, 2, 3, 1), "planes": Permute(0, 3, 1, 2)},
        after2={"tokens": Tokens(), "grid": Untoken(*COARSE)},
    )
    points = {
        "top": CamPoint(module="tokens", layout="tokens", grid=COARSE, prefix_tokens=1),
        "intermediate": CamPoint(module="rows", layout="NHWC", grid=FINE),
    }
    return Network(module=module, points=points)


def failing(fuse: Fuse, channels: int = 3) -> Network:
    """Return the same network, in whose middle a fuse blows at a given forward pass.

    By a hook that is there from the beginning: libraries refuse networks with modules of types that they do not know.
    """
    network = convolutional(channels)
    network.module.get_submodule("conv2").register_forward_pre_hook(fuse)
    return network


def constant(channels: int = 3) -> Network:
    """Return the same network with zeros for the weights of its head: it ignores the image."""
    network = convolutional(channels)
    nn.init.zeros_(network.module.get_submodule("head").weight)  # type: ignore[arg-type]
    return network


def linear(channels: int = 3) -> Network:
    """Return one linear layer with a bias; its points are the image itself."""
    with seeded(7):
        head = nn.Linear(channels * HEIGHT * WIDTH, CLASSES)
    layers: list[tuple[str, nn.Module]] = [
        ("intermediate", nn.Identity()),
        ("top", nn.Identity()),
        ("flatten", nn.Flatten()),
        ("head", head),
    ]
    points = {name: CamPoint(module=name, grid=FINE) for name in ("top", "intermediate")}
    return Network(module=nn.Sequential(OrderedDict(layers)).double(), points=points)


def linear_weights(network: Network, batch: Batch) -> Float[Tensor, "B C H W"]:
    """Return the weights by which the linear network sums an image to the logit of its target."""
    weight: Tensor = network.module.get_submodule("head").weight  # type: ignore[assignment]
    return weight.detach()[batch.target].reshape(batch.x.shape)


def batch_of(channels: int = 3, images: int = 3, *, background: float = 1.0, seed: int = 0) -> Batch:
    """Return float64 images of different targets; `background` scales the background images."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(images, channels, HEIGHT, WIDTH, generator=generator, dtype=torch.float64)
    others = torch.randn(5, channels, HEIGHT, WIDTH, generator=generator, dtype=torch.float64)
    target = torch.tensor([2, 0, 3])[:images]
    return Batch(x=x, target=target, background=background * others, noise=Noise((11, 12, 13)[:images]))


class Fuse:
    """A forward hook that counts calls, and raises at the given one.

    Attributes:
        at: the call that raises, from one; None for none.
        calls: calls so far.
    """

    def __init__(self, at: int | None = None) -> None:
        self.at, self.calls = at, 0

    def __deepcopy__(self, _memo: object) -> Fuse:
        """Stay the same fuse in a copy of the network: libraries' methods work on one."""
        return self

    def __call__(self, _module: nn.Module, _inputs: object) -> None:
        """Count the call.

        Raises:
            FuseError: at the given call.
        """
        self.calls += 1
        if self.calls == self.at:
            raise FuseError("the network of the conformance kit raises on purpose")


class FuseError(RuntimeError):
    """Raised by a fuse."""


class Permute(nn.Module):
    """Another order of the axes."""

    def __init__(self, *order: int) -> None:
        super().__init__()
        self.order = order

    def forward(self, x: Tensor) -> Tensor:
        """Return a view."""
        return x.permute(self.order)


class Tokens(nn.Module):
    """From `[N, c, h, w]` to `[N, 1 + h*w, c]`, a class token of zeros first."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens."""
        tokens = x.flatten(2).transpose(1, 2)
        return torch.cat([torch.zeros_like(tokens[:, :1]), tokens], 1)


class Untoken(nn.Module):
    """From tokens back to a grid of h x w."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.grid = (height, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the grid, without the class token."""
        return x[:, 1:].transpose(1, 2).reshape(len(x), -1, *self.grid)


def _assembled(
    channels: int,
    *,
    after1: dict[str, nn.Module] | None = None,
    after2: dict[str, nn.Module] | None = None,
    activation: type[nn.Module] = nn.ReLU,
) -> nn.Module:
    """Return the network with modules without weights inserted after its two ReLUs; the weights are the same always.

    Strides instead of a max-pool: libraries' DeepLIFT is wrong about pools, and says so by raising.
    """
    with seeded(5):
        layers: list[tuple[str, nn.Module]] = [
            ("conv1", nn.Conv2d(channels, 4, 3, padding=1)),
            ("norm1", _norm(4)),
            ("relu1", activation()),
            *(after1 or {}).items(),
            ("conv2", nn.Conv2d(4, 6, 3, stride=2, padding=1)),
            ("norm2", _norm(6)),
            ("relu2", activation()),
            *(after2 or {}).items(),
            ("pool", nn.AvgPool2d(2)),
            ("flatten", nn.Flatten()),
            ("hidden", _dense(6 * HEIGHT * WIDTH // 16, 16)),
            ("relu3", activation()),
            ("head", _dense(16, CLASSES)),
        ]
    return nn.Sequential(OrderedDict(layers)).double()


def _dense(inputs: int, outputs: int) -> nn.Module:
    """Return a linear layer with weights as large as after training; by torch's own, logits hardly differ."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=(4 / inputs) ** 0.5)
    return layer


def _norm(channels: int) -> nn.Module:
    """Return batch norm as training leaves it: neither zeros nor ones."""
    norm = nn.BatchNorm2d(channels)
    for values, low, high in (
        (norm.weight, 0.5, 1.5),
        (norm.bias, -0.5, 0.5),
        (norm.running_mean, -0.3, 0.3),
        (norm.running_var, 0.2, 0.6),
    ):
        if values is not None:
            nn.init.uniform_(values, low, high)
    return norm
