"""The target of a study as text: the scalar that is explained, made of a class and a score of that class.

    true | predicted | CLASS                      the logit of the class
    logprob(CLASS), probability(CLASS), margin(CLASS), logit(CLASS)
    contrast(CLASS,CLASS)                         the logit of the first class less that of the second
    FILE.py:FUNCTION | MODULE:FUNCTION            a function of the user's, from outputs `[N, ...]` to scores `[N]`

A score without a class is that of the default class. A word of this list goes before a class of that name, a name goes
before an index, and a class in quotes is always a name: `'true'`. In quotes a quote is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, get_args

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean

ScoreName = Literal["logit", "logprob", "probability", "margin", "contrast"]
SCORES: tuple[ScoreName, ...] = get_args(ScoreName)

WORDS: Mapping[ScoreName, str] = MappingProxyType(
    {
        "logit": "logit",
        "logprob": "log-probability",
        "probability": "probability",
        "margin": "margin",
        "contrast": "contrast",
    }
)
"""The scores in words."""

TRUE, PREDICTED = VOTED = ("true", "predicted")
"""Words for a class of each image: its label, or the ensemble's vote."""

TURNS: tuple[ScoreName, ...] = ("logit", "contrast")
"""Scores of a class that turn their sign with the logits. Of the others the maps of untrained networks agree."""

SHOWN = 12
"""Largest number of names that an error lists."""


_FUNCTION = re.compile(r"(?:.+?\.py|[A-Za-z_]\w*(?:\.\w+)*):[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:@[0-9a-f]+)?", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target as text.

    Attributes:
        of: "true", "predicted", or a class, in quotes where it could be taken for something else.
        score: the score of that class.
        other: of "contrast" the second class, else empty.
        function: name of a function of the outputs, which takes the place of the score of a class; else empty.
    """

    of: str = "true"
    score: ScoreName = "logit"
    other: str = ""
    function: str = ""

    def __str__(self) -> str:
        """Return the canonical text, which `parsed` reads as this target.

        >>> str(Target(of="7", score="logprob")), str(Target(of="true"))
        ('logprob(7)', 'true')
        """
        if self.function or self.score == "logit":
            return self.function or self.of
        return f"{self.score}({self.of}{',' * bool(self.other)}{self.other})"

    @property
    def turns(self) -> bool:
        """Whether the explained scalar turns its sign with the network's outputs; of a function that is not known."""
        return self.score in TURNS and not self.function

    @property
    def in_words(self) -> str:
        """The target as a reader says it.

        >>> Target(of="true", score="margin").in_words, Target(of="cat", score="contrast", other="dog").in_words
        ('margin of the true class', "logit of 'cat' less that of 'dog'")
        """
        if self.function:
            return f"score '{self.function.rpartition(':')[2].partition('@')[0]}' of the outputs"
        of = {"true": "the true class", "predicted": "the predicted class"}.get(self.of, f"'{name_in(self.of)}'")
        if self.score == "contrast":
            return f"logit of {of} less that of '{name_in(self.other)}'"
        return f"{WORDS[self.score]} of {of}"


def parsed(text: str, *, default: str = "true", option: str = "--target") -> Target:
    """Return the target that a text names; whether its classes exist is not looked at.

    Args:
        text: the user's input.
        default: class of a score that names none.
        option: the option of the input, for errors.

    Raises:
        UsageError: if the text is no target.

    >>> parsed("logprob"), str(parsed("contrast( 3, 5 )"))
    (Target(of='true', score='logprob', other=''), 'contrast(3,5)')
    """
    text = text.strip()
    if _FUNCTION.fullmatch(text):
        return Target(of=default, function=text)
    found = re.fullmatch(rf"({'|'.join(SCORES)})\s*(?:\((.*)\))?", text, flags=re.DOTALL)
    score: ScoreName = next((name for name in SCORES if found is not None and found[1] == name), "logit")
    parts = [default] if found is not None and found[2] is None else _divided(text if found is None else found[2])
    if score == "contrast" and (len(parts) != 2 or found is None or found[2] is None):
        raise UsageError(
            f"{option} {text} is not possible; contrast takes two classes, as contrast(3,5); a name with a comma needs "
            "quotes"
        )
    if score != "contrast":
        parts = [",".join(parts)]
    if not all(part.strip() for part in parts):
        raise UsageError(f"{option} {text!r} names no class; choose true, predicted, a name or an index")
    of, other = parts[0].strip(), parts[1].strip() if len(parts) > 1 else ""
    if other in VOTED:
        raise UsageError(
            f"{option} {text} is not possible; the second class of a contrast is the same for all images; give a name "
            "or an index, or take margin, which is the logit of a class less the largest other one"
        )
    return Target(of=of, score=score, other=other)


def resolved(target: Target, classes: Sequence[str], *, option: str = "--target") -> Target:
    """Return the target with its classes in canonical spelling: their names.

    Raises:
        UsageError: if there is no such class, with names that are near; or if a contrast names one class twice.

    >>> str(resolved(parsed("logprob(1)"), ["cat", "true"]))
    "logprob('true')"
    """
    of = target.of if target.of in VOTED else quoted(classes[index_of(target.of, classes, option=option)])
    other = quoted(classes[index_of(target.other, classes, option=option)]) if target.other else ""
    if target.score == "contrast" and of == other:
        raise UsageError(f"{option} {target} compares {of} with itself; name two classes")
    return replace(target, of=of, other=other)


def index_of(text: str, classes: Sequence[str], *, option: str = "--target") -> int:
    """Return the index of the class with a name, or else with an index as text; in quotes it is always a name.

    Raises:
        UsageError: listing names that are near.

    >>> index_of("dog", ["cat", "dog"]), index_of("0", ["cat", "dog"]), index_of("'0'", ["cat", "0"])
    (1, 0, 1)
    """
    name = name_in(text)
    if name in classes:
        return list(classes).index(name)
    if name == text and re.fullmatch("[0-9]{1,18}", text) and int(text) < len(classes):
        return int(text)
    call = re.fullmatch(r"(\w+)\s*\(.*\)", text, flags=re.DOTALL)
    if call is not None:
        hint = did_you_mean(call[1], SCORES, otherwise=f"there are {', '.join(SCORES)}")
        raise UsageError(f"{option} {text}: '{call[1]}' is no score; {hint}")
    shown = ", ".join(classes[:SHOWN]) + (" ..." if len(classes) > SHOWN else "")
    known = () if text.isdecimal() else (*classes, *VOTED, *SCORES)
    hint = did_you_mean(name, known, otherwise=f"there are {shown}, or 0 to {len(classes) - 1}", most=3)
    raise UsageError(f"{option} {text} is no class of the data set; {hint}")


def quoted(name: str) -> str:
    """Return a class's name as a target has it: in quotes where it is a word, or holds what a target is made of.

    >>> quoted("cat"), quoted("true"), quoted("a, b"), quoted("don't")
    ('cat', "'true'", "'a, b'", "'don''t'")
    """
    plain = name == name.strip() and not set(name) & set("(),:'\"") and name not in {*VOTED, *SCORES, ""}
    return name if plain else "'" + name.replace("'", "''") + "'"


def name_in(text: str) -> str:
    """Return the name that a text has, without its quotes."""
    for quote in "'\"":
        if len(text) > 1 and text[0] == text[-1] == quote:
            return text[1:-1].replace(quote * 2, quote)
    return text


def _divided(text: str) -> list[str]:
    """Return the parts of a text between commas that are in no quotes."""
    return [part[0] for part in re.finditer(r"(?:'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[^,])+|(?<=,)(?=$)|^(?=,)", text)]
