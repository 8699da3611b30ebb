"""Files are whole or absent, whatever goes wrong; names and keys."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import (
    DamagedFileError,
    key_of,
    locked,
    read_json,
    read_verified,
    refuse_foreign,
    sealed,
    sha256_of,
    slug_of,
    write_bytes,
    write_json,
)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def test_what_is_written_is_there_with_its_checksum(tmp_path):
    path = tmp_path / "a" / "b" / "file.bin"
    assert write_bytes(path, b"one") == hashlib.sha256(b"one").hexdigest() == sha256_of(path)
    assert write_bytes(path, b"three") == sha256_of(path)
    assert path.read_bytes() == b"three"
    assert files(tmp_path) == ["a", "b", "file.bin"]


def test_files_honour_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_the_content_reaches_the_disk_before_the_name_does(tmp_path, monkeypatch):
    calls = []
    sync, rename = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        calls.append(("fsync", stat.S_ISDIR(os.fstat(handle).st_mode)))
        sync(handle)

    def replace(path: Path, target: Path) -> Path:
        calls.append(("rename", path.read_bytes()))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    write_bytes(tmp_path / "file", b"content")
    assert calls == [("fsync", False), ("rename", b"content"), ("fsync", True)]


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_full_or_read_only_disk_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, step, number):
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os if step == "fsync" else Path, step, fail)
        with pytest.raises(UsageError) as caught:
            write_bytes(path, b"new")
    fix = "free space there" if number != errno.EROFS else "name a folder that can be written to"
    where = "(--out for results, SALIENCYNOISE_CACHE for pools and decoded data sets)"
    assert str(caught.value) == f"cannot write {path}: {os.strerror(number)}; {fix} {where}"
    assert files(tmp_path) == ["file"]
    assert path.read_bytes() == b"old"


def test_a_folder_that_may_not_be_written(tmp_path):
    """As another user than root, whom no mode stops."""
    code = textwrap.dedent("""
        import os, sys
        from pathlib import Path
        from saliencynoise.interfaces import UsageError
        from saliencynoise.store.atomic import write_bytes
        if os.getuid() == 0:
            os.setuid(65534)
        try:
            write_bytes(Path(sys.argv[1]) / "file", b"new")
        except UsageError as error:
            print(error)
    """)
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    for parent in [tmp_path, *tmp_path.parents][:4]:
        if parent.owner() == Path.home().owner():
            parent.chmod(0o755)
    result = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    assert re.match(
        rf"cannot write {folder}/file: Permission denied; name a folder that can be written to", result.stdout
    ), result
    assert files(folder) == []


def test_a_folder_in_the_way(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(UsageError, match=r"^cannot write .*/file: Is a directory; a folder is in the file's"):
        write_bytes(tmp_path / "file", b"new")
    assert files(tmp_path) == ["file"]


def test_a_file_in_the_way_of_a_folder(tmp_path):
    (tmp_path / "a").write_text("x")
    with pytest.raises(UsageError, match=r"^cannot write .*/a/file: "):
        write_bytes(tmp_path / "a" / "file", b"new")
    assert files(tmp_path) == ["a"]


def test_an_interrupt_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    def interrupt(_handle: int) -> None:
        raise KeyboardInterrupt

    write_bytes(tmp_path / "file", b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_bytes(tmp_path / "file", b"new")
    assert files(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_json_round_trip_without_nan(tmp_path):
    path = tmp_path / "document.json"
    write_json(path, {"ä": [1, None, "x"]})
    assert read_json(path) == {"ä": [1, None, "x"]}
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        write_json(path, {"x": float("nan")})
    assert read_json(path) == {"ä": [1, None, "x"]}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", None])
def test_what_is_no_json_is_absent(tmp_path, content):
    path = tmp_path / "document.json"
    if content is not None:
        path.write_bytes(content)
    assert read_json(path) is None


def test_the_checksum_of_no_file(tmp_path):
    assert sha256_of(tmp_path / "none") is None
    assert sha256_of(tmp_path) is None


def test_keys_depend_on_the_content_and_not_on_its_order():
    assert key_of({"a": 1, "b": [2]}) == key_of({"b": (2,), "a": 1})
    assert key_of({"a": 1}) == hashlib.sha256(json.dumps({"a": 1}).encode()).hexdigest()[:16]
    assert len({key_of(value) for value in ({"a": 1}, {"a": 1.0}, {"a": "1"}, {"b": 1}, [])}) == 5
    with pytest.raises(ValueError, match="Out of range float values"):
        key_of(float("inf"))


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("digits", "digits"),
        ("timm/resnet18(width=4, act='x')", "timm-resnet18-width-4-act-x"),
        ("../../etc", "etc"),
        ("..", "unnamed"),
        (".", "unnamed"),
        (".hidden", "hidden"),
        ("Größe 3", "Gr-e-3"),
        ("///", "unnamed"),
        ("", "unnamed"),
        ("a_b.c", "a_b.c"),
        ("x" * 80, "x" * 80),
    ],
)
def test_slugs_are_safe_names(text, slug):
    assert slug_of(text) == slug


def test_only_new_empty_and_own_folders_may_hold_results(tmp_path):
    for name in ("empty", "own", "other"):
        (tmp_path / name).mkdir()
    for name in ("own/result.json", "own/more", "other/result", "file"):
        (tmp_path / name).touch()
    for free in ("new", "new/below", "empty", "own"):
        refuse_foreign(tmp_path / free, "result.json")
    for taken, why in {
        "other": "holds other files and no result.json",
        "file": "is a file",
        "file/x": "is a file",
    }.items():
        with pytest.raises(UsageError, match=f"^--out .*{taken}.*{re.escape(why)}.*; name a"):
            refuse_foreign(tmp_path / taken, "result.json")


def test_a_lock_keeps_others_out_and_is_let_go(tmp_path):
    path = tmp_path / "deep" / "lock"
    for error in (None, ValueError):
        with contextlib.suppress(ValueError), locked(path):
            with pytest.raises(Timeout):
                FileLock(path).acquire(timeout=0)
            if error:
                raise error
        FileLock(path).acquire(timeout=0).lock.release()


def test_a_lock_where_none_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"^cannot write .*file/lock"), locked(tmp_path / "file" / "lock"):
        pass


def test_long_slugs_are_cut_and_stay_apart():
    one, other = (slug_of(f"resnet({'a' * 90},width={width})") for width in (16, 32))
    assert (len(one), len(other)) == (80, 80)
    assert one[:73] == other[:73]
    assert one != other


DOCUMENT = {"format": 1, "accuracy": 0.875, "seeds": {"init": 17}, "classes": ["a", "\u00e9"]}


def test_a_document_begins_with_the_checksum_of_the_rest(tmp_path):
    path = tmp_path / "document.json"
    for document in (DOCUMENT, {}):
        write_json(path, document)
        plain = json.loads(path.read_text())
        assert list(plain) == ["checksum", *document]
        assert read_verified(path) == read_json(path) == document
    write_json(path, {**DOCUMENT, "checksum": "of an earlier state"})
    assert read_verified(path) == DOCUMENT


def test_every_flipped_bit_of_a_document_is_noticed_or_changes_nothing(tmp_path):
    """A bit of the word "checksum" or of the blanks before it may go unnoticed: the content is the same."""
    path = tmp_path / "document.json"
    content = sealed(DOCUMENT)
    unnoticed = 0
    for place in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        result = read_json(path)
        if result is not None:
            assert {name: value for name, value in result.items() if name in DOCUMENT} == DOCUMENT
            unnoticed += 1
    assert unnoticed < 8 * len('{\n  "checksum": "')


@pytest.mark.parametrize("keep", [0, 1, 40, 100, -1, -2])
def test_a_document_that_is_cut_off_is_noticed(tmp_path, keep):
    path = tmp_path / "document.json"
    path.write_bytes(sealed(DOCUMENT)[:keep])
    with pytest.raises(DamagedFileError, match=r"document\.json is damaged: "):
        read_verified(path)


def test_what_is_no_document_is_named(tmp_path):
    with pytest.raises(DamagedFileError, match=r"cannot be read: Is a directory"):
        read_verified(tmp_path)
    with pytest.raises(DamagedFileError, match=r"cannot be read: No such file"):
        read_verified(tmp_path / "none.json")
    (tmp_path / "deep.json").write_text("[" * 200_000)
    with pytest.raises(DamagedFileError, match=r"deep\.json is damaged: it is nested too deeply"):
        read_verified(tmp_path / "deep.json")
    (tmp_path / "zero.json").write_bytes(bytes(100))
    with pytest.raises(DamagedFileError, match=r"zero\.json is damaged: "):
        read_verified(tmp_path / "zero.json")


def test_a_document_written_by_hand_needs_no_checksum(tmp_path):
    (tmp_path / "hand.json").write_text('{"a": 1}')
    assert read_verified(tmp_path / "hand.json") == {"a": 1}


@pytest.mark.parametrize("error", [OSError(errno.ENOLCK, "x"), NotImplementedError()])
def test_without_locks_work_goes_on(tmp_path, monkeypatch, error):
    def acquire(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(FileLock, "acquire", acquire)
    with locked(tmp_path / "some.lock"):
        done = True
    assert done


def test_advice_names_what_stands_in_the_way(tmp_path, monkeypatch):
    (tmp_path / "file").mkdir()
    with pytest.raises(UsageError, match="a folder is in the file's place; move it away, or delete it"):
        write_bytes(tmp_path / "file", b"")
    (tmp_path / "plain").write_text("")
    with pytest.raises(UsageError, match=r"plain is a file; move it away, or name another folder"):
        write_bytes(tmp_path / "plain" / "below" / "file", b"")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r"No space left on device; free space in .*, or set TMPDIR to a folder with"):
        write_bytes(tmp_path / "saliencynoise-abc" / "dataset.safetensors", b"")
