"""The settings of a sanity check, before any name is resolved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saliencynoise.engine.command import command_of, words_of
from saliencynoise.engine.config import REFERENCE, BenchConfig, check_out, check_whole
from saliencynoise.interfaces import UsageError
from saliencynoise.records.target import parsed
from saliencynoise.registry.own import label_of
from saliencynoise.store.atomic import key_of, slug_of

METHODS = (
    "gradient",
    "gradient_x_input",
    "integrated_gradients",
    "smoothgrad",
    "guided_backprop",
    "gradcam(layer=top)",
)
"""The default methods, with gradient x input and guided backprop, which fail these tests in the literature."""
TRAINED, UNTRAINED, PERMUTED = "trained", "untrained", "permuted"


@dataclass(frozen=True, kw_only=True)
class SanityConfig:
    """The ensembles of a sanity check.

    Attributes:
        bench: the data, the architectures, the methods, the members and the recipe; its sampler is not used.
        permuted_epochs: passes over the images with permuted labels; 0 for the recipe's.
        out: folder of the results; None for one under ./runs.
    """

    bench: BenchConfig
    permuted_epochs: int = 0
    out: str | None = None

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            UsageError: naming the option, its value and the possible ones.
        """
        check_out(self.out)
        check_whole(permuted_epochs=self.permuted_epochs)
        self.bench.refuse_bfloat16("sanity")
        self.bench.refuse_starts("sanity")
        if not self.bench.methods:
            raise UsageError("no method is named; name one with --method")
        if self.bench.members is not None and self.bench.members < 3:
            raise UsageError(f"--members {self.bench.members} gives no intervals; give 3 or more, 8 for reliable ones")
        if parsed(self.bench.target).of == "predicted":
            raise UsageError("--target predicted differs between trained and other networks; give true, or a class")
        if self.permuted_epochs < 0:
            raise UsageError(
                f"--permuted-epochs {self.permuted_epochs} is not possible; give 1 or more, or 0 for the recipe's"
            )

    @property
    def samplers(self) -> dict[str, str]:
        """The sampler of each ensemble."""
        permuted = f"permuted_labels(epochs={self.permuted_epochs})"
        return {TRAINED: REFERENCE, UNTRAINED: "untrained", PERMUTED: permuted}

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that determines the figures."""
        return {"permuted_epochs": self.permuted_epochs, "bench": self.bench.settings}

    @property
    def command(self) -> str:
        """The command with these settings; empty where its options cannot express them."""
        own = words_of({"--permuted-epochs": self.permuted_epochs}, {"--permuted-epochs": 0})
        return command_of("sanity", self.bench.settings, own=own, methods=METHODS, out=self.out, from_file=False)

    @property
    def folder(self) -> Path:
        """The folder of the results."""
        if self.out is not None:
            return Path(self.out)
        name = f"sanity-{slug_of(self.bench.dataset)}-{slug_of(label_of(self.bench.archs[0]))}"
        return Path("runs") / f"{name}-{key_of(self.settings)[:6]}"
