"""A study: its cells, tables and inner products, and the folder that it is read from."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from saliencynoise.engine.study import FORMAT, Study, interval_of, of_other_run
from saliencynoise.interfaces import UsageError
from saliencynoise.records import common
from saliencynoise.records.plan import PlanRecord
from saliencynoise.records.writing import json_of, write_record
from saliencynoise.store.atomic import write_json
from tests.studies import cell_of, edited, estimate, make_study, noisy_maps, record_with, study_of

PLAIN = noisy_maps(members=3, images=4)
DRAWN = noisy_maps(members=6, images=4, seed=1).unflatten(0, (3, 2))


def made(folder: Path, **more: Any) -> Study:
    maps = {("net", "gradient"): PLAIN, ("net", "noisy"): DRAWN, ("net", "lime"): "no kernel"}
    make_study(folder, maps, **more)
    return Study.load(folder)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A study that no test changes."""
    return made(tmp_path_factory.mktemp("made") / "run")


def test_cells_by_status_and_by_name(shared):
    assert [cell.method for cell in shared.done] == ["gradient", "noisy"]
    assert [cell.reason for cell in shared.failed] == ["no kernel"]
    assert shared.cell("net", "noisy") is shared.done[1]
    assert shared.method(shared.done[1]).label == "noisy"
    assert shared.architecture(shared.done[1]).label == "net"
    assert shared.cell("net", shared.done[1].method_name) is shared.done[1]
    with pytest.raises(UsageError, match=r"run has no method 'nosy'; did you mean 'noisy'"):
        shared.cell("net", "nosy")
    with pytest.raises(UsageError, match=r"run has no view 'abs'; it has signed"):
        shared.cell("net", "lime", "abs")
    with pytest.raises(UsageError, match=r"run has no architecture 'vgg'; it has net"):
        shared.cell("vgg", "noisy")


def test_a_study_shows_itself_in_a_few_lines(shared):
    head, *lines = repr(shared).splitlines()
    dataset = shared.result.dataset.name.removeprefix("builtin/")
    assert head == f"Study of {dataset}: 3 x net, 4 images, 3 methods, in {shared.folder}"
    snr = shared.done[0].figures.estimates.snr.value
    assert lines[0].startswith(f"  gradient: SNR: {snr:.2f}")
    assert lines[2] == "  lime: failed: no kernel"
    assert len(repr(shared.result)) < 3_000 < len(str(json_of(shared.result)))


def test_targets_and_groups_are_those_of_the_images():
    images = [{"name": str(row), "target": {"builtin/net": row % 2}, "group": row // 2} for row in range(4)]
    nets = [{"label": "net", "name": "builtin/net"}]
    study = study_of(images=images, architectures=nets)
    assert study.targets("net") == (0, 1, 0, 1)
    assert study.groups == (0, 0, 1, 1)
    assert study_of(images=[{**images[0], "group": None}, *images[1:]], architectures=nets).groups is None
    assert study_of(images=[], architectures=nets).groups is None


def test_inner_products_are_those_of_the_maps(shared):
    """Oracle: numpy, on the maps that were written."""
    cell, maps = shared.done[0], PLAIN.double().flatten(2).numpy()
    np.testing.assert_allclose(shared.gram(cell), np.einsum("ebp,fbp->bef", maps, maps), rtol=1e-5, atol=1e-4)
    assert shared.crossed(cell) is None


def test_inner_products_of_draws_are_of_raw_maps(shared):
    crossed = shared.crossed(shared.done[1])
    raw = DRAWN.double().flatten(3)
    assert crossed is not None
    torch.testing.assert_close(crossed.double(), torch.einsum("edbp,fgbp->bedfg", raw, raw), rtol=1e-5, atol=1e-4)
    first = DRAWN[:, 0].double().flatten(2)  # of the two draws, the second is shared by all members
    cosines = torch.cosine_similarity(first[:, None], first[None], dim=-1).permute(2, 0, 1)
    torch.testing.assert_close(shared.gram(shared.done[1]).double(), cosines, rtol=1e-5, atol=1e-6)


def test_a_failed_cell_has_no_inner_products(shared):
    with pytest.raises(UsageError, match=r"^lime on net failed: no kernel$"):
        shared.gram(shared.failed[0])


def test_a_view_that_the_file_lacks_is_named(shared):
    def rename(document: dict[str, Any]) -> None:
        document["cells"][0]["view"] = "abs"

    study = edited(shared, rename)
    with pytest.raises(UsageError, match=r"has no view 'abs'; it has signed; "):
        study.gram(study.cell("net", "gradient", "abs"))


def test_the_table_has_a_row_for_each_cell(shared):
    table = shared.table
    assert list(table["method"]) == ["gradient", "noisy", "lime"]
    assert list(table["status"]) == ["ok", "ok", "failed"]
    figures = shared.done[0].known_figures.estimates.snr
    assert table["snr"][0] == figures.value
    assert figures.interval is not None
    assert (table["snr_low"][0], table["snr_high"][0]) == (figures.interval.low, figures.interval.high)
    assert math.isnan(table["snr"][2])
    assert shared.table_full["reason"][2] == "no kernel"
    assert len(shared.images) == 8


def test_the_table_has_floors_ceilings_and_diagnostics_where_there_are_some():
    ends = {"low": 0.1, "high": 0.3, "words": None}
    cell = cell_of(
        architecture="net", method="gradient", status="ok", figures={"estimates": {"snr": estimate(1.5)}},
        untrained={"snr": 0.2, "interval": ends, "p": 0.01, "above": True},
        ceiling={"value": 4.0, "low": 3.0, "high": 5.0}, diagnostics={"error": {"median": 0.5, "max": 2.0}},
    )  # fmt: skip
    row = study_of(cells=[cell]).table_full.iloc[0]
    due = {
        "untrained_snr": 0.2, "untrained_snr_low": 0.1, "untrained_snr_high": 0.3, "untrained_p": 0.01,
        "ceiling": 4.0, "ceiling_low": 3.0, "ceiling_high": 5.0, "error_median": 0.5, "error_max": 2.0,
    }  # fmt: skip
    assert {name: row[name] for name in due} == due


def test_a_saved_study_is_a_copy_with_its_maps(shared, tmp_path):
    (shared.folder / "run.lock").touch()
    saved = shared.save(tmp_path / "copy")
    assert (saved.folder, json_of(saved.result)) == (tmp_path / "copy", json_of(shared.result))
    assert not (saved.folder / "run.lock").exists()
    np.testing.assert_array_equal(saved.member_maps(saved.done[0]), PLAIN.float())
    assert json_of(Study.load(saved.folder).result) == json_of(shared.result)
    with pytest.raises(UsageError, match="copy is not an empty folder; name another one"):
        shared.save(tmp_path / "copy")


def test_maps_that_were_not_kept_are_refused_with_the_option(tmp_path):
    none, mean = made(tmp_path / "none", keep_maps="none"), made(tmp_path / "mean", keep_maps="mean")
    with pytest.raises(UsageError, match="none holds no maps; run the same command with --keep-maps all or mean"):
        _ = none.maps
    with pytest.raises(UsageError, match="kept no members' maps; run the same bench again with --keep-maps all"):
        mean.member_maps(mean.done[0])
    assert mean.pictures.shape == (4, 1, 8, 8)


def test_a_folder_without_a_result_says_whether_a_run_began(tmp_path):
    with pytest.raises(UsageError, match=r"holds no readable result.json; name a run's folder"):
        Study.load(tmp_path)
    (tmp_path / "plan.json").touch()
    with pytest.raises(UsageError, match=r"holds no readable result.json; its run did not finish; run it again"):
        Study.load(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format", FORMAT + 1, rf"has format {FORMAT + 1}, and this version reads {FORMAT}; update saliencynoise"),
        ("versions", {}, r"is damaged: versions has no torch; run the same bench again"),
        ("seed", None, r"is damaged: .*; run the same bench again"),
    ],
)
def test_a_result_of_another_kind_is_refused(key, value, words, tmp_path):
    path = made(tmp_path / "run").folder / "result.json"
    document = json.loads(path.read_text())
    (document["settings"] if key == "seed" else document)[key] = value
    write_json(path, document)
    with pytest.raises(UsageError, match=words):
        Study.load(path.parent)


def test_a_plan_of_another_run_is_named(tmp_path):
    plan = tmp_path / "plan.json"
    write_record(plan, PlanRecord(fixed={"seed": 1, "draws": 2, "later": 3}, chunk=32, rows={}, format=1))
    assert of_other_run(plan, {"seed": 1, "draws": 2, "members": 8}) is None
    assert of_other_run(plan, {"seed": 0, "draws": 2}) == f"{plan} are of two runs (seed=0 and 1)"
    plan.write_text("damaged")
    assert of_other_run(plan, {"seed": 0}) is None


def test_an_interval_is_that_of_the_statistics():
    record = record_with(common.Interval, low=0.25, high=1.0, question="both", df=3.0, note="few", level=0.95)
    interval = interval_of(record)
    assert interval is not None
    assert {name: getattr(interval, name) for name in record.__struct_fields__} == json_of(record)
    assert interval_of(None) is None
