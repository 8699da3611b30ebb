"""Pictures are decoded once: a data set made from files is kept as bytes, mapped into memory from then on.

An entry is a safetensors file with a record beside it, under `datasets/` of the cache folder. There is one entry for
each folder, size and seed, so a folder that has changed replaces its own and the cache does not grow with the changes.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

import PIL

from saliencynoise.store.atomic import key_of, locked, read_json, remove_file, sha256_of, slug_of, write_json
from saliencynoise.store.datasets import load_dataset, save_dataset
from saliencynoise.store.places import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from saliencynoise.data.layout import Layout
    from saliencynoise.interfaces import Dataset

FORMAT = 3
"""Version of the cache: raise it whenever the same files would give another data set."""

_log = logging.getLogger(__name__)


def decoded_once(decode: Callable[[], Dataset], *, name: str, identity: Mapping[str, Any], content: Any) -> Dataset:
    """Return the data set of `decode`, from the cache if the cached one was made of the same content.

    A cached file that fails its checksum is never used: it is made again, with a warning in the log. Two processes
    that want the same data set decode it once.

    Args:
        decode: makes the data set from files.
        name: a readable name of the entry.
        identity: the settings that the entry is for: the folder, the size, the seed where it matters.
        content: the present state of the files, in plain values: `listed` or `stamp`.

    Raises:
        UsageError: if `decode` raises it, or if the cache cannot be written to.
    """
    entry = cache_folder() / "datasets" / f"{slug_of(name)}-{key_of(identity)}.safetensors"
    made_of = {"format": FORMAT, "pillow": PIL.__version__, "content": key_of(content)}
    with locked(entry.with_suffix(".lock")):
        return _load(entry, made_of) or _make(entry, made_of, decode)


def listed(layout: Layout) -> list[Any]:
    """Return values that identify the files of a layout, and the parts of the layout that enter the notes."""
    listing = layout.listing
    stamps = [[file.name, file.label, file.part, *stamp(file.path)] for file in listing.files if type(file.path) is str]
    return [stamps, listing.strays, listing.others, listing.loops, layout.unused, layout.classes, layout.order]


def stamp(path: str | Path) -> tuple[int, ...]:
    """Return a file's size, and when its content and its entry in the folder were changed; nothing for a broken link.

    Copying or unpacking cannot carry over the latter, so a picture that was exchanged for another of the same size
    and date is noticed.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - 60,000 times: a Path is slow
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _load(entry: Path, made_of: Mapping[str, Any]) -> Dataset | None:
    """Return the entry, or None where there is none of these files, or a damaged one."""
    record = read_json(entry.with_suffix(".json"))
    if not isinstance(record, dict) or record.get("made_of") != made_of:
        return None
    if sha256_of(entry) == record.get("sha256"):
        return load_dataset(entry)
    _log.warning("the cached data set %s fails its checksum; its pictures are decoded again", entry)
    return None


def _make(entry: Path, made_of: Mapping[str, Any], decode: Callable[[], Dataset]) -> Dataset:
    """Decode, write the entry and return it as the next process will see it; its record goes first, comes last."""
    remove_file(entry.with_suffix(".json"))
    dataset = decode()
    save_dataset(entry, dataset)
    write_json(entry.with_suffix(".json"), {"made_of": made_of, "sha256": sha256_of(entry)})
    return load_dataset(entry)
