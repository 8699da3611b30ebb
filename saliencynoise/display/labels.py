"""Labels of methods and recipes in tables."""

from __future__ import annotations

from collections.abc import Mapping

from saliencynoise.display.numbers import counted

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


def recipes_text(recipes: Mapping[str, tuple[int, str]]) -> str:
    """Return the epochs and the precision of the training, by architecture if they differ.

    Args:
        recipes: epochs and precision by the label of the architecture.

    >>> recipes_text({"a": (2, "float32"), "b": (3, "float32")})
    'a 2 epochs, b 3 epochs, float32'
    """
    epochs = {name: counted(count, "epoch") for name, (count, _) in recipes.items()}
    precisions = dict.fromkeys(precision for _, precision in recipes.values())
    once = len(set(epochs.values())) == 1
    trained = list(epochs.values())[:1] if once else [f"{name} {count}" for name, count in epochs.items()]
    return ", ".join([*trained, *precisions])
