"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

USAGE, INTERRUPTED = 2, 130

TRACEBACK = "--traceback"
SHOW_TRACEBACK = "SALIENCYNOISE_TRACEBACK"
"""Environment variable that `--traceback` sets: tracebacks of plugins are printed as well."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 for success, 1 for failed cells, 2 for bad input, 130 for Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a name with letters that the terminal lacks must not end a command
            stream.reconfigure(errors="backslashreplace")
    command_line = list(sys.argv[1:] if arguments is None else arguments)
    if TRACEBACK in command_line:
        os.environ[SHOW_TRACEBACK] = "1"
        command_line.remove(TRACEBACK)
    try:
        code = _run(command_line)
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED:
        message = "stopped; finished networks and maps are kept, and the same command continues with them"
        print(f"\n{message}", file=sys.stderr)  # noqa: T201 - rich may not be there yet
    sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    import typer  # noqa: PLC0415 - Ctrl-C may come as early as here

    from saliencynoise.cli.app import app  # noqa: PLC0415 - as above
    from saliencynoise.cli.commands import CLICK_ERROR  # noqa: PLC0415 - as above
    from saliencynoise.display.visible import visible  # noqa: PLC0415 - as above
    from saliencynoise.interfaces.errors import SaliencyNoiseError, one_line, traceback_of  # noqa: PLC0415 - as above

    try:
        code = app(args=arguments, standalone_mode=False)
    except SaliencyNoiseError as error:
        if os.environ.get(SHOW_TRACEBACK) == "1":
            print(visible(traceback_of(error)), file=sys.stderr)  # noqa: T201 - as below
        return _fail(one_line(error))
    except typer.Abort:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has ended, as `head` does; nothing more can be printed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(
            f"{error.filename or 'output'}: {error.strerror or error}; free space there or change its permissions"
        )
    except Exception as error:
        if isinstance(error, CLICK_ERROR):
            return _fail(error.format_message())  # type: ignore[attr-defined]
        raise
    return code if isinstance(code, int) else 0


def _fail(message: str) -> int:
    from saliencynoise.display.visible import one_visible_line, shortened  # noqa: PLC0415 - Ctrl-C may come before it is there

    print(f"error: {one_visible_line(shortened(message))}", file=sys.stderr)  # noqa: T201 - rich would wrap the line
    return USAGE
