"""The rows of a frontier: the held-out networks, and the fidelity and price of each sampler's averages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from saliencynoise.engine.ensemble_maps import EnsembleMaps, Groups, PlannedCell, inner_products
from saliencynoise.engine.failures import FailedCellError
from saliencynoise.engine.judged import no_claim
from saliencynoise.interfaces import one_line
from saliencynoise.records.common import Interval
from saliencynoise.records.frontier import FailedSampler, FidelityRecord, FrontierRow, HeldOutNetworks
from saliencynoise.records.rows import FailedRow
from saliencynoise.records.writing import record_of
from saliencynoise.statistics.comparison import holm
from saliencynoise.statistics.fidelity import Fidelity, fidelity, price_p, undetermined
from saliencynoise.statistics.intervals import members_interval
from saliencynoise.statistics.snr import pooled_snr

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.analyses.frontier.config import FrontierConfig
    from saliencynoise.registry.bound import BoundAggregator


def held_out_networks(
    config: FrontierConfig, reference: EnsembleMaps, cell: PlannedCell
) -> HeldOutNetworks | FailedRow:
    """Return the row of the held-out members, whose noise the other rows are corrected for."""
    architecture, method = cell[0].model.display_name, cell[1].display_name
    reason = reference.failure(cell)
    if reason is not None:
        return FailedRow(architecture=architecture, method=method, reason=reason)
    judged = reference.judged(cell)
    snr = pooled_snr(reference.gram(cell, config.held_out, view=judged.view))
    interval = members_interval(snr)
    template = None if judged.details is None else judged.details.template
    return HeldOutNetworks(
        architecture=architecture,
        method=method,
        view=judged.view,
        snr=snr.value,
        interval=None if interval is None else record_of(interval, Interval),
        untrained=math.nan if judged.untrained is None else judged.untrained.snr,
        template=math.nan if template is None else template.share,
        no_claim=no_claim(judged),
    )


def rows_of(
    config: FrontierConfig,
    strategy: EnsembleMaps,
    aggregators: Sequence[BoundAggregator],
    cell: PlannedCell,
    reference: EnsembleMaps,
) -> list[FrontierRow] | list[FailedSampler]:
    """Return the rows of a strategy for one architecture and method, from the least budget to the largest."""
    reason = strategy.failure(cell) or _shared(config, strategy, cell, reference)
    if reason is not None:
        return [_failed(strategy, cell, reason)]
    budgets = [budget for budget in sorted(config.budgets) if strategy.groups_of(budget)]
    averages = [(aggregator, strategy.groups_of(budget)) for aggregator in aggregators for budget in budgets]
    members = sorted({member for group in strategy.groups for member in group})
    held_out_maps, view = reference.maps(cell, config.held_out), reference.judged(cell).view
    try:
        products = inner_products(averages, members, strategy.maps(cell, members), held_out_maps, view=view)
    except FailedCellError as error:
        return [_failed(strategy, cell, one_line(error))]
    fidelities = _fidelities(config, reference, cell, products)
    single = sum(map(float, filter(None, reference.cost(reference.groups, cell))))
    return [
        _row(strategy, cell, average, reached, single=single)
        for average, reached in zip(averages, fidelities, strict=True)
    ]


def _failed(strategy: EnsembleMaps, cell: PlannedCell, reason: str) -> FailedSampler:
    return FailedSampler(
        architecture=cell[0].model.display_name, method=cell[1].display_name, sampler=strategy.label, reason=reason
    )


def _fidelities(
    config: FrontierConfig, reference: EnsembleMaps, cell: PlannedCell, products: Sequence[Float[Tensor, "S B R"]]
) -> list[Fidelity]:
    """Return the fidelity of each average, from its inner products with the held-out members' maps."""
    judged = reference.judged(cell)
    reason = no_claim(judged)
    if reason:
        return [undetermined(len(inner), reason) for inner in products]
    gram = reference.gram(cell, config.held_out, view=judged.view)
    return [fidelity(inner, gram) for inner in products]


def _row(
    strategy: EnsembleMaps,
    cell: PlannedCell,
    average: tuple[BoundAggregator, Groups],
    reached: Fidelity,
    *,
    single: float,
) -> FrontierRow:
    """Return the row of an average with the fidelity that it reached.

    `single` is the seconds of one retrained network and its maps.
    """
    aggregator, groups = average
    training, attribution = strategy.cost(groups, cell)
    price = None if training is None else (training + attribution) / single
    return FrontierRow(
        architecture=cell[0].model.display_name,
        method=cell[1].display_name,
        sampler=strategy.label,
        aggregator=aggregator.canonical_name.removeprefix("builtin/"),
        members=len(groups[0]),
        groups=len(groups),
        training_seconds=training,
        attribution_seconds=attribution,
        price=price,
        p=None if price is None else price_p(reached, price),
        p_holm=None,
        fidelity=record_of(reached, FidelityRecord),
    )


def with_corrected_p(
    rows: Sequence[FrontierRow | FailedSampler], reference: str
) -> tuple[FrontierRow | FailedSampler, ...]:
    """Return the rows with `p_holm`, the p of "equal to its price" corrected for all rows that have a verdict.

    These are the rows with most members of each cheaper strategy. The others, and those without a price, have None.
    """
    judged: dict[tuple[str, ...], tuple[int, float]] = {}
    for index, row in enumerate(rows):
        if isinstance(row, FrontierRow) and row.sampler != reference and row.p is not None:
            judged[row.architecture, row.method, row.sampler, row.aggregator] = index, row.p
    indices = [index for index, _ in judged.values()]
    corrected = dict(zip(indices, holm([p for _, p in judged.values()]), strict=True))
    return tuple(
        replace(row, p_holm=corrected.get(index)) if isinstance(row, FrontierRow) else row
        for index, row in enumerate(rows)
    )


def _shared(config: FrontierConfig, strategy: EnsembleMaps, cell: PlannedCell, reference: EnsembleMaps) -> str | None:
    """Return why a strategy shares a held-out network, as files of the same pool would; None if it shares none."""
    held_out = reference.weights(cell[0], config.held_out)
    for weights, member in strategy.weights(
        cell[0], (member_index for group in strategy.groups for member_index in group)
    ).items():
        if weights in held_out:
            return f"its member {member} is the held-out network {held_out[weights]}, with which it is to be compared"
    return None
