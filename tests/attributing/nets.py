"""Small networks and images in memory."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CLASSES = 4
IMAGES = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def net(seed: int, *, classes: int = CLASSES) -> nn.Sequential:
    """A network in training mode, with batch norm and dropout."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(6, classes),
        )


def nets(count: int = 3) -> list[nn.Sequential]:
    return [net(seed) for seed in range(count)]


class Random(nn.Module):
    """A network whose dropout is active in evaluation mode, too."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.net = net(seed)

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.net(nn.functional.dropout(x, 0.5, training=True))
        return outputs


def marked(module: nn.Module) -> dict[str, object]:
    """Everything of a network that must come back, by name."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    found: dict[str, object] = {}
    for path, part in module.named_modules():
        found[f"{path} mode"] = part.training
        found |= {f"{path} {name}": dict(getattr(part, name)) for name in hooks}
    for name, parameter in module.named_parameters():
        found[f"{name} flag"] = parameter.requires_grad
        found[f"{name} gradient"] = None if parameter.grad is None else parameter.grad.tolist()
        found[f"{name} place"] = (parameter.data_ptr(), id(parameter))
    for name, values in module.state_dict().items():
        found[name] = values.tolist()
    return found
