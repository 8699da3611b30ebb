"""The files that a user names, each read as a picture in the networks' format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from saliencynoise.data.orders import natural
from saliencynoise.data.own_pictures import SeenPicture, as_seen
from saliencynoise.data.pictures import SUFFIXES, Unreadable
from saliencynoise.data.scan import text
from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import key_of, slug_of

RESERVED = frozenset({"index", "explanation"})
"""Names of the files of a whole batch, which no picture may take."""

MOST_FILES = 200_000
"""The largest number of files and folders that are searched."""


@dataclass(frozen=True, kw_only=True)
class PictureFile:
    """A file that is to be explained.

    Attributes:
        path: path of the file.
        name: name of the file, from which its random numbers follow.
        place: its path to be shown: as the user gave it, or below the folder that they gave. It may hold any character
            that a file's name may; bytes that are no UTF-8 are escaped.
        slug: name of the files of its explanation, without a suffix; unique within a call.
        content: of the file, where the picture is in memory.
    """

    path: Path
    name: str
    place: str
    slug: str
    content: bytes | None = field(default=None, repr=False)

    @property
    def source(self) -> str | bytes:
        """Its content, or else its path."""
        return str(self.path) if self.content is None else self.content


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnPicture:
    """A picture as the networks see it, before its normalisation.

    Attributes:
        file: its file.
        seen: its pixels, its size and the changes made to it.
    """

    file: PictureFile
    seen: SeenPicture


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A file that could not be read, with the reason."""

    file: PictureFile
    reason: str


def picture_files(pictures: Sequence[str]) -> list[PictureFile]:
    """Return the files that the user names, and all image files in named folders and their subfolders.

    The order is the given one, within folders the natural one (2 before 10). Hidden files are skipped. A file
    that is named twice is explained once.

    Raises:
        UsageError: if a folder holds no image files, or may not be read.
    """
    files_by_path: dict[Path, PictureFile] = {}
    for given in pictures:
        for path, shown_path in _image_files(Path(given).expanduser()):
            stem = slug_of(Path(shown_path).with_suffix("").as_posix())
            file = PictureFile(path=path, name=text(path.name), place=text(shown_path), slug=stem)
            files_by_path.setdefault(Path(path.absolute()), file)
    files = list(files_by_path.values())
    counts = Counter(file.slug.lower() for file in files)
    return [
        replace(file, slug=f"{file.slug}-{key_of(str(path))[:6]}")
        if counts[file.slug.lower()] > 1 or file.slug.lower() in RESERVED
        else file
        for path, file in zip(files_by_path, files, strict=True)
    ]


def read_own(
    file: PictureFile, *, size: int, channels: int, levels: tuple[float, float] | None = None
) -> OwnPicture | LeftOut:
    """Return a picture as the networks see it, or the reason why it cannot be read.

    Args:
        file: the picture's file.
        size: edge of the networks' square input, in pixels.
        channels: 1 or 3, of the data set.
        levels: of the data set, as in `Dataset`.
    """
    image = as_seen(file.source, size=size, channels=channels, levels=levels)
    if isinstance(image, Unreadable):
        return LeftOut(file=file, reason=image.reason)
    return OwnPicture(file=file, seen=image)


def _paths_in(folder: Path) -> Iterator[Path]:
    """Yield the paths below a folder. Refuse a folder too large to be searched in seconds, as the whole disk."""
    for index, path in enumerate(folder.rglob("*")):
        if index == MOST_FILES:
            raise UsageError(f"the folder {folder} holds more than {MOST_FILES} files; name a folder of pictures alone")
        yield path


def _image_files(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield a file and its name, or a folder's image files and their paths in it."""
    if not path.is_dir():
        if path.exists() and not path.is_file():  # reading a pipe would wait for its writer
            raise UsageError(f"{path} is no file; name an image file, or a folder of them")
        yield path, path.name
        return
    try:
        inside = [file for file in _paths_in(path) if file.suffix.lower() in SUFFIXES and file.is_file()]
    except OSError as error:
        raise UsageError(f"cannot read the folder {path}: {error.strerror or error}; give it read permission") from None
    paths = {file.relative_to(path): file for file in inside}
    shown = sorted(
        (relative for relative in paths if not any(part.startswith(".") for part in relative.parts)),
        key=lambda relative: [natural(part) for part in relative.parts],
    )
    if not shown:
        raise UsageError(f"the folder {path} holds no image files; name one that does")
    for relative in shown:
        yield paths[relative], relative.as_posix()
