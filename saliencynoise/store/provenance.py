"""The provenance of a result or a member: versions and hardware."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("saliencynoise", "torch", "torchvision", "timm", "numpy", "scipy", "scikit-image", "safetensors")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that figures depend on."""
    numbers = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            numbers[package] = version(package)
        except PackageNotFoundError:
            continue
    return numbers


def hardware(device: str, *, threads: int) -> dict[str, Any]:
    """Return the machine: processor, cores, device, and the threads of one member."""
    machine = {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "device": device,
        "threads": threads,
    }
    if device.startswith("cuda"):
        import torch  # noqa: PLC0415 - asked for with a GPU only, when torch is loaded anyway

        machine["gpu"] = torch.cuda.get_device_name(device)
    return machine


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
