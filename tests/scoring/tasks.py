"""Networks of four tasks, in float64, with a score of each; the score is also written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from saliencynoise.interfaces import Batch, CamPoint, Network, Noise
from saliencynoise.scoring import Score, Task

if TYPE_CHECKING:
    from saliencynoise.scoring import ScoreFunction

SIDE, IMAGES = 8, 3
TASKS = ("binary", "multilabel", "regression", "segmentation")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, its score, the column of each image, and the score of each row by hand."""

    network: Network
    score: Score | ScoreFunction
    task: Task
    columns: tuple[int, ...]
    by_hand: Callable[[Tensor], Tensor]


class TwoOutputs(nn.Module):
    """A network that returns its outputs as torchvision's segmentation networks do."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"out": self.body(x), "aux": x}


def region(outputs: Tensor) -> Tensor:
    """Return the mean probability of class 2 over a region."""
    return outputs.softmax(1)[:, 2, 2:6, 1:5].mean((1, 2))


def case_of(name: str) -> Case:
    """Return the case of one of `TASKS`."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        network = _network(
            {"binary": 1, "multilabel": 4, "regression": 3, "segmentation": 4}[name], dense=name == "segmentation"
        )
    module = network.module
    rows = torch.arange(IMAGES)
    if name == "binary":
        signs = torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)
        return Case(
            network=network,
            score=Score(),
            task="classification",
            columns=(0, 1, 1),
            by_hand=lambda x: signs * module(x)[:, 0],
        )
    if name == "multilabel":
        return Case(
            network=network, score=Score(name="logprob"), task="multilabel", columns=(3, 0, 1),
            by_hand=lambda x: -(1 + (-module(x)[rows, torch.tensor([3, 0, 1])]).exp()).log(),
        )  # fmt: skip
    if name == "regression":
        return Case(
            network=network, score=Score(), task="regression", columns=(2, 2, 2), by_hand=lambda x: module(x)[:, 2]
        )
    prefixed = {point: CamPoint(module=f"body.{at.module}", grid=at.grid) for point, at in network.points.items()}
    return Case(
        network=Network(module=TwoOutputs(module), points=prefixed),
        score=region,
        task="classification",
        columns=(0,) * IMAGES,
        by_hand=lambda x: (module(x)[:, 2].exp() / module(x).exp().sum(1))[:, 2:6, 1:5].mean((1, 2)),
    )


def batch_of(case: Case, **changes: Any) -> Batch:
    """Return images with the case's columns as their targets."""
    generator = torch.Generator().manual_seed(3)
    x, background = (torch.randn(n, 3, SIDE, SIDE, generator=generator, dtype=torch.float64) for n in (IMAGES, 4))
    batch = {"x": x, "target": torch.tensor(case.columns), "background": background, "noise": Noise((1, 2, 3))}
    return Batch(**{**batch, **changes})


def _network(columns: int, *, dense: bool) -> Network:
    head = [nn.Conv2d(6, columns, 1)] if dense else [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, columns)]
    body = [nn.Conv2d(3, 6, 3, padding=1), nn.Tanh(), nn.Conv2d(6, 6, 3, padding=1), nn.Softplus()]
    return Network(
        module=nn.Sequential(*body, *head).double().eval(), points={"top": CamPoint(module="3", grid=(SIDE, SIDE))}
    )
