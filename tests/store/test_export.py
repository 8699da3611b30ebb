"""The export for people: xarray reads it, and it says what the stores say."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
import xarray as xr
import zarr

from saliencynoise.interfaces import UsageError
from saliencynoise.store.export import DIMENSIONS, Group, export_maps
from saliencynoise.store.maps import Chunk, MapStore

if TYPE_CHECKING:
    from pathlib import Path

CHUNKS = (Chunk(index=0, key="aa", rows=(0, 1)), Chunk(index=1, key="bb", rows=(2,)))
PIXELS = torch.arange(3 * 1 * 8 * 10, dtype=torch.uint8).reshape(3, 1, 8, 10)  # zeros among them
NAN = (1, 2, 0, 1, 3)  # member, image, channel, y, x


@pytest.fixture
def maps():
    maps = torch.randn(2, 3, 1, 4, 5, generator=torch.Generator().manual_seed(0))
    maps[NAN] = float("nan")
    maps[0, 0, 0, 0, 0] = 0.0
    return maps


@pytest.fixture
def group(tmp_path, maps):
    store = MapStore(tmp_path / "store")
    for member, values in enumerate(maps):
        for chunk in CHUNKS:
            store.save(member, "w", chunk, values[list(chunk.rows)], seconds=1)
    return Group(
        path="net/gradient",
        stores=() if store is None else (store,),
        members=2,
        chunks=CHUNKS,
        marginal=maps.mean(0),
        coordinates={"name": ["a/1", "b/ü", "a/long name"], "label": [0, 1, 0], "right": [0.5, 1.0, 0.25]},
        attributes={"method": "gradient", "views": ["signed"], "parameters": 3},
    )


def opened(path: Path) -> xr.DataTree:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return xr.open_datatree(path, engine="zarr").load()


def test_xarray_opens_it_without_a_warning(tmp_path, group, maps):
    path = tmp_path / "maps.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export_maps(path, [group], PIXELS)
    pixels = opened(path)["images/pixels"]
    assert (pixels.dims, pixels.dtype) == (DIMENSIONS[1:], np.uint8)
    np.testing.assert_array_equal(pixels.to_numpy(), PIXELS.numpy())
    node = opened(path)["net/gradient"]
    assert node["maps"].dims == DIMENSIONS
    assert node["marginal"].dims == DIMENSIONS[1:]
    assert node["maps"].dtype == node["marginal"].dtype == np.float32
    np.testing.assert_array_equal(node["maps"].to_numpy(), maps.numpy())
    np.testing.assert_array_equal(node["marginal"].to_numpy(), maps.mean(0).numpy())
    assert np.isnan(node["maps"].to_numpy()).sum() == 1
    assert np.isnan(node["maps"].to_numpy()[NAN])
    assert node["name"].dims == node["label"].dims == ("image",)
    assert node["name"].to_numpy().tolist() == ["a/1", "b/ü", "a/long name"]
    assert node["label"].to_numpy().tolist() == [0, 1, 0]
    assert node["right"].to_numpy().tolist() == [0.5, 1.0, 0.25]
    assert node.attrs["views"] == ["signed"]
    assert (node.attrs["method"], node.attrs["parameters"]) == ("gradient", 3)


def test_several_groups_and_one_with_its_marginal_map_only(tmp_path, group):
    path = tmp_path / "maps.zarr"
    mean = Group(**{**vars(group), "path": "net/gradcam-top", "stores": (), "marginal": torch.ones(3, 1, 2, 2)})
    other = Group(**{**vars(group), "path": "other/gradient"})
    export_maps(path, [group, mean, other], PIXELS)
    tree = opened(path)
    assert {node.path for node in tree.leaves} == {"/images", "/net/gradient", "/net/gradcam-top", "/other/gradient"}
    assert set(tree["net/gradcam-top"].data_vars) & {"maps", "marginal"} == {"marginal"}
    assert tree["net/gradcam-top"]["marginal"].to_numpy().tolist() == np.ones((3, 1, 2, 2)).tolist()


def test_an_earlier_export_is_replaced_as_a_whole(tmp_path, group):
    path = tmp_path / "maps.zarr"
    export_maps(path, [group, Group(**{**vars(group), "path": "old/gradient"})], PIXELS)
    export_maps(path, [group], PIXELS)
    assert {node.path for node in opened(path).leaves} == {"/images", "/net/gradient"}
    assert sorted(result.name for result in tmp_path.glob("*maps.zarr*")) == ["maps.zarr"]


def test_an_error_leaves_the_earlier_export_and_nothing_else(tmp_path, group, monkeypatch):
    path = tmp_path / "maps.zarr"
    export_maps(path, [group], PIXELS)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(zarr, "consolidate_metadata", full)
        with pytest.raises(UsageError, match=r"^cannot write .*/maps.zarr: No space left on device; free space"):
            export_maps(path, [Group(**{**vars(group), "path": "new/gradient"})], PIXELS)
    assert {node.path for node in opened(path).leaves} == {"/images", "/net/gradient"}
    assert sorted(result.name for result in tmp_path.glob("*maps.zarr*")) == ["maps.zarr"]


def test_a_file_in_the_way(tmp_path, group):
    (tmp_path / "maps.zarr").write_text("x")
    with pytest.raises(UsageError, match=r"^cannot write .*/maps.zarr: Not a directory"):
        export_maps(tmp_path / "maps.zarr", [group], PIXELS)
    assert (tmp_path / "maps.zarr").read_text() == "x"
    assert not list(tmp_path.glob(".maps*"))
