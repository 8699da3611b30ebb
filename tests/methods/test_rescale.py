"""Every function's rule by itself, in float64: values, completeness, quotients, and what has no rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import _get_current_function_mode_stack

from saliencynoise.interfaces import ConfigurationError
from saliencynoise.methods.rescale import Rescale

if TYPE_CHECKING:
    from collections.abc import Callable

B, SHAPE = 3, (6, 5, 4)


def rows(seed: int = 0, shape: tuple[int, ...] = SHAPE) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2 * B, *shape, generator=generator, dtype=torch.float64)


def scored(f: Callable[[Tensor], Any], x: Tensor) -> Tensor:
    """A score for each row: the function's result, or results, each element with a weight of its own."""
    result = f(x)
    parts = result if isinstance(result, tuple | list) else [result]
    flat = torch.cat([part.reshape(x.shape[0], -1) for part in parts], 1)
    generator = torch.Generator().manual_seed(9)
    weights = torch.randn(flat.shape[1], 1, generator=generator, dtype=torch.float64)
    return flat.to(torch.float64) @ weights


def explained(f: Callable[[Tensor], Any], x: Tensor) -> tuple[Tensor, Tensor]:
    """Scores of all rows within the mode, `[2B]`, and the multipliers, `[B, ...]`."""
    x = x.clone().requires_grad_()
    with Rescale():
        scores = scored(f, x.clone()).gather(1, torch.zeros(2 * B, 1, dtype=torch.long))
        (gradient,) = torch.autograd.grad(scores.sum(), x)
    assert not gradient[B:].any()
    return scores[:, 0].detach(), gradient[:B]


def assert_complete(f: Callable[[Tensor], Any], x: Tensor, tolerance: float = 1e-11) -> None:
    with torch.no_grad():
        plain = scored(f, x.clone())[:, 0]
    scores, multipliers = explained(f, x)
    torch.testing.assert_close(scores, plain, rtol=1e-12, atol=1e-12)
    difference = plain[:B] - plain[B:]
    assert difference.abs().amin() > 1e-6
    contributions = (multipliers * (x[:B] - x[B:])).flatten(1)
    assert ((contributions.sum(1) - difference).abs() <= tolerance * contributions.abs().sum(1)).all()


def in_place(name: str, *args: Any) -> Callable[[Tensor], Tensor]:
    def f(x: Tensor) -> Tensor:
        y = x + 1
        returned = getattr(y, name)(*args)
        return torch.cat([returned, y])[: len(x)] + y  # both must carry the change

    return f


ELEMENTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "torch.relu": torch.relu,
    "Tensor.relu": lambda x: x.relu(),
    "relu6": F.relu6,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "elu": lambda x: F.elu(x, 0.7),
    "celu": lambda x: F.celu(x, 0.7),
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "hardtanh": lambda x: F.hardtanh(x, -0.5, 0.7),
    "sigmoid": torch.sigmoid,
    "logsigmoid": F.logsigmoid,
    "tanh": torch.tanh,
    "softplus": lambda x: F.softplus(x, beta=2),
    "softsign": F.softsign,
    "threshold": lambda x: F.threshold(x, 0.3, 0.1),
    "softshrink": F.softshrink,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "2 ** x": lambda x: 2**x,
    "log": lambda x: (x.exp()).log() * 1.5,
    "log1p": lambda x: torch.log1p(x.exp()),
    "log2": lambda x: torch.log2(1 + x.square()),
    "sqrt": lambda x: x.exp().sqrt(),
    "rsqrt": lambda x: x.exp().rsqrt(),
    "reciprocal": lambda x: x.exp().reciprocal(),
    "square": torch.square,
    "x * x": lambda x: x * x,
    "x ** 2": lambda x: x**2,
    "x ** 3": lambda x: x**3,
    "pow of a tensor": lambda x: x.exp().pow(torch.tensor([1.7], dtype=torch.float64)),
    "x ** -0.5": lambda x: x.exp() ** -0.5,
    "abs": torch.abs,
    "builtin abs": abs,
    "clamp": lambda x: x.clamp(-0.4, 0.9),
    "clamp_min": lambda x: x.clamp_min(0.1),
    "sin": torch.sin,
    "erf": torch.erf,
    "1 / x": lambda x: 1 / (2 + x.sin()),
    "where nothing differs": lambda x: torch.where(torch.ones_like(x) > 0, x.tanh(), x),
    "x * sigmoid(x)": lambda x: x * x.sigmoid(),
    "hardswish of parts": lambda x: x * F.relu6(x + 3) / 6,
    "used twice": lambda x: F.relu(F.relu(x) - 0.3),
    "under no_grad": torch.no_grad()(torch.tanh),
    "detached": lambda x: x.detach().tanh(),
    "in place relu": lambda x: F.relu(x + 1, inplace=True),
    "in place relu_": in_place("relu_"),
    "in place clamp_": in_place("clamp_", -0.1, 0.7),
    "in place sigmoid_": in_place("sigmoid_"),
    "in place elu": lambda x: F.elu(x * 1.5, inplace=True),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_slope_of_an_elementwise_function_is_the_quotient_of_the_differences(name):
    f, x = ELEMENTWISE[name], rows(shape=(7,))
    one_by_one = torch.stack([f(x[:, i : i + 1]) for i in range(7)], 1)[..., 0]
    expected = (one_by_one[:B] - one_by_one[B:]) / (x[:B] - x[B:])
    for i in range(7):  # each alone, with a weight of one
        leaf = x.clone().requires_grad_()
        with Rescale():
            score = f(leaf.clone())[:, i : i + 1].gather(1, torch.zeros(2 * B, 1, dtype=torch.long)).sum()
        (gradient,) = torch.autograd.grad(score, leaf)
        torch.testing.assert_close(gradient[:B, i], expected[:, i], rtol=1e-10, atol=1e-12)
        assert gradient.count_nonzero() <= B


def setitem(x: Tensor) -> Tensor:
    y = torch.zeros(len(x), 6, 5, 4, dtype=x.dtype)
    y[:, 1:4] = x[:, :3].relu()
    return y * x


def through_a_view(x: Tensor) -> Tensor:
    y = x * 2
    y[:, :2].relu_()
    part = y[:, 2:4]
    part += x[:, :2].tanh()
    part.mul_(x[:, 4:])
    return y


def shortcut(x: Tensor) -> Tensor:
    y = F.conv2d(x, KERNEL, padding=1)
    y += x
    y *= torch.sigmoid(y.mean((2, 3), keepdim=True))
    return F.relu_(y)


def response_norm(x: Tensor) -> Tensor:
    """Of ConvNeXt V2."""
    norms = x.norm(p=2, dim=(2, 3), keepdim=True)
    return x + x * (norms / (norms.mean(1, keepdim=True) + 1e-6))


def windows(x: Tensor) -> Tensor:
    """Attention in windows, with the batch in the middle, as in Swin."""
    b, c, h, w = x.shape
    x = x.reshape(b, c, h, w // 2, 2).permute(0, 3, 2, 4, 1).reshape(-1, h * 2, c)
    q, k, v = (x @ QKV).reshape(-1, h * 2, 3, 2, 3).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, -1)


def samples_as_groups(x: Tensor) -> Tensor:
    """A convolution whose kernels depend on the image, the batch folded into groups, as in CondConv."""
    b, c, h, w = x.shape
    kernels = x.mean((2, 3)) @ torch.randn(c, c * 2 * 9, generator=torch.Generator().manual_seed(1), dtype=x.dtype)
    return F.conv2d(x.reshape(1, b * c, h, w), kernels.reshape(b * 2, c, 3, 3), groups=b).reshape(b, -1)


G = torch.Generator().manual_seed(4)
KERNEL = torch.randn(6, 6, 3, 3, generator=G, dtype=torch.float64) / 5
QKV = torch.randn(6, 18, generator=G, dtype=torch.float64)
WEIGHT, BIAS = torch.randn(2, 6, generator=G, dtype=torch.float64)
MASK = torch.ones(5, 5).tril().bool()


def heads(bias: bool = True, mask: bool = False) -> Callable[[Tensor], Any]:  # noqa: FBT001, FBT002
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.MultiheadAttention(6, 2, batch_first=True, bias=bias, dtype=torch.float64).eval()
        for parameter in module.parameters():
            nn.init.normal_(parameter.requires_grad_(requires_grad=False))

    def f(x: Tensor) -> Tensor:
        tokens = x.flatten(2).mT
        mixed, weights = module(
            tokens, tokens, tokens.tanh(), attn_mask=torch.ones(20, 20).triu(1) > 0 if mask else None
        )
        return torch.cat([mixed.flatten(1), weights.flatten(1)], 1)

    return f


def encoder() -> Callable[[Tensor], Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.TransformerEncoderLayer(6, 2, 12, batch_first=True, norm_first=True, dtype=torch.float64).eval()
    module.requires_grad_(requires_grad=False)
    return lambda x: module(x.flatten(2).mT).mT


TOGETHER: dict[str, Callable[[Tensor], Any]] = {
    "softmax": lambda x: (3 * x).softmax(1),
    "F.softmax": lambda x: F.softmax(x, dim=-1),
    "softmax of far logits": lambda x: (60 * x).softmax(1),
    "log_softmax": lambda x: F.log_softmax(x, 1),
    "softmin": lambda x: F.softmin(x, 1),
    "logsumexp": lambda x: x.logsumexp((1, 2)),
    "layer_norm": lambda x: F.layer_norm(x, x.shape[2:], torch.ones(5, 4).double() * 2, None, 1e-6),
    "LayerNorm": nn.LayerNorm([5, 4], dtype=torch.float64).requires_grad_(requires_grad=False),
    "group_norm": lambda x: F.group_norm(x, 3, WEIGHT, BIAS),
    "instance_norm": lambda x: F.instance_norm(x, weight=WEIGHT, bias=BIAS),
    "rms_norm": lambda x: F.rms_norm(x, (4,)),
    "local_response_norm": lambda x: F.local_response_norm(x, 3, alpha=0.5),
    "batch_norm": lambda x: F.batch_norm(x, WEIGHT, BIAS.exp(), WEIGHT, BIAS),
    "batch_norm, in place": lambda x: F.batch_norm(x, WEIGHT, BIAS.exp()).relu_(),
    "normalize": lambda x: F.normalize(x, dim=1),
    "normalize by 1": lambda x: F.normalize(x, p=1, dim=(2, 3)),
    "norm": lambda x: x.norm(p=2, dim=(2, 3)),
    "torch.norm": lambda x: torch.norm(x, dim=1, keepdim=True) * x,
    "vector_norm": lambda x: torch.linalg.vector_norm(x, dim=1),
    "vector_norm of inf": lambda x: torch.linalg.vector_norm(x, ord=math.inf, dim=1),
    "cosine_similarity": lambda x: F.cosine_similarity(x, x.tanh() + 1, dim=1),
    "var": lambda x: x.var((1, 2)),
    "var_mean": lambda x: torch.var_mean(x, dim=(1, 2), correction=0),
    "std": lambda x: x.std(1, unbiased=False),
    "std_mean": lambda x: torch.std_mean(x, 1),
    "glu": lambda x: F.glu(x, 1),
    "prelu": lambda x: F.prelu(x, WEIGHT),
    "max_pool2d": lambda x: F.max_pool2d(x, 2),
    "max_pool2d, overlapping": lambda x: F.max_pool2d(x, 3, 1),
    "max_pool2d, padded and cut": lambda x: F.max_pool2d(x, 3, stride=2, padding=1, ceil_mode=True),
    "max_pool2d, dilated": lambda x: torch.max_pool2d(x, 2, 1, 0, 2),
    "max_pool2d with indices": lambda x: F.max_pool2d(x, 2, return_indices=True)[0],
    "MaxPool2d after ReLU": lambda x: F.max_pool2d(F.relu(x), 3, 2, 1),
    "max_pool1d": lambda x: F.max_pool1d(x.flatten(2), 3),
    "max_pool3d": lambda x: F.max_pool3d(x[:, None], 2),
    "adaptive_max_pool2d": lambda x: F.adaptive_max_pool2d(x, (2, 3)),
    "amax": lambda x: x.amax((1, 3)),
    "amin": lambda x: x.amin(1, keepdim=True),
    "max over an axis": lambda x: x.max(2)[0],
    "max over an axis, by name": lambda x: torch.max(x, dim=1, keepdim=True).values,
    "min over an axis": lambda x: x.min(-1).values,
    "max of each": lambda x: torch.stack([row.max() for row in x]),
    "maximum": lambda x: torch.maximum(x, x.flip(1)),
    "maximum with a constant": lambda x: torch.max(x, torch.tensor(0.2, dtype=torch.float64)),
    "minimum": lambda x: torch.minimum(x, x.flip(3)),
    "matmul": lambda x: x @ x.mT,
    "bmm": lambda x: torch.bmm(x.flatten(2), x.flatten(2).mT),
    "einsum": lambda x: torch.einsum("nchw,ndhw->ncd", x, x.tanh()),
    "bilinear": lambda x: F.bilinear(x, x.tanh(), torch.ones(2, 4, 4).double().cumsum(1)),
    "div": lambda x: x / (1 + x.abs().mean(1, keepdim=True)),
    "div by name": lambda x: torch.div(x, other=x.exp()),
    "in place div": lambda x: (x * 1).div_(x.exp()),
    "addcmul": lambda x: torch.addcmul(x, x, x.tanh(), value=0.5),
    "lerp": lambda x: torch.lerp(x, x.flip(1), x.sigmoid()),
    "three factors": lambda x: x * x.sigmoid() * x.mean((2, 3), keepdim=True),
    "squeeze and excite": lambda x: x * F.hardsigmoid(x.mean((2, 3), keepdim=True) * 3),
    "global response norm": lambda x: (
        x + x * (x.norm(dim=(2, 3), keepdim=True) / x.norm(dim=(2, 3), keepdim=True).mean(1, keepdim=True))
    ),
    "GeM pooling": lambda x: F.avg_pool2d(x.clamp(min=1e-6).pow(3.0), 2).pow(1 / 3),
    "interpolate": lambda x: F.interpolate(x.tanh(), scale_factor=2, mode="bicubic"),
    "fft": lambda x: torch.fft.irfft2(torch.fft.rfft2(x.tanh())[..., :2]),
    "attention": lambda x: F.scaled_dot_product_attention(x, x.flip(1), x.tanh()),
    "attention, causal": lambda x: F.scaled_dot_product_attention(x, x.flip(1), x, is_causal=True),
    "attention, masked": lambda x: F.scaled_dot_product_attention(x, x.flip(1), x, attn_mask=MASK, scale=0.3),
    "attention, biased": lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=(x @ x.mT).tanh()),
    "attention, grouped": lambda x: F.scaled_dot_product_attention(x, x[:, :2], x[:, 2:4], enable_gqa=True),
    "multi-head attention": heads(),
    "multi-head attention, masked, without bias": heads(bias=False, mask=True),
    "an encoder layer": encoder(),
    "setitem": setitem,
    "through a view": through_a_view,
    "shortcut": shortcut,
    "windows": windows,
    "samples as groups": samples_as_groups,
    "unbind": lambda x: [part.relu() for part in x.unbind(1)],
    "unpacked": lambda x: [part.relu() for part in x.transpose(0, 1)],
    "indexed": lambda x: x[:, torch.tensor([3, 1])].relu() * x[:, ::3],
    "sorted where the order stays": lambda x: (x.sigmoid() + torch.arange(4.0).double()).sort(-1).values * x,
    "a branch on a shape": lambda x: x.relu() if x.shape[1] == x.size(1) and x.ndim == 4 and len(x) else x,
    "a condition that is met by all": lambda x: x.relu() if bool(x.isfinite().all()) else x,
}


@pytest.mark.parametrize("name", TOGETHER)
def test_a_difference_passes_complete_and_values_stay(name):
    assert_complete(TOGETHER[name], rows())


SAME = ("relu", "gelu", "exp", "abs", "hardswish", "2 ** x", "softmax", "layer_norm", "norm", "maximum", "attention")


@pytest.mark.parametrize("name", [*SAME, "max_pool2d, overlapping"])
def test_where_nothing_differs_the_multiplier_is_the_gradient(name):
    x = rows()
    x[B:] = x[:B]
    f = {**ELEMENTWISE, **TOGETHER}[name]
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(scored(f, leaf).sum(), leaf)
    _, multipliers = explained(f, x)
    torch.testing.assert_close(multipliers, gradient[:B], rtol=1e-10, atol=1e-10)


NOISY = {
    "tanh": torch.tanh,
    "gelu": F.gelu,
    "silu": F.silu,
    "exp": torch.exp,
    "rsqrt": lambda x: (1 + x.square()).rsqrt(),
    "log": lambda x: (1 + x.square()).log(),
    "softmax": lambda x: x.softmax(1),
}


@pytest.mark.parametrize("name", NOISY)
def test_close_inputs_have_slopes_without_rounding_noise_in_float32(name):
    x = rows()
    for gap in (1e-2, 1e-3, 1e-4, 1e-6):
        x[B:] = x[:B] + gap * rows(seed=1)[:B]
        result = []
        for dtype in (torch.float64, torch.float32):
            leaf = x.to(dtype, copy=True).requires_grad_()
            with Rescale():
                weights = torch.arange(1, 7, dtype=dtype)[:, None, None]
                y = (NOISY[name](leaf.clone()) * weights).flatten(1).sum(1, keepdim=True)
                score = y.gather(1, torch.zeros(2 * B, 1, dtype=torch.long)).sum()
            result.append(torch.autograd.grad(score, leaf)[0].double())
        assert (result[0] - result[1]).abs().amax() <= 1e-3 * result[0].abs().amax()


def test_no_multiplier_of_a_softmax_is_large_however_far_the_logits_are():
    x = 200 * rows(shape=(5,))
    _, multipliers = explained(lambda z: z.softmax(1), x)
    assert multipliers.isfinite().all()
    assert multipliers.abs().amax() <= 5 * 3


REFUSED: dict[str, tuple[Callable[[Tensor], Any], str]] = {
    "prod": (lambda x: x.prod(1), "'prod', which is not affine"),
    "floor": (torch.floor, "'floor', which is not affine"),
    "cumprod": (lambda x: x.cumprod(1), "'cumprod', which is not affine"),
    "three operands": (lambda x: torch.einsum("nchw,nchw,nchw->n", x, x, x), "'einsum', which is not affine"),
    "bilinear in three": (
        lambda x: F.bilinear(x, x, x[0, :2, :4]),
        "'bilinear', which is not affine",
    ),
    "scattered products": (
        lambda x: x.scatter_reduce(1, torch.zeros_like(x).long(), x.tanh(), reduce="prod"),
        "'scatter_reduce', which is not affine",
    ),
    "in place": (lambda x: (x + 0).cumprod_(1), "'cumprod_', as the network calls it"),
    "where": (
        lambda x: torch.where(x > 0, x, 2 * x),
        "'where' for decisions that differ between images and references",
    ),
    "a mask of numbers": (lambda x: x * (x > 0).to(x.dtype), "'to': images and references give it other decisions"),
    "a mask": (lambda x: x * (x > 0), "'mul' for decisions that differ between images and references"),
    "sort": (lambda x: x.sort(1).values, "'sort'"),
    "topk": (lambda x: x.topk(2, 1).values, "'topk', which is not affine"),
    "gather": (
        lambda x: x.gather(1, x.argmax(1, keepdim=True)),
        "'gather' for decisions that differ between images",
    ),
    "a branch": (lambda x: x if x.sum() > x.sum() + x[0, 0, 0, 0] else -x, "'__bool__': images and references"),
    "a number": (lambda x: x * x.mean().item(), "'item': images and references"),
    "batch statistics": (lambda x: F.batch_norm(x, None, None, training=True), "statistics of the batch"),
    "dropout": (lambda x: F.dropout(x, 0.3), "drops with p=0.3"),
    "noise": (lambda x: F.rrelu(x, training=True) + torch.rand_like(x), "'rand_like'"),
    "into a view of a constant": (lambda x: torch.zeros_like(x)[:1].add_(x), "into a part of a tensor"),
    "rounded": (lambda x: torch.div(x, x.exp(), rounding_mode="floor"), "rounding_mode='floor'"),
    "out": (lambda x: torch.add(x, x, out=torch.empty(0, dtype=x.dtype)), "'add' into a tensor that was made before"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_rule_is_refused_by_name_and_the_mode_is_left(name):
    f, message = REFUSED[name]
    with pytest.raises(ConfigurationError, match=r".*") as caught:
        explained(f, rows())
    assert message in str(caught.value)
    assert _get_current_function_mode_stack() == []
    assert type(rows() + 1) is Tensor


class Doubled(torch.autograd.Function):
    """A function of somebody's own, whose backward pass is no matter."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise NotImplementedError


def test_a_function_of_ones_own_is_seen_through():
    assert_complete(Doubled.apply, rows())


def test_an_activation_that_is_kept_beyond_the_pass_is_refused():
    kept = []
    with Rescale():
        kept.append(rows().requires_grad_().clone())
    with pytest.raises(ConfigurationError, match="'add' was given an activation that the network kept"):
        kept[0] + 1


def test_other_points_and_odd_rows_are_refused():
    x = rows().requires_grad_()
    with Rescale():
        y = x.clone()
        with pytest.raises(ConfigurationError, match="multipliers of the input, and of no other point"):
            torch.autograd.grad(y.sum(), [y])
    with pytest.raises(ValueError, match="an even number, not 3"), Rescale():
        torch.randn(3, 2, requires_grad=True).clone()


def test_a_pass_without_references_is_refused():
    with pytest.raises(ConfigurationError, match="no DeepLIFT was run: it begins with a clone of rows"), Rescale():
        torch.relu(rows().requires_grad_()).sum()
    with pytest.raises(ZeroDivisionError), Rescale():
        1 / 0  # noqa: B018 - what is raised within goes on as it is
