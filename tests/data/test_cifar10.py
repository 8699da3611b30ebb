from __future__ import annotations

import hashlib
import pickle
import shutil
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import CIFAR10

from saliencynoise.data.cifar10 import CLASSES, load_cifar10
from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.known import read_known
from saliencynoise.data.loading import check_dataset
from saliencynoise.interfaces import UsageError
from tests.data.builders import make_folder, pixels, save
from tests.real_data import real_data

BATCHES = "cifar-10-batches-py"


def load(path, *, image_size=None, seed=0):
    return check_dataset(load_cifar10(path=path if path is None else str(path), image_size=image_size, seed=seed))


def message(path, **options):
    with pytest.raises(UsageError) as caught:
        load(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def official(tmp_path, monkeypatch):
    """A folder that holds small batches in the official format, whose md5 torchvision is told to be the right ones."""
    folder = tmp_path / "official" / BATCHES
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    sums = {}

    def write(name, content):
        (folder / name).write_bytes(pickle.dumps(content))
        sums[name] = hashlib.md5((folder / name).read_bytes(), usedforsecurity=False).hexdigest()

    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    for name in names:
        data = rng.integers(0, 256, (20, 3072), dtype=np.uint8)
        write(name, {"data": data, "labels": [*range(10), *rng.integers(0, 10, 10).tolist()]})
    write("batches.meta", {"label_names": list(CLASSES)})
    monkeypatch.setattr(CIFAR10, "train_list", [[name, sums[name]] for name in names[:5]])
    monkeypatch.setattr(CIFAR10, "test_list", [[names[5], sums[names[5]]]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": sums["batches.meta"]})
    archive = tmp_path / "archive" / "cifar-10-python.tar.gz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as file:
        file.add(folder, BATCHES)
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest())
    return folder.parent


@pytest.fixture
def copy(tmp_path):
    parts = {f"{part}/{name}": count for part, count in (("train", 3), ("test", 2)) for name in CLASSES}
    return make_folder(tmp_path / "copy", parts, side=32)


def test_batches_are_read_bit_by_bit(official):
    result = load(official)
    assert (result.name, result.classes) == ("cifar10", CLASSES)
    assert result.augmentations == {"shift", "flip"}
    assert result.notes == ("official batches, bit-exact",)
    for split, part in ((result.train, True), (result.test, False)):
        expected = CIFAR10(official, train=part)
        assert np.array_equal(split.images.permute(0, 2, 3, 1), expected.data)
        assert split.labels.tolist() == expected.targets
    assert (result.train.names[0], result.train.names[99], result.test.names[-1]) == ("train/0", "train/99", "test/19")


def test_the_layouts_of_the_batches_are_all_one(official, tmp_path, monkeypatch):
    shutil.copytree(official / BATCHES, tmp_path / "renamed")
    archive = tmp_path / "archive" / "cifar-10-python.tar.gz"
    paths = (official, official / BATCHES, tmp_path / "renamed", archive.parent, archive)
    assert len({fingerprint(load(path)) for path in paths}) == 1
    # once more, from the cache: nothing is unpickled
    monkeypatch.setattr(pickle, "load", None)
    assert len({fingerprint(load(path)) for path in paths}) == 1
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


def test_a_batch_of_another_md5_is_never_unpickled(official, monkeypatch):
    path = official / BATCHES / "data_batch_3"
    content = bytearray(path.read_bytes())
    content[-200] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(pickle, "load", None)
    assert "data_batch_3' is damaged or not the official batch of CIFAR-10 (its md5 is not" in message(official)
    path.unlink()
    assert "lacks the batch 'data_batch_3' of CIFAR-10: unpack the archive again" in message(official)


def test_a_truncated_archive(official, tmp_path):
    archive = tmp_path / "archive" / "cifar-10-python.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-100])
    for path in (archive, archive.parent):
        assert "is truncated or not the official archive of CIFAR-10 (its md5 is not" in message(path)
    archive.unlink()
    assert "is missing or not the official archive" in message(archive)


def test_the_download(official, monkeypatch, cache):
    """No machine here can download: a stand-in does what torchvision does."""
    calls = []

    def download(self):
        calls.append(self.root)
        shutil.copytree(official / BATCHES, f"{self.root}/{BATCHES}")

    monkeypatch.setattr(CIFAR10, "download", download)
    assert fingerprint(load(None)) == fingerprint(load(None)) == fingerprint(load(official))
    assert len(calls) == 1
    assert (cache / "downloads" / BATCHES / "test_batch").is_file()


def test_no_network(monkeypatch):
    from urllib.error import URLError

    def fail(*_, **__):
        raise URLError("Name or service not known")

    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", fail)
    assert message(None) == (
        "the data set 'cifar10' could not be downloaded (URLError: <urlopen error Name or service not known>); run "
        "the same command again where there is a network, or name a folder that holds the data with --data-dir DIR"
    )


def test_a_copy_has_the_official_labels(copy):
    result = load(copy)
    assert (result.classes, len(result.train), len(result.test)) == (CLASSES, 30, 20)
    assert result.notes == (
        "image-folder copy: PNG files, lossless",
        "30 + 20 images, of 50,000 + 10,000",
        "images of 32x32 pixels, as they are in the files",
        "split as in the folder: 30 in train/ and 20 in test/",
    )
    for image, label, name in zip(result.test.images, result.test.labels, result.test.names, strict=True):
        assert np.array_equal(image.permute(1, 2, 0), np.asarray(Image.open(copy / name)))
        assert name.split("/")[1] == CLASSES[label]


def test_a_lossy_copy_says_so(copy):
    picture = copy / "test" / "cat" / "0.png"
    Image.open(picture).save(picture.with_suffix(".jpg"))
    picture.unlink()
    assert load(copy).notes[0] == "image-folder copy: JPEG and PNG files, lossy, not the original pixels"


def _remove(part, name):
    return lambda root: shutil.rmtree(root / part / name)


def _remove_both(root):
    _remove("train", "cat")(root)
    _remove("test", "cat")(root)


def _add(root):
    for part in ("train", "test"):
        save(root / part / "zebra" / "0.png", pixels(0, 32, 32))


def _empty(root):
    for file in (root / "test" / "cat").iterdir():
        file.unlink()


def _unreadable(root):
    for file in (root / "test" / "cat").iterdir():
        file.write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "due"),
    [
        (_remove("test", "cat"), "class 'cat' is in train/ but not in test/"),
        (_remove("train", "truck"), "class 'truck' is in test/ but not in train/"),
        (_remove_both, "lacks classes of cifar10: cat; complete the copy"),
        (_add, "holds class folders that cifar10 does not have: zebra; remove them"),
        (_empty, "class 'cat' of test/ holds no images"),
        (_unreadable, "class 'cat' of test/ has no image that can be read, replace its files: test/cat/0.png"),
        (lambda root: shutil.rmtree(root / "test"), "holds no CIFAR-10: there must be"),
    ],
)
def test_a_copy_that_is_no_whole(copy, damage, due):
    damage(copy)
    assert due in message(copy)


def test_odd_pictures_are_counted_and_named(copy):
    save(copy / "train" / "cat" / "deep.png", np.array([[257 * 9, 60000]] * 2, np.uint16).repeat(16, 0).repeat(16, 1))
    Image.new("CMYK", (32, 32), (255, 0, 0, 0)).save(copy / "train" / "cat" / "ink.jpg")
    (copy / "train" / "cat" / "empty.jpg").touch()
    Image.open(copy / "train" / "cat" / "0.png").save(copy / "train" / "cat" / "cut.jpg")
    cut = copy / "train" / "cat" / "cut.jpg"
    cut.write_bytes(cut.read_bytes()[:300])
    result = load(copy)
    by_name = dict(zip(result.train.names, result.train.images, strict=True))
    assert by_name["train/cat/deep.png"].unique().tolist() == pytest.approx([9, 60000 / 257])
    assert result.levels == (0, 65535)
    cyan = by_name["train/cat/ink.jpg"].float().mean((1, 2))
    assert cyan[0] < 10
    assert cyan[1:].min() > 150
    text = " | ".join(result.notes)
    assert "1 image of more than 8 bits: the levels 0 to 65535, the range of their bits, became 0 to 255" in text
    assert "2 files could not be read and were left out: train/cat/cut.jpg (" in text
    assert "train/cat/empty.jpg (not an image that can be read)" in text


def test_other_sizes(copy, official):
    assert load(copy, image_size=16).train.images.shape == (30, 3, 16, 16)
    for size in (16, 48):
        result = load(official, image_size=size)
        assert result.notes == ("official batches, bit-exact", f"pictures of 32x32 pixels, scaled to {size}x{size}")
        exact = CIFAR10(official, train=False).data
        for image, expected in zip(result.test.images, exact, strict=True):
            other = np.asarray(Image.fromarray(expected).resize((size, size), Image.Resampling.BILINEAR)).astype(int)
            assert np.abs(image.permute(1, 2, 0).numpy().astype(int) - other).max() <= 1
    assert "image size 3 cannot be used" in message(copy, image_size=3)


def test_places_that_hold_nothing(tmp_path):
    assert "holds no CIFAR-10: there must be 'cifar-10-batches-py' or 'cifar-10-python.tar.gz' in it" in message(
        tmp_path
    )
    assert "does not exist: check the path" in message(tmp_path / "none")
    (tmp_path / "file").touch()
    assert "is not a folder" in message(tmp_path / "file")
    assert "No such file" in message(tmp_path / "none.npz")


def test_real_arrays():
    result = load(real_data("cifar10-exact-subset.npz"))
    assert result.notes == ("npz: 8,068 + 1,017 images, subset",)
    assert result.test.images.shape == (1017, 3, 32, 32)
    assert result.test.labels[:9].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3]  # cat, ship, ship, airplane, frog ...
    assert result.test.names[:2] == ("test/0", "test/1")
    assert result.train.names[0].startswith("train/")


def test_the_real_copy_holds_the_same_pictures_after_jpeg():
    """Of each class, the pictures of the copy stand in the official order, so those of the exact subset are known."""
    root = real_data("cifar10-jpeg")
    layout = read_known(root, name="cifar10", classes=CLASSES, test_part="test")
    parts = [file.part for file in layout.listing.files]
    assert (parts.count("train"), parts.count("test")) == (50_000, 10_000)
    exact = load(real_data("cifar10-exact-subset.npz")).test
    errors, seen = [], [0] * 10
    for image, label in zip(exact.images, exact.labels.tolist(), strict=True):
        path = root / "test" / CLASSES[label] / f"{seen[label]:04d}.jpg"
        seen[label] += 1
        other = torch.from_numpy(np.asarray(Image.open(path).convert("RGB")).copy()).permute(2, 0, 1)
        errors.append((image.double() - other).square().mean())
    psnr = 10 * torch.log10(255**2 / torch.stack(errors).clamp(min=1e-3))
    assert 29 < psnr.mean() < 32
    assert psnr.min() > 20


@pytest.mark.slow
def test_the_real_copy_loads_whole():
    result = load(real_data("cifar10-jpeg"))
    assert (len(result.train), len(result.test)) == (50_000, 10_000)
    assert result.notes[:2] == (
        "image-folder copy: JPEG files, lossy, not the original pixels",
        "50,000 + 10,000 images, complete",
    )
    assert torch.bincount(result.train.labels).tolist() == [5000] * 10
    # published statistics of CIFAR-10; JPEG moves them a little
    assert result.mean == pytest.approx((0.4914, 0.4822, 0.4465), abs=0.002)
    assert result.std == pytest.approx((0.2470, 0.2435, 0.2616), abs=0.003)
