"""What a plugin author reads: the records to declare, the protocols to implement, the errors to raise."""

from saliencynoise.interfaces.errors import (
    ConfigurationError,
    PluginFailure,
    SaliencyNoiseError,
    UsageError,
    one_line,
)
from saliencynoise.interfaces.protocols import (
    Aggregator,
    Batch,
    CamPoint,
    Dataset,
    Maps,
    Model,
    Network,
    PassMethod,
    Point,
    Split,
    Tap,
)
from saliencynoise.interfaces.seeds import Stream, derive_seed
from saliencynoise.interfaces.specs import AggregatorSpec, DatasetSpec, MethodSpec, ModelSpec

__all__ = [
    "Aggregator",
    "AggregatorSpec",
    "Batch",
    "CamPoint",
    "ConfigurationError",
    "Dataset",
    "DatasetSpec",
    "Maps",
    "MethodSpec",
    "Model",
    "ModelSpec",
    "Network",
    "PassMethod",
    "PluginFailure",
    "Point",
    "SaliencyNoiseError",
    "Split",
    "Stream",
    "Tap",
    "UsageError",
    "derive_seed",
    "one_line",
]
