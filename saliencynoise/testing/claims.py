"""Checks of the claims in a method's spec beyond the contract, with the default parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces.specs import Claim
from saliencynoise.testing.checks import Check, ContractBroken
from saliencynoise.testing.networks import batch_of, constant, linear, linear_weights, smooth
from saliencynoise.testing.values import require_equal

if TYPE_CHECKING:
    from saliencynoise.testing.subjects import MethodSubject

INCOMPLETE = 1e-3
CLAIMED = 1e-8
"""Largest error of a claimed value, in float64: captum's quadrature is off by 7e-10 and its KernelSHAP, which weighs
two samples by 1e6, by 3e-10; a wrong formula is off by far more."""


def check_constant(subject: MethodSubject) -> None:
    """A network that ignores the image has a map of zeros, up to rounding of logits of about one."""
    largest = float(subject.maps(constant()).values.abs().max())
    if not largest <= CLAIMED:
        raise ContractBroken(f"a network that ignores the image gets a map with values of up to {largest:.2g}")


def check_linear_weights(subject: MethodSubject) -> None:
    """A linear network gives the weights of each image's target."""
    network, batch = linear(), batch_of()
    maps, weights = subject.maps(network, batch).values, linear_weights(network, batch)
    require_equal(maps, weights, "maps against the weights", tolerance=CLAIMED)


def check_linear_contributions(subject: MethodSubject) -> None:
    """A linear network gives weight times image, where all references are zero."""
    network, batch = linear(), batch_of(background=0)
    expected = linear_weights(network, batch) * batch.x
    require_equal(subject.maps(network, batch).values, expected, "maps against weight times image", tolerance=CLAIMED)


def check_completeness(subject: MethodSubject) -> None:
    """The completeness error is small; the maps add up where the claims put the baseline at zero."""
    diagnostics = subject.maps(smooth(), batch_of()).diagnostics
    if "completeness_error" not in diagnostics:
        raise ContractBroken("there is no diagnostic 'completeness_error'")
    largest = float(torch.as_tensor(diagnostics["completeness_error"]).max())
    if not largest <= INCOMPLETE:
        raise ContractBroken(f"the completeness error is {largest:.2g}, more than {INCOMPLETE:g}")
    if "linear_contributions" in subject.spec.claims:
        _require_sums(subject)


def _require_sums(subject: MethodSubject) -> None:
    network, batch = smooth(), batch_of(background=0)
    values = subject.maps(network, batch).values
    with torch.no_grad():
        logits = network.module(batch.x) - network.module(torch.zeros_like(batch.x))
    expected = logits.gather(1, batch.target[:, None])[:, 0]
    require_equal(
        values.flatten(1).sum(1), expected, "sums of the maps against the differences of logits", tolerance=INCOMPLETE
    )


def _unclaimed(subject: MethodSubject, *, claim: Claim) -> str:
    if claim not in subject.spec.claims:
        return "its spec does not claim it"
    return "" if subject.is_default else "claims are about the default parameters"


def checks() -> Iterator[Check[MethodSubject]]:
    """Yield a check for each claim."""
    claims: tuple[tuple[Claim, Callable[[MethodSubject], None], str], ...] = (
        ("constant", check_constant, '"constant": a network that ignores the image gives zero.'),
        ("linear_weights", check_linear_weights, '"linear_weights": a linear network gives its weights.'),
        (
            "linear_contributions",
            check_linear_contributions,
            '"linear_contributions": a linear network gives weight times (image - baseline)',
        ),
        (
            "completeness",
            check_completeness,
            'the diagnostic "completeness_error" is at most 1e-3 with the default parameters',
        ),
    )
    for claim, run, contract in claims:
        applies = partial(_unclaimed, claim=claim)
        yield Check(name=claim, contract=contract, run=run, applies=applies, needs=("finite",))
