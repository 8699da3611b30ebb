"""The composition that a bench uses: statistics image by image, then the figures of a study or of a class."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError, derive_seed
from saliencynoise.statistics.clusters import (
    Clusters,
    first_members,
    several_starts,
    start_crossed,
    start_gram,
    without_each,
)
from saliencynoise.statistics.draws import (
    between_draws,
    crossed_gram,
    energy_shares,
    network_snr,
    own_mean,
    unit_crossed,
)
from saliencynoise.statistics.flips import Flips, flip_test, floor_of
from saliencynoise.statistics.floors import noise_floor
from saliencynoise.statistics.gram import Scale, diag_mean, gram_matrix, means_without, off_mean
from saliencynoise.statistics.groups import Groups, chosen
from saliencynoise.statistics.intervals import INDICATIVE_BELOW, Interval, Pooled, Unit, claim_interval
from saliencynoise.statistics.nested import Nested, nested, population_gram
from saliencynoise.statistics.reliability import MembersNeeded, members_needed
from saliencynoise.statistics.significance import SignalTest, sign_flip_test
from saliencynoise.statistics.signs import why_no_null
from saliencynoise.statistics.snr import (
    amplitude,
    corrected_snr,
    cosine,
    cosine_from_snr,
    effective_pixels,
    pooled_effective_pixels,
    pooled_snr,
    snr_from_cosine,
)
from saliencynoise.statistics.uncorrected_snr import (
    snr_pixel,
    snr_pixel_without,
    snr_power,
    snr_power_without,
    snr_rms,
)
from saliencynoise.statistics.unseen import UnseenMode, allow_for_unseen_mode
from saliencynoise.statistics.views import get_view

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.interfaces.specs import Sign

DEFINITIONS: Mapping[str, str] = MappingProxyType(
    {
        "snr_pixel": "mean over images of the mean over pixels of |m|/s; uncorrected, raw maps",
        "snr_rms": "mean over images of sqrt(sum m^2 / sum s^2); uncorrected, raw maps",
        "snr_power": "mean over images of sum m^2 / sum s^2; uncorrected, raw maps",
        "cosine": "c: mean pairwise cosine of members' maps, averaged over images",
        "snr": "r = c/(1-c): signal energy over noise energy of one map; corrected, unit-norm maps",
        "snr_averaged": "r on the scale on which maps are averaged, raw but for mean_unit; 'for 0.9' rests on it",
        "snr_network": "r of the networks alone: the sampling noise of a stochastic method taken out; else r",
        "snr_amplitude": "signed root of r; comparable in kind with the published table",
    }
)
"""The definition of each figure, in the order of tables."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageStatistics:
    """Statistics of one image's maps: enough for every figure, and small.

    Attributes:
        gram: `[E, E]`, inner products of members' maps (averaged over own draws), float64.
        snr_pixel: published SNR of all members; NaN where all maps are zero.
        snr_pixel_without: `[E]`, the same with each member left out; NaN with two members. Where members share some of
            several starts, `[K]`: with each start left out.
        crossed: `[E, D, E, D]`, inner products of all members' maps in all draws; None with one draw.
        flips: statistics of maps with flipped signs, in a view without sign: they give the floor, and the test in
            "relu". With None the floor is that of Gaussian noise, and there is no test.
    """

    gram: Float[Tensor, "E E"]
    snr_pixel: float
    snr_pixel_without: Float[Tensor, " E"]
    crossed: Float[Tensor, "E D E D"] | None = None
    flips: Flips | None = None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure with its interval, floor and definition.

    Attributes:
        value: the figure; NaN where it is undefined.
        interval: by default for new members and new images; None below 3 members or where `value` is
            undefined.
        floor: the value for pure noise; NaN where it is not known, as for maps of one sign.
        definition: the formula in words.
    """

    value: float
    interval: Interval | None
    floor: float
    definition: str

    @property
    def words(self) -> str | None:
        """The meaning of the interval in words."""
        return None if self.interval is None else self.interval.words


@dataclass(frozen=True, kw_only=True, eq=False)
class CellStatistics:
    """All figures of one method on one network architecture, over a set of images.

    Attributes:
        view: name of the view that the maps were in.
        members: E.
        images: number of images given.
        used_images: those with a map that is not all zeros; the others count nowhere.
        estimates: by key, in the order of `DEFINITIONS`.
        members_needed: for the reliability asked for, from `snr_averaged`.
        signal_p: p-value of the sign-flip test; None where it was not made.
        signal_note: how the p-value was obtained, or why there is none.
        floor_note: why the floor of r is too high (heavy tails, sparse maps), or empty.
        indicative: whether there are fewer than 8 members, so that intervals are rough.
        draws: D, of a stochastic method; 1 of any other.
        energy: shares of a map's energy, "signal", "network", "draw" and "residual"; None with one draw.
        unseen_mode: lower end of the headline r if a second mode of networks went unseen; None without an interval.
        nested: r within a start and of the population, where several members share a start; else None. With several
            starts the headline figures are those of the population.
        per_image: by key `[images]`: the figures per image, of maps averaged over a member's draws, and
            `effective_pixels`; NaN where undefined. `snr_raw` is r of raw maps, corrected for small samples;
            `cosine_draw_mean` is the mean pairwise cosine of the members' draw-averaged maps.
    """

    view: str
    members: int
    images: int
    used_images: int
    estimates: Mapping[str, Estimate]
    members_needed: MembersNeeded
    signal_p: float | None
    signal_note: str
    floor_note: str
    indicative: bool
    draws: int
    energy: Mapping[str, float] | None
    unseen_mode: UnseenMode | None
    nested: Nested | None
    per_image: Mapping[str, Float[Tensor, " B"]]


def image_statistics(maps: Float[Tensor, "E *D P"], *, clusters: Clusters | None = None) -> ImageStatistics:
    """Return the statistics of one image from all members' maps, so that no two images need be held at once.

    Args:
        maps: `[E, P]`, in one view, the pixels (channels included) flattened; any floating dtype, any unit. With a
            stochastic method `[E, D, P]`, the second draw the same for all members, the others each member's own;
            uncorrected figures are then computed from maps averaged over own draws.
        clusters: the start of each member, where several share one.

    Raises:
        UsageError: of another shape, fewer than two members, no pixel, or values that are not finite.

    >>> image_statistics(torch.tensor([[1.0, 2.0], [3.0, 4.0]])).gram[0, 1].item()
    11.0
    """
    maps = maps.detach().to(device="cpu", dtype=torch.float64)
    if maps.ndim not in {2, 3} or len(maps) < 2 or maps[0].numel() == 0:
        raise UsageError(f"maps of shape {list(maps.shape)}: need [members, pixels] with at least 2 members")
    broken = (~maps.isfinite()).flatten(1).any(1).nonzero().flatten().tolist()
    if broken:
        raise UsageError(f"maps of members {broken} hold NaN or infinity: leave out these members or this image")
    several = maps.ndim == 3 and maps.shape[1] > 1
    averaged = own_mean(maps) if maps.ndim == 3 else maps
    starts = several_starts(clusters)
    return ImageStatistics(
        gram=gram_matrix(averaged),
        snr_pixel=float(snr_pixel(averaged)),
        snr_pixel_without=snr_pixel_without(averaged)
        if starts is None
        else without_each(lambda stay: snr_pixel(averaged[stay]), starts),
        crossed=crossed_gram(maps) if several else None,
    )


def summarise(
    images: Sequence[ImageStatistics],
    *,
    view: str,
    seed: int,
    reliability: float = 0.9,
    groups: Groups | None = None,
    sign: Sign = "signed",
    scale: Scale = "unit",
    clusters: Clusters | None = None,
) -> CellStatistics:
    """Return all figures of a set of images: a whole study, or the images of one class.

    Args:
        images: statistics of each image, all with the same members.
        view: name of the view that the maps were in; it sets the floors and whether the sign-flip test is
            valid.
        seed: of the run; the bootstrap's and the test's seeds are derived from it.
        reliability: for `members_needed`, between 0 and 1.
        scale: on which maps are averaged, "raw" or "unit": `members_needed` is for averages on that scale.
        sign: of the maps before they were viewed, as `MethodSpec.sign`: without both signs there are no floors and no
            test but in the view "centred".
        groups: the group of each image, where some belong together; the intervals are for new groups.
        clusters: the start of each member, where several share one. With several starts the headline is r of networks
            from different starts, and the starts are left out one by one; with one it is r within.

    Raises:
        UsageError: no images, differing numbers of members, an unknown view, or a reliability outside 0 to 1.

    >>> generator = torch.Generator().manual_seed(0)
    >>> signal = torch.randn(16, 1, 256, generator=generator)
    >>> maps = signal + torch.randn(16, 8, 256, generator=generator)     # r = 1
    >>> figures = summarise([image_statistics(m) for m in maps], view="signed", seed=0)
    >>> round(figures.estimates["snr"].value, 2), str(figures.members_needed)
    (0.96, '10 [9, 11]')
    """
    no_null = why_no_null(view, sign)
    counts = sorted({len(image.gram) for image in images})
    if len(counts) != 1:
        raise UsageError(f"need images that all have the same members; got {len(images)} images, members {counts}")
    gram = torch.stack([image.gram for image in images])
    used = diag_mean(gram) > 0
    starts = several_starts(clusters)
    per_image = _per_image(images, gram, starts)
    crossed = _crossed(images)
    single = of_members = gram if crossed is None else between_draws(crossed)
    raw = _raw_gram(single, gram, crossed)
    if starts is not None:
        single, raw = population_gram(single, starts), start_gram(raw, starts)
        crossed = None if crossed is None else start_crossed(unit_crossed(crossed), starts)
    pooled = _pooled(images, gram, per_image, used, starts) if bool(used.any()) else {}
    if pooled:
        pooled |= _headlines(single[used], None if crossed is None else crossed[used])
        pooled["snr_averaged"] = pooled["snr"] if scale == "unit" else _raw_pooled_snr(raw[used])
    unit: Unit = "members" if starts is None else "starts"
    grouped = {key: replace(figure, groups=chosen(groups, used), unit=unit) for key, figure in pooled.items()}
    intervals = {key: claim_interval(figure, seed=derive_seed(seed, "bootstrap")) for key, figure in grouped.items()}
    pixels = float(pooled_effective_pixels(independent_gram(gram, starts)))
    estimates = _estimates(pooled, intervals, view=view, members=counts[0], pixels=pixels)
    estimates, floor_note = _with_floors(estimates, images, members=counts[0])
    if no_null:
        floor_note = ""
        estimates = MappingProxyType({key: replace(estimate, floor=math.nan) for key, estimate in estimates.items()})
    averaged = estimates["snr_averaged"]
    test = _signal_test(images, single, view=view, no_null=no_null, seed=derive_seed(seed, "bootstrap", 1), unit=unit)
    return CellStatistics(
        view=view,
        members=counts[0],
        images=len(images),
        used_images=int(used.sum()),
        estimates=estimates,
        members_needed=members_needed(averaged.value, _of_both(estimates), reliability=reliability),
        signal_p=test.p,
        signal_note=test.note,
        floor_note=floor_note,
        indicative=single.shape[-1] < INDICATIVE_BELOW,
        draws=1 if crossed is None else crossed.shape[-1],
        energy=energy_shares(crossed[used]) if crossed is not None and bool(used.any()) else None,
        unseen_mode=allow_for_unseen_mode(estimates["snr"].interval, members=single.shape[-1]),
        nested=nested(of_members[used], clusters, seed=derive_seed(seed, "bootstrap"), groups=chosen(groups, used))
        if clusters is not None and pooled
        else None,
        per_image=per_image,
    )


def _of_both(estimates: Mapping[str, Estimate]) -> Interval | None:
    """Return the interval of r for averages, which includes 0 where that of the headline does."""
    averaged, headline = estimates["snr_averaged"].interval, estimates["snr"].interval
    if averaged is None or headline is None or headline.low > 0:
        return averaged
    return replace(averaged, low=min(averaged.low, headline.low))


def _with_floors(
    estimates: Mapping[str, Estimate], images: Sequence[ImageStatistics], *, members: int
) -> tuple[Mapping[str, Estimate], str]:
    """Return the estimates with floors from flipped residuals, where these are known, and why they are too high."""
    flips = [image.flips for image in images if image.flips is not None]
    if not flips or len(flips) < len(images):
        return estimates, ""
    snr, note = floor_of(flips)
    power = snr + 1 / members
    floors = {"snr": snr, "snr_network": snr, "snr_averaged": snr, "snr_power": power, "snr_rms": math.sqrt(power)}
    floors |= {"snr_amplitude": math.sqrt(max(snr, 0.0)), "cosine": 1.0 if math.isinf(snr) else snr / (1 + snr)}
    return MappingProxyType(
        {key: replace(estimate, floor=floors.get(key, estimate.floor)) for key, estimate in estimates.items()}
    ), note  # fmt: skip


def _signal_test(
    images: Sequence[ImageStatistics], single: Tensor, *, view: str, no_null: str, seed: int, unit: Unit
) -> SignalTest:  # fmt: skip
    """Return the sign-flip test where it is valid; in the view "relu" that by flips of whole maps."""
    if no_null:
        return SignalTest(p=None, note=f"no test: {no_null}")
    flips = [image.flips for image in images if image.flips is not None]
    if view == "relu" and len(flips) == len(images):
        return flip_test(flips, seed=seed, unit=unit)
    if not get_view(view).signed:
        return SignalTest(p=None, note=f"no test: the noise of the view '{view}' is not symmetric about zero")
    return sign_flip_test(single, seed=seed, unit=unit)


def independent_gram(gram: Float[Tensor, "B E E"], starts: Clusters | None) -> Float[Tensor, "B K K"]:
    """Return the inner products of independent members: all, or the first one of each start."""
    if starts is None:
        return gram
    first = first_members(starts)
    return gram[:, first][:, :, first]


def _raw_gram(single: Tensor, gram: Tensor, crossed: Tensor | None) -> Tensor:
    """Return the inner products of single raw maps, each of a stochastic method from a draw of its own.

    For a stochastic method each member's root mean energy over draws replaces the norms of its single maps.
    """
    if crossed is None:
        return gram
    norms = crossed.diagonal(dim1=-4, dim2=-2).diagonal(dim1=-3, dim2=-2).mean(-1).sqrt()
    return single * norms[:, :, None] * norms[:, None, :]


def _raw_pooled_snr(raw: Tensor) -> Pooled:
    """Return r of raw maps, each image's energy divided by the mean over members, pooled as `pooled_snr`."""
    diag, off, _ = means_without(raw)
    return Pooled(
        per_image=off_mean(raw) / diag_mean(raw),
        without=off / diag,
        link=snr_from_cosine,
        lowest=-1 / raw.shape[-1],
        ratio=True,
    )


def _crossed(images: Sequence[ImageStatistics]) -> Tensor | None:
    crossed = [image.crossed for image in images if image.crossed is not None]
    if crossed and len(crossed) < len(images):
        raise UsageError(f"need images that all have the same draws; {len(crossed)} of {len(images)} have several")
    return torch.stack(crossed) if crossed else None


def _headlines(single: Tensor, crossed: Tensor | None) -> dict[str, Pooled]:
    """Return r, and r of the networks alone: the same thing where the method draws nothing."""
    snr = pooled_snr(single)
    networks = snr if crossed is None else network_snr(crossed)
    return {"snr": snr} | ({} if networks is None else {"snr_network": networks})


def _per_image(images: Sequence[ImageStatistics], gram: Tensor, starts: Clusters | None) -> Mapping[str, Tensor]:
    """Return the figures per image; `snr_raw` is of raw maps, since its correction assumes Gaussian noise.

    That correction is for independent networks, so it takes the first one of each of several starts.
    """
    independent = independent_gram(gram, starts)
    return MappingProxyType(
        {
            "snr_pixel": torch.tensor([image.snr_pixel for image in images], dtype=torch.float64),
            "snr_rms": snr_rms(gram),
            "snr_power": snr_power(gram),
            "snr_raw": corrected_snr(independent),
            "cosine_draw_mean": cosine(gram if starts is None else population_gram(gram, starts)),
            "effective_pixels": effective_pixels(independent),
        }
    )


def _pooled(
    images: Sequence[ImageStatistics],
    gram: Tensor,
    per_image: Mapping[str, Tensor],
    used: Tensor,
    starts: Clusters | None,
) -> dict[str, Pooled]:
    """Return the uncorrected figures, which are averaged over the used images."""
    power = (
        snr_power_without(gram)
        if starts is None
        else without_each(lambda stay: snr_power(gram[:, stay][:, :, stay]), starts)
    )
    without = {
        "snr_pixel": torch.stack([image.snr_pixel_without for image in images]),
        "snr_rms": power.sqrt(),
        "snr_power": power,
    }
    return {
        key: Pooled(per_image=per_image[key][used], without=values[used], lowest=0.0) for key, values in without.items()
    }


def _estimates(
    pooled: Mapping[str, Pooled],
    intervals: Mapping[str, Interval | None],
    *,
    view: str,
    members: int,
    pixels: float,
) -> Mapping[str, Estimate]:
    """Return the estimates in the order of `DEFINITIONS`; `cosine` and `snr_amplitude` follow from `snr`."""
    values = {key: figure.value for key, figure in pooled.items()}
    ranges = dict(intervals)
    if "snr" in pooled:
        interval = intervals["snr"]
        values["cosine"] = float(pooled["snr"].per_image.mean())
        values["snr_amplitude"] = float(amplitude(torch.tensor(values["snr"], dtype=torch.float64)))
        ranges["cosine"] = interval.through(cosine_from_snr) if interval else None
        ranges["snr_amplitude"] = interval.through(amplitude) if interval else None
    return MappingProxyType(
        {
            key: Estimate(
                value=values.get(key, math.nan),
                interval=ranges.get(key),
                floor=noise_floor(key, view=view, members=members, effective_pixels=pixels),
                definition=definition,
            )
            for key, definition in DEFINITIONS.items()
        }
    )
