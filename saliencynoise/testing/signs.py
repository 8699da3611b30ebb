"""Check of the sign that a method declares: the sign of its values, and whether a map turns with the score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

import torch

from saliencynoise.interfaces.specs import Sign
from saliencynoise.testing.checks import Check, ContractBroken
from saliencynoise.testing.networks import batch_of, convolutional, negated, retrained
from saliencynoise.testing.values import distance

if TYPE_CHECKING:
    from saliencynoise.testing.subjects import MethodSubject

ROUNDING = 1e-9
"""Share of a map's largest absolute value below which a value of the other sign is rounding."""

TURNED = 1e-6
"""Largest relative difference of the map of -f from minus that of f."""


def check_sign(subject: MethodSubject) -> None:
    """Maps of one sign have no value of the other; signed ones turn with the score, the networks' logits negated."""
    declared = getattr(subject.method, "sign", None)
    if declared is not None and declared not in get_args(Sign):
        raise ContractBroken(f"its attribute `sign` is {declared!r}; it must be one of {', '.join(get_args(Sign))}")
    if subject.sign == "signed":
        _require_turned(subject)
    else:
        _require_one_sign(subject, -1 if subject.sign == "nonnegative" else 1)


def _require_turned(subject: MethodSubject) -> None:
    values, negated_values = (subject.maps(network).values for network in (convolutional(), negated()))
    far = distance(negated_values, -values)
    if far <= TURNED:
        return
    all_values = torch.cat([values, negated_values])
    if not bool((all_values < 0).any()) or not bool((all_values > 0).any()):
        absent_sign = "negative" if bool((all_values > 0).any()) else "positive"
        sign = "nonnegative" if absent_sign == "negative" else "nonpositive"
        raise ContractBroken(
            f"declared 'signed', but no value is {absent_sign} on either network: declare sign=\"{sign}\""
        )
    raise ContractBroken(
        "declared 'signed', but the map of -f is not minus the map of f (largest relative difference "
        f'{far:.2g}): declare sign="leaning"'
    )


def _require_one_sign(subject: MethodSubject, wrong: int) -> None:
    """Raise where a map has values of the sign `wrong`, on three networks."""
    for network in (convolutional(), retrained(), negated()):
        values = subject.maps(network, batch_of()).values.flatten(1)
        least = ROUNDING * values.abs().amax(1, keepdim=True)
        broken = int((wrong * values > least).sum())
        if broken:
            sign, worst = ("negative", values.min()) if wrong < 0 else ("positive", values.max())
            raise ContractBroken(
                f"declared '{subject.sign}', but {broken} of {values.numel()} values are {sign}, the "
                f'{"smallest" if wrong < 0 else "largest"} {float(worst):.2g}: declare sign="leaning", or "signed" '
                "where the map of -f is minus that of f"
            )


def _inapplicable(subject: MethodSubject) -> str:
    leaning = subject.sign == "leaning" and getattr(subject.method, "sign", "leaning") == "leaning"
    return "leaning: values of both signs are possible" if leaning else ""


def checks() -> Iterator[Check[Any]]:
    """Yield the check."""
    yield Check(
        name="sign",
        contract="the map of a network turns its sign with the score (the gradient of -f is minus that of f), so "
        'chance has a mean map of zero. "nonnegative", "nonpositive": no value has the other sign.',
        run=check_sign,
        applies=_inapplicable,
        needs=("finite", "repeatable", "network"),
    )
