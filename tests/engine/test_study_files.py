"""No file of a run is read that is not the one its result lists; whoever mixes two runs is told which file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from safetensors.numpy import load_file

from saliencynoise.api import bench
from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import write_json
from tests.cli.calling import call
from tests.studies import make_study, noisy_maps

GRADIENT = {"methods": ["gradient", "smoothgrad(samples=2)"]}


def flipped(path: Path) -> None:
    """Flip a bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)


@pytest.fixture
def study(quick):
    bench(**quick | GRADIENT, out="run")
    return Study.load("run")


def test_the_maps_are_the_files_of_the_store_and_those_of_the_export(study):
    """Oracles: the safetensors read by hand, and the export read by xarray."""
    export = xr.open_datatree(study.folder / "maps.zarr", engine="zarr")
    for own in study.result.maps:
        path = f"test_resnet/{own.method.replace('(samples=2)', '-samples-2')}"
        group = study.maps[path]
        for name in ("maps", "marginal"):
            assert group[name].dims == export[path][name].dims
            np.testing.assert_array_equal(group[name].to_numpy(), export[path][name].to_numpy())
        for name in ("image", "label", "target", "predicted"):
            np.testing.assert_array_equal(group[name], export[path][name])
        for place, draw in enumerate(own.draws):
            (file,) = (study.folder / draw / "member-0002").iterdir()
            maps = study.member_maps(study.cell("test_resnet", own.method))
            maps = maps.isel(draw=place) if "draw" in maps.dims else maps
            np.testing.assert_array_equal(maps.isel(member=2), load_file(file)["values"])
    np.testing.assert_array_equal(study.pictures, export["images"]["pixels"])


def test_any_part_of_the_maps_is_read(study):
    maps = study.member_maps(study.cell("test_resnet", "smoothgrad(samples=2)"))
    whole = maps.to_numpy()
    assert maps.dims == ("member", "draw", "image", "channel", "y", "x")
    assert list(maps["draw"].to_numpy()) == ["own-0", "shared-1"]
    for key in [(1, 0, 2), (slice(None, None, -1), 1, slice(1, 4, 2)), (slice(0, 0),), ([2, 0], slice(None), [3, 1])]:
        np.testing.assert_array_equal(maps[key].to_numpy(), xr.DataArray(whole, dims=maps.dims)[key].to_numpy())


def test_images_lie_in_several_files(quick, monkeypatch):
    monkeypatch.setattr("saliencynoise.engine.earlier_run.CHUNK", 3)
    study = bench(**quick | {"methods": ["gradient"]}, out="run")
    (own,) = study.result.maps
    assert [chunk.images for chunk in own.chunks] == [3, 1]
    files = sorted((study.folder / own.draws[0] / "member-0001").iterdir())
    whole = np.concatenate([load_file(file)["values"] for file in files])
    maps = study.member_maps(study.cell("test_resnet", "gradient")).isel(member=1)
    np.testing.assert_array_equal(maps, whole)
    np.testing.assert_array_equal(maps.isel(image=[3, 0]), whole[[3, 0]])


def test_a_damaged_export_harms_nobody(study):
    whole = study.member_maps(study.done[0]).to_numpy()
    for path in (study.folder / "maps.zarr").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    np.testing.assert_array_equal(Study.load(study.folder).member_maps(study.done[0]), whole)


def use(study: Study) -> None:
    """Read everything that a study has."""
    for cell in study.done:
        study.gram(cell)
        study.member_maps(cell).to_numpy()
        study.maps[f"test_resnet/{cell.method.replace('(samples=2)', '-samples-2')}"]["marginal"].to_numpy()
    _ = study.pictures, study.images


def test_every_file_of_a_run_is_compared_before_it_is_read(study):
    use(study)
    names = [name for name in study.result.files if name != "predictions.json"]
    assert {Path(name).parts[0] for name in names} == {"gram", "maps", "snr.parquet"}
    for name in names:
        path = study.folder / name
        whole = path.read_bytes()
        flipped(path)
        with pytest.raises(UsageError, match=rf"{path} is not the file that its result.json lists: it is damaged"):
            use(Study.load(study.folder))
        path.unlink()
        with pytest.raises(UsageError, match=rf"{path} is missing or cannot be read; copy the whole folder"):
            use(Study.load(study.folder))
        path.write_bytes(whole)
    use(Study.load(study.folder))


def test_the_same_bench_makes_again_what_is_damaged_or_gone(study, quick):
    whole = {name: (study.folder / name).read_bytes() for name in study.result.files}
    flipped(next(study.folder.glob("maps/*/*/member-*/*.safetensors")))
    shutil.rmtree(next(study.folder.glob("maps/*/*smooth*/own-0")))
    flipped(next(study.folder.glob("gram/*/*.safetensors")))
    use(bench(**quick | GRADIENT, out="run"))
    again = Study.load(study.folder)
    del whole["predictions.json"]
    assert {name: (study.folder / name).read_bytes() for name in whole} == whole
    use(again)


def test_reports_and_comparisons_refuse_damaged_files(study, quick, capsys):
    flipped(next(study.folder.glob("maps/*/*gradient*/member-*/*.safetensors")))
    code, _, err = call(capsys, "report", study.folder)
    assert (code, err.count("\n")) == (2, 1)
    assert ".safetensors is not the file that its result.json lists: it is damaged, or of another run; run the" in err
    assert not (study.folder / "report.html").exists()
    bench(**quick | GRADIENT | {"epochs": 2}, out="other", quiet=True)
    code, _, err = call(capsys, "compare", "other", study.folder)
    assert (code, err.count("\n")) == (2, 1)
    assert ".safetensors is not the file that its result.json lists" in err


def test_a_report_without_maps_says_where_they_are_to_be_had(study, capsys):
    shutil.rmtree(study.folder / "maps")
    assert call(capsys, "report", study.folder)[0] == 0
    page = (study.folder / "report.html").read_text()
    assert "copy the whole folder of the run, or run the same bench again" in page


def test_a_copy_without_its_maps_still_has_its_figures(study, tmp_path):
    shutil.copytree(study.folder, tmp_path / "sent", ignore=shutil.ignore_patterns("maps", "maps.zarr"))
    sent = Study.load(tmp_path / "sent")
    assert sent.table.equals(study.table)
    sent.gram(sent.done[0])
    with pytest.raises(UsageError, match=r"is missing or cannot be read; copy the whole folder of the run, or run"):
        use(sent)


def test_a_moved_run_whose_pool_is_gone_has_its_maps(study, tmp_path, cache):
    shutil.rmtree(cache)
    use(Study.load(shutil.move(study.folder, tmp_path / "moved")))


@pytest.mark.parametrize("name", ["result.json", "plan.json", "snr.parquet"])
def test_a_file_of_another_run_is_refused_by_name(quick, name):
    for folder, seed in (("a", 0), ("b", 1)):
        bench(**quick | {"methods": ["gradient"]}, out=folder, seed=seed)
    shutil.copy(f"b/{name}", f"a/{name}")
    with pytest.raises(UsageError, match=rf"a/{name}.*(seed=|of another run)"):
        Study.load("a")
    Study.load("b")


def test_a_result_of_the_same_settings_and_other_methods_is_refused(quick):
    for folder, method in (("a", "gradient"), ("b", "smoothgrad(samples=2)")):
        bench(**quick | {"methods": [method]}, out=folder)
    shutil.copy("b/result.json", "a/result.json")
    with pytest.raises(UsageError, match=r"a/snr.parquet is not the file that its result.json lists"):
        Study.load("a")


def test_a_bench_names_the_plan_of_another_run(quick):
    one = quick | {"methods": ["gradient"]}
    for folder, seed in (("a", 0), ("b", 1)):
        bench(**one, out=folder, seed=seed)
    shutil.copy("b/plan.json", "a/plan.json")
    with pytest.raises(UsageError, match=r"a/plan.json has seed=1, and a/result.json has seed=0: one is of another"):
        bench(**one, out="a", seed=0)
    Path("a/plan.json").unlink()
    bench(**one, out="a", seed=0)
    Study.load("a")


def test_a_file_that_no_result_lists_is_not_read(tmp_path):
    study = make_study(tmp_path / "run", {("net", "gradient"): noisy_maps()})
    result = json.loads((study.folder / "result.json").read_text())
    del result["files"]["snr.parquet"]
    write_json(study.folder / "result.json", result)
    with pytest.raises(UsageError, match=r"snr.parquet is none of the files that .*result.json lists"):
        Study.load(study.folder)


def test_lost_forecasts_are_noted(quick):
    from saliencynoise.analyses.forecast.run import check_predictions, notes_of_predictions

    one = quick | {"methods": ["gradient"]}
    study = bench(**one, out="run")
    assert notes_of_predictions(study) == []
    flipped(study.folder / "predictions.json")
    with pytest.raises(UsageError, match=r"predictions.json is not the file that its result.json lists"):
        check_predictions(Study.load("run"))
    for _ in range(2):
        study = bench(**one, out="run")
        (note,) = notes_of_predictions(study)
        assert note == "earlier forecasts are lost: run/predictions.json is damaged: it does not match its checksum"
        assert check_predictions(study) == []
