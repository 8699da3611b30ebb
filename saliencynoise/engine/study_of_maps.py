"""The study of maps that no bench made: the same reduction, the same files, the same records."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec import structs

from saliencynoise.display.numbers import counted
from saliencynoise.engine.computed_cells import accuracy_of, computed_cells, failed_cells
from saliencynoise.engine.failures import BrokenMapError, FailedCellError
from saliencynoise.engine.reduce import Reduced, reduce_maps
from saliencynoise.engine.result_files import image_columns, write_image_table
from saliencynoise.engine.study import FORMAT, PARQUET, RESULT, Study
from saliencynoise.interfaces import Aggregator, UsageError, one_line
from saliencynoise.interfaces.seeds import draw_name
from saliencynoise.records.common import Hardware
from saliencynoise.records.files import PICTURES, StoredChunk, StoredMaps, map_path
from saliencynoise.records.study import (
    ArchitectureResult,
    Chunks,
    DatasetRecord,
    ImageRecord,
    MeasureSettings,
    MethodRecord,
    StudyRecord,
)
from saliencynoise.records.writing import record_of, write_record
from saliencynoise.statistics.gram import NOISELESS
from saliencynoise.store.atomic import sha256_of, write_bytes
from saliencynoise.store.grams import save_grams
from saliencynoise.store.maps import Chunk, MapStore
from saliencynoise.store.provenance import hardware, versions

if TYPE_CHECKING:
    from jaxtyping import Bool, UInt8
    from torch import Tensor

    from saliencynoise.engine.map_source import MapSource
    from saliencynoise.records.cell import Cell
    from saliencynoise.registry.bound import BoundAggregator
    from saliencynoise.store.scratch import Scratch

KeptMaps = Literal["all", "mean", "none"]

BLOCK = 1 << 24
"""The most values of one member in a file of maps, and so in memory when maps are stored: 64 MiB in float32."""


@dataclass(frozen=True, kw_only=True)
class MeasuredMaps:
    """What is known of maps beside their values.

    Attributes:
        settings: where they are from, and the seed.
        dataset: the images or other items; `classes` in the order of the labels.
        images: a record for each item, in the order of the maps.
        architecture: the networks, with a record for each member, in the order of the maps.
        methods: a record for each method, by its label; its `views` are measured, and "centred" for maps of one sign.
        pictures: `[B, C, H, W]`, C of 1 or 3; None where there are none.
        correct: whether a member classifies an image correctly; None where that is not known.
        masks: the pixels that cause the images' labels; None where they are unknown.
        seconds: of attribution, by method; without those that are not known.
        device: on which the maps were computed, as "cpu".
    """

    settings: MeasureSettings
    dataset: DatasetRecord
    images: Sequence[ImageRecord]
    architecture: ArchitectureResult
    methods: Mapping[str, MethodRecord]
    pictures: UInt8[Tensor, "B C H W"] | None = None
    correct: Bool[Tensor, "B E"] | None = None
    masks: Bool[Tensor, "B H W"] | None = None
    seconds: Mapping[str, float] | None = None
    device: str = "cpu"


def study_of_maps(
    sources: Mapping[str, MapSource | str],
    about: MeasuredMaps,
    *,
    folder: Path,
    aggregator: BoundAggregator,
    keep_maps: KeptMaps = "all",
    strict: bool = False,
    scratch: Scratch | None = None,
) -> Study:
    """Reduce maps as a bench does, write the files of a study into a folder, and return the study.

    `result.json` is written last, so that it is complete or absent.

    Args:
        sources: the maps of each method by its label, in the order of tables; a text where it failed, with the reason.
        about: what is known of the maps.
        folder: an empty folder, or a new one.
        aggregator: makes the marginal map from members' maps; its level is "maps".
        keep_maps: "all", "mean" (the marginal map only) or "none".
        strict: whether maps that cannot be measured are an error, in place of a cell that failed.
        scratch: the temporary folder that holds `folder`, which is deleted with the study; None for none.

    Raises:
        UsageError: if the folder is read-only or full; with `strict`, naming the method, member and item.
    """
    labels = [image.label for image in about.images if image.label is not None]
    reduced = {
        label: source if isinstance(source, str) else _reduced(
            source, about, about.methods[label], labels=labels or None, aggregator=aggregator, strict=strict
        )
        for label, source in sources.items()
    }  # fmt: skip
    writer = _Writer(folder=folder, about=about)
    cells = [cell for label, found in reduced.items() for cell in writer.cells(label, found)]
    write_image_table(folder, writer.columns(reduced))
    stored = [] if keep_maps == "none" else list(writer.maps(sources, reduced, members=keep_maps == "all"))
    if keep_maps != "none" and about.pictures is not None:
        writer.pictures(about.pictures)
    result = StudyRecord(
        format=FORMAT,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings=about.settings,
        plan=Chunks(chunk=max((chunk.images for entry in stored for chunk in entry.chunks), default=0), rows={}),
        dataset=structs.replace(about.dataset, notes=(*about.dataset.notes, *_oddities(reduced, about))),
        recipes={},
        device=about.device,
        aggregator=aggregator.canonical_name,
        sampler=None,
        versions=versions(),
        hardware=record_of(hardware(about.device, threads=1), Hardware),
        methods=tuple(about.methods[label] for label in sources),
        architectures=(about.architecture,),
        images=tuple(about.images),
        cells=tuple(cells),
        maps=tuple(stored),
        files=writer.checksums(),
    )
    write_record(folder / RESULT, result)
    return Study(result, folder, scratch)


def _reduced(
    source: MapSource,
    about: MeasuredMaps,
    method: MethodRecord,
    *,
    labels: Sequence[int] | None,
    aggregator: BoundAggregator,
    strict: bool,
) -> Reduced | str:
    """Return the statistics of a method's maps, or the reason why there are none."""
    groups = [image.group for image in about.images if image.group is not None]
    sign: Any = method.sign  # the reader of records checks no words of plugins
    assert isinstance(aggregator.instance, Aggregator)  # noqa: S101 - of maps, as documented; this tells mypy
    try:
        return reduce_maps(
            source,
            labels=labels,
            views=method.views,
            marginal=aggregator.instance,
            masks=about.masks,
            seed=about.settings.seed,
            sign=sign,
            scale=aggregator.spec.scale,
            groups=tuple(groups) if groups and len(groups) == source.items else None,
            clusters=about.architecture.population.clusters,
        )
    except BrokenMapError as error:
        if strict:
            raise UsageError(f"{method.label}: {_broken(error, about)}") from error
        return one_line(error)
    except FailedCellError as error:
        if strict:
            raise UsageError(f"{method.label}: {one_line(error)}") from error
        return one_line(error)


def _broken(error: BrokenMapError, about: MeasuredMaps) -> str:
    """Return a sentence on a map with NaN or infinity that names its member and its item."""
    source = about.architecture.members[error.member].source
    member = f"member {error.member}" + (f" ({source})" if source else "")
    name = about.images[error.image].name
    item = f"item {error.image}" + (f" ({name})" if name != f"item {error.image}" else "")
    return (
        f"{member} has {counted(error.count, 'value')} of NaN or infinity in the map of {item}; leave out this "
        "member or this item"
    )


def _oddities(reduced: Mapping[str, Reduced | str], about: MeasuredMaps) -> list[str]:
    """Return notes on members with the same maps, and on those whose maps are zero."""
    notes = []
    names = [member.source or str(member.index) for member in about.architecture.members]
    for label, found in reduced.items():
        if isinstance(found, str):
            continue
        gram = found.grams[next(iter(found.figures))]
        energy = gram.diagonal(dim1=-2, dim2=-1)
        empty = (energy == 0).all(0)
        if bool(empty.any()):
            blank = ", ".join(names[member] for member in empty.nonzero().flatten().tolist())
            notes.append(f"the maps of {label} are zero on all {about.settings.images} images for member {blank}")
        apart = energy[:, :, None] + energy[:, None, :] - 2 * gram
        same = (apart <= NOISELESS * (energy[:, :, None] + energy[:, None, :])).all(0) & ~empty & ~empty[:, None]
        pairs = [(one, other) for one, other in same.nonzero().tolist() if one < other]
        if pairs:
            one, other = pairs[0]
            more = f" and {counted(len(pairs) - 1, 'more pair')}" if len(pairs) > 1 else ""
            notes.append(
                f"the same maps: members {names[one]} and {names[other]}{more} have identical maps of {label}; if they "
                "are copies of one network, count them once"
            )
    return notes


class _Writer:
    """Writes the files of a study, and remembers their paths."""

    def __init__(self, *, folder: Path, about: MeasuredMaps) -> None:
        self._folder, self._about = folder, about
        self._label = about.architecture.label
        self._paths: list[Path] = [folder / PARQUET]

    def cells(self, label: str, reduced: Reduced | str) -> list[Cell]:
        """Return the cells of a method, whose Gram matrices are written."""
        about, method = self._about, self._about.methods[label]
        common = {
            "dataset": about.dataset.name,
            "architecture": self._label,
            "method": label,
            "method_name": method.name,
            "distribution": method.distribution,
            "members": len(about.architecture.members),
            "draws": 1,
            "flagged_members": [member.index for member in about.architecture.members if member.flag],
            "accuracy": accuracy_of(about.architecture.accuracies),
            "untrained": None,
        }
        if isinstance(reduced, str):
            return failed_cells(common, views=method.views, sign=method.sign, reason=reduced)
        place = f"gram/{map_path(self._label, label)}.safetensors"
        save_grams(self._folder / place, reduced.grams)
        self._paths.append(self._folder / place)
        return computed_cells(
            {**common, "draws": reduced.draws},
            reduced,
            classes=about.dataset.classes,
            correct=about.correct,
            gram=place,
            seconds=(about.seconds or {}).get(label),
        )

    def columns(self, reduced: Mapping[str, Reduced | str]) -> Iterator[Mapping[str, Any]]:
        """Yield the columns of `snr.parquet` for each method and view."""
        for label, found in reduced.items():
            if not isinstance(found, str):
                names = {"dataset": self._about.dataset.name, "architecture": self._label, "method": label}
                yield from image_columns(found, names, self._about_images())

    def _about_images(self) -> dict[str, Sequence[Any]]:
        images, classes = self._about.images, self._about.dataset.classes
        name = self._about.architecture.name
        columns: dict[str, Sequence[Any]] = {"image": [image.name for image in images]}
        labels = [image.label for image in images if image.label is not None]
        if labels:
            columns["label"] = [classes[label] for label in labels]
        for key in ("target", "predicted"):
            votes = [getattr(image, key) for image in images]
            if all(name in vote for vote in votes):
                columns[key] = [classes[vote[name]] for vote in votes]
        if all(name in image.members_correct for image in images):
            columns["members_correct"] = [image.members_correct[name] for image in images]
        return columns

    def maps(
        self, sources: Mapping[str, MapSource | str], reduced: Mapping[str, Reduced | str], *, members: bool
    ) -> Iterator[StoredMaps]:
        """Write the marginal maps and, if wanted, the members' maps; yield their paths."""
        from safetensors.torch import save  # noqa: PLC0415 - only when maps are written

        for label, source in sources.items():
            found = reduced[label]
            if isinstance(found, str) or isinstance(source, str):
                continue
            place = f"maps/{map_path(self._label, label)}"
            marginal = self._folder / place / "marginal.safetensors"
            write_bytes(marginal, save({"values": found.marginal.contiguous()}))
            self._paths.append(marginal)
            draws = [f"{place}/{draw_name(draw)}" for draw in range(source.draws)] if members else []
            chunks = _chunks(source.items, math.prod(found.marginal.shape[1:]))
            for draw, path in enumerate(draws):
                self._members(source, MapStore(self._folder / path), chunks, draw)
            yield StoredMaps(
                architecture=self._label,
                method=label,
                shape=tuple(found.marginal.shape[1:]),
                marginal=f"{place}/{marginal.name}",
                draws=tuple(draws),
                chunks=tuple(StoredChunk(file=chunk.file, images=len(chunk.rows)) for chunk in chunks),
            )

    def _members(self, source: MapSource, store: MapStore, chunks: Sequence[Chunk], draw: int) -> None:
        for member in range(source.members):
            for chunk in chunks:
                values = source.block(member, draw, slice(chunk.rows[0], chunk.rows[-1] + 1))
                store.save(member, "", chunk, values, seconds=0.0)
                self._paths.append(store.path(member, chunk))

    def pictures(self, pictures: UInt8[Tensor, "B C H W"]) -> None:
        """Write the pictures."""
        from safetensors.torch import save  # noqa: PLC0415 - as above

        write_bytes(self._folder / PICTURES, save({"pixels": pictures.contiguous()}))
        self._paths.append(self._folder / PICTURES)

    def checksums(self) -> dict[str, str]:
        """Return the checksum of each file by its path in the folder."""
        return {path.relative_to(self._folder).as_posix(): sha256_of(path) or "" for path in self._paths}


def _chunks(items: int, size: int) -> list[Chunk]:
    """Return the division of items into files, by the number of values of a map."""
    step = max(1, BLOCK // max(size, 1))
    starts = range(0, items, step)
    return [
        Chunk(index=index, key="maps", rows=tuple(range(start, min(start + step, items))))
        for index, start in enumerate(starts)
    ]
