"""Contents of the plugins, for the terminal and as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from saliencynoise.display.terminal import Terminal
from saliencynoise.interfaces.specs import ModelSpec
from saliencynoise.registry.catalogue import SINGULAR

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.registry.catalogue import Catalogue
    from saliencynoise.registry.loader import Plugin, Spec


def plugin_rows(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return each plugin with the specs that it brings, by kind."""
    return [
        {
            "plugin": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            **{kind: [_spec(catalogue, plugin, spec) for spec in specs] for kind, specs in plugin.specs.items()},
        }
        for plugin in catalogue.plugins
    ]


def print_plugins(catalogue: Catalogue, console: Console | None = None) -> None:
    """Print a line for each thing that a plugin brings, then the failures."""
    console = console or Terminal()
    for row in plugin_rows(catalogue):
        console.print(f"[bold]{escape(row['plugin'])}[/bold]  {escape(row['distribution'])} {escape(row['version'])}")
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        for kind, singular in SINGULAR.items():
            for spec in row[kind]:
                count = f" ({spec['names']} names)" if "names" in spec else ""
                table.add_row(f"  {singular}", escape(spec["name"]), escape(spec["summary"] + count))
        console.print(table)
    for failure in catalogue.failures:
        console.print(str(failure), style="red", markup=False)


def _spec(catalogue: Catalogue, plugin: Plugin, spec: Spec) -> dict[str, Any]:
    row: dict[str, Any] = {"name": spec.name, "canonical": f"{plugin.name}/{spec.name}", "summary": spec.summary}
    if isinstance(spec, ModelSpec) and spec.names:
        row["names"] = len(catalogue.names_of(plugin, spec))
    return row
