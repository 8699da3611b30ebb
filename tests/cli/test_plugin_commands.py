"""Commands that plugins bring: listed without being imported, and one that is broken costs itself only."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from saliencynoise.cli.commands import command_of
from saliencynoise.registry.catalogue import catalogue
from tests.cli.calling import call

PLUGIN = """
@hookimpl
def saliencynoise_commands():
    return (CommandSpec(name="{name}", summary="{summary}", target="fake_{home}_code:{attribute}"),)
"""

FUNCTION = """
from typing import Annotated
import typer

def audit(number: Annotated[int, typer.Argument(help="Any.")], *, loud: bool = False) -> None:
    print("n =", number + 1, loud)
"""

APP = """
import typer

app = typer.Typer(help="Two things.")

@app.command()
def first() -> None:
    print("the first")

@app.command()
def second() -> None:
    raise typer.Exit(7)
"""

BROKEN = {
    "cannot be imported": (
        "raise RuntimeError('no licence')",
        "fake_x_code:audit cannot be imported: RuntimeError: no l",
    ),
    "exits at import": ("raise SystemExit(4)", "fake_x_code:audit cannot be imported: SystemExit: 4"),
    "lacks its target": ("", "fake_x_code:audit cannot be imported: AttributeError"),
    "is a number": ("audit = 3", "the command 'x/audit' (x 1.2) gave int, which is no function and no Typer app"),
    "has parameters of no kind": (
        "def audit(a: int | str) -> None: ...",
        "the command 'x/audit' (x 1.2) failed: AssertionError: Typer ",
    ),
    "raises": (
        "def audit() -> None:\n    raise KeyError('k')",
        "the command 'x/audit' (x 1.2) failed: KeyError: 'k'; this is an error of the plugin; 'saliencynoise --traceb",
    ),
    "refuses a value": (
        "from saliencynoise.interfaces import UsageError\ndef audit() -> None:\n    raise UsageError('bad: give 3')",
        "error: bad: give 3\n",
    ),
}

Bring = Callable[..., None]


@pytest.fixture
def bring(install, tmp_path, monkeypatch):
    """Install a distribution with one command, whose code is a module of its own."""
    monkeypatch.setenv("COLUMNS", "120")
    homes = []

    def make(
        home: str, code: str, *, name: str = "audit", attribute: str = "audit", summary: str = "An audit."
    ) -> None:
        install(home, PLUGIN.format(home=home, name=name, attribute=attribute, summary=summary))
        (tmp_path / "site" / f"fake_{home}_code.py").write_text(code)
        homes.append(home)
        catalogue.cache_clear()

    yield make
    catalogue.cache_clear()
    for home in homes:
        sys.modules.pop(f"fake_{home}_code", None)


def test_help_lists_a_command_without_importing_it(bring, capsys):
    bring("x", FUNCTION, summary="An [red]audit[/red] of numbers.")
    code, out, _ = call(capsys, "--help")
    assert code == 0
    assert "Commands of plugins" in out
    assert "An [red]audit[/red] of numbers." in out
    assert "fake_x_code" not in sys.modules


def test_help_has_the_commands_in_groups(bring, capsys):
    bring("x", FUNCTION)
    out = call(capsys, "--help")[1]
    headings = ["Start here", "Look", "Plan", "Research", "Extend", "Commands of plugins"]
    places = [out.index(f"─ {heading} ─") for heading in headings]
    assert places == sorted(places)
    assert places[3] < out.index(" dream ") < places[4]
    assert places[5] < out.index(" audit ")


def test_every_command_of_this_project_has_a_group():
    for entry in catalogue().entries("commands"):
        assert entry.spec.group is not None, f"{entry.canonical} has no group"


def test_an_unknown_group_is_refused(install):
    spec = 'CommandSpec(name="x", summary="X.", target="a:b", group="mine")'
    install("x", f"@hookimpl\ndef saliencynoise_commands():\n    return ({spec},)\n")
    catalogue.cache_clear()
    failures = [failure.error for failure in catalogue().failures]
    catalogue.cache_clear()
    assert any("'x' has the group 'mine'; choose of start here, look" in error for error in failures)


@pytest.mark.parametrize("command", ["bench", "explain", "measure", "frontier", "sanity", "variance", "dream", "paper"])
def test_each_commands_options_are_in_groups_with_plain_words_for_values(capsys, command):
    out = call(capsys, command, "--help")[1]
    for heading in ("Data", "Networks", "Output"):
        assert f"─ {heading} ─" in out
    assert "─ Options ─" not in out
    options = out[out.index(" --") :]  # typer prints the types of arguments
    assert [kind for kind in ("<str>", "<int>", "<float>", "<bool>", "<list") if kind in options] == []
    assert out.index("--help") > out.index("─ Output ─")


def test_a_function_is_a_command(bring, capsys):
    bring("x", FUNCTION)
    assert call(capsys, "audit", "3", "--loud") == (0, "n = 4 True\n", "")
    assert call(capsys, "x/audit", "3")[1] == "n = 4 False\n"
    assert call(capsys, "audit", "three")[0] == 2
    assert "--loud" in call(capsys, "audit", "-h")[1]
    assert "--install-completion" not in call(capsys, "audit", "--help")[1]


def test_a_typer_app_is_a_group_of_commands(bring, capsys):
    bring("x", APP, attribute="app")
    assert call(capsys, "audit", "first") == (0, "the first\n", "")
    assert call(capsys, "audit", "second")[0] == 7
    assert "Two things." in call(capsys, "audit", "--help")[1]
    bring("y", APP.split("@app.command()\ndef second", maxsplit=1)[0], attribute="app", name="single")
    assert call(capsys, "single") == (0, "the first\n", "")


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_command_costs_itself_only(bring, capsys, kind):
    code, due = BROKEN[kind]
    bring("x", code)
    bring("y", FUNCTION, name="sound")
    code, out, err = call(capsys, "audit")
    assert (code, out) == (2, "")
    assert due in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert call(capsys, "--help")[0] == 0
    assert call(capsys, "sound", "1")[1] == "n = 2 False\n"


def test_help_names_the_distributions_that_fail(bring, install, capsys):
    install("bad", "raise RuntimeError('no licence')", version="0.3")
    bring("x", FUNCTION, name="bench")
    code, out, _ = call(capsys, "--help")
    assert code == 0
    assert "\nplugin 'bad' (bad 0.3) failed: RuntimeError: no licence\n" in out
    assert (
        "plugin 'x' (x 1.2) failed: its command 'bench' has the name of a command of 'builtin' (saliencynoise " in out
    )
    assert "x/bench" in out
    assert "n = 2" in call(capsys, "x/bench", "1")[1]


def test_plugins_lists_commands(bring, capsys):
    bring("x", FUNCTION)
    out = call(capsys, "plugins")[1]
    assert "command audit An audit." in " ".join(out.split())


def test_plugins_check_says_that_commands_are_not_checked(bring, capsys):
    bring("x", FUNCTION)
    code, out, _ = call(capsys, "plugins", "check", "x")
    assert code == 0
    assert "x: its commands (audit) are not checked; 'saliencynoise NAME --help' imports one" in out


def test_the_summaries_of_the_commands_are_those_of_their_docstrings():
    entries = catalogue().entries("commands")
    assert len(entries) > 10
    for entry in entries:
        command = command_of(entry, name=entry.name)
        assert command.help.split("\n\n")[0].replace("\n", " ") == entry.spec.summary
