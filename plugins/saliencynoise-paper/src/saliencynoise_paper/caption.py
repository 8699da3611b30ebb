"""What every caption ends with: the provenance of the studies that a panel shows."""

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


def _of_study(result: Mapping[str, Any]) -> str:
    dataset, settings = result["dataset"], result["settings"]
    versions, hardware = result["versions"], result["hardware"]
    shape = "x".join(str(edge) for edge in dataset["image_shape"])
    notes = "".join(f" {note[:1].upper()}{note[1:]}." for note in dataset["notes"])
    networks = " ".join(_of_architecture(own, result["recipes"][own["label"]]) for own in result["architectures"])
    software = ", ".join(f"{name} {versions[name]}" for name in ("saliencynoise", "torch", "timm") if name in versions)
    return (
        f"**{dataset['asked']}** ({shape}): {len(result['images'])} of {dataset['test_images']} test images, target "
        f"{settings['target']}, {settings['draws']} draws of each stochastic method; trained on "
        f"{dataset['train_images']} images.{notes} {networks} "
        f"Attributed in {settings.get('precision', 'float32')}.{' '.join(['', *rounded(result)])} "
        f"Seed {settings['seed']}; {software}; {hardware.get('gpu', hardware['processor'])} ({hardware['device']})."
    )


def _of_architecture(own: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    accuracies = sorted(member["accuracy"] for member in own["members"])
    if not accuracies:
        return f"{own['label']}: no member was trained."
    adapted = f"; {'; '.join(own['adaptations'])}" if own["adaptations"] else ""
    flagged = {str(member["index"]): member["flag"] for member in own["members"] if member.get("flag")}
    failed = "".join(f"; member {index} {flag}" for index, flag in flagged.items())
    return (
        f"{own['label']}: {counted(len(accuracies), 'member')}, accuracy {accuracies[0]:.1%} to {accuracies[-1]:.1%}, "
        f"{_of_recipe(recipe)}{adapted}{failed}."
    )


def _of_recipe(recipe: Mapping[str, Any]) -> str:
    """Return a recipe in words, its usual values left out."""
    known = fields(Recipe)
    own = {field.name: recipe[field.name] for field in known if field.name in recipe}
    usual = {field.name: field.default for field in known}
    told = {"epochs", "batch_size", "precision", "optimiser", "learning_rate"}
    rest = [f"{name} {value}" for name, value in own.items() if name not in told and value != usual[name]]
    by = f" by {own['optimiser']} at up to {own['learning_rate']:g}" if "optimiser" in own else ""
    return ", ".join(
        [f"{counted(own['epochs'], 'epoch')} of batches of {own['batch_size']}{by} in {own['precision']}", *rest]
    )
