"""Data sets: the built-in digits, folders of images, their splits, subsets, statistics and fingerprints.

Import from the modules (`saliencynoise.data.digits`, `.folder` ...): each then loads only what it needs.
"""
