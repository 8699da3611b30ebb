"""Options that several commands share, and their way into a `BenchConfig`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saliencynoise.cli.commands import OUTPUT
from saliencynoise.cli.complete import (
    complete_archs,
    complete_datasets,
    complete_methods,
    complete_runs,
    complete_samplers,
)
from saliencynoise.interfaces.errors import UsageError

if TYPE_CHECKING:
    from saliencynoise.engine.config import BenchConfig

# the headings of options in a command's --help; "Output" also has --help itself
in_data = partial(typer.Option, rich_help_panel="Data")
in_networks = partial(typer.Option, rich_help_panel="Networks")
in_maps = partial(typer.Option, rich_help_panel="Methods and maps")
in_run = partial(typer.Option, rich_help_panel="Computation")
in_output = partial(typer.Option, rich_help_panel=OUTPUT)

Dataset = Annotated[
    str | None,
    in_data(
        help="Data set: digits, cifar10, imagenette, shapes, folder:PATH with a subfolder for each class, csv:FILE or "
        "hf:PATH (default: digits).",
        autocompletion=complete_datasets,
        show_default=False,
        metavar="NAME",
    ),
]
DataDir = Annotated[
    str | None,
    in_data(
        help="Folder or file with the data of cifar10 or imagenette (default: they are downloaded).", metavar="FOLDER"
    ),
]
Groups = Annotated[
    str | None,
    in_data(
        metavar="FILE",
        help="CSV file with the columns file and group, for test images that belong together (one writer, patient or "
        "video). Intervals are then for new groups. (Default: the data set's groups.csv, else near duplicates.)",
    ),
]
Archs = Annotated[
    list[str] | None,
    in_networks(
        "--arch",
        help="Architecture: any name of timm, or own code as in 'my_net.py:Net(width=32)'; may be repeated (default: "
        "test_resnet).",
        autocompletion=complete_archs,
        metavar="NAME",
    ),
]
OneArch = Annotated[
    str | None,
    in_networks(
        "--arch",
        help="Architecture: any name of timm, or own code as in 'my_net.py:Net(width=32)' (default: test_resnet, or "
        "the architecture of the pool).",
        autocompletion=complete_archs,
        metavar="NAME",
    ),
]
Pool = Annotated[
    str | None,
    in_networks("--pool", help="Folder or name of a pool of trained members. Nothing is trained then.", metavar="NAME"),
]
ArchArgs = Annotated[
    list[str] | None,
    in_networks("--arch-arg", help="Argument of the architecture, as key=value; may be repeated.", metavar="K=V"),
]


def _methods(default: str) -> Any:
    """Return the option --method, whose help names the default."""
    return in_maps(
        "--method",
        help="Attribution method, with parameters as in 'gradcam(layer=top)'; may be repeated; 'saliencynoise methods' "
        f"lists them (default: {default}).",
        autocompletion=complete_methods,
        show_default=False,
        metavar="NAME",
    )


Methods = Annotated[list[str], _methods("the eight of the published table")]
ExplainMethods = Annotated[list[str], _methods("gradient, integrated_gradients, gradcam(layer=top)")]
FrontierMethods = Annotated[list[str], _methods("gradient, gradcam(layer=top)")]
SanityMethods = Annotated[
    list[str],
    _methods("gradient, gradient_x_input, integrated_gradients, smoothgrad, guided_backprop, gradcam(layer=top)"),
]
VarianceMethods = Annotated[list[str], _methods("gradient, gradcam(layer=top), smoothgrad")]
Sampler = Annotated[
    str | None,
    in_networks(
        help="Source of the members, as 'swag' or checkpoints:'PATH/*.safetensors' (default: deep_ensemble, which "
        "trains each member independently).",
        autocompletion=complete_samplers,
        show_default=False,
        metavar="NAME",
    ),
]
Init = Annotated[
    list[str],
    in_networks(
        "--init",
        help="Weights that members begin with: random, timm (its pretrained weights), a file, 'PATTERN' or a pool; may "
        "be repeated: members take the starts in turn (default: random).",
        metavar="START",
        show_default=False,
    ),
]
Tune = Annotated[
    list[str],
    in_networks(
        "--tune",
        help="Part that trains after a start: all, head, or modules and the head, as layer4,layer3 (default: all).",
        metavar="PART",
        show_default=False,
    ),
]
Members = Annotated[
    int | None,
    in_networks(help="Number of networks of each architecture (default: 8, or all that the sampler has).", metavar="N"),
]
Images = Annotated[
    int | None,
    in_data(help="Number of test images to attribute (default: 32, or all if there are fewer).", metavar="N"),
]
Draws = Annotated[
    int | None,
    in_maps(
        help="Number of repetitions of each stochastic method, 2 or more (default: 2).", show_default=False, metavar="N"
    ),
]
ImageSize = Annotated[
    int | None, in_data(help="Edge of the square images, in pixels (default: the data set's).", metavar="PIXELS")
]
Normalization = Annotated[
    str | None,
    in_data(
        help="Normalization of the images: dataset (its mean and deviation), imagenet, none (pixels from 0 to 1), "
        "MEAN/STD, timm (mean, deviation and image size of timm's data configuration), or auto: that of the weights "
        "with --init timm, else dataset (default: auto).",
        show_default=False,
        metavar="NAME",
    ),
]
TrainImages = Annotated[int | None, in_data(help="Number of training images (default: all).", metavar="N")]
Epochs = Annotated[
    int | None, in_networks(help="Number of passes over the training images (default: the recipe's).", metavar="N")
]
Target = Annotated[
    str | None,
    in_maps(
        help="Scalar that is explained: the logit of true (the label's class), predicted (the ensemble's vote) or a "
        "CLASS by name or index; or logprob(CLASS), probability(CLASS), margin(CLASS), contrast(CLASS,CLASS); or "
        "FILE.py:FUNCTION from outputs to scores (default: true).",
        show_default=False,
        metavar="TARGET",
    ),
]
Device = Annotated[
    str | None,
    in_run(help="Device: auto, cpu, cuda, cuda:N or mps (default: auto).", show_default=False, metavar="DEVICE"),
]
Precision = Annotated[
    str | None,
    in_run(
        help="Precision of the attribution: float32, or bfloat16, whose error is measured on 8 images (default: "
        "float32).",
        show_default=False,
        metavar="NAME",
    ),
]
Seed = Annotated[int | None, in_run(help="Seed of the run, 0 or more (default: 0).", show_default=False, metavar="N")]
Aggregator = Annotated[
    str | None,
    in_maps(
        help="Aggregator that makes the marginal map from members' maps (default: mean).",
        show_default=False,
        metavar="NAME",
    ),
]
KeepMaps = Annotated[
    str | None,
    in_output(
        help="Maps to keep on disk: all, mean (the marginal map only) or none (default: all).",
        show_default=False,
        metavar="WHICH",
    ),
]
Untrained = Annotated[
    str | None,
    in_maps(
        help="Methods to compare with untrained networks: auto (methods on a layer, and those whose maps have one "
        "sign), all, or none (default: auto).",
        show_default=False,
        metavar="WHICH",
    ),
]
Workers = Annotated[
    int | None,
    in_run(
        help="Number of worker processes on the CPU; 0 works in the command's own process. Results do not depend on it "
        "(default: one per core, or fewer if the memory is small).",
        metavar="N",
    ),
]
Out = Annotated[str | None, in_output(help="Folder for the results (default: a folder in ./runs).", metavar="FOLDER")]
Fresh = Annotated[
    bool | None,
    in_run("--fresh", help="Train and attribute again, even if results exist.", show_default=False),
]
Config = Annotated[
    Path | None,
    in_run(help="TOML file with these options (archs, methods, members ...) and a table named recipe.", metavar="FILE"),
]
Samplers = Annotated[
    list[str],
    in_networks(
        "--sampler",
        help="Sampler to compare, with parameters as in 'noisegrad(noise=0.1)'; may be repeated (default: "
        "deep_ensemble, snapshot, swag, mc_dropout, noisegrad, fusiongrad).",
        autocompletion=complete_samplers,
        show_default=False,
        metavar="NAME",
    ),
]
Aggregators = Annotated[
    list[str],
    in_maps(
        "--aggregator",
        help="Aggregator that makes one map from members' maps; may be repeated (default: mean).",
        show_default=False,
        metavar="NAME",
    ),
]
Budgets = Annotated[
    str,
    in_networks(
        help="Numbers of members whose maps are averaged (default: 1,2,4,8).", metavar="N,N", show_default=False
    ),
]
Runs = Annotated[
    int,
    in_networks(help="Number of independent base runs of each sampler (default: 4).", show_default=False, metavar="N"),
]
Reference = Annotated[
    int,
    in_networks(
        help="Number of independently trained networks that no sampler uses and that judge all samplers (default: 16).",
        show_default=False,
        metavar="N",
    ),
]
BenchFile = Annotated[
    Path | None,
    in_run(help="TOML file with the options of bench. Its members and sampler are not used.", metavar="FILE"),
]
Run = Annotated[
    str | None,
    typer.Argument(
        help="Folder of the results; in ./runs its name, a beginning of it or its last part (default: the latest).",
        metavar="[RUN]",
        autocompletion=complete_runs,
        show_default=False,
    ),
]
Legend = Annotated[bool, in_output("--legend", help="Explain every column and row of the table.")]
Quiet = Annotated[bool, in_output("--quiet", "-q", help="Show no progress; print only the folder of the results.")]
Report = Annotated[
    bool,
    in_output(
        "--report/--no-report",
        help="Write the report, report.html, into the run's folder (default: yes).",
        show_default=False,
    ),
]
Json = Annotated[bool, in_output("--json", help="Print one JSON document on stdout and nothing else.")]


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
    """Build the config: the file overrides the defaults in `given`, and options that the user named override the file.

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
