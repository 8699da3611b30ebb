"""Functions that are made of others, written as their formulas: under the mode each step takes its own rule.

The arguments are named and ordered as torch's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from saliencynoise.interfaces import ConfigurationError
from saliencynoise.methods.rescale.attention import attention, log_softmax, multi_head_attention, softmax, softmin
from saliencynoise.methods.rescale.pairs import Pair

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Axes = int | Sequence[int] | None


def divide(x: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """Return the product with the reciprocal; None if the divisor does not vary."""
    if rounding_mode is not None:
        raise ConfigurationError(f"DeepLIFT has no rule for 'div' with rounding_mode='{rounding_mode}'")
    return x * other.reciprocal() if isinstance(other, Pair) else None


def divide_by(x: Any, other: Any) -> Any:
    """Return `other / x`."""
    return other * x.reciprocal()


def addcdiv(x: Any, first: Any, second: Any, *, value: float = 1) -> Any:
    """Return `x + value * first / second`."""
    return x + value * (first / second)


def log1p(x: Any) -> Any:
    """Return log(1 + x)."""
    return (1 + x).log()


def log2(x: Any) -> Any:
    """Return the logarithm to base 2."""
    return x.log() * (1 / torch.log(torch.tensor(2.0, dtype=torch.float64)).item())


def prelu(x: Any, weight: Any) -> Any:
    """Return `x` where it is positive, else `weight` times it; a weight for each channel, or one."""
    shape = [1, -1, *[1] * (x.ndim - 2)] if weight.numel() > 1 else [1] * x.ndim
    return x.relu() - weight.reshape(shape) * (-x).relu()


def glu(x: Any, dim: int = -1) -> Any:
    """Return one half of the channels, gated by the other."""
    value, gate = x.chunk(2, dim)
    return value * gate.sigmoid()


def layer_norm(x: Any, shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5, *_: Any) -> Any:
    """Return x, less its mean, over its standard deviation."""
    axes = tuple(range(-len(shape), 0))
    return _scaled(_standardised(x, axes, eps), weight, bias)


def rms_norm(x: Any, shape: Sequence[int], weight: Any = None, eps: float | None = None) -> Any:
    """Return x over its root mean square."""
    axes = tuple(range(-len(shape), 0))
    eps = torch.finfo(x.dtype).eps if eps is None else eps
    return _scaled(x * (x.square().mean(axes, keepdim=True) + eps).rsqrt(), weight, None)


def group_norm(x: Any, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, *_: Any) -> Any:
    """Return x, standardised over groups of channels and all places."""
    grouped = x.reshape(x.shape[0], groups, -1)
    return _scaled(_standardised(grouped, (-1,), eps).reshape(x.shape), *_by_channel(x, weight, bias))


def instance_norm(  # noqa: PLR0917 - torch's order
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,  # noqa: FBT001, FBT002 - torch's order
    momentum: float = 0.1,  # noqa: ARG001 - torch's
    eps: float = 1e-5,
    *_: Any,
) -> Any:
    """Return x, standardised over all positions, or by the running statistics of training."""
    if not use_input_stats:
        return F.batch_norm(x, running_mean, running_var, weight, bias, eps=eps)
    return _scaled(_standardised(x, tuple(range(2, x.ndim)), eps), *_by_channel(x, weight, bias))


def local_response_norm(x: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """Return x over a power of the mean square of channels about it."""
    squares = F.pad(x.square().flatten(2)[:, None], (0, 0, size // 2, (size - 1) // 2))
    mean = F.avg_pool2d(squares, (size, 1), stride=1)[:, 0].reshape(x.shape)
    return x * (mean * alpha + k).pow(-beta)


def norm(x: Any, p: Any = 2, dim: Axes = None, keepdim: bool = False, dtype: Any = None) -> Any:  # noqa: FBT001, FBT002
    """Return the p-norm over `dim`, or over all elements."""
    x = x if dtype is None else x.to(dtype)
    axes = tuple(range(x.ndim)) if dim is None else dim
    if p in {2, "fro", None}:
        return x.square().sum(axes, keepdim=keepdim).sqrt()
    if p == torch.inf:
        return x.abs().amax(axes, keepdim=keepdim)
    return x.abs().pow(p).sum(axes, keepdim=keepdim).pow(1 / p)


def vector_norm(x: Any, ord: Any = 2, dim: Axes = None, keepdim: bool = False, *, dtype: Any = None) -> Any:  # noqa: A002, FBT001, FBT002 - torch's
    """Return the norm over `dim`, or over all elements."""
    return norm(x, ord, dim, keepdim, dtype)


def normalize(x: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: None = None) -> Any:  # noqa: ARG001 - torch's
    """Return x over its norm."""
    return x / norm(x, p, dim, keepdim=True).clamp_min(eps)


def cosine_similarity(x: Any, other: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """Return the product of two tensors, each divided by its norm."""
    return (normalize(x, 2, dim, eps) * normalize(other, 2, dim, eps)).sum(dim)


def std(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the standard deviation."""
    return torch.var(x, *args, **kwargs).sqrt()


def var_mean(x: Any, dim: Axes = None, *args: Any, keepdim: bool = False, **kwargs: Any) -> Any:
    """Return variance and mean."""
    axes: Any = tuple(range(x.ndim)) if dim is None else dim
    return torch.var(x, axes, *args, keepdim=keepdim, **kwargs), x.mean(axes, keepdim=keepdim)


def std_mean(x: Any, dim: Axes = None, *args: Any, keepdim: bool = False, **kwargs: Any) -> Any:
    """Return standard deviation and mean."""
    variance, mean = var_mean(x, dim, *args, keepdim=keepdim, **kwargs)
    return variance.sqrt(), mean


def amin(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the minimum over some axes."""
    return -torch.amax(-x, *args, **kwargs)


def minimum(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Return a minimum: of all elements, over an axis, or of two tensors."""
    result: Any = torch.max(-x, *map(_negated, args), **{name: _negated(part) for name, part in kwargs.items()})
    return -result if isinstance(result, Tensor) else torch.return_types.min((-result[0], result[1]))


def _negated(value: Any) -> Any:
    return -value if isinstance(value, Tensor) else value


def _standardised(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    centred = x - x.mean(axes, keepdim=True)
    return centred * (centred.square().mean(axes, keepdim=True) + eps).rsqrt()


def _by_channel(x: Any, *parts: Any) -> list[Any]:
    return [None if part is None else part.reshape(1, -1, *[1] * (x.ndim - 2)) for part in parts]


def _scaled(x: Any, weight: Any, bias: Any) -> Any:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


FORMULAS: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys(("div", "divide", "true_divide"), divide),
    **dict.fromkeys(("__rdiv__", "__rtruediv__"), divide_by),
    "addcdiv": addcdiv,
    "log1p": log1p,
    "log2": log2,
    "prelu": prelu,
    "glu": glu,
    "softmax": softmax,
    "softmin": softmin,
    "log_softmax": log_softmax,
    "scaled_dot_product_attention": attention,
    "multi_head_attention_forward": multi_head_attention,
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "local_response_norm": local_response_norm,
    "norm": norm,
    **dict.fromkeys(("linalg_vector_norm", "linalg_norm"), vector_norm),
    "normalize": normalize,
    "cosine_similarity": cosine_similarity,
    "std": std,
    "var_mean": var_mean,
    "std_mean": std_mean,
    "amin": amin,
    **dict.fromkeys(("min", "minimum"), minimum),
}
"""Formulas by the name of the function. The result of a formula is used like that of a rule."""
