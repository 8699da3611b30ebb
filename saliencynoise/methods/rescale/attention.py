"""Softmax and attention, written as their formulas: under the mode each step takes its own rule.

The arguments are named and ordered as torch's own.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from saliencynoise.interfaces import ConfigurationError
from saliencynoise.methods.rescale.pairs import with_slope
from saliencynoise.methods.rescale.rules import logarithmic_mean


def log_softmax(x: Any, dim: int | None = None, _stacklevel: Any = 3, dtype: torch.dtype | None = None) -> Any:
    """Return x - log(sum(exp(x)))."""
    dtype = dtype or (_stacklevel if isinstance(_stacklevel, torch.dtype) else None)
    x = x if dtype is None else x.to(dtype)
    return x - x.logsumexp(-1 if dim is None else dim, keepdim=True)


def softmax(x: Any, dim: int | None = None, _stacklevel: Any = 3, dtype: torch.dtype | None = None) -> Any:
    """Return exp(log_softmax(x)).

    No multiplier is above 1 so. With exp(x) / sum(exp(x)) as a product they grow as exp of the difference and cancel.
    """
    logs = log_softmax(x, dim, _stacklevel, dtype)
    a, b = logs.image.detach(), logs.reference
    return with_slope(logs, logarithmic_mean(a, b), a.exp(), b.exp())


def softmin(x: Any, dim: int | None = None, _stacklevel: Any = 3, dtype: torch.dtype | None = None) -> Any:
    """Return the softmax of -x."""
    return softmax(-x, dim, _stacklevel, dtype)


def attention(  # noqa: PLR0917 - torch's order
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,  # noqa: FBT001, FBT002 - torch's order
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """Return softmax(query key^T scale + mask) value."""
    if dropout_p:
        raise ConfigurationError(f"attention drops out, with p={dropout_p}, though the network is in eval mode")
    if enable_gqa:
        key, value = (part.repeat_interleave(query.shape[-3] // part.shape[-3], -3) for part in (key, value))
    logits = (query * (query.shape[-1] ** -0.5 if scale is None else scale)) @ key.transpose(-2, -1)
    if is_causal:
        attn_mask = torch.ones(logits.shape[-2:], dtype=torch.bool, device=logits.device).tril()
    if attn_mask is not None:
        masks = attn_mask.dtype == torch.bool
        logits = logits.masked_fill(~attn_mask, -torch.inf) if masks else logits + attn_mask
    return logits.softmax(-1) @ value


def multi_head_attention(  # noqa: PLR0917 - torch's order
    query: Any,
    key: Any,
    value: Any,
    embed_dim: int,
    heads: int,
    weight: Any,
    bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,  # noqa: FBT001 - torch's order
    dropout_p: float,
    out_weight: Any,
    out_bias: Any,
    **kwargs: Any,
) -> Any:
    """Return attention by several heads, `[L, N, E]` or `[L, E]`, and their mean weights if they are asked for.

    Raises:
        ConfigurationError: for rare options: padding masks, added keys, separate weights.
    """
    rare = ("key_padding_mask", "use_separate_proj_weight", "static_k", "static_v")
    odd = [name for name in rare if kwargs.get(name) is not None and kwargs[name] is not False]
    odd += ["added keys"] if add_zero_attn or bias_k is not None or bias_v is not None else []
    if odd:
        raise ConfigurationError(f"DeepLIFT has no rule for 'multi_head_attention_forward' with {', '.join(odd)}")
    if dropout_p and kwargs.get("training", True):
        raise ConfigurationError(f"attention drops out, with p={dropout_p}, though the network is in eval mode")
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    parts = [F.linear(part, w, b) for part, w, b in zip((query, key, value), weight.chunk(3), biases, strict=True)]
    q, k, v = (part.reshape(*part.shape[:-1], heads, -1).movedim(0, -2) for part in parts)  # [N, heads, L, e]
    logits = q @ k.transpose(-2, -1) * (embed_dim // heads) ** -0.5
    mask = kwargs.get("attn_mask")
    if mask is not None:
        mask = mask.reshape(*logits.shape[:-2], *mask.shape[-2:]) if mask.ndim == 3 else mask
        logits = logits.masked_fill(mask, -torch.inf) if mask.dtype == torch.bool else logits + mask
    weights = logits.softmax(-1)
    mixed = F.linear((weights @ v).movedim(-2, 0).flatten(-2), out_weight, out_bias)
    if not kwargs.get("need_weights", True):
        return mixed, None
    return mixed, weights.mean(-3) if kwargs.get("average_attn_weights", True) else weights
