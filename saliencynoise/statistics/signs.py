"""The signs of the values of maps: where no map can be negative, chance does not give an SNR of zero.

Untrained networks reach r of 8 to 261 with methods whose maps have one sign, where a signed view prints a floor of 0.
So the sign is declared by the method and seen in the maps, and such maps have no test and no floor in the signed view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.interfaces.specs import CENTRED, REASONS, Sign
from saliencynoise.statistics.views import apply_view

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

ROUNDING = 1e-6
"""Share of a map's largest absolute value below which a value of the other sign is rounding."""

ONE_SIGNED: tuple[Sign, ...] = ("nonnegative", "nonpositive")


class SeenSigns:
    """Gathers, image by image, the signs of the values of all members' maps.

    >>> import torch
    >>> seen = SeenSigns()
    >>> seen.add(torch.tensor([[[[0.0, 2.0]]]]))
    >>> seen.sign
    'nonnegative'
    """

    def __init__(self) -> None:
        self._below = self._above = False

    def add(self, maps: Float[Tensor, "*n c h w"]) -> None:
        """Look at more maps; a value below a millionth of its map's largest is rounding."""
        rows = maps.detach().flatten(-3)
        least = ROUNDING * rows.abs().amax(-1, keepdim=True)
        self._below = self._below or bool((rows < -least).any())
        self._above = self._above or bool((rows > least).any())

    @property
    def sign(self) -> Sign:
        """The sign of all values so far: "signed" if both signs occurred, or none."""
        if self._below == self._above:
            return "signed"
        return "nonpositive" if self._below else "nonnegative"


def sign_of(declared: Sign, seen: Sign) -> Sign:
    """Return the sign of maps from the method's declaration and the seen signs; the maps decide.

    >>> sign_of("signed", "nonnegative"), sign_of("leaning", "signed"), sign_of("nonnegative", "signed")
    ('nonnegative', 'leaning', 'leaning')
    """
    if seen in ONE_SIGNED:
        return seen
    return "signed" if declared == "signed" else "leaning"


def with_null(maps: Float[Tensor, "E c h w"], sign: Sign = "signed") -> Float[Tensor, "E c h w"]:
    """Return maps whose mean over members is zero at every pixel where there is no signal: centred ones, if need be.

    In maps of one sign every pixel of the mean differs from zero, with or without signal. A test can only ask whether
    the pixel differs from the mean over all pixels.

    Args:
        maps: of all members on one image, finite.
        sign: the sign that the method declares; signs in the values override it.

    >>> import torch
    >>> with_null(torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2)).flatten().tolist()
    [-1.0, 1.0]
    """
    seen = SeenSigns()
    seen.add(maps)
    return apply_view(maps, CENTRED) if sign_of(sign, seen.sign) != "signed" else maps


def why_no_null(view: str, sign: Sign) -> str:
    """Return why chance is not known in a view of maps of a sign: no floor and no test; empty where it is.

    >>> why_no_null("signed", "signed"), why_no_null("centred", "nonnegative")
    ('', '')
    """
    return "" if view == CENTRED else REASONS.get(sign, "")
