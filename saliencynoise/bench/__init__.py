"""The grid of (data set x architecture x method): plan, run, resume, collect."""

from saliencynoise.interfaces.rooms import make_callable

make_callable(__name__)
