"""The one builder of studies for tests: from the parts of records that matter to a test, or from maps.

`filled` completes a record by the types of its keys. `study_of` makes a study of parts. `make_study` reduces maps that
a test chooses and writes them as a bench does, without any network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import pandas as pd
import torch
from safetensors.torch import save
from torch import Tensor

from saliencynoise.api import Study
from saliencynoise.engine.map_source import StoredSource
from saliencynoise.engine.reduce import Reduced, reduce_maps
from saliencynoise.interfaces.seeds import draw_name
from saliencynoise.records.cell import Cell, CellFigures
from saliencynoise.records.common import Name, Number, Record, Shape
from saliencynoise.records.population import FROM_SCRATCH, Kind, PopulationRecord
from saliencynoise.records.reading import check_record
from saliencynoise.records.study import StudyRecord
from saliencynoise.records.writing import json_of, record_of
from saliencynoise.store.atomic import slug_of, write_bytes
from saliencynoise.store.grams import save_grams
from saliencynoise.store.maps import Chunk, MapStore

RECIPE = {"epochs": 3, "batch_size": 32, "precision": "float32"}
CLASSES = ("cat", "dog")
T = TypeVar("T", bound=Record)


def filled(kind: Any, part: Any) -> Any:
    """Return a JSON value of a type, with everything that a test leaves out filled in.

    A key that is missing becomes null where it may, else 0, false, "", the first allowed word, or empty. Keys that the
    record does not name stay.

    Args:
        kind: a record or the type of one of its keys.
        part: the value as far as the test gives it; a record or plain values.
    """
    part = json_of(part)
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return filled(inside[0], part)
    if origin in {Union, UnionType}:
        return part if part is None else filled(_chosen(inside, part), part)
    if isinstance(kind, type) and issubclass(kind, Record) and isinstance(part, dict):
        hints = get_type_hints(kind, include_extras=True)
        config = kind.__struct_config__
        tag = {} if config.tag_field is None else {config.tag_field: config.tag}
        kinds = {
            key: hints[name] for key, name in zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
        }
        return {**part, **tag, **{key: filled(own, part.get(key, _blank(own))) for key, own in kinds.items()}}
    if origin is tuple and isinstance(part, list):
        return [filled(inside[0], item) for item in part]
    if origin is dict and isinstance(part, dict):
        return {key: filled(inside[1], value) for key, value in part.items()}
    return part


def _chosen(kinds: Sequence[Any], part: Any) -> Any:
    """The kind of a value that may be of several: by its tag, else the first."""
    chosen = [kind for kind in kinds if kind is not type(None)]
    configs = [getattr(kind, "__struct_config__", None) for kind in chosen]
    tags = [isinstance(part, dict) and config and config.tag_field and part.get(config.tag_field) for config in configs]
    own = [config.tag if config else None for config in configs]
    return next((kind for kind, tag, name in zip(chosen, tags, own, strict=True) if tag and tag == name), chosen[0])


def record_with(kind: type[T], **parts: Any) -> T:
    """A record of which a test gives the parts that matter."""
    return check_record(filled(kind, parts), kind, where="a test's record")


def _blank(kind: Any) -> Any:
    special = {Shape: [1, 8, 8], Name: "made", Number: None}
    origin, inside = get_origin(kind), get_args(kind)
    if kind in special:
        return special[kind]
    if origin in {Union, UnionType}:
        return None if type(None) in inside else _blank(inside[0])
    if origin in {Annotated, Literal}:
        return _blank(inside[0]) if origin is Annotated else inside[0]
    if origin in {tuple, dict}:
        return origin()
    return {} if issubclass(kind, Record) else kind()


def estimate(value: float, low: float | None = None, high: float | None = None, floor: float = 0.0) -> dict[str, Any]:
    """An estimate with its interval."""
    ends = None if low is None else {"low": low, "high": high, "question": "both", "level": 0.95}
    return {"value": value, "interval": ends, "floor": floor}


def record_of_study(**parts: Any) -> StudyRecord:
    """A `result.json`, of which a test gives the parts that matter; a method and an architecture for each cell."""
    cells = [json_of(cell) for cell in parts.get("cells", ())]
    labels = dict.fromkeys(cell["method"] for cell in cells)
    nets = dict.fromkeys(cell["architecture"] for cell in cells)
    parts.setdefault("sampler", {})
    parts.setdefault("methods", [method_of(label) for label in labels])
    parts.setdefault("architectures", [{"label": label, "name": label} for label in nets])
    document = filled(StudyRecord, {"format": 1, **parts, "cells": cells})
    return check_record(document, StudyRecord, where="a test's study")


def method_of(label: str) -> dict[str, Any]:
    """The record of a method by its display name: plugin, name and parameters."""
    name, _, given = label.partition("(")
    plugin, _, short = name.rpartition("/")
    parameters = dict(pair.split("=", 1) for pair in given.removesuffix(")").split(", ") if "=" in pair)
    return {"label": label, "name": label, "plugin": plugin or "builtin", "short_name": short, "given": parameters}


def cell_of(**parts: Any) -> Cell:
    """A cell of which a test gives the parts that matter."""
    return record_with(Cell, **parts)


def edited(study: Study, edit: Callable[[dict[str, Any]], None]) -> Study:
    """A study after a test changed the document of its `result.json`; nothing is written."""
    document = json_of(study.result)
    edit(document)
    return study_of(study.folder, **document)


def study_of(folder: str | Path = "runs/made", **parts: Any) -> Study:
    """A study of which a test gives the parts that matter; nothing is written."""
    return Study(record_of_study(**parts), Path(folder))


def noisy_maps(
    *, members: int = 4, images: int = 6, shape: Sequence[int] = (1, 8, 8), snr: float = 1.0, seed: int = 0
) -> Tensor:
    """[E, B, c, h, w]: a signal common to all members, whose strength varies over images, plus unit noise."""
    generator = torch.Generator().manual_seed(seed)
    signal = torch.randn(1, images, *shape, generator=generator) * torch.linspace(0.5, 1.5, images).view(-1, 1, 1, 1)
    return snr**0.5 * signal + torch.randn(members, images, *shape, generator=generator)


def nested_maps(
    *,
    sizes: Sequence[int] = (2, 2, 2, 2),
    images: int = 6,
    shape: Sequence[int] = (1, 8, 8),
    snr: float = 1.0,
    start_share: float = 0.8,
    seed: int = 0,
    signal_seed: int = 0,
) -> Tensor:
    """[E, B, c, h, w]: as `noisy_maps`, a share of whose noise is common to the members of a start."""
    generator = torch.Generator().manual_seed(seed)
    signal = torch.randn(1, images, *shape, generator=torch.Generator().manual_seed(1000 + signal_seed))
    starts = torch.randn(len(sizes), images, *shape, generator=generator).repeat_interleave(torch.tensor(sizes), 0)
    own = torch.randn(sum(sizes), images, *shape, generator=generator)
    return snr**0.5 * signal + start_share**0.5 * starts + (1 - start_share) ** 0.5 * own


def population_with(sizes: Sequence[int], *, tuned: Sequence[str] = ("all",)) -> PopulationRecord:
    """The population of networks that were tuned from starts, each with so many members."""
    starts = tuple(f"start-{index}.pt" for index in range(len(sizes)))
    start_of = tuple(index for index, size in enumerate(sizes) for _ in range(size))
    kind: Kind = "one_start" if len(sizes) == 1 else "several_starts"
    return PopulationRecord(kind=kind, starts=starts, start_of=start_of, tuned=tuple(tuned))


def make_study(
    folder: Path,
    maps: Mapping[tuple[str, str], Tensor | str],
    *,
    classes: Sequence[str] = CLASSES,
    dataset: str = "made",
    channels: int = 1,
    side: int = 8,
    keep_maps: str = "all",
    accuracy: float = 0.9,
    population: PopulationRecord = FROM_SCRATCH,
) -> Study:
    """Write a study into a folder and load it; image b is of class b modulo their number.

    Args:
        folder: new.
        maps: by architecture and method: `[E, B, c, h, w]`, or `[E, D, B, c, h, w]` of several draws, or why it failed.
        classes: their names.
        dataset: its name.
        channels: of the pictures, whose pixels are random.
        side: of the pictures.
        keep_maps: as of a bench.
        accuracy: of all members.
        population: of each architecture's members; of a nested design, with the start of each.
    """
    drawn = {key: values[:, None] if values.ndim == 5 else values for key, values in maps.items() if _is_map(values)}
    members, _, count = next(iter(drawn.values())).shape[:3]
    labels = [b % len(classes) for b in range(count)]
    chunk = Chunk(index=0, key="all", rows=tuple(range(count)))
    cells, tables, kept = [], [], []
    for (architecture, method), values in maps.items():
        names = {"dataset": dataset, "architecture": architecture, "method": method}
        draws = 1 if isinstance(values, str) else drawn[architecture, method].shape[1]
        common = {**names, "members": members, "view": "signed", "draws": draws}
        common["method_name"] = method
        common["accuracy"] = dict.fromkeys(("median", "min", "max"), accuracy)
        if isinstance(values, str):
            cells.append({**common, "status": "failed", "reason": values})
            continue
        place = f"{slug_of(architecture)}/{slug_of(method)}"
        stores = stores_of(folder / "maps" / place, drawn[architecture, method], chunk)
        mean = drawn[architecture, method].mean((0, 1))
        source = StoredSource(stores, range(members), [chunk])
        reduced = reduce_maps(
            source,
            labels=labels,
            views=["signed"],
            marginal=mean,
            masks=None,
            seed=0,
            clusters=population.clusters,
        )
        gram = f"gram/{place}.safetensors"
        save_grams(folder / gram, reduced.grams)
        cells.append(
            {**common, "status": "ok", "reason": None, "seconds": 1.0, "gram": gram, **_found(reduced, classes)}
        )
        tables.append(pd.DataFrame({**names, "view": "signed", **_per_image(reduced, labels, classes)}))
        if keep_maps != "none":
            members_stores = stores if keep_maps == "all" else []
            kept.append(stored(folder, architecture, method, members_stores, mean=mean, chunk=chunk))
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(256, (count, channels, side, side), generator=generator, dtype=torch.uint8)
    if keep_maps != "none":
        write_bytes(folder / "maps/images.safetensors", save({"pixels": pixels}))
    pd.concat(tables).to_parquet(folder / "snr.parquet", index=False)
    architectures = list(dict.fromkeys(architecture for architecture, _ in maps))
    hardware = {"device": "cpu", "processor": "a processor"}
    known = {"accuracy": accuracy, "seconds": 1.0, "flag": None, "seeds": {}, "sha256": "", "hardware": hardware}
    trained = [{"index": e, **known} for e in range(members)]
    about = {"name": dataset, "asked": dataset, "classes": list(classes), "image_shape": [channels, side, side]}
    images = [
        {"name": f"{dataset}/{b}", "label": label, "target": dict.fromkeys(architectures, label), "predicted": {}}
        for b, label in enumerate(labels)
    ]
    record = record_of_study(
        settings={"members": members, "target": "true", "draws": 2, "seed": 0, "dataset": dataset},
        dataset={**about, "train_images": 100, "test_images": 50, "notes": ["pictures of random pixels"]},
        recipes=dict.fromkeys(architectures, RECIPE),
        device="cpu",
        versions={"saliencynoise": "0.1.0", "torch": "2.15.0"},
        hardware=hardware,
        architectures=[
            {"name": name, "label": name, "members": trained, "population": population} for name in architectures
        ],
        images=images,
        cells=cells,
        maps=kept,
        files=sums(folder),
    )
    (folder / "result.json").write_text(json.dumps(json_of(record)))
    return Study.load(folder)


def stored(
    folder: Path, architecture: str, method: str, stores: Sequence[MapStore], *, mean: Tensor, chunk: Chunk
) -> dict[str, Any]:
    """Write the marginal map, and return what a result says of where the maps lie."""
    path = folder / "maps" / slug_of(architecture) / slug_of(method) / "marginal.safetensors"
    write_bytes(path, save({"values": mean.contiguous()}))
    return {
        "architecture": architecture,
        "method": method,
        "shape": list(mean.shape[1:]),
        "marginal": path.relative_to(folder).as_posix(),
        "draws": [store.folder.relative_to(folder).as_posix() for store in stores],
        "chunks": [{"file": chunk.file, "images": len(chunk.rows)}],
    }


def sums(folder: Path) -> dict[str, str]:
    """The checksum of each file below a folder, by its path."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _is_map(values: Tensor | str) -> bool:
    return not isinstance(values, str)


def stores_of(folder: Path, maps: Tensor, chunk: Chunk) -> list[MapStore]:
    """Write maps `[E, D, B, c, h, w]`, and return a store for each draw."""
    stores = [MapStore(folder / draw_name(draw)) for draw in range(maps.shape[1])]
    for draw, store in enumerate(stores):
        for member, values in enumerate(maps[:, draw]):
            store.save(member, "weights", chunk, values, seconds=1.0)
    return stores


def _found(reduced: Reduced, classes: Sequence[str]) -> dict[str, Any]:
    figures = reduced.figures["signed"]
    of_classes = {
        classes[label]: record_of(of_class, CellFigures) for label, of_class in reduced.classes["signed"].items()
    }
    details = reduced.details["signed"].record(None)
    return {"figures": record_of(figures, CellFigures), "details": details, "classes": of_classes}


def _per_image(reduced: Reduced, labels: Sequence[int], classes: Sequence[str]) -> dict[str, Any]:
    values = {name: column.numpy() for name, column in reduced.figures["signed"].per_image.items()}
    about = {"image": [f"made/{b}" for b in range(len(labels))], "label": [classes[label] for label in labels]}
    return {**about, **values, **reduced.details["signed"].per_image()}
