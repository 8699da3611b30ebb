"""Maps whose agreement is no sign of learning, in every command beside `bench`: the view centred, and no claim."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.numpy import load_file

from saliencynoise.analyses.comparison.side_by_side import side_by_side
from saliencynoise.analyses.comparison.side_by_side_table import print_side_by_side, side_by_side_rows
from saliencynoise.analyses.forecast.run import forecast
from saliencynoise.analyses.frontier.config import FrontierConfig
from saliencynoise.analyses.frontier.run import run_frontier
from saliencynoise.analyses.frontier.table import print_frontier
from saliencynoise.analyses.sanity import run as sanity
from saliencynoise.analyses.sanity.config import SanityConfig
from saliencynoise.analyses.variance.config import VarianceConfig
from saliencynoise.analyses.variance.run import run_variance
from saliencynoise.api import bench
from saliencynoise.display.numbers import format_number
from saliencynoise.engine.config import config_from
from saliencynoise.engine.ensemble_maps import inner_products
from saliencynoise.engine.judged import judged_cells, no_claim
from saliencynoise.engine.observer import Silent
from saliencynoise.records.cell import Cell
from saliencynoise.records.frontier import HeldOutNetworks
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.statistics.fidelity import fidelity
from tests.studies import cell_of

SQUARE = "smoothgrad(samples=2,statistic=square)"
FEW: dict[str, Any] = {"images": 4, "train_images": 64, "epochs": 1, "device": "cpu", "workers": 0, "members": 3}


def cell(method: str, view: str, sign: str = "signed", **more: Any) -> Cell:
    return cell_of(architecture="net", method=method, method_name=method, view=view, sign=sign, **more)


@dataclass
class Fake:
    done: list[Cell] = field(default_factory=list)


def test_a_method_is_judged_by_centred_maps_where_whole_ones_agree_without_knowledge():
    cells = [
        cell("gradcam", "signed"),
        cell("gradcam", "centred"),
        cell("layercam", "signed", "nonnegative"),
        cell("layercam", "centred", "nonnegative"),
        cell("guided_backprop", "signed", "leaning"),
    ]
    found = judged_cells(Fake(cells))  # type: ignore[arg-type]
    assert [(judged.method, judged.view) for judged in found] == [
        ("gradcam", "signed"), ("layercam", "centred"), ("guided_backprop", "signed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sign", "untrained", "words"),
    [
        ("signed", {"above": False, "snr": 1.0}, ""),
        ("nonnegative", {"above": True, "snr": 1.0}, ""),
        ("nonnegative", {"above": False, "snr": 8.0}, "untrained networks agree as much (r 8)"),
        ("leaning", None, "they were not compared with untrained networks"),
    ],
)
def test_only_what_untrained_networks_do_not_reach_is_claimed(sign, untrained, words):
    found = no_claim(cell("x", "centred", sign, untrained=untrained))
    assert found.endswith(words)
    assert bool(found) == bool(words)


def test_worth_of_maps_of_one_sign_is_not_that_of_their_constant():
    """A strategy that has each map's constant and nothing else is worth no network by what differs between places."""
    generator = torch.Generator().manual_seed(0)
    signal = 0.7 * torch.randn(24, 1, 1, 1, 12, 12, generator=generator)
    maps = 6 + signal + torch.randn(24, 12, 1, 1, 12, 12, generator=generator)
    flat = torch.full((24, 4, 1, 1, 12, 12), 6.0) + torch.randn(24, 4, 1, 1, 12, 12, generator=generator)
    averages = [(catalogue().aggregator("mean"), [(e,) for e in range(4)])]
    worth = {}
    for view in ("signed", "centred"):
        (inner,) = inner_products(averages, (0, 1, 2, 3), flat, maps, view=view)
        own = maps[:, :, 0].flatten(2).double()
        own = own - own.mean(-1, keepdim=True) if view == "centred" else own
        worth[view] = fidelity(inner, own @ own.mT).networks
    assert worth["signed"] > 0.5
    assert abs(worth["centred"]) < 0.1


@pytest.fixture(scope="module")
def frontier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frontier")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALIENCYNOISE_CACHE", str(folder / "cache"))
        settings = {**FEW, "methods": ["layercam(layer=intermediate)"]}
        settings.pop("members")
        config = FrontierConfig(
            bench=config_from(settings), samplers=("noisegrad",), budgets=(1, 2), runs=2, reference=5,
            out=str(folder / "out"),
        )  # fmt: skip
        return run_frontier(config, Silent()), folder / "out"


def test_frontier_compares_centred_maps_and_says_so(frontier):
    document, folder = frontier
    (reference,) = document.references
    assert isinstance(reference, HeldOutNetworks)
    assert reference.view == "centred"
    files = [
        next(
            iter(next(iter((folder).glob(f"deep_ensemble-*/maps/*/builtin-layercam-*/member-{member:04d}"))).iterdir())
        )
        for member in document.held_out
    ]
    maps = np.stack([load_file(file)["values"] for file in files]).astype(np.float64)
    assert maps.min() >= 0
    rows = (maps - maps.mean((-2, -1), keepdims=True)).reshape(*maps.shape[:2], -1)
    unit = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    c = np.einsum("ebp,fbp->bef", unit, unit)[:, ~np.eye(5, dtype=bool)].mean()
    assert reference.snr == pytest.approx(c / (1 - c), rel=1e-4)
    assert not math.isnan(reference.untrained)
    for row in document.done:
        if reference.no_claim:
            assert math.isnan(row.fidelity.networks)
            assert row.fidelity.note == reference.no_claim
            assert row.p is None
    file = io.StringIO()
    print_frontier(document, folder, Console(file=file, width=200, highlight=False))
    assert "view centred (each map less its own mean)" in file.getvalue()
    assert f"of untrained ones {format_number(reference.untrained)}" in file.getvalue()


def test_sanity_variance_plan_and_compare(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = config_from({**FEW, "methods": [SQUARE, "guided_backprop"]})
    monkeypatch.setattr(SanityConfig, "samplers", dict.fromkeys(("trained", "untrained", "permuted"), "untrained"))
    document = sanity.run_sanity(SanityConfig(bench=settings, out="sanity"), Silent())
    assert [(row.method.partition("(")[0], row.view) for row in document.rows] == [
        ("smoothgrad", "centred"), ("guided_backprop", "signed"), ("guided_backprop", "magnitude"),
    ]  # fmt: skip
    parts = run_variance(VarianceConfig(bench=settings, blocks=2, streams=("init",), out="parts"), Silent())
    assert [row.view for row in parts.rows] == ["centred", "signed"]
    study = bench(**{**FEW, "methods": ["gradient", "layercam"]}, out="run")
    floor = next(own.untrained for own in study.done if own.view == "signed" and own.sign == "nonnegative")
    found = forecast(study, reliability=0.9)
    assert [(own.method, own.view) for own in found] == [("gradient", "signed"), ("layercam", "centred")]
    centred = next(own for own in study.done if own.view == "centred")
    assert found[1].note == no_claim(centred)
    if found[1].note:
        assert (found[1].more, str(found[1].needed)) == (None, "undetermined")
    file = io.StringIO()
    print_side_by_side(side_by_side([study]), Console(file=file, width=200, highlight=False))  # type: ignore[arg-type]
    lines = [line.split() for line in file.getvalue().splitlines()]
    assert ["untrained", format_number(floor.snr)] in lines
    rows = side_by_side_rows(side_by_side([study]))
    assert next(row["untrained"] for row in rows if row["method"] == "layercam" and row["view"] == "signed") == floor
