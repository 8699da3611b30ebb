"""Analyses of several benches or of a finished one; each has a folder."""
