"""The user's own trained networks, from their files."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from saliencynoise.data.run_folders import RunFiles, by_name, files_below, runs_of, shown
from saliencynoise.interfaces import Sample, Sampler, TrainingRun, UsageError
from saliencynoise.store.atomic import sha256_of
from saliencynoise.weights.files import some
from saliencynoise.weights.state_dicts import read_weights

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Checkpoints(Sampler):
    """Networks that were trained elsewhere, a file each, in the natural order of their names (2 before 10).

    Attributes:
        files: a path with wildcards, as in `/home/me/runs/*/best.safetensors`, or a folder with a file or more of each
            training run, of which `runs_of` takes one; kept as an absolute path.
        key: of the weights in each file, as in `state_dict_ema`, where several fit the network; None for the usual one.
    """

    files: str
    key: str | None = None

    def __post_init__(self) -> None:
        """Find the files.

        Raises:
            UsageError: if the pattern matches fewer than two, or a folder holds fewer than two training runs.
        """
        given = Path(self.files).expanduser()
        here = Path(glob.escape(str(Path.cwd())))
        there = Path(glob.escape(str(given))) if given.is_dir() else given
        pattern = str(there if there.is_absolute() else here / there)
        object.__setattr__(self, "files", pattern)
        found = self.found()
        if len(found) < 2:
            raise _too_few(pattern, found)

    @property
    def available(self) -> int:
        """Return how many files there are."""
        return len(self.found())

    @property
    def trains(self) -> bool:
        """Return that nothing is trained."""
        return False

    def found(self) -> list[RunFiles]:
        """Return the file of each member, in the members' order, with the files that are of the same training run."""
        matches = [Path(name) for name in glob.glob(self.files, recursive=True)]  # noqa: PTH207 - as the shell finds them
        if files := [path for path in matches if path.is_file()]:
            together = {path: run for run in runs_of(files) for path in (run.taken, *run.others)}
            return [
                RunFiles(taken=path, others=tuple(sorted({run.taken, *run.others} - {path})))
                for path, run in sorted(together.items(), key=lambda entry: by_name(entry[0]))
            ]
        return runs_of([path for folder in matches if folder.is_dir() for path in files_below(folder)])

    def paths(self) -> list[Path]:
        """Return the files, in the members' order."""
        return [run.taken for run in self.found()]

    def identity(self) -> Mapping[str, str]:
        """Return the hash of each file's content, by name and place.

        Raises:
            UsageError: if two files are the same: networks that agree by construction.
        """
        hashes: dict[str, Path] = {}
        for path in self.paths():
            first = hashes.setdefault(_hash(path), path)
            if first != path:
                raise UsageError(
                    f"checkpoints: {first} and {path} are the same file, so their maps would agree trivially; "
                    "remove one, or narrow the pattern"
                )
        return {f"{index}:{path.name}": digest for index, (digest, path) in enumerate(hashes.items())}

    def check(self, network: Mapping[str, Tensor], *, members: Sequence[int]) -> None:
        """Read the files of these members.

        Raises:
            UsageError: if one cannot be used, with its name.
        """
        paths = self.paths()
        for index in members:
            read_weights(paths[index], network, key=self.key)

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the network in the file of the run's index."""
        found = self.found()
        files = found[run.index]
        fitted = read_weights(files.taken, run.build().state_dict(), key=self.key)
        root = Path(os.path.commonpath([other.taken.parent for other in found]))
        (source,) = shown([files.taken], root)
        yield Sample(
            weights=fitted.weights, source=source, note="; ".join(filter(None, (_note(files, found), fitted.note)))
        )


def _note(files: RunFiles, found: Sequence[RunFiles]) -> str:
    """Return a note on the other files of the same training run; nothing if there are none."""
    if not files.others:
        return ""
    names = some(shown(files.others, files.taken.parent))
    if any(run.taken in files.others for run in found):
        return (
            f"{len(files.others) + 1} of these files seem to be moments of one training run; such networks agree more "
            "than networks from separate runs, so r and the networks for 0.9 do not hold for new networks: name a "
            "file of each run"
        )
    return (
        f"{files.taken.name} is taken of the {len(files.others) + 1} files of this training run (the others: {names})"
    )


def _too_few(pattern: str, found: Sequence[RunFiles]) -> UsageError:
    advice = (
        "name two files or more, as in checkpoints:'PATH/*.safetensors' (in quotes, so that the shell does not expand "
        "it), or a folder of training runs"
    )
    if not found:
        return UsageError(f"checkpoints: {pattern} matches no file of weights; {advice}")
    (run,) = found
    if run.others:
        return UsageError(
            f"checkpoints: {pattern} holds one training run ({some(path.name for path in (run.taken, *run.others))}), "
            "and epochs of one run are not independent networks; name a folder with a folder for each run, or, if the "
            "files are of separate runs, the files with wildcards"
        )
    return UsageError(
        f"checkpoints: {pattern} matches only {run.taken}, and networks are compared with each other; {advice}"
    )


def _hash(path: Path) -> str:
    digest = sha256_of(path)
    if digest is None:
        raise UsageError(f"checkpoints: {path} cannot be read; check its permissions")
    return digest
