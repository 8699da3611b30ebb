"""What is imported has sound checksums and values that no trained network has: refused in one line, nothing changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from saliencynoise.interfaces import UsageError
from saliencynoise.store.packing import pack
from saliencynoise.store.pool import Pool
from saliencynoise.store.unpacking import unpack
from tests.store.test_packing import IDENTITY, NETWORK, RECORD
from tests.store.test_unpacking import Entries, rewritten

WEIGHTS, LOGITS = ".safetensors", ".logits.safetensors"
OF_TEN = {**IDENTITY, "classes": 10}
FOLDER = Pool.of(OF_TEN, name="digits-net").folder.name


def packed(folder: Path, members: int = 2) -> Path:
    """A file of a pool of networks of ten classes."""
    pool = Pool.of(OF_TEN, name="digits-net")
    pool.describe(OF_TEN, NETWORK)
    for index in range(members):
        pool.save(index, {"w": torch.arange(8.0) + index}, torch.full((4, 10), float(index)), RECORD)
    (file,) = pack(pool, folder)
    return file.path


def sealed_record(found: Entries, member: int = 0, folder: str = FOLDER, **values: Any) -> None:
    """Change values of a member's record; None leaves a key out."""
    name = f"{folder}/member-{member:04d}.json"
    record = {**json.loads(found[name]), **values}
    found[name] = json.dumps({key: value for key, value in record.items() if value is not None}).encode()


def tensors(found: Entries, suffix: str, values: Mapping[str, Tensor], *, index: int = 0, folder: str = FOLDER) -> None:
    """Replace a member's tensors, with the checksum that belongs to them."""
    content = save(dict(values))
    found[f"{folder}/member-{index:04d}{suffix}"] = content
    key = "sha256" if suffix == WEIGHTS else "logits_sha256"
    sealed_record(found, index, folder, **{key: hashlib.sha256(content).hexdigest()})


def described(found: Entries, **values: Any) -> None:
    """Change what `pool.json` says of the network."""
    name = f"{FOLDER}/pool.json"
    document = json.loads(found[name])
    found[name] = json.dumps({**document, "network": {**document["network"], **values}}).encode()


def broken(found: Entries, value: float, suffix: str = WEIGHTS) -> None:
    """Put a value into the first tensor of a member."""
    whole = load(found[f"{FOLDER}/member-0000{suffix}"])
    name = min(whole)
    whole[name] = whole[name].clone()
    whole[name].view(-1)[0] = value
    tensors(found, suffix, whole)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: sealed_record(f, accuracy=-5), "accuracy is -5; it must be a number from 0 to 1"),
        (lambda f: sealed_record(f, accuracy=1.0001), "accuracy is 1.0001; it must be a number from 0 to 1"),
        (lambda f: sealed_record(f, accuracy=10**4000), r"accuracy is 10+\.\.\.; it must be a number from 0 to 1"),
        (lambda f: sealed_record(f, accuracy=True), "accuracy is true; it must be a number"),
        (lambda f: sealed_record(f, accuracy="0.9"), 'accuracy is "0.9"; it must be a number'),
        (lambda f: sealed_record(f, accuracy=float("nan")), "it is damaged"),
        (lambda f: sealed_record(f, accuracy=None), "accuracy is missing"),
        (lambda f: sealed_record(f, seconds=-1), "seconds is -1; it must be a number of seconds, 0 or more"),
        (lambda f: sealed_record(f, seconds=1e300), r"seconds is 1e\+300; it must be a number of seconds"),
        (lambda f: sealed_record(f, seconds=[]), r"seconds is \[\]; it must be a number of seconds"),
        (lambda f: sealed_record(f, seeds={"init": 10**20}), "seeds is .*; it must be a table of whole numbers"),
        (lambda f: sealed_record(f, seeds={"init": 0.5}), "seeds is .*; it must be a table of whole numbers"),
        (lambda f: sealed_record(f, seeds=[1]), "seeds is .*; it must be a table of whole numbers"),
        (lambda f: sealed_record(f, index=7), "index is 7; it must be 0, as the file's name says"),
        (lambda f: sealed_record(f, sha256="x" * 64), "sha256 is .*; it must be 64 hexadecimal digits"),
        (lambda f: sealed_record(f, versions="2.0"), 'versions is "2.0"; it must be a table'),
        (lambda f: sealed_record(f, hardware=[]), r"hardware is \[\]; it must be a table"),
        (lambda f: sealed_record(f, source=3), "source is 3; it must be a text"),
        (lambda f: sealed_record(f, future=1), "future is no entry of a record"),
        (lambda f: broken(f, float("nan")), "holds NaN or infinity, as after a training that diverged"),
        (lambda f: broken(f, float("-inf")), "holds NaN or infinity, as after a training that diverged"),
        (lambda f: tensors(f, LOGITS, {"logits": torch.zeros(4, 10) > 0}), "its logits are no floating-point numbers"),
        (lambda f: described(f, parameters="x"), "parameters of its network is no number from 0"),
        (lambda f: described(f, adaptations=3), "adaptations of its network is no list of texts"),
        (lambda f: described(f, points=[]), "points of its network is no table of points"),
        (lambda f: described(f, points={"top": {"grid": "x"}}), "points of its network is no table of points"),
        (lambda f: sealed_record(f, versions={"torch": [1]}), "torch of its versions is no text"),
        (lambda f: sealed_record(f, hardware={}), "device of its hardware is no text"),
        (
            lambda f: sealed_record(f, hardware={"device": "cpu", "processor": "x", "cores": "2"}),
            "cores of its hardware is no number from 0",
        ),
        (lambda f: broken(f, float("nan"), LOGITS), "logits of the test images holds NaN or infinity"),
        (
            lambda f: tensors(f, LOGITS, {"logits": torch.zeros(3)}),
            r"its logits are of shape \[3\]; they must be \[N, 10",
        ),
        (
            lambda f: tensors(f, LOGITS, {"logits": torch.zeros(3, 9)}),
            r"its logits are of shape \[3, 9\]; they must be",
        ),
        (lambda f: tensors(f, LOGITS, {"logits": torch.zeros(())}), r"its logits are of shape \[\]; they must be"),
        (
            lambda f: tensors(f, LOGITS, {"logits": torch.zeros(99, 10)}, index=1),
            "other names or shapes than those of member 0",
        ),
        (
            lambda f: tensors(f, WEIGHTS, {"other": torch.zeros(2)}, index=1),
            "other names or shapes than those of member 0",
        ),
    ],
    ids=range(35),
)
def test_values_that_no_member_has_are_refused(tmp_path, change, words):
    changed = rewritten(packed(tmp_path / "out"), change)
    whole = rf"^cannot import .*changed\.zip: .*({words}).*; copy or export it again$"
    with pytest.raises(UsageError, match=whole) as error:
        unpack([changed], root=tmp_path / "other")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400
    assert not (tmp_path / "other").exists()


def test_values_at_the_ends_of_their_ranges_are_imported(tmp_path):
    changed = rewritten(
        packed(tmp_path / "out", 1), lambda f: sealed_record(f, accuracy=1, seconds=0, seeds={"init": 10**20 - 1})
    )
    (done,) = unpack([changed], root=tmp_path / "other")
    record = done.pool.record(0)
    assert record is not None
    assert (record.accuracy, record.seconds, record.seeds) == (1, 0, {"init": 10**20 - 1})
