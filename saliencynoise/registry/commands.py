"""Commands of the same name: an error of each plugin whose command cannot be called by its name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.interfaces.errors import PluginFailure
from saliencynoise.registry.loader import BUILTIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saliencynoise.registry.loader import Plugin


def command_clashes(plugins: Sequence[Plugin]) -> list[PluginFailure]:
    """Return a failure for each command whose name another plugin has, too; the built-in commands keep theirs."""
    owners: dict[str, list[Plugin]] = {}
    for plugin in plugins:
        for spec in plugin.specs["commands"]:
            owners.setdefault(spec.name, []).append(plugin)
    return [
        _clash(name, plugin, [other for other in same if other is not plugin])
        for name, same in owners.items()
        for plugin in same
        if len(same) > 1 and plugin.name != BUILTIN
    ]


def _clash(name: str, plugin: Plugin, others: Sequence[Plugin]) -> PluginFailure:
    named = " and ".join(f"'{other.name}' ({other.distribution} {other.version})" for other in others)
    error = (
        f"its command '{name}' has the name of a command of {named}; write '{plugin.name}/{name}', or ask an author to "
        "rename it"
    )
    return PluginFailure(plugin=plugin.name, distribution=plugin.distribution, version=plugin.version, error=error)
