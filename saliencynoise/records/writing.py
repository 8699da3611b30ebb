"""Records are built from computed values and written as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from saliencynoise.records.common import Record
from saliencynoise.records.reading import figure
from saliencynoise.store.atomic import write_json

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T", bound=Record)


def record_of(values: object, kind: type[T]) -> T:
    """Return the record of some values, each checked as when a file is read.

    Args:
        values: a mapping, or an object, with an entry or attribute for each key of the record; nested likewise.
        kind: the type of the record.

    Raises:
        msgspec.ValidationError: if a value is missing, or has another type or range.
    """
    return msgspec.convert(values, kind, from_attributes=True, dec_hook=figure)


def json_of(value: object) -> Any:
    """Return a record, or values that contain records, as JSON can hold them: NaN as null, infinities as words.

    Tensors and arrays become lists.

    >>> json_of({"r": math.nan, "high": math.inf, "members": (1, 2)})
    {'r': None, 'high': 'inf', 'members': [1, 2]}
    """
    if isinstance(value, Record):
        kind = type(value).__struct_config__
        tag = {} if kind.tag_field is None else {kind.tag_field: kind.tag}
        keys = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return tag | {key: json_of(getattr(value, name)) for key, name in keys}
    if hasattr(value, "tolist"):
        return json_of(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): json_of(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_of(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None if math.isnan(value) else str(float(value))
    return value


def write_record(path: Path, record: Record) -> None:
    """Write a record as a JSON file with its checksum; the file is complete or absent.

    Raises:
        UsageError: if the folder is read-only or full.
    """
    write_json(path, json_of(record))
