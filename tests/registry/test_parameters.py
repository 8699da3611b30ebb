"""Names with parameters: read, checked, written so that they read back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest

from saliencynoise.interfaces import ConfigurationError, UsageError
from saliencynoise.registry.parameters import build, canonical, parse_call, parse_pairs

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True)
class Glow:
    samples: int = 25
    sigma: float = 0.1
    signed: bool = False
    layer: Literal["top", "intermediate", 3] = "top"
    label: str = "x"
    limit: int | None = None
    scale: float | None = None
    window: tuple[int, ...] = (3, 3)
    derived: int = field(init=False, default=7)

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise ValueError(f"samples is {self.samples}; it must be 1 or more")


@dataclass(frozen=True)
class Needy:
    depth: int


@dataclass(frozen=True)
class Unresolved:
    value: Decimal | None = None


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("glow", "glow", {}),
        ("  glow ( ) ", "glow", {}),
        ("a/b.c-d", "a/b.c-d", {}),
        ("glow(samples=3,)", "glow", {"samples": 3}),
        ("glow( samples = 3 , sigma=1e-2)", "glow", {"samples": 3, "sigma": 0.01}),
        ("glow(a=True,b=false,c=None,d=none)", "glow", {"a": True, "b": False, "c": None, "d": None}),
        ("glow(a=top,b='top, or not',c=layer4.1)", "glow", {"a": "top", "b": "top, or not", "c": "layer4.1"}),
        ("glow(a=(1, 2),b=[(3,), 4],c=-1)", "glow", {"a": (1, 2), "b": [(3,), 4], "c": -1}),
        ("glow(a=x=y)", "glow", {"a": "x=y"}),
        ("glow(a=010)", "glow", {"a": "010"}),
        ("glow(a={[]: 1})", "glow", {"a": "{[]: 1}"}),
    ],
)
def test_what_can_be_read(text, name, values):
    assert parse_call(text) == (name, values)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "cannot read ''; write NAME or NAME(key=value, key=value)"),
        ("glow(", "cannot read 'glow('; write NAME or NAME(key=value, key=value)"),
        ("two words", "cannot read 'two words'; write NAME or NAME(key=value, key=value)"),
        ("glow(3)", "cannot read '3' in 'glow(3)'; write key=value"),
        ("glow(a=)", "cannot read 'a=' in 'glow(a=)'; write key=value"),
        ("glow(=3)", "cannot read '=3' in 'glow(=3)'; write key=value"),
        ("glow(a b=3)", "cannot read 'a b=3' in 'glow(a b=3)'; write key=value"),
        ("glow(a=1,a=2)", "'a' is given twice in 'glow(a=1,a=2)'; give it once"),
    ],
)
def test_what_cannot_be_read(text, error):
    with pytest.raises(UsageError) as caught:
        parse_call(text)
    assert str(caught.value) == error


def test_pairs_name_the_place_where_they_stand():
    assert parse_pairs(["width=(1, 2)", "act=relu"], where="--arch-arg") == {"width": (1, 2), "act": "relu"}
    with pytest.raises(UsageError, match=r"^cannot read 'width' in --arch-arg; write key=value$"):
        parse_pairs(["width"], where="--arch-arg")


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"sample": 3}, "method 'glow' has no parameter 'sample'; did you mean 'samples'?"),
        (
            {"zzz": 3},
            (
                "method 'glow' has no parameter 'zzz'; it takes "
                "samples, sigma, signed, layer, label, limit, scale, window"
            ),
        ),
        ({"derived": 3}, "method 'glow' has no parameter 'derived'; it takes samples"),
        ({"samples": 2.5}, "method 'glow': samples=2.5 is not of type int"),
        ({"samples": True}, "method 'glow': samples=True is not of type int"),
        ({"samples": "many"}, "method 'glow': samples=many is not of type int"),
        ({"sigma": "wide"}, "method 'glow': sigma=wide is not of type float"),
        ({"sigma": False}, "method 'glow': sigma=False is not of type float"),
        ({"sigma": float("inf")}, "method 'glow': sigma=inf is not of type float"),
        ({"sigma": 10**400}, "is too large; give at most 1000000000"),
        ({"signed": 1}, "method 'glow': signed=1 is not of type bool"),
        ({"label": 3}, "method 'glow': label=3 is not of type str"),
        ({"layer": "bottom"}, "method 'glow': layer=bottom is not possible; choose top or intermediate or 3"),
        ({"layer": 3.0}, "method 'glow': layer=3.0 is not possible; choose top or intermediate or 3"),
        ({"limit": "high"}, "method 'glow': limit=high is not of type int | None"),
        ({"limit": 1.5}, "method 'glow': limit=1.5 is not of type int | None"),
        ({"samples": 0}, "method 'glow': samples is 0; it must be 1 or more"),
    ],
)
def test_values_that_do_not_fit(values, error):
    with pytest.raises(UsageError) as caught:
        build(Glow, values, where="method 'glow'")
    assert error in str(caught.value)


def test_a_missing_value_is_named():
    with pytest.raises(UsageError, match=r"^method 'needy': .*missing 1 required .* 'depth'$"):
        build(Needy, {}, where="method 'needy'")


def test_a_target_without_fields_says_that_it_takes_none():
    @dataclass(frozen=True)
    class Plain:
        pass

    with pytest.raises(UsageError, match=r"^method 'plain' has no parameter 'layer'; it takes none$"):
        build(Plain, {"layer": "top"}, where="method 'plain'")
    assert canonical(Plain()) == ""


@pytest.mark.parametrize("target", [lambda: None, int, Glow()])
def test_a_target_that_is_no_dataclass_is_refused(target):
    with pytest.raises(ConfigurationError, match=r"^the target of method 'x' must be a dataclass whose fields"):
        build(target, {}, where="method 'x'")


def test_types_that_exist_for_the_type_checker_only_are_refused():
    with pytest.raises(ConfigurationError, match=r"^the types of the fields of method 'u' .*'Decimal' is not defined"):
        build(Unresolved, {}, where="method 'u'")


def test_defaults_are_written_too():
    assert canonical(Glow()) == (
        "(samples=25,sigma=0.1,signed=False,layer=top,label=x,limit=None,scale=None,window=(3, 3))"
    )


def test_one_value_has_one_name():
    whole, real = (build(Glow, {"sigma": v, "scale": v}, where="x") for v in (1, 1.0))
    assert canonical(whole) == canonical(real)
    assert "sigma=1.0,signed=False" in canonical(whole)
    assert "scale=1.0" in canonical(whole)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"samples": 1, "sigma": 1e-30, "signed": True, "layer": "intermediate"},
        {"layer": 3, "limit": 4, "scale": 0.5, "window": (1, 2, 3)},
        {"window": ((1, 2), (3, 4))},
        *(
            {"label": label}
            for label in (
                "25",
                "None",
                "true",
                "a b",
                "a,b",
                "a)",
                "(",
                "it's",
                "'",
                'a"b',
                "",
                " ",
                "é",
                "a=b",
                "1e3",
            )
        ),
    ],
)
def test_what_is_written_reads_back(values):
    instance = build(Glow, values, where="x")
    name, read = parse_call("plugin/glow" + canonical(instance))
    assert name == "plugin/glow"
    assert build(Glow, read, where="x") == instance
