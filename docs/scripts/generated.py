"""Pages that are written when the docs are built: a page for each command and for each built-in method.

`docs/conf.py` calls `write_pages`. The pages lie in `docs/reference/commands` and `docs/reference/methods`; git ignores
them. They say what the commands and specs themselves declare.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from saliencynoise.cli.app import app
from saliencynoise.cli.commands import GROUPS, PANEL, command_of
from saliencynoise.cli.tables.methods import KINDS, method_row
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.registry.entry import Entry
from saliencynoise.registry.loader import BUILTIN


def write_pages(folder: Path) -> None:
    """Write the pages into the folders `commands` and `methods` of a folder; unchanged pages keep their time."""
    for name, pages in (("commands", dict(command_pages())), ("methods", dict(method_pages()))):
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        for old in place.glob("*.md"):
            if old.stem not in pages:
                old.unlink()
        for stem, text in pages.items():
            path = place / f"{stem}.md"
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")


def command_pages() -> Iterator[tuple[str, str]]:
    """Yield the index of the commands, and a page for each: its file name without ending, and its text."""
    groups: dict[str, list[Entry]] = {group.capitalize(): [] for group in GROUPS} | {PANEL: []}
    for entry in catalogue().entries("commands"):
        groups[(getattr(entry.spec, "group", None) or PANEL).capitalize()].append(entry)
    lines = [
        "# Commands\n",
        "`saliencynoise --help` lists the commands, and `saliencynoise NAME --help` the options of one.\n",
        "These pages are written from the commands themselves.\n",
    ]
    for group, entries in groups.items():
        if entries:
            rows = [f"| [`{entry.name}`]({entry.name}.md) | {prose(entry.spec.summary)} |\n" for entry in entries]
            lines += [f"## {group}\n", "| command | what it does |\n|---|---|\n" + "".join(rows)]
    lines.append(contents(entry.name for entries in groups.values() for entry in entries))
    yield "index", "\n".join(lines)
    for entries in groups.values():
        for entry in entries:
            command = command_of(entry, name=entry.name)
            yield entry.name, "\n".join(command_lines(command, f"{app.info.name} {entry.name}", level=1))


def command_lines(command: Any, path: str, *, level: int) -> Iterator[str]:
    """Yield the text of a command, its arguments and options in their groups, then those of its own commands."""
    context = typer.Context(command, info_name=path)
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    commands: Mapping[str, Any] = getattr(command, "commands", {})
    words = [
        path,
        *(["[OPTIONS]"] if options else []),
        *map(argument_word, arguments),
        *(["COMMAND"] if commands else []),
    ]
    yield f"{'#' * level} {path.split(' ', 1)[1]}\n"
    yield f"```text\n{' '.join(words)}\n```\n"
    yield f"{prose(command.help or '')}\n"
    groups: dict[str, list[str]] = {}
    for parameter in [*arguments, *options]:
        other = "Options" if parameter in options else "Arguments"
        lines = groups.setdefault(parameter.rich_help_panel or other, [])
        lines.append(parameter_line(parameter, context))
    for name, lines in groups.items():
        yield f"**{name}**\n"
        yield from lines
    for name, below in commands.items():
        yield from command_lines(below, f"{path} {name}", level=level + 1)


def parameter_line(parameter: Any, context: Any) -> str:
    """Return an option with its names, the word for its value and its help; of an argument its word and help."""
    record = parameter.get_help_record(context)
    if record is None:  # hidden
        return ""
    name, text = record
    if parameter.param_type_name == "argument":
        name = argument_word(parameter)
    return f"`{name}`\n: {' '.join(prose(text).split())}\n"


def argument_word(argument: Any) -> str:
    """Return the word that stands for an argument, in brackets where it can be left out."""
    word = argument.metavar or argument.name.upper()
    return word if argument.required or word.startswith("[") else f"[{word}]"


def method_pages() -> Iterator[tuple[str, str]]:
    """Yield the index of the built-in methods, and a page for each: its file name without ending, and its text."""
    installed = catalogue()
    entries = [entry for entry in installed.entries("methods") if entry.plugin.name == BUILTIN]
    rows = [method_row(entry, installed.parameters(entry)) for entry in entries]
    table = [
        f"| [`{row['name']}`]({row['name']}.md) | {plain(row['summary'])} | {plain(row['cost'])} |\n" for row in rows
    ]
    lines = [
        "# Built-in methods, one by one\n",
        "These pages are written from what the methods declare. [The methods](../../methods.md) compares them.\n",
        "| method | what it does | cost of an image |\n|---|---|---|\n" + "".join(table),
        contents(row["name"] for row in rows),
    ]
    yield "index", "\n".join(lines)
    for entry, row in zip(entries, rows, strict=True):
        yield row["name"], "\n".join(method_lines(entry.spec, row))


CLAIMS = {
    "constant": "a network that ignores the image gives zero",
    "linear_weights": "a linear network gives its weights",
    "linear_contributions": "a linear network gives weight times (image - baseline)",
    "completeness": "the map's sum is the difference of the scores of image and baseline, within 0.1%",
}
"""The claims of a spec in words."""

SIGNS = {
    "signed": "signed: a map turns its sign with the score, so chance has a mean map of zero",
    "nonnegative": "never negative: no test and no floor, except in the view centred",
    "nonpositive": "never positive: no test and no floor, except in the view centred",
    "leaning": "of both signs, but untrained networks agree, too: no test and no floor, except in the view centred",
}


def method_lines(spec: Any, row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the page of a method."""
    name = row["name"]
    yield f"# {name}\n"
    yield f"{plain(row['summary'][0].upper() + row['summary'][1:])}.\n"
    facts = {
        "family": row["family"],
        "how": KINDS[row["kind"]],
        "random numbers": "each member has own draws, and one draw is shared" if row["stochastic"] else "none",
        "cost of an image": row["cost"],
        "views": ", ".join(row["views"]),
        "sign of the maps": SIGNS[row["sign"]],
        "tested claims": "; ".join(CLAIMS[claim] for claim in spec.claims) or "none beyond the contract",
    }
    if spec.invariant_to:
        facts["maps stay the same under"] = ", ".join(word.replace("_", " ") for word in spec.invariant_to)
    yield "| | |\n|---|---|\n" + "".join(f"| {key} | {plain(value)} |\n" for key, value in facts.items())
    yield f"## Reference\n\n{reference(row['paper'])}\n"
    yield "## Parameters\n"
    if row["parameters"]:
        cells = [
            f"| {code(one['name'])} | {code(one['default'])} | {code(one['type'])} |\n" for one in row["parameters"]
        ]
        yield "| parameter | default | possible |\n|---|---|---|\n" + "".join(cells)
        first = row["parameters"][0]
        yield f'    saliencynoise bench --method "{name}({first["name"]}={first["default"]})"\n'
    else:
        yield f"None.\n\n    saliencynoise bench --method {name}\n"
    yield "## In the code\n"
    yield f"```{{eval-rst}}\n.. autoclass:: {spec.target.replace(':', '.')}\n   :no-index:\n```\n"
    yield "The [glossary](../../glossary.md) explains the figures of a study. Errors on sixteen architectures are in"
    yield "[measured correctness](../../correctness.md).\n"


def reference(paper: str) -> str:
    """Return a reference with its arXiv number or DOI as a link."""
    text = plain(paper)
    text = re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", text)
    return re.sub(r"(?:doi:|DOI )(10\.\d{4,}/[^\s,;)]+)", r"[doi:\1](https://doi.org/\1)", text)


def contents(names: Iterable[str]) -> str:
    """Return a hidden toctree."""
    return "```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```\n"


def code(text: object) -> str:
    """Return text as code in a cell of a table."""
    return "`" + str(text).replace("|", r"\|") + "`" if str(text) else ""


def plain(text: str) -> str:
    """Return text in which no sign is markup."""
    return re.sub(r"([\\`*_{}\[\]<>$|~])", r"\\\1", text)


def prose(text: str) -> str:
    """Return the help of a command as markup: options and what stands in backticks as code, the rest as it stands."""
    parts = re.split(r"(`[^`\n]+`|(?<![\w-])--[a-z][a-z-]*)", text.split("\f", maxsplit=1)[0])
    return "".join(f"`{part.strip('`')}`" if part.startswith(("--", "`")) else plain(part) for part in parts)
