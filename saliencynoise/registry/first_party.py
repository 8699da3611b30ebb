"""Names that this project's other distributions bring, so that an error can say which one to install."""

from __future__ import annotations

from importlib.metadata import entry_points

DISTRIBUTIONS = {name: f"saliencynoise-{name}" for name in ("timm", "captum", "shap", "lime", "dream", "paper")}
"""The distribution that brings each plugin."""

COMMANDS = ("dream", "paper")
"""Names of commands, each brought by the plugin of that name."""

METHODS = {
    "shap": ("gradient_explainer", "deep_explainer", "partition_explainer", "kernel_explainer"),
    "captum": (
        *("saliency", "input_x_gradient", "gradient_shap", "deconvolution", "guided_grad_cam", "smoothgrad_sq"),
        *("vargrad", "deep_lift", "deep_lift_shap", "lrp", "feature_ablation", "feature_permutation"),
        *("shapley_value_sampling", "shapley_values", "layer_gradcam", "layer_gradient_x_activation"),
        *("layer_conductance", "layer_integrated_gradients", "internal_influence", "layer_gradient_shap"),
        *("layer_deep_lift", "layer_deep_lift_shap", "layer_feature_ablation", "layer_lrp"),
    ),
}
"""Names of methods that only these plugins have."""


def installed(plugin: str) -> bool:
    """Whether a distribution that brings a plugin of this name is installed."""
    return any(point.name == plugin for point in entry_points(group="saliencynoise"))


def missing(kind: str, name: str) -> str:
    """Return how to install the distribution that brings a name; "" if no distribution of this project does.

    >>> missing("methods", "nobody/knows")
    ''
    """
    plugin, slash, short = name.rpartition("/")
    if not slash and kind == "methods":
        plugin = next((brought_by for brought_by, names in METHODS.items() if short in names), "")
    if not slash and kind == "commands" and short in COMMANDS:
        plugin = short
    if plugin in DISTRIBUTIONS and not installed(plugin):
        return f"'{name}' belongs to the plugin {plugin}: pip install {DISTRIBUTIONS[plugin]}"
    if kind == "models" and not slash and not installed("timm"):
        return f"'{name}' may be an architecture of timm; those come with: pip install {DISTRIBUTIONS['timm']}"
    return ""
