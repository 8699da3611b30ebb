"""The files of training runs: which of them belong to one run, and which of these is its network."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from saliencynoise.data.orders import natural

SUFFIXES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".pt.tar", ".pth.tar", ".ckpt.tar")
"""Ends of the names of files with weights, in lower case."""

_BEST, _LAST = frozenset({"best"}), frozenset({"last", "latest", "final"})
_COUNTERS = frozenset({"epoch", "epochs", "ep", "step", "steps", "iter", "iteration", "checkpoint", "ckpt"})
_GENERAL = frozenset({"model", "net", "network", "weights", "state", "dict", "checkpoints", "models", "ema", "of"})
_OTHERS = frozenset({"optimizer", "optim", "scheduler", "rng", "args", "scaler"})
"""Words of files that trainers write beside the weights."""

_VALUE = re.compile(r"(?<![a-z])([a-z][a-z_/]*)=(-?\d+(?:\.\d+)?)")
_WORD = re.compile(r"[a-z]+|\d+")


@dataclass(frozen=True, kw_only=True)
class RunFiles:
    """The files of one training run.

    Attributes:
        taken: the file of its network: the best, else the last, else one without a number, else the highest number.
        others: its other files.
    """

    taken: Path
    others: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class _Name:
    """The words of a path: those that name the run, and the place of the file in its run."""

    run: tuple[str, ...]
    rank: tuple[int, bool, int]


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files with weights in a folder and below; hidden ones, and states of optimizers, are left out."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            words = set(_WORD.findall(name.lower()))
            if name.lower().endswith(SUFFIXES) and not name.startswith(".") and not words & _OTHERS:
                yield Path(place, name)


def runs_of(files: Sequence[Path]) -> list[RunFiles]:
    """Return the files by training run, the runs in the natural order of their paths.

    Files are of one run if their paths differ only in words that name a moment of the training (`best`, `last`,
    `epoch=3-step=120`, `checkpoint-500`), in general words (`model`, `weights`) and in the values of metrics.

    >>> seeds = ["s0/model_best.pth.tar", "s0/last.pth.tar", "s0/checkpoint-9.pth.tar", "s1/checkpoint-9.pth.tar"]
    >>> [(str(run.taken), len(run.others)) for run in runs_of([Path(name) for name in seeds])]
    [('s0/model_best.pth.tar', 2), ('s1/checkpoint-9.pth.tar', 0)]
    """
    if not files:
        return []
    root = os.path.commonpath([str(path.parent) for path in files])
    runs: dict[tuple[str, ...], list[tuple[_Name, Path]]] = {}
    for path in sorted(files, key=by_name):
        name = _name(Path(os.path.relpath(path, root)))
        runs.setdefault(name.run, []).append((name, path))
    taken = [max(found, key=lambda entry: entry[0].rank)[1] for found in runs.values()]
    return [
        RunFiles(taken=path, others=tuple(other for _, other in found if other != path))
        for path, found in zip(taken, runs.values(), strict=True)
    ]


def by_name(path: Path) -> list[tuple[tuple[str | int, ...], str]]:
    """Return a key that sorts paths folder by folder, with numbers by value."""
    return [natural(part) for part in path.parts]


def shown(paths: Iterable[Path], root: Path) -> list[str]:
    """Return paths relative to a folder above them, for people."""
    return [os.path.relpath(path, root) for path in paths]


def _name(path: Path) -> _Name:
    stem = path.name
    while stem.lower().endswith((*SUFFIXES, ".tar")):
        stem = stem.rpartition(".")[0]
    run: list[str] = []
    moments: set[str] = set()
    number = 0
    for part in (*path.parts[:-1], stem):
        rest, words, count = _taken_apart(part.lower())
        run += [part] if rest and part is not stem else rest
        if not rest or part is stem:
            moments, number = moments | words, max(number, count)
    kind = 3 if moments & _BEST else 2 if moments & _LAST else 0 if number or moments & _COUNTERS else 1
    return _Name(run=tuple(run), rank=(kind, "ema" not in moments, number))


def _taken_apart(part: str) -> tuple[list[str], set[str], int]:
    """Return the words that name a run, those that name a moment of it, and the number of that moment."""
    values = dict(_VALUE.findall(part))
    number = max((int(float(values[name])) for name in _COUNTERS & values.keys()), default=0)
    words = _WORD.findall(_VALUE.sub(" ", part))
    rest: list[str] = []
    moments = {"epoch"} if values else set()
    for before, word in zip([None, *words], words, strict=False):
        if word in _BEST | _LAST | _COUNTERS | _GENERAL:
            moments.add(word)
        elif word.isdecimal() and (before in _COUNTERS or (before == "v" and moments)):
            number = max(number, int(word))
        elif word != "v" or not moments:
            rest.append(word)
    return rest, moments, number
