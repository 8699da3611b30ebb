"""Deep dream on an ensemble: pictures that its networks find most typical, and whether other networks agree."""

from saliencynoise.interfaces.rooms import make_callable

make_callable(__name__)
