"""A rough estimate of a plan's hours from sizes alone, before any work, for users who planned more than they meant.

Nothing is measured yet, so it may be wrong by a factor of several; `time_left` measures once the first steps are done.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from saliencynoise.engine.dispatch import worker_count
from saliencynoise.interfaces.methods import layers_of
from saliencynoise.registry.parameters import values_of

if TYPE_CHECKING:
    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.plan import Plan
    from saliencynoise.registry.bound import BoundMethod

LONG = 2 * 3600.0
"""A plan that takes at least this number of seconds is announced with its duration."""

REUSE = 3
"""Multiplications for a parameter and a value of the last grid; ResNet-18 has 3.1 at 224 px and 3.1 at 32 px."""

BACKWARD = 2
"""Cost of a backward pass, in forward passes."""

SPEED = {"cpu": 3e10, "cuda": 5e12, "mps": 1e12}
"""Multiplications a second of a core or a GPU; digits networks of this package reach 3e10 to 7e10 on a core."""


def rough_seconds(plan: Plan) -> float:
    """Return the seconds that a plan takes on this machine; it may be wrong by a factor of several."""
    kind = plan.device.partition(":")[0]
    products = sum(
        _training(plan, architecture) + _attribution(plan, architecture) for architecture in plan.architectures
    )
    workers = max(1, worker_count(len(plan.architectures) * plan.members, plan.device, workers=plan.config.workers))
    return products / (SPEED.get(kind, SPEED["cpu"]) * workers)


def map_bytes(plan: Plan) -> int:
    """Return an estimate of the bytes of all members' maps."""
    count = plan.members * len(plan.images)
    return sum(
        4 * count * _map_values(plan, architecture, method) * plan.draws(method)
        for architecture in plan.architectures
        for method in plan.methods
    )


def _map_values(plan: Plan, architecture: ArchitecturePlan, method: BoundMethod) -> int:
    """Return the number of values of a map: those of the largest grid that the method reads, or of the image."""
    points = architecture.network["points"]
    grids = [points[layer]["grid"] for layer in layers_of(method.instance) if layer in points]
    return max(rows * columns for rows, columns in grids) if grids else plan.dataset.test.images[0].numel()


def warning(plan: Plan) -> str | None:
    """Return a line on the duration of a long plan; None for a plan that takes less than `LONG`."""
    seconds = rough_seconds(plan)
    if seconds < LONG:
        return None
    return (
        f"this will take about {_hours(seconds)} or more on this machine (roughly, before any work); stop with Ctrl-C: "
        "members and maps that are done are kept"
    )


def _hours(seconds: float) -> str:
    """Return a text with hours, or with years where there are too many hours.

    >>> _hours(7300), _hours(3600 * 130), _hours(3600 * 8766 * 12345)
    ('2 hours', '130 hours', '12,000 years')
    """
    hours = seconds / 3600
    amount, unit = (hours, "hours") if hours < 8766 else (hours / 8766, "years")
    digits = 1 - math.floor(math.log10(amount))
    return f"{round(amount, min(0, digits)):,.0f} {unit}"


def _forward(architecture: ArchitecturePlan) -> float:
    """Return the approximate number of multiplications of a forward pass of one image."""
    grids = [point["grid"] for point in architecture.network["points"].values() if point.get("grid")]
    last = min((rows * columns for rows, columns in grids), default=1)
    return float(REUSE * architecture.network["parameters"] * last)


def _training(plan: Plan, architecture: ArchitecturePlan) -> float:
    """Return the approximate number of multiplications of training the members that no pool holds."""
    if not plan.sampler.instance.trains:
        return 0.0
    trained = len(architecture.reused_members)
    runs = (plan.members - trained) / (plan.sampler.instance.per_run or plan.members)
    images = len(plan.dataset.train) * architecture.recipe.epochs
    return runs * images * (1 + BACKWARD) * _forward(architecture)


def _attribution(plan: Plan, architecture: ArchitecturePlan) -> float:
    """Return the approximate number of multiplications of the maps of all members."""
    images = plan.members * len(plan.images)
    return sum(images * plan.draws(method) * _passes(method) for method in plan.methods) * _forward(architecture)


def _passes(method: BoundMethod) -> float:
    """Return the approximate number of forward passes of one map: the product of the parameters that its cost names.

    A word of the cost that is no parameter, such as windows or channels, counts as one.
    """
    instance = method.instance
    return passes_of(method.spec.cost, {name: getattr(instance, name, None) for name in values_of(instance)})


def passes_of(cost: str, parameters: Mapping[str, Any]) -> float:
    """Return the approximate number of forward passes of a cost in words.

    >>> passes_of("samples x (forward + backward)", {"samples": 50, "sigma": 0.1})
    150.0
    >>> passes_of("(windows + 1) x forward", {"window": 4})
    1.0
    """
    named = [parameters.get(word) for word in re.findall("[a-z_]+", cost)]
    repeated = math.prod(value for value in named if isinstance(value, int) and not isinstance(value, bool))
    return float(repeated * (1 + (BACKWARD if "backward" in cost else 0)))
