import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from filelock import FileLock
from safetensors.numpy import load_file

from saliencynoise.api import bench
from saliencynoise.data.tensors import to_float
from saliencynoise.engine import run
from saliencynoise.engine.config import config_from
from saliencynoise.engine.networks import load_members
from saliencynoise.engine.observer import Silent
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of
from saliencynoise.store.packing import pack
from saliencynoise.store.pool import Pool
from saliencynoise.store.unpacking import unpack
from tests.engine.conftest import Watcher
from tests.store.test_imported_values import LOGITS, tensors
from tests.store.test_unpacking import rewritten


def figures_of(study):
    return [{**json_of(cell), "seconds": None} for cell in study.result.cells]


def weights_of(study):
    return [m.sha256 for a in study.result.architectures for m in a.members]


def test_a_bench_in_worker_processes_equals_one_in_this_process(quick, monkeypatch, tmp_path):
    inside = bench(**quick, out="inside")
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(tmp_path / "other"))
    outside = bench(**quick | {"workers": 2}, out="outside")
    assert weights_of(outside) == weights_of(inside)
    assert figures_of(outside) == figures_of(inside)


def test_the_second_run_trains_and_attributes_nothing_and_finds_the_same(quick, watcher):
    first = bench(**quick)
    second = bench(**quick, observer=watcher)
    assert watcher.jobs == []
    assert second.folder == first.folder
    assert figures_of(second) == figures_of(first)


def test_figures_recomputed_from_the_files_by_plain_numpy(quick):
    study = bench(**quick, out="run")
    checked = 0
    for cell in study.result.cells:
        if cell.view != "signed":
            continue
        slug = cell.method.replace("(", "-").replace(")", "").replace("=", "-")
        folder = next(iter((study.folder / "maps").glob(f"*/builtin-{slug}-*")))
        members = [load_file(next(iter((folder / f"member-{i:04d}").iterdir())))["values"] for i in range(3)]
        maps = np.stack(members).astype(np.float64).reshape(3, 4, -1)
        estimates = cell.figures.estimates
        m, s = maps.mean(0), maps.std(0, ddof=1)
        assert estimates.snr_pixel.value == pytest.approx(np.mean(np.abs(m) / s), rel=1e-6)
        rms = np.sqrt((m**2).sum(-1) / (s**2).sum(-1))
        assert estimates.snr_rms.value == pytest.approx(rms.mean(), rel=1e-6)
        unit = maps / np.linalg.norm(maps, axis=-1, keepdims=True)
        pairs = [(unit[e] * unit[f]).sum(-1).mean() for e in range(3) for f in range(e)]
        c = np.mean(pairs)
        assert estimates.snr.value == pytest.approx(c / (1 - c), rel=1e-6)
        checked += 1
    assert checked == 3


def test_more_members_and_images_reuse_what_is_there(quick, watcher):
    first = bench(**quick, out="run")
    quick["members"], quick["images"] = 4, 6
    second = bench(**quick, out="run", observer=watcher)
    assert watcher.count("trained") == 1
    assert weights_of(second)[:3] == weights_of(first)
    names = [image.name for image in second.result.images]
    assert names[:4] == [image.name for image in first.result.images]


def test_fresh_trains_again_to_the_same_weights(quick, watcher):
    first = bench(**quick, out="run")
    second = bench(**quick, out="run", fresh=True, observer=watcher)
    assert watcher.count("trained") == 3
    assert weights_of(second) == weights_of(first)


def test_another_seed_gives_other_members(quick):
    assert set(weights_of(bench(**quick))).isdisjoint(weights_of(bench(**quick, seed=1)))


def test_the_ensembles_vote_is_explained_the_same_for_every_member(quick):
    study = bench(**quick, target="predicted")
    for image in study.result.images:
        assert image.target == image.predicted
    assert any(image.predicted["timm/test_resnet"] != image.label for image in study.result.images)


def test_a_class_index_is_explained_for_every_image(quick):
    study = bench(**quick, target=7)
    assert {target for image in study.result.images for target in image.target.values()} == {7}


def test_a_score_of_the_vote_is_explained_and_the_result_says_so(quick):
    study = bench(**quick, target="logprob(predicted)")
    result = study.result
    assert result.settings.target == "logprob(predicted)"
    assert {cell.sign for cell in result.cells} == {"leaning"}
    plan = make_plan(config_from(quick | {"target": "logprob(predicted)"}))
    architecture = plan.architectures[0]
    shape = tuple(plan.dataset.test.images.shape[1:])
    networks = load_members(architecture.model, architecture.pool, range(3), in_shape=shape, classes=10, device="cpu")
    x = to_float(plan.dataset.test.images[plan.images], plan.dataset.mean, plan.dataset.std).requires_grad_()
    voted = torch.tensor(study.targets(architecture.model.display_name))
    maps = torch.as_tensor(study.member_maps(result.cells[0]).to_numpy())
    for network, kept in zip(networks, maps, strict=True):
        shares = network.module(x).exp() / network.module(x).exp().sum(1, keepdim=True)
        (gradient,) = torch.autograd.grad(shares.gather(1, voted[:, None]).log().sum(), x)
        torch.testing.assert_close(kept, gradient, rtol=1e-3, atol=1e-5)


FUNCTION = """
def spread(outputs):
    return outputs.var(1)
"""


def test_a_function_of_the_outputs_is_explained_by_workers_too_and_a_changed_one_is_another(quick, tmp_path):
    file = tmp_path / "my_scores.py"
    file.write_text(FUNCTION)
    quick |= {"methods": ["gradient", "deeplift"], "images": 2}
    study = bench(**quick, target=f"{file}:spread", out="file")
    maps = study.member_maps(study.result.cells[0]).to_numpy()
    assert study.result.settings.target.startswith(f"{file}:spread@")
    assert study.result.cells[1].diagnostics["completeness_error"].max < 1e-3
    assert np.array_equal(
        bench(**quick | {"workers": 2}, target=f"{file}:spread", out="workers").member_maps(study.result.cells[0]), maps
    )
    here = bench(**quick, target=lambda outputs: 2 * outputs.var(1), out="here")
    np.testing.assert_allclose(here.member_maps(here.result.cells[0]), 2 * maps, rtol=1e-4, atol=1e-6)
    with pytest.raises(UsageError, match="worker processes cannot import"):
        bench(**quick | {"workers": 2}, target=lambda outputs: outputs.var(1))
    file.write_text(FUNCTION.replace("var(1)", "mean(1)"))
    with pytest.raises(UsageError, match="holds a run with target="):
        bench(**quick, target=f"{file}:spread", out="file")


def test_a_corrupt_member_is_named_set_aside_and_trained_anew_on_the_next_run(quick, watcher):
    first = bench(**quick, out="run")
    pool = first.result.architectures[0].pool
    path = Pool(Path(pool)).files(Pool(Path(pool)).record(1))[1]
    content = path.read_bytes()
    path.write_bytes(content[:1000] + bytes(byte ^ 255 for byte in content[1000:1003]) + content[1003:])
    with pytest.raises(UsageError, match=r"member 1 of the pool is corrupt: .*member-0001-.*.safetensors fails its"):
        bench(**quick, out="run")
    again = bench(**quick, out="run", observer=watcher)
    assert watcher.count("trained") == 1
    assert weights_of(again) == weights_of(first)
    assert figures_of(again) == figures_of(first)


class Meddler(Watcher):
    """Does something when all maps are there, or when a member is."""

    def __init__(self, *, at="reducing", then):
        super().__init__()
        self.at, self.then = at, then

    def reducing(self, cells):
        if self.at == "reducing":
            self.then(self.plans[0].architectures[0].pool)

    def event(self, job, event):
        if event["kind"] == self.at:
            self.then(Pool(Path(job.pool)))


def test_results_come_from_the_members_whose_maps_were_made(quick):
    """The pool, or one of its members, is gone, or another one, when the maps become figures."""
    due = figures_of(bench(**quick | {"methods": ["gradient"]}, out="run"))
    other = {"w": torch.ones(2)}
    about = {"seeds": {}, "accuracy": 0.5, "seconds": 1.0, "versions": {}, "hardware": {}}
    for number, then in enumerate(
        (
            lambda pool: shutil.rmtree(pool.folder),
            lambda pool: pool.files(pool.record(1))[0].unlink(),
            lambda pool: pool.save(1, other, torch.zeros(5, 10), about, replace=True),
        )
    ):
        study = bench(**quick | {"methods": ["gradient"]}, out=f"run-{number}", observer=Meddler(then=then))
        assert figures_of(study) == due
        assert len(weights_of(study)) == 3
        shutil.rmtree(study.result.architectures[0].pool, ignore_errors=True)


def test_a_member_that_is_replaced_before_it_is_used_is_named(quick):
    about = {"seeds": {}, "accuracy": 0.5, "seconds": 1.0, "versions": {}, "hardware": {}}
    bench(**quick | {"methods": ["gradient"]})

    def then(pool):
        pool.save(0, {"w": torch.ones(2)}, torch.zeros(5, 10), about, replace=True)

    gone = "member 0 of .* was removed or replaced while it was in use; run the same command again"
    with pytest.raises(UsageError, match=gone):
        bench(**quick | {"methods": ["gradcam(layer=top)"]}, out="o", observer=Meddler(at="found", then=then))


@pytest.mark.parametrize("images", [3, 400])
def test_imported_logits_of_another_number_of_test_images_are_refused(quick, tmp_path, images):
    """Their checksums are sound, and an import cannot know the data set's test images."""
    first = bench(**quick | {"methods": ["gradient"]}, out="run")
    pool = Pool(Path(first.result.architectures[0].pool))
    (file,) = pack(pool, tmp_path)

    def change(entries):
        for index in range(3):
            tensors(entries, LOGITS, {"logits": torch.zeros(images, 10)}, index=index, folder=pool.folder.name)

    pool.remove()
    unpack([rewritten(file.path, change)])
    wanted = rf"member 0 of .* has logits of shape \[{images}, 10\], .* need \[360, 10\]; remove the pool with"
    with pytest.raises(UsageError, match=wanted):
        bench(**quick | {"methods": ["gradient"]}, out="run")
    Pool(pool.folder).remove()
    assert figures_of(bench(**quick | {"methods": ["gradient"]}, out="run")) == figures_of(first)


def test_a_pool_in_use_is_not_removed(quick):
    refusals = []

    def then(pool):
        with pytest.raises(UsageError, match="is in use by another process; wait until that has ended"):
            pool.remove()
        refusals.append(pool)

    study = bench(**quick | {"methods": ["gradient"]}, observer=Meddler(then=then))
    assert len(refusals) == 1
    refusals[0].remove()
    assert not Path(study.result.architectures[0].pool).exists()


def test_a_complete_pool_needs_no_lock(quick, monkeypatch):
    """As where it is read-only."""
    first = bench(**quick | {"methods": ["gradient"]}, out="first")

    def refused(*_, **__):
        raise AssertionError("a lock is taken")

    monkeypatch.setattr(Pool, "lock", refused)
    assert figures_of(bench(**quick | {"methods": ["gradient"]}, out="second")) == figures_of(first)


def test_a_corrupt_map_is_computed_again(quick, watcher):
    first = bench(**quick, out="run")
    path = next(iter((first.folder / "maps").glob("*/builtin-gradient-*/member-0002/*")))
    path.write_bytes(path.read_bytes()[:-4] + b"\x00\x00\x80\x7f")
    again = bench(**quick, out="run", observer=watcher)
    assert watcher.count("attributed") == 1
    assert figures_of(again) == figures_of(first)


def test_nan_in_a_map_fails_that_cell_and_the_rest_goes_on(quick, extra_plugin):
    study = bench(**quick | {"methods": ["nan", "gradient"]})
    by_method = {cell.method: cell for cell in study.result.cells}
    assert by_method["fakes/nan"].status == "failed"
    assert "2 values of NaN or infinity in the map of image 3" in by_method["fakes/nan"].reason
    assert by_method["gradient"].status == "ok"
    assert [cell.method for cell in study.failed] == ["fakes/nan"]


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("raising", "member 0: ArithmeticError: this method always fails"),
        ("pixel", "the maps are 1x1: an SNR over so few pixels means nothing"),
        ("flat", "the contract is floating point [B, c, h, w]"),
        ("zero", "the maps of all members are zero on all images: the method found nothing"),
    ],
)
def test_a_method_that_misbehaves_fails_alone(quick, extra_plugin, method, reason):
    study = bench(**quick | {"methods": [method, "gradient"]})
    assert [cell.status for cell in study.result.cells] == ["failed", "ok"]
    assert reason in study.result.cells[0].reason


def test_two_members_have_figures_without_intervals(quick):
    quick["members"] = 2
    study = bench(**quick)
    estimates = study.result.cells[0].figures.estimates
    assert estimates.snr.interval is None
    assert estimates.snr_pixel.floor == float("inf")
    assert np.isfinite(estimates.snr.value)


@pytest.mark.parametrize(("keep", "maps"), [("all", True), ("mean", False)])
def test_what_is_kept_of_the_maps(quick, keep, maps):
    study = bench(**quick | {"methods": ["gradient"]}, keep_maps=keep)
    group = study.maps["test_resnet/gradient"]
    assert ("maps" in group) == maps
    assert group["marginal"].shape == (4, 1, 16, 16)
    members = list((study.folder / "maps").glob("*/*/member-*"))
    assert bool(members) == maps
    if maps:
        mean = group["maps"].mean("member")
        assert float(abs(mean - group["marginal"]).max()) < 1e-6


def test_no_maps_are_kept_where_none_are_wanted(quick):
    study = bench(**quick | {"methods": ["gradient"]}, keep_maps="none")
    kept = [path.relative_to(study.folder) for path in study.folder.rglob("*.safetensors")]
    assert {path.parts[0] for path in kept} == {"gram"}
    with pytest.raises(UsageError, match="holds no maps; run the same command with --keep-maps all or mean"):
        _ = study.maps


def test_parquet_has_a_row_for_each_method_view_and_image(quick):
    study = bench(**quick)
    frame = pd.read_parquet(study.folder / "snr.parquet")
    assert len(frame) == 7 * 4
    assert frame.groupby(["method", "view"]).size().eq(4).all()
    assert frame["members_correct"].between(0, 3).all()
    assert {"snr_raw", "cosine_draw_mean"} <= set(frame)
    assert not {"snr", "cosine"} & set(frame), "these are figures of a cell"


def test_what_plugins_declare_of_their_methods_is_recorded(quick):
    study = bench(**quick | {"methods": ["smoothgrad(samples=2)"]})
    (method,) = study.result.methods
    assert method.label == study.done[0].method == "smoothgrad(samples=2)"
    assert method.parameters["samples"] == "2"
    assert set(method.parameters) > {"samples"}, "those that were not given, too"
    assert "1706.03825" in method.paper
    assert method.stochastic
    assert method.family == "gradient"


def test_a_study_is_saved_and_loaded(quick, tmp_path):
    study = bench(**quick | {"methods": ["gradient"]})
    copy = study.save(tmp_path / "copy")
    loaded = Study.load(tmp_path / "copy")
    assert json_of(loaded.result) == json_of(study.result)
    assert loaded.table.equals(copy.table)
    assert loaded.maps["test_resnet/gradient"]["maps"].shape == (3, 4, 1, 16, 16)
    with pytest.raises(UsageError, match="is not an empty folder"):
        study.save(tmp_path / "copy")


def test_a_folder_with_another_study_is_refused(quick):
    bench(**quick | {"methods": ["gradient"]}, out="run")
    with pytest.raises(UsageError, match="holds a run with seed=0, and this one has seed=1; name another --out"):
        bench(**quick | {"methods": ["gradient"]}, out="run", seed=1)


def test_a_folder_of_other_files_is_refused(quick, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(UsageError, match="holds other files and no run"):
        bench(**quick, out=str(tmp_path / "mine"))


def test_global_state_is_left_as_found(quick):
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    bench(**quick | {"methods": ["gradient"]})
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"fixed": []}', '{"fixed": {}, "chunk": 0}', '{"fixed": {}}'])
def test_a_damaged_plan_is_made_of_the_command_and_the_result(quick, watcher, content):
    study = bench(**quick | {"methods": ["gradient"]}, out="run")
    path = study.folder / "plan.json"
    before = path.read_bytes()
    path.write_text(content)
    with pytest.raises(UsageError, match="holds a run with seed=0, and this one has seed=1"):
        bench(**quick | {"methods": ["gradient"]}, out="run", seed=1)
    again = bench(**quick | {"methods": ["gradient"]}, out="run", observer=watcher)
    assert watcher.jobs == [], "nothing is trained or attributed"
    assert figures_of(again) == figures_of(study)
    assert path.read_bytes() == before


def test_a_plan_that_is_lost_is_made_again_where_there_is_a_result(quick, watcher):
    study = bench(**quick | {"methods": ["gradient"]}, out="run")
    path = study.folder / "plan.json"
    path.unlink()
    bench(**quick | {"methods": ["gradient"]}, out="run", observer=watcher)
    assert watcher.jobs == []
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match=r"plan\.json is a folder, where a run keeps its plan; move it away"):
        bench(**quick | {"methods": ["gradient"]}, out="run")


def test_without_plan_and_result_the_maps_of_another_precision_are_not_taken(quick, watcher):
    study = bench(**quick | {"methods": ["gradient"]}, out="run", precision="bfloat16")
    for name in ("plan.json", "result.json"):
        (study.folder / name).write_text("")
    again = bench(**quick | {"methods": ["gradient"]}, out="run", observer=watcher)
    assert (watcher.count("found"), watcher.count("attributed")) == (3, 3)
    assert figures_of(again) != figures_of(study)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_bench_that_is_refused_has_changed_nothing(quick):
    """Another process holds the folder: with the same command, with another, and with --fresh."""
    study = bench(**quick | {"methods": ["gradient"]}, out="run")
    before = contents(study.folder)
    with FileLock(study.folder / ".lock"):
        for change in ({}, {"fresh": True}, {"fresh": True, "seed": 1}, {"precision": "bfloat16", "fresh": True}):
            with pytest.raises(UsageError, match="another process is writing to run; wait for it, or name another"):
                bench(**quick | {"methods": ["gradient"]}, out="run", **change)
            assert contents(study.folder) == before
    (study.folder / "plan.json").unlink()
    with FileLock(study.folder / ".lock"), pytest.raises(UsageError, match="another process is writing to run"):
        bench(**quick | {"methods": ["gradient"]}, out="run")
    assert not (study.folder / "plan.json").exists()


def test_what_another_process_chose_in_the_meantime_is_taken(quick):
    """A folder may change between the look at it and its lock."""
    plan = make_plan(config_from({**quick, "methods": ["gradient"], "out": "run"}))
    bench(**quick | {"methods": ["gradient"]}, out="run", seed=1)
    with pytest.raises(UsageError, match="holds a run with seed=1, and this one has seed=0"):
        run.run_plan(plan, Silent())


@pytest.mark.parametrize("name", ["settings", "cells", "hardware"])
def test_a_damaged_result_is_named(quick, name):
    study = bench(**quick | {"methods": ["gradient"]})
    damaged = {key: value for key, value in json_of(study.result).items() if key != name}
    (study.folder / "result.json").write_text(json.dumps(damaged))
    with pytest.raises(UsageError, match=r"result.json is damaged: it has no .*; run the same bench again"):
        Study.load(study.folder)


@pytest.mark.parametrize("change", [{"accuracy": "x"}, {"accuracy": None}, {"index": 1}, {"seeds": 3}, {"more": 1}])
def test_a_member_with_a_damaged_record_is_named_and_trained_anew(quick, watcher, change):
    first = bench(**quick | {"methods": ["gradient"]})
    path = Path(first.result.architectures[0].pool, "member-0000.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UsageError, match=r"member 0 of the pool is corrupt: .*member-0000.json fails its checksum"):
        bench(**quick | {"methods": ["gradient"]})
    again = bench(**quick | {"methods": ["gradient"]}, observer=watcher)
    assert watcher.count("trained") == 1
    assert weights_of(again) == weights_of(first)


@pytest.mark.parametrize("chunks", [[], {}, {"key": 3}])
def test_maps_with_a_damaged_manifest_are_computed_again(quick, watcher, chunks):
    first = bench(**quick | {"methods": ["gradient"]})
    path = next(iter((first.folder / "maps").glob("*/*/member-0001.json")))
    path.write_text(json.dumps({**json.loads(path.read_text()), "chunks": chunks}))
    again = bench(**quick | {"methods": ["gradient"]}, observer=watcher)
    assert watcher.count("attributed") == 1
    assert figures_of(again) == figures_of(first)


def test_a_smaller_run_leaves_the_maps_of_the_others(quick):
    study = bench(**quick | {"methods": ["gradient"]}, out="run")
    quick["members"] = 2
    bench(**quick | {"methods": ["gradient"]}, out="run", keep_maps="mean")
    assert [path.name for path in (study.folder / "maps").glob("*/*/member-*[0-9]")] == ["member-0002"]


def test_a_start_that_failed_blocks_no_other(quick, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plan.json").write_text('{"format": 1, "fixed": {"seed": 5}, "chunk": 32, "rows": {}}')
    assert bench(**{**quick, "methods": ["gradient"]}, out="out").done
    with pytest.raises(UsageError, match="holds a run with seed=0"):
        bench(**{**quick, "methods": ["gradient"], "seed": 6}, out="out")


def test_groups_of_images_reach_every_interval_and_the_results(quick, tmp_path):
    alone = bench(**{**quick, "images": 6})
    assert alone.groups is None
    rows = "".join(f"{image.name},{place // 2}\n" for place, image in enumerate(alone.result.images))
    (tmp_path / "writers.csv").write_text("file,group\n" + rows)
    grouped = bench(**{**quick, "images": 6}, groups="writers.csv")
    assert grouped.groups == (0, 0, 1, 1, 2, 2)
    assert "the 6 attributed images belong to 3 groups (writers.csv)" in " ".join(grouped.result.dataset.notes)
    for one, other in zip(alone.done, grouped.done, strict=True):
        assert one.figures.estimates.snr.value == other.figures.estimates.snr.value
        for name in ("snr", "snr_rms", "cosine"):
            alone_estimate, grouped_estimate = (getattr(cell.figures.estimates, name) for cell in (one, other))
            assert alone_estimate.interval != grouped_estimate.interval
        assert "images in 3 groups" in other.figures.estimates.snr.interval.note
        assert one.details.template != other.details.template
        assert one.details.spectrum != other.details.spectrum
    assert grouped.folder != alone.folder
    with pytest.raises(UsageError, match=r"cannot read the groups 'nobody.csv'"):
        bench(**quick, groups="nobody.csv")


def test_swapped_and_flipped_files_of_a_result_are_found(quick):
    study = bench(**quick, out="run")
    first, second = (study.folder / name for name in sorted({cell.gram for cell in study.done})[:2])
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    read = Study.load(study.folder)
    wrong = "is not the file that its result.json lists"
    with pytest.raises(UsageError, match=wrong):
        [read.gram(cell) for cell in read.done]
    path = study.folder / "snr.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UsageError, match=rf"snr.parquet {wrong}"):
        Study.load(study.folder)
