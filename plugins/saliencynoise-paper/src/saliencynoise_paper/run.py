"""The studies behind the paper's panels, at three scales: which benches a panel needs, and how they are run."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from saliencynoise.engine.config import BenchConfig, check_out, check_workers
from saliencynoise.engine.dataset import load_dataset
from saliencynoise.engine.dispatch import Dispatchers
from saliencynoise.engine.run import run
from saliencynoise.interfaces import UsageError
from saliencynoise.store.holding import holding

if TYPE_CHECKING:
    from saliencynoise.engine.observer import Observer
    from saliencynoise.engine.study import Study

PANELS = ("table", "gradients", "maps", "classes", "architecture", "ssim", "dream", "localization")
"""What there is to make; "localization", which the poster lacks, holds maps against the true mask."""

SCALES = ("smoke", "small", "full")

AXES: tuple[Literal["depth", "width", "residual", "normalisation"], ...] = (
    "depth",
    "width",
    "residual",
    "normalisation",
)
"""What is varied of an architecture, one thing at a time."""

NUMBERED = frozenset({"depth", "width"})

_OF_MAPS = ("table", "maps", "classes", "ssim")
"""Panels that show the study of all methods."""


@dataclass(frozen=True, kw_only=True)
class Varied:
    """One point of the architecture panel.

    Attributes:
        axis: "depth", "width", "residual", "normalisation" or "epochs".
        value: on that axis: a number of layers, channels or epochs; else a name.
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
        panels: of `PANELS`.
        scale: of `SCALES`.
        datasets: names of the scale's data sets that are used; empty for all.
        data_dirs: folders of data sets by name; "" for every data set without an entry.
        members: networks of the table and the maps; None for the scale's.
        images: as `members`.
        device: as in `BenchConfig`.
        precision: as in `BenchConfig`.
        seed: of the run.
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
        used = [source["dataset"] for source in self.settings["sources"]]
        for name in [*self.datasets, *filter(None, self.data_dirs)]:
            if name not in used:
                raise UsageError(f"scale {self.scale} does not use the data set '{name}'; it uses {', '.join(used)}")
        if "" in self.data_dirs and len(self.sources) > 1:
            names = " ".join(f"--data-dir {source['dataset']}=FOLDER" for source in self.sources)
            raise UsageError(f"--data-dir {self.data_dirs['']} names no data set, and there are several; give {names}")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the scale in `paper.toml`."""
        settings: Mapping[str, Any] = _scales()[self.scale]
        return settings

    @property
    def folder(self) -> Path:
        """The folder of panels and studies."""
        return Path(self.out) if self.out is not None else Path("runs") / f"paper-{self.scale}"

    @property
    def sources(self) -> list[Any]:
        """The data sets that are used: label, name and settings."""
        return [
            source for source in self.settings["sources"] if not self.datasets or source["dataset"] in self.datasets
        ]

    @property
    def variations(self) -> list[Varied]:
        """The points of the architecture panel; they share a study but for the lengths of training."""
        settings = self.settings["architecture"]
        points = [
            Varied(axis=axis, value=int(value) if axis in NUMBERED else value, study="architecture", network=network)
            for axis in AXES
            for value, network in settings[axis].items()
        ]
        lengths = [
            Varied(axis="epochs", value=epochs, study=f"epochs-{epochs}", network=settings["reference"])
            for epochs in settings["epochs"]
        ]
        return [*points, *lengths]


def benches(config: PaperConfig) -> dict[str, BenchConfig]:
    """Return the benches that the panels need, by the names of their studies; those of more networks come first."""
    planned: dict[str, BenchConfig] = {}
    for source in config.sources:
        dataset = source["dataset"]
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
        load_dataset(bench)  # before hours are spent on the first one
    with holding(config.folder), Dispatchers() as dispatchers:
        return {name: run(bench, observer, dispatchers) for name, bench in planned.items()}


@cache
def _scales() -> dict[str, Any]:
    return tomllib.loads(files("saliencynoise_paper").joinpath("paper.toml").read_text())


def _common(config: PaperConfig, source: Mapping[str, Any], name: str) -> BenchConfig:
    name_of = source["dataset"]
    return BenchConfig(
        dataset=name_of,
        data_dir=config.data_dirs.get(name_of, config.data_dirs.get("")),
        image_size=source.get("image_size"),
        train_images=source.get("train_images"),
        recipe=source.get("recipe", {}),
        device=config.device,
        precision=config.precision,
        seed=config.seed,
        workers=config.workers,
        untrained="none",
        out=str(config.folder / "studies" / name),
    )


def _maps(config: PaperConfig, source: Mapping[str, Any]) -> BenchConfig:
    scale = config.settings
    return replace(
        _common(config, source, f"maps-{source['dataset']}"),
        archs=tuple(scale["networks"].values()),
        methods=tuple(scale["methods"]),
        members=scale["members"] if config.members is None else config.members,
        images=scale["images"] if config.images is None else config.images,
    )


def _gradients(config: PaperConfig, source: Mapping[str, Any]) -> BenchConfig:
    scale = config.settings
    gradients, dream = scale["gradients"], scale["dream"]
    return replace(
        _common(config, source, f"gradients-{source['dataset']}"),
        archs=(scale["networks"][gradients["network"]],),
        methods=("gradient",),
        members=max(gradients["members"], dream["members"] + dream["held_out"]),
        images=gradients["images"],
    )


def _architectures(config: PaperConfig) -> dict[str, BenchConfig]:
    """Return a bench of all networks, and one for each length of training."""
    settings, source = config.settings["architecture"], config.sources[0]
    recipe = {**source.get("recipe", {}), **settings.get("recipe", {})}
    source = {**source, "recipe": recipe, "train_images": settings.get("train_images", source.get("train_images"))}
    networks: dict[str, list[str]] = {}
    for point in config.variations:
        networks.setdefault(point.study, []).append(point.network)
    planned = {}
    for name, texts in networks.items():
        bench = replace(
            _common(config, source, name),
            archs=tuple(dict.fromkeys(texts)),
            methods=tuple(settings["methods"]),
            members=settings["members"],
            images=settings["images"],
        )
        epochs = re.fullmatch(r"epochs-(\d+)", name)
        planned[name] = replace(bench, recipe={**bench.recipe, "epochs": int(epochs[1])}) if epochs else bench
    return planned


def _localization(config: PaperConfig) -> BenchConfig:
    settings = config.settings["localization"]
    source = {"dataset": "shapes", **{key: settings[key] for key in ("train_images", "recipe") if key in settings}}
    bench = _common(replace(config, data_dirs={}), source, "localization")
    return replace(
        bench,
        archs=tuple(settings["networks"]),
        methods=tuple(config.settings["methods"]),
        members=settings["members"],
        images=settings["images"],
    )
