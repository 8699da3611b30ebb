"""The benches that the paper's panels need, and their runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import structs

from saliencynoise.engine.config import BenchConfig, check_out, check_workers
from saliencynoise.engine.dataset import load_dataset
from saliencynoise.engine.dispatch import Dispatchers
from saliencynoise.engine.run import run
from saliencynoise.interfaces import UsageError
from saliencynoise.store.holding import holding
from saliencynoise_paper.scales import SCALES, Scale, Source, scale_named

if TYPE_CHECKING:
    from saliencynoise.engine.observer import Observer
    from saliencynoise.engine.study import Study

PANELS = ("table", "gradients", "maps", "classes", "architecture", "ssim", "dream", "localization")
"""The panels; the poster has no "localization", which compares maps with the true mask."""

NUMBERED = frozenset({"depth", "width"})
"""The axes of the architecture panel whose values are numbers."""

_OF_MAPS = ("table", "maps", "classes", "ssim")
"""The panels that show the study of all methods."""


@dataclass(frozen=True, kw_only=True)
class Varied:
    """One point of the architecture panel.

    Attributes:
        axis: "depth", "width", "residual", "normalisation" or "epochs".
        value: the value on this axis: a number of layers, channels or epochs; else a name.
        study: name of the study.
        network: the architecture.
    """

    axis: Literal["depth", "width", "residual", "normalisation", "epochs"]
    value: int | str
    study: str
    network: str


@dataclass(frozen=True, kw_only=True)
class PaperConfig:
    """The settings of a run of panels.

    Attributes:
        panels: one or more of `PANELS`.
        scale: one of `SCALES`.
        datasets: names of the scale's data sets that are used; empty for all.
        data_dirs: folders of data sets by name; "" for every data set without an entry.
        members: number of networks of the table and the maps; None for the number of the scale.
        images: number of images of the table and the maps; None for the number of the scale.
        device: as in `BenchConfig`.
        precision: as in `BenchConfig`.
        seed: seed of the run.
        workers: as in `BenchConfig`.
        out: folder of panels and studies; None for one under ./runs.
    """

    panels: tuple[str, ...]
    scale: str = "small"
    datasets: tuple[str, ...] = ()
    data_dirs: Mapping[str, str] = field(default_factory=dict)
    members: int | None = None
    images: int | None = None
    device: str = "auto"
    precision: Literal["float32", "bfloat16"] = "float32"
    seed: int = 0
    workers: int | None = None
    out: str | None = None

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            UsageError: naming the option, its value and the possible ones.
        """
        check_out(self.out)
        for panel in self.panels:
            if panel not in PANELS:
                raise UsageError(f"there is no panel '{panel}'; choose {', '.join(PANELS)} or all")
        if self.scale not in SCALES:
            raise UsageError(f"--scale {self.scale} is not possible; choose {', '.join(SCALES)}")
        if self.members is not None and self.members < 3:
            raise UsageError(f"--members {self.members} gives no intervals; give 3 or more")
        if self.images is not None and self.images < 1:
            raise UsageError(f"--images {self.images} is not possible; give 1 or more")
        check_workers(self.workers)
        used = [source.dataset for source in self.settings.sources]
        for name in [*self.datasets, *filter(None, self.data_dirs)]:
            if name not in used:
                raise UsageError(f"scale {self.scale} does not use the data set '{name}'; it uses {', '.join(used)}")
        if "" in self.data_dirs and len(self.sources) > 1:
            names = " ".join(f"--data-dir {source.dataset}=FOLDER" for source in self.sources)
            raise UsageError(f"--data-dir {self.data_dirs['']} names no data set, and there are several; give {names}")

    @property
    def settings(self) -> Scale:
        """The settings of the scale."""
        return scale_named(self.scale)

    @property
    def folder(self) -> Path:
        """The folder of panels and studies."""
        return Path(self.out) if self.out is not None else Path("runs") / f"paper-{self.scale}"

    @property
    def sources(self) -> list[Source]:
        """The data sets that are used."""
        return [source for source in self.settings.sources if not self.datasets or source.dataset in self.datasets]

    @property
    def variations(self) -> list[Varied]:
        """The points of the architecture panel; they share a study, except for the numbers of epochs."""
        settings = self.settings.architecture
        points = [
            Varied(axis=axis, value=int(value) if axis in NUMBERED else value, study="architecture", network=network)
            for axis, networks in settings.networks.items()
            for value, network in networks.items()
        ]
        lengths = [
            Varied(axis="epochs", value=epochs, study=f"epochs-{epochs}", network=settings.reference)
            for epochs in settings.epochs
        ]
        return [*points, *lengths]


def benches(config: PaperConfig) -> dict[str, BenchConfig]:
    """Return the benches that the panels need, by the names of their studies; the bench of most networks is first."""
    planned: dict[str, BenchConfig] = {}
    for source in config.sources:
        dataset = source.dataset
        if {"gradients", "dream"} & set(config.panels):
            planned[f"gradients-{dataset}"] = _gradients(config, source)
        if set(_OF_MAPS) & set(config.panels):
            planned[f"maps-{dataset}"] = _maps(config, source)
    if "architecture" in config.panels:
        planned |= _architectures(config)
    if "localization" in config.panels:
        planned["localization"] = _localization(config)
    return planned


def run_paper(config: PaperConfig, observer: Observer) -> dict[str, Study]:
    """Run the studies that the panels need, or load finished ones; return the studies by name.

    Raises:
        UsageError: naming the setting that cannot be used, and the fix.
    """
    planned = benches(config)
    _, *later = {(bench.dataset, bench.data_dir): bench for bench in planned.values()}.values()
    for bench in later:
        load_dataset(bench)  # a missing data set is an error before the first bench, which may take hours
    with holding(config.folder), Dispatchers() as dispatchers:
        return {name: run(bench, observer, dispatchers) for name, bench in planned.items()}


def _common(config: PaperConfig, source: Source, name: str) -> BenchConfig:
    """Return the settings that the benches of all panels share."""
    return BenchConfig(
        dataset=source.dataset,
        data_dir=config.data_dirs.get(source.dataset, config.data_dirs.get("")),
        image_size=source.image_size,
        train_images=source.train_images,
        recipe=source.recipe,
        device=config.device,
        precision=config.precision,
        seed=config.seed,
        workers=config.workers,
        untrained="none",
        out=str(config.folder / "studies" / name),
    )


def _maps(config: PaperConfig, source: Source) -> BenchConfig:
    scale = config.settings
    return replace(
        _common(config, source, f"maps-{source.dataset}"),
        archs=tuple(scale.networks.values()),
        methods=scale.methods,
        members=scale.members if config.members is None else config.members,
        images=scale.images if config.images is None else config.images,
    )


def _gradients(config: PaperConfig, source: Source) -> BenchConfig:
    scale = config.settings
    return replace(
        _common(config, source, f"gradients-{source.dataset}"),
        archs=(scale.networks[scale.gradients.network],),
        methods=("gradient",),
        members=max(scale.gradients.members, scale.dream.members + scale.dream.held_out),
        images=scale.gradients.images,
    )


def _architectures(config: PaperConfig) -> dict[str, BenchConfig]:
    """Return a bench of all networks, and one for each number of epochs."""
    settings, source = config.settings.architecture, _architecture_source(config)
    networks: dict[str, list[str]] = {}
    for point in config.variations:
        networks.setdefault(point.study, []).append(point.network)
    planned = {}
    for name, archs in networks.items():
        bench = replace(
            _common(config, source, name),
            archs=tuple(dict.fromkeys(archs)),
            methods=settings.methods,
            members=settings.members,
            images=settings.images,
        )
        epochs = re.fullmatch(r"epochs-(\d+)", name)
        planned[name] = replace(bench, recipe={**bench.recipe, "epochs": int(epochs[1])}) if epochs else bench
    return planned


def _architecture_source(config: PaperConfig) -> Source:
    """Return the first data set, with the training of the architecture panel."""
    settings, source = config.settings.architecture, config.sources[0]
    return structs.replace(
        source,
        recipe={**source.recipe, **settings.recipe},
        train_images=source.train_images if settings.train_images is None else settings.train_images,
    )


def _localization(config: PaperConfig) -> BenchConfig:
    settings = config.settings.localization
    source = Source(label="shapes", dataset="shapes", train_images=settings.train_images, recipe=settings.recipe)
    return replace(
        _common(replace(config, data_dirs={}), source, "localization"),
        archs=settings.networks,
        methods=config.settings.methods,
        members=settings.members,
        images=settings.images,
    )
