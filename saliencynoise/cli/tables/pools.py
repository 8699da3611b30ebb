"""Pools of trained members, for the terminal and as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from saliencynoise.display.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.store.packing import Packed
    from saliencynoise.store.pool import Pool
    from saliencynoise.store.unpacking import Unpacked


def pool_rows(pools: Sequence[Pool]) -> list[dict[str, Any]]:
    """Return each pool as plain values."""
    return [_row(pool) for pool in pools]


def print_pools(pools: Sequence[Pool], console: Console | None = None) -> None:
    """Print a line for each pool."""
    console = console or Terminal()
    if not pools:
        console.print("no pools yet; 'saliencynoise bench' or 'saliencynoise train' makes one")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("pool", overflow="ignore", no_wrap=True)
    table.add_column("init")
    for header in ("members", "accuracy", "worst", "s/member", "MB"):
        table.add_column(header, justify="right")
    for pool, row in zip(pools, pool_rows(pools), strict=True):
        accuracy = [f"{row[key]:.1%}" if row[key] is not None else "-" for key in ("accuracy", "worst")]
        seconds = f"{row['seconds']:.1f}" if row["seconds"] is not None else "-"
        table.add_row(
            escape(short_name(pool, among=pools)),
            _begun(row),
            str(row["members"]),
            *accuracy,
            seconds,
            f"{row['bytes'] / 1e6:.1f}",
        )
    console.print(table)
    console.print(f"in {pools[0].folder.parent}", markup=False)


def short_name(pool: Pool, *, among: Sequence[Pool]) -> str:
    """Return the beginning of a pool's name, with at least 6 digits of its hash, with which no other pool begins."""
    name = pool.folder.name
    others = [other.folder.name for other in among if other.folder != pool.folder]
    least = name.rpartition("-")[0] + "-"
    lengths = range(min(len(name), len(least) + 6), len(name) + 1)
    return next((name[:n] for n in lengths if not any(o.startswith(name[:n]) for o in others)), name)


def print_packed(files: Sequence[Packed], console: Console | None = None) -> None:
    """Print a line for each file that was written."""
    console = console or Terminal()
    for file in files:
        console.print(f"{file.path}: {_members(file.members)}, {file.size / 1e6:.1f} MB", markup=False, soft_wrap=True)


def print_unpacked(files: Sequence[Unpacked], console: Console | None = None) -> None:
    """Print a line for each file that was read."""
    console = console or Terminal()
    for file in files:
        parts = [f"{_members(file.imported)} imported"] if file.imported else []
        parts += [f"{_members(file.found)} already there"] if file.found else []
        console.print(f"{file.pool.folder.name}: {', '.join(parts)}", markup=False, soft_wrap=True)


def _members(indices: Sequence[int]) -> str:
    """Return indices in words; a run of consecutive indices is written as its first and last."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    ranges = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"member {ranges}" if len(indices) == 1 else f"members {ranges}"


def _begun(row: Mapping[str, Any]) -> str:
    """Return in words what the members of a pool began with, and the parts that were tuned."""
    init = (row["identity"] or {}).get("init")
    if init is None:
        return "random"
    starts = len(init["starts"])
    return f"{starts} start{'s' if starts > 1 else ''}, {escape(', '.join(init['tuned']))}"


def _row(pool: Pool) -> dict[str, Any]:
    records = [record for record in map(pool.record, pool.indices()) if record is not None]
    accuracies = [record.accuracy for record in records]
    return {
        "name": pool.folder.name,
        "folder": str(pool.folder),
        "identity": (pool.description or {}).get("identity"),
        "members": len(records),
        "accuracy": median(accuracies) if accuracies else None,
        "worst": min(accuracies, default=None),
        "seconds": median(record.seconds for record in records) if records else None,
        "bytes": pool.size(),
    }
