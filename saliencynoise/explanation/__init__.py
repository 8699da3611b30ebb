"""Explain one picture by an ensemble."""
