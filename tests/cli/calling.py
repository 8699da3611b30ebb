"""The command line, called as a user does, in this process."""

from __future__ import annotations

from typing import Any

import pytest

from saliencynoise import cli


def call(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[object, str, str]:
    """The exit code, and what went to standard output and standard error."""
    with pytest.raises(SystemExit) as stop:
        cli.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return stop.value.code, out, err
