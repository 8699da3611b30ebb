"""The data set of a bench."""

from __future__ import annotations

import pytest
import torch

from saliencynoise.api import Study, bench
from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.engine.config import config_from
from saliencynoise.engine.dataset import load_dataset
from saliencynoise.interfaces import UsageError


def test_only_the_training_split_is_limited():
    name, whole = load_dataset(config_from({"dataset": "digits"}))
    same, limited = load_dataset(config_from({"dataset": "digits", "train_images": 30}))
    assert name == same == "builtin/digits"
    assert len(limited.train) == 30 < len(whole.train)
    assert set(limited.train.names) < set(whole.train.names)
    assert torch.equal(limited.test.images, whole.test.images)


def test_the_seed_chooses_the_training_images():
    one, other = (load_dataset(config_from({"train_images": 30, "seed": seed}))[1].train.names for seed in (0, 1))
    assert set(one) != set(other)


def test_a_normalization_replaces_the_data_sets():
    _, dataset = load_dataset(config_from({"normalization": "0.5/0.25"}))
    assert (set(dataset.mean), set(dataset.std)) == ({0.5}, {0.25})


def test_an_unknown_name_is_refused():
    with pytest.raises(UsageError, match="unknown data set 'digit'; did you mean 'digits'"):
        load_dataset(config_from({"dataset": "digit"}))


def test_data_in_memory_are_the_data_set_of_the_same_content(quick, watcher):
    """The members are found in the pool, which is that of the same pixels, labels and normalisation."""
    dataset = load_dataset(config_from(quick))[1]
    parts = [(split.images, split.labels) for split in (dataset.train, dataset.test)]
    settings = {**quick, "methods": ["gradient"], "train_images": None}
    study = bench(
        **settings | {"dataset": parts, "normalization": f"{dataset.mean[0]!r}/{dataset.std[0]!r}"}, observer=watcher
    )
    assert study.result.dataset.key == fingerprint(dataset)
    assert study.result.dataset.asked == "tensors"
    assert watcher.plans[0].members_to_train == 0
    assert Study.load(study.folder).result.settings.dataset.startswith("stored:")
    with pytest.raises(UsageError, match=r"dataset is a set; it must be a name, or a pair \(train, test\)"):
        bench(**settings | {"dataset": {1}})
