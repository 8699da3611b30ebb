"""Every name of timm is fitted to small images, on the meta device."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise_timm.names import list_names
from saliencynoise_timm.plan import Request
from saliencynoise_timm.search import find_plan

if TYPE_CHECKING:
    from types import ModuleType

SIZE = (32, 32)
# The huge ones spend seconds on shapes alone; they are among the slow test's.
BIG = (
    *("large", "huge", "giant", "base", "medium", "so400m", "so150m", "_enc", "coat_"),
    *("152", "200", "b7", "b8", "64", "36", "167m", "300m", "412m", "570m"),
)


def _sibling(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


EXPECTED_FAILURES: dict[str, str] = _sibling("expected_failures").EXPECTED_FAILURES


def check(name: str) -> None:
    request = Request(name=name, arguments=(), channels=3, size=SIZE, num_classes=10)
    if name in EXPECTED_FAILURES:
        with pytest.raises(UsageError):
            find_plan(request)
        return
    plan = find_plan(request)
    points = dict(plan.points)
    assert set(points) == {"top", "intermediate"}
    assert min(points["top"].grid) >= 4
    assert min(points["intermediate"].grid) >= min(points["top"].grid)
    assert len(plan.adaptations) <= 5


def one_of_each_module() -> list[str]:
    """Return a name of every tenth module of timm, drawn with a fixed seed."""
    import timm

    draw = random.Random(0)  # noqa: S311 - a sample, not a secret
    names = [
        [name for name in timm.list_models(module=module) if not any(big in name for big in BIG)]
        for module in sorted(timm.list_modules())
    ]
    return [draw.choice(group) for group in names[::10] if group]


def test_a_name_of_every_tenth_module_is_fitted():
    for name in one_of_each_module():
        check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", list_names())
def test_every_name_is_fitted(name):
    check(name)


def test_expected_failures_are_names_with_reasons():
    assert set(EXPECTED_FAILURES) <= set(list_names())
    assert all(len(reason) > 10 for reason in EXPECTED_FAILURES.values())
