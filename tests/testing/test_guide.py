"""The examples of the guide for authors of plugins run as they stand, and keep the contract that they explain."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from saliencynoise.interfaces import AggregatorSpec, DatasetSpec, ModelSpec, SamplerSpec, UsageError
from saliencynoise.testing import AggregatorSubject, DatasetSubject, ModelSubject, SamplerSubject, check_subject

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "write-a-plugin.md"
ABOUT = {"summary": "s", "target": "a:b"}
IMPORTS = "import torch\nfrom dataclasses import dataclass\n"


def example(word: str) -> dict[str, Any]:
    """Return the names that the one block of the guide with a word defines."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (source,) = [block for block in blocks if word in block]
    names: dict[str, Any] = {"__name__": __name__}
    exec(IMPORTS + source, names)  # noqa: S102 - the guide's own code
    return names


def require_green(subject: Any) -> None:
    report = check_subject(subject)
    assert [(result.check, result.message) for result in report.of("failed")] == []


def test_the_architecture():
    plain = example("class Plain")["plain"]
    spec = ModelSpec(name="plain", **ABOUT)
    require_green(ModelSubject(name="p/plain", spec=spec, model=plain("plain", width=8)))
    with pytest.raises(UsageError, match="plain: width=0 is not possible; give 1 or more"):
        plain("plain", width=0)


def test_the_data_set():
    load = example("def load_stripes")["load_stripes"]

    def read(image_size: int | None) -> Any:
        return load(path=None, image_size=image_size, seed=0)

    require_green(DatasetSubject(name="p/stripes", spec=DatasetSpec(name="stripes", **ABOUT), read=read))
    with pytest.raises(UsageError, match="image size 3 is too small for stripes: choose 4 or more"):
        read(3)


def test_the_sampler():
    sampler = example("class FineTuned")["FineTuned"](epochs=2)
    require_green(SamplerSubject(name="p/fine", spec=SamplerSpec(name="fine", **ABOUT), sampler=sampler))


@pytest.mark.parametrize(("word", "level"), [("RootMeanSquare", "maps"), ("MedianLogits", "networks")])
def test_the_aggregators(word, level):
    spec = AggregatorSpec(name="own", level=level, **ABOUT)
    require_green(AggregatorSubject(name="p/own", spec=spec, aggregator=example(f"class {word}")[word]()))


def test_the_command(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    audit = example("def audit")["audit"]
    audit(members=2)
    assert re.fullmatch(r"\d+\.\d\d\n", capsys.readouterr().out)
    with pytest.raises(UsageError, match="--members 1 is not possible; give 2 or more"):
        audit(members=1)
