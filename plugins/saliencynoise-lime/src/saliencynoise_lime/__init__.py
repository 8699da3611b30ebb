"""The lime package for saliencynoise."""
