"""The meaning of the folders in a folder of images: classes, or parts of a data set that hold classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saliencynoise.data.orders import FILE, natural, read_order
from saliencynoise.data.scan import NO_CLASSES, Listing, entries_of, list_classes
from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation", "dev", "eval", "evaluation")
"""Names of the parts of a data set, in lower case; where there are several, the first is read."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The parts and classes of a folder of images.

    Attributes:
        root: the folder.
        classes: names of the classes, in the order in which they are numbered: see `read_order`.
        listing: the image files, each with its class and part, and the ignored files.
        test_part: the name of the test part, such as "test" or "val", where the folder itself is split, else None.
        train_part: the name of the training part beside it.
        unused: folders beside the parts that are not read.
        order: a note on the order of the classes for the reader.
        what: what `root` is, for messages.
        split_by: where the parts come from, for messages; "" for the folders.
    """

    root: Path
    classes: tuple[str, ...]
    listing: Listing
    test_part: str | None
    train_part: str = "train"
    unused: tuple[str, ...] = ()
    order: str = ""
    what: str = "image folder"
    split_by: str = ""

    @property
    def title(self) -> str:
        """The data set in messages."""
        return f"{self.what} {str(self.root)!r}"

    @property
    def parts(self) -> Mapping[str | None, str]:
        """The names of the parts "train" and "test" in messages; folders end with a slash."""
        slash = "" if self.split_by else "/"
        return {"train": f"{self.train_part}{slash}", "test": f"{self.test_part}{slash}"}


def read_layout(root: Path) -> Layout:
    """Return the layout of `root`; no image is opened.

    Raises:
        UsageError: if there are no class folders, or only one, or a class is in one part only, or the folders
            look like parts of a data set but are not named so, or a folder may not be read; as `read_order`.
    """
    parts, unused = find_parts(root)
    if parts is None:
        classes, listing = list_classes(root)
    else:
        train_part, test_part = parts
        classes, listing = list_classes(root, train_part, "train")
        others, second = list_classes(root, test_part, "test")
        _check_same(root, parts, classes, others)
        listing = listing + second
    if len(classes) < 2:
        raise _only_class(root if parts is None else root / parts[0], classes[0])
    order = read_order(root, classes)
    if parts is None:
        listing = replace(listing, others=[name for name in listing.others if name != FILE])
    return Layout(
        root=root,
        classes=order.classes,
        listing=listing,
        test_part=parts[1] if parts else None,
        train_part=parts[0] if parts else "train",
        unused=tuple(unused),
        order=order.note,
    )


def find_parts(root: Path) -> tuple[tuple[str, str] | None, list[str]]:
    """Return the folders of the training and of the test part, or None; and folders that are not used.

    The names are those of `TRAIN` and `TEST`, in upper or lower case.

    Raises:
        UsageError: if the folders look like parts, but one of the two is missing.
    """
    folders = [entry.name for entry in entries_of(str(root))[0] if entry.name not in NO_CLASSES]
    trains, tests = named(TRAIN, folders), named(TEST, folders)
    if trains and tests:
        # an unlabelled test part (no class folders) is no use where there is a labelled val/
        used = trains[0], next((name for name in tests if entries_of(str(root / name))[0]), tests[0])
        return used, [name for name in folders if name not in used]
    if folders and len(trains + tests) == len(folders):
        raise UsageError(
            f"image folder {str(root)!r} holds {', '.join(map(repr, folders))}, which look like parts of a "
            "data set, not classes: name them 'train' and 'test' (or 'val'), or give the path of one of them"
        )
    return None, []


def named(names: Sequence[str], given: Sequence[str]) -> list[str]:
    """Return what has one of the names in any case, in the order of the names; exact names come first.

    >>> named(TEST, ["Val", "Test", "test", "train"])
    ['test', 'Test', 'Val']
    """
    found = [name for name in given if name.lower() in names]
    return sorted(found, key=lambda name: (names.index(name.lower()), name != name.lower(), name))


def _only_class(root: Path, name: str) -> UsageError:
    """Return the error that there is one class only, with a guess at the intended folder."""
    inner = [entry.name for entry in entries_of(str(root / name))[0]] if (root / name).is_dir() else []
    hint = f"; did you mean {str(root / name)!r}?" if len(inner) > 1 else ""
    return UsageError(
        f"image folder {str(root)!r} has only one class, {name!r}: a classifier needs two or more class folders{hint}"
    )


def _check_same(root: Path, parts: tuple[str, str], train: list[str], test: list[str]) -> None:
    """Raise UsageError if a class is in one part only."""
    for inside, outside, names in (
        (*parts, set(train) - set(test)),
        (*reversed(parts), set(test) - set(train)),
    ):
        if names:
            first, more = min(names, key=natural), f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise UsageError(
                f"image folder {str(root)!r}: class {first!r}{more} is in {inside}/ but not in {outside}/: "
                "give every class a folder in both, or remove it from both"
            )
