"""One network bound to a batch of images: passes, taps at points, chunks that fit the memory."""

from saliencynoise.scoring.attribution import attribute, attribute_together
from saliencynoise.scoring.ensemble import averaged_network
from saliencynoise.scoring.memory import fitting_rows, is_out_of_memory
from saliencynoise.scoring.passes import Passes
from saliencynoise.scoring.rewriting import Rewriting, RewrittenScorer
from saliencynoise.scoring.scorer import Scorer

__all__ = [
    "Passes",
    "Rewriting",
    "RewrittenScorer",
    "Scorer",
    "attribute",
    "attribute_together",
    "averaged_network",
    "fitting_rows",
    "is_out_of_memory",
]
