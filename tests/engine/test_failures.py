"""The failures of a run."""

from __future__ import annotations

from saliencynoise.engine.failures import Failures


def test_the_first_reason_counts_and_that_of_an_architecture_holds_for_all_methods():
    failures = Failures()
    failures.add("net", "gradient", "first", "its traceback")
    failures.add("net", "gradient", "second", "another traceback")
    assert failures.of("net", "gradient") == "first"
    assert failures.tracebacks == {("net", "gradient"): "its traceback"}
    assert (failures.of("net"), failures.of("net", "deeplift"), failures.architectures) == (None, None, frozenset())
    failures.add("net", None, "it cannot be built")
    assert failures.of("net", "deeplift") == failures.of("net") == "it cannot be built"
    assert failures.architectures == {"net"}
