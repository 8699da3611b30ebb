"""The trained members of a study: those that dream, and those that are held out to judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from saliencynoise.display.numbers import counted
from saliencynoise.engine.networks import load_members
from saliencynoise.interfaces import Dataset, Network, UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.store.pool import Pool

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study
    from saliencynoise.records.study import ArchitectureResult, StudyRecord


@dataclass(frozen=True, kw_only=True, eq=False)
class Dreamers:
    """The members of a study's architecture, loaded: those that dream, and those that judge.

    Attributes:
        members: indices in the pool of the members that dream.
        networks: networks of these members.
        held_out_members: indices of the members that judge.
        held_out: networks of these members.
    """

    members: tuple[int, ...]
    networks: Sequence[Network]
    held_out_members: tuple[int, ...]
    held_out: Sequence[Network]


def load_dreamers(
    study: Study, dataset: Dataset, *, architecture: str, held_out: int, members: int | None = None, device: str
) -> Dreamers:
    """Load a study's members: the last `held_out` judge, of those before them the first `members` (or all) dream.

    Members that the study flags as failed are left out.

    Raises:
        UsageError: if the study has no such architecture or too few members, or the data set is another one, or the
            pool no longer holds a member.
    """
    result = _architecture(study.result, architecture)
    expected = (study.result.dataset.classes, study.result.dataset.image_shape)
    channels, height, width = dataset.test.images.shape[1:]
    if expected != (tuple(dataset.classes), (channels, height, width)):
        raise UsageError(f"the data set {dataset.name} is not the study's ({expected[0]}, {expected[1]}); load that")
    sound = [member.index for member in result.members if not member.flag]
    last = len(sound) - held_out
    if held_out < 1 or last < 1 or (members is not None and not 1 <= members <= last):
        raise UsageError(
            f"{counted(len(sound), 'sound member')} of {architecture} cannot give {members or 1} to dream and "
            f"{held_out} to hold out; train more, or ask for fewer"
        )
    dreaming, judging = tuple(sound[: members or last]), tuple(sound[last:])
    model = catalogue().model(result.name)
    loaded = load_members(
        model,
        Pool(Path(result.pool)),
        dreaming + judging,
        in_shape=(channels, height, width),
        classes=len(dataset.classes),
        device=device,
    )
    return Dreamers(
        members=dreaming,
        networks=loaded[: len(dreaming)],
        held_out_members=judging,
        held_out=loaded[len(dreaming) :],
    )


def _architecture(result: StudyRecord, label: str) -> ArchitectureResult:
    labels = [architecture.label for architecture in result.architectures]
    if label not in labels:
        raise UsageError(f"the study has no architecture '{label}'; it has {', '.join(labels)}")
    return result.architecture(label)
