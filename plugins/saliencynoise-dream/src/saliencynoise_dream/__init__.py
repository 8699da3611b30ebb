"""Deep dream on an ensemble: pictures that its networks find most typical, and whether other networks agree."""
