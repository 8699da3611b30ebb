"""The errors that users and plugin authors meet."""

from __future__ import annotations

from dataclasses import dataclass


class SaliencyNoiseError(Exception):
    """Base of every error that this project raises on purpose."""


class UsageError(SaliencyNoiseError):
    """A value that the user gave cannot be used; the message names the value and the fix.

    The command line prints the message in one line and exits with code 2.
    """


class ConfigurationError(SaliencyNoiseError):
    """A plugin broke a contract of `saliencynoise.interfaces`; the message names the contract."""


@dataclass(frozen=True, kw_only=True)
class PluginFailure:
    """A plugin that could not be loaded, called or validated, and why; the others go on without it."""

    plugin: str
    distribution: str
    version: str
    error: str

    def __str__(self) -> str:
        return f"plugin '{self.plugin}' ({self.distribution} {self.version}) failed: {self.error}"


def one_line(error: BaseException) -> str:
    """Return an exception in one line: its message, after its type where it is not one of this project's."""
    message = " ".join(str(error).split())
    if isinstance(error, SaliencyNoiseError):
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
