"""The files of a study beside `result.json`: `snr.parquet`, the maps, their export, and the checksums of all."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from saliencynoise.data.levels import shown
from saliencynoise.engine.predictions import PREDICTIONS
from saliencynoise.engine.study import PARQUET
from saliencynoise.records.files import PICTURES, StoredChunk, StoredMaps, map_path
from saliencynoise.store.atomic import sha256_of, write_bytes
from saliencynoise.store.export import Group, export_maps

if TYPE_CHECKING:
    from pathlib import Path

    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.member_quality import Votes
    from saliencynoise.engine.plan import Plan
    from saliencynoise.engine.reduce import Reduced
    from saliencynoise.registry.bound import BoundMethod
    from saliencynoise.store.maps import Chunk, MapStore
    from saliencynoise.store.records import MemberRecord


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """The trained members of one architecture of a plan.

    Attributes:
        plan: plan of the architecture.
        records: records of the members that were trained.
        balanced: the balanced accuracy of each, by index.
        flags: reason for each member that may have failed, by index.
        votes: votes on the attributed images; None where no member was trained.
        targets: the class that is explained, for each attributed image; empty where the vote on it failed.
        chunks: division of the images into files.
    """

    plan: ArchitecturePlan
    records: Sequence[MemberRecord]
    balanced: Mapping[int, float]
    flags: Mapping[int, str]
    votes: Votes | None
    targets: tuple[int, ...]
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, kw_only=True)
class ComputedMaps:
    """The maps of an architecture and method that did not fail, and where they are.

    Attributes:
        plan: plan of the run.
        ensemble: members of the architecture.
        method: the method.
        reduced: statistics of the maps.
    """

    plan: Plan
    ensemble: Ensemble
    method: BoundMethod
    reduced: Reduced

    @property
    def gram_file(self) -> Path:
        """The file of the Gram matrices."""
        return self.plan.run_folder.gram_file(self.ensemble.plan, self.method)

    @property
    def marginal_file(self) -> Path:
        """The file of the marginal maps."""
        return self.plan.run_folder.maps(self.ensemble.plan, self.method) / "marginal.safetensors"

    @property
    def stores(self) -> Sequence[MapStore]:
        """The members' maps, a store for each draw."""
        return self.plan.run_folder.stores(self.ensemble.plan, self.method)

    @property
    def kept_stores(self) -> Sequence[MapStore]:
        """The stores of members' maps that the run keeps."""
        return self.stores if self.plan.config.keep_maps == "all" else ()

    def within(self, path: Path) -> str:
        """Return a path as `result.json` has it, relative to the run's folder."""
        return path.relative_to(self.plan.run_folder.path).as_posix()

    def columns_of_images(self) -> dict[str, list[Any]]:
        """Return the name, label, target and vote of each attributed image."""
        plan, ensemble = self.plan, self.ensemble
        classes = plan.dataset.classes
        columns = {
            "image": plan.image_names,
            "label": [classes[label] for label in plan.dataset.test.labels[plan.images].tolist()],
            "target": [classes[target] for target in ensemble.targets],
        }
        if ensemble.votes is not None:
            columns["predicted"] = [classes[predicted] for predicted in ensemble.votes.predicted.tolist()]
            columns["members_correct"] = ensemble.votes.members_correct.tolist()
        return columns


def write_image_table(folder: Path, columns: Iterable[Mapping[str, Any]]) -> None:
    """Write `snr.parquet`: a row per architecture, method, view and image.

    It takes pyarrow alone, because pandas takes a second to load.

    Args:
        folder: of the run.
        columns: of each architecture, method and view.
    """
    import pyarrow as pa  # noqa: PLC0415 - planning need not wait for it
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    tables = [pa.table(dict(of_view)) for of_view in columns]
    names = ("dataset", "architecture", "method", "view", "image")
    table = (
        pa.concat_tables(tables, promote_options="default")
        if tables
        else pa.table({name: pa.array([], "string") for name in names})
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    write_bytes(folder / PARQUET, buffer.getvalue())


def image_columns(
    reduced: Reduced, names: Mapping[str, str], about: Mapping[str, Sequence[Any]]
) -> Iterator[Mapping[str, Any]]:
    """Yield the columns of `snr.parquet` for each view of a method.

    Args:
        reduced: statistics of its maps.
        names: data set, architecture and method.
        about: the columns that describe the images.
    """
    for view, figures in reduced.figures.items():
        repeated = {name: [value] * figures.images for name, value in {**names, "view": view}.items()}
        values = {name: column.numpy() for name, column in figures.per_image.items()}
        yield {**repeated, **about, **values, **reduced.details[view].per_image()}


def _image_columns(maps: ComputedMaps) -> Iterator[Mapping[str, Any]]:
    names = {
        "dataset": maps.plan.dataset.name,
        "architecture": maps.ensemble.plan.model.display_name,
        "method": maps.method.display_name,
    }
    return image_columns(maps.reduced, names, maps.columns_of_images())


def write_table(plan: Plan, computed: Iterable[ComputedMaps]) -> None:
    """Write the table of the images of a bench."""
    write_image_table(plan.run_folder.path, (columns for maps in computed for columns in _image_columns(maps)))


def write_maps(plan: Plan, computed: Sequence[ComputedMaps]) -> list[StoredMaps]:
    """Write marginal maps, images and the export, and return the paths of the maps, as in `result.json`."""
    from safetensors.torch import save  # noqa: PLC0415 - as above

    export = plan.run_folder.path / "maps.zarr"
    if plan.config.keep_maps == "none":
        shutil.rmtree(export, ignore_errors=True)  # the export of an earlier run shows that run's maps
        return []
    for maps in computed:
        write_bytes(maps.marginal_file, save({"values": maps.reduced.marginal.contiguous()}))
    pictures = shown(plan.dataset.test.images[plan.images])
    write_bytes(plan.run_folder.path / PICTURES, save({"pixels": pictures.contiguous()}))
    export_maps(export, [_exported(maps) for maps in computed], pictures)
    return [_stored(maps) for maps in computed]


def _stored(maps: ComputedMaps) -> StoredMaps:
    return StoredMaps(
        architecture=maps.ensemble.plan.model.display_name,
        method=maps.method.display_name,
        shape=tuple(maps.reduced.marginal.shape[1:]),
        marginal=maps.within(maps.marginal_file),
        draws=tuple(maps.within(store.folder) for store in maps.kept_stores),
        chunks=tuple(StoredChunk(file=chunk.file, images=len(chunk.rows)) for chunk in maps.ensemble.chunks),
    )


def _exported(maps: ComputedMaps) -> Group:
    return Group(
        path=map_path(maps.ensemble.plan.model.display_name, maps.method.display_name),
        stores=maps.kept_stores,
        members=maps.plan.members,
        chunks=maps.ensemble.chunks,
        marginal=maps.reduced.marginal,
        coordinates=maps.columns_of_images(),
        attributes={
            "method": maps.method.canonical_name,
            "architecture": maps.ensemble.plan.model.canonical_name,
            "aggregator": maps.plan.aggregator.canonical_name,
        },
    )


def checksums(plan: Plan, computed: Sequence[ComputedMaps]) -> dict[str, str]:
    """Return the checksum of each file that the result consists of, by its path in the folder."""
    folder = plan.run_folder.path
    paths = [folder / PARQUET, folder / PREDICTIONS, *(maps.gram_file for maps in computed)]
    if plan.config.keep_maps != "none":
        paths += [folder / PICTURES, *(maps.marginal_file for maps in computed)]
    sums = {path: sha256_of(path) or "" for path in paths}
    for maps in computed:
        for store, record, chunk in product(maps.kept_stores, maps.ensemble.records, maps.ensemble.chunks):
            sums[store.path(record.index, chunk)] = store.sha256(record.index, record.sha256, chunk)
    return {path.relative_to(folder).as_posix(): checksum for path, checksum in sums.items()}


def remove_unwanted_maps(plan: Plan, computed: Iterable[ComputedMaps]) -> None:
    """Delete the members' maps that are not to be kept."""
    if plan.config.keep_maps == "all":
        return
    for maps in computed:
        for store in maps.stores:
            store.remove_members(plan.members)
