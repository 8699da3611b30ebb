r"""A published table as LaTeX, with booktabs, and text that LaTeX prints as it is.

pdfLaTeX prints Latin letters and the signs that `escape` knows; where a text has others, a first line names LuaLaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from saliencynoise.display.visible import visible

if TYPE_CHECKING:
    from saliencynoise.publishing.table import PublishedTable

SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
    "∞": r"$\infty$",
    "−": r"$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "…": r"\dots{}",
    "–": "--",
    "—": "---",
}
"""What stands for a sign that LaTeX reads as a command, or that its fonts lack."""

KNOWN = re.compile("[^\x20-\x7e\u00a1-\u017f]")
"""Letters beyond ASCII, Latin-1 and Latin Extended-A."""


def escape(text: str) -> str:
    r"""Return a text so that LaTeX prints it.

    >>> print(escape("my_net.py: 50% of A&B"))
    my\_net.py: 50\% of A\&B
    >>> print(escape("-0.02 [-0.10, ∞]"))
    $-$0.02 [$-$0.10, $\infty$]
    """
    line = visible(text).replace("\n", " ")
    return "".join(_printed(line, place) for place in range(len(line)))


def _printed(line: str, place: int) -> str:
    """Return the sign at a place: a minus before a number, and hyphens that do not become a dash."""
    sign, before, after = line[place], line[place - 1 : place], line[place + 1 : place + 2]
    if sign != "-":
        return SIGNS.get(sign, sign)
    if after == "-":
        return "-{}"
    is_minus = (after.isdigit() or after in {".", "∞"}) and not (before.isalnum() or before in {"-", "_", ")"})
    return "$-$" if is_minus and after else "-"


def latex_table(table: PublishedTable) -> str:
    """Return the table as an environment `table` with a caption and a label."""
    lines = list(_lines(table))
    if KNOWN.search("".join(lines)):
        lines.insert(0, "% Names with letters that pdfLaTeX does not know: use LuaLaTeX, with a font that has them.")
    return "\n".join(lines) + "\n"


def _lines(table: PublishedTable) -> Iterator[str]:
    several = len(table.groups) > 1
    columns = 1 + len(table.headers)
    yield "% in the preamble: \\usepackage{booktabs}"
    yield r"\begin{table}"
    yield r"  \centering\small"
    yield r"  \setlength{\tabcolsep}{4pt}"
    yield r"  \setlength{\belowcaptionskip}{6pt}"
    yield f"  \\caption{{{escape(table.caption)}}}"
    yield f"  \\label{{tab:{label(table.name)}}}"
    yield f"  \\begin{{tabular}}{{@{{}}l{'r' * len(table.headers)}@{{}}}}"
    yield r"    \toprule"
    yield f"    {' & '.join(['Method', *map(_header, table.headers)])} \\\\"
    for group in table.groups:
        yield r"    \midrule"
        if several:
            yield f"    \\multicolumn{{{columns}}}{{l}}{{{_entry(group.architecture)}}} \\\\"
        for row in group.rows:
            entries = row.entries or ("failed", *[""] * (len(table.headers) - 1))
            yield f"    {' & '.join(map(_entry, (row.method, *entries)))} \\\\"
    yield r"    \bottomrule"
    yield r"  \end{tabular}"
    yield r"\end{table}"


def label(name: str) -> str:
    r"""Return a name for `\label`: letters, digits and hyphens.

    >>> label("my run_2")
    'my-run-2'
    """
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "saliencynoise"


def _header(text: str) -> str:
    r"""Return a heading; one of several words in two lines, so that the table fits a column of text.

    >>> print(_header("Significant pixels"))
    \shortstack[r]{Significant\\pixels}
    """
    first, space, last = text.rpartition(" ") if not text.endswith("0.9") else text.partition(" ")
    return f"\\shortstack[r]{{{_entry(first)}\\\\{_entry(last)}}}" if space else _entry(text)


def _entry(text: str) -> str:
    r"""Return an entry of a row; one that begins with [ or * would be an argument of the \\ before it."""
    escaped = escape(text)
    return f"{{}}{escaped}" if escaped[:1] in {"[", "*"} else escaped
