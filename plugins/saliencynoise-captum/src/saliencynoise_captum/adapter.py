"""The adapter from a method's fields to captum: a copy of the network, a seed for each image, captum's keywords."""

from __future__ import annotations

import copy
import dataclasses
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch

from saliencynoise.interfaces import Batch, CamPoint, Maps, Network, UsageError, one_line, seeded
from saliencynoise_captum.fields import check_fields

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor, nn

# torch's message if the score does not depend on the leaf: the derivative is zero
UNCONNECTED = ("does not require grad", "not have been used in the graph")
# torch's message if hooks meet in-place operations
IN_PLACE = ("inplace", "in-place")


@dataclass(frozen=True)
class CaptumMethod:
    """A class of `captum.attr`; each field that is not `adapted` is a keyword argument of its `attribute`.

    Captum adds hooks and attributes to modules and draws from the global random state: it works on a copy of the
    network, image by image, each under its own seed.

    Attributes:
        explainer: name of the class in `captum.attr`.
        adapted: the fields that are not passed to captum unchanged.
        together: whether captum gets all images at once; for deterministic methods that make no further rows.
        advice: the alternative for networks on which captum cannot work.
    """

    explainer: ClassVar[str]
    adapted: ClassVar[frozenset[str]] = frozenset()
    together: ClassVar[bool] = False
    advice: ClassVar[str] = ""

    def __post_init__(self) -> None:
        check_fields(self)

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        """Return captum's maps, signed and as they are.

        Raises:
            UsageError: if captum cannot work on this network.
        """
        copied = replace(network, module=out_of_place(copy.deepcopy(network.module)))
        parts = [batch] if self.together else batch.split(1)
        return Maps.joined([self.maps(copied, part) for part in parts])

    def maps(self, network: Network, part: Batch) -> Maps:
        """Return the maps of a part of the batch: one image, or all where they go together."""
        self.check(network)
        with seeded(part.noise.seeds[0]):
            attributions = self.found(network, part)
            values = self.shaped(network, attributions).to(part.x.dtype)
            return Maps(values=values, diagnostics=self.diagnostics(network, part, attributions))

    def found(self, network: Network, part: Batch) -> Float[Tensor, "B ..."]:
        """Return captum's attributions; zeros where the score depends on no input."""
        with warnings.catch_warnings(), torch.enable_grad():
            warnings.simplefilter("ignore", UserWarning)  # that hooks are set; that the input now requires gradients
            try:
                return self.explain(network, part).detach()
            except (AssertionError, AttributeError, NotImplementedError, TypeError) as error:
                raise self.trouble(error) from error
            except RuntimeError as error:
                if any(pattern in str(error) for pattern in UNCONNECTED):
                    return self.blank(network, part)
                if any(pattern in str(error) for pattern in IN_PLACE):
                    raise self.trouble(error) from error
                raise

    def trouble(self, error: Exception) -> UsageError:
        """Return the error that says that captum cannot work on this network."""
        return UsageError(
            f"captum's {self.explainer} cannot work on this network ({one_line(error).partition('. ')[0]}){self.advice}"
        )

    def explain(self, network: Network, part: Batch) -> Float[Tensor, "B ..."]:
        """Call captum."""
        import captum.attr  # noqa: PLC0415 - takes a second

        explainer = getattr(captum.attr, self.explainer)(network.module, **self.construction(network, part))
        x = part.x.clone().requires_grad_()
        attributions: Tensor = explainer.attribute(x, target=part.target, **self.arguments(network, part))
        return attributions

    def check(self, network: Network) -> None:
        """Refuse a network on which captum is silently wrong."""

    def construction(self, network: Network, part: Batch) -> dict[str, Any]:  # noqa: ARG002 - for subclasses
        """Return the keyword arguments of the class, without the network."""
        return {}

    def arguments(self, network: Network, part: Batch) -> dict[str, Any]:  # noqa: ARG002 - for subclasses
        """Return the keyword arguments of `attribute`, without the images and their target."""
        names = [field.name for field in dataclasses.fields(self) if field.name not in self.adapted]
        values = {name: getattr(self, name) for name in names}
        if "baselines" in values:
            values["baselines"] = reference(values["baselines"], part)
        return values

    def shaped(self, network: Network, attributions: Float[Tensor, "B ..."]) -> Float[Tensor, "B c h w"]:  # noqa: ARG002
        """Return captum's attributions as a map."""
        return attributions

    def blank(self, network: Network, part: Batch) -> Float[Tensor, "B ..."]:  # noqa: ARG002 - for subclasses
        """Return zeros in the shape of captum's attributions."""
        return torch.zeros_like(part.x)

    def diagnostics(
        self,
        network: Network,  # noqa: ARG002 - for subclasses
        part: Batch,  # noqa: ARG002 - for subclasses
        attributions: Float[Tensor, "B ..."],  # noqa: ARG002 - for subclasses
    ) -> dict[str, Float[Tensor, " B"]]:
        """Return figures for each image."""
        return {}


def out_of_place(module: nn.Module) -> nn.Module:
    """Make activations return new tensors, which changes no value: captum's integrals at a layer stop at in-place ones.

    The module itself is changed.
    """
    for part in module.modules():
        if getattr(part, "inplace", False) is True:
            part.inplace = False  # type: ignore[assignment]
    return module


def reference(baselines: float | Literal["mean"], part: Batch) -> Float[Tensor, "1 C H W"]:
    """Return the baseline image: of one colour, or the mean of the background."""
    if baselines == "mean":
        return part.background.mean(0, keepdim=True).to(part.x)
    return torch.full_like(part.x[:1], float(baselines))


def scores(network: Network, x: Float[Tensor, "N C H W"], target: Tensor) -> Float[Tensor, " N"]:
    """Return the logits of the targets, without gradients."""
    with torch.no_grad():
        logits: Tensor = network.module(x.clone())
    return logits.gather(1, target[:, None])[:, 0]


def point_of(network: Network, layer: str) -> CamPoint:
    """Return a CAM point.

    Raises:
        UsageError: if the network has no such point.
    """
    if layer not in network.points:
        raise UsageError(f"the network has no point '{layer}'; it has {', '.join(network.points)}")
    return network.points[layer]
