"""Every change of every value of a result is refused in one line, or the commands bear it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from saliencynoise.bench.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.records.study import contradiction
from tests.report.studies import make_study, noisy_maps

DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]
VALUES = (None, True, -1, 0, 10**30, 1e300, float("nan"), float("inf"), "", "x\x1b[2J\n", "../..", [], {}, [[]], DEEP)
GONE = object()


def places(value: Any, keys: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The keys that lead to each value of a document, of lists to their first and last entry."""
    if keys:
        yield keys
    if isinstance(value, dict):
        for key, own in value.items():
            yield from places(own, (*keys, key))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} if value else ()):
            yield from places(value[index], (*keys, index))


def changed(document: Any, keys: tuple[Any, ...], value: Any) -> Any:
    """A copy of a document with another value at some place, or without it."""
    document = copy.deepcopy(document)
    own = document
    for key in keys[:-1]:
        own = own[key]
    if value is GONE:
        del own[keys[-1]]
    else:
        own[keys[-1]] = value
    return document


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    maps = {("net", method): noisy_maps(members=6, images=4, seed=seed) for seed, method in enumerate("ab")}
    return make_study(folder, {**maps, ("net", "c"): "it failed"})
