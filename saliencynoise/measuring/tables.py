"""Tables of attributions: a table a member, a row an item, a column a feature; of pandas, CSV and Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.measuring.member_maps import MemberMaps
from saliencynoise.measuring.readers import ArrayReader

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


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
    """Return the table of a CSV or Parquet file.

    Raises:
        UsageError: naming the file, if it holds no table.
    """
    import pandas as pd  # noqa: PLC0415 - it takes a second

    try:
        return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except Exception as error:
        raise UsageError(f"{path} holds no table that can be read: {str(error).splitlines()[0]}") from error


def features_of_frame(
    frames: Sequence[pd.DataFrame], columns: Columns, *, where: str, files: Sequence[str] = ()
) -> MemberMaps:
    """Return the attributions of tables, one for each member; names and labels are those of the first.

    Args:
        frames: a row an item, a column a feature.
        columns: the columns that are no features.
        where: the maps, for messages.
        files: names of the members.

    Raises:
        UsageError: if a column is missing, holds no numbers, or differs between members.
    """
    first = frames[0]
    given = [name for name in (columns.names, columns.labels) if name is not None]
    for name in given:
        if name not in first.columns:
            hint = did_you_mean(name, [str(column) for column in first.columns], otherwise="name one that it has")
            raise UsageError(f"{where}: there is no column '{name}'; {hint}")
    features = [str(column) for column in first.columns if column not in given]
    for member, frame in enumerate(frames):
        named = [str(column) for column in frame.columns if column not in given]
        if named != features:
            different = next(iter({*named} ^ {*features}), "in another order")
            who = files[member] if files else f"member {member}"
            raise UsageError(f"{where}: {who} has other columns than the first ({different}); all need the same ones")
        for name in given:
            if list(frame[name]) != list(first[name]):
                who = files[member] if files else f"member {member}"
                raise UsageError(f"{where}: {who} has other values in the column '{name}' than the first")
    readers = tuple((ArrayReader(_numbers(frame, given, where=where)),) for frame in frames)
    return MemberMaps(
        readers=readers,
        layout="values",
        members=tuple(files),
        names=_texts(first, columns.names),
        labels=_texts(first, columns.labels),
        features=tuple(features),
    )


def _texts(frame: pd.DataFrame, name: str | None) -> tuple[str, ...]:
    return () if name is None else tuple(str(value) for value in frame[name])


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
