"""Clashes of commands: a plugin fails whose command has the name of another plugin's command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.interfaces.errors import PluginFailure
from saliencynoise.registry.loader import BUILTIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saliencynoise.registry.loader import Plugin


def command_clashes(plugins: Sequence[Plugin]) -> list[PluginFailure]:
    """Return a failure for each command whose name another plugin also has; built-in commands keep their names."""
    owners: dict[str, list[Plugin]] = {}
    for plugin in plugins:
        for spec in plugin.specs["commands"]:
            owners.setdefault(spec.name, []).append(plugin)
    return [
        _clash(name, plugin, [owner for owner in same if owner is not plugin])
        for name, same in owners.items()
        for plugin in same
        if len(same) > 1 and plugin.name != BUILTIN
    ]


def _clash(name: str, plugin: Plugin, owners: Sequence[Plugin]) -> PluginFailure:
    names = " and ".join(f"'{owner.name}' ({owner.distribution} {owner.version})" for owner in owners)
    error = (
        f"its command '{name}' has the name of a command of {names}; write '{plugin.name}/{name}', or ask an author to "
        "rename it"
    )
    return PluginFailure(plugin=plugin.name, distribution=plugin.distribution, version=plugin.version, error=error)
