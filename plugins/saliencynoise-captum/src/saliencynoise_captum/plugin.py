"""The plugin: captum's methods, a line each; reading it imports neither captum nor torch."""

from __future__ import annotations

from functools import partial

from saliencynoise.interfaces import MethodSpec
from saliencynoise.registry import hookimpl

_method = partial(MethodSpec, kind="module", library="captum")

SIMONYAN = "Simonyan, Vedaldi and Zisserman 2014, arXiv:1312.6034"
SHRIKUMAR_2016 = "Shrikumar et al. 2016, arXiv:1605.01713"
SHRIKUMAR_2017 = "Shrikumar, Greenside and Kundaje, ICML 2017, arXiv:1704.02685"
SUNDARARAJAN = "Sundararajan, Taly and Yan, ICML 2017, arXiv:1703.01365"
LUNDBERG = "Lundberg and Lee, NeurIPS 2017, arXiv:1705.07874"
ERION = "Erion et al., Nature Machine Intelligence 2021, arXiv:1906.10670"
SELVARAJU = "Selvaraju et al., ICCV 2017, doi:10.1109/ICCV.2017.74"
ZEILER = "Zeiler and Fergus, ECCV 2014, arXiv:1311.2901"
BACH = "Bach et al. 2015, doi:10.1371/journal.pone.0130140"

GRADIENTS = (
    _method(
        name="saliency",
        summary="captum's input gradient, with its sign",
        target="saliencynoise_captum.gradients:Saliency",
        family="gradient",
        paper=SIMONYAN,
        claims=("constant", "linear_weights"),
    ),
    _method(
        name="input_x_gradient",
        summary="captum's input gradient times the image",
        target="saliencynoise_captum.gradients:InputXGradient",
        family="gradient",
        paper=SHRIKUMAR_2016,
        claims=("constant", "linear_contributions"),
    ),
    _method(
        name="integrated_gradients",
        summary="captum's mean gradient from a baseline to the image, times their difference",
        target="saliencynoise_captum.gradients:IntegratedGradients",
        family="reference",
        paper=SUNDARARAJAN,
        cost="n_steps x (forward + backward)",
        claims=("constant", "linear_contributions"),
    ),
    _method(
        name="gradient_shap",
        summary="captum's gradients at random places between the image and the background",
        target="saliencynoise_captum.gradients:GradientShap",
        family="reference",
        paper=ERION,
        stochastic=True,
        cost="n_samples x (forward + backward)",
        claims=("constant", "linear_contributions"),
    ),
    _method(
        name="guided_backprop",
        summary="captum's gradient with positive derivatives only; nn.ReLU networks",
        target="saliencynoise_captum.gradients:GuidedBackprop",
        family="gradient",
        sign="leaning",
        paper="Springenberg et al. 2015, arXiv:1412.6806",
        claims=("constant", "linear_weights"),
    ),
    _method(
        name="deconvolution",
        summary="captum's gradient with ReLUs applied to derivatives; nn.ReLU networks",
        target="saliencynoise_captum.gradients:Deconvolution",
        family="gradient",
        sign="leaning",
        paper=ZEILER,
        claims=("constant", "linear_weights"),
        expected_failures=(("image", "between ReLUs it passes gradients by their own sign, whatever the image"),),
    ),
    _method(
        name="guided_grad_cam",
        summary="captum's guided backpropagation times the rectified GradCAM; nn.ReLU networks",
        target="saliencynoise_captum.gradients:GuidedGradCam",
        family="cam",
        sign="leaning",
        paper=SELVARAJU,
        cost="2 forward + 2 backward",
        claims=("constant",),
        expected_failures=(("layouts", "captum averages over the wrong axes of tokens, so they are refused"),),
    ),
    _method(
        name="smoothgrad",
        summary="captum's NoiseTunnel: mean gradient of noisy copies",
        target="saliencynoise_captum.noise:SmoothGrad",
        family="gradient",
        paper="Smilkov et al. 2017, arXiv:1706.03825",
        stochastic=True,
        cost="nt_samples x (forward + backward)",
        claims=("constant", "linear_weights"),
    ),
    _method(
        name="smoothgrad_sq",
        summary="captum's NoiseTunnel: mean squared gradient of noisy copies",
        target="saliencynoise_captum.noise:SmoothGradSquare",
        family="gradient",
        sign="nonnegative",
        paper="Hooker et al., NeurIPS 2019, arXiv:1806.10758",
        stochastic=True,
        cost="nt_samples x (forward + backward)",
        claims=("constant",),
    ),
    _method(
        name="vargrad",
        summary="captum's NoiseTunnel: variance of the gradients of noisy copies",
        target="saliencynoise_captum.noise:VarGrad",
        family="gradient",
        sign="nonnegative",
        paper="Adebayo et al. 2018, arXiv:1810.03307",
        stochastic=True,
        cost="nt_samples x (forward + backward)",
        claims=("constant",),
    ),
    _method(
        name="deep_lift",
        summary="captum's DeepLIFT, refused where it is incomplete (insist=true reports it)",
        target="saliencynoise_captum.deeplift:DeepLift",
        family="reference",
        paper=SHRIKUMAR_2017,
        cost="2 forward + 2 backward",
        claims=("constant", "linear_contributions"),
    ),
    _method(
        name="deep_lift_shap",
        summary="captum's DeepLIFT over the background, refused where it is incomplete",
        target="saliencynoise_captum.deeplift:DeepLiftShap",
        family="reference",
        paper=LUNDBERG,
        cost="2 x background x (forward + backward)",
        claims=("constant", "linear_contributions"),
    ),
    _method(
        name="lrp",
        summary="captum's layer-wise relevance propagation; few kinds of layers",
        target="saliencynoise_captum.relevance:Lrp",
        family="gradient",
        paper=BACH,
        cost="2 forward + 1 backward",
        expected_failures=(("layouts", "captum has no rule for layers that make or undo tokens"),),
    ),
)

PERTURBATIONS = (
    _method(
        name="feature_ablation",
        summary="captum's loss of the logit without a cell of a grid",
        target="saliencynoise_captum.perturbations:FeatureAblation",
        family="perturbation",
        paper=ZEILER,
        cost="(grid^2 + 1) forward",
        claims=("constant",),
    ),
    _method(
        name="feature_permutation",
        summary="captum's loss of the logit with a cell of other images, from the background",
        target="saliencynoise_captum.perturbations:FeaturePermutation",
        family="perturbation",
        paper="Fisher, Rudin and Dominici, JMLR 2019, arXiv:1801.01489",
        stochastic=True,
        cost="samples x (grid^2 + 1) forward",
        claims=("constant",),
    ),
    _method(
        name="occlusion",
        summary="captum's loss of the logit behind a sliding square",
        target="saliencynoise_captum.perturbations:Occlusion",
        family="perturbation",
        paper=ZEILER,
        cost="(H W / strides^2 + 1) forward",
        claims=("constant",),
    ),
    _method(
        name="shapley_value_sampling",
        summary="captum's Shapley values of a grid's cells, from random orders",
        target="saliencynoise_captum.perturbations:ShapleyValueSampling",
        family="perturbation",
        paper="Castro, Gomez and Tejada 2009, doi:10.1016/j.cor.2008.04.004",
        stochastic=True,
        cost="(n_samples grid^2 + 1) forward",
        claims=("constant", "completeness"),
    ),
    _method(
        name="shapley_values",
        summary="captum's exact Shapley values of four cells",
        target="saliencynoise_captum.perturbations:ShapleyValues",
        family="perturbation",
        paper="Shapley 1953, doi:10.1515/9781400881970-018",
        cost="97 forward",
        claims=("constant", "completeness"),
    ),
    _method(
        name="kernel_shap",
        summary="captum's Shapley values of a grid's cells, from a weighted linear fit",
        target="saliencynoise_captum.perturbations:KernelShap",
        family="perturbation",
        paper=LUNDBERG,
        stochastic=True,
        cost="n_samples forward",
        claims=("constant", "completeness"),
    ),
    _method(
        name="lime",
        summary="captum's LIME: a sparse linear fit to random cells of a grid, of the logit",
        target="saliencynoise_captum.perturbations:Lime",
        family="perturbation",
        paper="Ribeiro, Singh and Guestrin, KDD 2016, arXiv:1602.04938",
        stochastic=True,
        cost="n_samples forward",
        claims=("constant",),
    ),
)

LAYERS = (
    _method(
        name="layer_gradcam",
        summary="captum's GradCAM, with its sign; layers with channels first",
        target="saliencynoise_captum.layers:LayerGradCam",
        family="cam",
        paper=SELVARAJU,
        views=("signed", "relu"),
        claims=("constant",),
        expected_failures=(("layouts", "captum averages over the wrong axes of tokens, so they are refused"),),
    ),
    _method(
        name="layer_gradient_x_activation",
        summary="captum's values of a layer times their gradients",
        target="saliencynoise_captum.layers:LayerGradientXActivation",
        family="cam",
        paper="Ancona et al., ICLR 2018, arXiv:1711.06104",
        claims=("constant",),
    ),
    _method(
        name="layer_conductance",
        summary="captum's integrated gradients that flow through a layer",
        target="saliencynoise_captum.layers:LayerConductance",
        family="reference",
        paper="Dhamdhere, Sundararajan and Yan, ICLR 2019, arXiv:1805.12233",
        cost="n_steps x (forward + backward)",
        claims=("constant",),
    ),
    _method(
        name="layer_integrated_gradients",
        summary="captum's integrated gradients of a layer's values",
        target="saliencynoise_captum.layers:LayerIntegratedGradients",
        family="reference",
        paper=SUNDARARAJAN,
        cost="n_steps x (forward + backward)",
        claims=("constant",),
    ),
    _method(
        name="internal_influence",
        summary="captum's mean gradient of a layer from a baseline to the image",
        target="saliencynoise_captum.layers:InternalInfluence",
        family="reference",
        paper="Leino et al., ITC 2018, arXiv:1802.03788",
        cost="n_steps x (forward + backward)",
        claims=("constant",),
    ),
    _method(
        name="layer_gradient_shap",
        summary="captum's gradients of a layer between the image and the background",
        target="saliencynoise_captum.layers:LayerGradientShap",
        family="reference",
        paper=ERION,
        stochastic=True,
        cost="n_samples x (forward + backward)",
        claims=("constant",),
    ),
    _method(
        name="layer_deep_lift",
        summary="captum's DeepLIFT down to a layer, refused where it is incomplete",
        target="saliencynoise_captum.layers:LayerDeepLift",
        family="reference",
        paper=SHRIKUMAR_2017,
        cost="2 forward + 2 backward",
        claims=("constant",),
    ),
    _method(
        name="layer_deep_lift_shap",
        summary="captum's DeepLIFT down to a layer over the background, refused where it is incomplete",
        target="saliencynoise_captum.layers:LayerDeepLiftShap",
        family="reference",
        paper=LUNDBERG,
        cost="2 x background x (forward + backward)",
        claims=("constant",),
    ),
    _method(
        name="layer_feature_ablation",
        summary="captum's loss of the logit without a place of a layer",
        target="saliencynoise_captum.layers:LayerFeatureAblation",
        family="perturbation",
        paper=ZEILER,
        cost="(h w + 2) forward",
        claims=("constant",),
    ),
    _method(
        name="layer_lrp",
        summary="captum's relevance propagation down to a layer; few kinds of layers",
        target="saliencynoise_captum.relevance:LayerLrp",
        family="cam",
        paper=BACH,
        cost="2 forward + 1 backward",
        expected_failures=(("layouts", "captum has no rule for layers that make or undo tokens"),),
    ),
)


@hookimpl
def saliencynoise_methods() -> tuple[MethodSpec, ...]:
    """Return captum's methods."""
    return GRADIENTS + PERTURBATIONS + LAYERS
