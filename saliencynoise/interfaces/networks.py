"""What an architecture builds: a network, and the points in it whose output is a grid of features.

Letters: N any rows, C channels, H W pixels, h w the grid, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Float
    from torch import Tensor, nn

    from saliencynoise.interfaces.specs import Rewrite

Point: TypeAlias = str
"""A place in a network: "input", or a CAM point ("top", "intermediate")."""

INPUT: Point = "input"

Columns: TypeAlias = Literal["logits", "log_odds", "scores"]
"""What the K outputs of a network are: "logits" of classes, whose softmax are probabilities; "log_odds" of labels or
of the two classes of a binary network, whose sigmoid are probabilities; or other "scores"."""


@dataclass(frozen=True, kw_only=True)
class CamPoint:
    """A place in a network whose output is a grid of features.

    Attributes:
        module: path of the submodule, as in `nn.Module.get_submodule`.
        layout: how that module's output is laid out: "NCHW", "NHWC", or "tokens" (`[N, prefix + h*w, C]`).
        grid: height and width (h, w) of the grid.
        prefix_tokens: with "tokens", how many class or register tokens precede the grid.
        rewrites: the kinds of `Rewrite` of its channels that other weights of the same architecture undo, so that the
            network in eval mode is the same function: after a ReLU "permutation" and "positive_scale", at a linear
            output between linear layers all kinds. Empty where there are none; None where nobody says.
    """

    module: str
    layout: Literal["NCHW", "NHWC", "tokens"] = "NCHW"
    grid: tuple[int, int]
    prefix_tokens: int = 0
    rewrites: tuple[Rewrite, ...] | None = None

    def to_grid(self, output: Float[Tensor, "N ..."]) -> Float[Tensor, "N C h w"]:
        """Return what the module computed as a grid; class and register tokens are left out.

        >>> import torch
        >>> point = CamPoint(module="norm", layout="tokens", grid=(4, 5), prefix_tokens=1)
        >>> point.to_grid(torch.zeros(2, 1 + 4 * 5, 8)).shape
        torch.Size([2, 8, 4, 5])
        """
        if self.layout == "NCHW":
            return output
        if self.layout == "NHWC":
            return output.permute(0, 3, 1, 2)
        tokens = output[:, self.prefix_tokens :]
        return tokens.transpose(1, 2).reshape(len(tokens), -1, *self.grid)

    def from_grid(self, grid: Float[Tensor, "N C h w"], output: Float[Tensor, "N ..."]) -> Float[Tensor, "N ..."]:
        """Return `output`, what the module computed, with `grid` in the place of its own grid.

        >>> import torch
        >>> point = CamPoint(module="norm", layout="tokens", grid=(1, 2), prefix_tokens=1)
        >>> point.from_grid(torch.ones(1, 1, 1, 2), torch.zeros(1, 3, 1)).flatten().tolist()
        [0.0, 1.0, 1.0]
        """
        if self.layout == "NCHW":
            return grid
        if self.layout == "NHWC":
            return grid.permute(0, 2, 3, 1)
        joined = output.clone()
        joined[:, self.prefix_tokens :] = grid.flatten(2).transpose(1, 2)
        return joined


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network as built, untrained.

    Attributes:
        module: in eval mode maps `[N, C, H, W]` to logits `[N, K]`, each row on its own; the same rows give the same
            logits, and neither they nor the module change by it. Its state_dict holds all that training changes. Where
            another score than the logit is explained, methods get a module with columns of that score in their place.
        points: the CAM points: "top" (the last layer that still has a grid) and "intermediate" (one level of
            resolution, or for networks of one resolution about a quarter of the depth, earlier). Each module runs
            once in a forward pass, and the logits depend on what it gives.
        adaptations: what was changed to suit the image size, in words, for the results; empty if nothing was.
        head: path of the classifier, the layer with an output for each class; None for the last linear or
            convolutional layer with as many outputs. Members that are tuned from a start get a new one.
        columns: what the module's outputs are; an architecture gives "logits".
    """

    module: nn.Module
    points: Mapping[Point, CamPoint]
    adaptations: tuple[str, ...] = ()
    head: str | None = None
    columns: Columns = "logits"

    def probabilities(self, outputs: Float[Tensor, "... K"]) -> Float[Tensor, "... K"]:
        """Return the outputs as probabilities; scores that are neither logits nor log-odds as they are.

        >>> import torch
        >>> Network(module=torch.nn.Identity(), points={}).probabilities(torch.zeros(2)).tolist()
        [0.5, 0.5]
        """
        if self.columns == "logits":
            return outputs.softmax(-1)
        return outputs.sigmoid() if self.columns == "log_odds" else outputs
