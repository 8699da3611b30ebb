"""The settings of the parts of the noise, before any name is resolved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saliencynoise.engine.command import command_of, words_of
from saliencynoise.engine.config import BenchConfig, check_list, check_out, check_whole
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.own import label_of
from saliencynoise.store.atomic import key_of, slug_of

METHODS = ("gradient", "gradcam(layer=top)", "smoothgrad")
"""The default methods: few, since 36 networks are trained."""


@dataclass(frozen=True, kw_only=True)
class VarianceConfig:
    """The seeds that are varied, and the networks.

    Attributes:
        bench: the data, the architectures, the methods and the recipe; its sampler, members and folder are not used.
        blocks: number of blocks of networks, which share no seeds; intervals are over blocks.
        streams: those varied separately, of "init", "order", "augment" and "dropout"; None for all with an effect.
        out: folder of the results; None for one under ./runs.
    """

    bench: BenchConfig
    blocks: int = 4
    streams: tuple[str, ...] | None = None
    out: str | None = None

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            UsageError: naming the option, its value and the possible ones.
        """
        check_out(self.out)
        check_whole(blocks=self.blocks)
        if self.streams is not None:
            check_list(streams=self.streams)
        self.bench.refuse_bfloat16("variance")
        self.bench.refuse_starts("variance")
        if self.blocks < 2:
            raise UsageError(f"--blocks {self.blocks} is not possible; give 2 or more, which intervals need")
        if not self.bench.methods:
            raise UsageError("no method is named; name one with --method")

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that determines the figures."""
        return {"blocks": self.blocks, "streams": self.streams, "bench": self.bench.settings}

    @property
    def command(self) -> str:
        """The command with these settings; empty where its options cannot express them."""
        streams = None if self.streams is None else ",".join(self.streams)
        own = words_of({"--blocks": self.blocks, "--streams": streams}, {"--blocks": 4})
        return command_of("variance", self.bench.settings, own=own, methods=METHODS, out=self.out, from_file=False)

    @property
    def folder(self) -> Path:
        """The folder of the results."""
        if self.out is not None:
            return Path(self.out)
        name = f"variance-{slug_of(self.bench.dataset)}-{slug_of(label_of(self.bench.archs[0]))}"
        return Path("runs") / f"{name}-{key_of(self.settings)[:6]}"
