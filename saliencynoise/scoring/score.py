"""The score that is explained: a function of each row of a network's outputs, which every method sees as its columns.

`scored_network` puts a score behind a network. What comes out looks like any network: `[N, C, H, W]` to columns
`[N, K]`, of which each image has one. So every method explains every score, with its own contract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import handle_torch_function, has_torch_function_unary

from saliencynoise.interfaces import Network, SaliencyNoiseError, UsageError, one_line, seeded
from saliencynoise.records.target import ScoreName, Target, index_of
from saliencynoise.scoring.memory import is_out_of_memory
from saliencynoise.scoring.outputs import ignored_outputs, selected
from saliencynoise.scoring.returned import described

if TYPE_CHECKING:
    from jaxtyping import Float

    from saliencynoise.interfaces.networks import Columns

Task: TypeAlias = Literal["classification", "multilabel", "regression"]
"""What the outputs of a network are: logits of classes, of which one is true (one column is the log-odds of the second
of two classes); log-odds of labels, each for itself; or numbers."""

ScoreFunction: TypeAlias = "Callable[[Any], Any]"
"""From outputs `[N, ...]` to scores `[N]`, row by row."""

NETWORK = "network"
"""Name of the network within the module with its score."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """A score of a class.

    Attributes:
        name: "logit" z_c; "logprob" log softmax(z)_c; "probability" softmax(z)_c; "margin" z_c less the largest other
            logit; "contrast" z_c less that of the class `other`.
        other: index of the second class of "contrast".
        function: name of a function of the outputs in the place of these, which the caller imports; else empty.
    """

    name: ScoreName = "logit"
    other: int | None = None
    function: str = ""

    def __str__(self) -> str:
        """Return the score as a key: its name, and the index of the other class."""
        if self.function:
            return self.function
        return self.name if self.other is None else f"{self.name}({self.other})"


LOGIT = Score()


def score_of(target: Target, classes: Sequence[str]) -> Score:
    """Return the score of a target.

    >>> from saliencynoise.records.target import parsed
    >>> str(score_of(parsed("contrast(true,dog)"), ["cat", "dog"]))
    'contrast(1)'
    """
    other = index_of(target.other, classes) if target.other else None
    return Score(name=target.score, other=other, function=target.function)


class Scored(nn.Module):
    """A network and a score: the columns of the score in place of the network's outputs."""

    def __init__(self, network: nn.Module, columns: Callable[[Tensor], Tensor], output: str | int | None) -> None:
        super().__init__()
        self.network = network
        self.columns = columns
        self.output = output

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N K"]:
        """Return the score of each column."""
        return self.columns(selected(self.network(x), self.output))


def scored_network(
    network: Network,
    score: Score | ScoreFunction = LOGIT,
    *,
    image: Float[Tensor, "1 C H W"],
    task: Task = "classification",
    output: str | int | None = None,
    copies: int = 1,
) -> Network:
    """Return a network whose outputs are the columns of a score; each image has one of them as its target.

    A score of classes has a column for each class (two for a binary network of one logit), or for each label or number;
    a function has one column, or equal ones. The points are those of the network, whose module is put in eval mode and
    not copied.

    Args:
        network: the network; its module may also return several outputs.
        score: a score of classes, or a function from outputs `[N, ...]` to scores `[N]`. It maps each row for itself.
        image: passed once, without gradients, to see what the network gives.
        task: what the outputs are; without meaning for a function.
        output: name or index of the output that is explained; None for the only or the main one.
        copies: equal columns of a function, where the targets of images are their classes.

    Raises:
        UsageError: if the outputs are not those that the score needs; it names them and the fix.

    >>> network = Network(module=nn.Flatten(), points={})
    >>> scored = scored_network(network, Score(name="margin"), image=torch.zeros(1, 1, 1, 3))
    >>> scored.module(torch.tensor([[[[1.0, 5.0, 2.0]]]])), scored.columns
    (tensor([[-4.,  3., -3.]]), 'scores')
    """
    module = network.module.eval()
    with seeded(0), torch.no_grad():
        returned: object = module(image.clone())
    outputs = selected(returned, output)
    kind: Columns = "scores"
    if isinstance(score, Score):
        kind = _refuse_unfit(score, outputs, task)
        function: Callable[[Tensor], Tensor] = _ClassColumns(score, task)
    else:
        function = _FunctionColumn(score, copies)
        function(outputs)
    note = ignored_outputs(returned, output)
    return Network(
        module=Scored(module, function, output).eval(),
        points={name: replace(at, module=f"{NETWORK}.{at.module}") for name, at in network.points.items()},
        adaptations=(*network.adaptations, *([note] if note else [])),
        columns=kind,
    )


@dataclass(frozen=True)
class _ClassColumns:
    """The columns of a score of classes, from outputs `[N, K]` or `[N]`."""

    score: Score
    task: Task

    def __call__(self, outputs: Float[Tensor, "N ..."]) -> Float[Tensor, "N K"]:
        z = outputs[:, None] if outputs.ndim == 1 else outputs
        name = self.score.name
        if self.task == "classification" and z.shape[1] == 1:
            if name in {"logit", "margin"}:
                return torch.cat([-z, z], 1)
            z = torch.cat([torch.zeros_like(z), z], 1)
        if name == "logprob":
            return F.log_softmax(z, 1) if self.task == "classification" else F.logsigmoid(z)
        if name == "probability":
            return z.softmax(1) if self.task == "classification" else z.sigmoid()
        if name == "margin":
            return z - max_of_others(z)
        return z if self.score.other is None else z - z[:, self.score.other : self.score.other + 1]


@dataclass(frozen=True)
class _FunctionColumn:
    """The columns of a function of the outputs, all of them equal.

    Raises:
        UsageError: if the function fails, or returns anything but a score for each row.
    """

    function: ScoreFunction
    copies: int

    def __call__(self, outputs: Float[Tensor, "N ..."]) -> Float[Tensor, "N K"]:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        try:
            scores: object = self.function(outputs)
        except Exception as error:
            if isinstance(error, SaliencyNoiseError) or is_out_of_memory(error):
                raise
            raise UsageError(f"{_given(name, outputs)} failed: {one_line(error)}") from error
        sound = isinstance(scores, Tensor) and scores.is_floating_point()
        if (
            not isinstance(scores, Tensor)
            or not sound
            or tuple(scores.shape) not in {(len(outputs),), (len(outputs), 1)}
        ):
            raise UsageError(
                f"{_given(name, outputs)} returned {described(scores)}; it must return a score for each row, a "
                f"floating-point tensor [{len(outputs)}]"
            )
        return scores.reshape(-1, 1).expand(-1, self.copies)


def max_of_others(z: Float[Tensor, "N K"]) -> Float[Tensor, "N K"]:
    """Return for each column the largest value of the other columns of its row; the derivative is that of one of them.

    >>> max_of_others(torch.tensor([[1.0, 5.0, 2.0]]))
    tensor([[5., 2., 5.]])
    """
    if has_torch_function_unary(z):
        return handle_torch_function(max_of_others, (z,), z)
    return z.gather(1, others(z))


def others(z: Float[Tensor, "N K"]) -> Tensor:
    """Return for each column the index of the largest other column of its row, `[N, K]`."""
    largest = z.detach().topk(2, dim=1).indices
    columns = torch.arange(z.shape[1], device=z.device)
    return torch.where(columns == largest[:, :1], largest[:, 1:], largest[:, :1])


def _refuse_unfit(score: Score, outputs: Tensor, task: Task) -> Columns:
    """Return what the columns are, or refuse outputs that have no such score."""
    if task not in get_args(Task):
        raise UsageError(f"task={task!r} is not possible; choose {', '.join(get_args(Task))}")
    shape = list(outputs.shape)
    if outputs.ndim > 2 or not outputs.is_floating_point():
        raise UsageError(
            f"the network gives outputs {shape} for one image, in which a class has more than one number; give a "
            "function from outputs to scores [N] as the target, as lambda outputs: outputs[:, 0].mean((1, 2))"
        )
    columns = 1 if outputs.ndim == 1 else outputs.shape[1]
    allowed: dict[str, tuple[ScoreName, ...]] = {
        "classification": get_args(ScoreName),
        "multilabel": ("logit", "logprob", "probability", "contrast"),
        "regression": ("logit", "contrast"),
    }
    if score.name not in allowed[task]:
        why = {"multilabel": "labels do not exclude each other", "regression": "its outputs are no logits"}[task]
        raise UsageError(
            f"{score.name} is no score of a network with task='{task}', since {why}; give an index of an output, or a "
            "function from outputs to scores [N]"
        )
    binary = task == "classification" and columns == 1
    if score.other is not None and not score.other < (2 if binary else columns):
        raise UsageError(f"contrast with output {score.other}: the network gives outputs {shape} for one image")
    if score.name != "logit":
        return "scores"
    if task == "regression":
        return "scores"
    return "log_odds" if binary or task == "multilabel" else "logits"


def _given(name: str, outputs: Tensor) -> str:
    return f"the target '{name}', given outputs {list(outputs.shape)},"
