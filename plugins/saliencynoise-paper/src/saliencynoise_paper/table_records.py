"""The facts of the table panel as records; `table.json` holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.records.common import Count, Ends, Interval, Number, Record, Share
from saliencynoise_paper.statistics.paper_table import Exchange
from saliencynoise_paper.statistics.variants import Definition, Norm, Variant

if TYPE_CHECKING:
    from saliencynoise.statistics import intervals

GRIDS = OWN_GRID, COMMON_GRID = ("own", "common")
"""Each method's own grid, and the coarsest among the methods of an architecture."""

READINGS = OWN_DRAWS, SHARED_DRAWS, FEWER_NETWORKS = ("own", "shared", "fewer")
"""The ways in which a cell may have been computed: each network with random numbers of its own, as in a plain script;
all networks with the same; and each with its own, but fewer networks in the starred rows."""


class ColumnFacts(Record, frozen=True, kw_only=True):
    """A published column, and the study that stands for it."""

    name: str
    dataset: str
    architecture: str
    studied_dataset: str
    studied_architecture: str
    members: Count
    fewer: Count | None
    images: Count
    common_grid: tuple[Count, ...] | None


class FailedCell(Record, frozen=True, kw_only=True):
    """A published cell that was not measured, and the reason."""

    dataset: str
    architecture: str
    method: str
    reason: str


class TableInterval(Ends, frozen=True, kw_only=True):
    """A confidence interval, its question and its caveat."""

    question: str
    note: str


def table_interval(interval: intervals.Interval | None) -> TableInterval | None:
    """Return the record of a computed interval."""
    if interval is None:
        return None
    return TableInterval(low=interval.low, high=interval.high, question=interval.question, note=interval.note)


class MeasureFit(Record, frozen=True, kw_only=True):
    """The agreement of a definition with the published cells by one measure."""

    value: Number
    interval: TableInterval | None
    p: Share | None
    p_holm: Share | None


class DefinitionFit(Record, frozen=True, kw_only=True):
    """The agreement of a definition with the published cells, in one reading and on one grid."""

    reading: str
    grid: str
    view: str
    definition: Definition
    norm: Norm
    words: str
    candidate: bool
    factor: Number
    log_error: MeasureFit
    spread: MeasureFit
    rank_correlation: MeasureFit


class BestDefinition(Record, frozen=True, kw_only=True):
    """The definition that fits best, and the words of those not shown to fit worse; None without a test."""

    view: str
    definition: Definition
    norm: Norm
    words: str
    not_distinguished: tuple[str, ...] | None

    @property
    def variant(self) -> Variant:
        """The definition."""
        return Variant(self.view, self.definition, self.norm)


class BestDefinitions(Record, frozen=True, kw_only=True):
    """The definition that fits best, by each measure."""

    log_error: BestDefinition | None
    spread: BestDefinition | None
    rank_correlation: BestDefinition | None


class ColumnVerdict(Record, frozen=True, kw_only=True):
    """Whether a claim holds in one column: as published, by r, and by the best definition."""

    column: str
    published: bool | None
    measured: bool | None
    p: Share
    weakest: str
    measured_by_best: bool | None


class ClaimVerdict(Record, frozen=True, kw_only=True):
    """Whether a claim about the order of methods holds in all columns, in one reading and on one grid."""

    reading: str
    grid: str
    claim: str
    measured: bool | None
    p: Share
    p_holm: Share
    columns: tuple[ColumnVerdict, ...]

    @property
    def columns_by_r(self) -> int:
        """The number of columns in which the claim holds by r."""
        return sum(column.measured is True for column in self.columns)

    @property
    def columns_by_best(self) -> int:
        """The number of columns in which the claim holds by the best definition."""
        return sum(column.measured_by_best is True for column in self.columns)


class SharedDraws(Record, frozen=True, kw_only=True):
    """r of a stochastic method in own draws and in shared draws."""

    column: str
    method: str
    r_own: Number
    r_shared: Number
    ratio: Number


class LowestRow(Record, frozen=True, kw_only=True):
    """r of SHAP and of the lowest other row of a column, with the interval of their ratio."""

    column: str
    reading: str
    other: str
    r: Number
    r_other: Number
    ratio: Number
    interval: TableInterval | None
    p: Share | None


class StarredCell(Record, frozen=True, kw_only=True):
    """A starred cell by the best definition: with all networks, with fewer, and the value expected with fewer."""

    column: str
    method: str
    networks: Count
    fewer: Count
    value: Number
    value_fewer: Number
    floor: Number
    floor_fewer: Number
    interval_fewer: TableInterval | None
    expected_fewer: Number


class GridChange(Record, frozen=True, kw_only=True):
    """r of a cell on the method's own grid and on the common one."""

    column: str
    method: str
    own_grid: tuple[Count, ...]
    common_grid: tuple[Count, ...]
    r_own: Number
    r_common: Number
    ratio: Number


class TemplateShares(Record, frozen=True, kw_only=True):
    """The shares of one template and of the class in the signal of a cell."""

    column: str
    method: str
    share: Number
    interval: Interval | None
    share_class: Number
    interval_class: Interval | None
    note: str
    snr_specific: Number


class TableFacts(Record, frozen=True, kw_only=True):
    """The document of `table.json`.

    `best` is of own draws and own grids; `methods` has the display name of the method that stands for each row.
    """

    columns: tuple[ColumnFacts, ...]
    methods: dict[str, str]
    cells: Count
    readings: tuple[str, ...]
    failed: tuple[FailedCell, ...]
    note: str
    best: BestDefinitions
    best_by_reading: dict[str, BestDefinitions]
    agreement: tuple[DefinitionFit, ...]
    orderings: tuple[ClaimVerdict, ...]
    draws: tuple[SharedDraws, ...]
    lowest: tuple[LowestRow, ...]
    starred: tuple[StarredCell, ...]
    exchanges: tuple[Exchange, ...]
    published_exchanges: tuple[Exchange, ...]
    resolution: tuple[GridChange, ...]
    template: tuple[TemplateShares, ...]

    def fit(self, best: BestDefinition, reading: str = OWN_DRAWS) -> DefinitionFit:
        """Return the agreement of a definition on the methods' own grids."""
        return next(fit for fit in self.fits(reading) if fit.words == best.words)

    def fits(self, reading: str = OWN_DRAWS, grid: str = OWN_GRID) -> list[DefinitionFit]:
        """Return the agreement of each definition, in one reading and on one grid."""
        return [fit for fit in self.agreement if (fit.reading, fit.grid) == (reading, grid)]

    def verdicts(self, reading: str = OWN_DRAWS, grid: str = OWN_GRID) -> list[ClaimVerdict]:
        """Return the verdict on each claim, in one reading and on one grid."""
        return [verdict for verdict in self.orderings if (verdict.reading, verdict.grid) == (reading, grid)]

    @property
    def drawing_methods(self) -> set[str]:
        """The rows whose methods are stochastic."""
        return {draws.method for draws in self.draws}
