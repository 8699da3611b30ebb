"""The user's request for a dream, checked before a network is trained or a picture read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from saliencynoise.engine.command import command_of, words_of
from saliencynoise.engine.config import BenchConfig, check_out, config_from, default_archs
from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import key_of, slug_of
from saliencynoise_dream.comparison import Gradient
from saliencynoise_dream.config import DreamConfig

SINGLES = 3
"""Default number of members that also dream alone."""

LAYER = "top"
"""The default layer of a dream from a picture."""

MOST_CLASSES = 10
"""Number of classes, the first ones, that are dreamt of by default."""

HOW: Mapping[str, Any] = {"octave_scale": 1.8, "step_size": 0.015}
"""Settings of the command that differ from `DreamConfig`: chosen by eye, on small networks of CIFAR-10 and digits."""


AT_EDGE = ("jitter", "smoothing")
"""The settings that follow from the edge of the pictures."""


def default_dream_config(edge: int, given: Mapping[str, Any]) -> DreamConfig:
    """Return the settings for pictures of a size: the jitter grows with it, the smoothing grows up to one pixel.

    Args:
        edge: edge of the square pictures, in pixels.
        given: fields of `DreamConfig` that the user has set.

    Raises:
        UsageError: if a value is impossible.

    >>> configs = [default_dream_config(edge, given) for edge, given in ((16, {}), (32, {}), (224, {"smoothing": 0}))]
    >>> [(config.jitter, config.smoothing) for config in configs]
    [(1, 0.5), (2, 1.0), (14, 0)]
    """
    return DreamConfig(**{**HOW, "jitter": max(1, edge // 16), "smoothing": min(1.0, edge / 32), **given})


GRADIENTS: Mapping[str, tuple[Gradient, ...]] = {
    "mean": ("mean",),
    "random": ("random",),
    "both": ("mean", "random"),
}


@dataclass(frozen=True, kw_only=True)
class DreamRequest:
    """The objective of a dream, its networks, and its judges.

    Attributes:
        bench: the data, the one architecture, the members that dream, the recipe, the device and the seed.
        picture: image file to start from; None for faint noise about the data's mean pixel.
        classes: names or indices of the classes to dream of; none for the first ten, or from a picture for `layer`.
        layer: dream of this layer's energy instead: "top", "intermediate", or the path of a module.
        held_out: number of further members, which only judge.
        singles: number of members that also dream alone; None for three, or all if fewer dream.
        gradient: gradient that the ensemble follows: "mean", "random" (of one member, drawn at each step), or "both".
        how: fields of `DreamConfig` that differ from `default_dream_config`, without `gradient`, `seed` and
            `keep_steps`.
        pool: folder or name of a pool whose members dream and judge; None to train them, or find them trained.
        gif: also write the steps as an animation.
        out: folder of the results; None for one under ./runs.
    """

    bench: BenchConfig = field(default_factory=BenchConfig)
    picture: str | None = None
    classes: Sequence[str] = ()
    layer: str | None = None
    held_out: int = 2
    singles: int | None = None
    gradient: str = "mean"
    how: Mapping[str, Any] = field(default_factory=dict)
    pool: str | None = None
    gif: bool = False
    out: str | None = None

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            UsageError: naming the option, its value and the possible ones.
        """
        check_out(self.out)
        default_dream_config(32, self.how)
        if self.classes and self.layer is not None:
            raise UsageError("a dream is of classes or of a layer; give --class or --layer, not both")
        if self.gradient not in GRADIENTS:
            raise UsageError(f"--gradient {self.gradient} is not possible; choose {', '.join(GRADIENTS)}")
        for option, value in (("--held-out", self.held_out), ("--singles", self.singles)):
            if value is not None and (type(value) is not int or value < 1):
                raise UsageError(f"{option} {value} is not possible; give 1 or more")
        members = self.bench.members
        if members is not None and self.singles is not None and self.singles > members:
            raise UsageError(f"--singles {self.singles} is more than the members that dream; give {members} or fewer")
        if len(self.bench.archs) != 1:
            raise UsageError(f"--arch is given {len(self.bench.archs)} times; name one architecture")

    @property
    def of_layer(self) -> str | None:
        """The layer to dream of; None for classes."""
        return LAYER if self.layer is None and self.picture is not None and not self.classes else self.layer

    @property
    def settings(self) -> dict[str, Any]:
        """All settings that determine the figures."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        settings = {name: value for name, value in values.items() if name not in {"bench", "how", "gif", "out"}}
        bench = {name: value for name, value in self.bench.settings.items() if name in _BENCH}
        return {**settings, "classes": list(self.classes), "how": dict(self.how), "bench": bench}

    @property
    def command(self) -> str:
        """The command with these settings; empty where its options cannot express them."""
        bench = {name: value for name, value in self.bench.settings.items() if name in _BENCH and name != "archs"}
        arch = None if self.bench.archs == default_archs() or self.pool is not None else self.bench.archs[0]
        options = {
            "--arch": arch,
            "--class": list(self.classes),
            "--layer": self.layer,
            "--held-out": self.held_out,
            "--singles": self.singles,
            "--gradient": self.gradient,
            "--pool": self.pool,
            **{f"--{name.replace('_', '-')}": value for name, value in self.how.items()},
        }
        own = words_of(options, {"--held-out": 2, "--gradient": "mean"})
        own += [*(["--gif"] if self.gif else []), *([] if self.picture is None else [self.picture])]
        return command_of("dream", bench, own=own, out=self.out, from_file=False)

    @property
    def folder(self) -> Path:
        """The folder of the results."""
        if self.out is not None:
            return Path(self.out)
        name = f"dream-{slug_of(self.bench.dataset)}-{slug_of(self.pool or self.bench.archs[0])}"
        return Path("runs") / f"{name}-{key_of(self.settings)[:6]}"


_BENCH = (
    *("dataset", "archs", "arch_args", "members", "image_size", "normalization"),
    *("train_images", "recipe", "device", "seed"),
)
"""Settings of a bench that a dream depends on."""


def request_from(values: Mapping[str, Any]) -> DreamRequest:
    """Build a request from plain values: those of `DreamRequest`, of `DreamConfig` and, all others, of `BenchConfig`.

    Values of None are left out, and so are values equal to those of `default_dream_config`.

    Raises:
        UsageError: if a key is unknown or a value impossible.

    >>> request_from({"classes": ["3"], "members": 4, "steps": 5, "octaves": 3, "jitter": None}).how
    {'steps': 5}
    """
    names = {entry.name for entry in fields(DreamRequest)} - {"bench", "how"}
    ascent = {entry.name for entry in fields(DreamConfig)} - {"gradient", "seed", "keep_steps"}
    usual: dict[str, Any] = {entry.name: entry.default for entry in fields(DreamConfig) if entry.name not in AT_EDGE}
    usual.update(HOW)
    options = {name: value for name, value in values.items() if value is not None}
    how = {name: value for name, value in options.items() if name in ascent}
    bench = {"methods": ()} | {name: value for name, value in options.items() if name not in names | ascent}
    return DreamRequest(
        bench=config_from(bench),
        how={name: value for name, value in how.items() if name not in usual or value != usual[name]},
        **{name: value for name, value in options.items() if name in names},
    )
