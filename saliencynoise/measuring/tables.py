"""Tables of attributions: a table a member, a row an item, a column a feature; of pandas, CSV and Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saliencynoise.display.numbers import counted
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.measuring.items import present
from saliencynoise.measuring.member_maps import MemberMaps
from saliencynoise.measuring.readers import ArrayReader

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


UNNAMED = "Unnamed: 0"
"""What pandas calls a first column without a name: the index that it writes."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of tables that are no features.

    Attributes:
        names: the column with the names of the items; None for none.
        labels: the column with their labels; None for none.
    """

    names: str | None = None
    labels: str | None = None


def read_table(path: Path) -> pd.DataFrame:
    """Return the table of a CSV or Parquet file; a first column without a name is its index.

    Raises:
        UsageError: naming the file, if it holds no table.
    """
    import pandas as pd  # noqa: PLC0415 - it takes a second

    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        table = pd.read_csv(path, encoding="utf-8-sig")
        return table.set_index(table.columns[0]) if table.columns[0] == UNNAMED else table
    except Exception as error:
        raise UsageError(f"{path} holds no table that can be read: {str(error).splitlines()[0]}") from error


def features_of_frame(
    frames: Sequence[pd.DataFrame], columns: Columns, *, where: str, files: Sequence[str] = ()
) -> MemberMaps:
    """Return the attributions of tables, one for each member; names and labels are those of the first.

    Without a column of names, an index of texts, or of other numbers than those of the rows, has the names.

    Args:
        frames: a row an item, a column a feature.
        columns: the columns that are no features.
        where: the maps, for messages.
        files: names of the members.

    Raises:
        UsageError: if a column is missing, twice there, holds no numbers, or differs between members; or if the indices
            of the tables differ.
    """
    first = frames[0]
    given = [name for name in (columns.names, columns.labels) if name is not None]
    for name in given:
        if name not in first.columns:
            hint = did_you_mean(name, [str(column) for column in first.columns], otherwise="name one that it has")
            raise UsageError(f"{where}: there is no column '{name}'; {hint}")
    features = [str(column) for column in first.columns if column not in given]
    for member, frame in enumerate(frames):
        if not frame.columns.is_unique:
            twice = frame.columns[frame.columns.duplicated()][0]
            raise UsageError(f"{where}: the column '{twice}' is there twice; give each column a name of its own")
        named = [str(column) for column in frame.columns if column not in given]
        if named != features:
            different = next(iter({*named} ^ {*features}), "in another order")
            who = files[member] if files else f"member {member}"
            raise UsageError(f"{where}: {who} has other columns than the first ({different}); all need the same ones")
        for name in given:
            if _texts(frame, name) != _texts(first, name):
                who = files[member] if files else f"member {member}"
                raise UsageError(f"{where}: {who} has other values in the column '{name}' than the first")
        if columns.names is None and not frame.index.equals(first.index) and len(frame) == len(first):
            who = files[member] if files else f"member {member}"
            raise UsageError(
                f"{where}: {who} has another index than the first, so that its rows may be of other items; bring them "
                "into one order, as frame.sort_index(), or drop the index, as frame.reset_index(drop=True)"
            )
    arrays = [_numbers(frame, given, where=where) for frame in frames]
    indexed = columns.names is None and first.index.is_unique and list(first.index) != list(range(len(first)))
    return MemberMaps(
        readers=tuple((ArrayReader(array),) for array in arrays),
        layout="values",
        members=tuple(files),
        names=present(first.index, option=f"{where}: the index") if indexed else _texts(first, columns.names),
        labels=_texts(first, columns.labels),
        features=tuple(features),
        table=True,
        notes=tuple(_equal_columns(arrays, features, where=where)),
    )


def _texts(frame: pd.DataFrame, name: str | None) -> tuple[str, ...]:
    return () if name is None else present(frame[name], option=f"the column '{name}'")


def _equal_columns(arrays: Sequence[np.ndarray], features: Sequence[str], *, where: str) -> Iterator[str]:
    """Yield a note on columns that are the same in all members: they are rather something known of the items."""
    if len({array.shape for array in arrays}) > 1 or len(arrays) < 2:
        return
    equal = np.logical_and.reduce([(array == arrays[0]).all(0) for array in arrays[1:]]) & (arrays[0] != 0).any(0)
    named = [f"'{name}'" for name, same in zip(features, equal, strict=True) if same]
    if named and len(named) < len(features):
        yield (
            f"{where}: all members have the same values in {counted(len(named), 'column')} ({', '.join(named[:5])}), "
            "which count as features; name columns that are none with --name-column or --label-column, or drop them"
        )


def _numbers(frame: pd.DataFrame, given: Sequence[str], *, where: str) -> np.ndarray:
    features = frame.drop(columns=list(given))
    for name in features.columns:
        if features[name].dtype.kind not in "fiu":
            raise UsageError(
                f"{where}: the column '{name}' holds {features[name].dtype}, no numbers; name it with name_column "
                "(--name-column) or label_column (--label-column), or drop it"
            )
    values: Any = features.to_numpy(dtype=np.float64)
    numbers: np.ndarray = values
    return numbers
