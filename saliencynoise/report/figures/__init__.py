"""Figures of studies: each takes a study, or plain values, and gives a matplotlib figure."""
