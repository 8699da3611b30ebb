"""Fake distributions."""

from tests.distributions import Install, install

__all__ = ["Install", "install"]
