from __future__ import annotations

import os
from pathlib import Path

import pytest

from saliencynoise.data.orders import natural
from saliencynoise.data.scan import list_classes, open_root, text
from saliencynoise.interfaces import UsageError
from tests.data.builders import make_folder


def _touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_natural_order():
    names = ["a10", "a", "10", "a2b", "9", "a2", "b", "01", "1", "٣"]
    assert sorted(names, key=natural) == ["01", "1", "٣", "9", "10", "a", "a2", "a2b", "a10", "b"]


def test_files_are_found_at_every_depth_in_natural_order(tmp_path):
    _touch(tmp_path, "b/10.png", "b/9.PNG", "b/deep/er/1.jpeg", "a/x.tif", "10/x.gif", "9/x.webp")
    classes, listing = list_classes(tmp_path)
    assert classes == ["9", "10", "a", "b"]
    assert [(file.label, file.name) for file in listing.files] == [
        ("9", "9/x.webp"),
        ("10", "10/x.gif"),
        ("a", "a/x.tif"),
        ("b", "b/9.PNG"),
        ("b", "b/10.png"),
        ("b", "b/deep/er/1.jpeg"),
    ]
    assert all(Path(file.path).samefile(tmp_path / file.name) for file in listing.files)


def test_names_begin_with_the_part(tmp_path):
    _touch(tmp_path, "train/a/1.png")
    _, listing = list_classes(tmp_path, "train", "train")
    assert [(file.name, file.label, file.part) for file in listing.files] == [("train/a/1.png", "a", "train")]


def test_hidden_things_are_passed_over_in_silence(tmp_path):
    _touch(tmp_path, "a/1.png", "a/.2.png", "a/.hidden/3.png", ".git/4.png", "a/.DS_Store", "__MACOSX/a/5.png")
    classes, listing = list_classes(tmp_path)
    assert classes == ["a"]
    assert [file.name for file in listing.files] == ["a/1.png"]
    assert not listing.others + listing.strays + listing.loops


def test_other_files_and_images_outside_classes_are_listed(tmp_path):
    _touch(tmp_path, "a/1.png", "a/readme.txt", "a/sub/data.csv", "labels.csv", "stray.png", "a/picture")
    _, listing = list_classes(tmp_path)
    assert sorted(listing.others) == ["a/picture", "a/readme.txt", "a/sub/data.csv", "labels.csv"]
    assert listing.strays == ["stray.png"]


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path):
    _touch(tmp_path, "root/a/1.png", "root/b/2.png", "elsewhere/3.png", "elsewhere/deep/4.png")
    root = tmp_path / "root"
    (root / "a" / "more").symlink_to(tmp_path / "elsewhere")
    (root / "a" / "self").symlink_to(root / "a")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "far up").symlink_to(tmp_path.parent)
    (root / "class").symlink_to(root)
    (tmp_path / "elsewhere" / "back").symlink_to(root / "a")
    classes, listing = list_classes(root)
    assert classes == ["a", "b"]
    assert [file.name for file in listing.files] == [
        "a/1.png",
        "a/more/3.png",
        "a/more/deep/4.png",
        "b/2.png",
    ]
    assert sorted(listing.loops) == ["a/far up", "a/more/back", "a/self", "a/up", "class"]


def test_a_class_may_be_a_link(tmp_path):
    _touch(tmp_path, "store/1.png", "root/b/2.png")
    (tmp_path / "root" / "a").symlink_to(tmp_path / "store")
    assert list_classes(tmp_path / "root")[0] == ["a", "b"]


def test_broken_links_are_images_that_cannot_be_read_and_pipes_are_none(tmp_path):
    _touch(tmp_path, "a/1.png")
    (tmp_path / "a" / "2.png").symlink_to("nowhere.png")
    (tmp_path / "a" / "3.png").symlink_to("3.png")
    os.mkfifo(tmp_path / "a" / "4.png")
    _, listing = list_classes(tmp_path)
    assert [file.name for file in listing.files] == ["a/1.png", "a/2.png", "a/3.png"]
    assert listing.others == ["a/4.png"]


def test_many_links_between_folders_are_read_once_each(tmp_path):
    names = [f"f{index}" for index in range(12)]
    _touch(tmp_path, *(f"a/{name}/x.png" for name in names))
    for name in names:
        for other in names:
            if name != other:
                (tmp_path / "a" / name / other).symlink_to(tmp_path / "a" / other)
    assert len(list_classes(tmp_path)[1].files) == 12


@pytest.fixture
def deep_folder(tmp_path):
    """1,200 folders one in another, taken away again: pytest's own clean-up would recurse too deeply."""
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        for name in ["a"] + ["d"] * 1200:
            Path(name).mkdir()
            os.chdir(name)
        os.chdir(here)
        yield tmp_path
    finally:
        os.chdir(tmp_path)
        down = 0
        for name in ["a"] + ["d"] * 1200:
            if Path(name).exists():
                os.chdir(name)
                down += 1
        for level in range(down):
            os.chdir("..")
            Path("d" if level < down - 1 else "a").rmdir()
        os.chdir(here)


def test_very_deep_folders(deep_folder):
    (deep_folder / "b").mkdir()
    assert list_classes(deep_folder)[0] == ["a", "b"]


def test_names_that_are_not_text(tmp_path):
    (tmp_path / "a").mkdir()
    try:
        (tmp_path / "a" / "\udcff.png").touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    _, listing = list_classes(tmp_path)
    assert listing.files[0].name == "a/\\xff.png"
    listing.files[0].name.encode("utf-8")
    assert os.path.exists(listing.files[0].path)  # noqa: PTH110 - the path keeps its undecodable byte


def test_text_leaves_text_alone():
    assert text("Zürich 東京\n.png") == "Zürich 東京\n.png"


def _message(call) -> str:
    with pytest.raises(UsageError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_paths_that_are_no_folder(tmp_path):
    (tmp_path / "file.tar.xz").touch()
    for path in (None, ""):
        assert _message(lambda path=path: open_root(path)) == (
            "the data set 'folder' needs the path of a folder: write folder:PATH"
        )
    missing = str(tmp_path / "no\nne")
    assert _message(lambda: open_root(missing)) == f"image folder {missing!r} does not exist: check the path"
    assert "is not a folder: give the folder that holds the class folders (an archive must be unpacked" in (
        _message(lambda: open_root(str(tmp_path / "file.tar.xz")))
    )
    assert "cannot be opened (embedded null byte): check the path" in _message(lambda: open_root("a\0b"))
    assert "cannot be opened (File name too long): check the path" in _message(lambda: open_root("a" * 300))


def test_the_home_folder(tmp_path, monkeypatch):
    (tmp_path / "images").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_root("~/images") == tmp_path / "images"


@pytest.mark.parametrize("locked", ["", "a", "a/sub"])
def test_folders_that_may_not_be_read(tmp_path, monkeypatch, locked):
    # by a fake, because root may read everything
    root = make_folder(tmp_path / "root", {"a/sub": 1, "b": 1})
    scandir, shut = os.scandir, str(root / locked)

    def guarded(path):
        if str(path) == shut:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    expected = f"image folder {shut!r} may not be read: give yourself read permission (chmod +rx)"
    assert _message(lambda: list_classes(open_root(str(root)))) == expected


def test_images_without_class_folders(tmp_path):
    _touch(tmp_path, "1.png", "2.png")
    assert _message(lambda: list_classes(tmp_path)) == (
        f"image folder {str(tmp_path)!r} has no class folders (2 images are directly in it): "
        "put the images of each class into their own folder, named after the class"
    )


def test_an_empty_folder(tmp_path):
    assert "has no class folders (it holds neither folders nor images)" in _message(lambda: list_classes(tmp_path))
