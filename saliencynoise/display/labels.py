"""Labels of methods and recipes in tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from saliencynoise.display.numbers import counted

if TYPE_CHECKING:
    from saliencynoise.records.common import RecipeRecord

NAME_WIDTH = 22
"""Columns of the terminal for a method's label."""


def method_label(method: str, view: str = "signed", *, narrow: bool) -> str:
    """Return a row's label; in a narrow table broken after the plugin and before the parameters, if it is too long."""
    if view != "signed":
        return f"    view {view}"
    lines = [f"  {method}"]
    for mark in "/(" if narrow else "":
        if len(lines[-1]) > NAME_WIDTH and mark in lines[-1]:
            head, _, tail = lines.pop().partition(mark)
            lines += [head + mark, f"  {tail}"]
    return "\n".join(lines)


def recipes_text(recipes: Mapping[str, RecipeRecord]) -> str:
    """Return the epochs and the precision of the training, by architecture if they differ.

    >>> from types import SimpleNamespace as Recipe
    >>> recipes_text({name: Recipe(epochs=count, precision="float32") for name, count in (("a", 2), ("b", 3))})
    'a 2 epochs, b 3 epochs, float32'
    """
    epochs = {name: counted(recipe.epochs, "epoch") for name, recipe in recipes.items()}
    precisions = dict.fromkeys(recipe.precision for recipe in recipes.values())
    once = len(set(epochs.values())) == 1
    trained = list(epochs.values())[:1] if once else [f"{name} {count}" for name, count in epochs.items()]
    return ", ".join([*trained, *precisions])
