"""Mistyped names."""

import doctest

from saliencynoise.interfaces import suggestions
from saliencynoise.interfaces.suggestions import did_you_mean


def test_the_examples_hold():
    assert doctest.testmod(suggestions) == (0, 1)


def test_as_many_names_as_asked_the_nearest_first():
    known = ["gradcams", "gradcam", "lime"]
    assert did_you_mean("gradcm", known, most=3) == "did you mean 'gradcam' or 'gradcams'?"
    assert did_you_mean("gradcm", known) == "did you mean 'gradcam'?"
    assert did_you_mean("shapley", known) == ""
