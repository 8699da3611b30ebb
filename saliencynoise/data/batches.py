"""The official batches of CIFAR-10. They are pickled: nothing is unpickled whose md5 is not the published one."""

from __future__ import annotations

import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import torch

from saliencynoise.interfaces import Split, UsageError
from saliencynoise.interfaces.errors import one_line

if TYPE_CHECKING:
    from jaxtyping import UInt8

FOLDER = "cifar-10-batches-py"


def fetch_batches(root: str) -> None:
    """Download the batches into `root`; torchvision checks the md5 of the archive and of each batch."""
    from torchvision.datasets import CIFAR10  # noqa: PLC0415 - only where they are needed

    CIFAR10(root, download=True)


def read_batches(folder: Path) -> tuple[Split, Split]:
    """Return the training and the test images of a folder of batches; an image's name is its official number.

    Raises:
        UsageError: if a batch is missing, or its md5 is wrong.
    """
    from torchvision.datasets import CIFAR10  # noqa: PLC0415 - as above
    from torchvision.datasets.utils import check_integrity  # noqa: PLC0415 - as above

    class Batches(CIFAR10):  # type: ignore[misc]  # torchvision has no types
        """Batches directly in the folder, whatever its name."""

        base_folder = ""

    meta = (CIFAR10.meta["filename"], CIFAR10.meta["md5"])
    for name, md5 in (*CIFAR10.train_list, *CIFAR10.test_list, meta):
        if not (folder / name).is_file():
            raise UsageError(f"{str(folder)!r} lacks the batch {name!r} of CIFAR-10: unpack the archive again")
        if not check_integrity(str(folder / name), md5):
            raise UsageError(
                f"{str(folder / name)!r} is damaged or not the official batch of CIFAR-10 (its md5 is not {md5}): "
                "unpack the archive again, or download it again"
            )
    parts = {part: Batches(folder, train=part == "train") for part in ("train", "test")}
    train, test = (_split(part, batches.data, batches.targets) for part, batches in parts.items())
    return train, test


def read_archive(archive: Path) -> tuple[Split, Split]:
    """Return the images of the official archive as it was downloaded; nothing is written beside it.

    Raises:
        UsageError: if it is truncated or another, or cannot be read.
    """
    from torchvision.datasets import CIFAR10  # noqa: PLC0415 - as above
    from torchvision.datasets.utils import check_integrity  # noqa: PLC0415 - as above

    try:
        sound = check_integrity(str(archive), CIFAR10.tgz_md5)
    except OSError as error:
        raise UsageError(f"cannot read {str(archive)!r}: {error.strerror or error}; check the path") from error
    if not sound:
        raise UsageError(
            f"{str(archive)!r} is {'truncated or ' if archive.exists() else 'missing or '}not the official archive of "
            f"CIFAR-10 (its md5 is not {CIFAR10.tgz_md5}): download it again"
        )
    with TemporaryDirectory(prefix="saliencynoise-") as unpacked:
        try:
            with tarfile.open(archive) as file:
                file.extractall(unpacked, filter="data")
        except (OSError, EOFError, tarfile.TarError) as error:
            raise UsageError(f"cannot unpack {str(archive)!r} ({one_line(error)}): unpack it by hand") from error
        return read_batches(Path(unpacked) / FOLDER)


def _split(part: str, data: UInt8[np.ndarray, "N 32 32 3"], labels: list[int]) -> Split:
    return Split(
        images=torch.from_numpy(np.ascontiguousarray(data.transpose(0, 3, 1, 2))),
        labels=torch.tensor(labels, dtype=torch.int64),
        names=tuple(f"{part}/{index}" for index in range(len(labels))),
    )
