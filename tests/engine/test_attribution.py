"""Draws, diagnostics, and passes that do not fit the memory."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from saliencynoise.api import bench
from saliencynoise.data.digits import load_digits
from saliencynoise.engine.attribution import background_of
from saliencynoise.interfaces import UsageError
from saliencynoise.scoring import passes
from saliencynoise.store.pool import Pool

DRAWN = "smoothgrad(samples=2)"


def maps_of(study, method):
    """The maps of all members as they lie on disk, by path."""
    paths = sorted((study.folder / "maps").glob(f"*/builtin-{method}-*/**/*.safetensors"))
    return {str(path.relative_to(study.folder)): load_file(path) for path in paths if path.name.startswith("chunk")}


def values_of(study):
    return [(cell.method, cell.view, cell.figures.estimates.snr.value) for cell in study.result.cells]


def test_members_share_the_second_draw_only(quick):
    """Of members with the same weights, maps are the same in the shared draw, and in no other."""
    study = bench(**quick | {"methods": [DRAWN]}, out="run")
    pool = Pool(Path(study.result.architectures[0].pool))
    record, weights, logits = pool.record(0), *(path.read_bytes() for path in pool.files(pool.record(0))[1:])
    pool.adopt(replace(record, index=1), weights, logits, replace=True)
    again = bench(**quick | {"methods": [DRAWN]}, out="twins")
    found = maps_of(again, "smoothgrad")
    by_draw = {
        draw: {
            member: next(v["values"] for k, v in found.items() if f"/{draw}/member-000{member}" in k)
            for member in range(3)
        }
        for draw in ("own-0", "shared-1")
    }
    assert torch.equal(by_draw["shared-1"][0], by_draw["shared-1"][1])
    assert not torch.equal(by_draw["own-0"][0], by_draw["own-0"][1])
    assert not torch.equal(by_draw["shared-1"][0], by_draw["shared-1"][2])
    assert not torch.equal(by_draw["own-0"][0], by_draw["shared-1"][0])


def test_more_draws_reuse_those_that_are_there(quick, watcher):
    bench(**quick | {"methods": [DRAWN, "gradient"]}, out="run")
    study = bench(**quick | {"methods": [DRAWN, "gradient"]}, out="run", draws=3, observer=watcher)
    folders = sorted(path.name for path in (study.folder / "maps").glob("*/builtin-smoothgrad-*/*/"))
    assert folders == ["own-0", "own-2", "shared-1"]
    assert watcher.count("attributing") == 3, "one draw of each member"
    drawn, plain = study.result.cells
    assert (drawn.draws, plain.draws) == (3, 1)
    assert set(drawn.figures.energy) == {"signal", "network", "draw", "residual"}
    group = study.maps["test_resnet/smoothgrad-samples-2"]
    assert group["maps"].dims[:3] == ("member", "draw", "image")
    assert group["maps"].shape[:3] == (3, 3, 4)
    assert group["maps"]["draw"].values.tolist() == ["own-0", "shared-1", "own-2"]
    mean = group["maps"].sel(draw=["own-0", "own-2"]).mean(("member", "draw"))
    assert float(abs(mean - group["marginal"]).max()) < 1e-6


def test_one_draw_is_refused(quick):
    with pytest.raises(
        UsageError, match="--draws 1 cannot separate a method's own noise from the networks'; give 2 or"
    ):
        bench(**quick, draws=1)


def test_the_draw_of_an_image_does_not_depend_on_the_others(quick):
    few = maps_of(bench(**quick | {"methods": [DRAWN], "images": 2}, out="few"), "smoothgrad")
    many = maps_of(bench(**quick | {"methods": [DRAWN], "images": 6}, out="many"), "smoothgrad")
    for (_, first), (_, second) in zip(few.items(), many.items(), strict=True):
        torch.testing.assert_close(first["values"], second["values"][:2], rtol=1e-3, atol=1e-5)


def test_completeness_stands_in_the_result(quick):
    study = bench(**quick | {"methods": ["integrated_gradients(steps=8)", "gradient"]})
    complete, plain = study.result.cells
    found = [maps["diagnostic.completeness_error"] for maps in maps_of(study, "integrated_gradients").values()]
    assert complete.diagnostics["completeness_error"].max == pytest.approx(float(torch.cat(found).max()))
    assert plain.diagnostics == {}
    assert study.table_full["completeness_error_max"].notna().tolist() == [True, False]


class Memory:
    """A network's passes on a machine that has memory for so many rows."""

    def __init__(self, monkeypatch, rows):
        self.rows, self.passed = rows, []
        taps, logits = passes.Passes.taps, passes.Passes.logits
        monkeypatch.setattr(passes.Passes, "taps", lambda own, x, *a, **k: self.limited(taps, own, x, *a, **k))
        monkeypatch.setattr(passes.Passes, "logits", lambda own, x, *a, **k: self.limited(logits, own, x, *a, **k))

    def limited(self, function, own, x, *arguments, **options):
        if len(x) > self.rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.passed.append(len(x))
        return function(own, x, *arguments, **options)


def test_out_of_memory_halves_the_passes_and_the_work_goes_on(quick, monkeypatch, watcher):
    methods = {"methods": [DRAWN, "gradient", "lime(samples=9)"]}
    whole = bench(**quick | methods, out="whole")
    memory = Memory(monkeypatch, rows=3)
    halved = bench(**quick | methods, out="halved", observer=watcher)
    assert not halved.failed
    assert max(memory.passed) <= 3
    plan = json.loads((halved.folder / "plan.json").read_text())
    assert plan["rows"] == {"timm/test_resnet": 2}
    for (_, _, first), (_, _, second) in zip(values_of(whole), values_of(halved), strict=True):
        assert second == pytest.approx(first, rel=1e-3)
    memory.rows, memory.passed[:] = 100, []
    bench(**quick | methods | {"images": 6}, out="halved")
    assert max(memory.passed) == 2, "what the plan settled holds when the run goes on"


def test_a_machine_with_no_memory_at_all_fails_the_cell_only(quick, monkeypatch):
    Memory(monkeypatch, rows=0)
    study = bench(**quick | {"methods": ["gradient", DRAWN]})
    assert [cell.status for cell in study.result.cells] == ["failed", "failed"]
    assert "out of memory" in study.result.cells[0].reason


def test_a_method_that_failed_is_left_alone_for_the_rest_of_a_member(quick, extra_plugin, watcher, monkeypatch):
    monkeypatch.setattr("saliencynoise.engine.earlier_run.CHUNK", 2)
    bench(**quick | {"methods": ["raising", "gradient"]}, observer=watcher)
    assert watcher.count("attributed") == 2 * 3
    assert watcher.count("failed") == 3


def test_the_background_is_the_same_whatever_is_attributed():
    digits = load_digits(path=None, image_size=None, seed=0)
    background = background_of(digits, run_seed=0)
    assert background.shape == (64, 1, 16, 16)
    assert torch.equal(background, background_of(digits, run_seed=0))
    assert not torch.equal(background, background_of(digits, run_seed=1))


def test_pass_methods_that_draw_have_noise_of_their_own_in_each_draw(quick, extra_plugin):
    study = bench(**quick | {"methods": ["noisy", "noisy_too", "gradient"]})
    paths = sorted((study.folder / "maps").glob("*/fakes-noisy*/*-[01]/member-0000/*.safetensors"))
    maps = [load_file(path)["values"] for path in paths]
    assert len(maps) == 4
    assert not any(torch.equal(one, other) for place, one in enumerate(maps) for other in maps[:place])
    others = [load_file(str(path).replace("member-0000", "member-0001"))["values"] for path in paths]
    same = {path.parent.parent.name: torch.equal(*pair) for path, *pair in zip(paths, maps, others, strict=True)}
    assert same == {"own-0": False, "shared-1": True}
