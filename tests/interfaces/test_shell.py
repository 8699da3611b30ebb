"""Commands in hints: a shell gives the program the very words that were meant."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from saliencynoise.interfaces.shell import shell

WORDS = (
    "runs/a", "two class names", "it's", "", "-x", "~", "a$HOME`id`", 'say "x"', "naïve ∞", "back\\slash", "a\nb\t",
    "\x1b[2J7", "byte \udcff1", "*?[a]", "é", "a'b\udc80'",
)  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="bash")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_shell_reads_what_was_meant(encoding):
    command = shell("printf", "%s\\0", *WORDS, encoding=encoding)
    assert all(letter.isprintable() for letter in command)
    command.encode(encoding)
    found = subprocess.run([shutil.which("bash") or "/bin/bash", "-c", command], capture_output=True, check=True).stdout
    assert found.split(b"\0")[:-1] == [os.fsencode(word) for word in WORDS]


def test_half_a_character_is_no_error():
    assert shell("\ud800") == "$'\\355\\240\\200'"
