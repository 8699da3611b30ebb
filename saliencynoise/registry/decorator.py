"""`@sn.method`: a function or a class becomes a method of this session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from saliencynoise.interfaces.errors import ConfigurationError, UsageError
from saliencynoise.interfaces.specs import MethodSpec
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.registry.loader import validate
from saliencynoise.registry.own_methods import OwnMethod, first_line, target_of

if TYPE_CHECKING:
    from saliencynoise.interfaces.specs import Claim, Family, Kind, Rewrite, Sign

T = TypeVar("T", bound=Callable[..., Any])


@overload
def method(target: T, /) -> T: ...


@overload
def method(
    target: None = None,
    /,
    *,
    name: str | None = None,
    kind: Kind | None = None,
    summary: str = "",
    family: Family | None = None,
    stochastic: bool = False,
    sign: Sign = "signed",
    views: tuple[str, ...] = ("signed",),
    claims: tuple[Claim, ...] = (),
    invariant_to: tuple[Rewrite, ...] = (),
    paper: str = "",
    cost: str = "",
    expected_failures: tuple[tuple[str, str], ...] = (),
) -> Callable[[T], T]: ...


def method(
    target: T | None = None,
    /,
    *,
    name: str | None = None,
    kind: Kind | None = None,
    summary: str = "",
    family: Family | None = None,
    stochastic: bool = False,
    sign: Sign = "signed",
    views: tuple[str, ...] = ("signed",),
    claims: tuple[Claim, ...] = (),
    invariant_to: tuple[Rewrite, ...] = (),
    paper: str = "",
    cost: str = "",
    expected_failures: tuple[tuple[str, str], ...] = (),
) -> T | Callable[[T], T]:
    """Register a method of attribution for this session; it has a name like one of a plugin.

    A function takes `(net, batch)` and returns maps `[B, c, h, w]`, as a tensor or as
    `saliencynoise.interfaces.Maps`; further parameters become parameters of the method. `net` is a
    `saliencynoise.interfaces.Scorer`, with kind="module" a `Network`, whose `module` is the nn.Module. A class is a
    frozen dataclass with `from_pass`, `attribute` or `attribute_module`. The other arguments are those of
    `saliencynoise.interfaces.MethodSpec`.

    Args:
        target: the function or class.
        name: name of the method; None for that of the function or class.
        kind: "functional" or "module" for a function; a class shows its kind by its methods.
        summary: one line.
        family: "gradient", "cam", "perturbation" or "reference"; None for "cam" on a layer, else "gradient".
        stochastic: whether maps depend on `batch.noise`.
        sign: what maps of networks without knowledge are like.
        views: the views that are measured.
        claims: what `sn.check_method` tests beyond the contract.
        invariant_to: rewrites of a layer that leave the maps as they are.
        paper: where it was published.
        cost: the cost of one image, in passes.
        expected_failures: checks that are known to fail, each with the reason.

    Raises:
        UsageError: if the name is taken, or the target is none of these; it names the fix.

    Example:
        >>> import saliencynoise as sn
        >>> @sn.method(name="squared_gradient", sign="nonnegative")
        ... def squared(net, batch):
        ...     (gradient,) = net.gradients([batch.x[:, None]])
        ...     return gradient[:, 0].square()
        >>> sn.check_method("squared_gradient").of("failed")
        []
    """

    def register(given: T) -> T:
        made, found = target_of(given, kind=kind, called=name)
        spec = MethodSpec(
            name=name or given.__name__,
            summary=summary or first_line(given) or f"the user's {given.__name__}",
            target=f"session:{made.__name__}",
            family=family or ("cam" if hasattr(made, "points") or hasattr(made, "layer") else "gradient"),
            paper=paper,
            kind=found,
            stochastic=stochastic,
            cost=cost,
            views=views,
            sign=sign,
            claims=claims,
            invariant_to=invariant_to,
            expected_failures=expected_failures,
        )
        try:
            validate(spec, "methods")
        except ConfigurationError as error:
            raise UsageError(f"@sn.method: {str(error).removeprefix('saliencynoise_methods: ')}") from error
        names = catalogue()
        names.own_methods.add(OwnMethod(given=given, spec=spec, target=made), taken=names.names_of_plugins("methods"))
        return given

    return register if target is None else register(target)
