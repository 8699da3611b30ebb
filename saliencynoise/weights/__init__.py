"""Weights in files that others made: opened without unpickling, and fitted to a network by names and shapes."""
