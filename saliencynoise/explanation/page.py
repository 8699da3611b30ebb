"""The pages of explanations: one for each picture, and one that lists those of a batch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.data.pictures import as_image
from saliencynoise.display.page.page import data_uri, write_page
from saliencynoise.explanation.record import record_of_explanation
from saliencynoise.explanation.table import MethodTexts, facts, headline, scope
from saliencynoise.records.writing import json_of

if TYPE_CHECKING:
    from pathlib import Path

    from saliencynoise.display.figures.captioned import CaptionedFigure
    from saliencynoise.explanation.explanation import Explanation
    from saliencynoise.records.explanation import LeftOutPicture


def write_explanation(
    path: Path, explanation: Explanation, figure: CaptionedFigure, image: bytes, *, several: bool
) -> Path:
    """Write the page of one picture.

    Args:
        path: of the page.
        explanation: the results for the picture.
        figure: with its texts.
        image: the drawn figure, as PNG.
        several: whether there is a page that lists several pictures, `index.html` beside it.

    Raises:
        UsageError: if the place cannot be written.
    """
    return write_page(
        path,
        "explain.html",
        document=json_of(record_of_explanation(explanation)),
        headline=headline(explanation),
        facts=facts(explanation),
        scope=scope(explanation),
        figure=figure,
        image=data_uri(image, "image/png"),
        several=several,
        files={"picture": f"{explanation.file.slug}.png", "maps": f"{explanation.file.slug}.npz"},
    )


@dataclass(frozen=True, kw_only=True)
class IndexEntry:
    """An explained picture in the list of a batch; `thumbnail` is an address that a page can hold."""

    place: str
    page: str
    thumbnail: str
    headline: str
    facts: Sequence[MethodTexts]
    warnings: Sequence[str]


def write_index(path: Path, entries: Sequence[IndexEntry], left_out: Sequence[LeftOutPicture]) -> Path:
    """Write the page that lists a batch.

    Args:
        path: of the page.
        entries: the explained pictures.
        left_out: the files that could not be read.

    Raises:
        UsageError: if the place cannot be written.
    """
    return write_page(path, "explained.html", entries=entries, left_out=left_out)


def thumbnail(explanation: Explanation) -> str:
    """Return the picture as the networks saw it, at most 64 pixels wide, as an address that a page can hold."""
    image = as_image(explanation.picture)
    image.thumbnail((64, 64))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return data_uri(buffer.getvalue(), "image/png")
