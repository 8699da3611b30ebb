"""A published table as text: LaTeX, Markdown, CSV and HTML."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.publishing.latex import latex_table
from saliencynoise.publishing.table import FAILED, published_table

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study
    from saliencynoise.publishing.table import PublishedTable, Row

Format = Literal["latex", "markdown", "csv", "html"]


def table_text(study: Study, kind: str, *, columns: Sequence[str] | str | None = None) -> str:
    """Return a study's table for a paper as text.

    Args:
        study: the study.
        kind: "latex", "markdown", "csv" or "html".
        columns: names of columns, in their order; None for the default.

    Raises:
        UsageError: the format or a column is unknown.
    """
    if kind not in FORMATS:
        hint = did_you_mean(kind, FORMATS, otherwise=f"choose of {', '.join(FORMATS)}")
        raise UsageError(f"the format '{kind}' is unknown; {hint}")
    return FORMATS[kind](published_table(study, columns))


def markdown_table(table: PublishedTable) -> str:
    """Return the table in pipes, with the caption below it."""
    several = len(table.groups) > 1
    lines = [_pipes(["Method", *table.headers]), _pipes(["---", *["---:"] * len(table.headers)])]
    for group in table.groups:
        if several:
            lines.append(_pipes([f"**{_markdown(group.architecture)}**", *[""] * len(table.headers)]))
        lines += [_pipes([_markdown(entry) for entry in _entries(row, len(table.headers))]) for row in group.rows]
    return "\n".join([*lines, "", _markdown(table.caption), ""])


def csv_table(table: PublishedTable) -> str:
    """Return the values in full precision, a column for each end of an interval; undefined ones are empty."""
    rows = [row.values for group in table.groups for row in group.rows]
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def html_table(table: PublishedTable) -> str:
    """Return an element `table`, without styles."""
    several = len(table.groups) > 1
    lines = ["<table>", f"<caption>{html.escape(table.caption)}</caption>", "<thead>"]
    heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in ("Method", *table.headers))
    lines += [f"<tr>{heads}</tr>", "</thead>"]
    for group in table.groups:
        lines.append("<tbody>")
        if several:
            span = 1 + len(table.headers)
            lines.append(f'<tr><th scope="rowgroup" colspan="{span}">{html.escape(group.architecture)}</th></tr>')
        for row in group.rows:
            name, *entries = map(html.escape, _entries(row, len(table.headers)))
            cells = "".join(f"<td>{entry}</td>" for entry in entries)
            lines.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
        lines.append("</tbody>")
    return "\n".join([*lines, "</table>", ""])


def _entries(row: Row, columns: int) -> list[str]:
    return [row.method, *(row.entries or (FAILED, *[""] * (columns - 1)))]


def _pipes(entries: Sequence[str]) -> str:
    return f"| {' | '.join(entries)} |"


def _markdown(text: str) -> str:
    """Return a text without marks: a backslash before each sign that Markdown reads."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", " ".join(text.split()))


FORMATS: Mapping[str, Callable[[PublishedTable], str]] = MappingProxyType(
    {"latex": latex_table, "markdown": markdown_table, "csv": csv_table, "html": html_table}
)
