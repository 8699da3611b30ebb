"""Sentences that captions, alternative texts and notes of a study's figures have in common."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.style import LONGEST, shortened
from saliencynoise.display.numbers import counted, format_number
from saliencynoise.display.population import UNITS, population_sentences
from saliencynoise.records.study import StudySettings
from saliencynoise.records.target import TRUE, parsed
from saliencynoise.statistics.intervals import INDICATIVE_BELOW, WORDS

if TYPE_CHECKING:
    import pandas as pd

    from saliencynoise.engine.study import Study
    from saliencynoise.records.study import StudyRecord

MOST = 3
"""The largest number of failures, or of names, in an alternative text."""


def basis(study: Study) -> str:
    """Return sentences on the data behind a study's figures: members, images, data set, target and population.

    The usual target, the logit of the true class, is not mentioned.
    """
    result = study.result
    members, images = result.settings.members, counted(len(result.images), result.item)
    few = _few(result)
    data = f"From {members} members and {images}{few}."
    if result.dataset.test_images is not None:
        images = counted(len(result.images), "test image")
        data = f"From {members} members of each architecture and {images} of {result.dataset.asked}{few}."
    explained = [f"Explained: {explained_scalar(result)}."] if result.settings.target not in {"", TRUE} else []
    return " ".join([data, *explained, *population_sentences(result)])


def _few(result: StudyRecord) -> str:
    """Return the caveat where an architecture has few members, or few starts that its members share."""
    units = {
        (len(population.starts), f"{UNITS[population.unit][1]}s")
        if population.kind == "several_starts"
        else (result.settings.members, "members")
        for population in (architecture.population for architecture in result.architectures)
    }
    few = [word for count, word in sorted(units) if count < INDICATIVE_BELOW]
    return f"; with fewer than {INDICATIVE_BELOW} {few[0]} intervals are indicative" if few else ""


def explained_scalar(result: StudyRecord) -> str:
    """Return the target of a study in words; as it was given where no bench made the maps."""
    target = result.settings.target
    return f"the {parsed(target).in_words}" if isinstance(result.settings, StudySettings) else target


def of_class(name: str) -> str:
    """Return " of class NAME"; empty where an image has no label."""
    return f" of class {name}" if name else ""


def intervals(frame: pd.DataFrame) -> str:
    """Return a sentence on the question that a table's 95% intervals answer, from its column `question`."""
    questions = [question for question in frame.get("question", ()) if question in WORDS]
    kinds = list(dict.fromkeys(WORDS[question] for question in questions))
    return f"95% intervals are {' or '.join(kinds)}." if kinds else "There are no intervals: they need 3 members."


def failed(frame: pd.DataFrame) -> str:
    """Return a sentence with the reason for each failed cell of a table, after a space; empty if none failed."""
    rows = frame[frame["status"] == "failed"].drop_duplicates(["architecture", "method"])
    named = [
        f" {shortened(str(row.method), LONGEST)} on {shortened(str(row.architecture), LONGEST)} failed: {row.reason}."
        for row in rows.head(MOST).itertuples()
    ]
    return "".join(named) + (f" {len(rows) - MOST} more failed." if len(rows) > MOST else "")


def failed_maps(maps: Iterable[tuple[Mapping[str, str], str]]) -> str:
    """Return a sentence on each failed cell of a figure of maps, after a space.

    Args:
        maps: keys with "method" and "architecture", and the reason, which is empty if the cell did not fail.
    """
    return "".join(f" {keys['method']} on {keys['architecture']} failed: {reason}." for keys, reason in maps if reason)


def extremes(
    frame: pd.DataFrame, name: str, *, of: str, interval: tuple[str, str] | None = None, whole: bool = False
) -> str:
    """Return a text on the rows with the largest and the smallest value of a column.

    Args:
        frame: with columns `architecture`, `method` and `name`.
        name: of the column.
        of: the quantity, as "r".
        interval: columns of the interval's ends; None for none.
        whole: whether the values are counts.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"architecture": "net", "method": ["lime", "gradient"], "r": [2.0, 0.5]})
    >>> extremes(frame, "r", of="r")
    'Largest r: 2.00 (lime); smallest: 0.50 (gradient).'
    """
    rows = frame.dropna(subset=[name])
    if not len(rows):
        return f"No {of} could be computed."
    several = rows["architecture"].nunique() > 1

    def value_text(row: Any) -> str:
        columns = (name, *(interval or ()))
        values = [
            ("∞" if math.isnan(row[column]) else f"{row[column]:.0f}") if whole else format_number(row[column])
            for column in columns
        ]
        interval_text = "" if interval is None or math.isnan(row[interval[0]]) else f" [{', '.join(values[1:])}]"
        on = on_architecture(row["architecture"]) if several else ""
        return f"{values[0]}{interval_text} ({shortened(row['method'], LONGEST)}{on})"

    largest, smallest = (
        rows.iloc[int(index)] for index in (rows[name].to_numpy().argmax(), rows[name].to_numpy().argmin())
    )
    if len(rows) == 1:
        return f"{of[0].upper() * (len(of) > 1)}{of[len(of) > 1 :]}: {value_text(largest)}."
    return f"Largest {of}: {value_text(largest)}; smallest: {value_text(smallest)}."


def on_architecture(name: Any) -> str:
    """Return " on " and an architecture's label, shortened."""
    return f" on {shortened(str(name), LONGEST)}"


def listed(names: Iterable[str]) -> str:
    """Return the first `MOST` names, and the number of the others.

    >>> listed("abcde")
    'a, b, c and 2 more'
    """
    names = list(names)
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")
