"""A data set that Hugging Face's `save_to_disk` wrote, read without the library `datasets`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from saliencynoise.data.cache import decoded_once, stamp
from saliencynoise.data.folder import dataset_of
from saliencynoise.data.layout import TEST, TRAIN, Layout, named
from saliencynoise.data.orders import natural
from saliencynoise.data.scan import ImageFile, Listing, open_root
from saliencynoise.data.sizes import check_image_size
from saliencynoise.data.words import few
from saliencynoise.interfaces import Dataset, UsageError

IMAGES = ("image", "img", "pixel_values", "picture")
LABELS = ("label", "labels", "fine_label", "target", "class", "y")
"""Names of columns; the first that is there is read."""


def load_hugging_face(*, path: str | None, image_size: int | None, seed: int) -> Dataset:
    """Return the data set in a folder of `Dataset.save_to_disk` or `DatasetDict.save_to_disk`.

    The column of images is that of type `Image`, and the label that of type `ClassLabel`, whose names are the classes
    in their order; whole numbers and texts are labels, too. Parts are called as folders of parts may be; without parts
    a fifth of each class is drawn for testing. All else is as in `load_folder`.

    Args:
        path: the folder.
        image_size: as in `load_folder`.
        seed: the run's seed, for the split.

    Raises:
        UsageError: if it holds no such data set, a column is missing, or as `load_folder`.
    """
    if image_size is not None:
        check_image_size(image_size)
    root = open_root(path)
    files = sorted(file for file in root.rglob("*") if file.suffix in {".arrow", ".json"})
    return decoded_once(
        partial(_decode, root, image_size=image_size, seed=seed),
        name=f"hf:{root.resolve().name}",
        identity={
            "hf": str(root.resolve()),
            "image_size": image_size,
            "seed": seed if _is_one_part(root) else None,
        },
        content=[[str(file), *stamp(file)] for file in files],
    )


def _decode(root: Path, *, image_size: int | None, seed: int) -> Dataset:
    return dataset_of(_layout(root), image_size=image_size, seed=seed)


def _is_one_part(root: Path) -> bool:
    return (root / "state.json").exists()


def _layout(root: Path) -> Layout:
    if _is_one_part(root):
        parts: dict[str, str | None] = {"": None}
        unused: list[str] = []
    else:
        names = [str(name) for name in _json(root / "dataset_dict.json").get("splits", [])]
        trains, tests = named(TRAIN, names), named(TEST, names)
        if not trains or not tests:
            raise UsageError(
                f"hf: {str(root)!r} holds the parts {few(names)}; there must be a training part ({' or '.join(TRAIN)}) "
                f"and a test part ({', '.join(TEST)})"
            )
        parts = {trains[0]: "train", tests[0]: "test"}
        unused = [name for name in names if name not in parts]
    read = {name: _part(root, name, part) for name, part in parts.items()}
    (classes, *others) = [classes for classes, _, _ in read.values()]
    if any(other != classes for other in others) and all(found for _, found, _ in read.values()):
        raise UsageError(f"hf: the parts of {str(root)!r} name different classes; save them with the same ClassLabel")
    every = [file for _, _, files in read.values() for file in files]
    label_names = classes or tuple(sorted({file.label for file in every}, key=natural))
    return Layout(
        root=root,
        classes=label_names,
        listing=Listing(files=every),
        test_part=None if "" in parts else next(name for name, part in parts.items() if part == "test"),
        train_part=next(iter(parts)) or "train",
        unused=tuple(unused),
        what="hf",
        split_by="" if "" in parts else "the data set",
    )


def _part(root: Path, name: str, part: str | None) -> tuple[tuple[str, ...], bool, list[ImageFile]]:
    """Return the classes (none if the labels have no names), whether they are named, and the images of a part."""
    folder = root / name if name else root
    features = _json(folder / "dataset_info.json").get("features") or {}
    image, label = _columns(folder, features)
    classes = tuple(str(entry) for entry in features[label].get("names") or ())
    files = []
    for index, (content, value) in enumerate(_rows(folder, image, label)):
        label_text = classes[value] if classes and 0 <= int(value) < len(classes) else str(value)
        if classes and label_text not in classes:
            raise UsageError(f"hf: {str(folder)!r}, row {index}: the label {value} is no class; remove the row")
        files.append(ImageFile(content, f"{name}/{index}" if name else str(index), label_text, part))
    return classes, bool(classes), files


def _columns(folder: Path, features: Mapping[str, Any]) -> tuple[str, str]:
    """Return the columns of the images and of the labels."""
    kinds = {name: str(entry.get("_type", "")) for name, entry in features.items() if isinstance(entry, dict)}
    images = [name for name, kind in kinds.items() if kind == "Image"]
    labels = [name for name, kind in kinds.items() if kind == "ClassLabel"]
    images = named(IMAGES, images) or images
    labels = named(LABELS, labels) or labels or named(LABELS, [name for name, kind in kinds.items() if kind == "Value"])
    if not images or not labels:
        what = "images (of type Image)" if not images else f"labels (of type ClassLabel, or {', '.join(LABELS)})"
        raise UsageError(f"hf: {str(folder)!r} has no column of {what}; it has {few(list(features)) or 'no columns'}")
    return images[0], labels[0]


def _rows(folder: Path, image: str, label: str) -> Iterator[tuple[str | bytes, Any]]:
    """Yield the content or the path of each image, with its label."""
    import pyarrow as pa  # noqa: PLC0415 - where it is needed only

    state = _json(folder / "state.json")
    if state.get("_indices_files") or state.get("_indices_data_files"):
        raise UsageError(f"hf: {str(folder)!r} holds a selection of rows; save it after `flatten_indices()`")
    for entry in _names(state):
        file = folder / entry
        try:
            with pa.memory_map(str(file)) as source:
                for batch in pa.ipc.open_stream(source):
                    for row in batch.select([image, label]).to_pylist():
                        found = row[image] or {}
                        yield found.get("bytes") or str(found.get("path")), row[label]
        except (OSError, pa.ArrowInvalid, KeyError, ValueError) as error:
            raise UsageError(f"hf: {str(file)!r} is no Arrow file that can be read: {error}; save it again") from error


def _names(state: Mapping[str, Any]) -> Sequence[str]:
    return [Path(str(entry.get("filename", ""))).name for entry in state.get("_data_files") or ()]


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"hf: {str(path.parent)!r} holds no data set of save_to_disk: {path.name} cannot be read; name the folder "
            "that save_to_disk wrote"
        ) from error
    return document if isinstance(document, dict) else {}
