"""The device of a run."""

from __future__ import annotations

import re

import torch

from saliencynoise.interfaces import UsageError


def resolve_device(text: str) -> str:
    """Return the device that `auto|cpu|cuda|cuda:N|mps` means here; "auto" is CUDA where there is one, else CPU.

    Raises:
        UsageError: if this machine has no such device.
    """
    if text == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = text.partition(":")
    if text == "cpu":
        return text
    if text == "mps":
        if not torch.backends.mps.is_available():
            raise UsageError("--device mps: this machine has no Apple GPU that torch can use; try --device cpu")
        return text
    if kind != "cuda" or (index and not re.fullmatch("[0-9]{1,9}", index)):
        raise UsageError(f"--device {text} is unknown; choose auto, cpu, cuda, cuda:N or mps")
    if not torch.cuda.is_available():
        raise UsageError(f"--device {text}: torch finds no CUDA GPU on this machine; try --device cpu")
    if index and int(index) >= torch.cuda.device_count():
        last = torch.cuda.device_count() - 1
        raise UsageError(f"--device {text}: the last GPU of this machine is cuda:{last}; name one up to it")
    return text
