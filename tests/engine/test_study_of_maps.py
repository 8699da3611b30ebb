"""Studies of maps that no bench made."""

import dataclasses
from typing import Any

import pytest
import torch

from saliencynoise.engine.map_source import ArraySource
from saliencynoise.engine.study import Study
from saliencynoise.engine.study_of_maps import MeasuredMaps, study_of_maps
from saliencynoise.records.study import ArchitectureResult, DatasetRecord, ImageRecord, MeasureSettings, MethodRecord
from saliencynoise.records.writing import json_of
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.statistics.snr import pooled_snr
from tests.studies import noisy_maps, record_with

MEMBERS, ITEMS = 5, 6


def about(*methods: str, layout: str = "picture", **more: Any) -> MeasuredMaps:
    """What is known of maps of five members on six items without labels."""
    networks = {"label": "networks", "name": "networks", "population": {"kind": "unknown"}}
    members = [{"index": index, "source": f"seed {index}"} for index in range(MEMBERS)]
    given = {"dataset": {"classes": (), "train_images": None, "test_images": None, "image_shape": None, "key": ""}}
    return MeasuredMaps(
        settings=record_with(MeasureSettings, maps="an array", members=MEMBERS, images=ITEMS, methods=methods),
        dataset=record_with(DatasetRecord, **given["dataset"]),
        images=[record_with(ImageRecord, name=f"item {index}") for index in range(ITEMS)],
        architecture=record_with(ArchitectureResult, **networks, members=members),
        methods={
            label: record_with(
                MethodRecord, label=label, name=label, layout=layout, views=("signed",), sign="signed"
            )
            for label in methods
        },
        **more,
    )  # fmt: skip


def study(folder, maps, **more):
    layout = more.pop("layout", "picture")
    keep = more.pop("keep_maps", "all")
    sources = {
        name: values if isinstance(values, str) else ArraySource(values, layout=layout) for name, values in maps.items()
    }
    return study_of_maps(
        sources, about(*maps, layout=layout, **more), folder=folder, aggregator=catalogue().aggregator("mean"),
        keep_maps=keep,
    )  # fmt: skip


def maps(**more):
    return noisy_maps(members=MEMBERS, images=ITEMS, **more)[:, None]


def test_r_is_that_of_the_inner_products_and_the_folder_is_a_study(tmp_path):
    values = maps().double()
    found = study(tmp_path, {"gradient": values})
    rows = values[:, 0].flatten(2).movedim(0, 1)
    expected = pooled_snr(rows @ rows.mT).value
    assert found.cell("networks", "gradient").known_figures.estimates.snr.value == pytest.approx(expected, abs=1e-12)
    loaded = Study.load(tmp_path)
    assert json_of(loaded.result) == json_of(found.result)
    assert torch.as_tensor(loaded.member_maps(loaded.done[0]).to_numpy()).double() == pytest.approx(
        values[:, 0], rel=1e-6
    )
    assert found.result.class_of(found.result.images[0]) is None
    assert found.done[0].classes == {}


def test_half_precision_is_widened_before_it_is_averaged(tmp_path):
    values = maps().half()
    half, wide = study(tmp_path / "half", {"a": values}), study(tmp_path / "wide", {"a": values.double()})
    one, other = (json_figures(found) for found in (half, wide))
    assert one == pytest.approx(other, rel=1e-6)


def json_figures(found):
    estimates = found.done[0].known_figures.estimates
    return [getattr(estimates, name).value for name in estimates.__struct_fields__]


def test_a_list_of_values_has_no_spectrum_and_no_ssim(tmp_path):
    found = study(tmp_path, {"shap": maps(shape=(1, 1, 12))}, layout="values")
    details = found.done[0].known_details
    assert details.spectrum is None
    assert details.similarity.pairwise.ssim != details.similarity.pairwise.ssim  # NaN
    assert details.pixels is not None
    assert found.result.item == "item"


def test_a_method_that_failed_costs_its_own_cell_only(tmp_path):
    broken = maps()
    broken[2, 0, 3, 0, 0, 0] = torch.nan
    found = study(tmp_path, {"a": maps(), "b": "out of memory", "c": broken})
    assert [cell.status for cell in found.result.cells] == ["ok", "failed", "failed"]
    assert found.failed[0].reason == "out of memory"
    assert found.failed[1].reason == "member 2 has 1 values of NaN or infinity in the map of image 3"
    assert [cell.reason for cell in Study.load(tmp_path).failed] == [cell.reason for cell in found.failed]


@pytest.mark.parametrize("keep", ["mean", "none"])
def test_maps_are_kept_as_asked(tmp_path, keep):
    found = study(tmp_path, {"a": maps()}, keep_maps=keep)
    assert not list(tmp_path.rglob("member-*"))
    assert len(found.result.maps) == (keep == "mean")
    assert Study.load(tmp_path).done


def test_draws_are_crossed(tmp_path):
    values = torch.stack([maps(seed=seed)[:, 0] for seed in range(2)], 1)
    assert study(tmp_path, {"a": values}).done[0].draws == 2


def test_labels_give_classes(tmp_path):
    known = about("a")
    labelled = [record_with(ImageRecord, name=image.name, label=index % 2) for index, image in enumerate(known.images)]
    dataset = record_with(DatasetRecord, classes=("cat", "dog"), image_shape=None)
    given = dataclasses.replace(known, images=labelled, dataset=dataset)
    found = study_of_maps(
        {"a": ArraySource(maps())}, given, folder=tmp_path, aggregator=catalogue().aggregator("mean")
    )  # fmt: skip
    assert list(found.done[0].classes or {}) == ["cat", "dog"]
    assert list(found.images["label"][:2]) == ["cat", "dog"]
