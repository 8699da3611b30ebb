"""Measure and remove the initialisation noise of saliency maps."""
