"""The rescale rule of DeepLIFT on any network: a mode that gives every function of a pass its rule.

No module is touched, so it is the same whether an activation is a module, a function, in place or used twice.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from saliencynoise.interfaces import ConfigurationError
from saliencynoise.methods.rescale_formulas import FORMULAS
from saliencynoise.methods.rescale_pairs import Pair, image_of, pairs_in, reference_of, replace_pairs, varies
from saliencynoise.methods.rescale_rules import AFFINE, RULES

IN_PLACE = {"__iadd__": "add_", "__isub__": "sub_", "__imul__": "mul_", "__itruediv__": "div_", "__idiv__": "div_"}
BETWEEN = 0.381966
"""Where between reference and image an unknown function is tried; no place that a symmetry would choose."""


class Rescale(TorchFunctionMode):
    """A context in which the gradient of a network's score is DeepLIFT's multiplier.

    In it, one network is given rows `[2 B, C, H, W]` that require a gradient: first the images, then their references.
    The gradient of the score by the images is the multiplier: times (image - reference) it sums to the difference of
    the scores. The gradient by the references is zero.

    Functions are affine, or have a rule or a formula; another one is tried between reference and image, and passes
    if it is affine there.

    Raises:
        ConfigurationError: from within the pass, if a function is neither; naming it.

    Sources: Shrikumar, Greenside and Kundaje, *Learning Important Features Through Propagating Activation Differences*,
    2017, arXiv:1704.02685; the product's midpoint is its Shapley value, Lundberg and Lee 2017, arXiv:1705.07874.

    >>> x = torch.tensor([[2.0], [-1.0]], requires_grad=True)
    >>> with Rescale():
    ...     score = F.relu(x.clone()).gather(1, torch.zeros(2, 1).long()).sum()
    >>> torch.autograd.grad(score, x)[0].flatten().tolist()  # 2 / 3, since relu gives 2 for a difference of 3
    [0.6666666865348816, 0.0]
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: Tensor | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: ARG002
        """Give a function its rule, if what it is given varies between images and references."""
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", str(func))
        if func is torch.autograd.grad or func is torch.autograd.backward:
            return func(*args, **kwargs)
        if name == "gather" and self._rows is not None:
            args = _both_halves(args, len(self._rows))
        elif name not in {"__get__", "__set__"}:
            args = tuple(self._opened(value) for value in args)
        if not varies(args, kwargs):
            return func(*args, **kwargs)
        with torch.enable_grad():  # where the network stops gradients, its value depends on the image all the same
            return self._on_pairs(func, name, args, kwargs)

    def _opened(self, value: Any) -> Any:
        """Return the pair of halves for the rows that the pass began with, anything else as it is."""
        if self._rows is None and _is_leaf(value):
            if len(value) % 2:
                raise ValueError(f"rows are images and then their references, an even number, not {len(value)}")
            self._rows = value
        if value is self._rows and self._rows is not None:
            image, reference = self._rows.chunk(2)
            return Pair.of(image.clone(), reference.detach().clone())
        return value

    def _on_pairs(self, func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        if name == "__get__":
            return _attribute(func, *args)
        if name in {"detach", "requires_grad_"}:
            return args[0]
        if not args and "input" in kwargs:
            args = (kwargs.pop("input"),)
        name = IN_PLACE.get(name, name)
        dunder = name.endswith("__")
        in_place = (name.endswith("_") and not dunder) or kwargs.get("inplace", False)
        base = name.removesuffix("_") if not dunder else name
        if kwargs.get("out") is not None or name == "__set__":
            raise ConfigurationError(f"DeepLIFT has no rule for '{name}' with a tensor for its result")
        if in_place or name == "__setitem__":
            _become_pair(args[0], name)
        if (base in AFFINE or name in AFFINE) and base not in FORMULAS:
            return _affine(func, args, kwargs, target=args[0] if in_place or name == "__setitem__" else None)
        kwargs.pop("inplace", None)
        result = self._by_rule(_out_of_place(func, name, base), base, args, kwargs)
        if result is None:
            return _affine(func, args, kwargs, target=args[0] if in_place else None)
        if result is NotImplemented:
            if in_place:
                raise ConfigurationError(f"DeepLIFT has no rule for '{name}', as the network calls it")
            return _tried(func, name, args, kwargs)
        return _written(args[0], result) if in_place else result

    def _by_rule(self, func: Any, base: str, args: Any, kwargs: dict[str, Any]) -> Any:
        """Return what the function's rule or formula gives; NotImplemented if it has none."""
        if base in RULES:
            return RULES[base](func, args, kwargs)
        if base not in FORMULAS:
            return NotImplemented
        with self:
            return FORMULAS[base](*args, **kwargs)


def _is_leaf(value: Any) -> bool:
    return type(value) is Tensor and not isinstance(value, nn.Parameter) and value.requires_grad and value.is_leaf


def _both_halves(args: tuple[Any, ...], rows: int) -> tuple[Any, ...]:
    """Return the arguments of `gather` on scores, whose targets are the rows' of both halves."""
    x, dim, *index = args
    if not index or len(x.image if isinstance(x, Pair) else x) * 2 != len(index[0]) or len(index[0]) != rows:
        return args
    halves = [x.image, x.reference] if isinstance(x, Pair) else [x, x]
    return torch.cat(halves), dim, *index


def _attribute(func: Any, pair: Pair, *_: Any) -> Any:
    image = func.__get__(pair.image) if not hasattr(func, "__self__") else func(pair.image)
    return _joined(image, func(pair.reference), "an attribute") if isinstance(image, Tensor) else image


def _affine(func: Any, args: Any, kwargs: dict[str, Any], *, target: Any) -> Any:
    """Return the function on images and on references; `target` is what it changes in place."""
    image = func(*replace_pairs(args, image_of), **replace_pairs(kwargs, image_of))
    with torch.no_grad():
        reference = func(*replace_pairs(args, reference_of), **replace_pairs(kwargs, reference_of))
    if target is not None:
        return target
    return _joined(image, reference, func.__name__)


def _joined(image: Any, reference: Any, name: str) -> Any:
    """Return results as pairs; what does not vary as it is.

    Raises:
        ConfigurationError: if the network decides by an image what it goes on to do, or by a number of it.
    """
    if isinstance(image, Tensor):
        if image.requires_grad:
            return Pair.of(image, reference)
        if torch.equal(image, reference):
            return image
        if not image.is_floating_point():
            return Pair.of(image, reference)
    elif isinstance(image, tuple | list):
        parts = [_joined(a, b, name) for a, b in zip(image, reference, strict=True)]
        return type(image)(parts)
    elif image == reference:
        return image
    raise ConfigurationError(f"DeepLIFT has no rule for '{name}': images and references give it other decisions")


def _tried(func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
    """Return a function without a rule, if it is affine between references and images."""
    result = _affine(func, args, kwargs, target=None)
    varying = [pair for pair in pairs_in([result]) if pair.image.requires_grad]
    if not varying:
        return result

    def between(pair: Pair) -> Tensor:
        if not pair.image.is_floating_point():
            raise ConfigurationError(f"DeepLIFT has no rule for '{name}' of what differs between image and reference")
        return torch.lerp(pair.reference, pair.image.detach(), BETWEEN)

    with torch.no_grad():
        found = func(*replace_pairs(args, between), **replace_pairs(kwargs, between))
    for pair, value in zip(varying, _tensors(found), strict=False):
        expected = between(pair)
        scale = torch.maximum(pair.image.detach().abs(), pair.reference.abs()).amax()
        if not (value - expected).abs().amax() <= 64 * torch.finfo(value.dtype).eps * scale:
            raise ConfigurationError(f"DeepLIFT has no rule for '{name}', which is not affine, as the network calls it")
    return result


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value] if value.is_floating_point() else []
    return [tensor for part in value for tensor in _tensors(part)] if isinstance(value, tuple | list) else []


def _out_of_place(func: Any, name: str, base: str) -> Any:
    if name == base:
        return func
    return getattr(Tensor, base, None) or getattr(F, base, func)


def _become_pair(target: Any, name: str) -> None:
    """Make a plain tensor, into which the network writes what varies, a pair where it stands."""
    if isinstance(target, Pair):
        return
    if type(target) is not Tensor or target._is_view() or target.requires_grad:  # noqa: SLF001 - has no public name
        raise ConfigurationError(f"DeepLIFT cannot follow '{name}' into a part of a tensor that is the same for all")
    image, reference = target.clone(), target.clone()
    target.__class__ = Pair
    target.image, target.reference = image, reference


def _written(target: Pair, result: Pair) -> Pair:
    """Write a result where the network wanted it, so that views of the target see it."""
    target.image.copy_(result.image)
    target.reference.copy_(result.reference)
    return target
