"""`saliencynoise pools`: list, verify, remove, export, import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saliencynoise.cli import options as o
from saliencynoise.cli.quantities import bytes_in, indices_in
from saliencynoise.display.visible import visible
from saliencynoise.interfaces.errors import UsageError

if TYPE_CHECKING:
    from saliencynoise.store.pool import Pool

pools_app = typer.Typer(help="List, verify, remove, export and import pools of trained members.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(help="Name of a pool, or the beginning of a name (default: all pools).")]


@pools_app.command("list")
def list_pools(*, as_json: o.Json = False) -> None:
    """List all pools: members, accuracy, size."""
    from saliencynoise.cli.tables.pools import pool_rows, print_pools  # noqa: PLC0415 - only when the command runs
    from saliencynoise.store.pool import all_pools  # noqa: PLC0415 - as above

    if as_json:
        typer.echo(json.dumps({"pools": pool_rows(all_pools())}, allow_nan=False))
    else:
        print_pools(all_pools())


@pools_app.command()
def verify(name: Name = None) -> None:
    """Compare every file with its checksum and set corrupt members aside. Exit code 2 if a file is corrupt."""
    errors: list[UsageError] = []
    for pool in _named(name):
        corrupt = pool.verify_all()
        typer.echo(f"{pool.folder.name}: {len(pool.indices())} members sound, {len(corrupt)} corrupt")
        errors += corrupt
        try:
            pool.described()
        except UsageError as error:
            errors.append(error)
    for failure in errors:
        typer.echo(visible(f"error: {failure}"), err=True)
    raise typer.Exit(2 if errors else 0)


@pools_app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of a pool, or the beginning of a name.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete a pool with its trained members."""
    from saliencynoise.store.pool import pool_named  # noqa: PLC0415 - only when the command runs

    pool = pool_named(name)
    if not yes:
        typer.confirm(f"Delete {pool.folder} with {len(pool.indices())} trained members?", abort=True, err=True)
    pool.remove()
    typer.echo(visible(f"removed {pool.folder}"))


@pools_app.command("export")
def export_pools(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Names of pools, or beginnings of names; a beginning stands for all pools with it.", metavar="NAME"
        ),
    ],
    *,
    out: Annotated[
        Path, typer.Option(help="Folder for the files; for one pool also a file that ends in .zip.", metavar="FOLDER")
    ],
    max_size: Annotated[
        str | None,
        typer.Option(
            help="Largest size of a file, as 60MB or 1.5GiB; a larger pool is divided (default: no limit).",
            metavar="SIZE",
        ),
    ] = None,
    members: Annotated[
        str | None, typer.Option(help="Members to export, as 0-9,12 (default: all).", metavar="N-N,N")
    ] = None,
) -> None:
    """Write pools to files for 'saliencynoise pools import': POOL.zip, or POOL-1-of-3.zip and so on."""
    limit = None if max_size is None else bytes_in(max_size, option="--max-size")
    chosen = None if members is None else indices_in(members, option="--members")
    pools = list({pool.folder: pool for name in names for pool in _named(name)}.values())
    if len(pools) > 1 and out.suffix == ".zip":
        raise UsageError(f"--out {out} is one file, for {len(pools)} pools; name a folder")

    from saliencynoise.cli.tables.pools import print_packed  # noqa: PLC0415 - only when the command runs
    from saliencynoise.store.packing import pack  # noqa: PLC0415 - as above

    for pool in pools:
        print_packed(pack(pool, out, max_bytes=limit, members=chosen))


@pools_app.command("import")
def import_pools(
    files: Annotated[list[Path], typer.Argument(help="Files of 'saliencynoise pools export'.", metavar="FILE")],
    *,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace members of the pool that have other weights in the file."),
    ] = False,
) -> None:
    """Add the members of files to the pools here. Existing members stay. All files are checked first."""
    from saliencynoise.cli.tables.pools import print_unpacked  # noqa: PLC0415 - only when the command runs
    from saliencynoise.store.unpacking import unpack  # noqa: PLC0415 - as above

    print_unpacked(unpack(files, replace=replace))


def _named(name: str | None) -> list[Pool]:
    from saliencynoise.store.pool import pools_named  # noqa: PLC0415 - only when a command runs

    return pools_named(name or "")
