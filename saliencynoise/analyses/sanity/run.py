"""Would untrained networks show the same? Figures of trained networks beside untrained and permuted-label ones.

The randomisation tests of Adebayo et al. 2018, arXiv:1810.03292, for ensembles: the same images, targets and methods
on networks with their initial weights, and on networks trained on permuted labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from saliencynoise.analyses.result import facts_of, load_result
from saliencynoise.analyses.sanity.config import TRAINED, SanityConfig
from saliencynoise.analyses.sanity.rows import rows_of
from saliencynoise.engine.ensemble_maps import EnsembleMaps
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.run import run_plan
from saliencynoise.records.sanity import (
    SanityEnsemble,
    SanityEnsembles,
    SanityMembers,
    SanityRecord,
    SanitySettings,
)
from saliencynoise.records.writing import record_of, write_record
from saliencynoise.store.holding import holding

if TYPE_CHECKING:
    from saliencynoise.engine.observer import Observer
    from saliencynoise.engine.plan import Plan
    from saliencynoise.engine.study import Study

RESULT = "sanity.json"
FORMAT = 1
"""Version of the file's layout."""


def run_sanity(config: SanityConfig, observer: Observer) -> SanityRecord:
    """Train, attribute and compare the three ensembles; the result is in `sanity.json` when it is returned.

    Raises:
        UsageError: naming the setting that cannot be used, and the fix.
    """
    plans = {kind: _plan(config, kind, sampler) for kind, sampler in config.samplers.items()}
    with holding(config.folder):
        record = _record(config, plans, observer)
        write_record(config.folder / RESULT, record)
    return record


def _record(config: SanityConfig, plans: Mapping[str, Plan], observer: Observer) -> SanityRecord:
    """Run the plans and compare the networks."""
    ensembles = {
        kind: EnsembleMaps(label=kind, plan=plan, study=run_plan(plan, observer), groups=tuple(plan.runs()))
        for kind, plan in plans.items()
    }
    trained = ensembles[TRAINED]
    return SanityRecord(
        format=FORMAT,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=config.command,
        settings=record_of(config.settings, SanitySettings),
        study=facts_of(trained.study.result),
        members=trained.plan.members,
        images=len(trained.plan.images),
        groups=None if trained.plan.groups is None else len(set(trained.plan.groups)),
        ensembles=SanityEnsembles(**{kind: _ensemble(ensemble.study) for kind, ensemble in ensembles.items()}),
        rows=rows_of(ensembles, seed=config.bench.seed),
    )


def load_sanity(folder: str | Path) -> SanityRecord:
    """Read a result.

    Raises:
        UsageError: if there is none, or it is damaged.
    """
    return load_result(folder, RESULT, SanityRecord, command="sanity")


def _plan(config: SanityConfig, name: str, sampler: str) -> Plan:
    folder = str(config.folder / name)
    return make_plan(
        replace(config.bench, sampler=sampler, aggregator="mean", keep_maps="all", untrained="none", out=folder)
    )


def _ensemble(study: Study) -> SanityEnsemble:
    """Return an ensemble's folder, and the accuracies and flags of its members."""
    return SanityEnsemble(
        run=str(study.folder),
        architectures={
            architecture.label: SanityMembers(
                accuracies=architecture.accuracies,
                flagged={str(member.index): member.flag for member in architecture.members if member.flag},
            )
            for architecture in study.result.architectures
        },
    )
