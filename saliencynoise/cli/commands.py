"""The group of commands: each is a spec of a plugin or of the core; its module is imported when it is called."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info, get_group

from saliencynoise.display.visible import one_visible_line
from saliencynoise.interfaces.errors import ConfigurationError, SaliencyNoiseError, UsageError, one_line
from saliencynoise.interfaces.specs import CommandGroup
from saliencynoise.registry.calling import WHERE
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.registry.entry import Entry
from saliencynoise.registry.loader import BUILTIN

PANEL = "Commands of plugins"
OUTPUT = "Output"
"""Heading of the options of a command that say what is printed and written; `--help` stands there, too."""
GROUPS = get_args(CommandGroup)
CLICK_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
"""click's base class; typer carries its own copy of click from some version on."""


class Command(TyperCommand):
    """A command whose `--help` stands with its other options of output, where it has groups of options."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters; switches, which take no value, have no word for one."""
        parameters = _without_values(super().get_params(ctx))
        if any(getattr(parameter, "rich_help_panel", None) == OUTPUT for parameter in parameters):
            parameters[-1].rich_help_panel = OUTPUT  # click appends --help
        return parameters


class Commands(TyperGroup):
    """The commands of all plugins, found by name as methods are."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, group by group: built-in ones, then those of plugins; `plugin/name` where two have one."""
        names = _names()
        return sorted(names, key=lambda name: _place(names[name]))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as above
        """Return the entry of a command in `--help`, without importing the command; None for an unknown name."""
        entry = _names().get(cmd_name)
        return None if entry is None else _listed(cmd_name, entry)

    def get_params(self, ctx: Any) -> Any:
        """Return the options before a command; they take no values."""
        return _without_values(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the name, the imported command and the other arguments.

        Raises:
            UsageError: if nothing or several things have the name, or the command cannot be imported.
        """
        try:
            entry = catalogue().find("commands", args[0])
            command = command_of(entry, name=args[0])
        except SaliencyNoiseError:
            if ctx.resilient_parsing:  # the shell asks for completions
                return None, None, args[1:]
            raise
        return args[0], command, args[1:]

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an unexpected exception of a plugin's command becomes one line that names the command.

        Raises:
            UsageError: naming the command and its distribution.
        """
        try:
            return super().invoke(ctx)
        except (SaliencyNoiseError, CLICK_ERROR, typer.Exit, typer.Abort, OSError, MemoryError):
            raise
        except Exception as error:
            entry = catalogue().find("commands", ctx.invoked_subcommand)
            if entry.plugin.name == BUILTIN:
                raise
            raise UsageError(f"{_described(entry)} failed: {one_line(error)}; {WHERE}") from error

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help, then a line for each plugin that failed."""
        super().format_help(ctx, formatter)
        for failure in catalogue().failures:
            typer.echo(one_visible_line(str(failure)))


def _without_values(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return parameters


def command_of(entry: Entry, *, name: str) -> Any:
    """Import a command and return it as click's; a Typer app of one command is that command, as when Typer runs it.

    Raises:
        UsageError: if the command cannot be imported, or Typer does not understand its parameters.
        ConfigurationError: if the target is neither a function nor a Typer app.
    """
    target: object = entry.load()
    if inspect.isfunction(target):
        app = typer.Typer()
        app.command(name, cls=Command)(target)
    elif isinstance(target, typer.Typer):
        app = target
    else:
        raise ConfigurationError(
            f"{_described(entry)} gave {type(target).__name__}, which is no function and no Typer app"
        )
    try:
        return _command(app)
    except Exception as error:
        raise UsageError(f"{_described(entry)} failed: {one_line(error)}; {WHERE}") from error


def _command(app: typer.Typer) -> Any:
    """Return an app as `typer.main.get_command` does, without the options that install shell completion."""
    is_single = len(app.registered_commands) == 1 and not (app.registered_groups or app.registered_callback)
    if not is_single:
        return get_group(app)
    info = app.registered_commands[0]
    return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=app.rich_markup_mode)


def _names() -> dict[str, Entry]:
    """Return the commands by the shortest name that calls each."""
    by_name: dict[str, Entry] = {}
    entries = catalogue().entries("commands")
    for entry in entries:
        alone = sum(other.name == entry.name for other in entries) == 1
        by_name[entry.name if alone or entry.plugin.name == BUILTIN else entry.canonical] = entry
    return by_name


def _listed(name: str, entry: Entry) -> TyperCommand:
    summary = escape(one_visible_line(entry.spec.summary))
    group = getattr(entry.spec, "group", None)
    return TyperCommand(name, help=summary, rich_help_panel=PANEL if group is None else group.capitalize())


def _place(entry: Entry) -> int:
    group = getattr(entry.spec, "group", None)
    return len(GROUPS) if group is None else GROUPS.index(group)


def _described(entry: Entry) -> str:
    return f"the command '{entry.canonical}' ({entry.plugin.distribution} {entry.plugin.version})"
