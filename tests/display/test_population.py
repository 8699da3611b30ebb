"""One sentence says for which networks the figures of a study hold."""

import doctest

import pytest

from saliencynoise.display import population
from saliencynoise.display.population import population_sentence, population_sentences
from saliencynoise.records.population import PopulationRecord, wrong_population
from tests.studies import record_of_study

NOT_ESTIMATED = "r of the population of starts is not estimated."


def record(kind, starts=(), start_of=(), tuned=(), unit="start"):
    return PopulationRecord(kind=kind, starts=starts, start_of=start_of, tuned=tuned, unit=unit)


@pytest.mark.parametrize(
    ("of", "members", "sentence"),
    [
        (record("from_scratch"), 1, "1 network trained from scratch."),
        (record("untrained"), 8, "8 untrained networks."),
        (record("unknown"), 8, "8 networks; their population is not stated."),
        (record("unknown", unit="cluster"), 8, "8 sets of maps; their population is not stated."),
        (
            record("one_start", ("best.pt",), (0,) * 8, ("all",)),
            8,
            f"8 networks fine-tuned from one start (best.pt): r holds for networks from this start; {NOT_ESTIMATED}",
        ),
        (
            record("one_start", ("",), (0,) * 8, ("head",)),
            8,
            f"8 networks with new heads on one start: r holds for networks from this start; {NOT_ESTIMATED}",
        ),
        (
            record("one_start", ("run 0",), (0,) * 8, unit="run"),
            8,
            (
                "8 networks from one training run (run 0): r holds for networks from this run; r of the population of "
                "runs is not estimated."
            ),
        ),
        (
            record("several_starts", ("a", "b"), (0, 1), ("fc", "layer4")),
            2,
            "2 networks with fc, layer4 tuned from 2 starts, one each: r is that of networks from different starts.",
        ),
        (
            record("several_starts", ("a", "b"), (0, 1, 1), unit="block"),
            3,
            "3 networks from 2 blocks of shared seeds, 1 to 2 each: r is that of networks from different blocks.",
        ),
        (
            record("several_starts", ("", ""), (0, 0, 1, 1), unit="cluster"),
            4,
            "4 sets of maps from 2 clusters, 2 each: r is that of sets of maps from different clusters.",
        ),
    ],
)
def test_each_population_has_its_sentence(of, members, sentence):
    assert population_sentence(of, members=members) == sentence
    assert wrong_population(of, members=members) is None


def test_architectures_of_one_population_share_the_sentence():
    nets = [
        {"label": label, "name": label, "members": [{}] * 2, "population": {"kind": kind}}
        for label, kind in (("a", "from_scratch"), ("b", "from_scratch"), ("c", "unknown"))
    ]
    scratch, unknown = "2 networks trained from scratch.", "2 networks; their population is not stated."
    assert population_sentences(record_of_study(architectures=nets[:2])) == [scratch]
    assert population_sentences(record_of_study(architectures=nets)) == [
        f"a: {scratch}",
        f"b: {scratch}",
        f"c: {unknown}",
    ]


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (record("one_start"), "starts are 0, though the kind is 'one_start'"),
        (record("from_scratch", ("a",)), "starts are 1, though the kind is 'from_scratch'"),
        (record("several_starts", ("a",), (0, 0)), "starts are 1"),
        (record("one_start", ("a", "b"), (0, 1)), "starts are 2"),
        (record("several_starts", ("a", "b"), (0, 2)), "start_of has 2, and there are 2 starts"),
        (record("several_starts", ("a", "b"), (0, 1, 1)), "start_of has 3 entries, and there are 2 members"),
    ],
)
def test_a_population_that_contradicts_itself_is_refused(of, words):
    assert wrong_population(of, members=2).startswith(words)


def test_examples():
    assert doctest.testmod(population).failed == 0
