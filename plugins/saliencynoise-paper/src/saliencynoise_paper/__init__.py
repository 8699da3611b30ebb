"""The panels of the paper, reproduced."""
