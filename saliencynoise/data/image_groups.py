"""Groups of attributed images that belong together: by a file, by the data set, or as near duplicates."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from saliencynoise.data.duplicates import MOST, near_duplicates
from saliencynoise.data.words import count, few
from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jaxtyping import Int
    from torch import Tensor

    from saliencynoise.interfaces import Split

COLUMNS = ("file", "group")
LONGEST = 1 << 26
"""Largest length of a table of groups, in letters; a device would give letters without end."""

YARDSTICK = 256
"""Number of other test images with which the attributed ones are compared, as a scale for near duplicates."""


@dataclass(frozen=True, kw_only=True)
class ImageGroups:
    """The groups of the attributed images.

    Attributes:
        names: the name of each image's group; None without groups.
        notes: facts about the groups for the reader of the results.
    """

    names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def image_groups(split: Split, images: Int[Tensor, " B"], *, file: str | None) -> ImageGroups:
    """Return the groups of the attributed images, from the file, else from the split; near duplicates join groups.

    Args:
        split: the test split.
        images: the indices of the attributed images.
        file: a table with the columns "file" and "group"; None where none was named.

    Raises:
        UsageError: if the file cannot be read, or lacks an attributed image.
    """
    names = [split.names[index] for index in images.tolist()]
    given: Sequence[str] | None = None
    source = ""
    if file is not None:
        given, source = named_groups(read_groups(Path(file)), names, file=file), file
    elif split.groups is not None:
        given, source = [split.groups[index] for index in images.tolist()], "the data set"
    copies = _copies(split, images)
    joined = _joined(given or [f"image {index}" for index in range(len(names))], copies)
    notes = [] if given is None else [_given_note(given, source)]
    if copies:
        copied = sorted(index for group in copies for index in group)
        notes.append(
            f"{len(copied)} of {count(len(names), 'attributed image')} are near duplicates "
            f"({few([names[index] for index in copied])}), so these "
            f"are {count(len(set(joined)), 'group')}; intervals for new images treat them as such"
        )
    elif len(names) > MOST:
        notes.append(f"near duplicates were looked for among the first {MOST} attributed images only")
    alone = len(set(joined)) == len(joined)
    return ImageGroups(names=None if alone else tuple(joined), notes=tuple(notes))


def read_groups(path: Path) -> dict[str, str]:
    """Return the group of each file in a table with the columns "file" and "group".

    Raises:
        UsageError: if it cannot be read, has other columns, or names a file twice with different groups.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as table:
            content = table.read(LONGEST + 1)
        if len(content) > LONGEST:
            raise UsageError(
                f"the groups {str(path)!r} are longer than {LONGEST} letters; name a CSV file of {_wanted()}"
            )
        rows = list(csv.DictReader(io.StringIO(content, newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read the groups {str(path)!r}: {reason}; name a CSV file of {_wanted()}") from error
    groups: dict[str, str] = {}
    for line, row in enumerate(rows, start=2):
        name, group = (row.get(column) for column in COLUMNS)
        if not name or not group:
            raise UsageError(f"{str(path)!r}, line {line}: there is no file or no group; it must have {_wanted()}")
        if groups.setdefault(name, group) != group:
            raise UsageError(
                f"{str(path)!r}, line {line}: {name!r} is in the groups {groups[name]!r} and {group!r}; keep one"
            )
    if not groups:
        raise UsageError(f"the groups {str(path)!r} hold no rows; the file must have {_wanted()}")
    return groups


def named_groups(table: Mapping[str, str], names: Sequence[str], *, file: str) -> list[str]:
    """Return the group of each of these images.

    Raises:
        UsageError: naming an image that the table lacks.
    """
    missing = [name for name in names if name not in table]
    if missing:
        raise UsageError(
            f"the groups {file!r} lack {count(len(missing), 'image')}, such as {missing[0]!r} (the file names, for "
            f"example, {next(iter(table))!r}); give every image a row, and a single image its own group"
        )
    return [table[name] for name in names]


def _copies(split: Split, images: Int[Tensor, " B"]) -> list[tuple[int, ...]]:
    """Return near duplicates among the attributed images; other images of the split, evenly spread, give the scale."""
    attributed = set(images.tolist())
    others = [index for index in range(len(split)) if index not in attributed]
    others = others[:: max(1, len(others) // YARDSTICK)][:YARDSTICK]
    return near_duplicates(
        split.images[images], split.labels[images], others=split.images[others], other_labels=split.labels[others]
    )


def _wanted() -> str:
    return "a first line 'file,group' and a row for each image"


def _given_note(groups: Sequence[str], source: str) -> str:
    sizes = Counter(groups)
    only = "; one group says nothing about new groups, so these intervals have no bound" if len(sizes) == 1 else ""
    return (
        f"the {count(len(groups), 'attributed image')} belong to {count(len(sizes), 'group')} ({source}); intervals "
        f"for new images are for new groups{only}"
    )


def _joined(groups: Sequence[str], copies: Sequence[Sequence[int]]) -> list[str]:
    """Return the groups; groups that share near duplicates are joined."""
    joined = list(groups)
    for members in copies:
        merged = {joined[index] for index in members}
        joined = [joined[members[0]] if group in merged else group for group in joined]
    return joined
