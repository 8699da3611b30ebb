"""The record of an explanation in `explanation.json`; arrays are summarised."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from saliencynoise.data.scan import text
from saliencynoise.records.cell import MembersNeeded
from saliencynoise.records.explanation import (
    CautionRecord,
    ExplainedClass,
    MemberVote,
    MethodFigures,
    PictureFiles,
    PictureRecord,
    WordedInterval,
    WordedValue,
)
from saliencynoise.records.writing import record_of

if TYPE_CHECKING:
    from saliencynoise.explanation.explanation import Explanation, MethodExplanation
    from saliencynoise.statistics.intervals import Interval

ABOUT = "for this picture, if other networks were trained"
"""The question that the intervals answer."""


def record_of_method(method: MethodExplanation) -> MethodFigures:
    """Return the figures of a picture's maps by one method."""
    reliability, needed = method.reliability, method.reliability.needed
    reason = method.reason or method.no_marginal
    return MethodFigures(
        method=method.method,
        name=method.text,
        status="failed" if reason else "ok",
        reason=reason or None,
        draws=method.draws,
        map_shape=None if method.maps is None else method.maps.shape[1:],
        snr=_worded(reliability.snr, reliability.snr_interval),
        reliability=_worded(reliability.value, reliability.interval),
        members_needed=record_of(asdict(needed) | {"text": str(needed)}, MembersNeeded),
        significant_share=method.significant_share,
        sign_agreement=None if method.agreement is None else float(method.agreement.mean()),
    )


def record_of_explanation(explanation: Explanation) -> PictureRecord:
    """Return everything but the arrays."""
    slug, classes = explanation.file.slug, explanation.classes
    votes = zip(explanation.members, explanation.votes, explanation.probabilities.tolist(), strict=True)
    channels, height, width = explanation.picture.shape
    return PictureRecord(
        picture=explanation.file.place,
        path=text(str(explanation.file.path)),
        size=explanation.size,
        seen_as=(channels, height, width),
        notes=explanation.notes,
        explained=ExplainedClass(index=explanation.target, name=classes[explanation.target]),
        target=str(explanation.scalar),
        vote=ExplainedClass(index=explanation.vote, name=classes[explanation.vote]),
        classes=tuple(explanation.ranked()),
        members=tuple(
            MemberVote(member=member, name=classes[vote], probability=shares[vote]) for member, vote, shares in votes
        ),
        methods=tuple(map(record_of_method, explanation.methods)),
        warnings=tuple(CautionRecord(kind=caution.kind, text=caution.text) for caution in explanation.cautions),
        origin=explanation.origin,
        files=PictureFiles(png=f"{slug}.png", html=f"{slug}.html", npz=f"{slug}.npz"),
    )


def _worded(value: float, interval: Interval | None) -> WordedValue:
    ends = None if interval is None else record_of(asdict(interval) | {"words": ABOUT}, WordedInterval)
    return WordedValue(value=value, interval=ends)
