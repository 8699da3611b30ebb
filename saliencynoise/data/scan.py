"""A listing of the image files and the other files in a folder of classes; only folders are opened here."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from saliencynoise.data import dicom
from saliencynoise.data.kinds import described
from saliencynoise.data.orders import natural
from saliencynoise.data.pictures import SUFFIXES
from saliencynoise.interfaces import UsageError

NO_CLASSES = frozenset({"__MACOSX"})  # a folder that macOS adds to archives


@dataclass(frozen=True)
class ImageFile:
    """An image file of a class.

    Attributes:
        path: where to open it, or its content.
        name: its path relative to the data set's folder, with "/", in text that can be written anywhere.
        label: the name of its class.
        part: "train" or "test" where the folder says so, else None.
    """

    path: str | bytes
    name: str
    label: str
    part: str | None


@dataclass(frozen=True)
class Listing:
    """The content of a folder of classes: images, in order, and the names of the ignored files."""

    files: list[ImageFile] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)

    def __add__(self, other: Listing) -> Listing:
        return Listing(
            self.files + other.files,
            self.strays + other.strays,
            self.others + other.others,
            self.loops + other.loops,
        )


def open_root(path: str | None) -> Path:
    """Return the folder that the user named.

    Raises:
        UsageError: if no path was given, or there is no folder, or it may not be read.
    """
    if not path:
        raise UsageError("the data set 'folder' needs the path of a folder: write folder:PATH")
    try:
        root = Path(path).expanduser()
        os.scandir(root).close()
    except FileNotFoundError:
        raise UsageError(f"image folder {path!r} does not exist: check the path") from None
    except NotADirectoryError:
        raise UsageError(
            f"image folder {path!r} is not a folder: give the folder that holds the class folders "
            "(an archive must be unpacked first)"
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise closed(path, error) from None
    return root


def list_classes(root: Path, folder: str = "", part: str | None = None) -> tuple[list[str], Listing]:
    """Return the classes below `root/folder`, in natural order, and the files in them.

    A class is a folder; its subfolders are searched, and links to folders followed once. Hidden files and
    folders are passed over in silence; other files that are no images, images outside class folders, and
    links that lead to a folder around them are listed.

    Args:
        root: the data set's folder; names are relative to it.
        folder: "" or the split's folder, "train", say.
        part: the part with which the files are marked.

    Raises:
        UsageError: if there is no class folder, or a folder may not be read.
    """
    listing = Listing()
    top = root / folder
    prefix = f"{folder}/" if folder else ""
    folders, files = entries_of(str(top))
    around = {_identity(str(parent)) for parent in (top.resolve(), *top.resolve().parents)}
    classes = []
    for entry in folders:
        if entry.name in NO_CLASSES:
            continue
        if _identity(entry.path) in around:
            listing.loops.append(text(prefix + entry.name))
            continue
        classes.append(text(entry.name))
        _walk(entry.path, text(prefix + entry.name), (classes[-1], part), listing, set(around))
    for entry in files:
        (listing.strays if _is_image(entry) else listing.others).append(text(prefix + entry.name))
    if not classes:
        raise _no_classes(root, top, listing)
    return classes, listing


def text(name: str) -> str:
    r"""Return a file's name as text that can be encoded: bytes that are no UTF-8 become \\xNN."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _walk(folder: str, name: str, label: tuple[str, str | None], listing: Listing, seen: set[tuple[int, int]]) -> None:
    """Add the files in `folder` and below; `seen` holds its parent folders and the folders of its class."""
    pending = [(folder, name)]
    while pending:
        folder, name = pending.pop()
        if (identity := _identity(folder)) in seen:
            listing.loops.append(name)
            continue
        seen.add(identity)
        folders, files = entries_of(folder)
        for entry in files:
            path = f"{name}/{text(entry.name)}"
            if _is_image(entry):
                listing.files.append(ImageFile(entry.path, path, *label))
            else:
                listing.others.append(path)
        pending.extend((entry.path, f"{name}/{text(entry.name)}") for entry in reversed(folders))


def entries_of(folder: str) -> tuple[list[os.DirEntry[str]], list[os.DirEntry[str]]]:
    """Return the folders and the other files in `folder` that are not hidden, each in natural order.

    Raises:
        UsageError: if it may not be read.
    """
    try:
        with os.scandir(folder) as iterator:
            entries = [entry for entry in iterator if not entry.name.startswith(".")]
    except OSError as error:
        raise closed(folder, error) from None
    entries.sort(key=lambda entry: natural(entry.name))
    folders = [entry for entry in entries if _is_folder(entry)]
    inside = {entry.name for entry in folders}
    return folders, [entry for entry in entries if entry.name not in inside]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into a folder that may not be read
        return False


def _is_image(entry: os.DirEntry[str]) -> bool:
    """Return, from the name, whether a file is an image: no pipe or socket; a broken link is an unreadable one."""
    suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - 60,000 times: a Path is slow
    if suffix not in SUFFIXES and not _is_dicom(entry, suffix):
        return False
    try:
        return entry.is_file() or entry.is_symlink()
    except OSError:
        return True


def _is_dicom(entry: os.DirEntry[str], suffix: str) -> bool:
    """Return whether a file is DICOM and can be read; such files often have no suffix, or a number as one."""
    if not dicom.installed() or not entry.is_file():
        return False
    if suffix in dicom.SUFFIXES:
        return True
    try:
        with open(entry.path, "rb") as file:  # noqa: PTH123 - as above
            return dicom.is_dicom(file)
    except OSError:
        return False


def _identity(folder: str) -> tuple[int, int]:
    try:
        status = os.stat(folder)  # noqa: PTH116 - as above
    except OSError as error:
        raise closed(folder, error) from None
    return status.st_dev, status.st_ino


def closed(folder: str, error: Exception) -> UsageError:
    """Return the error that a folder cannot be opened."""
    if isinstance(error, PermissionError):
        fix = "may not be read: give yourself read permission (chmod +rx)"
    else:
        fix = f"cannot be opened ({getattr(error, 'strerror', None) or error}): check the path"
    return UsageError(f"image folder {folder!r} {fix}")


def _no_classes(root: Path, folder: Path, listing: Listing) -> UsageError:
    strays, others = len(listing.strays), described(root, listing.others)
    contents = f"{strays} images are directly in it" if strays else "it holds neither folders nor images"
    contents += f" but {others}" if others and not strays else ""
    return UsageError(
        f"image folder {str(folder)!r} has no class folders ({contents}): "
        "put the images of each class into their own folder, named after the class"
    )
