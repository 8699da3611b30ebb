"""Options that several commands share, and their way into a `BenchConfig`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saliencynoise.cli.complete import complete_archs, complete_datasets, complete_methods, complete_samplers
from saliencynoise.interfaces.errors import UsageError

if TYPE_CHECKING:
    from saliencynoise.engine.config import BenchConfig

Dataset = Annotated[
    str | None,
    typer.Option(
        help="Data set: digits, cifar10, imagenette, shapes, or folder:PATH with a folder for each class (default: "
        "digits).",
        autocompletion=complete_datasets,
        show_default=False,
    ),
]
DataDir = Annotated[
    str | None,
    typer.Option(help="Folder or file that cifar10 or imagenette is read from (default: it is downloaded)."),
]
Groups = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="CSV file with the columns file and group: which test images belong together (writer, patient, video). "
        "Intervals are then for new groups. (Default: the data set's groups.csv, else near duplicates.)",
    ),
]
Archs = Annotated[
    list[str] | None,
    typer.Option(
        "--arch",
        help="Architecture, any name of timm; may be repeated (default: test_resnet).",
        autocompletion=complete_archs,
    ),
]
OneArch = Annotated[
    str | None,
    typer.Option(
        "--arch",
        help="Architecture, any name of timm (default: test_resnet, or the pool's).",
        autocompletion=complete_archs,
    ),
]
Pool = Annotated[
    str | None,
    typer.Option("--pool", help="Folder or name of a pool of trained members; nothing is trained then."),
]
ArchArgs = Annotated[
    list[str] | None,
    typer.Option("--arch-arg", help="key=value for the architecture itself; may be repeated.", metavar="K=V"),
]
Methods = Annotated[
    list[str],
    typer.Option(
        "--method",
        help="Method, with parameters as in 'gradcam(layer=top)'; may be repeated; 'saliencynoise methods' lists them "
        "(default: the eight of the published table).",
        autocompletion=complete_methods,
        show_default=False,
    ),
]
FewMethods = Annotated[
    list[str],
    typer.Option(
        "--method",
        help="Method, with parameters as in 'gradcam(layer=top)'; may be repeated (default: a few).",
        autocompletion=complete_methods,
        show_default=False,
    ),
]
Sampler = Annotated[
    str | None,
    typer.Option(
        help="Where members come from, as 'swag' or checkpoints:'PATH/*.safetensors' (default: deep_ensemble, trained "
        "anew).",
        autocompletion=complete_samplers,
        show_default=False,
    ),
]
Members = Annotated[int | None, typer.Option(help="Networks an architecture (default: 8, or all that there are).")]
Images = Annotated[int | None, typer.Option(help="Test images to attribute (default: 32, or all if fewer).")]
Draws = Annotated[
    int | None,
    typer.Option(help="Runs of each stochastic method, the same for all members (default: 2).", show_default=False),
]
ImageSize = Annotated[int | None, typer.Option(help="Edge of the square images, in pixels.")]
Normalization = Annotated[
    str | None,
    typer.Option(
        help="dataset, imagenet, none or MEAN/STD, for networks trained elsewhere (default: dataset).",
        show_default=False,
    ),
]
TrainImages = Annotated[int | None, typer.Option(help="Train on so many images only, for a quick look.")]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training images (default: the recipe's).")]
Target = Annotated[
    str | None,
    typer.Option(
        help="Class to explain: true, predicted (by the ensemble), or an index (default: true).", show_default=False
    ),
]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps (default: auto).", show_default=False)]
Precision = Annotated[
    str | None,
    typer.Option(
        help="Of attribution: float32, or bfloat16 with its error on 8 images (default: float32).", show_default=False
    ),
]
Seed = Annotated[int | None, typer.Option(help="Seed of the run (default: 0).", show_default=False)]
Aggregator = Annotated[
    str | None, typer.Option(help="How members' maps become one (default: mean).", show_default=False)
]
KeepMaps = Annotated[
    str | None,
    typer.Option(help="Maps to keep: all, mean (the aggregated one) or none (default: all).", show_default=False),
]
Untrained = Annotated[
    str | None,
    typer.Option(
        help="Methods to compare with untrained networks: auto (on a layer, or of one sign), all, none (default: "
        "auto).",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Worker processes on the CPU; 0 works in the command's process (default: one a core, as far as the memory "
        "allows). No figure depends on it.",
        metavar="N",
    ),
]
Out = Annotated[str | None, typer.Option(help="Folder of the results (default: one under ./runs).")]
Fresh = Annotated[
    bool | None, typer.Option("--fresh", help="Train and attribute again, ignoring what is there.", show_default=False)
]
Config = Annotated[
    Path | None,
    typer.Option(help="TOML file with these options (archs, methods, members ...) and a table named recipe."),
]
FrontierMethods = Annotated[
    list[str],
    typer.Option(
        "--method",
        help="Method, with parameters; may be repeated (default: gradient and gradcam(layer=top)).",
        autocompletion=complete_methods,
        show_default=False,
    ),
]
Samplers = Annotated[
    list[str],
    typer.Option(
        "--sampler",
        help="Sampler to compare, with parameters as in 'noisegrad(noise=0.1)'; may be repeated (default: "
        "deep_ensemble, snapshot, swag, mc_dropout, noisegrad, fusiongrad).",
        autocompletion=complete_samplers,
        show_default=False,
    ),
]
Aggregators = Annotated[
    list[str],
    typer.Option(
        "--aggregator", help="How members' maps become one; may be repeated (default: mean).", show_default=False
    ),
]
Budgets = Annotated[
    str,
    typer.Option(
        help="Numbers of members whose maps are averaged (default: 1,2,4,8).", metavar="N,N", show_default=False
    ),
]
Runs = Annotated[int, typer.Option(help="Independent base runs of each sampler (default: 4).", show_default=False)]
Reference = Annotated[
    int,
    typer.Option(help="Networks trained anew that no sampler uses, to compare with (default: 16).", show_default=False),
]
BenchFile = Annotated[
    Path | None, typer.Option(help="TOML file with the options of bench; its members and sampler are not used.")
]
Run = Annotated[str, typer.Argument(help="Folder of a run.", metavar="RUN")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress, and print only where the results lie.")]
Report = Annotated[
    bool, typer.Option("--report/--no-report", help="Write the report, report.html in the run's folder.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


def named_by_user(context: typer.Context) -> set[str]:
    """Return the parameters that the user gave; the others have their defaults."""
    return {name for name in context.params if _source(context, name) != "DEFAULT"}


def _source(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return "DEFAULT" if source is None else source.name


def config_of(
    arch_args: list[str] | None,
    epochs: int | None,
    given: Mapping[str, Any],
    *,
    file: Path | None = None,
    named: Collection[str] = (),
) -> BenchConfig:
    """Build the config: the defaults among `given`, then the file, then the options that the user named.

    Args:
        arch_args: arguments of the architecture, of the form key=value.
        epochs: passes over the training images, where they are given.
        given: values of the options, including defaults.
        file: TOML file with settings.
        named: the options on the command line; they override those of the file.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.
    """
    from saliencynoise.engine.config import config_from, read_toml  # noqa: PLC0415 - only when a command runs
    from saliencynoise.registry.parameters import parse_pairs  # noqa: PLC0415 - as above

    values = {name: value for name, value in given.items() if value is not None}
    if file:
        values |= read_toml(file) | {name: value for name, value in values.items() if name in named}
    if arch_args:
        values["arch_args"] = parse_pairs(arch_args, where="--arch-arg")
    if epochs is not None:
        values["epochs"] = epochs
    return config_from(values)


def numbers(text: str) -> tuple[int, ...]:
    """Return the whole numbers of `--budgets`.

    Raises:
        UsageError: if a part is no whole number.

    >>> numbers("1,2, 4")
    (1, 2, 4)
    """
    if not all(re.fullmatch("[0-9]{1,18}", part.strip()) for part in text.split(",")):
        raise UsageError(f"--budgets {text} is not possible; give whole numbers with commas between, as in 1,2,4,8")
    return tuple(int(part) for part in text.split(","))
