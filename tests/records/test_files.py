"""The files of a result: their paths, and maps that point nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from saliencynoise.records.files import StoredMaps, map_path, member_file, wrong_file, wrong_maps
from tests.studies import record_with

SUM = 64 * "0"


def maps_of(**changes: Any) -> StoredMaps:
    """Two chunks of three and one images, of a stochastic method."""
    plain: dict[str, Any] = {
        "architecture": "net", "method": "lime", "shape": [1, 8, 8], "marginal": "maps/m.safetensors",
        "draws": ["maps/own-0", "maps/shared-1"],
        "chunks": [{"file": "a.safetensors", "images": 3}, {"file": "b.safetensors", "images": 1}],
    }  # fmt: skip
    return record_with(StoredMaps, **{**plain, **changes})


def files_of(members: int) -> dict[str, str]:
    """The paths, written by hand."""
    folders = [f"maps/{draw}/member-{member:04d}" for draw in ("own-0", "shared-1") for member in range(members)]
    paths = [f"{folder}/{name}.safetensors" for folder in folders for name in "ab"]
    return dict.fromkeys(["maps/m.safetensors", *paths], SUM)


def wrong(maps: StoredMaps, files: dict[str, str], *, members: int = 2, images: int = 4) -> str | None:
    return wrong_maps([maps], files, members={"net": members}, images=images)


def test_maps_whose_files_are_all_listed_are_sound():
    assert wrong(maps_of(), files_of(2)) is None
    assert wrong(maps_of(draws=[], chunks=[]), {"maps/m.safetensors": SUM}) is None, "no member's maps were kept"


@pytest.mark.parametrize("lost", sorted(files_of(2)))
def test_each_file_must_be_listed(lost):
    files = {name: checksum for name, checksum in files_of(2).items() if name != lost}
    assert wrong(maps_of(), files) == f"maps[0] names '{lost}', which is none of the files"


def test_every_member_and_image_needs_its_maps():
    assert wrong(maps_of(), files_of(2), members=3) == (
        "maps[0] names 'maps/own-0/member-0002/a.safetensors', which is none of the files"
    )
    assert wrong(maps_of(), files_of(2), images=5) == "maps[0].chunks are not of 5 images"


def test_maps_of_another_architecture_are_named():
    problem = wrong_maps([maps_of(), maps_of(architecture="vgg")], files_of(2), members={"net": 2}, images=4)
    assert problem == "maps[1].architecture is 'vgg', which is none of the architectures"


@pytest.mark.parametrize("name", ["/etc/passwd", "../other/result.json", "maps/../../x", "a\0b", ".", ""])
def test_a_path_that_leads_out_of_the_folder_is_named(name):
    assert wrong_file({"maps/a..b.safetensors": SUM, name: SUM}) == f"files has '{name}', which leads out of the folder"


def test_paths_within_the_folder_are_sound():
    assert wrong_file({"snr.parquet": SUM, "maps/..hidden/x": SUM}) is None


def test_names_of_maps_and_of_members():
    assert map_path("resnet(depth=10)", "gradcam(layer=top)") == "resnet-depth-10/gradcam-layer-top"
    assert member_file("maps/lime", 12, "a.safetensors") == "maps/lime/member-0012/a.safetensors"
