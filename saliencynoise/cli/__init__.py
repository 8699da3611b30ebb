"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys
from typing import Any

import typer

from saliencynoise.interfaces.errors import SaliencyNoiseError, one_line

USAGE, INTERRUPTED = 2, 130

# Typer carries its own copy of click from some version on; this is click's base class in either
ClickException: Any = typer.BadParameter.__mro__[2]


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 for success, 1 for failed cells, 2 for bad input, 130 for Ctrl-C."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    from saliencynoise.cli.app import app  # noqa: PLC0415 - after `main`, so that importing the room is cheap

    try:
        code = app(args=arguments, standalone_mode=False)
    except SaliencyNoiseError as error:
        return _fail(one_line(error))
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except ClickException as error:
        return _fail(" ".join(error.format_message().split()))
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away, as `head` does
        return 0
    if code == INTERRUPTED:  # typer, too, makes this of a KeyboardInterrupt
        print("\nstopped; what was finished is kept: the same command goes on from there", file=sys.stderr)  # noqa: T201
    return code if isinstance(code, int) else 0


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)  # noqa: T201 - rich would wrap the line
    return USAGE
