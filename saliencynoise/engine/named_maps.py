"""How a user names a cell whose maps they want: by the label of its method, where that is unambiguous."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import xarray as xr

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean


class UnknownMapsError(UsageError, KeyError):
    """A name that stands for no maps, or for those of several methods or architectures; also a KeyError."""

    __str__ = UsageError.__str__


def one_of(name: str, cells: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """Return the architecture and the method that a name stands for.

    Args:
        name: the label of a method as in tables, "gradcam(layer=top)"; the label without its parameters where one
            method has it; each also after "ARCHITECTURE/".
        cells: architecture and method of each cell, by labels.

    Raises:
        UnknownMapsError: if the name stands for none or for several; the message has the choices.

    >>> one_of("gradcam", [("net", "gradient"), ("net", "gradcam(layer=top)")])
    ('net', 'gradcam(layer=top)')
    """
    known = list(dict.fromkeys(cells))
    wanted = name.strip("/")
    for short in (False, True):
        found = [
            (architecture, method)
            for architecture, method in known
            for label in [method.partition("(")[0] if short else method]
            if wanted in {label, f"{architecture}/{label}"}
        ]
        if len(found) == 1:
            return found[0]
        if found:
            choices = " or ".join(f"'{architecture}/{method}'" for architecture, method in found)
            raise UnknownMapsError(f"'{name}' stands for the maps of {len(found)}; name {choices}")
    labels = list(dict.fromkeys(method for _, method in known))
    hint = did_you_mean(
        name, [*labels, *("/".join(cell) for cell in known)], otherwise=f"there are {', '.join(labels)}"
    )
    raise UnknownMapsError(f"there are no maps of '{name}'; {hint}")


class MapTree(xr.DataTree):  # type: ignore[no-untyped-call]  # xarray does not type its subclass hook
    """The maps of a study: groups by their paths, and by labels of methods where these are unambiguous."""

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        """Return the group or the array of a path; or the group of a method by its label.

        Raises:
            UnknownMapsError: if there is none, or several; the message has the choices.
        """
        try:
            return super().__getitem__(key)
        except KeyError:
            groups = {
                (str(node.attrs["architecture"]), str(node.attrs["method"])): node
                for node in self.subtree
                if "method" in node.attrs
            }
            if not groups:
                raise
            return groups[one_of(key, groups)]
