"""Figures that only the paper's panels have."""
