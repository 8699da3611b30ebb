"""The starts of a population: the weights that members begin with, in files or of an architecture's own library."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from saliencynoise.data.orders import natural
from saliencynoise.data.run_folders import runs_of
from saliencynoise.interfaces import Network, PretrainedModel, UsageError
from saliencynoise.registry.calling import calling
from saliencynoise.store.pool import Pool
from saliencynoise.training.tuning import Tuning, find_head, without_head
from saliencynoise.weights.state_dicts import COUNTER, read_weights

if TYPE_CHECKING:
    from torch import Tensor

    from saliencynoise.registry.bound import BoundModel, BoundSampler

RANDOM = ("random",)
"""The setting `init` of members with random initial weights, each its own."""

PROBED = 64
"""Values of each tensor by which starts are compared."""

NEAR = 1e-4
"""Largest norm of a difference, relative to that of the weights, of starts that are called almost equal."""

KEY = "::"
"""Between a file and the key of the weights in it, where several fit."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """The weights that some members begin with, in plain values that travel to a worker process.

    Attributes:
        name: name of the file, or of the pretrained weights.
        source: absolute path, with the key of the weights where one was given; or the name of a plugin whose
            architecture brings them, with what was given after a colon.
        head: path of the network's head, which does not come from the start.
        tuned: as `saliencynoise.training.tuning.Tuning.tuned`.
        sha256: of the weights as the network gets them, without its head.
        note: where they are in the file and what the head was, for readers of the results.
    """

    name: str
    source: str
    head: str
    tuned: tuple[str, ...]
    sha256: str
    note: str

    @classmethod
    def from_plain(cls, values: Mapping[str, object]) -> Start:
        """Rebuild a start from the JSON of its `asdict`."""
        return cls(**{**values, "tuned": tuple(values["tuned"])})  # type: ignore[arg-type]

    @property
    def tuning(self) -> Tuning:
        """The parts of the network that train."""
        return Tuning(head=self.head, tuned=self.tuned)


def sources_of(init: Sequence[str]) -> tuple[str, ...]:
    """Return the sources of the starts: files with absolute paths, in the order given, those of a pattern by name.

    A folder of a pool stands for its members. What is no file, folder or pattern stays: the name of a plugin.

    Raises:
        UsageError: if a path is missing, or a pattern matches no file.
    """
    if tuple(init) == RANDOM:
        return ()
    return tuple(source for text in init for source in _sources(text))


def _sources(text: str) -> list[str]:
    if is_plugin(text):
        name, _, file = text.partition(":")
        return [f"{name}:{Path(file).expanduser().absolute()}" if Path(file).expanduser().is_file() else text]
    path, separator, key = text.partition(KEY)
    if (Path(path).expanduser() / "pool.json").is_file():
        pool = Pool(Path(path).expanduser().absolute())
        records = [record for record in map(pool.record, pool.indices()) if record is not None]
        if not records:
            raise UsageError(f"--init {path}: the pool has no members; train some, or name another")
        return [str(pool.files(record)[1]) for record in records]
    if not glob.has_magic(path) or Path(path).expanduser().exists():
        return [f"{_file(path)}{separator}{key}"]
    given = Path(path).expanduser()
    pattern = str(given if given.is_absolute() else Path(glob.escape(str(Path.cwd()))) / given)
    files = sorted(
        (name for name in glob.glob(pattern, recursive=True) if Path(name).is_file() and not _is_logits(name)),  # noqa: PTH207 - as the shell finds them
        key=natural,
    )
    if not files:
        raise UsageError(f"--init '{path}': no file matches; correct the pattern, or name the files")
    return [f"{file}{separator}{key}" for file in files]


def _is_logits(name: str) -> bool:
    """Whether a file lies beside the weights of a member of a pool."""
    return name.endswith(".logits.safetensors") and (Path(name).parent / "pool.json").is_file()


def _file(text: str) -> str:
    path = Path(text).expanduser().absolute()
    if path.is_dir():
        raise UsageError(
            f"--init {text} is a folder; name the files in it, as in --init '{text}/*.pt' (in quotes), or a pool"
        )
    if not path.is_file():
        raise UsageError(f"--init {text}: there is no such file; name random, timm, or a file with weights")
    return str(path)


def is_plugin(text: str) -> bool:
    """Return whether a value of `init` is the name of a plugin, which a file of that name is not taken for.

    >>> is_plugin("timm"), is_plugin("timm:weights.safetensors"), is_plugin("./timm"), is_plugin("start.pt")
    (True, True, False, False)
    """
    name = text.partition(":")[0]
    return name.isidentifier() and not text.startswith(f"{name}{KEY}") and (text == name or ":" in text)


def starts_of(
    sources: Sequence[str],
    model: BoundModel,
    network: Network,
    *,
    in_shape: tuple[int, int, int],
    classes: int,
    tuned: tuple[str, ...],
) -> tuple[Start, ...]:
    """Return the starts of an architecture's members, after reading each.

    Args:
        sources: as `sources_of` returns them.
        model: the architecture.
        network: its network, which may be on the meta device.
        in_shape: (C, H, W) of the images.
        classes: number of classes.
        tuned: the setting `tune`.

    Raises:
        UsageError: if a start cannot be read or does not fit the network, if two are the same, or if the network lacks
            a module that is to be tuned.
    """
    head = find_head(network.module, classes, given=network.head, name=f"the architecture '{model.canonical_name}'")
    Tuning(head=head, tuned=tuned).check(network.module)
    names = _names(sources)
    moments = _moments(sources)
    starts: dict[str, Start] = {}
    probes: dict[str, Tensor] = {}
    for name, source in zip(names, sources, strict=True):
        loaded = _loaded(source, model, network.module.state_dict(), head, in_shape=in_shape, classes=classes)
        sha256 = _hash(loaded.weights, network.module.state_dict())
        if sha256 in starts:
            raise UsageError(
                f"--init: {starts[sha256].source} and {source} hold the same weights, so they are one start and not "
                "two; leave one out"
            )
        probe = _probe(loaded.weights)
        near = next((name for name, other in probes.items() if _is_near(probe, other)), None)
        probes[name] = probe
        alike = f"almost equal to {near}: the two are hardly separate starts" if near else ""
        outputs = "" if loaded.outputs in {None, classes} else f" ({loaded.outputs} classes there, {classes} here)"
        note = "; ".join(filter(None, (loaded.note, f"new head '{head}'{outputs}", moments.get(source), alike)))
        starts[sha256] = Start(
            name=loaded.name or name, source=source, head=head, tuned=tuned, sha256=sha256, note=note
        )
    return tuple(starts.values())


def _probe(weights: Mapping[str, Tensor]) -> Tensor:
    """Return the first values of each tensor, by which starts are compared without keeping all of them."""
    return torch.cat([value.detach().flatten()[:PROBED].double() for _, value in sorted(weights.items())])


def _is_near(left: Tensor, right: Tensor) -> bool:
    return left.shape == right.shape and bool((left - right).norm() <= NEAR * left.norm())


def _moments(sources: Sequence[str]) -> dict[str, str]:
    """Return a note for each start that seems to be of one training run with others."""
    files = {Path(source.partition(KEY)[0]): source for source in sources if not is_plugin(source)}
    notes = {}
    for run in runs_of(list(files)):
        together = (run.taken, *run.others)
        for path in together if run.others else ():
            notes[files[path]] = (
                f"{len(together)} of these starts seem to be moments of one training run, which agree more than starts "
                "of separate runs: name a file of each run"
            )
    return notes


def begin_with(
    start: Start, model: BoundModel, module: torch.nn.Module, *, in_shape: tuple[int, int, int], classes: int
) -> None:
    """Give a network the weights of a start; the head stays as it is.

    Raises:
        UsageError: if the start's weights are others than when the run was planned, or cannot be read.
    """
    state = module.state_dict()
    loaded = _loaded(start.source, model, state, start.head, in_shape=in_shape, classes=classes)
    if _hash(loaded.weights, state) != start.sha256:
        raise UsageError(f"--init: {start.source} was changed while it was in use; run the same command again")
    module.load_state_dict({**state, **loaded.weights})


def refuse_sampler(sampler: BoundSampler) -> None:
    """Refuse samplers whose members are not trained, or not each by itself.

    Raises:
        UsageError: naming the sampler.
    """
    instance = sampler.instance
    if not instance.trains:
        raise UsageError(
            f"--sampler {sampler.display_name} trains no network, so --init has no effect on it; leave --init out, or "
            "choose deep_ensemble"
        )
    if instance.per_run != 1 or instance.per_block > 1:
        raise UsageError(
            f"--sampler {sampler.display_name} makes several members of one training run or seed, which --init does "
            "not divide among starts; choose deep_ensemble"
        )


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    name: str
    weights: Mapping[str, Tensor]
    outputs: int | None
    note: str


def _loaded(
    source: str,
    model: BoundModel,
    network: Mapping[str, Tensor],
    head: str,
    *,
    in_shape: tuple[int, int, int],
    classes: int,
) -> _Loaded:
    if is_plugin(source):
        return _pretrained(source, model, head, in_shape=in_shape, classes=classes)
    path, _, key = source.partition(KEY)
    try:
        fitted = read_weights(
            Path(path), network, key=key or None, head=head, select=f"--init '{Path(path).name}{KEY}{{key}}'"
        )
    except UsageError as error:
        raise UsageError(f"--init: {str(error).removeprefix('checkpoints: ')}") from error
    return _Loaded(name="", weights=fitted.weights, outputs=fitted.outputs, note=fitted.note)


def _pretrained(
    source: str, model: BoundModel, head: str, *, in_shape: tuple[int, int, int], classes: int
) -> _Loaded:  # fmt: skip
    offering = pretrained_model(source, model)
    which = source.partition(":")[2] or None
    with calling(f"the architecture '{model.canonical_name}' ({model.distribution})"), torch.random.fork_rng():
        name = offering.pretrained(which).name
        weights = offering.build_pretrained(in_shape, classes, which=which).module.state_dict()
    return _Loaded(name=name, weights=without_head(weights, head), outputs=None, note="")


def pretrained_model(source: str, model: BoundModel) -> PretrainedModel:
    """Return an architecture that brings pretrained weights of its own.

    Raises:
        UsageError: if it brings none, or another plugin is named.
    """
    name, plugin = source.partition(":")[0], model.entry.plugin.name
    loaded = model.load()
    if name != plugin or not isinstance(loaded, PretrainedModel):
        raise UsageError(
            f"--init {name}: the architecture '{model.canonical_name}' brings no weights of {name}; name an "
            f"architecture that does, or a file with weights (./{name} if the file has this name)"
        )
    return loaded


def _hash(weights: Mapping[str, Tensor], network: Mapping[str, Tensor]) -> str:
    """Return the hash of weights in the network's types; counters of batch norms do not count."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        if not name.endswith(COUNTER):
            value = weights[name].detach().cpu().to(network[name].dtype).contiguous()
            digest.update(f"{name} {list(value.shape)} {value.dtype} ".encode())
            digest.update(value.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _names(sources: Sequence[str]) -> list[str]:
    """Return the shortest ends of paths that tell the sources apart."""
    paths = [Path(source).parts for source in sources]
    length = 1
    while length < max(map(len, paths), default=0) and len({part[-length:] for part in paths}) < len(set(paths)):
        length += 1
    return ["/".join(part[-length:]) for part in paths]
