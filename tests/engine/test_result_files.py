"""The files beside `result.json`, of maps that a test wrote."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from saliencynoise.engine.config import config_from
from saliencynoise.engine.plan import Plan, make_plan
from saliencynoise.engine.predictions import note_prediction
from saliencynoise.engine.result_files import checksums, remove_unwanted_maps, write_maps, write_table
from saliencynoise.store.grams import save_grams
from tests.engine.reduced import computed_maps

METHODS = ["gradient", "smoothgrad(samples=2)"]


def plan_of(quick: dict[str, Any], **changes: Any) -> Plan:
    plan = make_plan(config_from(quick | {"methods": METHODS, "out": "run", **changes}))
    plan.run_folder.path.mkdir()
    return plan


@pytest.fixture
def plan(quick):
    return plan_of(quick)


def test_the_table_has_the_figures_of_each_method_and_image(plan):
    computed = computed_maps(plan)
    write_table(plan, computed)
    table = pd.read_parquet("run/snr.parquet")
    labels = plan.dataset.test.labels[plan.images].tolist()
    names = [plan.dataset.test.names[index] for index in plan.images.tolist()]
    assert list(table["method"]) == [maps.method.display_name for maps in computed for _ in names]
    for maps, (_, rows) in zip(computed, table.groupby("method", sort=False), strict=True):
        assert list(rows["image"]) == names
        assert list(rows["label"]) == list(rows["target"]) == [plan.dataset.classes[label] for label in labels]
        assert set(rows["view"]) == {"signed"}
        for name, values in maps.reduced.figures["signed"].per_image.items():
            np.testing.assert_array_equal(rows[name], values)


def test_the_votes_are_those_of_the_members_logits(plan):
    """Oracle: the pool's logits, counted member by member."""
    columns = computed_maps(plan)[0].columns_of_images()
    pool, classes = plan.architectures[0].pool, plan.dataset.classes
    for row, index in enumerate(plan.images.tolist()):
        logits = [pool.logits(member)[index] for member in range(plan.members)]
        label = int(plan.dataset.test.labels[index])
        assert columns["members_correct"][row] == sum(int(each.argmax()) == label for each in logits)
        mean = sum(each.double().softmax(0) for each in logits)
        assert isinstance(mean, torch.Tensor)
        assert columns["predicted"][row] == classes[int(mean.argmax())]


def test_without_maps_the_table_is_empty(plan):
    write_table(plan, [])
    table = pd.read_parquet("run/snr.parquet")
    assert (len(table), list(table.columns)) == (0, ["dataset", "architecture", "method", "view", "image"])


def test_marginal_maps_and_images_are_written_and_listed(plan):
    computed = computed_maps(plan)
    stored = write_maps(plan, computed)
    assert [(entry.architecture, entry.method) for entry in stored] == [("test_resnet", name) for name in METHODS]
    assert [len(entry.draws) for entry in stored] == [1, 2]
    for entry, maps in zip(stored, computed, strict=True):
        values = load_file(Path("run") / entry.marginal)["values"]
        assert torch.equal(values, maps.reduced.marginal)
        assert tuple(values.shape[1:]) == entry.shape == (1, 8, 8)
        assert sum(chunk.images for chunk in entry.chunks) == len(plan.images)
        for draw in entry.draws:
            assert (Path("run") / draw / "member-0002" / entry.chunks[0].file).is_file()
    pixels = load_file("run/maps/images.safetensors")["pixels"]
    assert torch.equal(pixels, plan.dataset.test.images[plan.images])


def write_all(plan: Plan) -> set[str]:
    """Write all files beside the result, and return the paths of those that have a checksum."""
    computed = computed_maps(plan)
    for maps in computed:
        save_grams(maps.gram_file, maps.reduced.grams)
    note_prediction(plan.run_folder.path, [], members=plan.members, created="monday")
    write_table(plan, computed)
    write_maps(plan, computed)
    sums = checksums(plan, computed)
    for name, checksum in sums.items():
        assert hashlib.sha256((Path("run") / name).read_bytes()).hexdigest() == checksum
    remove_unwanted_maps(plan, computed)
    return set(sums)


def files_of(pattern: str) -> set[str]:
    return {path.relative_to("run").as_posix() for path in Path("run").glob(pattern) if path.is_file()}


@pytest.mark.parametrize(("keep", "members", "pictures"), [("all", 9, 3), ("mean", 0, 3), ("none", 0, 0)])
def test_every_file_that_is_kept_has_its_checksum(quick, keep, members, pictures):
    """Three members have maps in one draw of a method and in two of the other."""
    listed = write_all(plan_of(quick, keep_maps=keep))
    maps, gram = files_of("maps/**/*.safetensors"), files_of("gram/**/*.safetensors")
    of_members = {name for name in maps if "member-" in name}
    assert (len(of_members), len(maps - of_members), len(gram)) == (members, pictures, 2)
    assert listed == {*maps, *gram, "snr.parquet", "predictions.json"}
    assert Path("run/maps.zarr").exists() == (keep != "none")
