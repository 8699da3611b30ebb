"""The user's own trained networks, from their files."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from saliencynoise.data.orders import natural
from saliencynoise.interfaces import Sample, Sampler, TrainingRun, UsageError
from saliencynoise.store.atomic import sha256_of
from saliencynoise.weights.state_dicts import read_weights


@dataclass(frozen=True)
class Checkpoints(Sampler):
    """Networks that were trained elsewhere, a file each, in the natural order of their names (2 before 10).

    Attributes:
        files: a path with wildcards, as in `/home/me/runs/*/best.safetensors`; kept as an absolute path.
        key: of the weights in each file, as in `state_dict_ema`, where several fit the network; None for the usual one.
    """

    files: str
    key: str | None = None

    def __post_init__(self) -> None:
        """Find the files.

        Raises:
            UsageError: if the pattern matches fewer than two.
        """
        given = Path(self.files).expanduser()
        here = Path(glob.escape(str(Path.cwd())))
        pattern = str(given if given.is_absolute() else here / given)
        object.__setattr__(self, "files", pattern)
        paths = self.paths()
        if len(paths) < 2:
            matches = f"only {paths[0]}" if paths else "no file"
            raise UsageError(
                f"checkpoints: {pattern} matches {matches}, and networks are compared with each other; name two files "
                "or more, as in checkpoints:'PATH/*.safetensors' (in quotes, so that the shell does not expand it)"
            )

    @property
    def available(self) -> int:
        """Return how many files there are."""
        return len(self.paths())

    @property
    def trains(self) -> bool:
        """Return that nothing is trained."""
        return False

    def paths(self) -> list[Path]:
        """Return the files, in the members' order."""
        matches = (Path(name) for name in glob.glob(self.files, recursive=True))  # noqa: PTH207 - as the shell finds them
        return sorted((path for path in matches if path.is_file()), key=lambda path: natural(str(path)))

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

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the network in the file of the run's index."""
        path = self.paths()[run.index]
        fitted = read_weights(path, run.build().state_dict(), key=self.key)
        yield Sample(weights=fitted.weights, source=path.name, note=fitted.note)


def _hash(path: Path) -> str:
    digest = sha256_of(path)
    if digest is None:
        raise UsageError(f"checkpoints: {path} cannot be read; check its permissions")
    return digest
