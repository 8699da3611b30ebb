"""Self-contained pages: one file, no network, readable on a phone and in print, in light and in dark."""
