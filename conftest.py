"""The options `--slow` and `--simulation`, for the tests of the core and of the plugins alike."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    parser.addoption("--slow", action="store_true", help="run the tests that are marked slow, too")
    parser.addoption("--simulation", action="store_true", help="run simulations with all their repetitions")


@pytest.fixture
def repetitions(request):
    """How often a simulation is repeated: the first number with `--simulation` or `--slow`, else the second."""
    whole = request.config.getoption("--simulation") or request.config.getoption("--slow")
    return lambda full, short: full if whole else short


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked slow, unless asked for it."""
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))
