"""The functions of `import saliencynoise as sn`: the commands, from Python.

A function and the command of its name have the same parameters and defaults. `None` stands for a value that depends on
the data, the architecture or the sampler. Every wrong value is a `UsageError`, which names the value and the fix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from saliencynoise.analyses.frontier.config import BUDGETS, SAMPLERS, FrontierConfig
from saliencynoise.analyses.frontier.config import METHODS as FRONTIER_METHODS
from saliencynoise.analyses.result import AnalysisResult
from saliencynoise.analyses.sanity.config import METHODS as SANITY_METHODS
from saliencynoise.analyses.sanity.config import SanityConfig
from saliencynoise.analyses.variance.config import METHODS as VARIANCE_METHODS
from saliencynoise.analyses.variance.config import VarianceConfig
from saliencynoise.engine import study as engine_study
from saliencynoise.engine.config import DEFAULT_METHODS, config_from
from saliencynoise.engine.observer import Observer
from saliencynoise.explanation.config import EXPLAIN_METHODS, ExplainConfig
from saliencynoise.interfaces import Dataset, UsageError
from saliencynoise.records.common import Scalar

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image
    from torch import Tensor, nn

    from saliencynoise.explanation.drawable import DrawableExplanation
    from saliencynoise.records.frontier import FrontierRecord
    from saliencynoise.records.sanity import SanityRecord
    from saliencynoise.records.variance import VarianceRecord
    from saliencynoise.report.plots import Plots

PathLike = str | Path
PictureLike: TypeAlias = "Image.Image | np.ndarray[Any, Any] | Tensor"
"""A picture in memory."""

Listed = Sequence[Any] | PathLike | Any
"""A value for each of several things: a list, array or tensor, or the path of a file with one a line."""
Architecture: TypeAlias = "Callable[..., nn.Module]"
"""A function or class of the user's that returns a network: its parameters `in_shape`, `num_classes` and `in_chans` are
filled from the data set, and `arch_args` gives others."""

DatasetLike = Sequence[Any] | Mapping[Any, Any] | Dataset
"""Data in memory: a pair (train, test), a mapping with these keys, or a `Dataset` of this package."""


class Study(engine_study.Study):
    """The results of a bench, with its figures and its report.

    Attributes:
        result: the document of `result.json`: configuration, provenance, members, images, cells.
        folder: its folder, with `snr.parquet` and `maps`.

    Example:
        >>> import saliencynoise as sn
        >>> study = sn.Study.load("runs/mine")                             # doctest: +SKIP
        >>> study.table[["method", "snr", "snr_low", "snr_high"]]          # doctest: +SKIP
        >>> study.plot.curve().savefig("curve.png")                        # doctest: +SKIP
    """

    @property
    def plot(self) -> Plots:
        """The figures of this study: `study.plot.maps()` and so on, each a matplotlib figure."""
        from saliencynoise.report.plots import Plots

        return Plots(self)

    def report(self, path: PathLike | None = None) -> Path:
        """Write this study's report, one HTML page that needs no other file, and return its path.

        Args:
            path: path of the page; None for `report.html` in the study's folder.

        Raises:
            UsageError: if the file cannot be written.
        """
        from saliencynoise.report.html.study import write_report

        return write_report(self, path)

    def text(self, *, width: int = 100, legend: bool = False) -> str:
        """Return what `saliencynoise show` prints: the table, its notes and warnings, the finding, and what is next.

        Args:
            width: number of columns, 80 or more.
            legend: explain every column.
        """
        from io import StringIO

        from saliencynoise.display.terminal import Terminal
        from saliencynoise.report.table import print_study

        file = StringIO()
        print_study(self, Terminal(file=file, width=width), legend=legend)
        return file.getvalue()

    def to_latex(self, columns: Sequence[str] | str | None = None) -> str:
        """Return the table for a paper as LaTeX, with booktabs and a caption, as `saliencynoise show --format latex`.

        Args:
            columns: names of columns, in their order: some of "snr", "reliability", "networks", "pixels", "p",
                "published", "floor", "alone", "untrained", "accuracy"; None for the first four.

        Raises:
            UsageError: if a name is unknown.
        """
        from saliencynoise.publishing.formats import table_text

        return table_text(self, "latex", columns=columns)

    def to_markdown(self, columns: Sequence[str] | str | None = None) -> str:
        """Return the same as Markdown."""
        from saliencynoise.publishing.formats import table_text

        return table_text(self, "markdown", columns=columns)

    def _repr_html_(self) -> str:
        """Show the table in a notebook."""
        from saliencynoise.report.html.notebook import study_html

        return study_html(self)


def bench(
    *,
    dataset: str | DatasetLike = "digits",
    data_dir: PathLike | None = None,
    groups: PathLike | None = None,
    archs: Sequence[str | Architecture] | None = None,
    arch_args: Mapping[str, Scalar] | None = None,
    methods: Sequence[str | Callable[..., Any]] = DEFAULT_METHODS,
    sampler: str = "deep_ensemble",
    init: PathLike | Sequence[PathLike] = "random",
    tune: str | Sequence[str] = "all",
    members: int | None = None,
    images: int | None = None,
    draws: int = 2,
    image_size: int | None = None,
    normalization: str = "auto",
    train_images: int | None = None,
    epochs: int | None = None,
    recipe: Mapping[str, Scalar] | None = None,
    target: str | int | Callable[[Any], Any] = "true",
    device: str = "auto",
    precision: Literal["float32", "bfloat16"] = "float32",
    seed: int = 0,
    aggregator: str = "mean",
    untrained: Literal["auto", "all", "none"] = "auto",
    keep_maps: Literal["all", "mean", "none"] = "all",
    workers: int | None = None,
    out: PathLike | None = None,
    fresh: bool = False,
    quiet: bool = False,
    observer: Observer | None = None,
) -> Study:
    """Train an ensemble, or take it from the pool, attribute test images, and return the SNR of the maps.

    The study is on disk when it is returned. Trained members are kept in a pool and never trained twice.

    Args:
        dataset: a name, as "digits", "cifar10", "imagenette" or "shapes", "folder:PATH", "csv:FILE" or "hf:PATH"; or
            data in memory: a pair (train, test) of torch data sets, or of pairs (images, labels) of tensors or arrays;
            or a mapping from "train" and "test" to such parts.
        data_dir: folder or file that the data set is read from; None to download it where it must be.
        groups: CSV file with the columns "file" and "group", for test images that belong together (one writer,
            patient or video); None for the data set's groups.
        archs: names of architectures, of own code as in "my_net.py:Net(width=32)", or functions or classes that return
            an nn.Module; None for a small one: "test_resnet" where timm is installed.
        arch_args: arguments of the architectures.
        methods: names of methods, with parameters as in "gradcam(layer=top)", or what `@sn.method` decorates.
        sampler: source of the members; "deep_ensemble" trains each member independently.
        init: weights that members begin with: "random", "timm" (its pretrained weights), a file, a pattern, a pool, or
            several of these, which members take in turn.
        tune: the part that trains from a start: "all", "head", or paths of modules beside the head.
        members: number of networks of each architecture; None for 8, or for all that the sampler has.
        images: number of test images to attribute; None for 32, or for all where there are fewer.
        draws: number of repetitions of each stochastic method, 2 or more.
        image_size: edge of the square images, in pixels; None for the data set's.
        normalization: "dataset" (its mean and deviation), "imagenet", "none" (pixels of 0 to 1), "MEAN/STD", or "auto":
            that of the weights with init="timm", else "dataset".
        train_images: number of training images; None for all.
        epochs: number of passes over the training images; None for the recipe's.
        recipe: fields of `Recipe` to change, as {"learning_rate": 0.01}.
        target: scalar that is explained: the logit of "true" (the label's class), "predicted" (the ensemble's vote)
            or a class by name or index; or a score of one: "logprob(CLASS)", "probability(CLASS)", "margin(CLASS)",
            "contrast(CLASS,CLASS)"; or a function from outputs `[N, ...]` to scores `[N]`, as object or by name, as
            "my_scores.py:region".
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: precision of the attribution; the error of "bfloat16" is measured on 8 images.
        seed: seed of the run, 0 or more.
        aggregator: makes the marginal map from members' maps.
        untrained: methods to compare with untrained networks: "auto" (on a layer, or of one sign), "all" or "none".
        keep_maps: "all", "mean" (the marginal map only) or "none".
        workers: number of worker processes on the CPU; 0 to work in this process; None for one per core, or fewer if
            the memory is small. Results do not depend on it.
        out: folder of the results; None for one under ./runs that is named after the settings.
        fresh: train and attribute again, even what the pool and the folder hold.
        quiet: whether no progress is shown; failures of a part still are.
        observer: receives the events of the progress, which is then not shown; None to show it.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.

    Example:
        >>> import saliencynoise as sn
        >>> study = sn.bench(methods=["gradient"], members=4, epochs=1)     # doctest: +SKIP
        >>> study.table[["method", "snr", "networks"]]               # doctest: +SKIP
    """
    from saliencynoise.engine.run import run

    settings = _given(
        dataset=dataset, data_dir=data_dir, groups=groups, archs=_named(archs), arch_args=arch_args, methods=methods,
        sampler=sampler, init=init, tune=tune, members=members, images=images, draws=draws, image_size=image_size,
        normalization=normalization, train_images=train_images, epochs=epochs, recipe=recipe, target=target,
        device=device, precision=precision, seed=seed, aggregator=aggregator, untrained=untrained,
        keep_maps=keep_maps, workers=workers, out=out, fresh=fresh,
    )  # fmt: skip
    with _watched(observer, quiet=quiet) as watching:
        study = run(config_from(settings), watching)
    return Study(study.result, study.folder)


def attribute(
    networks: nn.Module | Iterable[nn.Module],
    images: Any,
    *,
    targets: int | str | Sequence[int] | Tensor | Callable[[Any], Any] = "predicted",
    methods: Sequence[str | Callable[..., Any]] = EXPLAIN_METHODS,
    states: Iterable[Mapping[str, Any]] | None = None,
    layers: Mapping[str, str] | None = None,
    background: Any = None,
    labels: Any = None,
    names: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    members: Sequence[str] | None = None,
    clusters: Sequence[Any] | None = None,
    pictures: Any = None,
    output: str | int | None = None,
    task: Literal["classification", "multilabel", "regression"] = "classification",
    draws: int = 2,
    seed: int = 0,
    device: str = "auto",
    aggregator: str = "mean",
    keep_maps: Literal["all", "mean", "none"] = "all",
    out: PathLike | None = None,
) -> Study:
    """Attribute images by networks that are in memory, and return the SNR of the maps.

    The networks come back as they were: mode, flags, gradients, hooks, buffers, device, weights; also after an error.

    Args:
        networks: 2 or more modules that map `[N, C, H, W]` to outputs `[N, ...]`: a list; a generator, of which one
            network is in memory at a time; or one module, with `states`. Networks of several types may be mixed;
            methods on a layer then need layers of one size.
        images: `[B, C, H, W]`, floats as the networks take them, already normalised.
        targets: the class that is explained: a whole number for all images or one each, "predicted" (the networks'
            vote, which a generator and a regression cannot give), "true" (the labels), a name, a score as
            "logprob(predicted)"; or a function from outputs to scores `[N]`.
        methods: names of methods, with parameters as in "gradcam(layer=top)", or what `@sn.method` decorates.
        states: a state dict for each network, where `networks` is one module.
        layers: paths of modules that are read as CAM points, as {"top": "layer4", "intermediate": "layer3"}; None to
            find them: the last module with a grid of features, and the last one of the next finer resolution.
        background: `[R, C, H, W]`, as `images`, that methods may compare with; None for the images themselves.
        labels: the true class of each image, a whole number; None where it is not known.
        names: a name for each image, from which its random numbers derive.
        classes: names of the classes, in the order of the outputs.
        members: a name for each network, from which its own random numbers derive.
        clusters: what each network started from, where some share a start, as the name of a checkpoint.
        pictures: `[B, 1 or 3, H, W]`, bytes for figures; None for the images, each scaled from 0 to 255.
        output: name or index of the output that is explained, of networks that give several.
        task: what the outputs are: logits of classes, of labels that do not exclude each other, or numbers.
        draws: number of repetitions of each stochastic method, 2 or more.
        seed: seed of the random numbers, 0 or more.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps"; networks are moved there one at a time, and back.
        aggregator: makes the marginal map from members' maps.
        keep_maps: "all", "mean" (the marginal map only) or "none".
        out: folder of the results; None for a temporary one, which is deleted with the study.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.

    Example:
        >>> import saliencynoise as sn
        >>> study = sn.attribute(networks, images, targets=labels, methods=["gradient"])    # doctest: +SKIP
        >>> study.table[["method", "snr", "networks"]]                                # doctest: +SKIP
    """
    from saliencynoise.attributing.study import AttributeConfig
    from saliencynoise.attributing.study import attribute as attributed

    config = AttributeConfig(
        methods=_method_names(methods), targets=targets, states=states, layers=layers, background=background,
        labels=labels, names=names, classes=classes, members=members, clusters=clusters, pictures=pictures,
        output=output, task=task, draws=draws, seed=seed, device=device, aggregator=aggregator, keep_maps=keep_maps,
        out=None if out is None else Path(out),
    )  # fmt: skip
    study = attributed(networks, images, config)
    return Study(study.result, study.folder, study.scratch)


@overload
def explain(
    picture: PathLike | PictureLike,
    *,
    arch: str | Architecture | None = None,
    dataset: str | DatasetLike = "digits",
    data_dir: PathLike | None = None,
    arch_args: Mapping[str, Scalar] | None = None,
    methods: Sequence[str | Callable[..., Any]] = EXPLAIN_METHODS,
    sampler: str = "deep_ensemble",
    init: PathLike | Sequence[PathLike] = "random",
    tune: str | Sequence[str] = "all",
    members: int | None = None,
    pool: PathLike | None = None,
    target: str | int | Callable[[Any], Any] = "predicted",
    draws: int = 2,
    image_size: int | None = None,
    normalization: str = "auto",
    train_images: int | None = None,
    epochs: int | None = None,
    recipe: Mapping[str, Scalar] | None = None,
    device: str = "auto",
    seed: int = 0,
    aggregator: str = "mean",
    workers: int | None = None,
    columns: str | Sequence[str] | None = None,
    quiet: bool = False,
    observer: Observer | None = None,
) -> DrawableExplanation: ...


@overload
def explain(picture: list[Any] | tuple[Any, ...], **settings: Any) -> list[DrawableExplanation]: ...


def explain(  # type: ignore[misc]  # a list takes the same settings, which the overload does not repeat
    picture: Any,
    *,
    arch: str | Architecture | None = None,
    dataset: str | DatasetLike = "digits",
    data_dir: PathLike | None = None,
    arch_args: Mapping[str, Scalar] | None = None,
    methods: Sequence[str] = EXPLAIN_METHODS,
    sampler: str = "deep_ensemble",
    init: PathLike | Sequence[PathLike] = "random",
    tune: str | Sequence[str] = "all",
    members: int | None = None,
    pool: PathLike | None = None,
    target: str | int | Callable[[Any], Any] = "predicted",
    draws: int = 2,
    image_size: int | None = None,
    normalization: str = "auto",
    train_images: int | None = None,
    epochs: int | None = None,
    recipe: Mapping[str, Scalar] | None = None,
    device: str = "auto",
    seed: int = 0,
    aggregator: str = "mean",
    workers: int | None = None,
    columns: str | Sequence[str] | None = None,
    quiet: bool = False,
    observer: Observer | None = None,
) -> DrawableExplanation | list[DrawableExplanation]:
    """Explain a picture, or several, by an ensemble, which is in a pool or is trained first.

    The command writes a page for each picture; this function writes no page.

    Args:
        picture: an image file, a picture of Pillow, an array or a tensor; or a list of these, and of folders. An array
            is `[C, H, W]`, `[H, W, C]`, `[H, W]` or `[1, C, H, W]`, of uint8 from 0 to 255 or floating from 0 to 1
            (rounded to 256 levels), not normalised. It is scaled and cropped as a file's picture is.
        arch: an architecture as in `bench`; None for the pool's, or for "test_resnet" where timm is installed.
        dataset: data set on which the networks are or were trained; it gives classes and normalisation. As for `bench`.
        data_dir: folder or file that the data set is read from; None to download it where it must be.
        arch_args: arguments of the architecture.
        methods: names of methods, with parameters as in "gradcam(layer=top)", or what `@sn.method` decorates.
        sampler: source of the members; "deep_ensemble" trains each member independently.
        init: weights that members begin with: "random", "timm" (its pretrained weights), a file, a pattern, a pool, or
            several of these, which members take in turn.
        tune: the part that trains from a start: "all", "head", or paths of modules beside the head.
        members: number of networks; None for 8, or for all that the pool has.
        pool: folder or name of a pool of trained members; nothing is trained then.
        target: scalar that is explained: the logit of "predicted" (the ensemble's vote) or of a class by name or
            index, or a score of one, as of `bench`.
        draws: number of repetitions of each stochastic method, 2 or more.
        image_size: edge of the square images, in pixels; None for the data set's.
        normalization: "dataset" (its mean and deviation), "imagenet", "none" (pixels of 0 to 1), "MEAN/STD", or "auto":
            that of the weights with init="timm", else "dataset".
        train_images: number of training images; None for all.
        epochs: number of passes over the training images; None for the recipe's.
        recipe: fields of `Recipe` to change, as {"learning_rate": 0.01}.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        seed: seed of the run, 0 or more.
        aggregator: makes the marginal map from members' maps.
        workers: number of worker processes on the CPU; 0 to work in this process; None for one per core, or fewer if
            the memory is small. Results do not depend on it.
        columns: of its figure, as of its `plot`; None for those that have room.
        quiet: whether no progress is shown; failures of a part still are.
        observer: receives the events of the progress, which is then not shown; None to show it.

    Raises:
        UsageError: naming the value that cannot be used, and the fix; also if a picture cannot be read.

    Returns:
        The explanation; a list of them for a list.

    Example:
        >>> import saliencynoise as sn
        >>> explanation = sn.explain("examples/digit.png")                                  # doctest: +SKIP
        >>> explanation.classes[explanation.vote], explanation.methods[0].reliability.value  # doctest: +SKIP
        ('7', 0.84)
    """
    from saliencynoise.explanation.figure import checked
    from saliencynoise.explanation.given import given_files
    from saliencynoise.explanation.run import explain_all

    several = isinstance(picture, list | tuple)
    files = given_files(picture if several else [picture])
    if not several and len(files) != 1:
        raise UsageError(f"{picture} holds {len(files)} pictures; give [{str(picture)!r}], which returns a list")
    shown = checked(columns)  # refused before anything is trained
    settings = _given(
        dataset=dataset, data_dir=data_dir, archs=None if arch is None else _named([arch]), arch_args=arch_args,
        methods=methods, sampler=sampler, init=init, tune=tune, members=members, draws=draws, image_size=image_size,
        normalization=normalization, train_images=train_images, epochs=epochs, recipe=recipe, device=device, seed=seed,
        aggregator=aggregator, workers=workers,
    )  # fmt: skip
    config = ExplainConfig(
        pictures=tuple(str(file.path) for file in files),
        bench=config_from(settings),
        arch=None if arch is None else _named([arch])[0],
        pool=None if pool is None else str(pool),
        target=str(_named([target])[0]),
    )
    with _watched(observer, quiet=quiet) as watching:
        explanations = [replace(own, columns=shown) for own in explain_all(config, watching, files)]
    return explanations if several else explanations[0]


def measure(
    maps: Any,
    *,
    labels: Listed | None = None,
    names: Listed | None = None,
    images: Any = None,
    clusters: Listed | None = None,
    members: Listed | None = None,
    features: Listed | None = None,
    draws: Literal["own", "shared"] | None = None,
    layout: Literal["picture", "values"] | None = None,
    views: Sequence[str] = ("signed",),
    name_column: str | None = None,
    label_column: str | None = None,
    network: str = "networks",
    aggregator: str = "mean",
    keep_maps: Literal["all", "mean", "none"] = "all",
    seed: int = 0,
    out: PathLike | None = None,
) -> Study:
    """Measure maps that were computed elsewhere, and return the SNR of the maps and all that follows from it.

    The maps are reduced as those of a bench. Nothing is written, but for a temporary folder that is deleted with the
    study, unless `out` names one.

    Args:
        maps: an array `[members, items, ...]` of numpy, torch (on any device) or Zarr; an xarray with the dimensions
            member and image (or item), and draw if there are several; a list with, for each member, an array
            `[items, ...]`, a pandas table with a row an item and a column a feature, or a `shap.Explanation`; the names
            of files, as the command takes them; or a mapping from names of methods to these. Values are floating
            numbers of 16 to 64 bits; whole numbers become float64.
        labels: the class of each item; None where items have none.
        names: name of each item; None for their numbers.
        images: the pictures that are explained, for figures: `[items, H, W]`, `[items, C, H, W]` or `[items, H, W, C]`.
        clusters: the start that each member has in common with others, as the checkpoint it was fine-tuned from.
        members: name of each member; None for the files' names, or for numbers.
        features: name of each value of a map that is a list of values.
        draws: says that the axis after that of the members is one of draws of a stochastic method: "own" if each member
            has random numbers of its own in each draw, "shared" if all have the same ones in the second draw.
        layout: "picture" if maps are grids of places, `(H, W)` or `(C, H, W)`, or "values" if they are lists of values
            without places. None takes `(H, W)`, and `(C, H, W)` and `(H, W, C)` with C of 1 or 3, for pictures.
        views: the views beside "signed", which is always measured: "relu", "abs", "centred".
        name_column: column of tables with the names of the items.
        label_column: column of tables with their labels.
        network: name of the networks in tables.
        aggregator: makes the marginal map from members' maps.
        keep_maps: "all", "mean" (the marginal map only) or "none"; figures of maps need all.
        seed: seed of the bootstrap and of the tests, 0 or more.
        out: a new folder for the results, which `show`, `report` and `compare` read; None for none.

    Raises:
        UsageError: naming the value that cannot be used, and the fix; with NaN or infinity, the member and the item.

    Example:
        >>> import numpy as np
        >>> import saliencynoise as sn
        >>> rng = np.random.default_rng(0)
        >>> maps = rng.normal(size=(16, 32)) + rng.normal(size=(8, 16, 32))     # 8 members, 16 items, r = 1
        >>> study = sn.measure(maps)
        >>> round(study.cell("networks", "maps").figures.estimates.snr.value, 1)
        1.0
    """
    from saliencynoise.measuring.run import MeasureConfig
    from saliencynoise.measuring.run import measure as run_measure

    config = MeasureConfig(
        labels=labels, names=names, images=images, clusters=clusters, members=members, features=features, draws=draws,
        layout=layout, views=views, name_column=name_column, label_column=label_column, network=network,
        aggregator=aggregator, keep_maps=keep_maps, seed=seed, out=out,
    )  # fmt: skip
    study = run_measure(maps, config)
    return Study(study.result, study.folder, study.scratch)


def compare(*runs: engine_study.Study | PathLike) -> dict[str, Any]:
    """Compare the methods and architectures of one run, or show several runs side by side.

    Args:
        runs: studies, or their folders; one, or any number.

    Returns:
        The document that `saliencynoise compare --json` prints: "methods" and "architectures" of one run; of several
        "rows", "differences", "warnings" and, where their members can be compared, "runs". Each comparison has the
        ratio of two SNRs with a 95% interval, p corrected over the table (Holm), and a verdict.

    Raises:
        UsageError: if no run is named, one is named twice, or a folder holds no study.

    Example:
        >>> import saliencynoise as sn
        >>> document = sn.compare("runs/mine")                                              # doctest: +SKIP
        >>> [(pair["a"], pair["b"], pair["ratio"]) for pair in document["methods"]]         # doctest: +SKIP
    """
    from saliencynoise.analyses.comparison.document import ComparisonDocument, of_methods
    from saliencynoise.analyses.comparison.run import compare_architectures, compare_methods
    from saliencynoise.analyses.comparison.side_by_side import pairs_of, side_by_side
    from saliencynoise.analyses.comparison.side_by_side_table import document_of
    from saliencynoise.analyses.comparison.table import pair_rows

    if not runs:
        raise UsageError("no run is named; name the folder of one, or of several")
    studies = [run if isinstance(run, engine_study.Study) else Study.load(run) for run in runs]
    if len(studies) > 1:
        table = side_by_side(studies)
        return ComparisonDocument(document_of(table, *pairs_of(table)))
    (study,) = studies
    pairs = compare_methods(study)
    document = {"methods": pair_rows(pairs), "architectures": pair_rows(compare_architectures(study))}
    return of_methods(document, study, pairs)


def cite(study: engine_study.Study | PathLike) -> str:
    """Return BibTeX of all that a study used: this program, the paper, methods, data, architectures and libraries.

    Args:
        study: a study, or the folder of one.

    Returns:
        The entries, each after a comment that says what it is for. What has no verified entry is named at the end.

    Raises:
        UsageError: if the folder holds no study.
    """
    from saliencynoise.publishing.citations import citations_of

    opened = study if isinstance(study, engine_study.Study) else engine_study.Study.load(study)
    return str(citations_of(opened.result))


def frontier(
    *,
    dataset: str | DatasetLike = "digits",
    data_dir: PathLike | None = None,
    archs: Sequence[str | Architecture] | None = None,
    arch_args: Mapping[str, Scalar] | None = None,
    methods: Sequence[str | Callable[..., Any]] = FRONTIER_METHODS,
    samplers: Sequence[str] = SAMPLERS,
    aggregators: Sequence[str] = ("mean",),
    budgets: Sequence[int] = BUDGETS,
    runs: int = 4,
    reference: int = 16,
    images: int | None = None,
    draws: int = 2,
    image_size: int | None = None,
    train_images: int | None = None,
    epochs: int | None = None,
    recipe: Mapping[str, Scalar] | None = None,
    target: str | int | Callable[[Any], Any] = "true",
    device: str = "auto",
    seed: int = 0,
    workers: int | None = None,
    out: PathLike | None = None,
    quiet: bool = False,
    observer: Observer | None = None,
) -> AnalysisResult[FrontierRecord]:
    """Compare cheap samplers with independently trained networks.

    Args:
        dataset: a name, as "digits" or "cifar10", or "folder:PATH"; or data in memory, as for `bench`.
        data_dir: folder or file that the data set is read from; None to download it where it must be.
        archs: names of architectures, of own code as in "my_net.py:Net(width=32)", or functions or classes that return
            an nn.Module; None for a small one: "test_resnet" where timm is installed.
        arch_args: arguments of the architectures.
        methods: names of methods, with parameters as in "gradcam(layer=top)", or what `@sn.method` decorates.
        samplers: names of samplers, with parameters; the deep ensemble is always among them, as the reference.
        aggregators: each makes one map from members' maps; with parameters.
        budgets: numbers of members whose maps are averaged, all different.
        runs: number of independent base runs of each sampler; intervals need several.
        reference: number of independently trained networks that no sampler uses, 4 or more.
        images: number of test images to attribute; None for 32, or for all where there are fewer.
        draws: number of repetitions of each stochastic method, 2 or more.
        image_size: edge of the square images, in pixels; None for the data set's.
        train_images: number of training images; None for all.
        epochs: number of passes over the training images; None for the recipe's.
        recipe: fields of `Recipe` to change, as {"learning_rate": 0.01}.
        target: scalar that is explained: the logit of "true" (the label's class), "predicted" (the ensemble's vote)
            or a class by name or index; or a score of one: "logprob(CLASS)", "probability(CLASS)", "margin(CLASS)",
            "contrast(CLASS,CLASS)"; or a function from outputs `[N, ...]` to scores `[N]`, as object or by name, as
            "my_scores.py:region".
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        seed: seed of the run, 0 or more.
        workers: number of worker processes on the CPU; 0 to work in this process; None for one per core, or fewer if
            the memory is small. Results do not depend on it.
        out: folder of the results; None for one under ./runs that is named after the settings.
        quiet: whether no progress is shown; failures of a part still are.
        observer: receives the events of the progress, which is then not shown; None to show it.

    Returns:
        `.result` is the record of `frontier.json`, `.folder` its folder; costs are in seconds.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.

    Example:
        >>> import saliencynoise as sn
        >>> frontier = sn.frontier(samplers=["swag"], budgets=[1, 4]).result                # doctest: +SKIP
        >>> [(row.sampler, row.members, row.fidelity.networks) for row in frontier.done]    # doctest: +SKIP
    """
    from saliencynoise.analyses.frontier.run import run_frontier
    from saliencynoise.report.folder import write_run_report

    settings = _given(
        dataset=dataset, data_dir=data_dir, archs=_named(archs), arch_args=arch_args, methods=methods, images=images,
        draws=draws, image_size=image_size, train_images=train_images, epochs=epochs, recipe=recipe, target=target,
        device=device, seed=seed, workers=workers, out=out,
    )  # fmt: skip
    bench_config = config_from(settings)
    config = FrontierConfig(
        bench=bench_config,
        samplers=_plain(samplers),
        aggregators=_plain(aggregators),
        budgets=_plain(budgets),
        runs=runs,
        reference=reference,
        out=bench_config.out,
    )
    with _watched(observer, quiet=quiet, runs=len({"deep_ensemble", *config.samplers})) as watching:
        record = run_frontier(config, watching)
    write_run_report(config.folder)
    return AnalysisResult(result=record, folder=config.folder)


def variance(
    *,
    dataset: str | DatasetLike = "digits",
    data_dir: PathLike | None = None,
    archs: Sequence[str | Architecture] | None = None,
    arch_args: Mapping[str, Scalar] | None = None,
    methods: Sequence[str | Callable[..., Any]] = VARIANCE_METHODS,
    blocks: int = 4,
    streams: Sequence[str] | None = None,
    images: int | None = None,
    draws: int = 2,
    image_size: int | None = None,
    train_images: int | None = None,
    epochs: int | None = None,
    device: str = "auto",
    seed: int = 0,
    workers: int | None = None,
    out: PathLike | None = None,
    quiet: bool = False,
    observer: Observer | None = None,
) -> AnalysisResult[VarianceRecord]:
    """Measure which randomness causes the noise: initialisation, data order, augmentation, dropout, or hardware.

    Networks are trained in blocks: every combination of two seeds of each stream, and one combination a second time.

    Args:
        dataset: a name, as "digits" or "cifar10", or "folder:PATH"; or data in memory, as for `bench`.
        data_dir: folder or file that the data set is read from; None to download it where it must be.
        archs: names of architectures, of own code as in "my_net.py:Net(width=32)", or functions or classes that return
            an nn.Module; None for a small one: "test_resnet" where timm is installed.
        arch_args: arguments of the architectures.
        methods: names of methods, with parameters as in "gradcam(layer=top)", or what `@sn.method` decorates.
        blocks: number of blocks of networks, 2 or more, each with its own seeds; intervals are over blocks.
        streams: streams of random numbers to separate, of "init", "order", "augment" and "dropout"; None for all with
            an effect.
        images: number of test images to attribute; None for 32, or for all where there are fewer.
        draws: number of repetitions of each stochastic method, 2 or more.
        image_size: edge of the square images, in pixels; None for the data set's.
        train_images: number of training images; None for all.
        epochs: number of passes over the training images; None for the recipe's.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        seed: seed of the run, 0 or more.
        workers: number of worker processes on the CPU; 0 to work in this process; None for one per core, or fewer if
            the memory is small. Results do not depend on it.
        out: folder of the results; None for one under ./runs that is named after the settings.
        quiet: whether no progress is shown; failures of a part still are.
        observer: receives the events of the progress, which is then not shown; None to show it.

    Returns:
        `.result` is the record of `variance.json`, `.folder` its folder. Parts of the noise are shares of a map's
        energy.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.

    Example:
        >>> import saliencynoise as sn
        >>> variance = sn.variance(methods=["gradient"], blocks=2).result  # doctest: +SKIP
        >>> [row.words for row in variance.done]                           # doctest: +SKIP
    """
    from saliencynoise.analyses.variance.run import run_variance
    from saliencynoise.report.folder import write_run_report

    settings = _given(
        dataset=dataset, data_dir=data_dir, archs=_named(archs), arch_args=arch_args, methods=methods, images=images,
        draws=draws, image_size=image_size, train_images=train_images, epochs=epochs, device=device, seed=seed,
        workers=workers, out=out,
    )  # fmt: skip
    bench_config = config_from(settings)
    config = VarianceConfig(bench=bench_config, blocks=blocks, streams=_plain(streams), out=bench_config.out)
    with _watched(observer, quiet=quiet, runs=len(config.bench.archs)) as watching:
        record = run_variance(config, watching)
    write_run_report(config.folder)
    return AnalysisResult(result=record, folder=config.folder)


def sanity(
    *,
    dataset: str | DatasetLike = "digits",
    data_dir: PathLike | None = None,
    groups: PathLike | None = None,
    archs: Sequence[str | Architecture] | None = None,
    arch_args: Mapping[str, Scalar] | None = None,
    methods: Sequence[str | Callable[..., Any]] = SANITY_METHODS,
    members: int | None = None,
    images: int | None = None,
    draws: int = 2,
    image_size: int | None = None,
    train_images: int | None = None,
    epochs: int | None = None,
    permuted_epochs: int = 0,
    target: str | int | Callable[[Any], Any] = "true",
    device: str = "auto",
    seed: int = 0,
    workers: int | None = None,
    out: PathLike | None = None,
    quiet: bool = False,
    observer: Observer | None = None,
) -> AnalysisResult[SanityRecord]:
    """Test whether untrained networks, or networks trained on permuted labels, have the same saliency maps.

    The randomisation tests of Adebayo et al. 2018, arXiv:1810.03292, for ensembles.

    Args:
        dataset: a name, as "digits" or "cifar10", or "folder:PATH"; or data in memory, as for `bench`.
        data_dir: folder or file that the data set is read from; None to download it where it must be.
        groups: CSV file with the columns "file" and "group", for test images that belong together (one writer,
            patient or video); None for the data set's groups.
        archs: names of architectures, of own code as in "my_net.py:Net(width=32)", or functions or classes that return
            an nn.Module; None for a small one: "test_resnet" where timm is installed.
        arch_args: arguments of the architectures.
        methods: names of methods, with parameters as in "gradcam(layer=top)", or what `@sn.method` decorates.
        members: number of networks of each of the three kinds, 3 or more; None for 8.
        images: number of test images to attribute; None for 32, or for all where there are fewer.
        draws: number of repetitions of each stochastic method, 2 or more.
        image_size: edge of the square images, in pixels; None for the data set's.
        train_images: number of training images; None for all.
        epochs: number of passes over the training images; None for the recipe's.
        permuted_epochs: number of passes over the images with permuted labels; 0 for the recipe's.
        target: scalar that is explained, as of `bench`, but of no "predicted" class.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        seed: seed of the run, 0 or more.
        workers: number of worker processes on the CPU; 0 to work in this process; None for one per core, or fewer if
            the memory is small. Results do not depend on it.
        out: folder of the results; None for one under ./runs that is named after the settings.
        quiet: whether no progress is shown; failures of a part still are.
        observer: receives the events of the progress, which is then not shown; None to show it.

    Returns:
        `.result` is the record of `sanity.json`, `.folder` its folder.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.

    Example:
        >>> import saliencynoise as sn
        >>> sanity = sn.sanity(methods=["gradient", "guided_backprop"]).result      # doctest: +SKIP
        >>> [row.contrasts.untrained.verdict for row in sanity.done]                # doctest: +SKIP
    """
    from saliencynoise.analyses.sanity.run import run_sanity
    from saliencynoise.report.folder import write_run_report

    settings = _given(
        dataset=dataset, data_dir=data_dir, groups=groups, archs=_named(archs), arch_args=arch_args, methods=methods,
        members=members, images=images, draws=draws, image_size=image_size, train_images=train_images, epochs=epochs,
        target=target, device=device, seed=seed, workers=workers, out=out,
    )  # fmt: skip
    bench_config = config_from(settings)
    config = SanityConfig(bench=bench_config, permuted_epochs=permuted_epochs, out=bench_config.out)
    with _watched(observer, quiet=quiet, runs=len(config.samplers)) as watching:
        record = run_sanity(config, watching)
    write_run_report(config.folder)
    return AnalysisResult(result=record, folder=config.folder)


def _watched(observer: Observer | None, *, quiet: bool, runs: int = 1) -> AbstractContextManager[Observer]:
    """Return what receives the events: the user's own, or else a bar in a terminal and lines elsewhere."""
    from saliencynoise.engine.progress import observing

    return observing(quiet=quiet, runs=runs) if observer is None else nullcontext(observer)


def _given(**values: Any) -> dict[str, Any]:
    """Return the settings that are not None, as `config_from` takes them: paths as text, sequences as tuples.

    >>> _given(out=Path("runs/mine"), methods=["gradient"], members=None)
    {'out': 'runs/mine', 'methods': ('gradient',)}
    """
    plain = {name: _plain(value) for name, value in values.items() if value is not None}
    if not isinstance(values.get("dataset", ""), str):
        from saliencynoise.data.stored import stored_name

        plain["dataset"] = stored_name(values["dataset"], image_size=values.get("image_size"))
    if "methods" in plain:
        plain["methods"] = _plain(_method_names(values["methods"]))
    if callable(values.get("target")):
        (plain["target"],) = _named([values["target"]])
    return plain


def _named(archs: Any) -> Any:
    """Return the names of architectures or of a target; a function or class is known by its name from then on."""
    if not isinstance(archs, Sequence) or isinstance(archs, str):
        return archs
    from saliencynoise.registry.catalogue import catalogue

    return [catalogue().own.name_of(arch) if callable(arch) else arch for arch in archs]


def _method_names(methods: Any) -> Any:
    """Return the names of methods; a function or class that `@sn.method` decorated has one."""
    if not isinstance(methods, Sequence) or isinstance(methods, str) or not any(map(callable, methods)):
        return methods
    from saliencynoise.registry.catalogue import catalogue

    return [catalogue().own_methods.name_of(method) if callable(method) else method for method in methods]


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    return tuple(map(_plain, value)) if isinstance(value, Sequence) and not isinstance(value, str) else value
