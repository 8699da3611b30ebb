"""Plugins: discovery with isolation, and the resolution of names. Plugin authors need `hookimpl` only."""

from saliencynoise.registry.hookspecs import hookimpl

__all__ = ["hookimpl"]
