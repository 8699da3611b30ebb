"""Checkpoints as people save them: every row of a table of kinds, read or refused."""

from __future__ import annotations

import argparse
import collections
import doctest

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file, save_model
from torch import nn

from saliencynoise.interfaces import UsageError
from saliencynoise.weights import files, state_dicts
from saliencynoise.weights.files import DEEPEST, some
from saliencynoise.weights.state_dicts import read_weights


class Block(nn.Sequential):
    def __init__(self, width):
        super().__init__(nn.Conv2d(width, width, 1), nn.BatchNorm2d(width))


class Small(nn.Module):
    """Named as residual networks are."""

    def __init__(self, depth=1):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 1)
        self.layer1 = nn.Sequential(*(Block(4) for _ in range(depth)))
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(self.layer1(self.conv1(x)).mean((2, 3)))


def net(seed=0, **keywords):
    torch.manual_seed(seed)
    network = Small(**keywords)
    network.train()(torch.randn(4, 3, 6, 6))  # batch norms with a history
    return network.eval()


def sd(network):
    return network.state_dict()


def prefixed(network, prefix):
    return {prefix + name: value for name, value in sd(network).items()}


def partly(network):
    """Only some of the parts are wrapped."""
    return {
        name if name.startswith("fc") else name.replace(".", ".module.", 1): value
        for name, value in sd(network).items()
    }


def cast(network, dtype):
    return {name: value.to(dtype) if value.is_floating_point() else value for name, value in sd(network).items()}


def filled(network, entry, value):
    return {name: torch.full_like(old, value) if name == entry else old for name, old in sd(network).items()}


def adapted(network):
    """As the library PEFT saves a network with an adapter of the module `fc`."""
    names = {name: name.replace("fc.", "fc.base_layer.") for name in sd(network)}
    adapter = {"fc.lora_A.default.weight": torch.ones(1, 4), "fc.lora_B.default.weight": torch.ones(2, 1)}
    tensors = {**{names[name]: value for name, value in sd(network).items()}, **adapter}
    return {f"base_model.model.{name}": value for name, value in tensors.items()}


class Thrice(nn.Module):
    def forward(self, weight):
        return 3 * weight


def parametrized(network):
    nn.utils.parametrize.register_parametrization(network.fc, "weight", Thrice())
    return sd(network)


def mixed(network):
    """The names of two networks in an order that would take a part of each."""
    others = {"student": "teacher", "teacher": "student"}
    names = [name.rpartition(".") for name in sd(network)]
    first = [others["student" if index % 2 else "teacher"] for index in range(len(names))]
    entries = [
        {f"{module}.{who}.{last}": sd(network)[f"{module}.{last}"] for who in (lead, others[lead])}
        for lead, (module, _, last) in zip(first, names, strict=True)
    ]
    return {name: value for entry in entries for name, value in entry.items()}


def holds_itself(network):
    document = {"state_dict": sd(network)}
    document["again"] = document
    return document


CHOICE = "2 state dictionaries fit, {} was taken; checkpoints(files=...,key={}) takes the other"

READ = {
    "plain": (sd, ""),
    "tar": (
        lambda n: {
            "epoch": 3,
            "arch": "small",
            "state_dict": sd(nn.DataParallel(n)),
            "best_acc1": torch.tensor(71.3),
            "optimizer": torch.optim.SGD(n.parameters(), lr=0.1).state_dict(),
        },
        "weights under 'state_dict'; names without 'module.'",
    ),
    "kuangliu_net": (lambda n: {"net": sd(n), "acc": 91.2, "epoch": 5}, "weights under 'net'"),
    "swa_averaged": (
        lambda n: torch.optim.swa_utils.AveragedModel(n).state_dict(),
        "names without 'module.'; ignored: n_averaged",
    ),
    "lightning": (
        lambda n: {"epoch": 1, "state_dict": prefixed(n, "model."), "loops": {}, "hyper_parameters": {"lr": 1e-3}},
        "weights under 'state_dict'; names without 'model.'",
    ),
    "lightning_loss": (
        lambda n: {"state_dict": {**prefixed(n, "model."), "criterion.weight": torch.ones(2)}},
        "weights under 'state_dict'; names without 'model.'; ignored: criterion.weight",
    ),
    "lightning_net": (
        lambda n: {"state_dict": prefixed(n, "net.")},
        "weights under 'state_dict'; names without 'net.'",
    ),
    "lightning_backbone": (
        lambda n: {"state_dict": prefixed(n, "backbone.")},
        "weights under 'state_dict'; names without 'backbone.'",
    ),
    "fsdp": (lambda n: prefixed(n, "_fsdp_wrapped_module."), "names without '_fsdp_wrapped_module.'"),
    "fsdp in parts": (
        lambda n: {"_fsdp." + name.replace(".", "._fsdp.", 1): value for name, value in sd(n).items()},
        "names without '_fsdp.'; names without the segment _fsdp",
    ),
    "partial_dp": (partly, "names without the segment module"),
    "partial_dp beside a loss": (
        lambda n: {**{"net." + k: v for k, v in partly(n).items()}, "loss.weight": torch.ones(2)},
        "names without 'net.'; names without the segment module; ignored: loss.weight",
    ),
    "half": (lambda n: cast(n, torch.float16), ""),
    "double": (lambda n: cast(n, torch.float64), ""),
    "thop": (
        lambda n: {**sd(n), "total_ops": torch.zeros(1), "layer1.0.total_params": torch.zeros(1)},
        "ignored: total_ops, layer1.0.total_params",
    ),
    "npscalar": (
        lambda n: {"state_dict": sd(n), "best": [np.float64(0.9), np.int32(4), np.bool_(1)]},
        "weights under 'state_dict'",
    ),
    "namespace": (
        lambda n: {"state_dict": sd(n), "args": argparse.Namespace(lr=1, seed=np.float32(1))},
        "weights under 'state_dict'",
    ),
    "ema_only": (lambda n: {"epoch": 3, "state_dict_ema": sd(n)}, "weights under 'state_dict_ema'"),
    "ema_both": (
        lambda n: {"state_dict_ema": {k: torch.zeros_like(v) for k, v in sd(n).items()}, "state_dict": sd(n)},
        f"weights under 'state_dict'; {CHOICE.format('state_dict', 'state_dict_ema')}",
    ),
    "ema first": (
        lambda n: {"modelEMA": {k: v + 1 for k, v in sd(n).items()}, "net": sd(n)},
        f"weights under 'net'; {CHOICE.format('net', 'modelEMA')}",
    ),
    "teacher first": (
        lambda n: {**{k: v + 1 for k, v in prefixed(n, "teacher.").items()}, **prefixed(n, "student.")},
        f"names without 'student.'; {CHOICE.format('student', 'teacher')}",
    ),
    "ema below a usual key": (lambda n: {"model": {"ema": {"module": sd(n)}}}, "weights under 'model.ema.module'"),
    "step": (lambda n: {**sd(n), "fc.step": torch.tensor(5)}, "ignored: fc.step"),
    "two of one": (lambda n: {"weights": sd(n), "copy": sd(n)}, "weights under 'weights'"),
    "student and teacher": (
        lambda n: {**prefixed(n, "student."), **{k: v + 1 for k, v in prefixed(n, "teacher.").items()}},
        f"names without 'student.'; {CHOICE.format('student', 'teacher')}",
    ),
    "wrapped3": (
        lambda n: {"model": {"state_dict": prefixed(n, "module._orig_mod.")}},
        "weights under 'model.state_dict'; names without 'module._orig_mod.'",
    ),
    "model_state": (lambda n: {"model_state": sd(n)}, "weights under 'model_state'"),
    "weights": (lambda n: {"weights": sd(n)}, "weights under 'weights'"),
    "in a list": (lambda n: [sd(n), {"lr": 1}], "weights under '0'"),
    "intkeys": (
        lambda n: {"state_dict": collections.OrderedDict(sd(n)), "log": {0: 1.0}},
        "weights under 'state_dict'",
    ),
    "zeros": (lambda n: {name: torch.zeros_like(value) for name, value in sd(n).items()}, ""),
}


@pytest.mark.parametrize("kind", READ)
def test_what_is_plainly_there_is_read_and_the_note_says_from_where(tmp_path, kind):
    make, note = READ[kind]
    path = tmp_path / "m0.pth"
    network = net(1)
    torch.save(make(network), path)
    result = read_weights(path, net(2).state_dict())
    assert result.note == note
    assert result.weights.keys() == sd(network).keys()
    for name, value in sd(network).items():
        expected = torch.zeros_like(value) if kind == "zeros" else value
        torch.testing.assert_close(result.weights[name].to(value.dtype), expected, rtol=1e-3, atol=1e-3)


def test_other_formats_are_read(tmp_path):
    network = net(1)
    torch.save(sd(network), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    save_file(
        {name: value.contiguous() for name, value in cast(network, torch.bfloat16).items()}, tmp_path / "b.safetensors"
    )
    for name, tolerance in (("old.pth", 0), ("b.safetensors", 1e-2)):
        weights = read_weights(tmp_path / name, net(2).state_dict()).weights
        torch.testing.assert_close(
            weights["fc.weight"].float(), network.fc.weight.detach(), rtol=tolerance, atol=tolerance
        )


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
        self.b.weight = self.a.weight


def test_shared_weights_are_read_from_the_one_place_where_safetensors_saves_them(tmp_path):
    tied, path = Tied(), tmp_path / "tied.safetensors"
    save_model(tied, str(path))
    assert len(load_file(path)) == 3
    weights = read_weights(path, Tied().state_dict()).weights
    assert weights.keys() == sd(tied).keys()
    assert all(torch.equal(value, sd(tied)[name]) for name, value in weights.items())


REFUSED = {
    "whole": (lambda n: n, r"holds objects \(.*Small.*\) that only unpickling"),
    "headless": (
        lambda n: {name: value for name, value in sd(n).items() if not name.startswith("fc")},
        r"does not fit the network: it lacks fc\.weight, fc\.bias; give the architecture",
    ),
    "grad": (
        lambda n: dict(n.named_parameters()),
        r"does not fit the network: it lacks layer1\.0\.1\.running_mean, layer1\.0\.1\.running_var; give the",
    ),
    "deeper": (
        lambda n: net(depth=2).state_dict(),
        r"does not fit the network: the network lacks layer1\.1\.0\.weight, .* and 3 more; give the",
    ),
    "activation with a weight": (
        lambda n: {**sd(n), "act.weight": torch.full((1,), 0.25)},
        r"does not fit the network: the network lacks act\.weight; give the",
    ),
    "scale": (
        lambda n: {**sd(n), "fc.gamma": torch.tensor(0.1)},
        r"does not fit the network: the network lacks fc\.gamma; give the",
    ),
    "adapter": (
        adapted,
        r"does not fit the network: it has base_model\.model\.fc\.base_layer\.weight, .* merge_and_unload\(\)",
    ),
    "parametrized": (
        parametrized,
        r"does not fit the network: it has fc\.parametrizations\.weight\.original, from .*\.remove_parametrizations",
    ),
    "weight norm": (
        lambda n: sd(nn.utils.parametrizations.weight_norm(n.fc) and n),
        r"does not fit the network: it has fc\.parametrizations\.weight\.original0, from which",
    ),
    "two networks, mixed": (
        mixed,
        r"does not fit the network: conv1\.student\.weight and conv1\.teacher\.weight are the same name without",
    ),
    "nan": (
        lambda n: filled(n, "fc.weight", float("nan")),
        r"has values that are NaN or infinite, in fc\.weight; the network diverged",
    ),
    "inf": (lambda n: filled(n, "fc.bias", float("inf")), r"has values that are NaN or infinite, in fc\.bias; the"),
    "overflow of the cast": (
        lambda n: {**sd(n), "fc.bias": torch.full((2,), 1e300, dtype=torch.float64)},
        r"has values that are NaN or infinite, in fc\.bias; the",
    ),
    "overflow of half": (
        lambda n: {**sd(n), "layer1.0.1.running_var": torch.full((4,), 1e6).half()},
        r"has values that are NaN or infinite, in layer1\.0\.1\.running_var; the",
    ),
    "self": (holds_itself, r"holds a dictionary or list that holds itself, under again; save"),
    "complex": (
        lambda n: cast(n, torch.complex64),
        r"has conv1\.weight as complex64, which is no form of .*float32; save",
    ),
    "int8": (lambda n: cast(n, torch.int8), r"has conv1\.weight as int8, which is no form of"),
    "sparse": (lambda n: {**sd(n), "fc.weight": n.fc.weight.detach().to_sparse()}, r"has fc\.weight as sparse values"),
    "too deep": (
        lambda n: nested({"weights": sd(n)}, DEEPEST),
        r"holds a dict with the keys x and no state dictionary",
    ),
}


def nested(value, depth):
    for _ in range(depth):
        value = {"x": value}
    return value


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_weights_of_the_network_is_refused_by_name(tmp_path, kind):
    make, words = REFUSED[kind]
    path = tmp_path / "m0.pth"
    torch.save(make(net(1)), path)
    with pytest.raises(UsageError, match=rf"^checkpoints: .*m0\.pth {words}") as caught:
        read_weights(path, net(2).state_dict())
    assert "\n" not in str(caught.value)


def test_torchscript_is_refused_in_our_words(tmp_path):
    path = tmp_path / "m0.pt"
    torch.jit.save(torch.jit.trace(net(1), torch.randn(1, 3, 6, 6)), path)
    with pytest.raises(UsageError, match=r"m0\.pt is a TorchScript archive, .* its `state_dict\(\)`") as caught:
        read_weights(path, net(2).state_dict())
    assert "weights_only" not in str(caught.value)


def test_a_numpy_scalar_that_is_no_number_is_refused(tmp_path):
    torch.save({"state_dict": sd(net(1)), "odd": np.datetime64("2026-01-01")}, tmp_path / "m0.pth")
    with pytest.raises(UsageError, match="only unpickling"):
        read_weights(tmp_path / "m0.pth", net(2).state_dict())


def test_a_dictionary_of_many_references_takes_no_time(tmp_path):
    value = {"x": 1}
    for _ in range(DEEPEST):
        value = dict.fromkeys("abcdefghij", value)
    torch.save({"weights": sd(net(1)), "bomb": value}, tmp_path / "m0.pth")
    assert read_weights(tmp_path / "m0.pth", net(2).state_dict()).note == "weights under 'weights'"


def test_the_key_takes_another_of_those_that_fit(tmp_path):
    path = tmp_path / "m0.pth"
    first, second = net(1), net(3)
    torch.save(
        {"state_dict": {**prefixed(first, "a."), **prefixed(second, "b.")}, "optimizer": {"x": torch.ones(2)}}, path
    )
    network = net(2).state_dict()
    assert torch.equal(read_weights(path, network).weights["fc.weight"], first.fc.weight)
    assert torch.equal(read_weights(path, network, key="state_dict.b").weights["fc.weight"], second.fc.weight)
    with pytest.raises(
        UsageError, match=r"no weights under key=ema; weights that fit are under state_dict\.a or state_dict\.b"
    ):
        read_weights(path, network, key="ema")
    with pytest.raises(UsageError, match=r"m0\.pth under optimizer does not fit the network: it lacks conv1"):
        read_weights(path, network, key="optimizer")


def test_lists_are_short():
    assert some(["a", "b"]) == "a, b"


@pytest.mark.parametrize("module", [files, state_dicts], ids=lambda module: module.__name__)
def test_the_examples_in_docstrings_hold(module):
    failed, tried = doctest.testmod(module)
    assert tried
    assert not failed


def without(network, part):
    return {name: value for name, value in sd(network).items() if not name.startswith(part)}


def test_a_head_of_another_size_or_name_is_left_out(tmp_path):
    network, path = sd(net(seed=1)), tmp_path / "start.pt"
    start = net(seed=2)
    start.fc = nn.Linear(4, 7)
    projector = {"fc.0.weight": torch.ones(9, 4), "fc.2.bias": torch.ones(2)}
    diverged = {**sd(start), "fc.weight": torch.full((7, 4), torch.nan)}
    contents = sd(start), {"net": prefixed(start, "module.backbone.")}, without(start, "fc"), diverged
    for content in (*contents, without(start, "fc") | projector):
        torch.save(content, path)
        fitted = read_weights(path, network, head="fc")
        assert set(fitted.weights) == {name for name in network if not name.startswith("fc.")}
        assert all(torch.equal(value, sd(start)[name]) for name, value in fitted.weights.items())
        assert fitted.outputs == (
            7 if any(name.endswith("fc.weight") for name in content.get("net", content)) else None
        )
        with pytest.raises(UsageError):
            read_weights(path, network)


def test_everything_but_the_head_must_fit(tmp_path):
    network, path = sd(net(seed=1)), tmp_path / "start.pt"
    torch.save(without(net(seed=2), "conv1"), path)
    with pytest.raises(UsageError, match=r"it lacks conv1.weight, conv1.bias"):
        read_weights(path, network, head="fc")
    torch.save(sd(net(seed=2, depth=2)), path)
    with pytest.raises(UsageError, match=r"the network lacks layer1.1.0.weight"):
        read_weights(path, network, head="fc")
    torch.save(sd(net(seed=2)) | {"conv1.bias": torch.full((4,), torch.nan)}, path)
    with pytest.raises(UsageError, match=r"NaN or infinite, in conv1.bias"):
        read_weights(path, network, head="fc")
