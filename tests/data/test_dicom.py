"""DICOM files: rescale, window, photometric interpretation, against pydicom's own functions."""

from __future__ import annotations

import numpy as np
import pytest

from saliencynoise.data.folder import load_folder
from saliencynoise.data.own_pictures import as_seen
from saliencynoise.data.pictures import Picture, Unreadable, read_picture, read_size

pydicom = pytest.importorskip("pydicom", reason="needs pydicom, the extra dicom")


def write(path, array, **values):
    """Write a file as scanners do: 12 of 16 bits, MONOCHROME2, unless `values` say otherwise."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    colour = array.ndim == 3 and array.shape[-1] == 3
    file.Rows, file.Columns = array.shape[:2] if colour or array.ndim == 2 else array.shape[1:]
    file.SamplesPerPixel = 3 if colour else 1
    if colour:
        file.PlanarConfiguration = 0
    file.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    file.BitsAllocated = 8 * array.itemsize
    file.BitsStored, file.HighBit = (12, 11) if array.itemsize == 2 else (8, 7)
    file.PixelRepresentation = int(array.dtype.kind == "i")
    file.PixelData = array.tobytes()
    for name, value in values.items():
        setattr(file, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save_as(path, enforce_file_format=True)
    return file


def levels_of(seed=0, top=4096, side=8, dtype=np.uint16):
    return np.random.default_rng(seed).integers(0, top, (side, side)).astype(dtype)


def read(path, side=8):
    result = read_picture(str(path), side)
    assert isinstance(result, Picture), result
    return result


def test_levels_are_rescaled_and_none_is_lost(tmp_path):
    array = levels_of()
    write(tmp_path / "a.dcm", array, RescaleSlope=2, RescaleIntercept=-1024)
    picture = read(tmp_path / "a.dcm")
    assert np.array_equal(picture.pixels[0], array * 2.0 - 1024)
    assert picture.traits == {"deep"}
    assert picture.levels == (array.min() * 2.0 - 1024, array.max() * 2.0 - 1024)
    assert read_size(str(tmp_path / "a.dcm")) == (8, 8)


@pytest.mark.parametrize("kind", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_window_is_pydicoms(tmp_path, kind, photometric):
    from pydicom.pixels import apply_modality_lut, apply_windowing

    array = levels_of(1, dtype=np.int16)
    file = write(
        tmp_path / "a", array, RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=[300, 40], WindowWidth=[1500, 400],
        VOILUTFunction=kind, PhotometricInterpretation=photometric, BitsStored=16, HighBit=15,
    )  # fmt: skip
    shown = np.asarray(apply_windowing(apply_modality_lut(array, file), file))
    low, high = -(2**15) - 1024, 2**15 - 1 - 1024  # pydicom returns the range of the rescaled bits
    expected = (shown - low) / (high - low) * 255
    expected = 255 - expected if photometric == "MONOCHROME1" else expected
    picture = read(tmp_path / "a")
    assert picture.pixels.dtype == np.uint8
    assert picture.traits == {"windowed", *(["inverted"] if photometric == "MONOCHROME1" else [])}
    assert np.abs(picture.pixels[0] - expected).max() <= 0.51


def test_without_a_window_monochrome1_is_turned_over_within_its_bits(tmp_path):
    array = levels_of(2)
    write(tmp_path / "a.dcm", array, PhotometricInterpretation="MONOCHROME1", RescaleSlope=1, RescaleIntercept=-10)
    assert np.array_equal(read(tmp_path / "a.dcm").pixels[0], 4095.0 - array - 10)
    small = levels_of(3, 256, dtype=np.uint8)
    write(tmp_path / "b.dcm", small, PhotometricInterpretation="MONOCHROME1")
    assert np.array_equal(read(tmp_path / "b.dcm").pixels[0], 255 - small)
    assert read(tmp_path / "b.dcm").traits == {"inverted"}


def test_colour_and_the_first_of_several_frames(tmp_path):
    colour = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    write(tmp_path / "c.dcm", colour)
    assert np.array_equal(read(tmp_path / "c.dcm").pixels, colour.transpose(2, 0, 1))
    frames = np.stack([levels_of(seed) for seed in range(4)])
    write(tmp_path / "d.dcm", frames, NumberOfFrames=4)
    picture = read(tmp_path / "d.dcm")
    assert np.array_equal(picture.pixels[0], frames[0])
    assert picture.traits == {"deep", "animated"}


def test_a_folder_of_scans_and_a_users_scan_have_one_scale(tmp_path):
    arrays = {f"{'ab'[index % 2]}/{index}{('', '.dcm', '.1')[index % 3]}": levels_of(index) for index in range(12)}
    for name, array in arrays.items():
        write(tmp_path / name, array, RescaleSlope=1, RescaleIntercept=-1024)
    dataset = load_folder(path=str(tmp_path), image_size=None, seed=0)
    assert len(dataset.train) + len(dataset.test) == 12
    low, high = dataset.levels
    for name, image in zip(dataset.test.names, dataset.test.images, strict=True):
        np.testing.assert_allclose(image[0], (arrays[name] - 1024.0 - low) / (high - low) * 255, atol=1e-3)
    name = dataset.test.names[0]
    seen = as_seen(tmp_path / name, size=8, channels=1, levels=dataset.levels)
    assert np.array_equal(seen.pixels, dataset.test.images[0].numpy())


def test_damaged_files_are_left_out_with_the_reason(tmp_path):
    write(tmp_path / "a.dcm", levels_of())
    (tmp_path / "b.dcm").write_bytes((tmp_path / "a.dcm").read_bytes()[:-20])
    assert isinstance(read_picture(str(tmp_path / "b.dcm"), 8), Unreadable)
