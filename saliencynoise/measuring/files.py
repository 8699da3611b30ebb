"""Maps in files: one file of all members, or a file or folder for each; .npy, .npz, safetensors, Zarr, tables."""

from __future__ import annotations

import glob
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.data.orders import natural
from saliencynoise.interfaces import UsageError, one_line
from saliencynoise.measuring.arrays import maps_of
from saliencynoise.measuring.layout import fitted, text_of
from saliencynoise.measuring.member_maps import Draws, MemberMaps, refuse_single
from saliencynoise.measuring.npy import npy_array, npz_arrays
from saliencynoise.measuring.readers import ArrayReader, JoinedReader, Reader
from saliencynoise.measuring.tables import Columns, features_of_frame, read_table
from saliencynoise.store.maps import DIAGNOSTIC

if TYPE_CHECKING:
    from saliencynoise.store.scratch import Scratch

ARRAYS = (".npy", ".npz", ".safetensors", ".zarr")
TABLES = (".csv", ".parquet")
UNPICKLED = (".pt", ".pth", ".pkl", ".pickle", ".joblib")
DEFAULT = "maps"
"""The name of a method whose files have different names."""

Arrays = Mapping[str, Any]
"""The arrays of a file by name; one without a name has ""."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """What a user named: a method and its files.

    Attributes:
        name: of the method; empty where the user gave none.
        paths: the files or folders that were found, in natural order.
        one_of_all: whether it is one file, which was named itself, of all members.
    """

    name: str
    paths: tuple[Path, ...]
    one_of_all: bool


@dataclass(frozen=True)
class Opener:
    """Opens files; safetensors stay open as long as this object.

    Attributes:
        scratch: folder for temporary files.
    """

    scratch: Scratch
    _open: list[Any] = field(default_factory=list)

    def arrays(self, path: Path) -> Arrays:
        """Return the arrays of a file, of which nothing is read yet; those of one axis only where there are no others.

        Raises:
            UsageError: if the file cannot be read, or is of no kind that is read here.
        """
        readers: dict[str, Callable[[Path], Arrays]] = {
            ".npy": lambda path: {"": npy_array(path)},
            ".npz": lambda path: npz_arrays(path, self.scratch),
            ".safetensors": self._safetensors,
            ".zarr": _zarr,
        }
        kind = kind_of(path)
        if kind not in readers:
            raise UsageError(f"{path}: {_unknown(kind)}")
        try:
            arrays = readers[kind](path)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {one_line(error)}") from error
        if not arrays:
            raise UsageError(f"{path} holds no array; name a file with maps")
        return {name: array for name, array in arrays.items() if len(array.shape) > 1} or arrays

    def _safetensors(self, path: Path) -> Arrays:
        from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - only where such a file is named

        try:
            file: Any = safe_open(path, framework="pt")
        except SafetensorError as error:
            raise UsageError(f"{path} is no safetensors file: {one_line(error)}") from error
        self._open.append(file)
        names = [name for name in file.keys() if not name.startswith(DIAGNOSTIC)]  # noqa: SIM118 - no mapping
        return {name: SlicedTensor(file.get_slice(name)) for name in names}


@dataclass(frozen=True)
class SlicedTensor:
    """A tensor of a safetensors file."""

    values: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(self.values.get_shape())

    @property
    def dtype(self) -> str:
        """Its number format in words."""
        code = str(self.values.get_dtype())
        kind = code.rstrip("0123456789")
        words = {"F": "float", "BF": "bfloat", "I": "int", "U": "uint"}
        return words[kind] + code[len(kind) :] if kind in words else code.lower().replace("f8_", "float8_")

    def __getitem__(self, key: tuple[int | slice, ...]) -> Any:
        """Return the values at some indices and a slice."""
        return self.values[key]


def kind_of(path: Path) -> str:
    """Return the kind of a file by its ending; a folder within a Zarr store is ".zarr"."""
    if any(part.endswith(".zarr") for part in path.parts):
        return ".zarr"
    return path.suffix.lower()


def _unknown(kind: str) -> str:
    known = ", ".join((*ARRAYS, *TABLES))
    if kind in UNPICKLED:
        return f"a file {kind} is a pickle, and nothing is unpickled; save the array as .npy or safetensors"
    return f"files of the kind '{kind}' are not read; give {known}"


def found_files(texts: Sequence[str]) -> list[Files]:
    """Return the files that a user named, by method.

    Args:
        texts: paths or patterns, or NAME=PATH with the name of a method; several of one name belong together.

    Raises:
        UsageError: naming a text for which there is no file.
    """
    if not texts:
        raise UsageError("no file is named; name the files with the maps")
    named = [_split(text) for text in texts]
    found = []
    for name in dict.fromkeys(name for name, _ in named):
        patterns = [pattern for own, pattern in named if own == name]
        paths = [path for pattern in patterns for path in _expanded(pattern)]
        alone = len(patterns) == 1 and not _is_pattern(patterns[0])
        found.append(Files(name=name, paths=tuple(dict.fromkeys(paths)), one_of_all=alone))
    return found


def _split(text: str) -> tuple[str, str]:
    name, separator, pattern = text.partition("=")
    if not separator or "/" in name or Path(text).exists() or (_is_pattern(text) and glob.glob(text, recursive=True)):  # noqa: PTH207 - as below
        return "", text
    if not name.strip() or not pattern.strip():
        raise UsageError(f"'{text}' is no NAME=FILES; give for example ig='runs/*/ig.npy'")
    return name.strip(), pattern


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[") and not Path(text).exists()


def _expanded(pattern: str) -> list[Path]:
    if not _is_pattern(pattern):
        if not Path(pattern).exists():
            raise UsageError(f"{pattern} does not exist; name a file, or a pattern in quotes")
        return [Path(pattern)]
    paths = sorted(glob.glob(pattern, recursive=True), key=natural)  # noqa: PTH207 - Path.glob takes no absolute pattern
    if not paths:
        raise UsageError(f"no file matches '{pattern}'; name a file, or another pattern")
    readable = [path for path in map(Path, paths) if _is_folder(path) or kind_of(path) in (*ARRAYS, *TABLES)]
    return readable or [Path(path) for path in paths]  # a pattern may also match a file of notes


def maps_of_files(
    texts: Sequence[str], *, draws: Draws | None, columns: Columns, opener: Opener
) -> dict[str, MemberMaps]:
    """Return the maps in files, by method.

    A file that is named alone holds `[members, items, ...]`. Otherwise each file, or each folder with the files of
    consecutive items, belongs to a member, in natural order, and holds `[items, ...]`; so each table, with a row an
    item. With `draws` the axis of draws is before that of the items. Several arrays in a file are several methods.

    Args:
        texts: as of `found_files`.
        draws: what draws have in common; None where there is no such axis.
        columns: the columns of tables that are no features.
        opener: opens the files.

    Raises:
        UsageError: naming the file that is missing, cannot be read, or differs from the others.
    """
    methods: dict[str, MemberMaps] = {}
    for files in found_files(texts):
        for name, maps in _of_method(files, draws=draws, columns=columns, opener=opener).items():
            if name in methods:
                raise UsageError(f"two methods are called '{name}'; name them apart, as NAME={files.paths[0]}")
            methods[name] = maps
    return methods


def _of_method(
    files: Files, *, draws: Draws | None, columns: Columns, opener: Opener
) -> dict[str, MemberMaps]:  # fmt: skip
    default = files.name or _common_stem(files.paths)
    kinds = list(dict.fromkeys(kind_of(path) for path in files.paths))
    if any(kind in TABLES for kind in kinds):
        if len(kinds) > 1:
            table = next(path for path in files.paths if kind_of(path) in TABLES)
            raise UsageError(f"{table} is a table, and other files are of another kind; give files of one kind")
        refuse_single(len(files.paths), where=default)
        names = distinct(files.paths)
        frames = [read_table(path) for path in files.paths]
        return {default: features_of_frame(frames, columns, where=default, files=names)}
    if files.one_of_all and not _is_folder(files.paths[0]):
        arrays = opener.arrays(files.paths[0])
        return {
            _label(files.name, name, default, arrays): maps_of(
                array, draws=draws, columns=columns, where=_where(files.paths[0], name)
            )
            for name, array in arrays.items()
        }
    return _of_members(files, default, draws=draws, opener=opener)


def _where(path: Path, name: str) -> str:
    return f"{path}, array '{name}'" if name else str(path)


def _label(given: str, name: str, default: str, arrays: Arrays) -> str:
    """Return the name of a method: the array's, if a file has several."""
    if len(arrays) == 1:
        return default
    return f"{given}/{name}" if given else name


def _of_members(
    files: Files, default: str, *, draws: Draws | None, opener: Opener
) -> dict[str, MemberMaps]:  # fmt: skip
    """Return the maps of a file or folder for each member."""
    if files.one_of_all:
        folder = files.paths[0]
        raise UsageError(
            f"{folder}: a folder has the maps of 1 member; name what is in it, if that is a file or folder for each "
            f'member: "{folder}/*"'
        )
    refuse_single(len(files.paths), where=default)
    opened = [[opener.arrays(part) for part in _parts(path)] for path in files.paths]
    names = list(opened[0][0])
    for path, parts in zip(files.paths, opened, strict=True):
        for arrays in parts:
            if list(arrays) != names:
                different = next(iter({*arrays} ^ {*names}), "another order")
                raise UsageError(f"{path} has other arrays than {files.paths[0]} ({different}); all need the same ones")
    members = tuple(distinct(files.paths))
    return {
        _label(files.name, name, default, opened[0][0]): _joined(
            [[arrays[name] for arrays in parts] for parts in opened],
            draws=draws,
            members=members,
            places=[_where(path, name) for path in files.paths],
        )
        for name in names
    }


def _joined(
    parts: Sequence[Sequence[Any]], *, draws: Draws | None, members: tuple[str, ...], places: Sequence[str]
) -> MemberMaps:
    """Return the maps of the arrays of each member, one after another."""
    readers: list[tuple[Reader, ...]] = []
    for place, arrays in zip(places, parts, strict=True):
        fewest = 2 if draws is None else 3
        short = next((array for array in arrays if len(array.shape) < fewest), None)
        if short is not None:
            axes = "[items, ...]" if draws is None else "[draws, items, ...]"
            raise UsageError(f"{place}: an array of shape {text_of(tuple(short.shape)) or '()'} is not {axes}")
        _refuse_pictures([tuple(array.shape) for array in arrays], draws=draws, place=place)
        leads: list[tuple[int, ...]] = [()] if draws is None else [(draw,) for draw in range(arrays[0].shape[0])]
        if not leads:
            raise UsageError(f"{place}: the axis of draws is empty; each member needs one draw or more")
        readers.append(tuple(_reader([ArrayReader(array, lead) for array in arrays], place) for lead in leads))
    several = draws if len(readers[0]) > 1 else None
    return replace(MemberMaps(readers=tuple(readers), draws=several), members=members)


def _refuse_pictures(shapes: Sequence[tuple[int, ...]], *, draws: Draws | None, place: str) -> None:
    """Refuse files of a member that may each be one picture without an axis of items."""
    shape = shapes[0] if draws is None else shapes[0][1:]
    if len(shapes) < 2 or {*shapes} != {shapes[0]} or shape[0] == 1:
        return
    if len(shape) in {2, 3} and fitted(shape, None, where=place).layout == "picture":
        raise UsageError(
            f"{place}: each of its {len(shapes)} files has shape {text_of(shape)}, which may be one picture or "
            f"{shape[0]} items; write one file [items, ...] for each member, as numpy.stack of the pictures"
        )


def _reader(parts: Sequence[ArrayReader], place: str) -> Reader:
    for part in parts:
        if part.shape[1:] != parts[0].shape[1:]:
            raise UsageError(
                f"{place}: its files have maps of shape {text_of(parts[0].shape[1:])} and {text_of(part.shape[1:])}"
            )
    return parts[0] if len(parts) == 1 else JoinedReader(tuple(parts))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and kind_of(path) != ".zarr"


def _parts(path: Path) -> list[Path]:
    """Return the files of a member: one, or those of a folder in natural order."""
    if not _is_folder(path):
        return [path]
    inside = [Path(text) for text in sorted(map(str, path.iterdir()), key=natural)]
    files = [part for part in inside if kind_of(part) in ARRAYS]
    table = next((part for part in inside if kind_of(part) in TABLES), None)
    if not files and table is not None:
        raise UsageError(f"{path} is a folder with tables; name the tables, as {path.parent / '*' / table.name}")
    if not files:
        raise UsageError(f"{path} holds no file of maps; name files of the kinds {', '.join(ARRAYS)}")
    return files


def _common_stem(paths: Sequence[Path]) -> str:
    """Return the name that the files have in common."""
    stems = {path.stem for path in paths}
    return stems.pop() if len(stems) == 1 else DEFAULT


def distinct(paths: Sequence[Path]) -> list[str]:
    """Return the parts of paths in which they differ, as names.

    >>> distinct([Path("runs/seed1/ig.npy"), Path("runs/seed2/ig.npy")])
    ['seed1', 'seed2']
    """
    if len(paths) == 1:
        return [paths[0].stem]
    if len({len(path.parts) for path in paths}) > 1:
        return list(map(str, paths))
    columns = zip(*(path.with_suffix("").parts for path in paths), strict=True)
    different = [column for column in columns if not _is_one(column)]
    return ["/".join(parts) for parts in zip(*different, strict=True)] if different else list(map(str, paths))


def _is_one(values: Sequence[str]) -> bool:
    return sum(1 for _ in groupby(values)) == 1


def _zarr(path: Path) -> Arrays:
    """Return the arrays of a Zarr store: those with the dimension member, as an export has; else all of the group."""
    import zarr  # noqa: PLC0415 - only where such a store is named

    try:
        opened = zarr.open(path, mode="r")
    except (ValueError, KeyError, FileNotFoundError) as error:
        raise UsageError(f"{path} is no Zarr store that can be read: {one_line(error)}") from error
    if isinstance(opened, zarr.Array):
        return {"": _dimensioned(opened)}
    arrays = {name: array for name, array in opened.members(max_depth=None) if isinstance(array, zarr.Array)}
    exported = {name: array for name, array in arrays.items() if "member" in _dimensions(array) and array.ndim > 2}
    chosen = exported or {name: array for name, array in arrays.items() if array.ndim > 1}
    if not chosen:
        raise UsageError(f"{path} holds no array of maps")
    return {name.removesuffix("/maps"): _dimensioned(array) for name, array in chosen.items()}


def _dimensions(array: Any) -> tuple[str, ...]:
    """Return the names of a Zarr array's dimensions; version 2 has none."""
    return tuple(name or "" for name in getattr(array.metadata, "dimension_names", None) or ())


def _dimensioned(array: Any) -> Any:
    """Return a Zarr array; as an xarray that reads when it is used, if it names its dimensions."""
    names = _dimensions(array)
    if "member" not in names:
        return array
    import xarray as xr  # noqa: PLC0415 - only where such a store is named
    from xarray.core import indexing  # noqa: PLC0415 - as above

    from saliencynoise.engine.study_maps import Lazy  # noqa: PLC0415 - as above

    lazy = indexing.LazilyIndexedArray(Lazy(array.shape, array.dtype, lambda key: array[key]))
    return xr.DataArray(xr.Variable(names, lazy))
