"""The sentence on the population that tables, captions and reports share: for which networks do the figures hold?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saliencynoise.records.population import PopulationRecord, Unit
    from saliencynoise.records.study import StudyRecord

UNITS: dict[Unit, tuple[str, str]] = {
    "start": ("start", "start"),
    "run": ("training run", "run"),
    "block": ("block of shared seeds", "block"),
    "cluster": ("cluster", "cluster"),
}
"""What members have in common: in full, and short."""


def population_sentence(population: PopulationRecord, *, members: int) -> str:
    """Return one sentence on the population of an architecture's members.

    >>> from saliencynoise.records.population import FROM_SCRATCH, PopulationRecord
    >>> population_sentence(FROM_SCRATCH, members=8)
    '8 networks trained from scratch.'
    >>> tuned = PopulationRecord(kind="several_starts", starts=("a", "b"), start_of=(0, 0, 1, 1), tuned=("all",))
    >>> population_sentence(tuned, members=4)
    '4 networks fine-tuned from 2 starts, 2 each: r is that of networks from different starts.'
    """
    nouns = members_as(population.unit)
    noun = nouns.replace("sets", "set") if population.unit == "cluster" else "network"
    named = f"{members} {noun if members == 1 else nouns}"
    if population.kind == "from_scratch":
        return f"{named} trained from scratch."
    if population.kind == "untrained":
        return f"{members} untrained {noun if members == 1 else nouns}."
    if population.kind == "unknown":
        return f"{named}; their population is not stated."
    unit, short = UNITS[population.unit]
    origin = f"{named} {_tuned(population.tuned)}"
    if population.kind == "one_start":
        name = f" ({population.starts[0]})" if population.starts[0] else ""
        return (
            f"{origin} one {unit}{name}: r holds for {nouns} from this {short}; r of the population of {short}s is not "
            "estimated."
        )
    units = unit.replace(short, f"{short}s", 1)
    return (
        f"{origin} {len(population.starts)} {units}{_sizes(population)}: r is that of {nouns} from different {short}s."
    )


def members_as(unit: str) -> str:
    """Return the word for members: "networks", or "sets of maps" where they are of clusters that a user named."""
    return "sets of maps" if unit == "cluster" else "networks"


def scope_words(population: PopulationRecord) -> str:
    """Return the population in a few words, to compare it with another.

    >>> from saliencynoise.records.population import FROM_SCRATCH
    >>> scope_words(FROM_SCRATCH)
    'trained from scratch'
    """
    words = {"from_scratch": "trained from scratch", "untrained": "untrained", "unknown": "not stated"}
    if population.kind in words:
        return words[population.kind]
    unit, short = UNITS[population.unit]
    origin = _tuned(population.tuned)
    if population.kind == "one_start":
        return f"{origin} one {unit}" + (f" ({population.starts[0]})" if population.starts[0] else "")
    return f"{origin} {len(population.starts)} {unit.replace(short, f'{short}s', 1)}"


def population_sentences(result: StudyRecord) -> list[str]:
    """Return the sentence of each architecture of a study; one where all have the same."""
    sentences = {
        architecture.label: population_sentence(
            architecture.population, members=len(architecture.members) or result.settings.members
        )
        for architecture in result.architectures
    }
    if len(set(sentences.values())) <= 1:
        return list(sentences.values())[:1]
    return [f"{label}: {sentence}" for label, sentence in sentences.items()]


def _tuned(tuned: tuple[str, ...]) -> str:
    if tuned == ("head",):
        return "with new heads on"
    if tuned == ("all",):
        return "fine-tuned from"
    return f"with {', '.join(tuned)} tuned from" if tuned else "from"


def _sizes(population: PopulationRecord) -> str:
    """Return how many members each start has, after a comma; empty where that is not known."""
    sizes = Counter(population.start_of).values()
    if not sizes:
        return ""
    low, high = min(sizes), max(sizes)
    each = f"{low} to {high}" if low != high else "one" if low == 1 else str(low)
    return f", {each} each"
