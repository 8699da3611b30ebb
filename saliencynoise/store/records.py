"""The record of a member in a pool, and the values that it can have."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class MemberRecord:
    """The record of one member in a pool.

    Attributes:
        index: number of the member in the ensemble, from 0.
        seeds: seeds by stream.
        accuracy: share of the test images that it classifies correctly.
        seconds: duration of its training: processor time on a CPU, where one thread works, wall time elsewhere.
        sha256: checksum of the file of weights.
        logits_sha256: checksum of the file of test logits.
        versions: versions of the software that trained it.
        hardware: hardware that trained it.
        source: name of the file that it was made from, if it was not trained.
        note: a remark for readers on how it was made.
    """

    index: int
    seeds: Mapping[str, int]
    accuracy: float
    seconds: float
    sha256: str
    logits_sha256: str
    versions: Mapping[str, str]
    hardware: Mapping[str, Any]
    source: str = ""
    note: str = ""

    def fits(self, weights: bytes, logits: bytes) -> bool:
        """Whether the contents of the two files have the checksums of this record."""
        return (hashlib.sha256(weights).hexdigest(), hashlib.sha256(logits).hexdigest()) == self.checksums

    @property
    def checksums(self) -> tuple[str, str]:
        """The checksums of weights and logits: two records with equal ones are of the same member."""
        return self.sha256, self.logits_sha256


TEXTS = frozenset({"source", "note"})
"""Optional entries."""


def record_of(document: object, index: int) -> MemberRecord | None:
    """Return the record that a JSON document holds of the member `index`, or None where it holds none."""
    sound = isinstance(document, dict) and wrong_value(document, index) is None
    return MemberRecord(**document) if isinstance(document, dict) and sound else None


def wrong_value(document: Mapping[str, Any], index: int) -> str | None:
    """Return the first wrong value of a record of the member `index`, and the right form; None if all are right.

    >>> record = dict.fromkeys(("seeds", "versions", "hardware"), {}) | {"index": 0, "accuracy": -5, "seconds": 1.0}
    >>> wrong_value({**record, "sha256": 64 * "0", "logits_sha256": 64 * "0"}, 0)
    'accuracy is -5; it must be a number from 0 to 1'
    """
    names = {entry.name for entry in fields(MemberRecord)}
    odd = sorted((TEXTS & names | document.keys()) ^ names)
    if odd:
        return f"{odd[0]} is {'missing' if odd[0] in names else 'no entry of a record'}"
    checks = {
        "index": (type(document["index"]) is int and document["index"] == index, f"{index}, as the file's name says"),
        "accuracy": (_is_within(document["accuracy"], 1), "a number from 0 to 1"),
        "seconds": (_is_within(document["seconds"], 1e12), "a number of seconds, 0 or more"),
        **{name: (_is_sum(document[name]), "64 hexadecimal digits") for name in ("sha256", "logits_sha256")},
        **{name: (isinstance(document.get(name, ""), str), "a text") for name in TEXTS & names},
        **{name: (isinstance(document[name], dict), "a table") for name in ("versions", "hardware")},
        "seeds": (_are_seeds(document["seeds"]), "a table of whole numbers of at most 20 digits"),
    }
    wrong = next((name for name, (right, _) in checks.items() if not right), None)
    return None if wrong is None else f"{wrong} is {_short(document.get(wrong))}; it must be {checks[wrong][1]}"


def _is_within(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _is_sum(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _are_seeds(value: object) -> bool:
    return isinstance(value, dict) and all(type(seed) is int and abs(seed) < 10**20 for seed in value.values())


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
