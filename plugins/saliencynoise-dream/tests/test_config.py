from __future__ import annotations

import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise_dream.config import DreamConfig


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gradient", "median"),
        ("octaves", 0),
        ("octaves", 99),
        ("octave_scale", 1.0),
        ("octave_scale", float("nan")),
        ("steps", 0),
        ("steps", 100_000),
        ("steps", 2.5),
        ("step_size", 0.0),
        ("step_size", float("inf")),
        ("jitter", -1),
        ("smoothing", -0.1),
        ("seed", -1),
    ],
)
def test_impossible_values_are_named(name, value):
    with pytest.raises(UsageError, match=f"--{name.replace('_', '-')} {value} is not possible"):
        DreamConfig(**{name: value})
