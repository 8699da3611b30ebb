"""Targets as text."""

from __future__ import annotations

import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise.records.target import Target, index_of, parsed, quoted, resolved

CLASSES = ("cat", "dog", "true", "10", "2", "a, b (x)", "don't")


@pytest.mark.parametrize(
    ("text", "target", "canonical"),
    [
        ("true", Target(), "true"),
        ("logit", Target(), "true"),
        (" logprob ", Target(score="logprob"), "logprob(true)"),
        ("margin( predicted )", Target(of="predicted", score="margin"), "margin(predicted)"),
        ("logit(7)", Target(of="7"), "7"),
        ("contrast(3, 5)", Target(of="3", score="contrast", other="5"), "contrast(3,5)"),
        ("contrast('a,b', c)", Target(of="'a,b'", score="contrast", other="c"), "contrast('a,b',c)"),
        ("probability(cat, wild)", Target(of="cat, wild", score="probability"), "probability(cat, wild)"),
        ("cat (wild)", Target(of="cat (wild)"), "cat (wild)"),
        ("a/b c.py:half@3f", Target(function="a/b c.py:half@3f"), "a/b c.py:half@3f"),
        ("nets.scores:half", Target(function="nets.scores:half"), "nets.scores:half"),
        ("'cat:dog'", Target(of="'cat:dog'"), "'cat:dog'"),
    ],
)
def test_a_target_has_one_spelling(text, target, canonical):
    assert parsed(text) == target
    assert str(target) == canonical
    assert parsed(canonical) == target


@pytest.mark.parametrize("text", ["", " ", "logprob()", "contrast", "contrast(a)", "contrast(a,)", "contrast(a,b,c)"])
def test_what_is_no_target_is_refused(text):
    with pytest.raises(UsageError, match=r"is not possible; contrast takes two|names no class; choose true"):
        parsed(text)


def test_the_second_class_of_a_contrast_is_one_for_all():
    with pytest.raises(UsageError, match="the same for all images; give a name or an index, or take margin"):
        parsed("contrast(predicted,true)")


def test_a_score_alone_is_of_the_default_class():
    assert str(parsed("margin", default="predicted")) == "margin(predicted)"


@pytest.mark.parametrize(
    ("text", "canonical", "index"),
    [
        ("dog", "dog", 1),
        ("1", "dog", 1),  # no class is called 1
        ("2", "2", 4),  # a name goes before an index
        ("3", "10", 3),
        ("'true'", "'true'", 2),  # true alone is the label
        ("logprob(don't)", "logprob('don''t')", 6),
        ("a, b (x)", "'a, b (x)'", 5),
    ],
)
def test_a_word_goes_before_a_name_and_a_name_before_an_index(text, canonical, index):
    target = resolved(parsed(text), CLASSES)
    assert str(target) == canonical
    assert index_of(target.of, CLASSES) == index
    assert resolved(parsed(canonical), CLASSES) == target


def test_every_name_in_quotes_is_read_back():
    for name in ["true", "logprob", "a(b", "it's", '"', "''", " x", "contrast(a,b)", "7", "a:b"]:
        classes = ["other", name]
        assert index_of(resolved(parsed(quoted(name)), classes).of, classes) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dgo", "--target dgo is no class of the data set; did you mean 'dog'?"),
        ("predictde", "did you mean 'predicted'?"),
        ("logprb(dog)", "'logprb' is no score; did you mean 'logprob'?"),
        ("'7'", "there are cat, dog, true, 10, 2, a, b"),
        ("7", "or 0 to 6"),
        ("contrast(cat,0)", "contrast(cat,0) compares cat with itself"),
    ],
)
def test_an_unknown_class_is_refused_with_what_is_near(text, message):
    with pytest.raises(UsageError) as raised:
        resolved(parsed(text), CLASSES)
    assert message in str(raised.value)
