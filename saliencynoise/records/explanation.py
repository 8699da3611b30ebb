"""`explanation.json`: pictures that were explained, and those left out."""

from __future__ import annotations

from saliencynoise.records.common import Format, Name, Record


class Files(Record, frozen=True, kw_only=True):
    """Names of a picture's files in the folder."""

    html: Name
    png: Name | None = None
    npz: Name | None = None


class Picture(Record, frozen=True, kw_only=True):
    """An explained picture; further keys are written again unchanged."""

    picture: str
    files: Files


class LeftOut(Record, frozen=True, kw_only=True):
    """A picture that could not be read."""

    picture: str
    reason: str


class ExplanationRecord(Record, frozen=True, kw_only=True):
    """The document of `explanation.json`."""

    key: Name
    explanations: list[Picture]
    left_out: list[LeftOut] | None = None
    format: Format | None = None
