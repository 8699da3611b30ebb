"""Kinds of files that this toolkit cannot read as pictures, with the fix for each."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from saliencynoise.data.words import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys((".dcm", ".dicom", ".ima"), "DICOM"),
        **dict.fromkeys((".heic", ".heif", ".hif"), "HEIC"),
        **dict.fromkeys((".nii", ".nrrd", ".mha", ".mhd"), "medical volume"),
        **dict.fromkeys((".cr2", ".cr3", ".nef", ".arw", ".dng", ".orf", ".rw2", ".raf"), "raw camera"),
        **dict.fromkeys((".jp2", ".j2k", ".jpx"), "JPEG 2000"),
        **dict.fromkeys((".mp4", ".avi", ".mov", ".mkv", ".webm"), "video"),
        **dict.fromkeys((".npy", ".npz", ".mat", ".h5", ".hdf5", ".parquet", ".tfrecord"), "array"),
        **dict.fromkeys((".svs", ".ndpi", ".mrxs", ".scn"), "slide"),
        **dict.fromkeys((".exr", ".hdr", ".psd", ".svg", ".pdf", ".eps", ".tga", ".jxl", ".fits"), "other picture"),
        **dict.fromkeys((".zip", ".tar", ".gz", ".tgz", ".7z", ".rar"), "archive"),
    }
)
"""Kinds of files by their suffix, in lower case."""

_CURES: Mapping[str, str] = MappingProxyType(
    {
        "DICOM": "install saliencynoise[dicom], which reads it, or write each frame as a 16-bit PNG",
        "HEIC": "convert them to JPEG or PNG (heif-convert of libheif)",
        "video": "extract frames as PNG (ffmpeg)",
        "archive": "unpack them",
        "array": "write each image as PNG",
    }
)
READABLE = "PNG, JPEG, TIFF, BMP, GIF, PPM, WebP or AVIF"


def described(root: Path, names: Sequence[str]) -> str:
    """Return the known kinds of files among the names, with the fix, or nothing if there are none.

    Args:
        root: folder that the names are relative to.
        names: names of files that are not read.
    """
    kinds = Counter(kind for name in names if (kind := _kind(root, name)))
    if not kinds:
        return ""
    (first, _), *_ = kinds.most_common(1)
    cure = _CURES.get(first, f"convert them to {READABLE}")
    shown = ", ".join(count(number, f"{kind} file") for kind, number in kinds.most_common(3))
    return f"{shown}, which cannot be read here: {cure}"


def _kind(root: Path, name: str) -> str:
    """Return the kind of a file, or nothing for a file that shows no picture."""
    return KINDS.get(Path(name).suffix.lower()) or ("DICOM" if _is_dicom(root / name) else "")


def _is_dicom(path: Path) -> bool:
    """Return whether a file has the mark of DICOM; names of DICOM files often have no suffix."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except (OSError, ValueError):
        return False
