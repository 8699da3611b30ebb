"""A CSV file of paths and labels as a data set."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from saliencynoise.data.cache import decoded_once, listed
from saliencynoise.data.folder import dataset_of, name_of, with_groups
from saliencynoise.data.layout import TEST, TRAIN, Layout, named
from saliencynoise.data.orders import natural, read_order
from saliencynoise.data.scan import ImageFile, Listing
from saliencynoise.data.sizes import check_image_size
from saliencynoise.data.words import count, few
from saliencynoise.interfaces import Dataset, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "image": ("path", "file", "filename", "file_name", "filepath", "image", "image_path", "img", "image_id"),
        "label": ("label", "class", "target", "class_name", "category", "label_name", "y"),
        "split": ("split", "part", "fold", "subset", "partition"),
        "group": ("group", "patient", "patient_id", "subject", "subject_id"),
    }
)
"""Names of the columns, in lower case; the first that is there is read."""

SUFFIXES = (".jpg", ".png", ".jpeg", ".tif", ".tiff", ".dcm")
"""Suffixes that are tried for paths that name no file."""

LONGEST = 2**28
"""Letters of a table."""


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A CSV file: its rows with the columns that are read, by their use in `COLUMNS`."""

    path: Path
    rows: Sequence[Mapping[str, str]]
    columns: Mapping[str, str]

    def value(self, row: int, use: str) -> str:
        """Return a value that must be there."""
        text = (self.rows[row].get(self.columns[use]) or "").strip()
        if not text:
            raise UsageError(
                f"table {str(self.path)!r}, line {row + 2}: the column {self.columns[use]!r} is empty; complete the "
                "line or remove it"
            )
        return text

    def values(self, use: str) -> list[str]:
        """Return the values of a column, which all must be there."""
        return [self.value(row, use) for row in range(len(self.rows))]


def load_csv(*, path: str | None, image_size: int | None, seed: int) -> Dataset:
    """Return the images that a CSV file lists, with a header and a row for each image.

    A column has the path of the image, relative to the CSV file's folder, and another the name of its class; a column
    for the part and one for the group are optional. `COLUMNS` has their names. `FILE?label=diagnosis&image=scan` names
    them otherwise. A part is called as the folder of a part may be; a column of whole numbers holds folds, of which the
    lowest is the test part. Without such a column, a fifth of each class is drawn for testing. All else is as in
    `load_folder`.

    Args:
        path: the file, with the names of columns after a question mark.
        image_size: as in `load_folder`.
        seed: the run's seed, for the split.

    Raises:
        UsageError: if it cannot be read, a column is missing or a value is, an image is named twice, there is no
            training or no test part, or as `load_folder`.
    """
    if image_size is not None:
        check_image_size(image_size)
    table = _read(path or "")
    layout = _layout(table)
    dataset = decoded_once(
        partial(dataset_of, layout, image_size=image_size, seed=seed),
        name=name_of(layout),
        identity={
            "csv": str(table.path.resolve()),
            "columns": dict(table.columns),
            "image_size": image_size,
            "seed": seed if layout.test_part is None else None,
        },
        content=listed(layout),
    )
    if "group" not in table.columns:
        return dataset
    groups = dict(zip((file.name for file in layout.listing.files), _used(table, "group", layout), strict=True))
    return with_groups(dataset, groups, table.path)


def _read(text: str) -> _Table:
    asked: dict[str, str] = {}
    if "?" in text and not Path(text).expanduser().exists():
        text, _, query = text.partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True))
    path = Path(text).expanduser()
    unknown = [use for use in asked if use not in COLUMNS]
    if unknown:
        raise UsageError(f"csv: {unknown[0]!r} is no column that is read; name {', '.join(COLUMNS)}")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            content = file.read(LONGEST + 1)
        header = content.partition("\n")[0]
        delimiter = max(",;\t", key=header.count)
        reader = csv.DictReader(io.StringIO(content[:LONGEST], newline=""), delimiter=delimiter)
        rows = [row for row in reader if any(value for value in row.values())]
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read the table {text!r}: {reason}; name a CSV file with a header") from error
    if not rows or len(content) > LONGEST:
        raise UsageError(
            f"table {text!r} has {'no rows' if not rows else 'too many letters'}; name a CSV file of images"
        )
    return _Table(path=path, rows=rows, columns=_columns(path, rows[0], asked))


def _columns(path: Path, first: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, str]:
    header = [name for name in first if name]
    columns: dict[str, str] = {}
    for use, names in COLUMNS.items():
        if use in asked and asked[use] not in header:
            raise UsageError(f"table {str(path)!r} has no column {asked[use]!r}; it has {few(header)}")
        found = [asked[use]] if use in asked else named(names, [name for name in header if name not in asked.values()])
        if found:
            columns[use] = found[0]
        elif use in {"image", "label"}:
            free = [name for name in header if name not in {*columns.values(), *asked.values()}] or header
            paths = [name for name in free if Path(first[name] or "").suffix[1:2].isalpha()]
            guess = [*paths, *free][0] if use == "image" else free[-1]
            query = "&".join(f"{key}={name}" for key, name in {**asked, use: guess}.items())
            raise UsageError(
                f"table {str(path)!r} has no column for the {use} (one of {', '.join(names)}); it has {few(header)}: "
                f"name it, as in csv:{path}?{query}"
            )
    return columns


def _layout(table: _Table) -> Layout:
    files, unused, parts = [], [], _parts(table)
    seen: dict[str, int] = {}
    for row, (name, label) in enumerate(zip(table.values("image"), table.values("label"), strict=True)):
        if seen.setdefault(name, row) != row:
            raise UsageError(
                f"table {str(table.path)!r}, line {row + 2}: {name!r} is also in line {seen[name] + 2}; keep one"
            )
        given = None if parts is None else table.value(row, "split")
        if parts is not None and given not in parts:
            unused.append(given or "")
            continue
        part = None if parts is None or given is None else parts[given]
        files.append(ImageFile(_found(table.path.parent / name), name, label, part))
    classes = sorted({file.label for file in files}, key=natural)
    if len(classes) < 2:
        raise UsageError(
            f"table {str(table.path)!r} has {count(len(classes), 'class')}; a classifier needs two or more"
        )
    order = read_order(table.path.parent, classes)
    shown = {part: "+".join(name for name, of in (parts or {}).items() if of == part) for part in ("train", "test")}
    return Layout(
        root=table.path,
        classes=order.classes,
        listing=Listing(files=files),
        test_part=shown["test"] or None,
        train_part=shown["train"] or "train",
        unused=tuple(sorted(set(unused), key=natural)),
        order="; ".join(filter(None, [_note(table), order.note])),
        what="csv",
        split_by=f"the column {table.columns.get('split')!r}" if parts else "",
    )


def _parts(table: _Table) -> dict[str, str] | None:
    """Return "train" or "test" for each value of the column of parts that is read; None without such a column."""
    if "split" not in table.columns:
        return None
    values = sorted(set(table.values("split")), key=natural)
    if len(values) > 1 and all(value.isdecimal() for value in values):
        return {value: "test" if value == values[0] else "train" for value in values}
    trains, tests = named(TRAIN, values), named(TEST, values)
    if not trains or not tests:
        raise UsageError(
            f"table {str(table.path)!r}: the column {table.columns['split']!r} holds {few(values)}; it must name a "
            f"training part ({' or '.join(TRAIN)}) and a test part ({', '.join(TEST)}), or hold the numbers of folds"
        )
    return {trains[0]: "train", tests[0]: "test"}


def _used(table: _Table, use: str, layout: Layout) -> Iterator[str]:
    """Yield the values of a column for the images of the layout."""
    names = {file.name for file in layout.listing.files}
    for row, name in enumerate(table.values("image")):
        if name in names:
            yield table.value(row, use)


def _found(path: Path) -> str:
    """Return the path, with the suffix of the file that is there if it has none."""
    if not path.exists():
        for suffix in SUFFIXES:
            if (longer := path.with_name(path.name + suffix)).exists():
                return str(longer)
    return str(path)


def _note(table: _Table) -> str:
    return f"columns read: {', '.join(table.columns.values())}"
