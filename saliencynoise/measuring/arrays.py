"""Maps in memory: arrays of numpy, torch and xarray, lists with an array, table or `shap.Explanation` a member."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import UsageError
from saliencynoise.measuring.items import present
from saliencynoise.measuring.layout import text_of
from saliencynoise.measuring.member_maps import Draws, MemberMaps
from saliencynoise.measuring.readers import ArrayReader, Reader
from saliencynoise.measuring.tables import Columns, features_of_frame

if TYPE_CHECKING:
    from saliencynoise.records.study import Layout

MEMBER, DRAW, ITEMS = "member", "draw", ("image", "item")
"""Names of an xarray's dimensions; the others are those of a map."""

PLACES = {"y", "x", "h", "w", "height", "width", "row", "column", "lat", "lon"}
"""Names of an xarray's dimensions that are places of a picture."""


@dataclass(frozen=True)
class DataArrayReader:
    """The maps of one member and draw in an xarray, with its items first."""

    values: Any
    item: Hashable

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of items, then the shape of a map."""
        return tuple(self.values.shape)

    @property
    def dtype(self) -> str:
        """The number format in words."""
        return str(self.values.dtype.name)

    def read(self, rows: slice) -> Any:
        """Return the maps of consecutive items."""
        return self.values.isel({self.item: rows}).to_numpy()


def is_array(values: object) -> bool:
    """Whether something is an array: it has a shape, a number format, and slices."""
    return all(hasattr(values, name) for name in ("shape", "dtype", "__getitem__"))


def maps_of(values: Any, *, draws: Draws | None, columns: Columns, where: str) -> MemberMaps:
    """Return the maps of a method from an object in memory.

    Args:
        values: an array `[members, items, ...]`, with the axis of draws after the members if `draws` is given; an
            xarray with the dimensions member, draw and image or item; or a list with an array, a table or a
            `shap.Explanation` for each member.
        draws: what draws have in common; None where there is no such axis.
        columns: the columns of tables that are no features.
        where: the maps, for messages.

    Raises:
        UsageError: if it is none of these, or lacks an axis.
    """
    if _is_xarray(values):
        return _of_xarray(values, where=where)
    if is_array(values):
        _refuse_kind(values, where=where)
        return _of_array(values, draws=draws, where=where)
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        return _of_list(values, draws=draws, columns=columns, where=where)
    raise UsageError(
        f"{where}: {type(values).__name__} is no array of maps; give an array [members, items, ...], a list with an "
        "array for each member, a mapping from method names to these, or the names of files"
    )


def _refuse_kind(values: Any, *, where: str) -> None:
    """Refuse arrays of which some values are not there: masked ones, and tensors that are sparse or without data."""
    import numpy as np  # noqa: PLC0415 - as below

    if isinstance(values, np.ma.MaskedArray):
        raise UsageError(
            f"{where}: a masked array, and all values of a map are measured; give maps.filled(0), or leave out the "
            "masked items or places"
        )
    if str(getattr(values, "device", "")) == "meta":
        raise UsageError(f"{where}: a tensor on the device meta has no values; give the tensor itself")
    layout = str(getattr(values, "layout", "torch.strided"))
    if layout != "torch.strided":
        raise UsageError(f"{where}: a tensor with the layout {layout.removeprefix('torch.')}; give maps.to_dense()")


def _is_xarray(values: object) -> bool:
    return hasattr(values, "dims") and hasattr(values, "isel") and is_array(values)


def _of_array(values: Any, *, draws: Draws | None, where: str) -> MemberMaps:
    shape = tuple(values.shape)
    axes = "[members, items, ...]" if draws is None else "[members, draws, items, ...]"
    if len(shape) < (3 if draws is None else 4):
        raise UsageError(f"{where}: an array of shape {text_of(shape) or '()'} is not {axes}")
    return MemberMaps(
        readers=_readers(values, shape[0], draws, where=where), draws=_several(shape, draws), stacked=True
    )


def _several(shape: Sequence[int], draws: Draws | None) -> Draws | None:
    """Return what the draws of an array have in common; None where it has one draw."""
    return draws if draws is not None and shape[1] > 1 else None


def _refuse_no_draws(draws: int, *, where: str) -> None:
    if not draws:
        raise UsageError(f"{where}: the axis of draws is empty; each member needs one draw or more")


def _readers(values: Any, members: int, draws: Draws | None, *, where: str) -> tuple[tuple[Reader, ...], ...]:
    if draws is None:
        return tuple((ArrayReader(values, (member,)),) for member in range(members))
    count = values.shape[1]
    _refuse_no_draws(count, where=where)
    return tuple(tuple(ArrayReader(values, (member, draw)) for draw in range(count)) for member in range(members))


def _of_list(values: Sequence[Any], *, draws: Draws | None, columns: Columns, where: str) -> MemberMaps:
    if not values:
        raise UsageError(f"{where}: the list is empty; it needs an array for each member")
    if all(hasattr(member, "values") and hasattr(member, "base_values") for member in values):
        return _of_explanations(values, where=where)
    if all(hasattr(member, "columns") and hasattr(member, "to_numpy") for member in values):
        return features_of_frame(values, columns, where=where)
    readers: list[tuple[Reader, ...]] = []
    for member, array in enumerate(values):
        own = _unwrapped(array, where=f"{where}, member {member}")
        held = own if is_array(own) else _as_array(own, where=f"{where}, member {member}")
        _refuse_kind(held, where=f"{where}, member {member}")
        if len(held.shape) < (2 if draws is None else 3):
            axes = "[items, ...]" if draws is None else "[draws, items, ...]"
            raise UsageError(f"{where}: member {member} has shape {text_of(tuple(held.shape)) or '()'}, not {axes}")
        leads: list[tuple[int, ...]] = [()] if draws is None else [(draw,) for draw in range(held.shape[0])]
        _refuse_no_draws(len(leads), where=f"{where}, member {member}")
        readers.append(tuple(ArrayReader(held, lead) for lead in leads))
    several = draws if len(readers[0]) > 1 else None
    return MemberMaps(readers=tuple(readers), draws=several)


def _unwrapped(values: Any, *, where: str) -> Any:
    """Return the array in a tuple of one, as captum gives it; a tuple of more has the maps of several inputs."""
    if not isinstance(values, tuple) or not all(map(is_array, values)):
        return values
    if len(values) != 1:
        raise UsageError(
            f"{where}: a tuple of {len(values)} arrays, which may be several inputs or items; give the array of one "
            "input, or numpy.stack of the items"
        )
    return values[0]


def _as_array(values: Any, *, where: str) -> Any:
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line

    try:
        return np.asarray(values)
    except ValueError as error:
        raise UsageError(f"{where}: {error}; give an array of one shape for each member") from error


def _of_explanations(values: Sequence[Any], *, where: str) -> MemberMaps:
    """Return the values of a `shap.Explanation` for each member; those of two axes of a map are no picture."""
    readers: list[tuple[Reader, ...]] = []
    for member, explanation in enumerate(values):
        held = explanation.values
        if not is_array(held) or len(held.shape) < 2:
            raise UsageError(f"{where}: the Explanation of member {member} has no values [items, features]")
        _refuse_kind(held, where=f"{where}, member {member}")
        readers.append((ArrayReader(held),))
    named = getattr(values[0], "feature_names", None)
    shape = readers[0][0].shape
    if named is not None and len(shape) == 3 and len(named) == shape[1]:
        raise UsageError(
            f"{where}: an Explanation of shape {text_of(shape)} has {shape[2]} outputs for {shape[1]} named features; "
            f"choose an output, as explanation[:, :, {shape[2] - 1}] for each member"
        )
    known = named is not None and len(shape) == 2 and len(named) == shape[1]
    layout: Layout | None = "values" if len(shape) <= 3 else None
    return MemberMaps(
        readers=tuple(readers), layout=layout, features=tuple(map(str, named)) if known and named is not None else ()
    )


def _of_xarray(values: Any, *, where: str) -> MemberMaps:
    dims = [str(name) for name in values.dims]
    item = next((name for name in ITEMS if name in dims), None)
    if MEMBER not in dims or item is None:
        raise UsageError(
            f"{where}: an xarray with the dimensions {', '.join(dims)}; name two of them '{MEMBER}' and '{ITEMS[0]}' "
            f"or '{ITEMS[1]}', and that of draws '{DRAW}'"
        )
    rest = [name for name in dims if name not in {MEMBER, DRAW, item}]
    if not rest:
        raise UsageError(f"{where}: an xarray without dimensions of values beside member, draw and {item}")
    has_draws = DRAW in dims
    ordered = values.transpose(MEMBER, *([DRAW] if has_draws else []), item, *rest)
    members, draws = ordered.sizes[MEMBER], ordered.sizes[DRAW] if has_draws else 1
    _refuse_no_draws(draws, where=where)
    readers = tuple(
        tuple(
            DataArrayReader(ordered.isel({MEMBER: member, **({DRAW: draw} if has_draws else {})}), item)
            for draw in range(draws)
        )
        for member in range(members)
    )
    is_list = len(rest) == 1 or not PLACES.issuperset(rest[-2:])
    shared = has_draws and any(text.startswith("shared") for text in _coordinate(values, DRAW))
    return MemberMaps(
        readers=readers,
        draws=None if draws == 1 else "shared" if shared else "own",
        layout="values" if is_list else "picture",
        members=_coordinate(values, MEMBER),
        names=_coordinate(values, item),
        labels=_labels(values, item, where=where),
        features=_coordinate(values, rest[0]) if len(rest) == 1 else (),
    )


def _labels(values: Any, item: str, *, where: str) -> tuple[str, ...]:
    """Return the labels of the items; none where there is no coordinate of this name."""
    if "label" not in values.coords:
        return ()
    labels = values.coords["label"]
    if tuple(map(str, labels.dims)) != (item,):
        raise UsageError(
            f"{where}: the coordinate 'label' has the dimensions ({', '.join(map(str, labels.dims))}); give it the "
            f"dimension '{item}', or drop it"
        )
    return present(labels.to_numpy().tolist(), option=f"{where}: the coordinate 'label'")


def _coordinate(values: Any, name: str) -> tuple[str, ...]:
    """Return the names along a dimension; none where it has no coordinate, or only numbers."""
    if name not in values.coords:
        return ()
    names = values.coords[name].to_numpy()
    return tuple(map(str, names)) if names.dtype.kind in "OUT" else ()
