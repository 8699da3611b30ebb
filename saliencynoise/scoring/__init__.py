"""One network bound to a batch of images: passes, and taps at points."""

from saliencynoise.scoring.attribution import attribute
from saliencynoise.scoring.scorer import Scorer

__all__ = ["Scorer", "attribute"]
