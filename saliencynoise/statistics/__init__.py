"""How much of the maps is noise: pure functions on tensors, from members' maps to figures with intervals.

A bench needs three names: `apply_view`, `image_statistics` (per image) and `summarise` (over images).
"""

from saliencynoise.statistics.figures import (
    DEFINITIONS,
    Estimate,
    Figures,
    ImageStatistics,
    image_statistics,
    summarise,
)
from saliencynoise.statistics.floors import noise_floor
from saliencynoise.statistics.gram import gram_matrix, scale_gram
from saliencynoise.statistics.intervals import (
    Interval,
    Pooled,
    both_interval,
    claim_interval,
    images_interval,
    members_interval,
)
from saliencynoise.statistics.published import snr_pixel, snr_power, snr_rms
from saliencynoise.statistics.reliability import MembersNeeded, members_needed, reliability_at
from saliencynoise.statistics.significance import SignalTest, sign_flip_test
from saliencynoise.statistics.snr import corrected_snr, cosine, effective_pixels, pooled_snr
from saliencynoise.statistics.views import VIEWS, View, apply_view, get_view

__all__ = [
    "DEFINITIONS",
    "VIEWS",
    "Estimate",
    "Figures",
    "ImageStatistics",
    "Interval",
    "MembersNeeded",
    "Pooled",
    "SignalTest",
    "View",
    "apply_view",
    "both_interval",
    "claim_interval",
    "corrected_snr",
    "cosine",
    "effective_pixels",
    "get_view",
    "gram_matrix",
    "image_statistics",
    "images_interval",
    "members_interval",
    "members_needed",
    "noise_floor",
    "pooled_snr",
    "reliability_at",
    "scale_gram",
    "sign_flip_test",
    "snr_pixel",
    "snr_power",
    "snr_rms",
    "summarise",
]
