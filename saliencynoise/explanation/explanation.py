"""The explanation of one picture by an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from saliencynoise.display.numbers import counted, format_number, with_interval
from saliencynoise.display.visible import one_visible_line
from saliencynoise.records.explanation import LikelyClass

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float, UInt8

    from saliencynoise.explanation.pictures import PictureFile
    from saliencynoise.explanation.reliability import MapReliability
    from saliencynoise.records.explanation import ExplanationOrigin
    from saliencynoise.records.target import Target

Kind = Literal["class", "size", "range", "reliability", "members"]


@dataclass(frozen=True)
class Caution:
    """A warning.

    Attributes:
        kind: "class" (members disagree or are unsure), "size" or "range" (unlike the training data), "reliability" (of
            a map), "members" (too few, or some that may have failed).
        text: the message.
    """

    kind: Kind
    text: str


@dataclass(frozen=True, kw_only=True, eq=False)
class MethodExplanation:
    """The members' maps and figures by one method. Arrays are None where the method failed before there were any.

    Attributes:
        method: label as in tables, `gradcam(layer=top)`.
        text: canonical name with every parameter.
        draws: D, the separate draws of each member by a stochastic method; 1 for any other method.
        reason: why there are no figures, or empty.
        no_marginal: why the aggregator made no marginal map although there are figures, or empty.
        maps: `[E, c, h, w]`, float32, each member's raw signed map, averaged over draws. The sign is that of the
            method: for gradients positive where a larger value raises the explained scalar. Maps of layer
            methods have the resolution of the layer, c = 1.
        marginal: `[c, h, w]`, float32, the aggregator's map of `maps`.
        significant: `[c, h, w]`, values whose mean over members is not zero: moderated t-tests, 5% false discoveries
            among them.
        agreement: `[c, h, w]`, the share of members whose sign is that of the mean.
        centred: whether `significant` and `agreement` are of each map less its mean, because maps of one sign cannot be
            compared with zero; `reliability` is that of whole maps, with their constants.
        reliability: of the average of these members' unit-norm maps (and draws), whatever the aggregator, with
            intervals for other networks.
    """

    method: str
    text: str
    draws: int
    reason: str
    maps: Float[np.ndarray, "E c h w"] | None
    marginal: Float[np.ndarray, "c h w"] | None
    significant: Bool[np.ndarray, "c h w"] | None
    agreement: Float[np.ndarray, "c h w"] | None
    reliability: MapReliability
    no_marginal: str = ""
    centred: bool = False

    def __repr__(self) -> str:
        """Return the reliability, or why there is none, and the shape of the maps."""
        if self.maps is None or self.reason:
            return f"{self.method}: {self.reason}"
        reliability, interval = self.reliability.value, self.reliability.interval
        text = with_interval(reliability, interval.low, interval.high) if interval else format_number(reliability)
        return f"{self.method}: reliability {text}, maps {' x '.join(map(str, self.maps.shape))}"

    @property
    def significant_share(self) -> float | None:
        """The share of significant values (pixels x channels), as in a bench; None where nothing was tested."""
        return None if self.significant is None else float(self.significant.mean())


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """The members' votes on one picture, their maps, and cautions on both.

    Attributes:
        file: the picture's.
        picture: `[C, S, S]`, as the networks saw it, before normalisation.
        size: width and height of the file, in pixels.
        notes: the changes made to the picture.
        classes: names of the data set's classes.
        probabilities: `[E, K]`, each member's.
        target: index of the class that is explained, the same for every member.
        scalar: the class by name, and the score of it that is explained.
        members: indices in the pool.
        methods: in the order asked for.
        cautions: warnings that a reader needs to judge it.
        origin: the members and their training.
        columns: of its figure; None for those that have room.
    """

    file: PictureFile
    picture: UInt8[np.ndarray, "C S S"]
    size: tuple[int, int]
    notes: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: Float[np.ndarray, "E K"]
    target: int
    scalar: Target
    members: tuple[int, ...]
    methods: Sequence[MethodExplanation]
    cautions: Sequence[Caution]
    origin: ExplanationOrigin
    columns: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        """Return the vote, the reliability of each method's average map, and the number of cautions."""
        votes = f"{self.votes.count(self.target)} of {len(self.members)} members"
        probability = f"{self.probabilities.mean(0)[self.target]:.0%}"
        lines = [
            f"Explanation of {self.file.place}: class '{self.classes[self.target]}' ({votes}, {probability})",
            *map(repr, self.methods),
            *([f"{counted(len(self.cautions), 'caution')} in .cautions"] if self.cautions else []),
        ]
        return "\n  ".join(map(one_visible_line, lines))

    @property
    def vote(self) -> int:
        """The ensemble's class: of the largest mean probability."""
        return int(self.probabilities.mean(0).argmax())

    @property
    def votes(self) -> list[int]:
        """The class that each member gives."""
        return [int(index) for index in self.probabilities.argmax(1)]

    @property
    def failed(self) -> list[MethodExplanation]:
        """The methods that have no figures, or no marginal map."""
        return [method for method in self.methods if method.reason or method.no_marginal]

    @property
    def aggregator(self) -> str:
        """The name of the aggregator, without the plugin if it is built in."""
        return self.origin.aggregator.removeprefix("builtin/")

    def ranked(self, top: int = 5) -> list[LikelyClass]:
        """Return the likeliest classes, and the explained one."""
        mean, votes = self.probabilities.mean(0), self.votes
        order = [int(index) for index in (-mean).argsort(kind="stable")]
        chosen = [index for rank, index in enumerate(order) if rank < top or index == self.target]
        return [
            LikelyClass(index=k, name=self.classes[k], probability=float(mean[k]), votes=votes.count(k)) for k in chosen
        ]
