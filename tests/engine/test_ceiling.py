"""What a bench measures of rewritten networks, and what it says without measuring."""

import io
from dataclasses import dataclass, replace

import pytest
import torch
from msgspec import structs
from rich.console import Console

from saliencynoise.api import bench
from saliencynoise.engine import ceiling as measuring
from saliencynoise.interfaces import Maps, MethodSpec, Noise
from saliencynoise.records.cell import Ceiling
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.report.table import is_low, render_study
from saliencynoise.scoring import Passes, attribute, attribute_together
from saliencynoise.testing.networks import batch_of, convolutional

LAYERS = ["gradcam(layer=top)", "eigencam(layer=top)", "layercam(layer=top)", "ablation_cam(layer=top)"]


def network_of(*kinds):
    network = convolutional()
    return replace(network, points={name: replace(p, rewrites=kinds) for name, p in network.points.items()})


def many(count):
    batch = batch_of(images=1)
    x = torch.randn(count, *batch.x.shape[1:], generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    return replace(batch, x=x, target=torch.arange(count) % 4, noise=Noise(tuple(range(count))))


def losses(method, network, images, **where):
    passes, bound = Passes(network), catalogue().method(method)
    wrapped = measuring.with_copies(bound, passes, **{"member": 0, "first": True, "run_seed": 3} | where)
    maps = attribute(passes, wrapped, many(images))
    assert isinstance(maps, Maps), maps
    plain = attribute(passes, bound.instance, many(images))
    torch.testing.assert_close(maps.values, plain.values)
    return maps.diagnostics


def test_signs_move_the_maps_of_eigencam_on_the_first_images_only():
    found = losses("eigencam(layer=top)", network_of("sign"), 10)["rewritten.signed.sign"]
    assert found.shape == (10,)
    assert (found[:8] > 0.01).all()
    assert found[8:].isnan().all()


def test_each_view_has_its_own():
    found = losses("layercam(layer=top)", network_of("sign"), 3)
    assert set(found) == {f"rewritten.{view}.sign" for view in ("signed", "relu", "abs")} | set(found)
    assert not torch.equal(found["rewritten.signed.sign"], found["rewritten.relu.sign"])


def test_an_invariant_method_is_not_called_again(monkeypatch):
    def never(*_args, **_options):
        raise AssertionError("no copy is expected")

    monkeypatch.setattr(measuring, "Rewriting", never)
    found = losses("gradcam(layer=top)", network_of("permutation", "positive_scale", "rotation"), 3)
    assert found["rewritten.signed."].tolist() == [0, 0, 0]


def test_a_functional_method_is_measured_on_two_images_of_four_members():
    network = network_of("positive_scale")
    name = "rewritten.signed.positive_scale"
    found = losses("ablation_cam(layer=top)", network, 3)[name]
    assert (found[:2] > 1e-4).all()
    assert found[2].isnan()
    assert losses("ablation_cam(layer=top)", network, 3, member=4)[name].isnan().all()
    assert losses("ablation_cam(layer=top)", network, 3, first=False)[name].isnan().all()


def test_members_are_rewritten_each_in_its_own_way_and_again_in_the_same():
    network, name = network_of("sign"), "rewritten.signed.sign"
    first, again, other = (losses("layercam(layer=top)", network, 3, member=m)[name] for m in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("method", ["gradient", "smoothgrad(samples=2)"])
def test_a_method_without_a_layer_is_left_alone(method):
    assert not [name for name in losses(method, network_of("sign"), 2) if measuring.is_ceiling(name)]


def test_where_nobody_says_what_a_point_allows_nothing_is_measured():
    assert losses("eigencam(layer=top)", convolutional(), 2) == {}


@dataclass(frozen=True)
class Fragile:
    """A method that raises at a copy."""

    points: tuple[str, ...] = ("top",)

    def from_pass(self, taps, batch):
        if (taps["top"].value < 0).any():
            raise ValueError("negative features")
        return Maps(values=taps["top"].value.sum(1, keepdim=True))


def _method(instance):
    """The method as a plugin brings it."""
    spec = MethodSpec(name="own", summary="own", target="tests:own", family="cam", paper="none")
    plain = catalogue().method("gradcam")
    return replace(plain, spec=spec, instance=instance)


def test_what_a_copy_raises_costs_no_map():
    passes = Passes(network_of("sign"))
    wrapped = measuring.with_copies(_method(Fragile()), passes, member=0, first=True, run_seed=0)
    maps = attribute_together(passes, {"own": wrapped}, many(3))["own"]
    assert maps.values.any()
    assert maps.diagnostics["rewritten.signed.sign"].isnan().all()


def test_the_cell_says_what_was_measured(quick):
    study = bench(**quick | {"methods": [*LAYERS, "gradient"]})
    cells = {cell.method.partition("(")[0]: cell for cell in study.result.cells if cell.view == "signed"}
    assert cells["gradient"].ceiling.value == cells["gradcam"].ceiling.value == float("inf")
    assert cells["layercam"].ceiling.value == float("inf"), "test_resnet allows other orders and positive factors"
    eigen, ablation = cells["eigencam"].ceiling, cells["ablation_cam"].ceiling
    assert (eigen.members, eigen.images, eigen.copies, eigen.kinds) == (3, 4, 4, ("positive_scale",))
    assert (ablation.members, ablation.images, ablation.copies) == (3, 2, 3)
    for ceiling in (eigen, ablation):
        assert 0 < ceiling.low <= ceiling.value <= ceiling.high < 1e5
    assert all(cell.diagnostics == {} for cell in cells.values())
    row = study.table_full.query("method == 'eigencam(layer=top)' and view == 'signed'").iloc[0]
    assert (row["ceiling"], row["ceiling_low"]) == (eigen.value, eigen.low)


def test_the_table_shows_a_ceiling_that_is_low_and_no_other(quick):
    study = bench(**quick | {"methods": ["eigencam(layer=top)", "gradient"]})
    eigen = study.result.cells[0]
    r = eigen.figures.estimates.snr.value
    for value, shown in ((9 * r, True), (11 * r, False), (float("inf"), False), (-0.1, True)):
        assert is_low(structs.replace(eigen, ceiling=measured(value, value, value))) == shown
    text = text_of(with_first(study, ceiling=measured(0.125, 0.1, 0.2)))
    assert "ceiling" in text
    assert "[0.10, 0.20]" in text
    assert "No training lifts the SNR" in text
    assert "ceiling" not in text_of(with_first(study, ceiling=None))


def measured(value, low, high):
    return Ceiling(value=value, low=low, high=high, members=3, images=4, copies=4, kinds=("positive_scale",))


def with_first(study, **changes):
    """The study with changes to its first cell, and no ceiling of the others."""
    first, *others = study.result.cells
    cells = (structs.replace(first, **changes), *(structs.replace(cell, ceiling=None) for cell in others))
    return replace(study, result=structs.replace(study.result, cells=cells))


def text_of(study):
    console = Console(width=160, record=True, file=io.StringIO())
    for part in render_study(study, width=160, legend=True):
        console.print(part)
    return console.export_text()
