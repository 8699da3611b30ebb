"""The headline: the bias-corrected power SNR r, per image and pooled over images.

A map is signal plus noise; r is the energy of the signal (the mean map over all networks that could have been
trained) over the energy of one network's noise. From E members, r = off / (diag - off); its noise floor is
zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from saliencynoise.statistics.gram import NOISELESS, diag_mean, means_without, noise_mean, off_mean, scale_gram
from saliencynoise.statistics.groups import Groups
from saliencynoise.statistics.intervals import Pooled

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


def cosine(gram: Float[Tensor, "B E E"]) -> Float[Tensor, " B"]:
    """Return each image's mean pairwise cosine between members, c = off / diag of the unit-norm maps.

    In -1/(E-1) to 1; a member without a map (all zeros) has cosine zero with the others; NaN where all are
    zero.

    >>> cosine(torch.tensor([[[4.0, 3.0], [3.0, 9.0]]]).double()).item()
    0.5
    """
    unit = scale_gram(gram, "unit")
    return off_mean(unit) / diag_mean(unit)


def snr_from_cosine(c: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Return the power SNR r = c / (1 - c); infinite where the maps agree to rounding.

    >>> snr_from_cosine(torch.tensor([0.5, 1.0], dtype=torch.float64)).tolist()
    [1.0, inf]
    """
    return torch.where(1 - c <= NOISELESS, torch.inf, c / (1 - c))


def cosine_from_snr(r: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Return c = r / (1 + r), the inverse of `snr_from_cosine`."""
    return torch.where(torch.isposinf(r), 1.0, r / (1 + r))


def amplitude(r: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Return the signed root of r: an SNR in units of the maps, comparable in kind with the published table.

    >>> amplitude(torch.tensor([-0.25, 4.0])).tolist()
    [-0.5, 2.0]
    """
    return r.sign() * r.abs().sqrt()


def pooled_snr(gram: Float[Tensor, "B E E"], *, groups: Groups | None = None) -> Pooled:
    """Return the headline r = c / (1 - c), c the mean over images of `cosine`, with all that its intervals need.

    A mean of per-image ratios r would be biased: simulated at r = 0.5 and P_eff = 4 with E = 4 / 8 by
    +58 / +18%; this with 32 images by +1 / 0% (+4 / 0% where members share noise over images).

    Args:
        gram: one Gram matrix per image, none of them all zeros.
        groups: of the same images, where some belong together.

    >>> pooled_snr(torch.ones(2, 3, 3).double() + torch.eye(3).double()).value
    1.0
    """
    diag, off, _ = means_without(scale_gram(gram, "unit"))
    return Pooled(
        per_image=cosine(gram),
        without=off / diag,
        link=snr_from_cosine,
        lowest=-1 / gram.shape[-1],
        groups=groups,
        ratio=True,
    )


def effective_pixels(gram: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n"]:
    """Return P_eff: how many independent pixels would give a noise energy that varies as much as this.

    With K = HGH the Gram matrix of the deviations from the mean map, n = E - 1, t1 = tr K / n and
    t2 = n^2 / ((n + 2) (n - 1)) (tr K^2 / n^2 - t1^2 / n), unbiased for the traces of the pixels' covariance
    and of its square under Gaussian noise: P_eff = t1^2 / t2, at least (E + 1) / (E - 1).

    NaN with two members (one deviation has no spread) and where the members are identical.
    """
    n = gram.shape[-1] - 1
    if n < 2:
        return torch.full(gram.shape[:-2], torch.nan, dtype=gram.dtype)
    centred = gram - gram.mean(-1, keepdim=True)
    centred = centred - centred.mean(-2, keepdim=True)
    t1 = centred.diagonal(dim1=-2, dim2=-1).sum(-1) / n
    square = centred.square().sum((-2, -1)) / n**2
    t2 = n**2 / ((n + 2) * (n - 1)) * (square - t1.square() / n).clamp(min=0)
    return torch.where(noise_mean(gram) > 0, t1.square() / t2, torch.nan)


def pooled_effective_pixels(gram: Float[Tensor, "B E E"]) -> Float[Tensor, ""]:
    """Return one P_eff for all images: the harmonic mean of P_eff - 2/n, n = E - 1, at least 1.

    With t1^2 - 2 t2/n, unbiased for the squared trace, in place of t1^2. In simulations of P_eff = 2, 4, 16
    at E = 8 the floor of `snr_power` from it is right to 0.2%; from the plain P_eff it is up to 2% too low.
    """
    return 1 / (1 / (effective_pixels(gram) - 2 / (gram.shape[-1] - 1))).nanmean()


def corrected_snr(gram: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n"]:
    """Return each image's r with the small-sample correction, (1 - 2/nu) snr_power - 1/E, nu = (E - 1) P_eff.

    The plain ratio off / (diag - off) is too high where few pixels are independent: at r = 0.5 and P_eff = 4
    by 29% (E = 4) and 9% (E = 8); this by 4% and 0% (20,000 simulated images). For raw maps: on unit-norm
    ones, whose noise is not Gaussian, 25% and 8% remain. At least -1/E.

    NaN with two members (no P_eff) and where all maps are zero; infinite where the members are identical.
    """
    members = gram.shape[-1]
    nu = (members - 1) * effective_pixels(gram)
    noise = noise_mean(gram)
    power = (off_mean(gram) + noise / members) / noise
    corrected = (1 - 2 / nu) * power - 1 / members
    return torch.where((noise == 0) & (diag_mean(gram) > 0), torch.inf, corrected)
