"""The figures of a study as a page holds them: pictures in which no script runs, and their data to download."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from saliencynoise.display.figures.exhibit import Missing
from saliencynoise.display.page.pictures import Picture, picture
from saliencynoise.interfaces import one_line
from saliencynoise.report.exhibits.study import exhibits_of

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study


def pictures_of(study: Study) -> Iterator[Picture]:
    """Yield the figures of a study; one that cannot be drawn says why, and stops no other."""
    for exhibit in exhibits_of(study):
        if isinstance(exhibit, Missing):
            yield Picture(name=exhibit.name, title=exhibit.title, missing=exhibit.reason)
            continue
        try:
            yield picture(exhibit)
        except (ValueError, RuntimeError) as error:  # a name that no font or no file can hold
            yield Picture(name=exhibit.name, title=exhibit.title, missing=one_line(error))
