import pytest

from saliencynoise.registry.catalogue import catalogue
from tests.report.printed import cell, printed, study


def test_members_in_groups_are_warned_of():
    modes = {"share": 0.5, "words": "more clustered than one Gaussian mode on 16 of 32 images"}
    text = " ".join(printed(study(cell(details={"pixels": None, "modes": modes}))).split())
    assert "modes: gradient on test_resnet, view signed: more clustered than one Gaussian mode on 16 of 32" in text
    assert "intervals are unreliable" in text
    assert "modes:" not in printed(study(cell()))


def test_skewed_noise_of_pixels_is_warned_of():
    pixels = {"share": 0.2, "skewness": 0.7}
    text = " ".join(printed(study(cell(details={"pixels": pixels}))).split())
    assert "significant pixels: gradient on test_resnet, view signed: the noise of its pixels is skewed (0.7)" in text
    assert "significant pixels: gradient" not in printed(study(cell(details={"pixels": {**pixels, "skewness": None}})))
    assert "significant pixels: gradient" not in printed(study(cell()))


def test_lost_digits_are_noted_once_a_method():
    small = {**cell(), "denormal_images": 1}
    text = " ".join(printed(study(small, {**small, "view": "absolute"})).split())
    assert text.count("digits lost: gradient on test_resnet: maps of 1 image are below 1.2e-38 in float32") == 1
    assert "digits lost" not in printed(study({**cell(), "denormal_images": 0}))


def test_a_failed_cell_is_shown_as_failed_with_its_reason():
    text = printed(study(cell(status="failed", reason="member 3: ValueError: [bold]no", figures=None)), width=120)
    assert "failed" in text
    assert "failed: gradient on test_resnet: member 3: ValueError: [bold]no" in text


def test_what_a_reader_must_know_is_said():
    text = printed(
        study(cell(flagged_members=[3]), flag="accuracy 0.1 is not above chance", notes=["a note"]), width=200
    )
    assert "99.6%*" in text
    assert "flagged: test_resnet: member 3: accuracy 0.1 is not above chance" in text
    assert "note: a note" in text
    assert "adapted: test_resnet: stride 2 -> 1: conv1" in text
    assert "(1 misclassified)" in text


@pytest.mark.parametrize(
    ("sampler", "source", "there", "absent"),
    [
        (
            "deep_ensemble",
            "",
            ["more --epochs or a lower learning_rate may help", "target true; trained on 1437 images, 2 epochs"],
            "members from",
        ),
        (
            "swag(rank=3)",
            "",
            ["or other parameters of the sampler swag(rank=3), may help", "members from swag(rank=3),"],
            "target true; trained",
        ),
        (
            "permuted_labels",
            "",
            ["is not above chance. As expected: permuted labels say nothing about the test images"],
            "may help",
        ),
        ("untrained", "", ["The sampler untrained trains no network", "members from untrained;"], "epochs"),
        (
            "checkpoints",
            "a.pt",
            ["Files such as a.pt may not match this input", "members from checkpoints:runs/*.pt"],
            "epochs",
        ),
    ],
)
def test_where_members_come_from_and_what_may_be_wrong_with_them(sampler, source, there, absent):
    (spec,) = (entry.spec for entry in catalogue().entries("samplers") if entry.name == sampler.partition("(")[0])
    trains = sampler not in {"untrained", "checkpoints"}
    member = {"index": 3, "flag": "accuracy 0.1 is not above chance", "source": source}
    of = study(
        cell(flagged_members=[3]),
        sampler={
            "name": f"builtin/{sampler}",
            "label": sampler,
            "trains": trains,
            "at_chance": spec.at_chance,
            "runs": 8,
        },
        settings={"members": 8, "target": "true", "sampler": "checkpoints:runs/*.pt" if source else sampler},
        architectures=[{"label": "test_resnet", "members": [member]}],
    )
    text = printed(of, width=400)
    assert all(words in text for words in there)
    assert absent not in text.split("All words: --legend", 1)[1].partition("Next:")[0]


def test_a_note_says_from_where_in_its_file_a_member_was_read():
    notes = {"a.pth": "weights under 'net'", "b.pth": "weights under 'net'", "c.pth": "ignored: total_ops", "d.pth": ""}
    members = [{"source": name, "note": note} for name, note in notes.items()]
    text = printed(study(cell(), architectures=[{"label": "test_resnet", "members": members}]), width=400)
    assert "note: test_resnet from a.pth, b.pth: weights under 'net'" in text
    assert "note: test_resnet from c.pth: ignored: total_ops" in text
    assert "d.pth" not in text


@pytest.mark.parametrize(
    ("members", "words"),
    [(2, "2 members: figures without intervals"), (5, "5 members: intervals are indicative")],
)
def test_few_members_are_called_few(members, words):
    assert words in printed(study(cell(), members=members), width=200)
    assert "indicative" not in printed(study(cell(), members=8), width=200)


def test_members_that_share_a_run_are_distinguished_from_retrained_ones():
    shared = {"label": "swag", "trains": True, "runs": 1}
    text = " ".join(printed(study(cell(), sampler=shared)).split())
    assert "dependent: 8 members of swag from 1 training run: r, its interval" in text
    assert "dependent" not in printed(study(cell()))
