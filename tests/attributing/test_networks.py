"""The networks that a user hands over come back as they were, and are several different ones."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from torch import nn

import saliencynoise as sn
from saliencynoise.scoring.keeping import as_it_was
from tests.attributing.nets import IMAGES, Random, marked, net, nets

ONE = {"methods": ["gradient"], "targets": 1}


def in_use() -> list[nn.Sequential]:
    """Networks of somebody's training: modes, flags, gradients and hooks are mixed."""
    networks = nets()
    for network in networks:
        network[1].eval()
        network[0].weight.requires_grad_(requires_grad=False)
        network(IMAGES).sum().backward()
        network[4].register_forward_hook(lambda *_: None)
    return networks


@pytest.mark.parametrize("targets", [1, "predicted"])
def test_they_come_back_as_they_were(targets):
    networks = in_use()
    before = [marked(network) for network in networks]
    sn.attribute(networks, IMAGES, methods=["gradient", "gradcam", "deeplift", "guided_backprop"], targets=targets)
    assert [marked(network) for network in networks] == before


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_they_come_back_as_they_were_after_an_error_in_the_midst(error):
    networks = in_use()

    def interrupt(module, *_):
        calls.append(module)
        if len(calls) == 3:
            raise error("stop")

    calls = []
    networks[1][4].register_forward_hook(interrupt)
    before = [marked(network) for network in networks]
    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else sn.UsageError):
        sn.attribute(networks, IMAGES, **ONE)
    assert len(calls) >= 3
    assert [marked(network) for network in networks] == before


def test_what_came_back_would_be_seen_if_it_were_changed():
    network = net(0)
    before = marked(network)
    network[8].eval()
    assert marked(network) != before


def test_a_move_to_another_device_is_undone():
    network = net(0)
    before = marked(network)
    with as_it_was(network):
        network.to(torch.float64)
        network.to(torch.float32)
        assert marked(network) != before
    assert marked(network) == before


def test_of_a_generator_one_network_is_in_memory():
    alive, largest = weakref.WeakSet(), 0

    def made():
        nonlocal largest
        for seed in range(3):
            module = net(seed)
            alive.add(module)
            gc.collect()
            largest = max(largest, len(alive))
            yield module
            del module

    study = sn.attribute(made(), IMAGES, **ONE)
    assert largest <= 2, "the one before is let go of when the next one is there"
    listed = sn.attribute(nets(), IMAGES, **ONE)
    assert study.table["snr"].tolist() == listed.table["snr"].tolist()


def test_one_module_with_weights_is_a_list_of_modules():
    module = net(7)
    before = marked(module)
    states = [network.state_dict() for network in nets()]
    study = sn.attribute(module, IMAGES, states=states, methods=["gradient"])
    assert marked(module) == before
    assert study.table["snr"].tolist() == sn.attribute(nets(), IMAGES, methods=["gradient"]).table["snr"].tolist()


def nan() -> nn.Module:
    network = net(1)
    network[9].bias.data[0] = float("nan")
    return network


def breaking():
    yield net(0)
    raise OSError("the disk is gone")


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning")
@pytest.mark.parametrize(
    ("networks", "message"),
    [
        (breaking, "networks: number 1 failed: OSError: the disk is gone"),
        (
            lambda: [torch.jit.script(net(0)), net(1)],
            "network 0 is a module of TorchScript, whose layers cannot be read",
        ),
        (lambda: [net(0), net(1).to("meta")], "network 1: '0.weight' is on the device 'meta', which holds no values"),
        (
            lambda: [net(0).double(), net(1)],
            "it has weights of type float64, and images are float32; give it as network",
        ),
        (lambda: net(0), "one network is given, and its maps show no noise; give a list of 2 or more, or states="),
        (lambda: [net(0)], "1 networks are given; give 2 or more"),
        (lambda: iter([net(0)]), "1 networks are given; give 2 or more"),
        (lambda: [net(1), *[net(0)] * 2], "networks 1 and 2 are the same object"),
        (lambda: [net(0), net(0)], "networks 0 and 1 have equal weights; each must be trained for itself"),
        (lambda: [net(0), net(1, classes=7)], "network 1 (Sequential): it gives 7 outputs, and network 0 gives 4"),
        (lambda: [net(0), "net"], "network 1 is a str; each must be an nn.Module"),
        (lambda: "nets", "networks is a str; give a list of nn.Modules"),
        (lambda: [Random(0), Random(1)], "network 0 (Random) is random in evaluation mode"),
        (lambda: [net(0), nan()], "network 1: '9.bias' holds NaN or infinity; its training failed"),
        (lambda: [nn.LazyLinear(3), nn.LazyLinear(3)], "network 0: its layer '' (LazyLinear) has no size"),
        (lambda: [nn.Linear(3, 2), nn.Linear(3, 2)], "network 0 (Linear) failed on the images: RuntimeError"),
    ],
)
def test_networks_that_are_none_or_not_several_are_refused(networks, message):
    with pytest.raises(sn.UsageError) as caught:
        sn.attribute(networks(), IMAGES, **ONE)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_states_go_with_one_module_and_must_fit_it():
    with pytest.raises(sn.UsageError, match="states goes with one module"):
        sn.attribute(nets(), IMAGES, states=[net(0).state_dict()], **ONE)
    with pytest.raises(sn.UsageError, match=r"states\[1\] does not fit the module: .*9\.weight"):
        sn.attribute(net(0), IMAGES, states=[net(0).state_dict(), net(1, classes=5).state_dict()], **ONE)
    with pytest.raises(sn.UsageError, match=r"states\[0\] is a Sequential; give a state dict"):
        sn.attribute(net(0), IMAGES, states=[net(0)], **ONE)


def test_the_states_of_the_module_itself_are_taken_as_they_were():
    module = net(0)
    own = sn.attribute(module, IMAGES, states=[net(1).state_dict(), module.state_dict()], **ONE)
    plain = sn.attribute([net(1), net(0)], IMAGES, **ONE)
    assert own.table["snr"].tolist() == plain.table["snr"].tolist()


@pytest.mark.parametrize("states", [3, {}, "a.pt"])
def test_states_are_a_list(states):
    with pytest.raises(sn.UsageError, match=r"states is .*; give a list of state dicts, one for each network"):
        sn.attribute(net(0), IMAGES, states=states, **ONE)


def test_a_vote_needs_networks_that_come_twice():
    with pytest.raises(sn.UsageError, match="targets='predicted' is the vote of all networks, which a generator gives"):
        sn.attribute(iter(nets()), IMAGES, methods=["gradient"], targets="predicted")


def test_a_backward_hook_of_the_user_is_named_where_deeplift_fails():
    networks = nets(2)
    networks[0][0].register_full_backward_hook(lambda *_: None)
    study = sn.attribute(networks, IMAGES, methods=["gradient", "deeplift"], targets=1)
    reasons = {cell.method: cell.reason for cell in study.result.cells}
    assert reasons["gradient"] is None
    assert reasons["deeplift"].startswith("network 0: a module of the network has a full backward hook")
