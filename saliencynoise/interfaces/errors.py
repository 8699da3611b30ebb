"""The errors that users and plugin authors meet."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

TRACEBACK = 20_000
"""Letters of a traceback that are kept: an exception may have a text of any length."""


class SaliencyNoiseError(Exception):
    """Base of every error that this project raises on purpose."""


class UsageError(SaliencyNoiseError):
    """A value that the user gave cannot be used; the message names the value and the fix.

    The command line prints the message in one line and exits with code 2.
    """


class ConfigurationError(SaliencyNoiseError):
    """A plugin broke a contract of `saliencynoise.interfaces`; the message names the contract."""


class PluginError(ConfigurationError):
    """A part of a plugin failed while it was used; everything that does not depend on it goes on."""


@dataclass(frozen=True, kw_only=True)
class PluginFailure:
    """A plugin that could not be loaded, called or validated, and the reason; other plugins still work."""

    plugin: str
    distribution: str
    version: str
    error: str

    def __str__(self) -> str:
        return f"plugin '{self.plugin}' ({self.distribution} {self.version}) failed: {self.error}"


def one_line(error: BaseException) -> str:
    """Return an exception in one line: its message, preceded by its type if it is no error of this project.

    If the text of an exception cannot be read, the line says so instead.
    """
    try:
        message = " ".join(str(error).split())
    except KeyboardInterrupt:
        raise
    except BaseException as unreadable:  # noqa: BLE001 - the `__str__` of a plugin may raise anything
        message = f"(its text cannot be read: its __str__ raises {type(unreadable).__name__})"
    if isinstance(error, SaliencyNoiseError):
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def traceback_of(error: BaseException) -> str:
    """Return the last `TRACEBACK` letters of an exception's traceback, whatever its text does."""
    try:
        text = "".join(traceback.format_exception(error))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - as above
        text = "".join([*traceback.format_tb(error.__traceback__), one_line(error), "\n"])
    return text[-TRACEBACK:]
