"""Hours are said before any work, from sizes alone; no plan of the usual size says any."""

from __future__ import annotations

import doctest
import io
from dataclasses import replace

import pytest
from rich.console import Console

from saliencynoise.engine import rough_duration
from saliencynoise.engine.config import config_from
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.progress import Progress
from saliencynoise.engine.rough_duration import LONG, passes_of, rough_seconds, warning

SMALL = {"archs": ("test_resnet",), "methods": ("gradient",), "members": 4, "images": 8, "device": "cpu"}


def plan_of(tmp_path, **settings):
    return make_plan(config_from({**SMALL, "out": str(tmp_path / "run"), **settings}))


def test_examples():
    assert doctest.testmod(rough_duration).failed == 0


def test_a_usual_plan_says_nothing(tmp_path):
    plan = plan_of(tmp_path, methods=("gradient", "smoothgrad(samples=50)", "gradcam", "integrated_gradients"))
    assert 1 < rough_seconds(plan) < LONG
    assert warning(plan) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 100_000},
        {"methods": ("smoothgrad(samples=1000000000)",)},
        {"methods": ("smoothgrad(samples=100000)",), "draws": 100},
        {"members": 10_000},
    ],
    ids=str,
)
def test_what_takes_hours_says_so_before_it_begins(tmp_path, settings):
    plan = plan_of(tmp_path, **settings)
    line = warning(plan)
    assert line.startswith("this will take about ")
    assert (
        " or more on this machine (roughly, before any work); stop with Ctrl-C: members and maps that are done are kept"
        in line
    )
    written = io.StringIO()
    Progress(Console(file=written, width=300)).planned(plan)
    assert written.getvalue().splitlines()[-1] == line


def test_members_of_a_pool_cost_no_training(tmp_path):
    plan = plan_of(tmp_path, epochs=100_000)
    (architecture,) = plan.architectures
    known = replace(plan, architectures=[replace(architecture, reused_members=dict.fromkeys(range(4)))])  # type: ignore[arg-type]
    assert warning(plan) is not None
    assert warning(known) is None


def test_training_grows_with_epochs_and_attribution_with_samples(tmp_path):
    def seconds(**settings):
        return rough_seconds(plan_of(tmp_path, **settings))

    assert seconds(epochs=20_000) == pytest.approx(2 * seconds(epochs=10_000), rel=1e-3)
    many, twice = (seconds(methods=(f"smoothgrad(samples={count})",)) for count in (10**8, 2 * 10**8))
    assert twice == pytest.approx(2 * many, rel=1e-3)
    assert passes_of("samples x forward", {"samples": 7}) * 3 == passes_of(
        "samples x (forward + backward)", {"samples": 7}
    )
