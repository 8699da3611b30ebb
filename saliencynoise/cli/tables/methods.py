"""The methods that are installed, for the terminal and as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from saliencynoise.display.terminal import Terminal
from saliencynoise.interfaces.specs import MethodSpec

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.registry.entry import Entry
    from saliencynoise.registry.parameters import Parameter

KINDS = {
    "pass": "from one plain pass, which all such methods share",
    "functional": "from inputs that it makes itself",
    "module": "from the network itself, by a library",
}


def method_row(entry: Entry, parameters: Sequence[Parameter] | None) -> dict[str, Any]:
    """Return a method as plain values; its parameters, too, where they are given."""
    spec = entry.spec
    assert isinstance(spec, MethodSpec)  # noqa: S101 - the loader validated it; this tells mypy
    row = {
        "name": spec.name,
        "canonical": entry.canonical,
        "plugin": entry.plugin.name,
        "distribution": f"{entry.plugin.distribution} {entry.plugin.version}",
        "library": spec.library,
        "summary": spec.summary,
        "family": spec.family,
        "kind": spec.kind,
        "stochastic": spec.stochastic,
        "cost": spec.cost,
        "views": list(spec.views),
        "sign": spec.sign,
        "paper": spec.paper,
    }
    return row if parameters is None else {**row, "parameters": [asdict(parameter) for parameter in parameters]}


def print_methods(rows: Sequence[Mapping[str, Any]], console: Console | None = None) -> None:
    """Print what each method does, and below it its family, kind, cost and paper, by plugin."""
    console = console or Terminal()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("method", no_wrap=True)
    table.add_column("what it does; family, kind; cost of an image; paper", overflow="fold")
    for row in rows:
        drawn = ", stochastic" if row["stochastic"] else ""
        about = f"{row['family']}, {row['kind']}{drawn}; {row['cost']}"
        details = f"[dim]{escape(about)}; {escape(row['paper'])}[/]"
        table.add_row(escape(_user_name(row)), f"{escape(row['summary'])}\n{details}")
    console.print(table)
    console.print(
        "kind: "
        + "; ".join(f"{kind}: {explanation}" for kind, explanation in KINDS.items())
        + ". stochastic: takes random numbers, and is run at least twice. "
        "'saliencynoise methods NAME' shows a method's parameters.",
        style="dim",
        markup=False,
    )


def print_method(row: Mapping[str, Any], console: Console | None = None) -> None:
    """Print all values of one method."""
    console = console or Terminal()
    console.print(f"[bold]{escape(row['canonical'])}[/bold]: {escape(row['summary'])}")
    about = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    about.add_row("brought by", escape(row["distribution"] + (f", with {row['library']}" if row["library"] else "")))
    about.add_row("family", row["family"])
    about.add_row("kind", f"{row['kind']}: {KINDS[row['kind']]}")
    about.add_row("stochastic", "yes: members have own draws, and share one draw" if row["stochastic"] else "no")
    about.add_row("cost of an image", escape(row["cost"]))
    about.add_row("views", ", ".join(row["views"]))
    about.add_row("sign of the maps", row["sign"])
    about.add_row("paper", escape(row["paper"]))
    console.print(about)
    if not row["parameters"]:
        console.print("no parameters")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in ("parameter", "default", "possible"):
        table.add_column(header, overflow="fold")
    for parameter in row["parameters"]:
        table.add_row(*(escape(parameter[key]) for key in ("name", "default", "type")))
    console.print(table)
    first = row["parameters"][0]
    call = f"{_user_name(row)}({first['name']}={first['default']})"
    console.print(f'set with: --method "{call}"', markup=False)


def _user_name(row: Mapping[str, Any]) -> str:
    """Return the name that a user writes: the short name of a built-in method, `plugin/name` of any other."""
    return str(row["name"] if row["plugin"] == "builtin" else row["canonical"])
