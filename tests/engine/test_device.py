"""The device that a text names, on a machine whose devices are pretended."""

from __future__ import annotations

import pytest
import torch

from saliencynoise.engine.device import resolve_device
from saliencynoise.interfaces import UsageError


@pytest.fixture(params=[0, 2])
def gpus(request, monkeypatch):
    count: int = request.param
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    return count


def test_auto_takes_a_gpu_where_there_is_one(gpus):
    assert resolve_device("auto") == ("cuda" if gpus else "cpu")
    assert resolve_device("cpu") == "cpu"


def test_a_gpu_by_index(gpus):
    if gpus:
        assert resolve_device("cuda:1") == "cuda:1"
        with pytest.raises(UsageError, match="--device cuda:2: the last GPU of this machine is cuda:1; name one up to"):
            resolve_device("cuda:2")
    else:
        with pytest.raises(UsageError, match="--device cuda:1: torch finds no CUDA GPU on this machine; try --device"):
            resolve_device("cuda:1")


@pytest.mark.parametrize("text", ["gpu", "cuda:x", "cuda:-1", "cuda:1:2", ""])
def test_an_unknown_device_is_refused(text):
    with pytest.raises(UsageError, match=f"--device {text} is unknown; choose auto, cpu, cuda, cuda:N or mps"):
        resolve_device(text)


@pytest.mark.usefixtures("gpus")
def test_an_apple_gpu_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="--device mps: this machine has no Apple GPU that torch can use"):
        resolve_device("mps")
