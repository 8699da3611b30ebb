"""Captum's attribution methods for saliencynoise."""
