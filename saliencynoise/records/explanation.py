"""`explanation.json`: pictures that were explained, and those left out."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from saliencynoise.records.common import Format, Name


class Files(TypedDict):
    """Names of a picture's files in the folder."""

    html: Name
    png: NotRequired[Name]
    npz: NotRequired[Name]


class Picture(TypedDict):
    """An explained picture; further keys are written again unchanged."""

    picture: str
    files: Files


class LeftOut(TypedDict):
    """A picture that could not be read."""

    picture: str
    reason: str


class ExplanationRecord(TypedDict):
    """The document of `explanation.json`."""

    key: Name
    explanations: list[Picture]
    left_out: NotRequired[list[LeftOut]]
    format: NotRequired[Format]
