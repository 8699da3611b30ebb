"""shap's explainers for saliencynoise."""
