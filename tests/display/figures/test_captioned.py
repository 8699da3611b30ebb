"""Each figure's module has the functions of the convention, and a caption that is short."""

from __future__ import annotations

import pytest

from saliencynoise.analyses.frontier import figure as frontier
from saliencynoise.analyses.sanity import figure as sanity
from saliencynoise.analyses.variance import figure as variance
from saliencynoise.display.figures.captioned import MOST_WORDS
from saliencynoise.explanation import figure as explanation
from saliencynoise.report.figures import bars, classes, components, curve, maps, members, overlay, ssim

MODULES = [bars, classes, components, curve, maps, members, overlay, ssim, frontier, sanity, variance, explanation]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_data_drawing_caption_and_alternative_text(module):
    assert all(callable(getattr(module, name)) for name in ("data", "draw", "alt", "captioned"))
    assert module.TITLE
    assert not module.TITLE.endswith(".")


@pytest.mark.parametrize("module", MODULES)
def test_captions_are_short(module):
    assert 10 <= len(module.CAPTION.split()) <= MOST_WORDS
    assert module.CAPTION.endswith(".")
