"""The built-in plugin: it declares the core's methods and more through the same hooks as other plugins."""

from __future__ import annotations

from saliencynoise.interfaces.specs import (
    AggregatorSpec,
    CommandSpec,
    DatasetSpec,
    MethodSpec,
    ModelSpec,
    SamplerSpec,
)
from saliencynoise.registry.builtin_commands import COMMANDS
from saliencynoise.registry.hookspecs import hookimpl


@hookimpl
def saliencynoise_models() -> tuple[ModelSpec, ...]:
    """Return the built-in architectures."""
    return (
        ModelSpec(
            name="resnet",
            summary="residual networks; depth=10 to 101, width=64, residual=true, norm=batch, stem_stride=auto",
            target="saliencynoise.architectures.resnet:resnet",
            paper="He et al., CVPR 2016, arXiv:1512.03385",
        ),
        ModelSpec(
            name="vgg",
            summary="VGG networks with a linear head; depth=11, 13, 16 or 19, width=64, norm=batch",
            target="saliencynoise.architectures.vgg:vgg",
            paper="Simonyan and Zisserman 2015, arXiv:1409.1556",
        ),
    )


@hookimpl
def saliencynoise_methods() -> tuple[MethodSpec, ...]:
    """Return the built-in fused methods."""
    return (
        MethodSpec(
            name="gradient",
            summary="signed derivative of the target's logit by the image",
            target="saliencynoise.methods.gradient:Gradient",
            family="gradient",
            paper="Simonyan, Vedaldi and Zisserman 2014, arXiv:1312.6034",
            claims=("constant", "linear_weights"),
        ),
        MethodSpec(
            name="gradient_x_input",
            summary="the image times the derivative of the target's logit",
            target="saliencynoise.methods.gradient_x_input:GradientXInput",
            family="gradient",
            paper="Shrikumar et al. 2016, arXiv:1605.01713",
            claims=("constant", "linear_contributions"),
        ),
        MethodSpec(
            name="integrated_gradients",
            summary="mean gradient on the path from a baseline, times the distance",
            target="saliencynoise.methods.integrated_gradients:IntegratedGradients",
            family="reference",
            paper="Sundararajan, Taly and Yan 2017, arXiv:1703.01365",
            kind="functional",
            cost="steps x (forward + backward) + 2 forward",
            claims=("constant", "linear_contributions", "completeness"),
        ),
        MethodSpec(
            name="smoothgrad",
            summary="gradients of noisy copies, averaged; statistic=square or variance for its other forms",
            target="saliencynoise.methods.smoothgrad:SmoothGrad",
            family="gradient",
            paper="Smilkov et al. 2017, arXiv:1706.03825",
            kind="functional",
            stochastic=True,
            cost="samples x (forward + backward)",
            claims=("constant", "linear_weights"),
        ),
        MethodSpec(
            name="expected_gradients",
            summary="SHAP values by gradients on paths from background images",
            target="saliencynoise.methods.expected_gradients:ExpectedGradients",
            family="reference",
            paper="Erion et al. 2021, doi:10.1038/s42256-021-00343-w",
            kind="functional",
            stochastic=True,
            cost="samples x (forward + backward) + 1 forward",
            claims=("constant", "linear_contributions"),
        ),
        MethodSpec(
            name="lime",
            summary="ridge regression of the score on which segments of the image are shown",
            target="saliencynoise.methods.lime:Lime",
            family="perturbation",
            paper="Ribeiro, Singh and Guestrin 2016, doi:10.1145/2939672.2939778",
            kind="functional",
            stochastic=True,
            cost="samples x forward",
            claims=("constant",),
        ),
        MethodSpec(
            name="kernel_shap",
            summary="Shapley values of segments by weighted least squares over paired coalitions",
            target="saliencynoise.methods.kernel_shap:KernelShap",
            family="perturbation",
            paper="Lundberg and Lee 2017, arXiv:1705.07874; Covert and Lee 2021, arXiv:2012.01536",
            kind="functional",
            stochastic=True,
            cost="(samples + 2) x forward",
            claims=("constant", "completeness"),
        ),
        MethodSpec(
            name="gradcam",
            summary="channels of a layer, weighted by their mean gradient; layer=top or layer=intermediate",
            target="saliencynoise.methods.gradcam:GradCam",
            family="cam",
            paper="Selvaraju et al., ICCV 2017, doi:10.1109/ICCV.2017.74",
            views=("signed", "relu"),
            claims=("constant",),
            invariant_to=("positive_scale", "rotation"),
        ),
        MethodSpec(
            name="gradcam_plus_plus",
            summary="channels of a layer, weighted by their positive gradients, these weighted by GradCAM++'s alpha",
            target="saliencynoise.methods.gradcam_plus_plus:GradCamPlusPlus",
            family="cam",
            sign="leaning",
            paper="Chattopadhyay et al., WACV 2018, doi:10.1109/WACV.2018.00097",
            views=("signed", "relu"),
            claims=("constant",),
            invariant_to=("permutation", "positive_scale"),
        ),
        MethodSpec(
            name="layercam",
            summary="channels of a layer, each place weighted by its own positive gradient",
            target="saliencynoise.methods.layercam:LayerCam",
            family="cam",
            sign="leaning",
            paper="Jiang et al., IEEE TIP 2021, doi:10.1109/TIP.2021.3089943",
            views=("signed", "relu"),
            claims=("constant",),
            invariant_to=("permutation", "positive_scale"),
        ),
        MethodSpec(
            name="eigencam",
            summary="features of a layer along their first principal direction, whatever the target",
            target="saliencynoise.methods.eigencam:EigenCam",
            family="cam",
            sign="leaning",
            paper="Muhammad and Yeasin, IJCNN 2020, arXiv:2008.00299",
            cost="1 forward",
            views=("signed", "relu"),
            expected_failures=(("target", "it is the same for every class: no gradient enters it"),),
            invariant_to=("centred_rotation",),
        ),
        MethodSpec(
            name="scorecam",
            summary="channels of a layer, weighted by the softmax of the logits of the image seen through each",
            target="saliencynoise.methods.scorecam:ScoreCam",
            family="cam",
            sign="leaning",
            paper="Wang et al., CVPR Workshops 2020, arXiv:1910.01279",
            kind="functional",
            cost="(channels + 1) x forward",
            views=("signed", "relu"),
            invariant_to=("permutation",),
        ),
        MethodSpec(
            name="ablation_cam",
            summary="channels of a layer, each weighted by how far the logit falls without it",
            target="saliencynoise.methods.ablation_cam:AblationCam",
            family="cam",
            paper="Desai and Ramaswamy, WACV 2020, doi:10.1109/WACV45572.2020.9093360",
            kind="functional",
            cost="(channels + 2) x forward",
            views=("signed", "relu"),
            claims=("constant",),
            invariant_to=("permutation",),
        ),
        MethodSpec(
            name="guided_backprop",
            summary="gradient of the target's logit, of which every ReLU passes positive parts only",
            target="saliencynoise.methods.guided_backprop:GuidedBackprop",
            family="gradient",
            sign="leaning",
            paper="Springenberg et al. 2014, arXiv:1412.6806",
            kind="functional",
            claims=("constant", "linear_weights"),
        ),
        MethodSpec(
            name="guided_gradcam",
            summary="guided backpropagation times the rectified and upsampled GradCAM of a layer",
            target="saliencynoise.methods.guided_gradcam:GuidedGradCam",
            family="gradient",
            sign="leaning",
            paper="Selvaraju et al., ICCV 2017, doi:10.1109/ICCV.2017.74",
            kind="functional",
            cost="2 x (forward + backward)",
            claims=("constant",),
            invariant_to=("positive_scale", "rotation"),
        ),
        MethodSpec(
            name="occlusion",
            summary="how far the target's logit falls when a sliding window hides part of the image",
            target="saliencynoise.methods.occlusion:Occlusion",
            family="perturbation",
            paper="Zeiler and Fergus, ECCV 2014, arXiv:1311.2901",
            kind="functional",
            cost="(windows + 1) x forward",
            claims=("constant",),
        ),
        MethodSpec(
            name="rise",
            summary="covariance of the target's logit with the visibility of each pixel, over random masks",
            target="saliencynoise.methods.rise:Rise",
            family="perturbation",
            paper="Petsiuk, Das and Saenko, BMVC 2018, arXiv:1806.07421",
            kind="functional",
            stochastic=True,
            cost="samples x forward",
            claims=("constant",),
        ),
        MethodSpec(
            name="deeplift",
            summary="rescale rule, complete on every architecture; baseline=zero, blur, mean or dataset",
            target="saliencynoise.methods.deeplift:DeepLift",
            family="reference",
            paper="Shrikumar et al. 2017, arXiv:1704.02685",
            kind="functional",
            cost="4 forward + 1 backward",
            claims=("constant", "linear_contributions", "completeness"),
        ),
        MethodSpec(
            name="deep_shap",
            summary="mean of deeplift over images of the background as references",
            target="saliencynoise.methods.deep_shap:DeepShap",
            family="reference",
            paper="Lundberg and Lee 2017, arXiv:1705.07874",
            kind="functional",
            cost="references x (2 forward + 1 backward) + 1 forward",
            claims=("constant", "linear_contributions", "completeness"),
        ),
    )


@hookimpl
def saliencynoise_aggregators() -> tuple[AggregatorSpec, ...]:
    """Return the built-in aggregators."""
    return (
        AggregatorSpec(
            name="mean",
            summary="mean of the members' raw maps",
            target="saliencynoise.aggregators.mean:Mean",
        ),
        AggregatorSpec(
            name="mean_unit",
            summary="mean of the members' maps, each scaled to unit norm",
            target="saliencynoise.aggregators.mean_unit:MeanUnit",
            scale="unit",
        ),
        AggregatorSpec(
            name="median",
            summary="median of the members' raw maps, pixel by pixel",
            target="saliencynoise.aggregators.median:Median",
        ),
        AggregatorSpec(
            name="trimmed_mean",
            summary="mean of the members' raw maps without a share of the lowest and highest values",
            target="saliencynoise.aggregators.trimmed_mean:TrimmedMean",
        ),
        AggregatorSpec(
            name="sign_agreement_mean",
            summary="mean where a share of the members agree on its sign, zero elsewhere",
            target="saliencynoise.aggregators.sign_agreement_mean:SignAgreementMean",
        ),
        AggregatorSpec(
            name="significant_mean",
            summary="mean at the pixels where it is significant at a false discovery rate, zero elsewhere",
            target="saliencynoise.aggregators.significant_mean:SignificantMean",
        ),
        AggregatorSpec(
            name="variance",
            summary="unbiased variance over the members: where they disagree",
            target="saliencynoise.aggregators.variance:Variance",
        ),
        AggregatorSpec(
            name="mean_logits",
            summary="the network whose logits are the mean of the members'",
            target="saliencynoise.aggregators.mean_logits:MeanLogits",
            level="networks",
        ),
        AggregatorSpec(
            name="mean_probabilities",
            summary="the network whose probabilities are the mean of the members', explained by their logarithm",
            target="saliencynoise.aggregators.mean_probabilities:MeanProbabilities",
            level="networks",
        ),
    )


@hookimpl
def saliencynoise_samplers() -> tuple[SamplerSpec, ...]:
    """Return the built-in samplers."""
    return (
        SamplerSpec(
            name="deep_ensemble",
            summary="networks trained independently from other seeds: the reference",
            target="saliencynoise.samplers.deep_ensemble:DeepEnsemble",
            paper="Lakshminarayanan, Pritzel and Blundell 2017, arXiv:1612.01474",
        ),
        SamplerSpec(
            name="snapshot",
            summary="networks at the ends of the cycles of one training run",
            target="saliencynoise.samplers.snapshot:Snapshot",
            paper="Huang et al. 2017, arXiv:1704.00109",
        ),
        SamplerSpec(
            name="swag",
            summary="draws from a Gaussian around the weights of one training run",
            target="saliencynoise.samplers.swag:Swag",
            paper="Maddox et al. 2019, arXiv:1902.02476",
        ),
        SamplerSpec(
            name="mc_dropout",
            summary="draws of the masks of one network that is trained with dropout",
            target="saliencynoise.samplers.mc_dropout:McDropout",
            paper="Gal and Ghahramani 2016, arXiv:1506.02142",
        ),
        SamplerSpec(
            name="noisegrad",
            summary="one trained network, with multiplicative noise on its weights",
            target="saliencynoise.samplers.noisegrad:NoiseGrad",
            paper="Bykov et al. 2022, arXiv:2106.10185",
        ),
        SamplerSpec(
            name="fusiongrad",
            summary="as noisegrad, with noise on the images too",
            target="saliencynoise.samplers.noisegrad:FusionGrad",
            paper="Bykov et al. 2022, arXiv:2106.10185",
        ),
        SamplerSpec(
            name="checkpoints",
            summary="your own trained networks: checkpoints:'PATH/*.safetensors', or torch state dictionaries",
            target="saliencynoise.samplers.checkpoints:Checkpoints",
            imported=True,
            value="files",
        ),
        SamplerSpec(
            name="untrained",
            summary="networks with their initial weights, a sanity check",
            target="saliencynoise.samplers.sanity:Untrained",
            paper="Adebayo et al. 2018, arXiv:1810.03292",
        ),
        SamplerSpec(
            name="permuted_labels",
            summary="networks trained on permuted labels, a sanity check",
            at_chance="permuted labels say nothing about the test images",
            target="saliencynoise.samplers.sanity:PermutedLabels",
            paper="Adebayo et al. 2018, arXiv:1810.03292",
        ),
        SamplerSpec(
            name="seed_blocks",
            summary="networks that share some of their seeds, for 'saliencynoise variance'",
            target="saliencynoise.samplers.seed_blocks:SeedBlocks",
        ),
    )


@hookimpl
def saliencynoise_datasets() -> tuple[DatasetSpec, ...]:
    """Return the built-in data sets."""
    return (
        DatasetSpec(
            name="digits",
            summary="scikit-learn's 1,797 handwritten digits, 8x8 scaled to 16x16, grey",
            target="saliencynoise.data.digits:load_digits",
            paper="Alpaydin and Kaynak 1998, doi:10.24432/C50P49",
        ),
        DatasetSpec(
            name="cifar10",
            summary="60,000 photographs of 32x32 pixels, downloaded, or a copy in --data-dir",
            target="saliencynoise.data.cifar10:load_cifar10",
            paper="Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf",
            data_dir=True,
        ),
        DatasetSpec(
            name="imagenette",
            summary="13,394 photographs of ten classes of ImageNet, 128x128, downloaded, or a copy in --data-dir",
            target="saliencynoise.data.imagenette:load_imagenette",
            paper="Howard 2019, https://github.com/fastai/imagenette",
            data_dir=True,
        ),
        DatasetSpec(
            name="shapes",
            summary="3,600 drawn pictures of 32x32 pixels whose causing pixels are known",
            target="saliencynoise.data.shapes:load_shapes",
        ),
        DatasetSpec(
            name="folder",
            summary="folder:PATH, a folder with one folder of images for each class",
            target="saliencynoise.data.folder:load_folder",
            takes_path=True,
        ),
        DatasetSpec(
            name="csv",
            summary="csv:FILE, a table with a column of paths and one of classes",
            target="saliencynoise.data.csv_table:load_csv",
            takes_path=True,
        ),
        DatasetSpec(
            name="hf",
            summary="hf:PATH, a folder that save_to_disk of Hugging Face's datasets wrote",
            target="saliencynoise.data.hugging_face:load_hugging_face",
            takes_path=True,
        ),
        DatasetSpec(
            name="stored",
            summary="stored:FILE, a data set that Python gave (dataset=...), in the cache",
            target="saliencynoise.data.stored:load_stored",
            takes_path=True,
        ),
    )


@hookimpl
def saliencynoise_commands() -> tuple[CommandSpec, ...]:
    """Return the built-in commands."""
    return COMMANDS
