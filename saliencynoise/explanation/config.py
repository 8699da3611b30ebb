"""The settings of an explanation, before any name is resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saliencynoise.engine.command import command_of, words_of
from saliencynoise.engine.config import BenchConfig
from saliencynoise.interfaces import UsageError
from saliencynoise.records.target import PREDICTED, Target, parsed

EXPLAIN_METHODS = ("gradient", "integrated_gradients", "gradcam(layer=top)")
"""The default methods: two on pixels, one of which is complete, and a coarse one. They take seconds on a CPU."""


@dataclass(frozen=True, kw_only=True)
class ExplainConfig:
    """Pictures, and the ensemble that explains them.

    Attributes:
        pictures: image files, and folders, whose image files are taken, also from subfolders.
        bench: data set, architecture, sampler, members, recipe, methods, draws, aggregator, device, seed; its images
            and its target are not used.
        arch: the architecture as the user named it; None if they did not, or if a pool determines it.
        pool: folder or name of a pool (or the beginning of one) whose members are taken; nothing is trained then.
        target: the scalar that is explained, as in `records/target.py`: "predicted" (the logit of the class that
            the ensemble votes for), a class by name or index, or a score, of the predicted class where it names none.
    """

    pictures: tuple[str, ...]
    bench: BenchConfig = field(default_factory=lambda: BenchConfig(methods=EXPLAIN_METHODS))
    arch: str | None = None
    pool: str | None = None
    target: str = PREDICTED

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            UsageError: naming the option, its value and the possible ones.
        """
        if not self.pictures:
            raise UsageError("no picture is named; name an image file, or a folder of them")
        wrong = next((name for name in self.pictures if not name or "\0" in name), None)
        if wrong is not None:
            raise UsageError(f"{wrong!r} names no picture; name an image file, or a folder of them")
        if not self.bench.methods:
            raise UsageError("no method is named; name one with --method")
        self.bench.refuse_bfloat16("saliencynoise explain")
        if self.pool is not None and self.bench.init != ("random",):
            raise UsageError("--pool has trained members, which --init cannot change; leave one of them out")
        if self.scalar.of == "true":
            raise UsageError(f"--target {self.target}: pictures have no labels; give predicted, or a class")

    @property
    def scalar(self) -> Target:
        """The class and the score that are explained."""
        return parsed(self.target, default=PREDICTED)

    @property
    def command(self) -> str:
        """The command with these settings."""
        bench = {
            name: value for name, value in self.bench.settings.items() if name not in {"images", "target", "archs"}
        }
        own = words_of(
            {"--arch": self.arch, "--pool": self.pool, "--target": str(self.scalar)}, {"--target": PREDICTED}
        )
        return command_of("explain", bench, own=[*own, *self.pictures], methods=EXPLAIN_METHODS)

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that determines the results, and so the name of their folder; pictures by their paths.

        The pictures' content is not included, so a changed file replaces the results of the former one.
        """
        bench = {name: value for name, value in self.bench.settings.items() if name not in {"images", "target"}}
        pictures = [str(Path(picture).expanduser().absolute()) for picture in self.pictures]
        return {"pictures": pictures, "arch": self.arch, "pool": self.pool, "target": str(self.scalar), "bench": bench}
