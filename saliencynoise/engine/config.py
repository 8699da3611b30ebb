"""The settings of a bench, as the user gave them; no name is resolved yet."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_origin, get_type_hints

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.records.target import parsed
from saliencynoise.records.values import fitted
from saliencynoise.registry.first_party import installed

MEMBERS = 8
MOST_MEMBERS = 10_000
MOST_WORKERS = 1024
IMAGES = 32

DEFAULT_METHODS = (
    "gradient",
    "integrated_gradients",
    "smoothgrad",
    "gradcam(layer=top)",
    "gradcam(layer=intermediate)",
    "expected_gradients",
    "deeplift",
    "lime",
)
"""The eight rows of the published table; expected gradients are its SHAP row."""

REFERENCE = "builtin/deep_ensemble"
"""The sampler that trains each member from its seeds; other samplers are compared with it."""

LONGEST_FILE = 2**20
"""The largest size of a file of settings, in bytes."""


def default_archs() -> tuple[str, ...]:
    """Return the architecture of a bench that names none: a small one of timm's where they are installed."""
    return ("test_resnet",) if installed("timm") else ("resnet(depth=10,width=16)",)


@dataclass(frozen=True, kw_only=True)
class BenchConfig:
    """The settings of a bench; the defaults are those of the default study.

    Attributes:
        dataset: name of a data set, or `folder:PATH`.
        data_dir: folder or file from which the data set is read instead of a download. It changes no figure, so it is
            none of the `settings`.
        archs: names of architectures.
        arch_args: arguments of the architectures.
        methods: names of methods, with parameters; empty to train only.
        sampler: source of the members; "deep_ensemble" trains each from another seed.
        init: the weights that members begin with: ("random",), or starts that they take in turn: files, patterns,
            pools, or "timm" for timm's own pretrained weights.
        tune: the parts that train from a start: ("all",), ("head",), or paths of modules beside the head.
        members: networks of each architecture; None for 8, or for all that the sampler has.
        images: number of attributed test images; None for 32, or for all where there are fewer.
        draws: repeats of each stochastic method: the second with random numbers that all members share, the
            others with each member's own.
        image_size: edge of the square images, in pixels; None for the data set's own.
        groups: a CSV file with the columns "file" and "group" that says which test images belong together (writer,
            patient, video); None for the data set's own groups.
        normalization: normalization of the images: "dataset" (its mean and deviation), "imagenet", "none" (0 to 1),
            "MEAN/STD" with a number for each channel, as in "0.5,0.5,0.5/0.2,0.2,0.2", or "auto": that of timm's
            pretrained weights with `init=("timm",)`, else "dataset".
        train_images: number of images to train on; None for all.
        recipe: fields of the recipe to change.
        target: the scalar that is explained: "true" (the logit of the label's class), "predicted" (of the ensemble's
            vote), a class by name or index, or a score of one, as "logprob(predicted)": `records/target.py`.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: precision of attribution: "float32", or "bfloat16", whose error is then measured on a few images.
        seed: seed of the run.
        aggregator: combines the members' maps to one.
        untrained: the methods whose r is compared with that of untrained networks: "auto" (methods on a layer, and
            those whose maps do not change their sign with the score), "all" or "none".
        keep_maps: "all", "mean" (the aggregated map only) or "none".
        out: folder of the results; None for one under ./runs that is named after the settings.
        workers: worker processes on the CPU; None for one per core, as far as the memory allows; 0 to work in this
            process. It changes no figure, so it is none of the `settings`.
        fresh: train and attribute again, also where the pool and the folder have members and maps already.
    """

    dataset: str = "digits"
    data_dir: str | None = None
    archs: tuple[str, ...] = field(default_factory=default_archs)
    arch_args: Mapping[str, Any] = field(default_factory=dict)
    methods: tuple[str, ...] = DEFAULT_METHODS
    sampler: str = "deep_ensemble"
    init: tuple[str, ...] = ("random",)
    tune: tuple[str, ...] = ("all",)
    members: int | None = None
    images: int | None = None
    draws: int = 2
    image_size: int | None = None
    groups: str | None = None
    normalization: str = "auto"
    train_images: int | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    target: str = "true"
    device: str = "auto"
    precision: Literal["float32", "bfloat16"] = "float32"
    seed: int = 0
    aggregator: str = "mean"
    untrained: Literal["auto", "all", "none"] = "auto"
    keep_maps: Literal["all", "mean", "none"] = "all"
    out: str | None = None
    workers: int | None = None
    fresh: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            UsageError: naming the option, its value and the possible ones.
        """
        _check_types(self)
        check_out(self.out)
        if not self.archs:
            raise UsageError("no architecture is named; give --arch NAME at least once")
        _check_starts(self.init, self.tune)
        if self.members is not None and not 1 <= self.members <= MOST_MEMBERS:
            raise UsageError(f"--members {self.members} is not possible; give 2 or more, at most {MOST_MEMBERS}")
        if self.methods and self.members == 1:
            raise UsageError("--members 1 gives no SNR, which compares networks; give 2 or more")
        if self.images is not None and self.images < 1:
            raise UsageError(f"--images {self.images} is not possible; give 1 or more")
        if self.draws < 2:
            raise UsageError(
                f"--draws {self.draws} cannot separate a method's own noise from the networks'; give 2 or more"
            )
        if self.train_images is not None and self.train_images < 1:
            raise UsageError(f"--train-images {self.train_images} is not possible; give 1 or more")
        check_workers(self.workers)
        if self.seed < 0:
            raise UsageError(f"--seed {self.seed} is not possible; give 0 or more")
        parsed(self.target)

    def refuse_bfloat16(self, command: str) -> None:
        """Refuse bfloat16 where its error is not measured.

        Raises:
            UsageError: naming the command.
        """
        if self.precision != "float32":
            raise UsageError(f"'{command}' computes in float32; leave out precision={self.precision}")

    def refuse_starts(self, command: str) -> None:
        """Refuse starts where members must have random initial weights.

        Raises:
            UsageError: naming the command.
        """
        if self.init != ("random",):
            raise UsageError(
                f"'{command}' compares networks that are trained from random weights; leave out "
                f"init={', '.join(self.init)}"
            )

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that determines the figures: all but `data_dir`, `out`, `workers`, `fresh` and `keep_maps`."""
        values = asdict(self)
        return {key: value for key, value in values.items() if key not in _NO_FIGURE_CHANGES}


def config_from(values: Mapping[str, Any]) -> BenchConfig:
    """Build a config from plain values of a file or a call.

    `epochs` stands for `recipe.epochs`.

    Raises:
        UsageError: if a key is unknown or a value impossible.
    """
    names = {entry.name for entry in fields(BenchConfig)} | {"epochs"}
    unknown = [key for key in values if key not in names]
    if unknown:
        hint = did_you_mean(unknown[0], names, otherwise=f"there are {', '.join(sorted(names))}")
        raise UsageError(f"unknown setting '{unknown[0]}'; {hint}")
    plain = _with_epochs(values)
    for key in ("init", "tune"):
        if isinstance(plain.get(key), str):
            plain[key] = (plain[key],)
    for key in ("archs", "methods", "init", "tune"):
        if isinstance(plain.get(key), list):
            plain[key] = tuple(plain[key])
    if isinstance(plain.get("tune"), tuple) and all(isinstance(text, str) for text in plain["tune"]):
        plain["tune"] = tuple(part.strip() for text in plain["tune"] for part in text.split(","))
    if isinstance(plain.get("target"), int) and not isinstance(plain["target"], bool):
        plain["target"] = str(plain["target"])
    return BenchConfig(**plain)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the settings in a TOML file.

    Raises:
        UsageError: if there is no such file, or it is no TOML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_FILE + 1)
        if len(content) > LONGEST_FILE:
            raise UsageError(f"--config {path} is longer than {LONGEST_FILE} bytes; name a TOML file with settings")
        values = tomllib.loads(content.decode())
    except OSError as error:
        raise UsageError(f"cannot read --config {path}: {error.strerror}; name a TOML file") from error
    except RecursionError as error:
        raise UsageError(f"--config {path} is not valid TOML: nested too deeply") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {path} is not valid TOML: {error}") from error
    return values


def _with_epochs(values: Mapping[str, Any]) -> dict[str, Any]:
    plain = dict(values)
    if "epochs" in plain and isinstance(plain.get("recipe", {}), dict):
        plain["recipe"] = {**plain.get("recipe", {}), "epochs": plain.pop("epochs")}
    return plain


_NO_FIGURE_CHANGES = {"data_dir", "out", "workers", "fresh", "keep_maps"}

_WANTED = {
    "dataset": "a name",
    "data_dir": "a folder",
    "archs": "a list of names",
    "arch_args": "a table",
    "methods": "a list of names",
    "sampler": "a name",
    "init": "random, timm, or files",
    "tune": "all, head, or names of modules",
    "members": "a whole number",
    "images": "a whole number",
    "draws": "a whole number",
    "image_size": "a whole number",
    "groups": "a CSV file",
    "normalization": "auto, timm, dataset, imagenet, none or MEAN/STD",
    "train_images": "a whole number",
    "recipe": "a table",
    "target": "true, predicted, a class, or a score of one as logprob(true)",
    "device": "a device",
    "precision": "float32 or bfloat16",
    "seed": "a whole number",
    "aggregator": "a name",
    "untrained": "auto, all or none",
    "keep_maps": "all, mean or none",
    "out": "a folder",
    "workers": "a whole number",
    "fresh": "true or false",
}
"""The values of each setting in words."""


def check_workers(workers: int | None) -> None:
    """Refuse a number of worker processes that cannot be.

    Raises:
        UsageError: naming it.
    """
    if workers is not None and not 0 <= workers <= MOST_WORKERS:
        raise UsageError(
            f"--workers {workers} is not possible; give 0 (to work in this process) to {MOST_WORKERS} processes"
        )


def check_whole(**values: object) -> None:
    """Refuse values that are no whole numbers.

    Raises:
        UsageError: naming the setting and its value.
    """
    for name, value in values.items():
        if type(value) is not int:
            raise UsageError(f"{name} is {value!r}; it must be a whole number")


def check_list(**values: object) -> None:
    """Refuse values that are no lists; the letters of a single text would be taken for names.

    Raises:
        UsageError: naming the setting and its value.
    """
    for name, value in values.items():
        if not isinstance(value, list | tuple):
            raise UsageError(f"{name} is {value!r}; it must be a list")


def check_out(out: str | None) -> None:
    """Refuse a folder without a name, or with a name that is no UTF-8; no library could write to it.

    Raises:
        UsageError: naming the folder.
    """
    if out is None:
        return
    if not out.strip() or "\0" in out:
        raise UsageError(f"--out {out!r} names no folder; name one")
    try:
        out.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"--out {out!a} is no UTF-8; name a folder by letters that are") from error


def _check_starts(init: tuple[str, ...], tune: tuple[str, ...]) -> None:
    for name, values in (("init", init), ("tune", tune)):
        if not values or not all(value.strip() and "\0" not in value for value in values):
            raise UsageError(f"--{name} {', '.join(values)!r} names nothing; leave it out, or give {_WANTED[name]}")
    if "random" in init and len(init) > 1:
        raise UsageError("--init random stands alone; leave it out, or leave out the other starts")
    if len(tune) > 1 and {"all", "head"} & set(tune):
        raise UsageError("--tune all and --tune head stand alone; modules train beside the head without naming it")
    if init == ("random",) and tune != ("all",):
        raise UsageError(f"--tune {', '.join(tune)} needs a start; give --init timm or --init FILE")


def _check_types(config: BenchConfig) -> None:
    types = get_type_hints(BenchConfig)
    for name, wanted in _WANTED.items():
        value = getattr(config, name)
        try:
            fitted(value, types[name])
        except TypeError as error:
            raise UsageError(_not_possible(name, value, types[name], wanted)) from error
    for name in ("arch_args", "recipe"):
        for key, entry in getattr(config, name).items():
            if not isinstance(entry, str | int | float | bool | None):
                raise UsageError(f"{name}.{key} is {entry!r}; it must be a number, a word, true or false")
    for name in ("archs", "methods", "init", "tune"):
        value = getattr(config, name)
        repeated = [entry for entry in value if value.count(entry) > 1]
        if repeated:
            raise UsageError(f"'{repeated[0]}' is named twice among the {name}; give it once")


def _not_possible(name: str, value: object, kind: object, wanted: str) -> str:
    if get_origin(kind) is Literal and isinstance(value, str):
        return f"--{name.replace('_', '-')} {value} is not possible; choose {wanted}"
    return f"{name} is {list(value) if isinstance(value, tuple) else value!r}; it must be {wanted}"
