"""The target of networks in memory: a class for each image, and the score of it, or a function of the outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from saliencynoise.attributing.images import checked_classes
from saliencynoise.interfaces import UsageError
from saliencynoise.records.target import TURNS, VOTED, index_of, parsed
from saliencynoise.scoring.score import LOGIT, Score

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from saliencynoise.scoring.score import ScoreFunction, Task

Targets: TypeAlias = "int | str | Sequence[int] | Tensor | Callable[[Any], Any]"


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenTarget:
    """What the maps explain.

    Attributes:
        text: the target as a setting and in tables.
        score: the score of a class, or a function of the outputs.
        numbers: `[B]`, the class of each image; None where the networks vote on it.
        other: second class of a contrast, by name or index; empty without.
    """

    text: str
    score: Score | ScoreFunction
    numbers: Int[Tensor, " B"] | None
    of: str = ""
    other: str = ""

    @property
    def is_voted(self) -> bool:
        """Whether the networks vote on the class of each image."""
        return self.numbers is None and not self.of

    @property
    def turns(self) -> bool:
        """Whether the score turns its sign with the outputs, as of `TURNS`; of a function that is not known."""
        return isinstance(self.score, Score) and self.score.name in TURNS

    def with_classes(self, classes: Sequence[str]) -> GivenTarget:
        """Return the target with its classes as indices, when their number is known.

        Raises:
            UsageError: if there is no such class.
        """
        score, numbers = self.score, self.numbers
        if self.other and isinstance(score, Score):
            score = replace(score, other=index_of(self.other, classes, option="targets"))
        if self.of:
            number = index_of(self.of, classes, option="targets")
            if isinstance(score, Score) and score.other == number:
                raise UsageError(f"targets={self.text} compares the class {number} with itself; name two classes")
            numbers = torch.tensor([number])
        if numbers is not None and isinstance(score, Score):
            wrong = [number for number in numbers.tolist() if not 0 <= number < len(classes)]
            if wrong:
                raise UsageError(f"targets: {wrong[0]} is no class of the networks; they have 0 to {len(classes) - 1}")
        return replace(self, score=score, numbers=numbers, of="", other="")

    def of_images(self, logits: Float[Tensor, "E B K"] | None, count: int) -> tuple[int, ...]:
        """Return the class of each image, by the vote of the networks where that decides."""
        if self.numbers is not None:
            return tuple(self.numbers.expand(count).tolist())
        assert logits is not None  # noqa: S101 - the caller passed all networks
        return tuple(logits.double().softmax(-1).mean(0).argmax(-1).tolist())


def given_target(targets: Any, *, labels: Int[Tensor, " B"] | None, images: int, task: Task) -> GivenTarget:
    """Return the target that a user gives.

    Args:
        targets: a whole number for all images or one each; "true" (the labels), "predicted" (the vote), the name of a
            class, or a score of these as "logprob(predicted)"; or a function from outputs `[N, ...]` to scores `[N]`.
        labels: the labels, where they are known.
        images: number of images.
        task: what the outputs are; numbers have no class that is true or predicted.

    Raises:
        UsageError: if it is none of these.
    """
    if callable(targets) and not isinstance(targets, torch.Tensor):
        name = getattr(targets, "__name__", type(targets).__name__)
        return GivenTarget(text=name, score=targets, numbers=torch.tensor([0]))
    if not isinstance(targets, str):
        numbers = checked_classes(targets, images, what="targets", also=", or a word, a name or a function")
        distinct = sorted(set(numbers.tolist()))
        return GivenTarget(
            text=str(distinct[0]) if len(distinct) == 1 else "given classes", score=LOGIT, numbers=numbers
        )
    target = parsed(targets, default="predicted" if labels is None else "true", option="targets")
    if task == "regression" and target.of in VOTED:
        raise UsageError(
            f"targets='{target}' takes outputs for classes, and task='regression' says that they are numbers; give the "
            "index of an output, as targets=0"
        )
    if target.of == "true" and labels is None:
        raise UsageError("targets='true' needs labels; give labels=, or targets='predicted' for the networks' vote")
    return GivenTarget(
        text=str(target),
        score=Score(name=target.score),
        numbers=labels if target.of == "true" else None,
        of="" if target.of in {"true", "predicted"} else target.of,
        other=target.other,
    )
