"""The interface for plugin authors: records to declare, protocols to implement, errors to raise."""

from saliencynoise.interfaces.completeness import completeness_error, refuse_incomplete
from saliencynoise.interfaces.errors import (
    ConfigurationError,
    PluginError,
    PluginFailure,
    SaliencyNoiseError,
    UsageError,
    one_line,
    traceback_of,
)
from saliencynoise.interfaces.methods import (
    Batch,
    FunctionalMethod,
    LayerMethod,
    Maps,
    ModuleMethod,
    Noise,
    PassMethod,
    Scorer,
    Tap,
)
from saliencynoise.interfaces.networks import INPUT, CamPoint, Network, Point
from saliencynoise.interfaces.pretrained import PretrainedModel, PretrainedWeights
from saliencynoise.interfaces.protocols import (
    Aggregator,
    Dataset,
    Model,
    NetworkAggregator,
    Split,
)
from saliencynoise.interfaces.sampling import Sample, Sampler, TrainingRun
from saliencynoise.interfaces.seeds import Stream, derive_seed, seeded
from saliencynoise.interfaces.specs import (
    AggregatorSpec,
    CommandSpec,
    DatasetSpec,
    MethodSpec,
    ModelSpec,
    Rewrite,
    SamplerSpec,
)

__all__ = [
    "INPUT",
    "Aggregator",
    "AggregatorSpec",
    "Batch",
    "CamPoint",
    "CommandSpec",
    "ConfigurationError",
    "Dataset",
    "DatasetSpec",
    "FunctionalMethod",
    "LayerMethod",
    "Maps",
    "MethodSpec",
    "Model",
    "ModelSpec",
    "ModuleMethod",
    "Network",
    "NetworkAggregator",
    "Noise",
    "PassMethod",
    "PluginError",
    "PluginFailure",
    "Point",
    "PretrainedModel",
    "PretrainedWeights",
    "Rewrite",
    "SaliencyNoiseError",
    "Sample",
    "Sampler",
    "SamplerSpec",
    "Scorer",
    "Split",
    "Stream",
    "Tap",
    "TrainingRun",
    "UsageError",
    "completeness_error",
    "derive_seed",
    "one_line",
    "refuse_incomplete",
    "seeded",
    "traceback_of",
]
