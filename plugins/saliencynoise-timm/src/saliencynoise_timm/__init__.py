"""timm architectures for saliencynoise."""
