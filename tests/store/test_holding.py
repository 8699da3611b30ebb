"""A folder of results has one writer at a time, and nothing in it is changed before its lock is taken."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import filelock
import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise.store import holding as module
from saliencynoise.store.holding import holding

if TYPE_CHECKING:
    from pathlib import Path

TRY = """
import sys
from pathlib import Path
from saliencynoise.interfaces import UsageError
from saliencynoise.store.holding import holding
try:
    with holding(Path(sys.argv[1])):
        print("held")
except UsageError as error:
    print(error)
"""


def other_process(folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", TRY, str(folder)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_another_process_is_refused_until_all_holds_end(tmp_path):
    folder = tmp_path / "new" / "run"
    refusal = f"another process is writing to {folder}; wait for it, or name another --out"
    with holding(folder):
        with holding(folder):
            assert other_process(folder) == refusal
        assert other_process(folder) == refusal
    assert other_process(folder) == "held"


def test_a_hold_ends_with_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), holding(tmp_path):
        _ = 1 / 0
    assert other_process(tmp_path) == "held"


@pytest.mark.parametrize("error", [OSError(errno.ENOLCK, os.strerror(errno.ENOLCK)), NotImplementedError()])
def test_a_file_system_without_locks_is_named_as_such(tmp_path, monkeypatch, error):
    def acquire(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    words = "that file system gives no locks; name a folder on a local disk"
    with pytest.raises(UsageError, match=f"cannot write .*: No locks available; {words}"), holding(tmp_path / "run"):
        pass


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"file is a file; move it away"), module.holding(tmp_path / "file" / "run"):
        pass
