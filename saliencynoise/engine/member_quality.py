"""The trained members of a study: the ensemble's vote, and warnings of members that may have failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import torch
from scipy.special import bdtrc

from saliencynoise.data.chance import (
    CHANCE_LEVEL,
    balanced_accuracy,
    is_imbalanced,
    largest_share,
    p_by_chance,
    p_of_balance,
    too_few,
)
from saliencynoise.data.orders import FILE, usual_orders
from saliencynoise.data.words import few
from saliencynoise.store.pool import Pool
from saliencynoise.store.records import MemberRecord

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from saliencynoise.interfaces import Dataset

ORDER_LEVEL = 0.001
"""Another order of the classes is reported if its p against the data set's order is below this."""

ORDER_GAIN = 0.05
"""The least gain of accuracy for which another order is reported."""


@dataclass(frozen=True, kw_only=True)
class Votes:
    """The classes that the members give to the attributed images.

    Attributes:
        predicted: `[B]`, the ensemble's class: the largest mean probability.
        correct: `[B, E]`, whether a member gives the true label.
    """

    predicted: Int[Tensor, " B"]
    correct: Bool[Tensor, "B E"]

    @property
    def members_correct(self) -> Int[Tensor, " B"]:
        """Number of members that give the true label."""
        return self.correct.sum(1)


def logits_shape(dataset: Dataset) -> tuple[int, int]:
    """Return the shape of logits of all test images: their number and that of the classes."""
    return len(dataset.test), len(dataset.classes)


def votes(logits: Float[Tensor, "E B K"], labels: Int[Tensor, " B"]) -> Votes:
    """Return the votes of members with these logits on images with these labels."""
    return Votes(
        predicted=logits.double().softmax(-1).mean(0).argmax(-1),
        correct=(logits.argmax(-1) == labels).T,
    )


def low_accuracy_warnings(predicted: Mapping[int, Int[Tensor, " N"]], labels: Int[Tensor, " N"]) -> Mapping[int, str]:
    """Return the reason for each member that may have failed; the maps of a failed network look like noise.

    A member is flagged if its accuracy is not above chance (a one-sided binomial test against the largest class), or
    is below the median by more than 3 points and more than 4 robust standard deviations (1.4826 times the median
    absolute deviation). Where classes are of unequal size, the balanced accuracy takes the place of the accuracy, and
    chance is that of its answers in random order. None is flagged where there are too few test images for the test.

    Args:
        predicted: the answers of each member to the test images, by index.
        labels: the true classes.
    """
    if too_few(labels):
        return {}
    unequal = is_imbalanced(labels)
    name = "balanced accuracy" if unequal else "accuracy"
    scores = {index: _score(answers, labels, unequal=unequal) for index, answers in predicted.items()}
    middle = median(scores.values())
    spread = 1.4826 * median(abs(score - middle) for score in scores.values())
    lowest = middle - max(0.03, 4 * spread)
    reasons = {}
    for index, score in scores.items():
        if unequal:
            p = p_of_balance(predicted[index], labels)
            chance = f"{1 / int((labels.bincount() > 0).sum()):.3f}"
        else:
            p = p_by_chance(round(score * len(labels)), labels)
            chance = f"largest class {largest_share(labels):.3f}"
        if p >= CHANCE_LEVEL:
            reasons[index] = f"{name} {score:.3f} is not above chance ({chance}, {len(labels)} test images, p {p:.2g})"
        elif score < lowest:
            reasons[index] = f"{name} {score:.3f} is an outlier below the median {middle:.3f}"
    return reasons


def _score(predicted: Int[Tensor, " N"], labels: Int[Tensor, " N"], *, unequal: bool) -> float:
    return balanced_accuracy(predicted, labels) if unequal else float((predicted == labels).double().mean())


def answers_in(pool: Pool, records: Sequence[MemberRecord], dataset: Dataset) -> dict[int, Int[Tensor, " N"]]:
    """Return the classes that members give to the test images, by index, from the logits in their pool."""
    return {
        record.index: pool.logits(record.index, sha256=record.logits_sha256, shape=logits_shape(dataset)).argmax(-1)
        for record in records
    }


def failed_training_warnings(
    records: Sequence[MemberRecord], predicted: Mapping[int, Int[Tensor, " N"]], dataset: Dataset
) -> dict[int, str]:
    """Return the flags of members; those from files are also tested with other orders of the classes.

    Args:
        records: records of the members.
        predicted: their answers to the test images, by index.
        dataset: data set of the test images.
    """
    labels = dataset.test.labels
    reasons = dict(low_accuracy_warnings(predicted, labels))
    for record in records:
        if not record.source:
            continue
        if order_text := other_order(predicted[record.index], labels, dataset.classes):
            reasons[record.index] = f"accuracy {record.accuracy:.3f}, {order_text}"
    return reasons


def other_order(predicted: Int[Tensor, " N"], labels: Int[Tensor, " N"], classes: Sequence[str]) -> str:
    """Return a text on the usual order of the classes with which a network's outputs fit far better; "" for none.

    The orders are those of `usual_orders`: torchvision's as text, and the natural one where `classes.txt` gives
    another. Far better means 5 points of accuracy and p < .001 in the exact sign test on the images that one of the
    two orders gets right.

    Args:
        predicted: the outputs that are largest.
        labels: the true classes.
        classes: their names, as they are numbered now.
    """
    correct = predicted == labels
    for name, order in usual_orders(classes).items():
        if tuple(order) == tuple(classes):
            continue
        number = torch.tensor([list(classes).index(class_name) for class_name in order])
        correct_in_order = number[predicted] == labels
        gained, lost = int((correct_in_order & ~correct).sum()), int((correct & ~correct_in_order).sum())
        p = float(bdtrc(gained - 1, gained + lost, 0.5)) if gained else 1.0
        if p < ORDER_LEVEL and gained - lost >= ORDER_GAIN * len(labels):
            return (
                f"but {float(correct_in_order.double().mean()):.3f} with the classes sorted {name} ({few(order)}): "
                f"list the class folders in that order in {FILE} of the data set's folder, one name per line"
            )
    return ""
