"""The common parts of all figures: style, canvas and saving."""
