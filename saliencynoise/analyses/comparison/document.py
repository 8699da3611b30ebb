"""The document of a comparison as Python holds it: a mapping that shows itself as the terminal does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.analyses.comparison.ranking import GRID, grid_table, rankings_of, sentences
from saliencynoise.display.page.page import render
from saliencynoise.display.page.tables import plain_table

if TYPE_CHECKING:
    from saliencynoise.analyses.comparison.run import Pair
    from saliencynoise.display.page.tables import PageTable
    from saliencynoise.engine.study import Study


class ComparisonDocument(dict[str, Any]):
    """The document that `saliencynoise compare --json` prints, with a short `repr` and a table in notebooks.

    Args:
        document: its keys and values.
        tables: what a notebook shows.
        lines: sentences of the result.
    """

    def __init__(
        self, document: Mapping[str, Any], tables: Sequence[PageTable] = (), lines: Sequence[str] = ()
    ) -> None:
        super().__init__(document)
        self._tables, self._lines = tables, lines

    def __repr__(self) -> str:
        """Return the sentences, and the number of entries of each key."""
        counts = (f"{key}: {len(value)}" for key, value in self.items() if isinstance(value, list | tuple | dict))
        return "\n".join([f"Comparison ({', '.join(counts)})", *(f"  {line}" for line in self._lines)])

    def _repr_html_(self) -> str:
        """Show the methods in order with the grid of their tests, as `saliencynoise compare` prints them."""
        notes = [GRID] if self._tables else []
        return render("notebook.html", sentences=self._lines or [repr(self)], tables=self._tables, notes=notes)


def of_methods(document: Mapping[str, Any], study: Study, pairs: Sequence[Pair]) -> ComparisonDocument:
    """Return the comparison of the methods of one study.

    Args:
        document: what is compared.
        study: the study.
        pairs: its methods, of `compare_methods`.
    """
    rankings = rankings_of(study, pairs)
    tables = [plain_table(grid_table(ranking), "") for ranking in rankings]
    return ComparisonDocument(document, tables, [line for ranking in rankings for line in sentences(ranking)])
