"""The data set of a bench."""

from __future__ import annotations

import pytest
import torch

from saliencynoise.api import bench
from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.stored import stored_name
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


def test_the_name_of_a_folder_suggests_the_folder(tmp_path, monkeypatch):
    (tmp_path / "pictures").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="unknown data set 'pictures'; for the folder of that name write folder:pict"):
        load_dataset(config_from({"dataset": "pictures"}))


def test_data_in_memory_are_the_data_set_of_the_same_content():
    dataset = load_dataset(config_from({"dataset": "digits"}))[1]
    parts = [(split.images, split.labels) for split in (dataset.train, dataset.test)]
    name, stored = load_dataset(config_from({"dataset": stored_name(parts)}))
    assert name == "builtin/stored"
    assert fingerprint(stored) == fingerprint(dataset)


def test_a_bench_of_data_in_memory_is_that_of_their_name_in_worker_processes(cache):
    images = torch.arange(24 * 3 * 8 * 8, dtype=torch.float32).remainder(251).view(24, 3, 8, 8) / 250
    data = {"train": (images, torch.arange(24) % 2), "test": (images[:8], torch.arange(8) % 2)}
    settings = {"archs": ["resnet(depth=10,width=4)"], "methods": ["gradient"], "members": 2, "epochs": 1, "images": 2}
    study = bench(**settings, dataset=data, workers=2, untrained="none", out="one")
    assert study.result.dataset.asked == "tensors"
    assert study.result.settings.dataset.startswith("stored:")
    again = bench(**settings, dataset=study.result.settings.dataset, workers=0, untrained="none", out="two")
    assert again.result.dataset.key == study.result.dataset.key
    assert list(again.table["snr"]) == list(study.table["snr"])
    with pytest.raises(UsageError, match=r"dataset is a set; it must be a name, or a pair \(train, test\)"):
        bench(**settings, dataset={1})
