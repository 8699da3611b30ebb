"""`sn.measure` and `saliencynoise measure`: maps become a study, by the reduction of a bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.engine.population import of_clusters
from saliencynoise.engine.study_of_maps import KeptMaps, MeasuredMaps, study_of_maps
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.measuring.arrays import maps_of
from saliencynoise.measuring.files import Opener, maps_of_files
from saliencynoise.measuring.items import Listed, classes_of, texts_of, unique
from saliencynoise.measuring.layout import Fitted, fitted, text_of
from saliencynoise.measuring.member_maps import Draws, MemberMaps, check_shapes
from saliencynoise.measuring.pictures import pictures_of
from saliencynoise.measuring.readers import ReaderSource, refuse_format
from saliencynoise.measuring.tables import Columns
from saliencynoise.records.population import PopulationRecord
from saliencynoise.records.study import (
    ArchitectureResult,
    DatasetRecord,
    ImageRecord,
    MeasureSettings,
    MemberResult,
    MethodRecord,
)
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.statistics.views import VIEWS, get_view
from saliencynoise.store.scratch import Scratch

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study
    from saliencynoise.records.study import Layout
    from saliencynoise.registry.bound import BoundAggregator

MEMORY = "memory"
"""The source of maps that are no files, in words."""

Sources = Mapping[str, MemberMaps]


@dataclass(frozen=True, kw_only=True)
class MeasureConfig:
    """What a user says of maps; the fields are the parameters of `sn.measure`."""

    labels: Listed | None = None
    names: Listed | None = None
    images: Any = None
    clusters: Listed | None = None
    members: Listed | None = None
    features: Listed | None = None
    draws: Draws | None = None
    layout: Layout | None = None
    views: Sequence[str] = ("signed",)
    name_column: str | None = None
    label_column: str | None = None
    network: str = "networks"
    aggregator: str = "mean"
    keep_maps: KeptMaps = "all"
    seed: int = 0
    out: str | Path | None = None


def measure(maps: Any, config: MeasureConfig) -> Study:
    """Measure maps, and return their study: in the folder `config.out`, or in one that is deleted with the study.

    Args:
        maps: as of `sn.measure`.
        config: what is known of them.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.
    """
    _check(config)
    aggregator = _aggregator(config.aggregator)
    opened, kept = Scratch(), None if config.out else Scratch()
    folder = Path(config.out) if config.out else kept.path if kept else Path()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not an empty folder; name another one with out= (--out)")
    columns = Columns(names=config.name_column, labels=config.label_column)
    try:
        methods, origin = _methods(maps, config, columns, Opener(opened))
        _refuse_unused(methods, columns)
        fits = _fitted(methods, config)
        about = _about(methods, fits, config, origin)
        sources = {
            label: ReaderSource(one.readers, fits[label], shared_draw=one.draws != "own")
            for label, one in methods.items()
        }
        return study_of_maps(
            sources, about, folder=folder, aggregator=aggregator, keep_maps=config.keep_maps, strict=True, scratch=kept
        )
    finally:
        opened.remove()


def _check(config: MeasureConfig) -> None:
    for name, value, allowed in (
        ("draws", config.draws, ("own", "shared")),
        ("layout", config.layout, ("picture", "values")),
        ("keep_maps", config.keep_maps, ("all", "mean", "none")),
    ):
        if value is not None and value not in allowed:
            hint = did_you_mean(str(value), allowed, otherwise=f"give {' or '.join(allowed)}")
            raise UsageError(f"{name}={value!r} is not known; {hint}")
    _check_kinds(config)
    if not config.views:
        raise UsageError("views is empty; give signed, or others of relu, abs, centred")
    for view in config.views:
        get_view(view)
    if isinstance(config.seed, bool) or not isinstance(config.seed, int) or not 0 <= config.seed < 2**63:
        raise UsageError(f"seed={config.seed!r} is no whole number of 0 or more; give for example 0")
    if not config.network:
        raise UsageError("network is empty; give the networks a name")


def _check_kinds(config: MeasureConfig) -> None:
    """Refuse options that are no text, no path or no list where they must be."""
    for name, text in (("network", config.network), ("aggregator", config.aggregator)):
        if not isinstance(text, str):
            raise UsageError(f"{name}={text!r} is no text; give a name in quotes")
    if config.out is not None and not isinstance(config.out, str | Path):
        raise UsageError(f"out={config.out!r} is no path; give the path of a new folder")
    if isinstance(config.views, str) or not isinstance(config.views, Sequence):
        raise UsageError(f"views={config.views!r} is no list; give for example views=['signed', 'abs']")


def _views(config: MeasureConfig) -> tuple[str, ...]:
    """Return the views in the order of all tables, with "signed", to which the others belong."""
    return tuple(view for view in VIEWS if view == "signed" or view in config.views)


def _aggregator(name: str) -> BoundAggregator:
    aggregator = catalogue().aggregator(name)
    if aggregator.spec.level != "maps":
        raise UsageError(f"the aggregator {name} averages networks, and there are maps only; choose another, as mean")
    return aggregator


def _methods(maps: Any, config: MeasureConfig, columns: Columns, opener: Opener) -> tuple[Sources, str]:
    """Return the maps of each method, and where they are from, in words."""
    if isinstance(maps, str | Path):
        maps = [maps]
    if isinstance(maps, Sequence) and maps and all(isinstance(one, str | Path) for one in maps):
        texts = list(map(str, maps))
        return maps_of_files(texts, draws=config.draws, columns=columns, opener=opener), " ".join(texts)
    if not isinstance(maps, Mapping) or hasattr(maps, "dims"):
        maps = {"maps": maps}
    if not maps:
        raise UsageError("there are no maps: the mapping is empty; give the maps of a method by its name")
    found: dict[str, MemberMaps] = {}
    for name, values in maps.items():
        if isinstance(values, str | Path):
            texts = [f"{name}={values}"]
            found |= maps_of_files(texts, draws=config.draws, columns=columns, opener=opener)
        else:
            found[str(name)] = maps_of(values, draws=config.draws, columns=columns, where=str(name))
    return found, MEMORY


def _refuse_unused(methods: Sources, columns: Columns) -> None:
    """Refuse columns that are named where there is no table."""
    if any(one.table for one in methods.values()):
        return
    for option, name, instead in (("name", columns.names, "names"), ("label", columns.labels, "labels")):
        if name is not None:
            raise UsageError(
                f"{option}_column={name!r} names a column of a table, and the maps are in arrays; give {instead}= "
                f"(--{instead})"
            )


def _fitted(methods: Sources, config: MeasureConfig) -> dict[str, Fitted]:
    """Return how the maps of each method are laid out, after comparing their members and items."""
    first_name, first = next(iter(methods.items()))
    fits = {}
    for label, one in methods.items():
        if not label:
            raise UsageError("a method has no name; give each a name")
        for of_member in one.readers:
            for reader in of_member:
                refuse_format(reader.dtype, where=label)
        check_shapes(one, where=label)
        for what, own, other in (
            ("members", len(one.readers), len(first.readers)),
            ("items", one.items, first.items),
        ):
            if own != other:
                raise UsageError(
                    f"{label} has {own} {what}, and {first_name} has {other}; all methods need the same {what}; "
                    "measure these apart"
                )
        fits[label] = fitted(one.shape, config.layout or one.layout, where=label)
    return fits


def _about(methods: Sources, fits: Mapping[str, Fitted], config: MeasureConfig, origin: str) -> MeasuredMaps:
    first = next(iter(methods.values()))
    members, items = len(first.readers), first.items
    labels = texts_of(config.labels, count=items, option="labels", of="items") or first.labels
    names = texts_of(config.names, count=items, option="names", of="items") or first.names
    named = texts_of(config.members, count=members, option="members", of="members") or first.members
    clusters = texts_of(config.clusters, count=members, option="clusters", of="members")
    classes, numbers = classes_of(labels)
    pictures = None if config.images is None else pictures_of(config.images, items=items)
    listed = unique(names, option="names") or tuple(f"item {index}" for index in range(items))
    return MeasuredMaps(
        settings=MeasureSettings(
            maps=origin,
            methods=tuple(methods),
            shapes={label: fit.shape for label, fit in fits.items()},
            views=_views(config),
            members=members,
            images=items,
            draws=max(len(one.readers[0]) for one in methods.values()),
            target="",
            seed=config.seed,
            aggregator=config.aggregator,
        ),
        dataset=DatasetRecord(
            asked="",
            name="",
            key="",
            masks=False,
            classes=classes,
            train_images=None,
            test_images=None,
            image_shape=None if pictures is None else tuple(pictures.shape[1:]),
            notes=tuple(_notes(methods, members, items)),
            features=_features(methods, fits, config),
        ),
        images=[
            ImageRecord(
                name=name,
                label=numbers[index] if numbers else None,
                group=None,
                target={},
                predicted={},
                members_correct={},
            )
            for index, name in enumerate(listed)
        ],
        architecture=_networks(config.network, members, unique(named, option="members"), clusters),
        methods={label: _method(label, one, fits[label], _views(config)) for label, one in methods.items()},
        pictures=pictures,
    )


def _features(methods: Sources, fits: Mapping[str, Fitted], config: MeasureConfig) -> tuple[str, ...]:
    """Return the names of the values of a map, of the methods whose maps are lists of so many values."""
    sizes = list(dict.fromkeys(fit.size for fit in fits.values() if fit.layout == "values"))
    if config.features is None:
        return next((one.features for one in methods.values() if one.features), ())
    if not sizes:
        raise UsageError('features names the values of a list, and the maps are pictures; give layout="values"')
    return unique(texts_of(config.features, count=sizes[0], option="features", of="values of a map"), option="features")


def _notes(methods: Sources, members: int, items: int) -> list[str]:
    notes = [note for one in methods.values() for note in one.notes]
    if members > items and any(one.stacked for one in methods.values()):
        notes.append(
            f"there are {members} members and {items} items; if the first axis is that of the items, swap the two axes"
        )
    whole = [label for label, one in methods.items() if "int" in one.readers[0][0].dtype]
    if whole:
        notes.append(f"whole numbers: {', '.join(whole)}; their rounding counts as part of the maps")
    return notes


def _networks(label: str, members: int, names: Sequence[str], clusters: tuple[str, ...]) -> ArchitectureResult:
    return ArchitectureResult(
        name=label,
        label=label,
        plugin="",
        short_name=label,
        arguments={},
        distribution="",
        pool="",
        parameters=None,
        adaptations=(),
        points={},
        population=of_clusters(clusters)
        if clusters
        else PopulationRecord(kind="unknown", unit="cluster", starts=(), start_of=(), tuned=()),
        members=tuple(
            MemberResult(
                index=index,
                seeds={},
                accuracy=None,
                seconds=None,
                sha256="",
                logits_sha256="",
                versions={},
                hardware=None,
                source=names[index] if names else "",
                note="",
                flag=None,
            )
            for index in range(members)
        ),
    )


def _method(label: str, maps: MemberMaps, fit: Fitted, views: tuple[str, ...]) -> MethodRecord:
    grid = "pictures" if fit.layout == "picture" else "lists of values"
    return MethodRecord(
        name=label,
        label=label,
        plugin="",
        short_name=label,
        given={},
        parameters={},
        distribution="",
        library=None,
        summary=f"Maps of {text_of(fit.shape)}, {grid}",
        family="",
        kind="",
        paper=None,
        cost="",
        stochastic=len(maps.readers[0]) > 1,
        views=views,
        sign="signed",
        layout=fit.layout,
    )
