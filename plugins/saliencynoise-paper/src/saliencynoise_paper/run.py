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
from saliencynoise.engine.dispatch import Dispatchers
from saliencynoise.engine.plan import load_dataset
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
        study: which study holds it.
        network: the architecture.
    """

    axis: Literal["depth", "width", "residual", "normalisation", "epochs"]
    value: int | str
    study: str
    network: str


@dataclass(frozen=True, kw_only=True)
class PaperConfig:
    """What is to be made.

    Attributes:
        panels: of `PANELS`.
        scale: of `SCALES`.
        datasets: names of the scale's data sets that are used; empty for all.
        data_dirs: where data sets lie, by name; "" for any data set that has none of its own.
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
        known = [source["dataset"] for source in self.settings["sources"]]
        for name in [*self.datasets, *filter(None, self.data_dirs)]:
            if name not in known:
                raise UsageError(f"scale {self.scale} does not use the data set '{name}'; it uses {', '.join(known)}")
        if "" in self.data_dirs and len(self.sources) > 1:
            names = " ".join(f"--data-dir {source['dataset']}=FOLDER" for source in self.sources)
            raise UsageError(f"--data-dir {self.data_dirs['']} names no data set, and there are several; give {names}")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The scale, as it stands in `paper.toml`."""
        settings: Mapping[str, Any] = _scales()[self.scale]
        return settings

    @property
    def folder(self) -> Path:
        """Where panels and studies go."""
        return Path(self.out) if self.out is not None else Path("runs") / f"paper-{self.scale}"

    @property
    def sources(self) -> list[Mapping[str, Any]]:
        """The data sets that are used: label, name and settings."""
        return [own for own in self.settings["sources"] if not self.datasets or own["dataset"] in self.datasets]

    @property
    def variations(self) -> list[Varied]:
        """The points of the architecture panel; they share a study but for the lengths of training."""
        own = self.settings["architecture"]
        points = [
            Varied(axis=axis, value=int(value) if axis in NUMBERED else value, study="architecture", network=network)
            for axis in AXES
            for value, network in own[axis].items()
        ]
        lengths = [
            Varied(axis="epochs", value=epochs, study=f"epochs-{epochs}", network=own["reference"])
            for epochs in own["epochs"]
        ]
        return [*points, *lengths]


def benches(config: PaperConfig) -> dict[str, BenchConfig]:
    """Return the benches that the panels need, by the names of their studies; those of more networks come first."""
    found: dict[str, BenchConfig] = {}
    for source in config.sources:
        place = source["dataset"]
        if {"gradients", "dream"} & set(config.panels):
            found[f"gradients-{place}"] = _gradients(config, source)
        if set(_OF_MAPS) & set(config.panels):
            found[f"maps-{place}"] = _maps(config, source)
    if "architecture" in config.panels:
        found |= _architectures(config)
    if "localization" in config.panels:
        found["localization"] = _localization(config)
    return found


def run_paper(config: PaperConfig, observer: Observer) -> dict[str, Study]:
    """Run what the panels need, or find it; return the studies by name.

    Raises:
        UsageError: naming the setting that cannot be used, and the fix.
    """
    asked = benches(config)
    _, *later = {(bench.dataset, bench.data_dir): bench for bench in asked.values()}.values()
    for bench in later:
        load_dataset(bench)  # before hours are spent on the first one
    with holding(config.folder), Dispatchers() as dispatchers:
        return {name: run(bench, observer, dispatchers) for name, bench in asked.items()}


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
    own, dream = scale["gradients"], scale["dream"]
    return replace(
        _common(config, source, f"gradients-{source['dataset']}"),
        archs=(scale["networks"][own["network"]],),
        methods=("gradient",),
        members=max(own["members"], dream["members"] + dream["held_out"]),
        images=own["images"],
    )


def _architectures(config: PaperConfig) -> dict[str, BenchConfig]:
    """Return a bench of all networks, and one for each length of training."""
    own, source = config.settings["architecture"], config.sources[0]
    recipe = {**source.get("recipe", {}), **own.get("recipe", {})}
    source = {**source, "recipe": recipe, "train_images": own.get("train_images", source.get("train_images"))}
    networks: dict[str, list[str]] = {}
    for point in config.variations:
        networks.setdefault(point.study, []).append(point.network)
    found = {}
    for name, texts in networks.items():
        bench = replace(
            _common(config, source, name),
            archs=tuple(dict.fromkeys(texts)),
            methods=tuple(own["methods"]),
            members=own["members"],
            images=own["images"],
        )
        epochs = re.fullmatch(r"epochs-(\d+)", name)
        found[name] = replace(bench, recipe={**bench.recipe, "epochs": int(epochs[1])}) if epochs else bench
    return found


def _localization(config: PaperConfig) -> BenchConfig:
    own = config.settings["localization"]
    source = {"dataset": "shapes", **{key: own[key] for key in ("train_images", "recipe") if key in own}}
    bench = _common(replace(config, data_dirs={}), source, "localization")
    return replace(
        bench,
        archs=tuple(own["networks"]),
        methods=tuple(config.settings["methods"]),
        members=own["members"],
        images=own["images"],
    )
