"""Pools of trained members and maps on disk: content-addressed, atomic, verified."""
