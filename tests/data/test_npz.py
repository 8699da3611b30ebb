from __future__ import annotations

import numpy as np
import pytest
import torch

from saliencynoise.data.npz import read_npz
from saliencynoise.interfaces import UsageError


def arrays(**changed):
    rng = np.random.default_rng(0)
    result = {
        "x_train": rng.integers(0, 256, (6, 4, 4, 3), dtype=np.uint8),
        "y_train": np.array([0, 1, 2, 0, 1, 2], np.uint8),
        "x_test": rng.integers(0, 256, (3, 4, 4, 3), dtype=np.uint8),
        "y_test": np.array([2, 1, 0]),
    }
    return {name: value for name, value in {**result, **changed}.items() if value is not None}


def read(path):
    return read_npz(path, num_classes=3, side=4)


def saved(tmp_path, **changed):
    np.savez_compressed(tmp_path / "data.npz", **arrays(**changed))
    return tmp_path / "data.npz"


def message(path):
    with pytest.raises(UsageError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_pixels_labels_and_names(tmp_path):
    expected = arrays()
    train, test = read(saved(tmp_path, idx_train=np.array([9, 7, 5, 3, 1, 0]), y_test=np.array([[2], [1], [0]])))
    assert (train.images.dtype, train.labels.dtype) == (torch.uint8, torch.int64)
    assert np.array_equal(train.images.permute(0, 2, 3, 1), expected["x_train"])
    assert np.array_equal(test.images.permute(0, 2, 3, 1), expected["x_test"])
    assert train.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert test.labels.tolist() == [2, 1, 0]
    assert train.names == ("train/9", "train/7", "train/5", "train/3", "train/1", "train/0")
    assert test.names == ("test/0", "test/1", "test/2")


@pytest.mark.parametrize(
    ("changed", "due"),
    [
        ({"y_test": None, "x_test": None}, r"lacks x_test, y_test: .* \(of these it holds x_train, y_train\)"),
        ({"x_train": np.zeros((6, 4, 4, 3))}, r"x_train must be uint8 .*\[N, 4, 4, 3\], not float64 \[6, 4, 4, 3\]"),
        ({"x_train": np.zeros((6, 3, 4, 4), np.uint8)}, r"x_train must be uint8 .*, not uint8 \[6, 3, 4, 4\]"),
        ({"x_train": np.zeros((0, 4, 4, 3), np.uint8)}, "x_train must be uint8"),
        ({"y_train": np.zeros(5, np.uint8)}, r"y_train must be whole numbers of the shape \[6\], not uint8 \[5\]"),
        ({"y_train": np.zeros(6)}, "y_train must be whole numbers"),
        ({"y_test": np.array([0, 1, 3])}, "y_test holds labels outside of 0 to 2"),
        ({"y_test": np.array([0, 1, -1])}, "y_test holds labels outside of 0 to 2"),
        ({"y_test": np.array([0, 2, 2])}, "class 1 has no image in y_test"),
        ({"idx_train": np.zeros(6, int)}, "idx_train must be 6 different whole numbers"),
        ({"x_test": np.array([None, "x"], object)}, "pickled objects, which are never read"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path, changed, due):
    with pytest.raises(UsageError, match=due):
        read(saved(tmp_path, **changed))


def test_files_that_cannot_be_read(tmp_path):
    whole = saved(tmp_path).read_bytes()
    path = tmp_path / "data.npz"
    path.write_bytes(whole[: len(whole) // 2])
    assert "is damaged or no .npz file of plain arrays (it is truncated, or no archive)" in message(path)
    path.write_bytes(b"")
    assert "truncated" in message(path)
    path.write_bytes(whole[:100] + bytes(40) + whole[140:])
    assert "is damaged or no .npz file" in message(path)
    assert "No such file" in message(tmp_path / "other.npz")
    (tmp_path / "folder.npz").mkdir()
    assert "Is a directory" in message(tmp_path / "folder.npz")
