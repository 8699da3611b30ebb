"""Would untrained networks show the same? Figures of trained networks beside untrained and permuted-label ones.

The randomisation tests of Adebayo et al. 2018, arXiv:1810.03292, for ensembles: the same images, targets and methods
on networks with their initial weights, and on networks trained on permuted labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.analyses.result import load_result
from saliencynoise.analyses.sanity.config import PERMUTED, TRAINED, UNTRAINED, SanityConfig
from saliencynoise.engine.ensemble_maps import EnsembleMaps
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.run import run_plan
from saliencynoise.interfaces.specs import CENTRED
from saliencynoise.records.sanity import read_sanity
from saliencynoise.records.writing import json_of
from saliencynoise.statistics.agreement import Agreement, agreement
from saliencynoise.statistics.comparison import Comparison, compare, holm
from saliencynoise.statistics.draws import between_draws, crossed_gram
from saliencynoise.statistics.gram import diag_mean
from saliencynoise.statistics.groups import Groups, chosen
from saliencynoise.statistics.intervals import Interval, Pooled, claim_interval
from saliencynoise.statistics.json_safe import json_safe
from saliencynoise.statistics.sanity import sanity_verdict
from saliencynoise.statistics.signs import ONE_SIGNED
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.statistics.views import apply_view
from saliencynoise.store.atomic import write_json
from saliencynoise.store.holding import holding

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.observer import Observer
    from saliencynoise.engine.plan import Plan
    from saliencynoise.engine.study import Study
    from saliencynoise.registry.catalogue import BoundMethod

RESULT = "sanity.json"
VIEWS = ("signed", "magnitude")
"""The compared views: the maps, and their magnitude, which is the absolute values less their mean over the map."""
ABOUT = ("dataset", "recipes", "versions", "hardware", "device")
"""Keys that a result copies from the trained networks' study."""

NO_IMAGE = "there is no image on which trained, untrained and permuted networks all have a map that is not zero"


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Trained networks beside others: the comparison of r, and the agreement of the two signals."""

    comparison: Comparison
    agreement: Agreement


def run_sanity(config: SanityConfig, observer: Observer) -> dict[str, Any]:
    """Train, attribute and compare the three ensembles; the result is in `sanity.json` when it is returned.

    Raises:
        UsageError: naming the setting that cannot be used, and the fix.
    """
    plans = {name: _plan(config, name, sampler) for name, sampler in config.samplers.items()}
    with holding(config.folder):
        return _run(config, plans, observer)


def _run(config: SanityConfig, plans: Mapping[str, Plan], observer: Observer) -> dict[str, Any]:
    """Run the plans, in a folder that is locked."""
    ensembles = {
        name: EnsembleMaps(label=name, plan=plan, study=run_plan(plan, observer), groups=tuple(plan.runs()))
        for name, plan in plans.items()
    }
    reference = ensembles[TRAINED]
    document = {
        "format": 1,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": config.settings,
        "study": {key: reference.study.result[key] for key in ABOUT},
        "members": reference.plan.members,
        "images": len(reference.plan.images),
        "ensembles": {name: _members_summary(ensemble.study) for name, ensemble in ensembles.items()},
        "groups": None if reference.plan.groups is None else len(set(reference.plan.groups)),
        "rows": _rows(ensembles, seed=config.bench.seed),
    }
    write_json(config.folder / RESULT, json_of(document))
    return document


def load_sanity(folder: str | Path) -> dict[str, Any]:
    """Read a result.

    Raises:
        UsageError: if there is none.
    """
    return load_result(folder, RESULT, command="sanity", read=read_sanity)


def _plan(config: SanityConfig, name: str, sampler: str) -> Plan:
    folder = str(config.folder / name)
    return make_plan(
        replace(config.bench, sampler=sampler, aggregator="mean", keep_maps="all", untrained="none", out=folder)
    )


def _members_summary(study: Study) -> dict[str, Any]:
    """Return an ensemble's folder, and the accuracies and flags of its members."""
    return {
        "run": str(study.folder),
        "architectures": {
            architecture["label"]: {
                "accuracies": [member["accuracy"] for member in architecture["members"]],
                "flagged": {
                    str(member["index"]): member["flag"] for member in architecture["members"] if member["flag"]
                },
            }
            for architecture in study.result["architectures"]
        },
    }


def _rows(ensembles: Mapping[str, EnsembleMaps], *, seed: int) -> list[dict[str, Any]]:
    """Return a row per architecture, method and view; p-values are corrected over all of them."""
    plan = ensembles[TRAINED].plan
    failed, finished = [], []
    for architecture in plan.architectures:
        for method in plan.methods:
            about = {"architecture": architecture.model.display_name, "method": method.display_name}
            reason = _failure(ensembles, architecture, method)
            if reason is not None:
                failed.append({**about, "status": "failed", "reason": reason})
                continue
            for view, compared in _compared(ensembles, architecture, method).items():
                if not compared.images:
                    failed.append({**about, "view": view, "status": "failed", "reason": f"{view}: {NO_IMAGE}"})
                    continue
                finished.append(({**about, "view": view, "status": "ok", "reason": None}, compared))
    contrasts = [
        {name: _contrast(compared, name, seed=seed) for name in (UNTRAINED, PERMUTED)} for _, compared in finished
    ]
    for name in (UNTRAINED, PERMUTED):
        corrected = holm([contrast[name].comparison.p for contrast in contrasts])
        for contrast, p in zip(contrasts, corrected, strict=True):
            contrast[name] = replace(contrast[name], comparison=replace(contrast[name].comparison, p_holm=p))
    return failed + [
        {**about, **_row(compared, contrast, seed=seed)}
        for (about, compared), contrast in zip(finished, contrasts, strict=True)
    ]


def _failure(ensembles: Mapping[str, EnsembleMaps], architecture: ArchitecturePlan, method: BoundMethod) -> str | None:
    """Return why an architecture and method cannot be compared; None where they can."""
    for name, ensemble in ensembles.items():
        reason = ensemble.failure((architecture, method))
        if reason is not None:
            return f"{name} networks: {reason}"
    return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Inner products of unit-norm maps behind a row, for the images on which all networks have maps.

    Attributes:
        grams: by two ensembles, which may be the same: on each image, the inner products of their members' maps.
        groups: of these images, if some belong together.
    """

    grams: Mapping[tuple[str, str], Tensor]
    groups: Groups | None

    @property
    def images(self) -> int:
        """The number of images."""
        return len(self.grams[TRAINED, TRAINED])

    def pooled_snr(self, name: str) -> Pooled:
        """Return r of an ensemble."""
        return pooled_snr(self.grams[name, name], groups=self.groups)


def _compared(
    ensembles: Mapping[str, EnsembleMaps], architecture: ArchitecturePlan, method: BoundMethod
) -> dict[str, Compared]:
    """Return, by view, the inner products of the members' maps within and between ensembles."""
    cell = architecture, method
    images = zip(*(ensemble.maps(cell, range(ensemble.plan.members)) for ensemble in ensembles.values()), strict=True)
    views = _views([ensemble.judged(cell) for ensemble in ensembles.values()])
    joint: dict[str, list[Tensor]] = {view: [] for view in views}
    for maps in images:
        for view in views:
            joint[view].append(joint_gram(torch.cat(maps), view=view))
    places = torch.arange(len(ensembles) * ensembles[TRAINED].plan.members).chunk(len(ensembles))
    where = dict(zip(ensembles, places, strict=True))
    groups = ensembles[TRAINED].plan.groups
    return {view: _divided(torch.stack(grams), where, groups) for view, grams in joint.items()}


def _views(cells: Sequence[Any]) -> tuple[str, ...]:
    """Return the views in which a method is compared. They are centred if an ensemble's judged cell is.

    For maps of one sign, the centred view also shows where they are large.
    """
    centred = any(cell["view"] == CENTRED for cell in cells)
    if centred and all(cell.get("sign") in ONE_SIGNED for cell in cells):
        return (CENTRED,)
    return (CENTRED if centred else VIEWS[0], *VIEWS[1:])


def joint_gram(maps: Float[Tensor, "E D c h w"], *, view: str) -> Float[Tensor, "E E"]:
    """Return the inner products of unit-norm maps in a view. A stochastic method uses only pairs of different draws.

    >>> maps = torch.tensor([[1.0, -3.0], [3.0, 1.0]])[:, None, None, None]
    >>> joint_gram(maps, view="magnitude").round(decimals=9).tolist()            # of [-1, 1] and [1, -1]
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    rows = maps.flatten(2).double()
    if view == CENTRED:
        rows = apply_view(maps, view).flatten(2).double()
    elif view == "magnitude":
        rows = rows.abs() - rows.abs().mean(-1, keepdim=True)
    crossed = crossed_gram(torch.nn.functional.normalize(rows, dim=-1))
    return crossed[:, 0, :, 0] if rows.shape[1] == 1 else between_draws(crossed[None])[0]


def _divided(gram: Float[Tensor, "B N N"], where: Mapping[str, Tensor], groups: Groups | None) -> Compared:
    """Divide joint Gram matrices by ensembles; images without a map in one of them are left out."""
    used = torch.stack([diag_mean(gram[:, members][:, :, members]) > 0 for members in where.values()]).all(0)
    pairs = [*((name, name) for name in where), *combinations(where, 2)]
    grams = {(a, b): gram[used][:, where[a]][:, :, where[b]] for a, b in pairs}
    return Compared(grams=grams, groups=chosen(groups, used))


def _contrast(compared: Compared, other: str, *, seed: int) -> Contrast:
    a, b = compared.grams[TRAINED, TRAINED], compared.grams[other, other]
    cross = _without_twins(compared.grams[TRAINED, other])
    return Contrast(
        comparison=compare(
            compared.pooled_snr(TRAINED), compared.pooled_snr(other), names=(TRAINED, other), shared="images"
        ),
        agreement=agreement(cross, a, b, seed=seed, groups=compared.groups),
    )


def _without_twins(cross: Float[Tensor, "B E E"]) -> Float[Tensor, "B E E"]:
    """Replace the product of members with the same initial weights by the mean of their products with the others.

    Members of the same index share all seeds, and might agree for that reason alone.
    """
    members = cross.shape[-1]
    off_diagonal = cross - torch.diag_embed(cross.diagonal(dim1=-2, dim2=-1))
    others = (off_diagonal.sum(-1) + off_diagonal.sum(-2)) / (2 * (members - 1))
    return off_diagonal + torch.diag_embed(others)


def _row(compared: Compared, contrasts: Mapping[str, Contrast], *, seed: int) -> dict[str, Any]:
    figures = {name: compared.pooled_snr(name) for name in (TRAINED, UNTRAINED, PERMUTED)}
    intervals = {name: claim_interval(figure, seed=seed) for name, figure in figures.items()}
    row = {
        "images": figures[TRAINED].images,
        "snr": {name: {"value": figure.value, "interval": _plain(intervals[name])} for name, figure in figures.items()},
        "contrasts": {
            name: {
                "comparison": {
                    **asdict(contrast.comparison),
                    "ratio": contrast.comparison.ratio,
                    "words": contrast.comparison.verdict,
                },
                "agreement": asdict(contrast.agreement),
                "verdict": sanity_verdict(intervals[TRAINED], intervals[name], contrast.agreement),
            }
            for name, contrast in contrasts.items()
        },
    }
    return {key: json_safe(value) for key, value in row.items()}


def _plain(interval: Interval | None) -> dict[str, Any] | None:
    return None if interval is None else asdict(interval)
