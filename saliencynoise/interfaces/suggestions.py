"""What a mistyped name may stand for."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str = "", most: int = 1) -> str:
    """Return a question with the known names that are close to a mistyped one; `otherwise` where none is close.

    Args:
        name: the mistyped name.
        known: the names that exist.
        otherwise: the text where no name is close, often the list of the names.
        most: maximum number of names in the question.

    >>> did_you_mean("gradcma", ["gradient", "gradcam"]), did_you_mean("xyz", ["gradcam"], otherwise="there is gradcam")
    ("did you mean 'gradcam'?", 'there is gradcam')
    """
    close = get_close_matches(name, list(known), n=most)
    return f"did you mean {' or '.join(repr(match) for match in close)}?" if close else otherwise
