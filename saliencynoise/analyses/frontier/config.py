"""The settings of a frontier, before any name is resolved."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from saliencynoise.engine.command import command_of, words_of
from saliencynoise.engine.config import MOST_MEMBERS, BenchConfig, check_list, check_out, check_whole
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.own import label_of
from saliencynoise.store.atomic import key_of, slug_of

METHODS = ("gradient", "gradcam(layer=top)")
"""The default methods: a noisy one and a less noisy one."""
SAMPLERS = ("deep_ensemble", "snapshot", "swag", "mc_dropout", "noisegrad", "fusiongrad")
BUDGETS = (1, 2, 4, 8)


@dataclass(frozen=True, kw_only=True)
class FrontierConfig:
    """The strategies of a frontier, and the runs that compare them.

    Attributes:
        bench: the data, the architectures, the methods and the recipe; its sampler, aggregator, members and folder are
            not used.
        samplers: with parameters; the deep ensemble is always among them, as the reference.
        aggregators: with parameters, of maps.
        budgets: numbers of members whose maps are aggregated.
        runs: independent base runs of each cheaper sampler.
        reference: held-out members of the deep ensemble.
        out: folder of the results; None for one under ./runs.
    """

    bench: BenchConfig
    samplers: tuple[str, ...] = SAMPLERS
    aggregators: tuple[str, ...] = ("mean",)
    budgets: tuple[int, ...] = BUDGETS
    runs: int = 4
    reference: int = 16
    out: str | None = None

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            UsageError: naming the option, its value and the possible ones.
        """
        check_out(self.out)
        check_list(samplers=self.samplers, aggregators=self.aggregators, budgets=self.budgets)
        check_whole(runs=self.runs, reference=self.reference)
        self.bench.refuse_bfloat16("frontier")
        self.bench.refuse_starts("frontier")
        if not self.bench.methods:
            raise UsageError("no method is named; name one with --method")
        if not (self.samplers and self.aggregators):
            raise UsageError("no sampler or no aggregator is named; give --sampler NAME and --aggregator NAME")
        if not self.budgets or min(self.budgets) < 1 or len(set(self.budgets)) < len(self.budgets):
            budgets = ",".join(map(str, self.budgets))
            raise UsageError(f"--budgets {budgets} is not possible; give different numbers of 1 or more, as in 1,2,4,8")
        if self.runs < 1:
            raise UsageError(f"--runs {self.runs} is not possible; give 1 or more, 4 for intervals")
        if self.reference < 4:
            raise UsageError(f"--reference {self.reference} is not possible; give 4 held-out members or more")
        if self.runs * max(self.budgets) == 1:
            raise UsageError("--runs 1 with --budgets 1 leaves a single network; give --runs 4, or larger budgets")
        if max(self.runs * max(self.budgets), self.ensemble + self.reference) > MOST_MEMBERS:
            raise UsageError(
                f"--runs {self.runs}, --budgets {max(self.budgets)} and --reference {self.reference} make more than "
                f"{MOST_MEMBERS} members; give smaller numbers"
            )

    @property
    def ensemble(self) -> int:
        """The number of deep-ensemble members before the held-out ones; cheaper samplers start from them."""
        return max(*self.budgets, self.runs)

    @property
    def held_out(self) -> range:
        """The members of the deep ensemble that no strategy uses."""
        return range(self.ensemble, self.ensemble + self.reference)

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that determines the figures: all but `out`."""
        settings = {
            field.name: getattr(self, field.name) for field in fields(self) if field.name not in {"bench", "out"}
        }
        return {**settings, "bench": self.bench.settings}

    @property
    def command(self) -> str:
        """The command with these settings."""
        options = {
            "--sampler": self.samplers,
            "--aggregator": self.aggregators,
            "--budgets": ",".join(map(str, self.budgets)),
            "--runs": self.runs,
            "--reference": self.reference,
        }
        usual = {
            "--sampler": SAMPLERS,
            "--aggregator": ("mean",),
            "--budgets": ",".join(map(str, BUDGETS)),
            "--runs": 4,
            "--reference": 16,
        }
        own = words_of(options, usual)
        return command_of("frontier", self.bench.settings, own=own, methods=METHODS, out=self.out)

    @property
    def folder(self) -> Path:
        """The folder of the results."""
        if self.out is not None:
            return Path(self.out)
        names = (self.bench.dataset, label_of(self.bench.archs[0]), key_of(self.settings)[:6])
        return Path("runs") / "-".join(["frontier", *map(slug_of, names)])
