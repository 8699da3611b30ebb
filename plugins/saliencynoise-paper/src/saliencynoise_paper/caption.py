"""Provenance of the studies that a panel shows: the end of every caption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from saliencynoise.display.numbers import counted
from saliencynoise.report.table import rounded
from saliencynoise.training.recipes import Recipe

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study


def provenance(studies: Sequence[Study]) -> str:
    """Return members, images, recipes, accuracies, seeds, versions and hardware of studies, as Markdown."""
    return "\n\n".join(dict.fromkeys(_of_study(study.result) for study in studies))


def _of_study(result: Any) -> str:
    dataset, settings = result["dataset"], result["settings"]
    versions, hardware = result["versions"], result["hardware"]
    shape = "x".join(str(edge) for edge in dataset["image_shape"])
    notes = "".join(f" {note[:1].upper()}{note[1:]}." for note in dataset["notes"])
    networks = " ".join(
        _of_architecture(architecture, result["recipes"][architecture["label"]])
        for architecture in result["architectures"]
    )
    software = ", ".join(f"{name} {versions[name]}" for name in ("saliencynoise", "torch", "timm") if name in versions)
    return (
        f"**{dataset['asked']}** ({shape}): {len(result['images'])} of {dataset['test_images']} test images, target "
        f"{settings['target']}, {settings['draws']} draws of each stochastic method; trained on "
        f"{dataset['train_images']} images.{notes} {networks} "
        f"Attributed in {settings.get('precision', 'float32')}.{' '.join(['', *rounded(result)])} "
        f"Seed {settings['seed']}; {software}; {hardware.get('gpu', hardware['processor'])} ({hardware['device']})."
    )


def _of_architecture(architecture: Any, recipe: Mapping[str, Any]) -> str:
    accuracies = sorted(member["accuracy"] for member in architecture["members"])
    if not accuracies:
        return f"{architecture['label']}: no member was trained."
    adapted = f"; {'; '.join(architecture['adaptations'])}" if architecture["adaptations"] else ""
    flagged = {str(member["index"]): member["flag"] for member in architecture["members"] if member.get("flag")}
    failed = "".join(f"; member {index} {flag}" for index, flag in flagged.items())
    return (
        f"{architecture['label']}: {counted(len(accuracies), 'member')}, "
        f"accuracy {accuracies[0]:.1%} to {accuracies[-1]:.1%}, "
        f"{_of_recipe(recipe)}{adapted}{failed}."
    )


def _of_recipe(recipe: Mapping[str, Any]) -> str:
    """Return a recipe in words, its usual values left out."""
    recipe_fields = fields(Recipe)
    values = {field.name: recipe[field.name] for field in recipe_fields if field.name in recipe}
    usual = {field.name: field.default for field in recipe_fields}
    always_written = {"epochs", "batch_size", "precision", "optimiser", "learning_rate"}
    changed = [
        f"{name} {value}" for name, value in values.items() if name not in always_written and value != usual[name]
    ]
    by = f" by {values['optimiser']} at up to {values['learning_rate']:g}" if "optimiser" in values else ""
    return ", ".join(
        [
            f"{counted(values['epochs'], 'epoch')} of batches of {values['batch_size']}{by} in {values['precision']}",
            *changed,
        ]
    )
