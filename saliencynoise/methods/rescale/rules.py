"""The rescale rule for each function of torch: affine, a product, elementwise, a maximum.

A rule gets the function as the network called it, out of place, and its arguments with pairs among them. The functions
that are made of others are in `formulas`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from saliencynoise.interfaces import ConfigurationError
from saliencynoise.methods.rescale.pairs import (
    Pair,
    image_of,
    midpoint,
    pairs_in,
    quotient,
    reference_of,
    replace_pairs,
    varies,
    winner,
    with_slope,
    with_value,
)
from saliencynoise.scoring.score import others

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Rule = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


AFFINE = _names("""
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d add as_strided avg_pool1d avg_pool2d avg_pool3d
    broadcast_tensors broadcast_to cat channel_shuffle chunk clone concat concatenate constant_pad_nd contiguous
    copy_ cumsum diag_embed diagonal diff double dsplit dstack embedding expand expand_as fft_fft fft_fft2 fft_fftn
    fft_fftshift fft_ifft fft_ifft2 fft_ifftn fft_ifftshift fft_irfft fft_irfft2 fft_rfft fft_rfft2 fill flatten
    flip float fold gather half hsplit hstack index_add index_copy index_fill index_put index_select interpolate
    masked_fill masked_scatter masked_select mean moveaxis movedim narrow native_channel_shuffle neg negative pad
    permute pixel_shuffle pixel_unshuffle positive ravel repeat repeat_interleave reshape reshape_as roll rot90 rsub
    scatter_add select select_scatter slice_scatter split split_with_sizes squeeze stack sub subtract sum swapaxes
    swapdims t take take_along_dim tensor_split tile to trace transpose tril triu type type_as unbind unflatten
    unfold unsqueeze upsample view view_as view_as_complex view_as_real vsplit vstack where zero __getitem__
    __setitem__
""")
"""Affine in all the tensors that vary, together: a difference passes as through the function itself."""

PRODUCTS = _names("""
    mul multiply matmul bmm mm mv dot vdot inner outer ger einsum linear bilinear conv1d conv2d conv3d conv_transpose1d
    conv_transpose2d conv_transpose3d addmm addbmm baddbmm addmv addr addcmul tensordot cross kron lerp linalg_vecdot
    linalg_cross linalg_matmul square var
""")
"""Affine in each of its tensors, and of degree two in two of them that vary."""

KINKED = _names("""
    relu _threshold abs absolute relu6 leaky_relu elu selu celu rrelu hardtanh hardswish hardsigmoid hardshrink
    softshrink threshold
    clamp clip clamp_min clamp_max
""")
SMOOTH = _names("""
    gelu silu sigmoid expit special_expit tanh softplus mish logsigmoid log_sigmoid softsign tanhshrink exp exp2 expm1
    erf sin cos atan arctan sinh cosh asinh __rpow__
""")


def affine_where_few_vary(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return a product: affine in the one tensor that varies, the midpoint rule for two; None if neither fits."""
    varying = len(list(pairs_in([args, kwargs])))
    name = func.__name__
    if varying == 1 and name not in {"square", "var"}:
        return None
    third = varying > 2 and name in {"einsum", "bilinear"}  # other functions of three tensors are still of degree two
    return NotImplemented if third else midpoint(func, args, kwargs)


def elementwise(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return a function of each element by the rescale rule."""
    x, *rest = args
    if not isinstance(x, Pair) or varies(rest, kwargs):
        return NotImplemented
    masked = not any(isinstance(value, Tensor) and value.ndim for value in [*rest, *kwargs.values()])
    smooth = func.__name__ in SMOOTH
    return quotient(lambda z: func(z, *rest, **kwargs), x, smooth=smooth, masked=masked)


def power(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return a power, by the closed form of its quotient where there is one."""
    x, exponent = [*args, *kwargs.values()]
    if not isinstance(x, Pair):
        return quotient(lambda z: func(x, z), exponent, smooth=True, masked=not isinstance(x, Tensor))
    if isinstance(exponent, Pair):
        return NotImplemented
    if isinstance(exponent, Tensor) and exponent.numel() > 1:
        return quotient(lambda z: func(z, exponent), x, smooth=False, masked=False)
    number = float(exponent)
    if number == 2:
        return midpoint(torch.square, (x,), {})
    closed = {0.5: torch.sqrt, -0.5: torch.rsqrt, -1.0: torch.reciprocal}.get(number)
    return root(closed, (x,), {}) if closed else quotient(lambda z: func(z, number), x, smooth=False)


def root(func: Any, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> Pair:
    """Return a root or a reciprocal; its quotient is written out, since rounding would spoil that of small inputs."""
    (x,) = args
    ya, yb = func(x.image.detach()), func(x.reference)
    if func.__name__ == "sqrt":
        total = ya + yb
        slope = torch.where(total > 0, 1 / total, 0.0)  # 0 at 0, as torch has it for norms
    elif func.__name__ == "rsqrt":
        slope = -((ya * yb) ** 2) / (ya + yb)
    else:
        slope = -ya * yb
    return with_slope(x, slope, ya, yb)


def logarithm(func: Any, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> Pair:
    """Return the logarithm; log(a / b) = 2 artanh((a - b) / (a + b)) is exact where a and b are close."""
    (x,) = args
    a, b = x.image.detach(), x.reference
    difference, total = a - b, a + b
    slope = torch.where(difference == 0, 2 / total, 2 * torch.atanh(difference / total) / difference)
    return with_slope(x, slope, func(a), func(b))


def logarithmic_mean(a: Tensor, b: Tensor) -> Tensor:
    """Return (exp(a) - exp(b)) / (a - b)."""
    difference = a - b
    near = ~(difference.abs() > torch.finfo(a.dtype).eps ** (1 / 3) / 5)
    return torch.where(near, ((a + b) / 2).exp(), (a.exp() - b.exp()) / difference)


def logsumexp(_func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Pair:
    """Return log(sum(exp(x))): exp, sum and log by their rules, in one, so that nothing overflows."""
    x, dim, keepdim = _bound(("input", None), ("dim", None), ("keepdim", False), args=args, kwargs=kwargs)
    a, b = x.image.detach(), x.reference
    ya, yb = (torch.logsumexp(part, dim, keepdim=True) for part in (a, b))
    top = torch.maximum(ya, yb)
    weights = logarithmic_mean(a - top, b - top) / logarithmic_mean(ya - top, yb - top)
    graph = (weights * x.image).sum(dim, keepdim=keepdim)
    return with_value(graph, ya.view(graph.shape), yb.view(graph.shape))


def batch_norm(_func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Leave it affine with the statistics that training kept; refuse those of the batch, which mix its rows."""
    if args[5] if len(args) > 5 else kwargs.get("training", False):
        raise ConfigurationError("'batch_norm' takes the statistics of the batch, though the network is in eval mode")
    return NotImplemented if varies(args[1:], kwargs) else None


def dropout(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the input as it is, as in eval mode; refuse to drop anything."""
    x, p, training = _bound(("input", None), ("p", 0.5), ("training", True), args=args, kwargs=kwargs)
    if training and p > 0:
        raise ConfigurationError(f"'{func.__name__}' drops with p={p}, though the network is in eval mode")
    return x


def max_pool(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the maxima of windows, which may overlap, be padded, dilated or cut."""
    x, *rest = args
    name = func.__name__.removesuffix("_with_indices")
    axes = int(name[-2])
    indices_too = kwargs.pop("return_indices", False) or func.__name__.endswith("_with_indices")
    pool = getattr(F, name)
    (ya, ia), (yb, ib) = (pool(part, *rest, **kwargs, return_indices=True) for part in (x.image.detach(), x.reference))
    candidates = Pair.of(x.image.flatten(-axes), x.reference.flatten(-axes))
    pooled = winner(candidates, (ya, yb), (ia, ib))
    return (pooled, Pair.of(ia, ib)) if indices_too else pooled


def amax(_func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Pair:
    """Return the maximum over some axes, all of them where none is named."""
    x, dim, keepdim = _bound(("input", None), ("dim", ()), ("keepdim", False), args=args, kwargs=kwargs)
    ndim = x.image.ndim
    axes = sorted({axis % ndim for axis in ((dim,) if isinstance(dim, int) else dim or range(ndim))})
    others = [axis for axis in range(ndim) if axis not in axes]
    image, reference = (
        part.permute(*others, *axes).flatten(len(others)) if axes else part[..., None]
        for part in (x.image, x.reference)
    )
    (ya, ia), (yb, ib) = image.detach().max(-1), reference.max(-1)
    largest = winner(Pair.of(image, reference), (ya[..., None], yb[..., None]), (ia[..., None], ib[..., None]))
    shape = [1 if axis in axes else size for axis, size in enumerate(x.image.shape)]
    if not keepdim:
        shape = [size for axis, size in enumerate(x.image.shape) if axis not in axes]
    return Pair.of(largest.image.reshape(shape), largest.reference.reshape(shape))


def maximum(_func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return a maximum: of all elements, over an axis, or of two tensors."""
    x, *rest = args
    other = rest[0] if rest else kwargs.get("other")
    if isinstance(other, Tensor):
        image, reference = (_stacked(replace_pairs((x, other), part)) for part in (image_of, reference_of))
        return amax(None, (Pair.of(image, reference), 0), {})
    if not rest and not kwargs:
        return amax(None, (x,), {})
    dim = rest[0] if rest else kwargs["dim"]
    image, reference = (part.max(*rest, **kwargs).indices for part in (x.image.detach(), x.reference))
    indices = image if torch.equal(image, reference) else Pair.of(image, reference)
    values = amax(None, (x, dim, rest[1] if len(rest) > 1 else kwargs.get("keepdim", False)), {})
    return torch.return_types.max((values, indices))


def max_of_others(_func: Any, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> Pair:
    """Return for each column the largest other column of its row."""
    (x,) = args
    indices = others(x.image), others(x.reference)
    values = x.image.detach().gather(1, indices[0]), x.reference.gather(1, indices[1])
    return winner(x, values, indices)


def _stacked(two: tuple[Tensor, Tensor]) -> Tensor:
    first, second = two
    zero = torch.zeros_like(first + second)  # of the shape that both broadcast to
    return torch.stack([first.expand_as(zero), second.expand_as(zero)])


def _bound(*names: tuple[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Return arguments in order, whether they were given by place or by name."""
    given = [*args, *(kwargs.get(name, default) for name, default in names[len(args) :])]
    return given[: len(names)]


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(PRODUCTS, affine_where_few_vary),
    **dict.fromkeys(KINKED | SMOOTH, elementwise),
    "pow": power,
    **dict.fromkeys(("sqrt", "rsqrt", "reciprocal"), root),
    "log": logarithm,
    "logsumexp": logsumexp,
    **dict.fromkeys([f"{kind}max_pool{d}d" for kind in ("", "adaptive_") for d in (1, 2, 3)], max_pool),
    **dict.fromkeys([f"{kind}max_pool{d}d_with_indices" for kind in ("", "adaptive_") for d in (1, 2, 3)], max_pool),
    "batch_norm": batch_norm,
    **dict.fromkeys(_names("dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout"), dropout),
    "amax": amax,
    **dict.fromkeys(("max", "maximum"), maximum),
    "max_of_others": max_of_others,
}
"""Rules by the name of the function. A rule that returns None leaves the function affine; NotImplemented, unknown."""
