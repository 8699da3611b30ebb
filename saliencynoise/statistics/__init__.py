"""The share of noise in maps: pure functions on tensors, from members' maps to figures with intervals.

A bench needs three names: `apply_view`, `image_statistics` (per image) and `summarise` (over images).
"""

from saliencynoise.statistics.cell_statistics import (
    DEFINITIONS,
    CellStatistics,
    Estimate,
    ImageStatistics,
    image_statistics,
    summarise,
)
from saliencynoise.statistics.curve import CurvePoint, averaging_curve
from saliencynoise.statistics.false_discovery import benjamini_hochberg
from saliencynoise.statistics.floors import noise_floor
from saliencynoise.statistics.gram import gram_matrix, scale_gram
from saliencynoise.statistics.image_quantiles import snr_of_images
from saliencynoise.statistics.intervals import (
    Interval,
    Pooled,
    both_interval,
    claim_interval,
    images_interval,
    members_interval,
)
from saliencynoise.statistics.modes import ImageModes, Modes, mode_test
from saliencynoise.statistics.pixels import SignificantPixels, sign_agreement, significant_pixels
from saliencynoise.statistics.reliability import (
    MembersNeeded,
    members_for_images,
    members_needed,
    reliability_at,
)
from saliencynoise.statistics.significance import SignalTest, sign_flip_test
from saliencynoise.statistics.snr import corrected_snr, cosine, effective_pixels, pooled_snr
from saliencynoise.statistics.uncorrected_snr import snr_pixel, snr_power, snr_rms
from saliencynoise.statistics.views import VIEWS, View, apply_view, get_view

__all__ = [
    "DEFINITIONS",
    "VIEWS",
    "CellStatistics",
    "CurvePoint",
    "Estimate",
    "ImageModes",
    "ImageStatistics",
    "Interval",
    "MembersNeeded",
    "Modes",
    "Pooled",
    "SignalTest",
    "SignificantPixels",
    "View",
    "apply_view",
    "averaging_curve",
    "benjamini_hochberg",
    "both_interval",
    "claim_interval",
    "corrected_snr",
    "cosine",
    "effective_pixels",
    "get_view",
    "gram_matrix",
    "image_statistics",
    "images_interval",
    "members_for_images",
    "members_interval",
    "members_needed",
    "mode_test",
    "noise_floor",
    "pooled_snr",
    "reliability_at",
    "scale_gram",
    "sign_agreement",
    "sign_flip_test",
    "significant_pixels",
    "snr_of_images",
    "snr_pixel",
    "snr_power",
    "snr_rms",
    "summarise",
]
