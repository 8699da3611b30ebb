"""The rescale rule of DeepLIFT on any network: a mode that gives every function of a pass its rule.

No module is touched, so it is the same whether an activation is a module, a function, in place or used twice.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from saliencynoise.interfaces import ConfigurationError
from saliencynoise.methods.rescale.formulas import FORMULAS
from saliencynoise.methods.rescale.pairs import Pair, image_of, pairs_in, reference_of, replace_pairs, varies
from saliencynoise.methods.rescale.rules import AFFINE, RULES

IN_PLACE = {"__iadd__": "add_", "__isub__": "sub_", "__imul__": "mul_", "__itruediv__": "div_", "__idiv__": "div_"}
BETWEEN = 0.381966
"""The point between reference and image at which an unknown function is tried; no symmetry gives this point."""

BACKWARD_HOOKS = "setting up backward hooks"
"""Words of torch's error where a full backward hook finds no tensor that it can follow."""


class Rescale(TorchFunctionMode):
    """A context in which the gradient of a network's score is DeepLIFT's multiplier.

    In it, one network is given a clone of rows `[2 B, C, H, W]` that require a gradient: images, then their references.
    The gradient of the score by the images is the multiplier: times (image - reference) it sums to the difference of
    the scores. The gradient by the references is zero.

    Functions are affine, or have a rule or a formula; another one is tried between reference and image, and passes
    if it is affine there.

    Raises:
        ConfigurationError: from within the pass, if a function is neither; naming it. At its end, if none was run.

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
        self._rows = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Apply a function by its rule, if its arguments differ between images and references."""
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", str(func))
        if func is torch.autograd.grad:
            if varies(args):
                raise ConfigurationError("a pass of DeepLIFT gives the multipliers of the input, and of no other point")
            return func(*args, **kwargs)
        if name == "clone" and _is_leaf(args[0]):
            args = (self._halves_of(args[0]), *args[1:])
        elif name == "gather" and self._rows:
            args = _both_halves(args, self._rows)
        if not varies(args, kwargs):
            return func(*args, **kwargs)
        with torch.enable_grad():  # the value depends on the image even where the network stops gradients
            return self._on_pairs(func, name, args, kwargs)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Refuse a pass that could have seen no references, and name the hook that torch cannot set up in it."""
        super().__exit__(kind, error, trace)  # type: ignore[no-untyped-call]
        if isinstance(error, RuntimeError) and BACKWARD_HOOKS in str(error):
            raise ConfigurationError(
                "a module of the network has a full backward hook, which torch cannot call in a pass of DeepLIFT; "
                "remove the hook first, by handle.remove()"
            ) from error
        if kind is None and not self._rows:
            raise ConfigurationError("no DeepLIFT was run: it begins with a clone of rows that need a gradient")

    def _halves_of(self, rows: Tensor) -> Pair:
        if len(rows) % 2:
            raise ValueError(f"rows are images and then their references, an even number, not {len(rows)}")
        self._rows = len(rows)
        image, reference = rows.chunk(2)
        return Pair.of(image, reference.detach())

    def _on_pairs(self, func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        if name in {"detach", "detach_", "requires_grad_"}:
            return args[0]
        if name == "__get__":
            return _attribute(func, args[0])
        if name == "__iter__":
            return iter(self._called(Tensor.unbind, "unbind", args, {}))
        return self._called(func, name, args, kwargs)

    def _called(self, func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        if not args and "input" in kwargs:
            args = (kwargs.pop("input"),)
        name = IN_PLACE.get(name, name)
        base = name if name.endswith("__") else name.removesuffix("_")
        changes = name == "__setitem__" or base != name or bool(kwargs.get("inplace", False))
        if name == "__set__" or kwargs.get("out") is not None:
            raise ConfigurationError(f"DeepLIFT has no rule for '{name}' into a tensor that was made before")
        if changes:
            _become_pair(args[0], name)
        if any(_is_decision(pair) for pair in pairs_in([args, kwargs])):
            return _decision(func, name, args, kwargs)
        given = {key: value for key, value in kwargs.items() if key not in {"inplace", "out"}}
        result = self._by_rule(_out_of_place(func, name, base), base, args, given)
        if result is None:
            image, reference = _on_both(func, args, kwargs)
            return args[0] if changes else _joined(image, reference, name)
        if result is NotImplemented:
            return _tried(func, name, args, kwargs, changes=changes)
        return _written(args[0], result) if changes else result

    def _by_rule(self, func: Any, base: str, args: Any, kwargs: dict[str, Any]) -> Any:
        """Return the result of a rule or formula; None if the function is affine, NotImplemented if it is unknown."""
        if base in AFFINE:
            return None
        if base in RULES:
            return RULES[base](func, args, kwargs)
        if base not in FORMULAS:
            return NotImplemented
        with self:
            return FORMULAS[base](*args, **kwargs)


def _is_leaf(value: Any) -> bool:
    return type(value) is Tensor and value.requires_grad and value.is_leaf


def _both_halves(args: tuple[Any, ...], rows: int) -> tuple[Any, ...]:
    """Return the arguments of `gather` on scores, whose targets are the rows' of both halves."""
    x, dim, *rest = args
    image = x.image if isinstance(x, Pair) else x
    if not rest or isinstance(rest[0], Pair) or not len(image) * 2 == len(rest[0]) == rows:
        return args
    halves = [x.image, x.reference] if isinstance(x, Pair) else [x, x]
    return torch.cat(halves), dim, *rest


def _attribute(getter: Any, pair: Pair) -> Any:
    """Return an attribute: of the images where it is no tensor."""
    if getter.__self__.__name__ == "data":
        return pair
    image = getter(pair.image)
    return _joined(image, getter(pair.reference), getter.__self__.__name__) if isinstance(image, Tensor) else image


def _on_both(func: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Return a function on the images and on the references."""
    image = func(*replace_pairs(args, image_of), **replace_pairs(kwargs, image_of))
    with torch.no_grad():
        return image, func(*replace_pairs(args, reference_of), **replace_pairs(kwargs, reference_of))


def _is_decision(pair: Pair) -> bool:
    return not (pair.image.is_floating_point() or pair.image.is_complex())


def _decision(func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
    """Return the result of a function of indices or conditions that differ; refuse it if gradients pass through it."""
    image, reference = _on_both(func, args, kwargs)
    if any(tensor.requires_grad for tensor in _tensors(image)):
        raise ConfigurationError(
            f"DeepLIFT has no rule for '{name}' for decisions that differ between images and references"
        )
    return _joined(image, reference, name)


def _joined(image: Any, reference: Any, name: str) -> Any:
    """Return results that differ as pairs, and equal ones unchanged.

    Raises:
        ConfigurationError: if the network's course depends on an image, or on a number computed from it.
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


def _tried(func: Any, name: str, args: Any, kwargs: dict[str, Any], *, changes: bool) -> Any:
    """Return a function without a rule, if it is affine between references and images."""
    if changes:
        raise ConfigurationError(f"DeepLIFT has no rule for '{name}', as the network calls it")
    image, reference = _on_both(func, args, kwargs)
    with torch.no_grad():
        middle = func(*replace_pairs(args, _between), **replace_pairs(kwargs, _between))
    for a, b, value in zip(_tensors(image), _tensors(reference), _tensors(middle), strict=True):
        error = (value - torch.lerp(b, a.detach(), BETWEEN)).abs().amax()
        if not error <= 64 * torch.finfo(value.dtype).eps * torch.maximum(a.detach().abs(), b.abs()).amax():
            raise ConfigurationError(f"DeepLIFT has no rule for '{name}', which is not affine, as the network calls it")
    return _joined(image, reference, name)


def _between(pair: Pair) -> Tensor:
    return torch.lerp(pair.reference, pair.image.detach(), BETWEEN)


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value] if value.numel() and value.is_floating_point() else []
    return [tensor for part in value for tensor in _tensors(part)] if isinstance(value, tuple | list) else []


def _out_of_place(func: Any, name: str, base: str) -> Any:
    if name == base:
        return func
    return getattr(Tensor, base, None) or getattr(F, base, func)


def _become_pair(target: Any, name: str) -> None:
    """Turn a plain tensor into a pair in place, since the network writes varying values into it."""
    if isinstance(target, Pair):
        return
    if type(target) is not Tensor or target._is_view() or target.requires_grad:  # noqa: SLF001 - has no public name
        raise ConfigurationError(f"DeepLIFT cannot follow '{name}' into a part of a tensor that is the same for all")
    image, reference = target.clone(), target.clone()
    target.__class__ = Pair
    vars(target).update(image=image, reference=reference)


def _written(target: Pair, result: Pair) -> Pair:
    """Write a result where the network wanted it, so that views of the target see it."""
    if result is target:
        return target
    target.image.copy_(result.image)
    target.reference.copy_(result.reference)
    return target
