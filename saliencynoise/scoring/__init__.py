"""One network bound to a batch of images: passes, taps at points, chunks that fit the memory."""

from saliencynoise.scoring.attribution import attribute, attribute_together, failure
from saliencynoise.scoring.ensemble import averaged_network
from saliencynoise.scoring.guard import Guard
from saliencynoise.scoring.memory import fitting_rows, is_out_of_memory
from saliencynoise.scoring.passes import Passes
from saliencynoise.scoring.returned import checked, described
from saliencynoise.scoring.rewriting import Rewriting, RewrittenScorer
from saliencynoise.scoring.score import LOGIT, Score, ScoreFunction, Task, score_of, scored_network
from saliencynoise.scoring.scorer import Scorer
from saliencynoise.scoring.settings import as_before
from saliencynoise.scoring.steadiness import RefusedNetworkError, refuse_unsteady

__all__ = [
    "LOGIT",
    "Guard",
    "Passes",
    "RefusedNetworkError",
    "Rewriting",
    "RewrittenScorer",
    "Score",
    "ScoreFunction",
    "Scorer",
    "Task",
    "as_before",
    "attribute",
    "attribute_together",
    "averaged_network",
    "checked",
    "described",
    "failure",
    "fitting_rows",
    "is_out_of_memory",
    "refuse_unsteady",
    "score_of",
    "scored_network",
]
