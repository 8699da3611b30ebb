"""Check that a functional or module method that reads a layer names it by its field `layer`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal

from saliencynoise.interfaces import INPUT, Batch, FunctionalMethod, PassMethod, Point, Tap
from saliencynoise.interfaces.methods import layers_of
from saliencynoise.scoring import Passes, Scorer
from saliencynoise.testing.checks import Check, ContractBroken
from saliencynoise.testing.networks import HEIGHT, WIDTH, batch_of, convolutional
from saliencynoise.testing.state import guarded
from saliencynoise.testing.subjects import ROWS

if TYPE_CHECKING:
    from torch import Tensor

    from saliencynoise.testing.subjects import MethodSubject

NAME_IT = "call the field of the layer `layer`, as `LayerMethod` says"


class _Recording(Scorer):
    """A scorer that remembers the points at which it was asked."""

    def __init__(self, passes: Passes, batch: Batch) -> None:
        super().__init__(passes, batch)
        self.asked: set[Point] = set()

    def scores(
        self,
        samples: Iterable[Tensor],
        *,
        point: Point = INPUT,
        score: Literal["logit", "probability"] = "logit",
    ) -> Tensor:
        self.asked.add(point)
        return super().scores(samples, point=point, score=score)

    def taps(
        self,
        samples: Tensor,
        *points: Point,
        mode: Callable[[], AbstractContextManager[object]] | None = None,
    ) -> Mapping[Point, Tap]:
        self.asked |= set(points)
        return super().taps(samples, *points, mode=mode)


def check_layer(subject: MethodSubject) -> None:
    """The points that a functional method asks for, and the size of a module method's maps, agree with `layer`."""
    known = layers_of(subject.method)
    undeclared = sorted(_asked(subject) - {INPUT, *known})
    if undeclared:
        raise ContractBroken(f"it reads the layer '{undeclared[0]}', which its field `layer` does not name; {NAME_IT}")
    height, width = subject.maps().values.shape[-2:]
    if not known and (height, width) != (HEIGHT, WIDTH):
        raise ContractBroken(
            f"its maps of images of {HEIGHT}x{WIDTH} are {height}x{width}, as those of a layer, and it names no layer; "
            f"{NAME_IT}"
        )


def _asked(subject: MethodSubject) -> set[Point]:
    """Return the points at which a functional method reads the network; none of a module method, which reads itself."""
    if not isinstance(subject.method, FunctionalMethod):
        return set()
    with guarded(0):
        batch = batch_of()
        scorer = _Recording(Passes(convolutional(), rows=ROWS), batch)
        subject.method.attribute(scorer, batch)
    return scorer.asked


def _inapplicable(subject: MethodSubject) -> str:
    return "a pass method names its layers by `points`" if isinstance(subject.method, PassMethod) else ""


def checks() -> Iterator[Check[Any]]:
    """Yield the check."""
    yield Check(
        name="layer",
        contract="The field is called `layer`, so that the core knows the layer before there is a network.",
        run=check_layer,
        applies=_inapplicable,
        needs=("shapes", "finite"),
    )
