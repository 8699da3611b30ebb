"""The meaning of the folders in a folder of images: classes, or parts of a data set that hold classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from saliencynoise.data.orders import FILE, natural, read_order
from saliencynoise.data.scan import NO_CLASSES, Listing, entries_of, list_classes
from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing", "eval", "evaluation"})


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The parts and classes of a folder of images.

    Attributes:
        root: the folder.
        classes: names of the classes, in the order in which they are numbered: see `read_order`.
        listing: the image files, each with its class and part, and the ignored files.
        test_part: "test" or "val" where the folder itself is split, else None.
        unused: folders beside the parts that are not read.
        order: a note on the order of the classes for the reader.
    """

    root: Path
    classes: tuple[str, ...]
    listing: Listing
    test_part: str | None
    unused: tuple[str, ...] = ()
    order: str = ""


def read_layout(root: Path) -> Layout:
    """Return the layout of `root`; no image is opened.

    Raises:
        UsageError: if there are no class folders, or only one, or a class is in one part only, or the folders
            look like parts of a data set but are not named so, or a folder may not be read; as `read_order`.
    """
    test_part, unused = find_parts(root)
    if test_part is None:
        classes, listing = list_classes(root)
    else:
        classes, listing = list_classes(root, "train", "train")
        others, second = list_classes(root, test_part, "test")
        _check_same(root, test_part, classes, others)
        listing = listing + second
    if len(classes) < 2:
        raise _only_class(root if test_part is None else root / "train", classes[0])
    order = read_order(root, classes)
    if test_part is None:
        listing = replace(listing, others=[name for name in listing.others if name != FILE])
    return Layout(
        root=root,
        classes=order.classes,
        listing=listing,
        test_part=test_part,
        unused=tuple(unused),
        order=order.note,
    )


def find_parts(root: Path) -> tuple[str | None, list[str]]:
    """Return the name of the test part beside train/ ("test" or "val"), or None, and parts that are not used.

    Raises:
        UsageError: if the folders look like splits, but are not named so.
    """
    folders = [entry.name for entry in entries_of(str(root))[0] if entry.name not in NO_CLASSES]
    tests = [name for name in ("test", "val") if name in folders]
    if "train" in folders and tests:
        # an unlabelled test part (no class folders) is no use where there is a labelled val/
        usable = [name for name in tests if entries_of(str(root / name))[0]] or tests
        return usable[0], [name for name in folders if name not in {"train", usable[0]}]
    if folders and all(name.lower() in _SPLITS for name in folders):
        raise UsageError(
            f"image folder {str(root)!r} holds {', '.join(map(repr, folders))}, which look like parts of a "
            "data set, not classes: name them 'train' and 'test' (or 'val'), or give the path of one of them"
        )
    return None, []


def _only_class(root: Path, name: str) -> UsageError:
    """Return the error that there is one class only, with a guess at the intended folder."""
    inner = [entry.name for entry in entries_of(str(root / name))[0]] if (root / name).is_dir() else []
    hint = f"; did you mean {str(root / name)!r}?" if len(inner) > 1 else ""
    return UsageError(
        f"image folder {str(root)!r} has only one class, {name!r}: a classifier needs two or more class folders{hint}"
    )


def _check_same(root: Path, test_part: str, train: list[str], test: list[str]) -> None:
    """Raise UsageError if a class is in one part only."""
    for inside, outside, names in (
        ("train", test_part, set(train) - set(test)),
        (test_part, "train", set(test) - set(train)),
    ):
        if names:
            first, more = min(names, key=natural), f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise UsageError(
                f"image folder {str(root)!r}: class {first!r}{more} is in {inside}/ but not in {outside}/: "
                "give every class a folder in both, or remove it from both"
            )
