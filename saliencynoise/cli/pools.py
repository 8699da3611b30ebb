"""`saliencynoise pools`: list, verify, remove."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from saliencynoise.cli import options as o
from saliencynoise.interfaces.errors import UsageError

if TYPE_CHECKING:
    from saliencynoise.store.pool import Pool

pools_app = typer.Typer(help="List, verify and remove the pools of trained members.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(help="Name of a pool, or the beginning of one; all if none is given.")]


@pools_app.command("list")
def list_pools(*, as_json: o.Json = False) -> None:
    """List all pools: members, accuracy, size."""
    from saliencynoise.report.pools import pool_rows, print_pools  # noqa: PLC0415 - only when the command runs
    from saliencynoise.store.pool import all_pools  # noqa: PLC0415 - as above

    if as_json:
        typer.echo(json.dumps({"pools": pool_rows(all_pools())}, allow_nan=False))
    else:
        print_pools(all_pools())


@pools_app.command()
def verify(name: Name = None) -> None:
    """Compare every member's files with their checksums; a corrupt member is set aside. Exit code 2 if any is."""
    corrupt = 0
    for pool in _named(name):
        errors = pool.verify_all()
        corrupt += len(errors)
        typer.echo(f"{pool.folder.name}: {len(pool.indices())} members sound, {len(errors)} corrupt")
        for error in errors:
            typer.echo(f"error: {error}", err=True)
    raise typer.Exit(2 if corrupt else 0)


@pools_app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of a pool, or the beginning of one.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a pool with its trained members."""
    pools = _named(name)
    if len(pools) > 1:
        choices = ", ".join(pool.folder.name for pool in pools)
        raise UsageError(f"several pools begin with '{name}': {choices}; name one of them")
    pool = pools[0]
    if not yes:
        typer.confirm(f"Delete {pool.folder} with {len(pool.indices())} trained members?", abort=True, err=True)
    pool.remove()
    typer.echo(f"removed {pool.folder}")


def _named(name: str | None) -> list[Pool]:
    from saliencynoise.store.pool import all_pools, pools_folder  # noqa: PLC0415 - only when a command runs

    pools = all_pools()
    exact = [pool for pool in pools if pool.folder.name == name]
    chosen = exact or [pool for pool in pools if pool.folder.name.startswith(name or "")]
    if name is not None and not chosen:
        raise UsageError(f"no pool in {pools_folder()} begins with '{name}'; 'saliencynoise pools list' lists them")
    return chosen
