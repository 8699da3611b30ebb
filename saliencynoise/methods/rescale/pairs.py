"""Activations of images beside those of their references, and the four ways in which a difference passes a function.

A multiplier says how much of a function's difference, f(image) - f(reference), each part of its input's difference
makes. Here it is the gradient of a surrogate: every function keeps its value on the image and has its gradient
replaced, so that the gradient times the difference of the inputs *is* the difference of the outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from saliencynoise.interfaces import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Pair(Tensor):
    """A tensor of the network, on the images and on their references; it passes for the images' own.

    Two tensors instead of one with twice the rows: where the rows are need not be known, whatever the network permutes,
    cuts into windows or folds into channels.

    Attributes:
        image: on the images, with the graph of the surrogate.
        reference: on the references, without a graph; of the same shape.
    """

    image: Tensor
    reference: Tensor

    @staticmethod
    def of(image: Tensor, reference: Tensor) -> Pair:
        """Return the two as one."""
        pair: Pair = Tensor._make_subclass(Pair, image.detach())  # noqa: SLF001 - what `as_subclass` does, unaliased
        pair.image, pair.reference = image, reference
        return pair

    @property
    def means(self) -> Tensor:
        """Half way between image and reference, without a graph."""
        return (self.image.detach() + self.reference) / 2

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Refuse: outside of its pass a pair means nothing."""
        name = getattr(func, "__name__", func)
        raise ConfigurationError(f"'{name}' was given an activation that the network kept from a pass of DeepLIFT")


def pairs_in(value: Any) -> Iterator[Pair]:
    """Yield the pairs of arguments, in tuples, lists, dictionaries and slices too."""
    if isinstance(value, Pair):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from pairs_in(part)
    elif isinstance(value, dict):
        yield from pairs_in(list(value.values()))
    elif isinstance(value, slice):
        yield from pairs_in([value.start, value.stop, value.step])


def varies(*values: Any) -> bool:
    """Whether there is a pair among arguments."""
    return next(pairs_in(values), None) is not None


def replace_pairs(value: Any, by: Callable[[Pair], Any]) -> Any:
    """Return arguments with each pair replaced."""
    if isinstance(value, Pair):
        return by(value)
    if type(value) in {tuple, list}:
        return type(value)(replace_pairs(part, by) for part in value)
    if isinstance(value, dict):
        return {key: replace_pairs(part, by) for key, part in value.items()}
    if isinstance(value, slice):
        return slice(*(replace_pairs(part, by) for part in (value.start, value.stop, value.step)))
    return value


def image_of(pair: Pair) -> Tensor:
    """Return the part with the graph."""
    return pair.image


def reference_of(pair: Pair) -> Tensor:
    """Return the part without."""
    return pair.reference


class _Scaled(torch.autograd.Function):
    """A value, whose gradient passes on to `_x` times `slope`."""

    @staticmethod
    def forward(ctx: Any, _x: Tensor, slope: Tensor, value: list[Tensor]) -> Tensor:
        ctx.save_for_backward(slope)
        return _owned(value)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return gradients[0] * slope, None, None


class _Valued(torch.autograd.Function):
    """Another value, whose gradient passes on to `_x` as it is."""

    @staticmethod
    def forward(_ctx: Any, _x: Tensor, value: list[Tensor]) -> Tensor:
        return _owned(value)

    @staticmethod
    def backward(_ctx: Any, *gradients: Any) -> tuple[Tensor, None]:
        return gradients[0], None


def _owned(value: list[Tensor]) -> Tensor:
    """Return a tensor that may be changed in place later, which a view may not."""
    (only,) = value
    return only.clone() if only._is_view() else only  # noqa: SLF001 - has no public name


def with_slope(x: Pair, slope: Tensor, image: Tensor, reference: Tensor) -> Pair:
    """Return the values `image` and `reference` of an elementwise function of `x`, with `slope` as its derivative."""
    return Pair.of(_Scaled.apply(x.image, slope, [image]), reference)


def with_value(graph: Tensor, image: Tensor, reference: Tensor) -> Pair:
    """Return the values `image` and `reference`, with the derivatives of `graph`."""
    return Pair.of(_Valued.apply(graph, [image]), reference)


def quotient(f: Callable[[Tensor], Tensor], x: Pair, *, smooth: bool, masked: bool = True) -> Pair:
    """Return an elementwise function by the rescale rule: its slope is the quotient of the differences.

    Where the inputs are so close that the quotient would be rounding noise, its slope is the derivative between them.
    A `smooth` function's derivative is near the quotient on a longer stretch than that of one with kinks. Not `masked`:
    `f` has arguments for which it needs all of `x`.
    """
    a, b = x.image.detach(), x.reference
    ya, yb, difference = f(a), f(b), a - b
    eps = torch.finfo(a.dtype).eps
    near = ~(difference.abs() > (eps ** (1 / 3) / 5 if smooth else 8 * eps))  # so that it holds for inf - inf too
    slope = (ya - yb) / difference
    if near.any():
        middle = x.means
        slope[near] = _derivative(f, middle[near]) if masked else _derivative(f, middle)[near]
    return with_slope(x, slope, ya, yb)


def _derivative(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        return torch.autograd.grad(f(x).sum(), x)[0]


def midpoint(f: Callable[..., Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Pair:
    """Return a polynomial of degree two, a product say, with its derivative half way.

    There the derivative times the differences is exact, and factors share the difference as their Shapley values.
    """
    ya, yb = (f(*replace_pairs(args, part), **replace_pairs(kwargs, part)) for part in (_value_of, reference_of))
    with torch.enable_grad():
        graph = f(*replace_pairs(args, _half_way), **replace_pairs(kwargs, _half_way))
    return with_value(graph, ya, yb)


def _value_of(pair: Pair) -> Tensor:
    return pair.image.detach()


def _half_way(pair: Pair) -> Tensor:
    return with_value(pair.image, pair.means, pair.reference).image


def winner(x: Pair, values: tuple[Tensor, Tensor], indices: tuple[Tensor, Tensor]) -> Pair:
    """Return maxima: the difference goes to the element that wins where the maximum is larger.

    Args:
        x: `[..., P]`, with the candidates on the last axis.
        values: maxima on the images and on the references, `[..., *p]`.
        indices: of the maxima, as `values`.
    """
    (ya, yb), (ia, ib) = values, indices
    index = torch.where(ya >= yb, ia, ib)
    flat = index.reshape(*x.image.shape[:-1], -1)
    chosen = x.image.gather(-1, flat).view(index.shape)
    difference = chosen.detach() - x.reference.gather(-1, flat).view(index.shape)
    slope = torch.where(difference == 0, 1.0, (ya - yb) / difference)
    return Pair.of(_Scaled.apply(chosen, slope, [ya]), yb)
