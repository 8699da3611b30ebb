"""What every caption ends with: the provenance of the studies that a panel shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.report.table import counted

if TYPE_CHECKING:
    from saliencynoise.bench.study import Study


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
        f"Seed {settings['seed']}; {software}; {hardware.get('gpu', hardware['processor'])} ({hardware['device']})."
    )


def _of_architecture(own: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    accuracies = sorted(member["accuracy"] for member in own["members"])
    if not accuracies:
        return f"{own['label']}: no member was trained."
    adapted = f"; {'; '.join(own['adaptations'])}" if own["adaptations"] else ""
    return (
        f"{own['label']}: {counted(len(accuracies), 'member')}, accuracy {accuracies[0]:.1%} to {accuracies[-1]:.1%}, "
        f"{counted(recipe['epochs'], 'epoch')} of batches of {recipe['batch_size']} in {recipe['precision']}"
        f"{adapted}."
    )
