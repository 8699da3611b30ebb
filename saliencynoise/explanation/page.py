"""The pages of explanations: one for each picture, and one that lists those of a batch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.data.pictures import as_image
from saliencynoise.display.page.made import Made
from saliencynoise.display.page.page import data_uri, write_page
from saliencynoise.explanation.record import record_of_explanation
from saliencynoise.explanation.table import MethodTexts, facts, headline, scope
from saliencynoise.records.writing import json_of

if TYPE_CHECKING:
    from pathlib import Path

    from saliencynoise.display.figures.captioned import CaptionedFigure
    from saliencynoise.explanation.explanation import Explanation
    from saliencynoise.records.explanation import LeftOutPicture


WORDS = (
    (
        "Reliability",
        (
            "Cosine to be expected between the mean of these networks' maps, each of norm 1, and that of as many "
            "retrained networks: 0 for pure noise, 1 where networks agree."
        ),
    ),
    (
        "r, SNR",
        "Corrected signal-to-noise ratio of one network's map: the energy of the signal over the energy of the noise.",
    ),
    ("In brackets", "95% interval for this picture and other networks."),
    ("Networks for 0.9", "Networks to average until the reliability is 0.9."),
    (
        "Significant pixels",
        (
            "Share of the values of the mean map, over pixels and channels, that exceed noise at 5% false discoveries. "
            "More networks find more of them."
        ),
    ),
    ("Same sign", "Mean share of members with the sign of the mean map."),
)
"""The words of the pages, each with its meaning."""


def write_explanation(
    path: Path, explanation: Explanation, figure: CaptionedFigure, image: bytes, *, several: bool, made: Made
) -> Path:
    """Write the page of one picture.

    Args:
        path: of the page.
        explanation: the results for the picture.
        figure: with its texts.
        image: the drawn figure, as PNG.
        several: whether there is a page that lists several pictures, `index.html` beside it.
        made: version, date and command of the explanations.

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
        words=WORDS,
        made=made,
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


def write_index(path: Path, entries: Sequence[IndexEntry], left_out: Sequence[LeftOutPicture], *, made: Made) -> Path:
    """Write the page that lists a batch.

    Args:
        path: of the page.
        entries: the explained pictures.
        left_out: the files that could not be read.
        made: version, date and command of the explanations.

    Raises:
        UsageError: if the place cannot be written.
    """
    return write_page(path, "explained.html", entries=entries, left_out=left_out, words=WORDS, made=made)


def thumbnail(explanation: Explanation) -> str:
    """Return the picture as the networks saw it, at most 64 pixels wide, as an address that a page can hold."""
    image = as_image(explanation.picture)
    image.thumbnail((64, 64))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return data_uri(buffer.getvalue(), "image/png")
