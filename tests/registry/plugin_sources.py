"""Sources of fake plugins, and the catalogue of plugins."""

from __future__ import annotations

from importlib.metadata import distribution
from typing import TYPE_CHECKING

from saliencynoise.registry.catalogue import Catalogue
from saliencynoise.registry.loader import GROUP, discover

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

BUILT_IN = {"resnet", "vgg"}

GLOW = """
from dataclasses import dataclass

@hookimpl
def saliencynoise_methods():
    return (method("glow", target=__name__ + ":Glow"),)

@dataclass(frozen=True)
class Glow:
    points = ("input",)
    def from_pass(self, taps, batch):
        return None
"""

MODELS = """
@hookimpl
def saliencynoise_models():
    return (ModelSpec(name="zoo", summary="a zoo", target=__name__ + ":Net", names=__name__ + ":names"),)

def names():
    {names}

class Net:
    def __init__(self, name, *, width=8):
        self.name, self.width = name, width
        if width < 1:
            raise ValueError("width must be 1 or more")
    def build(self, in_shape, num_classes):
        raise NotImplementedError
"""

AGGREGATORS = """
from dataclasses import dataclass

@hookimpl
def saliencynoise_aggregators():
    return (
        AggregatorSpec(name="first", summary="s", target=__name__ + ":First", level="networks"),
        AggregatorSpec(name="mixed_up", summary="s", target=__name__ + ":First"),
        AggregatorSpec(name="no_net", summary="s", target="saliencynoise.aggregators.mean:Mean", level="networks"),
    )

@dataclass(frozen=True)
class First:
    share: float = 0.5
    def combine(self, logits):
        return logits[0]
"""

SAMPLERS = """
from dataclasses import dataclass
from saliencynoise.interfaces import Sampler, SamplerSpec

@hookimpl
def saliencynoise_samplers():
    return (
        SamplerSpec(name="plain", summary="s", target=__name__ + ":Plain"),
        SamplerSpec(name="named", summary="s", target=__name__ + ":Named", value="place"),
        SamplerSpec(name="wrong", summary="s", target=__name__ + ":Wrong"),
        SamplerSpec(name="odd", summary="s", target=__name__ + ":Odd"),
    )

@dataclass(frozen=True)
class Plain(Sampler):
    width: float = 0.5
    def members(self, run):
        yield from ()

@dataclass(frozen=True)
class Named(Sampler):
    place: str = ""
    times: int = 1
    def members(self, run):
        yield from ()

@dataclass(frozen=True)
class Wrong:
    pass

@dataclass(frozen=True)
class Odd(Plain):
    per_block = 2
"""

DATA = """
@hookimpl
def saliencynoise_datasets():
    return (
        DatasetSpec(name="plain", summary="s", target=__name__ + ":load"),
        DatasetSpec(name="placed", summary="s", target=__name__ + ":load", takes_path=True),
        DatasetSpec(name="copied", summary="s", target=__name__ + ":load", data_dir=True),
        DatasetSpec(name="wrong", summary="s", target="builtins:dict"),
    )

def load(*, path, image_size, seed):
    import torch
    from saliencynoise.interfaces import Dataset, Split
    split = Split(
        images=torch.zeros(1, 1, 2, 2, dtype=torch.uint8), labels=torch.zeros(1).long(), names=("a",))
    return Dataset(
        name="x", classes=("a",), train=split, test=split, mean=(0.0,), std=(1.0,),
        notes=(f"{path} {image_size} {seed}",)
    )
"""


def catalogue_of(*points: EntryPoint) -> Catalogue:
    """Return the catalogue of these plugins and the built-in one."""
    ours = distribution("saliencynoise").entry_points.select(group=GROUP)
    return Catalogue(*discover([*points, *ours]))
