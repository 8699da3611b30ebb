"""Explanations of a user's own pictures by a trained ensemble: what it sees, where, and how far that can be trusted."""

from saliencynoise.interfaces.rooms import make_callable

make_callable(__name__)
