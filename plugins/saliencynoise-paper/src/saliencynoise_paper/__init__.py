"""The panels of the paper, drawn again."""
