"""The panels of the paper's poster: each takes finished studies and gives a figure, its data and its caption."""
