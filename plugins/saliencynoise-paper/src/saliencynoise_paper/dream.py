"""The panel `dream`: deep dream on an ensemble beside that of single networks, judged by held-out members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from saliencynoise.data.class_names import class_index
from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.numbers import counted, with_interval
from saliencynoise.interfaces import Dataset, UsageError
from saliencynoise_dream import figure as dream_figure
from saliencynoise_dream.comparison import DreamSet, compare_dreams
from saliencynoise_dream.config import DreamConfig
from saliencynoise_dream.facts import facts_of, rows_of
from saliencynoise_dream.objective import ClassLogit
from saliencynoise_dream.views import noise_start
from saliencynoise_paper.caption import provenance
from saliencynoise_paper.dreamers import Dreamers, load_dreamers

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study
    from saliencynoise_dream.records import DreamFacts, Kind, Score, ScoreMean

SHOWN_SINGLES = 2


def dream_panel(
    study: Study,
    dataset: Dataset,
    *,
    architecture: str,
    members: int | None = None,
    held_out: int = 2,
    singles: int = 6,
    classes: Sequence[str] | None = None,
    config: DreamConfig | None = None,
    device: str = "cpu",
) -> CaptionedFigure:
    """Return the panel of one architecture of a study.

    Args:
        study: a study with members that dream.
        dataset: the study's data set, normalised as there.
        architecture: display name of the architecture.
        members: number of members that dream; None for all that are not held out.
        held_out: number of members that judge; from 2 there are intervals.
        singles: number of members that also dream alone; all members if fewer dream.
        classes: names or indices of the classes to dream of; None for all.
        config: settings of the ascent; its seed also gives the starts.
        device: device of the networks.

    Raises:
        UsageError: as `load_dreamers`, or if a class is unknown.
    """
    config = config or DreamConfig()
    class_names = dataset.classes if classes is None else classes
    if not class_names:
        raise UsageError(f"no class is named; {dataset.name} has {', '.join(dataset.classes)}")
    targets = [class_index(name, dataset.classes, option="class") for name in class_names]
    names = tuple(dataset.classes[target] for target in targets)
    dreamers = load_dreamers(
        study, dataset, architecture=architecture, held_out=held_out, members=members, device=device
    )
    channels, height, width = dataset.test.images.shape[1:]
    start = noise_start((channels, height, width), keys=names, mean=dataset.mean, seed=config.seed)
    sets = compare_dreams(
        dreamers.networks,
        dreamers.held_out,
        objective=ClassLogit(torch.tensor(targets)),
        start=start.to(device),
        mean=dataset.mean,
        std=dataset.std,
        config=config,
        singles=min(singles, len(dreamers.networks)),
    )
    return dreams_as_panel(study, sets, names=names, architecture=architecture, dreamers=dreamers, config=config)


def dreams_as_panel(
    study: Study,
    sets: Sequence[DreamSet],
    *,
    names: Sequence[str],
    architecture: str,
    dreamers: Dreamers,
    config: DreamConfig,
) -> CaptionedFigure:
    """Return the panel of dreams that were compared."""
    import pandas as pd  # noqa: PLC0415 - half a second to import

    rows = [
        {"dataset": study.result.dataset.asked, "architecture": architecture, **row}
        for dream_set in sets
        for row in rows_of(dream_set, names, dreamers.members)
    ]
    data = pd.DataFrame(rows)
    data["member"] = data["member"].astype("Int64")
    facts = facts_of(sets)
    columns = list(dream_figure.data(sets, dreamers.members, singles=SHOWN_SINGLES))
    return CaptionedFigure(
        name=f"dream-{architecture}",
        title=dream_figure.TITLE,
        caption=dream_figure.CAPTION,
        alt=dream_figure.alt(names, columns),
        notes=[
            f"{_networks(architecture, dreamers)} {_how(config)}",
            _scores(facts),
            provenance([study]),
        ],
        figure=dream_figure.draw(names, columns),
        data=data,
        facts=facts,
    )


def _networks(architecture: str, dreamers: Dreamers) -> str:
    """Return a sentence on the networks that dream, and on those that judge."""
    networks, judges = counted(len(dreamers.members), "network"), counted(len(dreamers.held_out), "held-out network")
    return (
        f"{networks} of {architecture} (members {_listed(dreamers.members)}) dream; {judges} (members "
        f"{_listed(dreamers.held_out_members)}) judge."
    )


def _listed(members: Sequence[int]) -> str:
    return ", ".join(map(str, members))


def _how(config: DreamConfig) -> str:
    return (
        f"{counted(config.octaves, 'octave')} a factor {config.octave_scale:g} apart, {counted(config.steps, 'step')} "
        f"in each, of {config.step_size:g} (root mean square; pixels go from 0 to 1), jitter "
        f"{counted(config.jitter, 'pixel')}, gradient smoothed by {config.smoothing:g} pixels and normalised; "
        f"dream seed {config.seed}. Starts, steps and jitter are the same for each kind of dream."
    )


def _scores(facts: DreamFacts) -> str:
    scores = "; ".join(f"{_NAMES[kind]} {_means(means)}" for kind, means in facts.recognition.items())
    more = "; ".join(
        f"{_NAMES[kind]} {_signed(gains['probability'])} in probability and {_signed(gains['margin'])} in margin"
        for kind, gains in facts.more_than_single.items()
    )
    return (
        f"Means over all classes and held-out networks, and over the {facts.singles} single networks that dreamt "
        f"alone: {scores}. More than single networks, paired by class and held-out network, with 95% intervals for "
        f"other classes, held-out and single networks (not for another ensemble): {more}."
    )


_NAMES: Mapping[Kind, str] = {
    "start": "the start",
    "single": "a single network",
    "ensemble": "the ensemble's mean gradient",
    "stochastic": "a member of the ensemble in each step",
}


def _means(means: Mapping[Score, ScoreMean]) -> str:
    probability, margin, top1 = means["probability"], means["margin"], means["top1"]
    return f"probability {_ends(probability)}, logit margin {_ends(margin)}, top-1 {top1.value:.0%}"


def _signed(mean: ScoreMean) -> str:
    return f"{'+' if mean.value >= 0 else ''}{_ends(mean)}"


def _ends(mean: ScoreMean) -> str:
    return with_interval(mean.value, mean.low, mean.high)
