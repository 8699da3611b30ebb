"""Fake distributions: folders on `sys.path` with a module and a dist-info, as pip would have left them."""

from __future__ import annotations

import importlib
import sys
import textwrap
from importlib.metadata import PathDistribution
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint
    from pathlib import Path

HEADER = """\
from saliencynoise.interfaces import AggregatorSpec, CommandSpec, DatasetSpec, MethodSpec, ModelSpec, SamplerSpec
from saliencynoise.registry import hookimpl

def method(name="glow", **changed):
    plain = dict(
        name=name, summary="a method", target="saliencynoise.methods.gradient:Gradient",
        family="gradient", paper="none",
    )
    return MethodSpec(**{**plain, **changed})

"""


class Install(Protocol):
    def __call__(
        self, name: str, source: str, *, point: str | None = None, version: str = "1.2", metadata: bool = True
    ) -> EntryPoint: ...


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution whose one module is `source`, with an entry point."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    modules: list[str] = []

    def make(
        name: str, source: str, *, point: str | None = None, version: str = "1.2", metadata: bool = True
    ) -> EntryPoint:
        module = f"fake_{name}"
        modules.append(module)
        (site / f"{module}.py").write_text(HEADER + textwrap.dedent(source))
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        if metadata:
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[saliencynoise]\n{point or name} = {module}\n")
        importlib.invalidate_caches()
        (found,) = PathDistribution(info).entry_points
        return found

    yield make
    for module in modules:
        sys.modules.pop(module, None)
