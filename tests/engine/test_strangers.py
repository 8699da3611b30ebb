"""Every row of the list of misbehaving plugins: a method costs its own cell, and no byte of the others."""

import json
import os
import re
from pathlib import Path

import pytest
import torch

from saliencynoise.api import bench
from saliencynoise.cli import main
from saliencynoise.engine import dispatch, running
from saliencynoise.interfaces import SaliencyNoiseError, UsageError
from saliencynoise.records.writing import json_of
from saliencynoise.registry import catalogue
from saliencynoise.report.warnings import warnings

STRANGERS = Path(__file__).parent / "strangers"
OTHERS = ["gradient", "smoothgrad(samples=2)"]
SETTINGS = {
    "dataset": "digits",
    "archs": ["resnet(depth=10,width=4)"],
    "members": 3,
    "images": 4,
    "train_images": 64,
    "epochs": 1,
    "device": "cpu",
    "workers": 0,
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Install the plugin, in worker processes too, with one cache for all tests of this module."""
    site = tmp_path_factory.mktemp("site")
    info = site / "bad_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[saliencynoise]\nbad = bad_plugin\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        patch.syspath_prepend(str(STRANGERS))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(STRANGERS), str(site), os.environ.get("PYTHONPATH", "")]))
        catalogue.catalogue.cache_clear()
        yield tmp_path_factory.mktemp("cache")
    catalogue.catalogue.cache_clear()


@pytest.fixture(autouse=True)
def _one_cache(installed, monkeypatch):
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(installed))


def maps_of(study):
    paths = sorted((study.folder / "maps").glob("*/builtin-*/**/*.safetensors"))
    return {str(path.relative_to(study.folder)): path.read_bytes() for path in paths if path.name.startswith("chunk")}


def others_of(study):
    return [{**json_of(cell), "seconds": None} for cell in study.result.cells if "builtin" in cell.method_name]


@pytest.fixture(scope="module")
def alone(installed, tmp_path_factory):
    """The maps and cells of the others without a stranger."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALIENCYNOISE_CACHE", str(installed))
        patch.chdir(tmp_path_factory.mktemp("alone"))
        study = bench(**SETTINGS, methods=OTHERS, out="alone")
        return maps_of(study), others_of(study)


def with_stranger(does, **settings):
    method = does if does in {"writer", "reaching"} else f"stranger(does={does})"
    return bench(**SETTINGS | settings, methods=[method, *OTHERS], out="run")


def reason_of(study, alone):
    """The reason why the stranger's cell failed, "" where it did not; the others are as without it, byte for byte."""
    assert maps_of(study) == alone[0]
    assert others_of(study) == alone[1]
    cell = study.result.cells[0]
    assert cell.distribution.startswith("bad-plugin 1.0")
    assert (cell.status == "failed") == (cell.reason is not None)
    return cell.reason or ""


LEFT = {
    "scale_weights": r"changed the values of '[\w.]+' and \d+ more",
    "scale_by_data": r"changed the values of '[\w.]+' and \d+ more",
    "replace_data": r"changed the values of '[\w.]+' and \d+ more",
    "scale_by_numpy": r"changed the values of '[\w.]+' and \d+ more",
    "shift_buffers": r"changed the values of '[\w.]*running_mean'",
    "leave_hooks": r"left a forward hook on '[\w.]+' and \d+ more",
    "leave_backward_hooks": r"left a backward hook on '[\w.]+' and \d+ more",
    "leave_train_mode": r"left train mode on the network and \d+ more",
    "replace_layer": r"replaced '[\w.]+'",
    "replace_forward": r"left the attribute '[\w.]+forward'",
    "change_class": r"changed the class of '[\w.]+'",
    "patch_relu": r"replaced torch.nn.functional.relu",
    "patch_class": r"replaced ReLU.forward",
    "hook_everything": r"left a hook on all modules",
    "default_dtype": r"left torch's default dtype at torch.float64",
    "default_device": r"left torch's default device at meta",
    "no_grad": r"left torch's gradient mode at False",
    "writer": r"left torch's default dtype at torch.float64",
    "reaching": r"changed the values of '[\w.]+' and \d+ more",
}


@pytest.mark.parametrize("does", LEFT)
def test_what_a_method_leaves_behind_fails_it_by_name_and_harms_no_other(does, alone):
    study = with_stranger(does)
    assert "other methods are unharmed" in study.result.cells[0].reason

    assert re.search(rf"^member 0: {LEFT[does]}", reason_of(study, alone)), study.result.cells[0].reason


SOUND = ("unfreeze", "seeds_threads_folder", "foreign_file", "print", "zero_input", "double", "huge", "with_grad")


@pytest.mark.parametrize("does", [*SOUND, "not_contiguous", "fork", "tiny"])
def test_what_harms_nobody_is_put_back_without_a_word(does, alone):
    before = Path.cwd()
    assert reason_of(with_stranger(does), alone) == ""
    assert Path.cwd() == before


RETURNED = {
    "tensor": "the method returned a Tensor of shape (4, 1, 16, 16); it must return saliencynoise.interfaces",
    "returns_none": "the method returned None; it must return",
    "dict": "the method returned a dict with the keys 'values'; it must return",
    "numpy": "the method returned a ndarray of shape (4, 1, 16, 16); it must return",
    "numpy_in_maps": "the method returned Maps whose values are a ndarray of shape (4, 1, 16, 16); it must return",
    "list_of_maps": "the method returned a list; it must return",
    "other_shape": "the method gave maps of shape (4, 16, 16) and type torch.float32 for 4 images; the contract is",
    "fewer": "the method gave maps of shape (3, 1, 16, 16)",
    "integers": "type torch.int64 for 4 images",
    "sparse": "the method returned Maps whose values are a tensor of layout torch.sparse_coo, type torch.float32, on",
    "meta": "the method returned Maps whose values are a tensor of layout torch.strided, type torch.float32, on meta",
    "sparse_diagnostics": "the method gave the diagnostic 'a' as a tensor of layout torch.sparse_coo",
    "diagnostics": "the method gave the diagnostic 'a' as a float; the contract is a tensor [B]",
    "nan": "member 0 has 256 values of NaN or infinity in the map of image 0",
    "zeros": "the maps of all members are zero on all images",
    "unreadable": "UnreadableError: (its text cannot be read: its __str__ raises ZeroDivisionError)",
    "base_exception": "it raised Odd: odd, which a plugin must not raise; raise an Exception",
    "sys_exit": "it raised SystemExit: 0, which a plugin must not raise",
    "recursion": "RecursionError: maximum recursion depth exceeded",
    "long_message": "ValueError: xxxx",
    "grad_off_first": "does not require grad and does not have a grad_fn; it also left torch's gradient mode at False",
}


def test_maps_that_lost_digits_are_noted():
    study = with_stranger("tiny")
    counts = {cell.method_name.partition("(")[0]: cell.denormal_images for cell in study.result.cells}
    assert counts == {"bad/stranger": 4, "builtin/gradient": 0, "builtin/smoothgrad": 0}
    (note,) = [line for line in warnings(study.result) if line.startswith("digits lost")]
    assert "maps of 4 images are below 1.2e-38" in note


@pytest.mark.parametrize("does", RETURNED)
def test_what_a_method_returns_or_raises_costs_its_own_cell(does, alone):
    study = with_stranger(does)
    assert RETURNED[does] in reason_of(study, alone)
    if does not in {"nan", "zeros"}:
        log = (study.folder / "errors.log").read_text()
        assert RETURNED[does] in log
        assert (study.result.cells[0].traceback or "").strip() in log


def test_maps_whose_sizes_differ_between_members_fail_their_cell(alone, monkeypatch):
    import bad_plugin

    sizes = iter((6, 6, 4))
    monkeypatch.setitem(
        bad_plugin.RETURNED, "other_shape", lambda values, batch: bad_plugin.Maps(values=values[..., : next(sizes)])
    )
    assert reason_of(with_stranger("other_shape"), alone) == (
        "the maps of member 2 are 1x16x4, and those of member 0 are 1x16x6; a method's maps must have one size"
    )


ENDS = {
    "os_exit": "its worker process ended (code 3), while this method ran",
    "segfault": "its worker process ended (code -11, a segmentation fault), while this method ran",
    "keyboard_interrupt": "it raised KeyboardInterrupt, which a plugin must not raise",
}


@pytest.mark.parametrize("does", ENDS)
def test_a_method_that_ends_its_process_is_named_and_the_rest_is_done_without_it(does, alone):
    assert ENDS[does] in reason_of(with_stranger(does, workers=1), alone)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_method_that_does_not_return_is_named_with_its_time(workers, alone, monkeypatch, watcher):
    monkeypatch.setattr(dispatch, "Running", lambda: running.Running(patience=0.2))
    monkeypatch.setattr(dispatch, "TICK", 0.1)
    assert reason_of(with_stranger("slow", observer=watcher, workers=workers), alone) == ""
    told = [event for _, event in watcher.events if event["kind"] == "running"]
    assert told
    assert {event["method"] for event in told} == {"bad/stranger(does=slow)"}
    assert all(event["seconds"] >= 0.2 for event in told)


def test_a_network_that_keeps_what_it_computed_is_no_method_s_fault():
    study = bench(**SETTINGS | {"archs": ["remembering"]}, methods=["stranger(does=nothing)", *OTHERS], out="run")
    assert not study.failed


@pytest.mark.parametrize(
    ("arch", "reason"),
    [
        (
            "random",
            "is random in evaluation mode: .*before 'head' (Linear), in the network's own forward; functional d",
        ),
        ("mixing", "mixes the images of a batch: .*the likely place is 'norm' (BatchNorm2d); a normalisation must use"),
    ],
)
def test_a_network_that_is_random_or_mixes_rows_is_refused_by_name(arch, reason):
    study = bench(**SETTINGS | {"archs": [arch, SETTINGS["archs"][0]]}, methods=OTHERS, out="run")
    states = {(cell.architecture, cell.status) for cell in study.result.cells}
    assert states == {(arch, "failed"), ("resnet(depth=10,width=4)", "ok")}
    (found,) = {cell.reason for cell in study.failed}
    first, last = reason.split(".*")
    assert f"bad/{arch} {first}" in found
    assert last in found
    assert json.loads((study.folder / "result.json").read_text())["cells"][0]["traceback"]


WHILE_PLANNING = {
    "lazy": "its layer 'head' (LazyLinear) has no size before the first image is passed; give the layer its sizes",
    "module": "build returned Conv2d; build must return saliencynoise.interfaces.Network(module=an nn.Module",
    "key_error": "failed: KeyError: 'grid'; this is an error of the plugin; 'saliencynoise --traceback COMMAND' shows",
    "exits": "failed: SystemExit: 0; this is an error of the plugin",
    "unreadable": "failed: UnreadableError: (its text cannot be read: its __str__ raises ZeroDivisionError)",
}


@pytest.mark.parametrize("arch", WHILE_PLANNING)
def test_what_an_architecture_raises_or_returns_is_one_line_that_names_it(arch):
    with pytest.raises(UsageError) as caught:
        bench(**SETTINGS | {"archs": [arch]}, methods=OTHERS)
    assert str(caught.value).startswith(f"the architecture 'bad/{arch}' (bad-plugin 1.0)")
    assert WHILE_PLANNING[arch] in str(caught.value)


def test_what_an_architecture_says_to_the_user_stays_as_it_is():
    with pytest.raises(UsageError, match=r"^this architecture needs 32x32 pixels; give --image-size 32$"):
        bench(**SETTINGS | {"archs": ["usage"]}, methods=OTHERS)


def test_unknown_arguments_of_an_architecture_are_named_with_those_that_there_are():
    due = r"^architecture 'bad/lazy\(widht=3\)' has no argument 'widht'; did you mean 'width'\? it takes width, depth$"
    with pytest.raises(UsageError, match=due):
        bench(**SETTINGS | {"archs": ["lazy(widht=3)"]}, methods=OTHERS)


SAMPLERS = {
    "available_raises": (UsageError, "the sampler 'bad/samples' (bad-plugin 1.0) failed: KeyError: 'available'"),
    "identity_raises": (
        UsageError,
        "the sampler bad/samples(does=identity_raises) (bad-plugin 1.0) failed: KeyError: 'i",
    ),
    "none_at_all": (None, "the sampler bad/samples(does=none_at_all) returned None from members; it must yield"),
    "raises": (None, "the sampler bad/samples(does=raises) failed: KeyError: 'members'"),
    "exits": (None, "failed: it raised SystemExit: 0, which a plugin must not raise"),
    "tensor": (None, "yielded an OrderedDict with the keys 'stem"),
    "weights": (None, "yielded weights that are a list; it must yield saliencynoise.interfaces.Sample(weights="),
    "leaves": (None, "the sampler bad/samples(does=leaves) left torch's default dtype at torch.float64"),
}


@pytest.mark.parametrize("does", SAMPLERS)
def test_what_a_sampler_raises_or_yields_is_one_line_that_names_it(does):
    error, due = SAMPLERS[does]
    settings = SETTINGS | {"sampler": f"samples(does={does})"}
    if error is not None:
        with pytest.raises(error) as caught:
            bench(**settings, methods=OTHERS, out="run")
        assert due in str(caught.value)
        return
    study = bench(**settings, methods=OTHERS, out="run")
    assert [due in cell.reason for cell in study.result.cells] == [True, True], study.result.cells[0].reason
    assert torch.get_default_dtype() == torch.float32


AGGREGATORS = {
    "update_raises": "the aggregator Averages failed: KeyError: 'update'",
    "exits": "the aggregator Averages failed: it raised SystemExit: 0",
    "none": "the aggregator Averages made None of maps (1, 16, 16); the contract is one floating-point tensor of their",
    "numpy": "the aggregator Averages made a ndarray of shape (1, 16, 16) of maps (1, 16, 16)",
    "shape": "the aggregator Averages made a Tensor of shape (16, 16) of maps (1, 16, 16)",
    "dtype": "the aggregator Averages left torch's default dtype at torch.float64; it must leave torch as it was",
}


@pytest.mark.parametrize("does", AGGREGATORS)
def test_what_an_aggregator_raises_or_returns_fails_its_cells_by_name(does):
    does_or_none = "none_at_all" if does == "none" else does
    study = bench(**SETTINGS, methods=OTHERS, aggregator=f"averages(does={does_or_none})", out="run")
    assert [AGGREGATORS[does] in cell.reason for cell in study.result.cells] == [True, True]
    assert torch.get_default_dtype() == torch.float32


def test_an_aggregator_that_writes_to_the_maps_changes_no_figure(alone):
    study = bench(**SETTINGS, methods=OTHERS, aggregator="averages(does=writes)", out="run")
    assert others_of(study) == alone[1]


DATA = {
    "data_raises": "the data set 'bad/data_raises' (bad-plugin 1.0) failed: KeyError: 'train'",
    "data_exits": "the data set 'bad/data_exits' (bad-plugin 1.0) failed: SystemExit: 0",
    "data_none": "'bad/data_none' (bad-plugin 1.0): its target gave NoneType, which does not satisfy Dataset",
    "data_list": "'bad/data_list' (bad-plugin 1.0): its target gave list, which does not satisfy Dataset",
}


@pytest.mark.parametrize("name", DATA)
def test_what_a_data_set_raises_or_returns_is_one_line_that_names_it(name):
    with pytest.raises(SaliencyNoiseError) as caught:
        bench(**SETTINGS | {"dataset": name}, methods=OTHERS)
    assert str(caught.value).startswith(DATA[name])


def test_tracebacks_are_printed_where_they_are_asked_for(monkeypatch, capsys):
    monkeypatch.setenv("SALIENCYNOISE_TRACEBACK", "")
    words = ["bench", "--arch", "key_error", "--device", "cpu"]
    for asked in ([], ["--traceback"]):
        with pytest.raises(SystemExit) as ended:
            main([*words, *asked])
        printed = capsys.readouterr().err
        assert ended.value.code == 2
        assert ("bad_plugin.py" in printed) == bool(asked)
        assert printed.splitlines()[-1].startswith(
            "error: the architecture 'bad/key_error' (bad-plugin 1.0) failed: Key"
        )
