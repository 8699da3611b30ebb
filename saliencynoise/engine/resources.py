"""The resources of this machine for worker processes: cores and free memory."""

from __future__ import annotations

import os
from pathlib import Path

WORKER_BYTES = 1250 * 2**20
"""Memory of a worker: on the default bench 1.1 GiB were resident (torch 2.9, x86 CPU, 300 MiB of shared libraries)."""


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers_in_memory() -> int:
    """Return the number of workers that fit the free memory, at least one; the number of cores if it is unknown."""
    free = free_memory()
    return usable_cores() if free is None else max(1, free // WORKER_BYTES)


def free_memory(root: Path = Path("/")) -> int | None:
    """Return the free bytes of this machine and this control group; None where Linux does not report them.

    Args:
        root: folder of `proc` and `sys`.
    """
    bounds = [_of_machine(root / "proc/meminfo"), _of_group(root / "sys/fs/cgroup")]
    return min((bound for bound in bounds if bound is not None), default=None)


def _of_machine(meminfo: Path) -> int | None:
    """Return the bytes of the line `MemAvailable`, which is in KiB."""
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _of_group(folder: Path) -> int | None:
    """Return the bytes that a control group of version 2 still allows; None where it sets no limit."""
    try:
        limit, used = ((folder / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return None
    return max(0, int(limit) - int(used)) if limit.isdecimal() and used.isdecimal() else None
