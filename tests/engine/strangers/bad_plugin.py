"""A plugin of module methods that compute the plain gradient rightly and do one thing more; networks as people write
them; aggregators, samplers and data sets that misbehave. Tests install it for themselves and for worker processes."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from saliencynoise.interfaces import (
    AggregatorSpec,
    CamPoint,
    DatasetSpec,
    Maps,
    MethodSpec,
    ModelSpec,
    Network,
    Sample,
    Sampler,
    SamplerSpec,
    UsageError,
)
from saliencynoise.registry import hookimpl


def gradient(network, batch):
    x = batch.x.detach().clone().requires_grad_()
    score = network.module(x).gather(1, batch.target[:, None]).sum()
    return torch.autograd.grad(score, x)[0]


class UnreadableError(Exception):
    def __str__(self):
        raise ZeroDivisionError("no text")


class Odd(BaseException):
    pass


def layers(module):
    return [part for part in module.modules() if isinstance(part, nn.Conv2d)]


def unfreeze(network):
    network.module.requires_grad_(requires_grad=True)


def scale_weights(network):
    with torch.no_grad():
        for parameter in network.module.parameters():
            parameter.mul_(1.5)


def scale_by_data(network):
    for parameter in network.module.parameters():
        parameter.data.mul_(1.5)


def replace_data(network):
    for parameter in network.module.parameters():
        parameter.data = parameter.data * 1.5


def scale_by_numpy(network):
    for parameter in network.module.parameters():
        parameter.detach().numpy()[:] *= 1.5


def shift_buffers(network):
    for name, buffer in network.module.named_buffers():
        if name.endswith("running_mean"):
            buffer.add_(1)


def leave_hooks(network):
    for part in layers(network.module):
        part.register_forward_hook(lambda module, given, gave: gave * 0.5)


def leave_backward_hooks(network):
    for part in layers(network.module):
        part.register_full_backward_hook(
            lambda module, given, gave: tuple(g * 2 if g is not None else g for g in given)
        )


def leave_train_mode(network):
    network.module.train()


def replace_layer(network):
    for part in network.module.modules():
        for name, own in part.named_children():
            if isinstance(own, nn.ReLU):
                setattr(part, name, nn.Softplus())


def replace_forward(network):
    part = layers(network.module)[0]
    real = part.forward
    part.forward = lambda x: real(x) * 2


def change_class(network):
    part = layers(network.module)[0]
    part.__class__ = type("Conv2d", (nn.Conv2d,), {"forward": lambda self, x: nn.Conv2d.forward(self, x) * 2})


def patch_relu(network):
    F.relu = lambda x, inplace=False: x


def patch_class(network):
    nn.ReLU.forward = lambda self, x: x


def hook_everything(network):
    nn.modules.module.register_module_forward_hook(
        lambda module, given, gave: gave * 2 if torch.is_tensor(gave) else gave
    )


def seeds_threads_folder(network):
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - what scripts do
    random.seed(0)
    torch.set_num_threads(2)
    os.chdir("/")


def crash(network):
    ctypes.string_at(0)


DEEDS_AFTER = {
    "scale_weights": scale_weights,
    "scale_by_data": scale_by_data,
    "replace_data": replace_data,
    "scale_by_numpy": scale_by_numpy,
    "shift_buffers": shift_buffers,
    "leave_hooks": leave_hooks,
    "leave_backward_hooks": leave_backward_hooks,
    "leave_train_mode": leave_train_mode,
    "replace_layer": replace_layer,
    "replace_forward": replace_forward,
    "change_class": change_class,
    "patch_relu": patch_relu,
    "patch_class": patch_class,
    "hook_everything": hook_everything,
    "unfreeze": unfreeze,
    "default_dtype": lambda network: torch.set_default_dtype(torch.float64),
    "default_device": lambda network: torch.set_default_device("meta"),
    "no_grad": lambda network: torch.set_grad_enabled(False),
    "flush": lambda network: torch.set_flush_denormal(True),
    "seeds_threads_folder": seeds_threads_folder,
    "foreign_file": lambda network: Path("stranger.txt").write_text("?"),
    "print": lambda network: [print("line") for _ in range(2000)],  # noqa: T201 - what it is about
}


def deep(n=0):
    return deep(n + 1)


def raising(error):
    def do(network):
        raise error

    return do


def interrupt(network):
    raise KeyboardInterrupt


def die(network):
    os.kill(os.getpid(), signal.SIGSEGV)


def fork(network):
    if os.fork() == 0:
        os._exit(0)
    os.wait()


DEEDS_BEFORE = {
    "unreadable": raising(UnreadableError()),
    "base_exception": raising(Odd("odd")),
    "keyboard_interrupt": interrupt,
    "sys_exit": lambda network: sys.exit(0),
    "os_exit": lambda network: os._exit(3),
    "segfault": die,
    "grad_off_first": lambda network: torch.set_grad_enabled(False),
    "recursion": lambda network: deep(),
    "long_message": raising(ValueError("x" * 10**6)),
    "slow": lambda network: time.sleep(0.6),
    "fork": fork,
}

RETURNED = {
    "tensor": lambda values, batch: values,
    "returns_none": lambda values, batch: None,
    "sparse": lambda values, batch: Maps(values=values.to_sparse()),
    "meta": lambda values, batch: Maps(values=values.to("meta")),
    "sparse_diagnostics": lambda values, batch: Maps(values=values, diagnostics={"a": torch.ones(4).to_sparse()}),
    "dict": lambda values, batch: {"values": values},
    "numpy": lambda values, batch: values.numpy(),
    "numpy_in_maps": lambda values, batch: Maps(values=values.numpy()),
    "list_of_maps": lambda values, batch: [Maps(values=values)],
    "other_shape": lambda values, batch: Maps(values=values[:, 0]),
    "fewer": lambda values, batch: Maps(values=values[:-1]),
    "integers": lambda values, batch: Maps(values=values.long()),
    "diagnostics": lambda values, batch: Maps(values=values, diagnostics={"a": 1.0}),
    "nan": lambda values, batch: Maps(values=values * torch.nan),
    "zeros": lambda values, batch: Maps(values=values * 0),
    "double": lambda values, batch: Maps(values=values.double()),
    "tiny": lambda values, batch: Maps(values=values.double().div(values.abs().max().double()).mul(1e-42).float()),
    "huge": lambda values, batch: Maps(values=values / values.abs().max() * 1e37),
    "with_grad": lambda values, batch: Maps(values=values.requires_grad_()),
    "not_contiguous": lambda values, batch: Maps(values=values.transpose(2, 3).contiguous().transpose(2, 3)),
    "sizes_of_members": lambda values, batch: Maps(values=values[..., : 4 + int(values.abs().sum() * 1e4) % 2 * 2]),
}


@dataclass(frozen=True)
class Stranger:
    does: str

    def attribute_module(self, network, batch):
        if self.does in DEEDS_BEFORE:
            DEEDS_BEFORE[self.does](network)
        if self.does == "forever":
            while True:
                time.sleep(1)
        values = gradient(network, batch)
        if self.does == "zero_input":
            batch.x.zero_()
            batch.background.zero_()
        if self.does in DEEDS_AFTER:
            DEEDS_AFTER[self.does](network)
        return RETURNED.get(self.does, lambda values, batch: Maps(values=values))(values, batch)


@dataclass(frozen=True)
class Writer:
    """A pass method that writes to what it was given."""

    @property
    def points(self):
        return ("input",)

    def from_pass(self, taps, batch):
        values = taps["input"].grad.clone()
        for given in (taps["input"].grad, taps["input"].value, batch.x, batch.background):
            given.zero_()
        torch.set_default_dtype(torch.float64)
        return Maps(values=values)


@dataclass(frozen=True)
class Reaching:
    """A functional method that reaches the network by the mode of its pass."""

    def attribute(self, net, batch):
        class Mode(torch.overrides.TorchFunctionMode):
            def __torch_function__(self, function, types, args=(), kwargs=None):
                if function is F.conv2d:
                    with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
                        args[1].mul_(1.01)
                return function(*args, **(kwargs or {}))

        taps = net.taps(batch.x[:, None], "input", mode=Mode)
        return Maps(values=taps["input"].grad[:, 0])


class RandomInEval(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv, self.head = nn.Conv2d(channels, 8, 3, padding=1), nn.Linear(8, classes)

    def forward(self, x):
        return self.head(F.dropout(self.conv(x).relu().mean((2, 3)), 0.3))


class Mixing(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv = nn.Conv2d(channels, 8, 3, padding=1)
        self.norm, self.head = nn.BatchNorm2d(8, track_running_stats=False), nn.Linear(8, classes)

    def forward(self, x):
        return self.head(self.norm(self.conv(x)).relu().mean((2, 3)))


class Lazy(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv, self.head = nn.Conv2d(channels, 8, 3), nn.LazyLinear(classes)

    def forward(self, x):
        return self.head(self.conv(x).flatten(1))


class Remembering(nn.Module):
    """It keeps what it computed last, counts its passes, and has a hook of its own: all of that is its own business."""

    def __init__(self, channels, classes):
        super().__init__()
        self.conv, self.head = nn.Conv2d(channels, 8, 3, padding=1), nn.Linear(8, classes)
        self.register_buffer("passes", torch.zeros((), dtype=torch.int64))
        self.gradients = None
        self.conv.register_forward_hook(lambda module, given, gave: None)

    def _keep(self, gradients):
        self.gradients = gradients

    def forward(self, x):
        self.passes += 1
        self.features = self.conv(x).relu()
        if self.features.requires_grad:
            self.features.register_hook(self._keep)
        return self.head(self.features.mean((2, 3)))


@dataclass(frozen=True)
class Builds:
    what: type

    def build(self, in_shape, classes):
        module = self.what(in_shape[0], classes)
        return Network(module=module, points={"top": CamPoint(module="conv", grid=in_shape[1:])})


def architecture(name, *, width: int = 8, depth: Literal[1, 2] = 1):
    kinds = {"random": RandomInEval, "mixing": Mixing, "lazy": Lazy, "remembering": Remembering}
    if name in kinds:
        return Builds(kinds[name])
    return Wrong(name)


@dataclass(frozen=True)
class Wrong:
    name: str

    def build(self, in_shape, classes):
        if self.name == "module":
            return nn.Conv2d(1, 1, 1)
        if self.name == "key_error":
            return {}["grid"]
        if self.name == "exits":
            sys.exit(0)
        if self.name == "usage":
            raise UsageError("this architecture needs 32x32 pixels; give --image-size 32")
        raise UnreadableError


@dataclass(frozen=True)
class Averages:
    does: str

    def init(self, shape):
        return torch.zeros(shape)

    def update(self, state, values):
        if self.does == "update_raises":
            raise KeyError("update")
        if self.does == "writes":
            values.zero_()
        return state + values

    def merge(self, left, right):
        return left + right

    def result(self, state):
        results = {"none_at_all": None, "numpy": state.numpy(), "shape": state[0], "nan": state * torch.nan}
        if self.does == "exits":
            sys.exit(0)
        if self.does == "dtype":
            torch.set_default_dtype(torch.float64)
        return results.get(self.does, state)


@dataclass(frozen=True)
class Samples(Sampler):
    does: str

    @property
    def available(self):
        if self.does == "available_raises":
            raise KeyError("available")

    def identity(self):
        if self.does == "identity_raises":
            raise KeyError("identity")
        return {}

    def members(self, run):
        if self.does == "none_at_all":
            return None
        if self.does == "raises":
            raise KeyError("members")
        return self._members(run)

    def _members(self, run):
        module = run.trained()
        if self.does == "exits":
            sys.exit(0)
        if self.does == "tensor":
            yield module.state_dict()
        if self.does == "weights":
            yield Sample(weights=[1, 2])
        if self.does == "fewer":
            return
        if self.does == "leaves":
            leave_hooks(Network(module=module, points={}))
            torch.set_default_dtype(torch.float64)
        yield Sample(weights=module.state_dict())


def data(does):
    def load(*, path, image_size, seed):
        if does == "data_raises":
            return {}["train"]
        if does == "data_exits":
            sys.exit(0)
        return {"data_none": None, "data_list": [1, 2]}.get(does)

    return load


data_raises, data_exits, data_none, data_list = map(data, ("data_raises", "data_exits", "data_none", "data_list"))


@hookimpl
def saliencynoise_methods():
    about = {"summary": "a stranger's", "family": "gradient", "paper": "none"}
    return (
        MethodSpec(name="stranger", target="bad_plugin:Stranger", kind="module", **about),
        MethodSpec(name="writer", target="bad_plugin:Writer", **about),
        MethodSpec(name="reaching", target="bad_plugin:Reaching", kind="functional", **about),
    )


@hookimpl
def saliencynoise_models():
    names = ("random", "mixing", "lazy", "remembering", "module", "key_error", "exits", "usage", "unreadable")
    return tuple(ModelSpec(name=name, summary="a stranger's", target="bad_plugin:architecture") for name in names)


@hookimpl
def saliencynoise_aggregators():
    return (AggregatorSpec(name="averages", summary="a stranger's", target="bad_plugin:Averages"),)


@hookimpl
def saliencynoise_samplers():
    return (SamplerSpec(name="samples", summary="a stranger's", target="bad_plugin:Samples"),)


@hookimpl
def saliencynoise_datasets():
    names = ("data_raises", "data_exits", "data_none", "data_list")
    return tuple(DatasetSpec(name=name, summary="a stranger's", target=f"bad_plugin:{name}") for name in names)
