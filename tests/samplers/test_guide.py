"""The sampler in the guide for authors of plugins does what the guide says."""

from __future__ import annotations

import re
from pathlib import Path

from saliencynoise.interfaces import Sampler

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "write-a-plugin.md"


def test_the_guides_sampler_trains_on_from_the_trained_network(fake_run):
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (source,) = [block for block in blocks if "class FineTuned" in block]
    names = {"__name__": __name__}
    exec(source, names)  # noqa: S102 - the guide's own code
    sampler = names["FineTuned"](epochs=2)
    assert isinstance(sampler, Sampler)
    run = fake_run(index=4)
    (sample,) = sampler.members(run)
    assert run.trainings == [{"epochs": 2, "learning_rate": 0.1, "schedule": "cosine", "streams": {"order": "4-on"}}]
    run.build().load_state_dict(sample.weights)
