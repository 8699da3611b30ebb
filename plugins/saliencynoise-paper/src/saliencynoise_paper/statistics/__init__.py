"""The published figures, and how measured ones are compared with them: pure functions."""
