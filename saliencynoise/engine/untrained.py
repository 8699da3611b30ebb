"""The floor from untrained networks: r of a cell's method and view with networks that were not trained.

As many networks as the study has members, of the same architecture and initialisation but other seeds, explain the
same images. Their inner products are kept with the pool of the trained ones, so that a study made again finds them.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from msgspec import structs

from saliencynoise.engine.config import MOST_MEMBERS
from saliencynoise.engine.map_source import StoredSource
from saliencynoise.engine.planned_jobs import attribution_jobs
from saliencynoise.engine.starts import RANDOM
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.seeds import draw_name
from saliencynoise.records.cell import UntrainedFloor, WordedEnds
from saliencynoise.records.writing import record_of
from saliencynoise.statistics.draws import between_draws, crossed_gram
from saliencynoise.statistics.gram import diag_mean
from saliencynoise.statistics.groups import Groups, chosen
from saliencynoise.statistics.intervals import claim_interval
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.statistics.untrained import LEVEL, excess_p
from saliencynoise.statistics.views import apply_view
from saliencynoise.store.atomic import key_of, slug_of
from saliencynoise.store.grams import load_grams, save_grams
from saliencynoise.store.maps import MapStore
from saliencynoise.store.pool import Pool

if TYPE_CHECKING:
    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.explained_classes import ExplainedClasses
    from saliencynoise.engine.job import MemberJob
    from saliencynoise.engine.plan import Plan
    from saliencynoise.engine.reduce import Reduced
    from saliencynoise.records.cell import Cell, CellFigures
    from saliencynoise.registry.bound import BoundMethod

    Tensor = torch.Tensor

SAMPLER = "builtin/untrained"
FIRST = MOST_MEMBERS
"""Index of the first untrained network: no trained member begins with the same weights."""

IMPORTED = "initialised as this architecture is built; the initialisation of the imported networks is not known"

TUNED = "initialised at random, not from the start"

RunJobs = Callable[[Sequence["MemberJob"]], Mapping[tuple[str, str | None], str]]
"""Does jobs, and returns the reasons of failures, by architecture and method; a method of None stands for all."""


@dataclass
class Floors:
    """Inner products of untrained networks' maps, by architecture and method, then by view; or why they are missing.

    Intervals and p-values are for new groups of images where `groups` says that some belong together.
    """

    found: dict[tuple[str, str], Mapping[str, Tensor] | str] = field(default_factory=dict)
    note: str = ""
    groups: Groups | None = None

    def of(self, architecture: str, method: str, view: str, gram: Tensor, *, seed: int) -> UntrainedFloor | None:
        """Return the entry of `result.json` on a cell's floor; None where none was wanted.

        Args:
            architecture: canonical name.
            method: canonical name.
            view: view of the cell.
            gram: `[B, E, E]`, Gram matrices of the cell's trained networks, as `pooled_snr` takes them.
            seed: seed of the run.
        """
        grams = self.found.get((architecture, method))
        if grams is None:
            return None
        if isinstance(grams, str):
            return _unknown(grams)
        untrained = grams[view]
        used = (diag_mean(untrained) > 0) & (diag_mean(gram) > 0)
        if not bool(used.any()):
            return _unknown("untrained networks give maps of zeros")
        groups = chosen(self.groups, used)
        floor = pooled_snr(untrained[used], groups=groups)
        interval, p = claim_interval(floor, seed=seed), excess_p(pooled_snr(gram[used], groups=groups), floor)
        return UntrainedFloor(
            snr=floor.value,
            interval=None if interval is None else record_of(interval, WordedEnds),
            members=untrained.shape[-1],
            p=p,
            above=None if p is None else p < LEVEL,
            note=self.note,
        )


def _unknown(note: str) -> UntrainedFloor:
    return UntrainedFloor(snr=math.nan, interval=None, members=None, p=None, above=None, note=note)


def untrained_floors(
    explained: ExplainedClasses, cells: Mapping[tuple[str, str], Reduced | str], run_jobs: RunJobs
) -> Floors:
    """Return the floors of all cells that need one, computed where no pool keeps them.

    The setting `untrained` chooses them: "auto" for methods on a layer and those whose maps do not change their sign
    with the score, "all" for all methods, "none" for none.

    Raises:
        UsageError: if the pool cannot be written.
    """
    plan = explained.plan
    note = IMPORTED if plan.sampler.spec.imported else TUNED if plan.config.init != RANDOM else ""
    floors = Floors(note=note, groups=plan.groups)
    for architecture in plan.architectures:
        missing: list[_MissingFloor] = []
        for method in plan.methods:
            cell = cells[architecture.name, method.canonical_name]
            if isinstance(cell, str) or not _needed(plan, method, cell):
                continue
            entry = _MissingFloor(method, tuple(cell.figures), _file(explained, architecture, method))
            kept_grams = None if plan.config.fresh else _kept_grams(entry)
            if kept_grams is None:
                missing.append(entry)
            else:
                floors.found[architecture.name, method.canonical_name] = kept_grams
        if missing:
            computed = _computed(explained, architecture, missing, run_jobs)
            floors.found |= {(architecture.name, text): grams for text, grams in computed.items()}
    return floors


@dataclass(frozen=True)
class _MissingFloor:
    """A floor to be computed: its method, its views, and the file in which it is kept."""

    method: BoundMethod
    views: tuple[str, ...]
    file: Path


def _needed(plan: Plan, method: BoundMethod, reduced: Reduced) -> bool:
    if plan.config.untrained == "auto":
        return method.on_layer or reduced.sign != "signed"
    return plan.config.untrained == "all"


def _file(explained: ExplainedClasses, architecture: ArchitecturePlan, method: BoundMethod) -> Path:
    """Return the file of the inner products: beside the members, named by the values that determine them."""
    plan, chunks = explained.plan, explained.chunks(architecture)
    about = [
        method.canonical_name,
        method.distribution,
        [chunk.key for chunk in chunks],
        plan.members,
        plan.draws(method),
    ]
    key = key_of([*about, plan.config.precision, plan.config.seed])
    return architecture.base_pool.folder / "untrained" / f"{slug_of(method.canonical_name)}-{key[:16]}.safetensors"


def _kept_grams(entry: _MissingFloor) -> Mapping[str, Tensor] | None:
    try:
        grams = load_grams(entry.file)
    except UsageError:
        return None
    return grams if set(entry.views) <= grams.keys() else None


def _computed(
    explained: ExplainedClasses,
    architecture: ArchitecturePlan,
    missing: Sequence[_MissingFloor],
    run_jobs: RunJobs,
) -> dict[str, Mapping[str, Tensor] | str]:
    """Explain the images by untrained networks, keep the inner products, and delete the networks and their maps."""
    plan = explained.plan
    folder = plan.run_folder.path / "untrained"
    stores = {entry.method.canonical_name: _stores(folder, plan, architecture, entry.method) for entry in missing}
    results: dict[str, Mapping[str, Tensor] | str] = {}
    networks = _networks(folder, architecture)
    try:
        networks.describe({**architecture.identity, "sampler": SAMPLER}, architecture.network)
        failed = run_jobs(_jobs(explained, architecture, stores, folder))
        for entry in missing:
            text = entry.method.canonical_name
            reason = failed.get((architecture.name, None)) or failed.get((architecture.name, text))
            if reason is not None:
                results[text] = f"untrained networks: {reason}"
                continue
            grams = _grams(stores[text], explained, architecture, entry.views)
            save_grams(entry.file, grams)
            results[text] = grams
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return results


def _stores(folder: Path, plan: Plan, architecture: ArchitecturePlan, method: BoundMethod) -> tuple[MapStore, ...]:
    maps = folder / "maps" / architecture.pool.folder.name / plan.run_folder.maps(architecture, method).name
    return tuple(MapStore(maps / draw_name(draw)) for draw in range(plan.draws(method)))


def _networks(folder: Path, architecture: ArchitecturePlan) -> Pool:
    """Return the pool of the untrained networks, which is deleted once their maps are made."""
    return Pool(folder / "networks" / architecture.pool.folder.name)


def _jobs(
    explained: ExplainedClasses,
    architecture: ArchitecturePlan,
    stores: Mapping[str, Sequence[MapStore]],
    folder: Path,
) -> list[MemberJob]:
    """Return a job for each untrained network."""
    jobs = attribution_jobs(explained, retrain=False)
    pattern = next(job for job in jobs if job.architecture == architecture.name)
    return [
        replace(
            pattern,
            sampler=SAMPLER,
            run=member,
            members=(member,),
            member=member,
            pool=str(_networks(folder, architecture).folder),
            input_noise=0.0,
            start=None,
            recompute=False,
            methods={text: tuple(str(store.folder) for store in each) for text, each in stores.items()},
        )
        for member in range(FIRST, FIRST + explained.plan.members)
    ]


def _grams(
    stores: Sequence[MapStore], explained: ExplainedClasses, architecture: ArchitecturePlan, views: Sequence[str]
) -> dict[str, Tensor]:  # fmt: skip
    """Return the inner products on each image, by view; those of a stochastic method are between different draws."""
    by_view: dict[str, list[Tensor]] = {view: [] for view in views}
    members = range(FIRST, FIRST + explained.plan.members)
    for maps in StoredSource(stores, members, explained.chunks(architecture)).maps():
        for view, grams in by_view.items():
            crossed = crossed_gram(apply_view(maps, view).flatten(2))
            single = crossed[:, 0, :, 0] if crossed.shape[1] == 1 else between_draws(crossed[None])[0]
            grams.append(single)
    return {view: torch.stack(grams) for view, grams in by_view.items()}


def with_floors(
    cells: Sequence[Cell],
    reduced: Mapping[tuple[str, str], Reduced | str],
    floors: Floors,
    *,
    names: Mapping[str, str],
    seed: int,
) -> list[Cell]:
    """Return the cells of a result with their floors, without the claims that the floors do not allow.

    Args:
        cells: cells without floors.
        reduced: statistics of their maps, by canonical names of architecture and method.
        floors: floors from untrained networks.
        names: the architectures' display names by canonical name.
        seed: seed of the run.
    """
    of_label = {label: name for name, label in names.items()}
    with_floor = []
    for cell in cells:
        key = of_label[cell.architecture], cell.method_name
        reduced_cell = reduced[key]
        floor = (
            None
            if isinstance(reduced_cell, str)
            else floors.of(*key, cell.view, reduced_cell.single(cell.view), seed=seed)
        )
        with_floor.append(withhold(structs.replace(cell, untrained=floor)))
    return with_floor


def withhold(cell: Cell) -> Cell:
    """Limit the claims of a cell whose maps do not change their sign with the score to its excess over the floor.

    Agreement of such maps, also of centred ones, does not show learning by itself: p is the larger one of the sign-flip
    test and of the test of more than untrained networks. Where this test is not positive, p and the significant pixels
    are removed.
    """
    floor, figures, details = cell.untrained, cell.figures, cell.details
    if cell.sign == "signed" or floor is None or floor.p is None or figures is None or details is None:
        return cell
    if floor.above:
        if figures.signal_p is None:
            return cell
        note = f"{figures.signal_note}; and more than untrained networks: the larger p"
        larger = structs.replace(figures, signal_p=max(figures.signal_p, floor.p), signal_note=note)
        return structs.replace(cell, figures=larger)
    return structs.replace(
        cell,
        figures=_without_claim(figures),
        classes={name: _without_claim(of_class) for name, of_class in (cell.classes or {}).items()},
        details=structs.replace(details, pixels=None),
    )


def _without_claim(figures: CellFigures) -> CellFigures:
    if figures.signal_p is None:
        return figures
    return structs.replace(figures, signal_p=None, signal_note="no test: untrained networks agree as much")
