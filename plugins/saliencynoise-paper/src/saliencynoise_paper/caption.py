"""Provenance of the studies of a panel: the last note of each panel."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from saliencynoise.display.numbers import counted
from saliencynoise.display.population import population_sentence
from saliencynoise.report.warnings import rounded
from saliencynoise.training.recipes import Recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saliencynoise.engine.study import Study
    from saliencynoise.records.common import RecipeRecord
    from saliencynoise.records.study import ArchitectureResult, StudyRecord


def provenance(studies: Sequence[Study]) -> str:
    """Return members, images, recipes, accuracies, seeds, versions and hardware of studies, as Markdown."""
    return "\n\n".join(dict.fromkeys(_of_study(study.result) for study in studies))


def _of_study(result: StudyRecord) -> str:
    dataset, settings, hardware = result.dataset, result.bench, result.hardware
    notes = "".join(f" {note[:1].upper()}{note[1:]}." for note in dataset.notes)
    networks = " ".join(
        _of_architecture(architecture, result.recipes[architecture.label]) for architecture in result.architectures
    )
    software = ", ".join(
        f"{name} {result.versions[name]}" for name in ("saliencynoise", "torch", "timm") if name in result.versions
    )
    return (
        f"**{dataset.asked}** ({dataset.size}): {len(result.images)} of {dataset.test_images} test images, target "
        f"{settings.target}, {settings.draws} draws of each stochastic method; trained on "
        f"{dataset.train_images} images.{notes} {networks} "
        f"Attributed in {settings.precision}.{' '.join(['', *rounded(result)])} "
        f"Seed {settings.seed}; {software}; {hardware.gpu or hardware.processor} ({hardware.device})."
    )


def _of_architecture(architecture: ArchitectureResult, recipe: RecipeRecord) -> str:
    accuracies = sorted(architecture.accuracies)
    if not accuracies:
        return f"{architecture.label}: no member was trained."
    adapted = f"; {'; '.join(architecture.adaptations)}" if architecture.adaptations else ""
    failed = "".join(f"; member {member.index} {member.flag}" for member in architecture.members if member.flag)
    population = population_sentence(architecture.population, members=len(accuracies))
    return (
        f"{architecture.label}: {counted(len(accuracies), 'member')}, "
        f"accuracy {accuracies[0]:.1%} to {accuracies[-1]:.1%}, "
        f"{_of_recipe(recipe)}{adapted}{failed}. {population}"
    )


def _of_recipe(recipe: RecipeRecord) -> str:
    """Return a recipe in words, without its usual values."""
    always_written = {"epochs", "batch_size", "precision", "optimiser", "learning_rate"}
    changed = [
        f"{field.name} {getattr(recipe, field.name)}"
        for field in fields(Recipe)
        if field.name not in always_written and getattr(recipe, field.name) != field.default
    ]
    training = (
        f"{counted(recipe.epochs, 'epoch')} of batches of {recipe.batch_size} by {recipe.optimiser} "
        f"at up to {recipe.learning_rate:g} in {recipe.precision}"
    )
    return ", ".join([training, *changed])
