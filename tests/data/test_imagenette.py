from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import Imagenette

from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.imagenette import CLASSES, load_imagenette
from saliencynoise.data.known import read_known
from saliencynoise.data.loading import check_dataset
from saliencynoise.interfaces import UsageError
from tests.data.builders import pixels, save
from tests.real_data import real_data


def load(path, *, image_size=None, seed=0):
    return check_dataset(load_imagenette(path=path if path is None else str(path), image_size=image_size, seed=seed))


def make(root):
    for part, count in (("train", 2), ("val", 1)):
        for place, wnid in enumerate(CLASSES):
            for index in range(count):
                path = root / part / wnid / f"{wnid}_{index}.JPEG"
                save(path, pixels(10 * place + index, 20, 30))
    return root


@pytest.fixture
def root(tmp_path):
    return make(tmp_path / "mine")


def test_names_and_order_are_torchvisions(root, tmp_path):
    shutil.copytree(root, tmp_path / "imagenette2-160")
    expected = Imagenette(tmp_path, split="val", size="160px")
    result = load(root)
    assert list(CLASSES) == expected.wnids
    assert list(result.classes) == [names[0] for names in expected.classes]
    assert result.test.labels.tolist() == [label for _, label in expected]


def test_photographs_are_scaled_and_cropped(root):
    result = load(root)
    assert result.train.images.shape == (20, 3, 128, 128)
    assert result.notes[:3] == (
        "image-folder copy: JPEG files, lossy, not the original pixels",
        "20 + 10 images, of 9,469 + 3,925",
        "images of 128x128 pixels (the size asked for): of 30, 30 were scaled and 30 cropped about the centre",
    )
    result = load(root, image_size=20)
    for image, name in zip(result.test.images, result.test.names, strict=True):
        assert np.array_equal(image.permute(1, 2, 0), np.asarray(Image.open(root / name))[:, 5:25])


def test_the_folder_around_the_archives(root, tmp_path):
    both = tmp_path / "both"
    shutil.copytree(root, both / "imagenette2-160")
    shutil.copytree(root, both / "imagenette2-320")
    save(both / "imagenette2-320" / "train" / "n01440764" / "more.JPEG", pixels(1, 30, 30))
    assert len(load(both, image_size=24).train) == 20
    assert len(load(both, image_size=200).train) == 21


@pytest.mark.parametrize(
    ("damage", "due"),
    [
        (lambda r: shutil.rmtree(r / "val" / "n03888257"), "class 'n03888257' is in train/ but not in val/"),
        (
            lambda r: [shutil.rmtree(r / part / "n03888257") for part in ("train", "val")],
            "lacks classes of imagenette: n03888257; complete the copy",
        ),
        (
            lambda r: [shutil.copytree(r / part / "n03888257", r / part / "n00000001") for part in ("train", "val")],
            "holds class folders that imagenette does not have: n00000001",
        ),
        (lambda r: (r / "val").rename(r / "test"), "holds no copy of imagenette: there must be train/ and val/ in it"),
        (lambda r: shutil.rmtree(r / "val"), "which look like parts of a data set"),
    ],
)
def test_a_copy_that_is_no_whole(root, damage, due):
    damage(root)
    with pytest.raises(UsageError) as caught:
        load(root)
    assert due in str(caught.value)


@pytest.mark.parametrize(("size", "folder"), [(128, "-160"), (160, "-160"), (161, "-320"), (320, "-320"), (400, "")])
def test_the_archive_is_chosen_by_the_size(monkeypatch, root, size, folder):
    """No machine here can download: a stand-in does what torchvision does."""
    calls = []

    def fetch(url, root_, md5):
        calls.append((url, md5))
        shutil.copytree(root, f"{root_}/imagenette2{folder}")

    monkeypatch.setattr("torchvision.datasets.imagenette.download_and_extract_archive", fetch)
    result = load(None, image_size=size)
    assert result.notes[0] == f"fastai's imagenette2{folder}, md5 checked"
    assert fingerprint(load(None, image_size=size)) == fingerprint(result)
    ((url, md5),) = calls
    assert url.endswith(f"/imagenette2{folder}.tgz")
    assert len(md5) == 32


def test_a_truncated_archive(monkeypatch, root, cache):
    def fetch(url, root_, md5):
        shutil.copytree(root / "train", f"{root_}/imagenette2-160/train")  # unpacked in part
        raise RuntimeError("File not found or corrupted.")

    monkeypatch.setattr("torchvision.datasets.imagenette.download_and_extract_archive", fetch)
    for _ in range(2):
        with pytest.raises(UsageError, match=r"'imagenette' could not be downloaded \(RuntimeError: File not found or"):
            load(None)
    assert not (cache / "downloads" / "imagenette2-160").exists()


def test_the_real_copy_is_whole():
    layout = read_known(real_data("imagenette-128"), name="imagenette", classes=tuple(CLASSES), test_part="val")
    parts = [file.part for file in layout.listing.files]
    assert (parts.count("train"), parts.count("test")) == (9469, 3925)


@pytest.mark.slow
def test_the_real_copy_loads_whole():
    result = load(real_data("imagenette-128"))
    assert (result.train.images.shape, result.test.images.shape) == ((9469, 3, 128, 128), (3925, 3, 128, 128))
    assert "9,469 + 3,925 images, complete" in result.notes
