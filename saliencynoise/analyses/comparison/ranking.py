"""The methods of a study in order of their SNR, with what the tests separate: grid, groups and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from saliencynoise.display.numbers import format_number, interval_text
from saliencynoise.engine.judged import judged_cells

if TYPE_CHECKING:
    from saliencynoise.analyses.comparison.run import Pair
    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Estimate
    from saliencynoise.statistics.comparison import Verdict

SIGNS: Mapping[Verdict, str] = {"less noisy": ">", "noisier": "<", "tie": "~", "undetermined": "?"}
OPPOSITE: Mapping[Verdict, Verdict] = {
    "less noisy": "noisier",
    "noisier": "less noisy",
    "tie": "tie",
    "undetermined": "undetermined",
}
GRID = (
    "Methods in order of SNR (corrected, of one map), the least noisy first. >: the maps of the line's method are less "
    "noisy than those of the column's; <: noisier; ~: no difference shown; ?: undetermined."
)


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The methods of an architecture in order of SNR, the least noisy first.

    Attributes:
        architecture: its label.
        methods: labels of the methods, with the view unless it is the signed one.
        snr: of each method, with its interval.
        verdicts: on the first of each ordered pair of methods.
    """

    architecture: str
    methods: tuple[str, ...]
    snr: Mapping[str, Estimate]
    verdicts: Mapping[tuple[str, str], Verdict]

    def separated(self, a: str, b: str) -> bool:
        """Return whether a test separates two methods."""
        return self.verdicts[a, b] in {"less noisy", "noisier"}

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """The largest sets of two or more methods of which no test separates any two, in order of SNR."""
        alike = {a: {b for b in self.methods if b != a and not self.separated(a, b)} for a in self.methods}
        found = [group for group in _cliques(set(), set(self.methods), set(), alike) if len(group) > 1]
        ordered = [tuple(method for method in self.methods if method in group) for group in found]
        return sorted(ordered, key=lambda group: [self.methods.index(method) for method in group])


def _cliques(chosen: set[str], open_: set[str], closed: set[str], alike: Mapping[str, set[str]]) -> Iterator[set[str]]:
    """Yield the largest sets whose members are all alike (Bron and Kerbosch 1973, doi:10.1145/362342.362367)."""
    if not open_ and not closed:
        yield chosen
        return
    pivot = max(open_ | closed, key=lambda name: (len(alike[name] & open_), name))
    for name in sorted(open_ - alike[pivot]):
        yield from _cliques(chosen | {name}, open_ & alike[name], closed & alike[name], alike)
        open_, closed = open_ - {name}, closed | {name}


def rankings_of(study: Study, pairs: Sequence[Pair]) -> list[Ranking]:
    """Return the ranking of each architecture with two methods or more, from the pairs of `compare_methods`."""
    rankings = []
    for architecture in dict.fromkeys(pair.within for pair in pairs):
        snr = {
            cell.method if cell.view == "signed" else f"{cell.method}, {cell.view}": cell.figures.estimates.snr
            for cell in judged_cells(study)
            if cell.architecture == architecture and cell.figures is not None
        }
        verdicts: dict[tuple[str, str], Verdict] = {}
        for pair in pairs:
            if pair.within == architecture:
                comparison = pair.comparison
                verdicts[comparison.a, comparison.b] = comparison.verdict
                verdicts[comparison.b, comparison.a] = OPPOSITE[comparison.verdict]
        methods = tuple(sorted(snr, key=lambda method: -snr[method].value))
        rankings.append(Ranking(architecture=architecture, methods=methods, snr=snr, verdicts=verdicts))
    return rankings


def grid_table(ranking: Ranking) -> Table:
    """Return the table of a ranking: a line for each method, with its SNR and a sign for each other method."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(escape(ranking.architecture), overflow="fold", min_width=22)
    table.add_column("SNR", justify="right", no_wrap=True)
    table.add_column("95%", justify="right", no_wrap=True)
    for number in range(1, len(ranking.methods) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    for number, method in enumerate(ranking.methods, start=1):
        figure = ranking.snr[method]
        signs = ["." if other == method else SIGNS[ranking.verdicts[method, other]] for other in ranking.methods]
        label = escape(f"{number} {method}")
        table.add_row(label, format_number(figure.value), interval_text(figure.interval), *signs)
    return table


def sentences(ranking: Ranking) -> list[str]:
    """Return what the tests say of each method: whose maps are noisier; then the groups without a difference."""
    found = []
    for method in ranking.methods:
        worse = [other for other in ranking.methods if other != method and _less_noisy(ranking, method, other)]
        if worse:
            others = len(ranking.methods) - 1
            whose = f"all {others} other methods" if len(worse) == others > 1 else _listed(worse)
            found.append(f"The maps of {method} are less noisy than those of {whose}.")
    undetermined = [pair for pair in combinations(ranking.methods, 2) if ranking.verdicts[pair] == "undetermined"]
    found += [f"No difference is shown between {_listed(group)}." for group in ranking.groups]
    if undetermined:
        found.append(f"Undetermined: {'; '.join(f'{a} and {b}' for a, b in undetermined)}.")
    return found


def _less_noisy(ranking: Ranking, method: str, other: str) -> bool:
    return ranking.verdicts[method, other] == "less noisy"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
