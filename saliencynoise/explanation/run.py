"""Explaining pictures: `saliencynoise explain` and `sn.explain` both call `prepare`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from saliencynoise.data.levels import shown
from saliencynoise.data.pictures import Unreadable, read_picture
from saliencynoise.data.sizes import SMALLEST
from saliencynoise.engine.config import REFERENCE
from saliencynoise.engine.dataset import load_dataset
from saliencynoise.engine.observer import Observer
from saliencynoise.engine.plan import with_own_function
from saliencynoise.engine.population import of_pool
from saliencynoise.engine.trained import TrainedEnsemble, trained_ensemble
from saliencynoise.explanation.cautions import about_class, about_members, about_methods, about_picture, decisive_first
from saliencynoise.explanation.config import ExplainConfig
from saliencynoise.explanation.drawable import DrawableExplanation
from saliencynoise.explanation.explanation import MethodExplanation
from saliencynoise.explanation.members import MemberStream
from saliencynoise.explanation.method import explained_by
from saliencynoise.explanation.pictures import LeftOut, OwnPicture, PictureFile, picture_files, read_own
from saliencynoise.explanation.training_range import training_ranges
from saliencynoise.interfaces import UsageError
from saliencynoise.records.explanation import ExplanationOrigin
from saliencynoise.records.population import PopulationRecord
from saliencynoise.records.target import PREDICTED, Target, index_of, quoted, resolved
from saliencynoise.registry.bound import BoundAggregator, BoundMethod
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import score_of
from saliencynoise.statistics.clusters import several_starts

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

PICTURES = 32
"""The largest number of pictures that pass through each member together."""

MAP_BYTES = 2**28
"""Limit in bytes on the maps in memory together, unless one picture's maps are larger."""


def explain_all(config: ExplainConfig, observer: Observer, files: Sequence[PictureFile]) -> list[DrawableExplanation]:
    """Explain pictures, in order.

    Raises:
        UsageError: as `prepare`; also if one of them cannot be read.
    """
    explanations = []
    for found in prepare(config, observer, files=files).explanations():
        if isinstance(found, LeftOut):
            raise UsageError(f"{found.file.path} cannot be read: {found.reason}; name an image file")
        explanations.append(found)
    return explanations


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """The pictures, and the trained members that explain them.

    Attributes:
        files: the pictures.
        ensemble: the members.
        methods: in the order asked for.
        draws: repeats of each stochastic method.
        aggregator: makes one map of the members' maps.
        target: the scalar that is explained, its class by name.
        sampler: label of the sampler if its members share training runs, else empty.
        population: the population of the members.
    """

    files: Sequence[PictureFile]
    ensemble: TrainedEnsemble
    methods: Sequence[BoundMethod]
    draws: int
    aggregator: BoundAggregator
    target: Target
    sampler: str
    population: PopulationRecord

    def explanations(self) -> Iterator[DrawableExplanation | LeftOut]:
        """Yield each picture's explanation or `LeftOut`, in order. A few pictures are processed at a time.

        A picture's explanation depends on no other picture.
        """
        score = score_of(self.target, self.ensemble.dataset.classes)
        stream = MemberStream(self.ensemble, self.methods, draws=self.draws, score=score)
        usual = training_ranges(self.ensemble.dataset.train.images)
        together = max(1, min(PICTURES, MAP_BYTES // stream.bytes_of_picture()))
        dataset = self.ensemble.dataset
        channels, size, _ = dataset.train.images.shape[1:]
        for start in range(0, len(self.files), together):
            read = [
                read_own(file, size=size, channels=channels, levels=dataset.levels)
                for file in self.files[start : start + together]
            ]
            pictures = [picture for picture in read if isinstance(picture, OwnPicture)]
            explained = iter(self._explain(stream, pictures, usual) if pictures else ())
            for picture in read:
                yield next(explained) if isinstance(picture, OwnPicture) else picture

    def _explain(
        self, stream: MemberStream, pictures: Sequence[OwnPicture], usual: Mapping[str, tuple[float, float]]
    ) -> list[DrawableExplanation]:
        pixels = torch.stack([torch.from_numpy(picture.seen.pixels.copy()) for picture in pictures])
        probabilities = stream.probabilities(pixels)
        voted = probabilities.mean(1).argmax(1).tolist()
        of, classes = self.target.of, self.ensemble.dataset.classes
        targets = voted if of == PREDICTED else [index_of(of, classes)] * len(pictures)
        maps = stream.maps(pixels, [picture.file.name for picture in pictures], targets)
        explanations = []
        for index, (picture, target) in enumerate(zip(pictures, targets, strict=True)):
            methods = [
                explained_by(
                    method,
                    method_maps if isinstance(method_maps := maps[method.canonical_name], str) else method_maps[index],
                    self.aggregator,
                    clusters=several_starts(self.population.clusters),
                )
                for method in self.methods
            ]
            explanations.append(self._explanation(picture, probabilities[index], target, methods, usual))
        return explanations

    def _explanation(
        self,
        picture: OwnPicture,
        probabilities: Float[Tensor, "E K"],
        target: int,
        methods: Sequence[MethodExplanation],
        usual: Mapping[str, tuple[float, float]],
    ) -> DrawableExplanation:
        ensemble = self.ensemble
        shares = probabilities.numpy()
        classes = ensemble.dataset.classes
        cautions = decisive_first(
            (
                *about_class(shares, target, classes),
                *about_picture(picture, usual),
                *about_methods(methods),
                *about_members(
                    len(ensemble.members), ensemble.flags, dependent=self.sampler, starts=self._checkpoints()
                ),
            )
        )
        return DrawableExplanation(
            file=picture.file,
            picture=shown(torch.from_numpy(picture.seen.pixels.copy())).numpy(),
            size=picture.seen.size,
            notes=picture.seen.notes,
            classes=classes,
            probabilities=shares,
            target=target,
            scalar=replace(self.target, of=quoted(classes[target])),
            members=ensemble.members,
            methods=methods,
            cautions=cautions,
            origin=ExplanationOrigin(
                dataset=ensemble.dataset.name,
                architecture=ensemble.model.display_name,
                pool=str(ensemble.pool.folder),
                aggregator=self.aggregator.canonical_name,
                seed=ensemble.seed,
                device=ensemble.device,
                recipe=ensemble.recipe,
                population=self.population,
                accuracies=tuple(record.accuracy for record in ensemble.records),
            ),
        )

    def _checkpoints(self) -> int:
        """Return how many checkpoints the members were tuned from; 0 for random initial weights."""
        return len(self.population.starts) if self.population.unit == "start" else 0


def prepare(config: ExplainConfig, observer: Observer, *, files: Sequence[PictureFile] | None = None) -> Prepared:
    """Find the pictures and the members; train those that are missing. Names are checked first.

    Args:
        config: the settings.
        observer: receives the events of the training.
        files: its pictures, if they were searched before.

    Raises:
        UsageError: naming the value that cannot be used, and the fix; also if no picture can be read.
    """
    scalar = with_own_function(config.scalar)
    methods = [replace(catalogue().method(text), turns=scalar.turns) for text in config.bench.methods]
    texts = [method.canonical_name for method in methods]
    repeated = [text for text in texts if texts.count(text) > 1]
    if repeated:
        raise UsageError(f"the method {repeated[0]} is asked for twice; name it once")
    aggregator = catalogue().aggregator(config.bench.aggregator)
    if aggregator.spec.level != "maps":
        raise UsageError(
            f"--aggregator {config.bench.aggregator} makes one network of the members, but this command compares their "
            "maps; choose an aggregator of maps, as mean"
        )
    files = picture_files(config.pictures) if files is None else files
    _refuse_unreadable(files)
    if config.pool is None:  # refused before anything is trained
        _label_if_dependent(config.bench.sampler)
        resolved(scalar, load_dataset(config.bench)[1].classes)
    ensemble = trained_ensemble(config.bench, observer, pool=config.pool)
    _refuse_other_architecture(config, ensemble)
    if len(ensemble.members) < 2:
        raise UsageError(f"{ensemble.pool.folder} has one member; a comparison of maps needs 2 or more, better 8")
    return Prepared(
        files=files,
        ensemble=ensemble,
        methods=methods,
        draws=config.bench.draws,
        aggregator=aggregator,
        target=resolved(scalar, ensemble.dataset.classes),
        sampler=_label_if_dependent(_sampler_of(ensemble)),
        population=_population_of(ensemble),
    )


def _refuse_unreadable(files: Sequence[PictureFile]) -> None:
    """Refuse the pictures if none of them can be read, before anything is trained."""
    reason = ""
    for file in files:
        image = read_picture(file.source, SMALLEST)
        if not isinstance(image, Unreadable):
            return
        reason = reason or image.reason
    problem = f"{files[0].path} cannot be read"
    if len(files) > 1:
        problem = f"none of the {len(files)} pictures, beginning with {files[0].path}, can be read"
    raise UsageError(f"{problem}: {reason}; name an image file, as PNG or JPEG")


def _refuse_other_architecture(config: ExplainConfig, ensemble: TrainedEnsemble) -> None:
    if config.pool is None or config.arch is None:
        return
    asked, trained = catalogue().model(config.arch, config.bench.arch_args), ensemble.model
    if asked.entry != trained.entry or (config.bench.arch_args and asked.canonical_name != trained.canonical_name):
        raise UsageError(
            f"--arch {config.arch} is not the pool's architecture, {trained.display_name}; leave --arch out"
        )


def _sampler_of(ensemble: TrainedEnsemble) -> str:
    identity = (ensemble.pool.description or {}).get("identity", {})
    return str(identity.get("sampler", {}).get("name", REFERENCE))


def _population_of(ensemble: TrainedEnsemble) -> PopulationRecord:
    identity = (ensemble.pool.description or {}).get("identity", {})
    return of_pool(identity, catalogue().sampler(_sampler_of(ensemble)), ensemble.members)


def _label_if_dependent(text: str) -> str:
    """Return the label of a sampler whose members share training runs; empty if each is trained by itself.

    Raises:
        UsageError: if the sampler also adds noise to the pictures.
    """
    sampler = catalogue().sampler(text)
    if sampler.instance.input_noise:
        raise UsageError(
            f"the sampler {sampler.display_name} adds noise to pictures, which this command does not do; choose "
            "another one, as deep_ensemble"
        )
    return "" if sampler.instance.per_run == 1 else sampler.display_name
