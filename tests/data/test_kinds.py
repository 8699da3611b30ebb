import pytest

from saliencynoise.data import dicom
from saliencynoise.data.folder import load_folder
from saliencynoise.data.kinds import described
from saliencynoise.interfaces import UsageError
from tests.data.builders import make_folder


def test_known_kinds_are_counted_and_others_passed_over(tmp_path):
    (tmp_path / "IM0001").write_bytes(bytes(128) + b"DICM" + bytes(8))
    (tmp_path / "notes.txt").write_text("x")
    assert described(tmp_path, ["notes.txt", "missing"]) == ""
    words = described(tmp_path, ["IM0001", "a.DCM", "b.heic", "notes.txt"])
    assert words.startswith("2 DICOM files, 1 HEIC file, which cannot be read here: install saliencynoise[dicom]")
    assert "PNG, JPEG" in described(tmp_path, ["a.jp2"])


@pytest.mark.parametrize(
    ("suffix", "words"),
    [
        ("dcm", "class 'b' holds no images: it has 3 DICOM files, which cannot be read here: install sal"),
        ("heic", "class 'b' holds no images: it has 3 HEIC files, which cannot be read here: convert them to JPEG"),
        ("txt", "class 'b' holds no images: add images to it, or remove the folder"),
    ],
)
def test_a_class_of_unreadable_files_says_what_lies_there(tmp_path, suffix, words, monkeypatch):
    monkeypatch.setattr(dicom, "installed", lambda: False)
    make_folder(tmp_path, {"a": 4})
    (tmp_path / "b").mkdir()
    for index in range(3):
        (tmp_path / "b" / f"{index}.{suffix}").write_bytes(b"x")
    with pytest.raises(UsageError, match=words):
        load_folder(path=str(tmp_path), image_size=None, seed=0)


def test_a_folder_of_unreadable_files_says_what_lies_there(tmp_path):
    (tmp_path / "a.heic").write_bytes(b"x")
    with pytest.raises(
        UsageError, match=r"no class folders \(it holds neither folders nor images but 1 HEIC file, which"
    ):
        load_folder(path=str(tmp_path), image_size=None, seed=0)


def test_unreadable_kinds_beside_pictures_are_noted(tmp_path):
    make_folder(tmp_path, {"a": 4, "b": 4})
    (tmp_path / "b" / "x.heic").write_bytes(b"x")
    notes = load_folder(path=str(tmp_path), image_size=None, seed=0).notes
    assert "1 file ignored, since they are no images: b/x.heic" in notes
    assert any(note.startswith("among the ignored 1 HEIC file, which cannot be read here") for note in notes)
