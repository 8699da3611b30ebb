"""Trained networks with noise on their weights, and on the images they see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saliencynoise.interfaces import Sample, Sampler, TrainingRun
from saliencynoise.samplers.weights import copied, normal_like, parameters, places, refuse_unless, write


@dataclass(frozen=True)
class NoiseGrad(Sampler):
    """A trained network, of which every parameter is multiplied by a draw from N(1, noise^2).

    The source chooses the noise that costs 5 points of accuracy: on digits, test_resnet falls from 0.990 to 0.940
    with 0.12, to 0.966 with 0.1 and to 0.683 with 0.2 (means of 8 draws); other networks need a choice of their own.
    As in the source, batch norms keep the trained network's running statistics. Estimated again, they would undo the
    noise (0.988 with 0.12).

    Source: Bykov et al. 2022, arXiv:2106.10185.

    Attributes:
        noise: standard deviation of the factors.
        members_a_run: draws from one trained network; 0 for all of them from one.
    """

    noise: float = 0.12
    members_a_run: int = 0

    def __post_init__(self) -> None:
        """Refuse impossible numbers."""
        _check("noisegrad", self.noise, self.members_a_run)

    @property
    def per_run(self) -> int | None:
        """Return the number of draws from one network."""
        return self.members_a_run or None

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the draws from the run's network."""
        return _drawn(run, self.noise, self.members_a_run)


@dataclass(frozen=True)
class FusionGrad(Sampler):
    """`NoiseGrad`, with Gaussian noise on the images that is different for each member and image.

    The noises add up: by default the weights' is half of `NoiseGrad`'s. Accuracies are those without noise on images.

    Source: Bykov et al. 2022, arXiv:2106.10185.

    Attributes:
        noise: standard deviation of the factors of the parameters.
        input_noise: standard deviation of the images' noise, as a share of each image's range.
        members_a_run: draws from one trained network; 0 for all of them from one.
    """

    noise: float = 0.06
    input_noise: float = 0.1
    members_a_run: int = 0

    def __post_init__(self) -> None:
        """Refuse impossible numbers."""
        _check("fusiongrad", self.noise, self.members_a_run)
        refuse_unless(self.input_noise >= 0, "fusiongrad", "input_noise", self.input_noise, "0 or more")

    @property
    def per_run(self) -> int | None:
        """Return the number of draws from one network."""
        return self.members_a_run or None

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the draws from the run's network; the engine adds the images' noise."""
        return _drawn(run, self.noise, self.members_a_run)


def _check(sampler: str, noise: float, members_a_run: int) -> None:
    refuse_unless(noise > 0, sampler, "noise", noise, "more than 0")
    refuse_unless(members_a_run >= 0, sampler, "members_a_run", members_a_run, "1 or more, or 0 for all")


def _drawn(run: TrainingRun, noise: float, members_a_run: int) -> Iterator[Sample]:
    module = run.trained()
    means = [parameter.detach().clone() for parameter in parameters(module)]
    for index in places(members_a_run):
        generator = run.generator(index)
        write(module, [mean * (1 + noise * normal_like(mean, generator)) for mean in means])
        yield Sample(weights=copied(module))
