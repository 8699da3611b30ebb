"""What all figures share: style, canvas, saving."""
