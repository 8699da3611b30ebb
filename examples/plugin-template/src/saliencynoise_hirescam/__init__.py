"""HiResCAM for saliencynoise."""
