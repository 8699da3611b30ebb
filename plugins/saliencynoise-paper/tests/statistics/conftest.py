"""Ensembles of known signal and noise, and the guard of the random state, as for the core's formulas."""

from tests.statistics.conftest import cone, correlated, generator, global_random_state_is_left_as_found, rng

__all__ = ["cone", "correlated", "generator", "global_random_state_is_left_as_found", "rng"]
