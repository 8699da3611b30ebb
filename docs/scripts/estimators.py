"""Simulate the estimators where the truth is known, and write `docs/estimators.md`.

`uv run python docs/scripts/estimators.py`: about seven minutes on one core. `tests/statistics/test_estimators.py` runs
the same simulators with fewer repetitions and asserts the same criteria.

A study is E members' maps of B images: a signal per image, plus noise of which a third of the energy is the same on
all images of a member. The images' r varies, with a log-spread of 0.8 about 0.5.
"""

from __future__ import annotations

import itertools
import math
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.special import ndtri, stdtr

from saliencynoise.statistics.draws import between_draws, crossed_gram, own_mean
from saliencynoise.statistics.false_discovery import benjamini_hochberg
from saliencynoise.statistics.flips import flip_test, floor_of, image_flips
from saliencynoise.statistics.gram import gram_matrix, off_mean, scale_gram
from saliencynoise.statistics.groups import as_groups
from saliencynoise.statistics.intervals import claim_interval, members_interval
from saliencynoise.statistics.modes import mode_test
from saliencynoise.statistics.pixels import significant_pixels
from saliencynoise.statistics.reliability import MembersNeeded, members_for_images
from saliencynoise.statistics.significance import sign_flip_test
from saliencynoise.statistics.snr import cosine, pooled_snr, snr_from_cosine
from saliencynoise.statistics.unseen import allow_for_unseen_mode
from saliencynoise.statistics.views import apply_view
from saliencynoise.store.provenance import hardware, versions

if TYPE_CHECKING:
    from torch import Tensor

SEED = 0
IMAGES = 32
SHARED = 1 / 3
R, SPREAD = 0.5, 0.8
COVERAGE, LEVEL, BIAS, UNBIASED = 0.93, 0.06, 0.03, 3.0
"""The criteria: least coverage, largest error rate of a test, largest bias of r, and Monte-Carlo errors of c."""
JUDGED_FROM = 8
"""Members from which a criterion applies."""

GOOD = ("gaussian", "correlated", "heavy-tailed")
BAD = ("failed members", "two modes")
PIXELS = {"gaussian": 16, "correlated": 64, "heavy-tailed": 16, "failed members": 16, "two modes": 16, "gains": 16}


@dataclass(frozen=True, kw_only=True)
class Check:
    """A simulated figure with its Monte-Carlo error, and the bounds that it should keep."""

    value: float
    error: float
    low: float = -math.inf
    high: float = math.inf

    def verdict(self, slack: float = 2) -> str:
        """Return whether the bounds are kept: outright, within `slack` Monte-Carlo errors, or not."""
        if self.low == -math.inf and self.high == math.inf:
            return ""
        if self.low <= self.value <= self.high:
            return "pass"
        near = self.low - slack * self.error <= self.value <= self.high + slack * self.error
        return "pass (within error)" if near else "FAIL"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was simulated, the figure that is judged, and others as text."""

    labels: tuple[str, ...]
    check: Check
    others: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """One section of the page."""

    title: str
    text: str
    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    digits: int = 3


# The simulators


def generator_of(*names: object) -> torch.Generator:
    """Return a generator of its own for each configuration."""
    return torch.Generator().manual_seed(zlib.crc32(repr((SEED, names)).encode()))


def blurred(noise: Tensor) -> Tensor:
    """Correlate neighbours on a square with joined edges, at the same variance: 64 pixels have a P_eff of 7."""
    side = math.isqrt(noise.shape[-1])
    grid = noise.unflatten(-1, (side, side))
    for axis in (-1, -2):
        blur = 3 * grid
        for i, weight in ((-2, 1), (-1, 2), (1, 2), (2, 1)):
            blur += weight * grid.roll(i, axis)
        grid = blur / math.sqrt(19)
    return grid.flatten(-2)


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def signals(generator: torch.Generator, *shape: int, pixels: int, r: float = R, spread: float = SPREAD) -> Tensor:
    """Return signals `[..., P]` in random directions, of energy P r_i."""
    direction = normal(generator, *shape, pixels)
    strength = r * (spread * normal(generator, *shape, 1)).exp()
    return direction / direction.norm(dim=-1, keepdim=True) * (pixels * strength).sqrt()


def maps(kind: str, signal: Tensor, members: int, generator: torch.Generator, *, shared: float = SHARED) -> Tensor:
    """Return maps `[E, N, B, P]` of N studies about signals `[N, B, P]`; noise has energy P.

    heavy-tailed: a member's noise on all images has one factor, so that it is Student's with 3 degrees of freedom;
    failed members: one in twenty has no signal and five times the noise; two modes: a pattern as energetic as the noise
    (the image's signal, shifted) is added by half of the members, by chance, and subtracted by the others.
    """
    studies, images, pixels = signal.shape
    noise = math.sqrt(1 - shared) * normal(generator, members, studies, images, pixels)
    if shared:
        noise += math.sqrt(shared) * normal(generator, members, studies, 1, pixels)
    chance = torch.rand(members, studies, 1, 1, generator=generator, dtype=torch.float64)
    if kind == "correlated":
        noise = blurred(noise)
    if kind == "heavy-tailed":
        noise *= (3 / normal(generator, 3, members, studies, 1, 1).square().sum(0)).sqrt()
    if kind == "failed members":
        failed = (chance < 0.05).double()
        return (1 - failed) * signal + (1 + 4 * failed) * noise
    if kind == "two modes":
        noise += (chance - 0.5).sign() * signal.roll(1, -1) / signal.norm(dim=-1, keepdim=True) * math.sqrt(pixels)
    if kind == "gains":
        return (signal + noise) * (0.5 * normal(generator, members, studies, 1, 1)).exp()
    return signal + noise


def grams(kind: str, signal: Tensor, members: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield the Gram matrices `[B, E, E]` of each study, from blocks that bound the memory."""
    for block in signal.split(50):
        yield from gram_matrix(maps(kind, block, members, generator))


def true_cosine(kind: str, signal: Tensor, generator: torch.Generator, *, members: int) -> tuple[float, float]:
    """Return the population cosine, averaged over studies of images `[N, B, P]`, and the error of that average.

    From as many members as are asked for, other ones on each image: c is unbiased.
    """
    result = []
    for block in signal.split(max(1, 200 // signal.shape[1])):
        gram = gram_matrix(maps(kind, block.flatten(0, 1)[:, None], members, generator, shared=0))
        result.append(off_mean(scale_gram(gram.squeeze(1), "unit")).unflatten(0, block.shape[:2]).mean(1))
    each = torch.cat(result)
    return float(each.mean()), float(each.std()) / math.sqrt(len(each))


def share(flags: Sequence[bool] | Tensor) -> tuple[float, float]:
    """Return a share and its Monte-Carlo error (never zero: as if one more of either had been seen)."""
    values = torch.as_tensor(flags).double()
    smooth = (float(values.sum()) + 1) / (len(values) + 2)
    return float(values.mean()), math.sqrt(smooth * (1 - smooth) / len(values))


def mean_of(values: Tensor) -> tuple[float, float]:
    """Return a mean and its Monte-Carlo error."""
    return float(values.mean()), float(values.std()) / math.sqrt(len(values))


# (i) to (iv): the headline and its intervals


@dataclass(frozen=True, kw_only=True)
class Studies:
    """Estimates of c of many studies, whether their intervals held the truth, and the truth."""

    kind: str
    members: int
    question: str
    cosines: Tensor
    covered: list[bool]
    truth: float
    truth_error: float


def studies(kind: str, members: int, question: str, *, repetitions: int, reference: int = 200) -> Studies:
    """Simulate studies: of the same images for new members, of fresh images for new members and new images."""
    generator = generator_of(kind, members, question)
    pixels = PIXELS[kind]
    if question == "members":
        images = signals(generator, IMAGES, pixels=pixels)
        true, signal = images.expand(reference, -1, -1), images.expand(repetitions, -1, -1)
    else:
        true = signals(generator, reference, IMAGES, pixels=pixels)
        signal = signals(generator, repetitions, IMAGES, pixels=pixels)
    truth, error = true_cosine(kind, true, generator, members=40)
    target = float(snr_from_cosine(torch.tensor(truth)))
    cosines, covered = [], []
    for k, gram in enumerate(grams(kind, signal, members, generator)):
        figure = pooled_snr(gram)
        interval = members_interval(figure) if question == "members" else claim_interval(figure, seed=k)
        cosines.append(float(figure.per_image.mean()))
        covered.append(interval is not None and interval.low <= target <= interval.high)
    return Studies(
        kind=kind,
        members=members,
        question=question,
        cosines=torch.tensor(cosines, dtype=torch.float64),
        covered=covered,
        truth=truth,
        truth_error=error,
    )


def cosine_rows(found: Sequence[Studies]) -> list[Row]:
    """Return how far the mean of c is from the truth, in Monte-Carlo errors."""
    rows = []
    for one in found:
        mean, error = mean_of(one.cosines)
        off = (mean - one.truth) / math.hypot(error, one.truth_error)
        check = Check(value=off, error=0.0, low=-UNBIASED, high=UNBIASED)
        rows.append(Row(labels=(one.kind, str(one.members)), check=check, others=(f"{one.truth:.4f}", f"{mean:.4f}")))
    return rows


def coverage_rows(found: Sequence[Studies], *, judged: bool) -> list[Row]:
    """Return how often the intervals held the truth."""
    rows = []
    for one in found:
        value, error = share(one.covered)
        low = COVERAGE if judged and one.members >= JUDGED_FROM else -math.inf
        check = Check(value=value, error=error, low=low)
        rows.append(Row(labels=(one.kind, one.question, str(one.members)), check=check))
    return rows


def bias_rows(members: Sequence[int], pixels: Sequence[int], *, repetitions: int) -> list[Row]:
    """Return the relative bias of the pooled r of 32 images with Gaussian noise, P pixels, independent or shared."""
    grid = [(e, count, shared) for count in pixels for shared in (0.0, SHARED) for e in members]
    return [bias_row(*place, repetitions=repetitions) for place in grid]


def bias_row(members: int, pixels: int, shared: float, *, repetitions: int) -> Row:
    generator = generator_of("bias", members, pixels, shared)
    truth, _ = true_cosine("gaussian", signals(generator, 1500, IMAGES, pixels=pixels), generator, members=20)
    target = truth / (1 - truth)
    result = []
    for block in signals(generator, repetitions, IMAGES, pixels=pixels).split(50):
        gram = gram_matrix(maps("gaussian", block, members, generator, shared=shared))
        result.append(snr_from_cosine(cosine(gram).mean(-1)))
    mean, error = mean_of(torch.cat(result) / target - 1)
    bound = BIAS if members >= JUDGED_FROM else math.inf
    check = Check(value=mean, error=error, low=-bound, high=bound)
    labels = (str(pixels), "a third" if shared else "none", str(members))
    return Row(labels=labels, check=check, others=(f"{target:.3f}",))


# (v): tests and their levels


def sign_flip_rows(kinds: Sequence[str], members: Sequence[int], *, repetitions: int) -> list[Row]:
    """Return how often the sign-flip test finds signal in noise, and where r is 0.05 (4 images)."""
    rows = []
    for kind in kinds:
        for e in members:
            level, power = (share(sign_flips(kind, e, r, repetitions=repetitions)) for r in (0.0, 0.05))
            check = Check(value=level[0], error=level[1], high=LEVEL)
            rows.append(Row(labels=(kind, str(e)), check=check, others=(f"{power[0]:.2f}",)))
    return rows


def sign_flips(kind: str, members: int, r: float, *, repetitions: int) -> list[bool]:
    generator = generator_of("sign flip", kind, members, r)
    signal = signals(generator, repetitions, 4, pixels=PIXELS[kind], r=r)
    tests = (sign_flip_test(gram, seed=k) for k, gram in enumerate(grams(kind, signal, members, generator)))
    return [test.p is not None and test.p <= 0.05 for test in tests]


def mode_rows(kinds: Sequence[str], members: Sequence[int], *, repetitions: int) -> list[Row]:
    """Return the level of the test for modes, per image, the share of studies with any, and the power.

    Level: 16 images of one mode. Power: of two modes in Gaussian noise of 16 pixels.
    """
    rows = []
    for kind in kinds:
        for e in members:
            p, fires = mode_tests(kind, e, repetitions=repetitions)
            # images of a study share members: the error is that between studies
            mean, error = mean_of((p <= 0.05).double().mean(1))
            check = Check(value=mean, error=error, high=LEVEL)
            power, _ = mode_tests("two modes", e, repetitions=max(4, repetitions // 4))
            others = (f"{share(fires)[0]:.3f}", f"{float((power <= 0.05).double().mean()):.2f}")
            rows.append(Row(labels=(kind, str(e)), check=check, others=others))
    return rows


def mode_tests(kind: str, members: int, *, repetitions: int) -> tuple[Tensor, list[bool]]:
    generator = generator_of("modes", kind, members)
    signal = signals(generator, repetitions, 16, pixels=PIXELS[kind])
    tests = [mode_test(gram, seed=k) for k, gram in enumerate(grams(kind, signal, members, generator))]
    return torch.stack([test.p for test in tests if test.p is not None]), [bool(test.found) for test in tests]


# (vi): members that most images need


def members_rows(members: Sequence[int], pixels: Sequence[int], *, repetitions: int) -> list[Row]:
    """Return the coverage of the number of members for 90% of the images, and its median over the true number."""
    rows = []
    for count in pixels:
        for e in members:
            generator = generator_of("members for images", e, count)
            # at the 10% quantile of r; c rises with r and depends on nothing else
            worst = signals(generator, 200, IMAGES, pixels=count, r=R * math.exp(SPREAD * ndtri(0.1)), spread=0)
            truth, _ = true_cosine("gaussian", worst, generator, members=40)
            exact = 9 * (1 - truth) / truth
            signal = signals(generator, repetitions, IMAGES, pixels=count)
            gram = grams("gaussian", signal, e, generator)
            found = [members_for_images(each, seed=k) for k, each in enumerate(gram)]
            value, error = share([holds(one, exact) for one in found])
            median = float(np.median([math.inf if one.value is None else one.value for one in found]))
            rows.append(
                Row(
                    labels=(str(count), str(e)),
                    check=Check(value=value, error=error, low=COVERAGE),
                    others=(f"{exact:.1f}", f"{median:.0f}", f"{share([one.high is None for one in found])[0]:.2f}"),
                )
            )
    return rows


def holds(needed: MembersNeeded, exact: float) -> bool:
    """Return whether the interval holds the exact number; its ends are rounded up."""
    if needed.value is None or needed.low is None:
        return True  # undetermined: no claim was made
    return needed.low - 1 <= exact and (needed.high is None or exact <= needed.high)


# (vii): which pixels are real

NOISES: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "independent": lambda noise, _: noise,
    "correlated": lambda noise, _: blurred(noise),
    "unequal variances": lambda noise, generator: noise * (0.5 * normal(generator, noise.shape[-1])).exp(),
}


def pixel_rows(noises: Sequence[str], members: Sequence[int], *, repetitions: int) -> list[Row]:
    """Return false discoveries and power, a tenth of 1024 pixels being real at |mu| / sigma = 1."""
    rows = []
    for noise in noises:
        for e in members:
            generator = generator_of("pixels", noise, e)
            figures = np.array([discoveries(noise, e, generator) for _ in range(repetitions)])
            false, power, plain = figures.mean(0)
            check = Check(value=false, error=figures[:, 0].std() / math.sqrt(repetitions), high=LEVEL)
            rows.append(Row(labels=(noise, str(e)), check=check, others=(f"{power:.2f}", f"{plain:.2f}")))
    return rows


def discoveries(noise: str, members: int, generator: torch.Generator) -> tuple[float, float, float]:
    """Return the share of false discoveries, and the power with and without moderated variances."""
    image = NOISES[noise](normal(generator, members, 1024), generator)
    real = torch.arange(1024) < 102
    image += real
    result = significant_pixels(image).significant
    t = image.mean(0) / image.std(0) * math.sqrt(members)
    plain = benjamini_hochberg(torch.as_tensor(2 * stdtr(members - 1, -t.abs().numpy()))) <= 0.05
    false = float((result & ~real).sum()) / max(1, int(result.sum()))
    return false, float(result[real].double().mean()), float(plain[real].double().mean())


# (vii): methods that draw random numbers

SHARES = ((0.2, 0.3), (0.2, 0.9), (0.5, 0.3), (0.5, 0.9), (0.9, 0.3), (0.9, 0.9))
"""Shares of a map's energy: the method's own noise, and what of it depends on the draw alone, whatever the network."""
ALPHA = (0.03, 0.07)
"""Bounds of a test's level at a nominal 0.05."""
MOST_PIXELS = 0.01
"""Largest share of pixels that may be significant without any signal."""


def drawn_maps(
    shares: tuple[float, float], members: int, generator: torch.Generator, *, shape: tuple[int, int], own: bool
) -> Tensor:
    """Return two draws of maps without any signal, `[B, E, D, P]`.

    own: the first draw is each member's own and the second shared, as in a bench; else both are shared.
    """
    method, alone = shares
    images, pixels = shape
    numbers = normal(generator, images, members, 2, pixels)
    numbers[:, :, int(own) :] = numbers[:, :1, int(own) :]
    network = math.sqrt(1 - method) * normal(generator, images, members, 1, pixels)
    both = normal(generator, images, members, 2, pixels)
    return network + math.sqrt(method * alone) * numbers + math.sqrt(method * (1 - alone)) * both


def different_draws(crossed: Tensor) -> Tensor:
    """Return the products of unit-norm maps of two shared draws, each with the other: no draw with itself."""
    images, members = crossed.shape[:2]
    unit = scale_gram(crossed.reshape(images, 2 * members, 2 * members), "unit").reshape(crossed.shape)
    gram = unit[:, :, 0, :, 1]
    return (gram + gram.mT) / 2


def draw_test_rows(settings: Sequence[tuple[float, float]], members: Sequence[int], *, repetitions: int) -> list[Row]:
    """Return the level of the sign-flip test on own draws, and on pairs of different draws that all members share."""
    rows = []
    for shares in settings:
        for e in members:
            level, old = (share(draw_tests(shares, e, own=own, repetitions=repetitions)) for own in (True, False))
            check = Check(value=level[0], error=level[1], low=ALPHA[0], high=ALPHA[1])
            labels = (f"{shares[0]:.1f}", f"{shares[1]:.1f}", str(e))
            rows.append(Row(labels=labels, check=check, others=(f"{old[0]:.2f}",)))
    return rows


def draw_tests(shares: tuple[float, float], members: int, *, own: bool, repetitions: int) -> list[bool]:
    generator = generator_of("draw tests", shares, members, own)
    result = []
    for k in range(repetitions):
        drawn = drawn_maps(shares, members, generator, shape=(4, 16), own=own)
        crossed = torch.stack([crossed_gram(image) for image in drawn])
        p = sign_flip_test(between_draws(crossed) if own else different_draws(crossed), seed=k).p
        result.append(p is not None and p <= 0.05)
    return result


def draw_pixel_rows(settings: Sequence[tuple[float, float]], members: Sequence[int], *, repetitions: int) -> list[Row]:
    """Return the share of significant pixels without any signal: of own draws, and of the mean of two shared ones."""
    rows = []
    for shares in settings:
        for e in members:
            found = {}
            for own in (True, False):
                generator = generator_of("draw pixels", shares, e, own)
                drawn = drawn_maps(shares, e, generator, shape=(repetitions, 1024), own=own)
                used = [own_mean(image) if own else image.mean(1) for image in drawn]
                found[own] = torch.tensor(
                    [float(significant_pixels(image).significant.double().mean()) for image in used]
                )
            check = Check(
                value=float(found[True].mean()),
                error=float(found[True].std()) / math.sqrt(repetitions),
                high=MOST_PIXELS,
            )
            any_old = f"{float((found[False] > 0).double().mean()):.2f}"
            labels = (f"{shares[0]:.1f}", f"{shares[1]:.1f}", str(e))
            rows.append(Row(labels=labels, check=check, others=(f"{float(found[False].mean()):.3f}", any_old)))
    return rows


def draw_tables(n: int) -> Iterator[Table]:
    """Yield the sections on methods that draw random numbers."""
    yield Table(
        title="Sign-flip test of methods that draw random numbers",
        text=f"""Share of studies without any signal with p <= 0.05, {n} each of 4 images of 16 pixels: on each member's
own draw, as in a bench; beside it (old) on pairs of different draws that all members share. Method: its noise's share
of a map's energy; alone: the part of that noise which depends on the draw alone, whatever the network.
Criterion: {ALPHA[0]} to {ALPHA[1]}.""",
        columns=("method", "alone", "E", "old", "level"),
        rows=draw_test_rows(SHARES, (8, 11), repetitions=n),
    )
    yield Table(
        title="Significant pixels of methods that draw random numbers",
        text=f"""Share of significant pixels without any signal, {max(20, n // 10)} images of 1024 pixels: on each
member's own draw, as in a bench; beside it on the mean of two draws that all members share (old), and on how many
images that one finds any. Criterion: at most {MOST_PIXELS}.""",
        columns=("method", "alone", "E", "old", "images", "pixels"),
        rows=draw_pixel_rows(SHARES, (8, 30), repetitions=max(20, n // 10)),
        digits=4,
    )


# The page


# Views without sign, and maps of one sign

VIEW_NOISES = ("white", "blurred", "unequal", "channels")


def view_noise(kind: str, members: int, images: int, generator: torch.Generator, *, r: float = 0) -> Tensor:
    """Return maps `[B, E, 1, 16, 16]`: noise that is Gaussian at every pixel, and a signal of r times its energy."""
    shape = (images, members, 256)
    if kind == "channels":  # a CAM: eight positive channels, whose weights are each member's
        features = normal(generator, images, 8, 256).relu()
        noise = normal(generator, images, members, 8) @ features
    else:
        noise = normal(generator, *shape)
    if kind == "blurred":
        noise = blurred(noise)
    if kind == "unequal":
        noise = noise * torch.logspace(-1, 1, 256, dtype=torch.float64)
    signal = normal(generator, images, 1, 256) * (r * noise.square().mean()).sqrt()
    return (noise + signal).unflatten(-1, (1, 16, 16))


def floor_rows(kinds: Sequence[str], members: Sequence[int], *, repetitions: int) -> list[Row]:
    """Return how far the floor from flipped residuals is from what noise alone gives, relative."""
    rows = []
    for view, kind, count, r in itertools.product(("relu", "abs"), kinds, members, (0.0, 1.0)):
        generator = generator_of("floors", view, kind, count, r)
        alone = apply_view(view_noise(kind, 60, 200, generator), view).flatten(2)
        true = float(snr_from_cosine(cosine(gram_matrix(alone.movedim(0, 1))).mean()))
        result = [
            floor_of([image_flips(one, view=view) for one in view_noise(kind, count, IMAGES, generator, r=r)])[0]
            for _ in range(repetitions)
        ]
        value, error = mean_of(torch.tensor(result, dtype=torch.float64) / true - 1)
        bounds = {"low": -0.05, "high": 0.05} if count >= JUDGED_FROM else {}
        rows.append(
            Row(
                labels=(view, kind, str(count), f"{r:g}"),
                check=Check(value=value, error=error, **bounds),
                others=(f"{true:.2f}",),
            )
        )
    return rows


def relu_test_rows(kinds: Sequence[str], members: Sequence[int], *, repetitions: int) -> list[Row]:
    """Return the level of the test by flips of whole maps."""
    rows = []
    for kind, count in itertools.product(kinds, members):
        generator = generator_of("relu test", kind, count)
        studies_of_noise = (view_noise(kind, count, 4, generator) for _ in range(repetitions))
        ps = [
            flip_test([image_flips(one, view="relu") for one in own], seed=k).p
            for k, own in enumerate(studies_of_noise)
        ]
        value, error = share([p is not None and p <= 0.05 for p in ps])
        rows.append(Row(labels=(kind, str(count)), check=Check(value=value, error=error, low=ALPHA[0], high=ALPHA[1])))
    return rows


def one_signed_rows(members: Sequence[int], *, repetitions: int) -> list[Row]:
    """Return what maps of one sign show without any signal: whole, and less their own means."""
    rows = []
    for count in members:
        generator = generator_of("one sign", count)
        whole, centred, ps = [], [], []
        for k in range(repetitions):
            # no place is common to the members: smooth positive bumps anywhere on a constant, as a rectified CAM has
            maps = blurred(normal(generator, 8, count, 256)).relu() * (1 + normal(generator, 8, count, 1).abs()) + 1
            grid = maps.unflatten(-1, (1, 16, 16))
            gram = {v: gram_matrix(apply_view(grid, v).flatten(2).movedim(0, 1)) for v in ("signed", "centred")}
            whole.append(pooled_snr(gram["signed"]).value)
            centred.append(pooled_snr(gram["centred"]).value)
            ps.append(sign_flip_test(gram["centred"], seed=k).p)
        value, error = share([p is not None and p <= 0.05 for p in ps])
        means = tuple(f"{float(torch.tensor(own).mean()):.2f}" for own in (whole, centred))
        rows.append(Row(labels=(str(count),), check=Check(value=value, error=error, high=0.07), others=means))
    return rows


def view_tables(*, scale: float) -> Iterator[Table]:
    """Yield the sections on views without sign and on maps of one sign."""
    few, many = max(3, round(20 * scale)), max(20, round(400 * scale))
    yield Table(
        title="Floors of the views relu and abs",
        text=f"""Relative error of the floor of r from flipped residuals, {few} studies of {IMAGES} images of 256
pixels, beside what noise alone gives; with no signal, and with r = 1. Criterion: 5% at E >= {JUDGED_FROM}.""",
        columns=("view", "noise", "E", "r", "floor", "relative error"),
        rows=floor_rows(VIEW_NOISES, (4, 8, 16), repetitions=few),
    )
    yield Table(
        title="Test of the view relu",
        text=f"""Share of {5 * many} studies of noise alone (4 images) with p <= 0.05, by flips of whole maps.
Criterion: 0.03 to 0.07.""",
        columns=("noise", "E", "level"),
        rows=relu_test_rows(VIEW_NOISES, (6, 8), repetitions=5 * many),
    )
    yield Table(
        title="Maps of one sign",
        text=f"""{many} studies of 8 images whose maps cannot be negative and have no signal: r of whole maps, of
maps less their own means, and the level of the sign-flip test on these. Criterion: at most 0.07.""",
        columns=("E", "r whole", "r centred", "level"),
        rows=one_signed_rows((6, 8), repetitions=many),
    )


def tables(*, scale: float = 1.0) -> Iterator[Table]:
    """Yield the sections; `scale` shortens them all."""
    n = max(20, round(1000 * scale))
    counts = (4, 8, 16, 30)
    questions = ("members", "both")
    good = [studies(k, e, q, repetitions=n) for q in questions for k in GOOD for e in counts]
    bad = [studies(k, e, q, repetitions=n // 2) for q in questions for k in BAD for e in counts]
    yield Table(
        title="The mean cosine is unbiased",
        text=f"""{n} studies each of the same {IMAGES} images ({n // 2} for the last two kinds), unit-norm maps.
Criterion: within {UNBIASED:g} Monte-Carlo errors of the population's value (the errors of both together).""",
        columns=("noise", "E", "true c", "mean c", "Monte-Carlo errors off"),
        rows=cosine_rows([one for one in (*good, *bad) if one.question == "members"]),
        digits=1,
    )
    yield Table(
        title="The bias of r",
        text=f"""Relative bias of r pooled over {IMAGES} fresh images, {3 * n} studies each; Gaussian noise of P
independent pixels, of which none or a third of the energy is the same on all images of a member. The true r is that of
unit-norm maps. Criterion: {BIAS:.0%} at E >= {JUDGED_FROM} and P >= 4.""",
        columns=("P", "shared noise", "E", "true r", "bias"),
        rows=bias_rows((4, 8, 16), (4, 16), repetitions=3 * n),
    )
    yield Table(
        title="Coverage of the 95% intervals of r",
        text=f"""{n} studies each. `members`: the same {IMAGES} images, fresh members; `both`: fresh images too.
Criterion: at least {COVERAGE:.0%} at E >= {JUDGED_FROM}.""",
        columns=("noise", "question", "E", "coverage"),
        rows=coverage_rows(good, judged=True),
    )
    yield Table(
        title="Coverage where the assumptions fail",
        text=f"""The same, {n // 2} studies each, with a twentieth of the members failed (no signal, five times the
noise), and with two modes (a pattern as energetic as the noise, added or subtracted by chance).
No criterion: a warning.""",
        columns=("members", "question", "E", "coverage"),
        rows=coverage_rows(bad, judged=False),
    )
    yield Table(
        title="Sign-flip test",
        text=f"""Share of studies of pure noise with p <= 0.05, {n} each of 4 images; power at r = 0.05.
Criterion: at most {LEVEL}.""",
        columns=("noise", "E", "power", "level"),
        rows=sign_flip_rows(GOOD, (6, 8, 16), repetitions=n),
    )
    quarter, fifth = max(20, n // 4), max(20, n // 5)
    yield Table(
        title="Test for modes",
        text=f"""Share of images with p <= 0.05, {quarter} studies of 16 images with one mode; share of studies
with any image that fires; power per image (p <= 0.05) for two modes as above, 16 pixels.
Criterion: at most {LEVEL} per image.""",
        columns=("noise", "E", "studies that fire", "power", "level"),
        rows=mode_rows((*GOOD, "gains"), (4, 8, 16), repetitions=quarter),
    )
    yield Table(
        title="Members for 90% of the images",
        text=f"""{fifth} studies each of {IMAGES} fresh images, Gaussian noise of P pixels, reliability 0.9: the exact
number, the median of the estimates, the share of intervals open above, and coverage of the exact number.
Criterion: at least {COVERAGE:.0%}.""",
        columns=("P", "E", "exact", "median", "open", "coverage"),
        rows=members_rows((8, 16), (16, 64), repetitions=fifth),
    )
    yield Table(
        title="Significant pixels",
        text=f"""Rate of false discoveries at 0.05, {fifth} images of 1024 pixels, of which a tenth is real with a mean
of 1 (the noise has a standard deviation of 1; where unequal, as median), and power, with and without moderated
variances. Criterion: at most {LEVEL}.""",
        columns=("noise", "E", "power", "unmoderated", "false discoveries"),
        rows=pixel_rows(tuple(NOISES), (4, 8, 16), repetitions=fifth),
    )
    yield from view_tables(scale=scale)
    yield from draw_tables(n)


def dependence_tables(*, repetitions: int) -> Iterator[Table]:
    """Yield what happens where images are not independent, a mode is missed, or noise is skewed."""
    yield Table(
        title="Near duplicates",
        text=f"""Coverage of the 95% interval of r for new members and images over {repetitions} studies of 32 images,
those of a group alike to 95% in signal and noise: images taken as independent, and as groups.""",
        columns=("groups", "E", "independent", "as groups"),
        rows=group_rows(repetitions=repetitions),
    )
    yield Table(
        title="A mode that may go unseen",
        text=f"""Coverage over {repetitions} studies of 16 images whose members are of two modes, as energetic as the
noise, the same on all images: of the interval, and of the second line for unseen modes.""",
        columns=("modes", "E", "interval", "second line"),
        rows=unseen_rows(repetitions=repetitions),
    )
    yield Table(
        title="Skewed noise",
        text=f"""Rate of false discoveries among 1024 pixels of which a tenth has a mean of one sigma
({repetitions // 4} images), and the skewness that is seen.""",
        columns=("noise", "E", "skewness seen", "false discoveries"),
        rows=skewed_rows(repetitions=repetitions // 4),
    )


LAYOUTS = {"4 of 8": [8] * 4, "8 of 4": [4] * 8, "16 of 2": [2] * 16, "16, 8, 4, 2, 1, 1": [16, 8, 4, 2, 1, 1]}


def near_duplicates(sizes: Sequence[int], members: int, generator: torch.Generator, *, alike: float = 0.95) -> Tensor:
    """Return maps `[E, B, P]` of images that are alike within groups of these sizes."""
    place = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    images, count, shared, own = len(place), len(sizes), math.sqrt(alike), math.sqrt(1 - alike)
    strength = (R * (SPREAD * normal(generator, count)).exp())[place].sqrt()[:, None]
    signal = strength * (shared * normal(generator, count, 16)[place] + own * normal(generator, images, 16))
    noise = shared * normal(generator, members, count, 16)[:, place] + own * normal(generator, members, images, 16)
    return signal + math.sqrt(SHARED) * normal(generator, members, 1, 16) + math.sqrt(1 - SHARED) * noise


def group_rows(*, repetitions: int) -> list[Row]:
    """Return coverage with near duplicates."""
    true = pooled_snr(gram_matrix(near_duplicates([1] * 6000, 60, generator_of("groups", "truth")))).value
    rows = []
    for (name, sizes), members in itertools.product(LAYOUTS.items(), (8, 16)):
        generator = generator_of("groups", name, members)
        groups = as_groups([place for place, size in enumerate(sizes) for _ in range(size)])
        covered: dict[bool, list[bool]] = {False: [], True: []}
        for _ in range(repetitions):
            gram = gram_matrix(near_duplicates(sizes, members, generator))
            for grouped, result in covered.items():
                interval = claim_interval(pooled_snr(gram, groups=groups if grouped else None), seed=SEED)
                result.append(interval is not None and interval.low <= true <= interval.high)
        value, error = share(covered[True])
        alone = f"{share(covered[False])[0]:.3f}"
        rows.append(Row(labels=(name, str(members)), others=(alone,), check=Check(value=value, error=error, low=0.88)))
    return rows


def unseen_rows(*, repetitions: int) -> list[Row]:
    """Return coverage where a mode of the members may have been missed."""
    rows = []
    for major, members in itertools.product((0.8, 0.9), (8, 16, 30)):
        generator = generator_of("unseen", major, members)
        plain, second = [], []
        for _ in range(repetitions):
            signal, pattern = normal(generator, 2, 16, 16)

            def study(count: int, signal: Tensor = signal, pattern: Tensor = pattern) -> Tensor:
                modes = (torch.rand(count, 1, 1, generator=generator) < major).double() - major  # noqa: B023 - used here
                pattern = pattern / math.sqrt(major * (1 - major))  # noqa: B023 - as above
                return math.sqrt(R) * signal + modes * pattern + normal(generator, count, 16, 16)  # noqa: B023 - as above

            true = pooled_snr(gram_matrix(study(400))).value
            interval = claim_interval(pooled_snr(gram_matrix(study(members))), seed=SEED)
            allowed = allow_for_unseen_mode(interval, members=members)
            plain.append(interval is not None and interval.low <= true <= interval.high)
            second.append(
                interval is not None and allowed is not None and allowed.low <= true <= interval.high
            )  # fmt: skip
        value, error = share(second)
        labels = (f"{major:.0%}", str(members))
        rows.append(Row(labels=labels, others=(f"{share(plain)[0]:.3f}",), check=Check(value=value, error=error)))
    return rows


def skewed_rows(*, repetitions: int) -> list[Row]:
    """Return the rate of false discoveries in skewed pixels."""
    draws: dict[str, Callable[[Tensor], Tensor]] = {
        "normal": lambda z: z,
        "chi^2_1": lambda z: (z.square() - 1) / math.sqrt(2),
        "log-normal": lambda z: (z.exp() - math.exp(0.5)) / math.sqrt((math.e - 1) * math.e),
    }
    real = (torch.arange(1024) < 102).double()
    rows = []
    for (name, draw), members in itertools.product(draws.items(), (4, 8, 16, 30)):
        generator = generator_of("skewed", name, members)
        found = [significant_pixels(real + draw(normal(generator, members, 1024))) for _ in range(repetitions)]
        false = [float(own.significant[102:].sum()) / max(1, int(own.significant.sum())) for own in found]
        value, error = mean_of(torch.tensor(false, dtype=torch.float64))
        seen = f"{np.mean([own.skewness for own in found]):.2f}"
        rows.append(Row(labels=(name, str(members)), others=(seen,), check=Check(value=value, error=error)))
    return rows


def markdown(table: Table) -> str:
    """Return a section of the page."""
    head = [*table.columns, *([] if table.digits == 1 else ["+-"]), "criterion"]
    lines = [f"## {table.title}", "", table.text, "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in table.rows:
        error = [] if table.digits == 1 else [f"{row.check.error:.{table.digits}f}"]
        cells = [*row.labels, *row.others, f"{row.check.value:.{table.digits}f}", *error, row.check.verdict()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page(sections: Sequence[str], *, seconds: float) -> str:
    """Return the page."""
    found = versions()
    where = ", ".join(f"{name} {found[name]}" for name in ("python", "saliencynoise", "torch", "numpy", "scipy"))
    machine = hardware("cpu", threads=1)["processor"]
    body = "\n\n".join(sections)
    return f"""# Simulated estimators

Written by `docs/scripts/estimators.py` in {seconds:.0f} s of processor time: {where}; one thread of {machine};
seed {SEED}.

Where the truth is known, how far are the figures from it? A study is E members' maps of {IMAGES} images. An image's r
is log-normal with median {R} and a log-spread of {SPREAD}, so images differ; a third of a member's noise energy is the
same on all its images. Noise: `gaussian`, 16 independent pixels; `correlated`, 64 pixels blurred to a P_eff of 7;
`heavy-tailed`, 16 pixels, with one factor per member that makes it Student's with 3 degrees of freedom; `gains`, as
gaussian, but a member's whole maps have one factor of log-spread 0.5. The true values of unit-norm maps have no closed
form: they are means over 200 x {IMAGES} images with 40 fresh members each.

"+-" is the Monte-Carlo error (one standard error). "pass": the criterion is met as simulated; "within error": it is
missed by less than two Monte-Carlo errors; no word: no criterion applies. The tests run the same, shorter.

{body}
"""


def main() -> None:
    """Simulate, print, and write the page."""
    torch.set_num_threads(1)
    sections = []
    for table in itertools.chain(tables(), dependence_tables(repetitions=200)):
        sections.append(markdown(table))
        print(sections[-1], f"\n{time.process_time():.0f} s\n", flush=True)
    text = page(sections, seconds=time.process_time())
    (Path(__file__).parents[1] / "estimators.md").write_text(text)


if __name__ == "__main__":
    main()
