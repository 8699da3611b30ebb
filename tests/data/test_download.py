from __future__ import annotations

import socket
from pathlib import Path

import pytest

from saliencynoise.data.download import downloaded
from saliencynoise.interfaces import UsageError


def make(root):
    (Path(root) / "data").mkdir(parents=True)
    (Path(root) / "data.tgz").write_text("archive")


def test_once_and_without_its_archive(cache, capsys):
    calls = []

    def fetch(root):
        calls.append(socket.getdefaulttimeout())
        print("Downloading")  # noqa: T201 - as torchvision does
        make(root)

    result = {downloaded("data", fetch, name="x") for _ in range(2)}
    assert result == {cache / "downloads" / "data"}
    assert calls == [30]
    assert socket.getdefaulttimeout() is None
    assert capsys.readouterr().out == ""
    assert sorted(path.name for path in (cache / "downloads").iterdir()) == ["data", "data.lock"]


def test_one_that_broke_off_is_not_taken(cache):
    def breaks(root):
        make(root)
        raise ConnectionError("reset by peer")

    with pytest.raises(UsageError) as caught:
        downloaded("data", breaks, name="x")
    assert str(caught.value) == (
        "the data set 'x' could not be downloaded (ConnectionError: reset by peer); run the same command again where "
        "there is a network, or name a folder that holds the data with --data-dir DIR"
    )
    assert socket.getdefaulttimeout() is None
    assert not (cache / "downloads" / "data").exists()

    def goes_on(root):
        assert (Path(root) / "data.tgz").read_text() == "archive"
        (Path(root) / "data").mkdir()

    assert downloaded("data", goes_on, name="x").is_dir()


def test_an_archive_of_something_else():
    with pytest.raises(UsageError, match="the archive holds no folder 'data'"):
        downloaded("data", lambda root: Path(root).mkdir(), name="x")
