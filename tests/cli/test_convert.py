import json

import pytest

from saliencynoise.cli import main


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as exit_:
        main(["convert", *arguments])
    captured = capsys.readouterr()
    return exit_.value.code or 0, " ".join(captured.out.split()), captured.err


def test_without_a_definition_all_three_are_shown_and_none_is_chosen(capsys):
    code, out, _ = call(capsys, "--snr", "0.70", "--members", "8")
    assert code == 0
    assert "pixel 0.70 0.318 not determined not determined" in out
    assert "rms 0.70 0.354 0.36 25" in out
    assert "power 0.70 0.125 0.57 16" in out
    assert "Only the definition that the table uses holds" in out
    assert "at least 0.37, and at most 25 networks" in out
    assert "If the noise is uneven, there is no bound." in out
    assert "Only for signed maps." in out


def test_a_number_below_the_floor_is_no_signal(capsys):
    _, out, _ = call(capsys, "--snr", "0.3", "--members", "8", "--definition", "pixel")
    assert "not above the floor: the SNR is not distinguishable from 0" in out
    assert "rms:" not in out


def test_the_document_has_the_numbers_of_each_definition(capsys):
    code, out, _ = call(capsys, "--snr", "0.7", "--members", "8", "--json")
    conversions = {row["definition"]: row for row in json.loads(out)["conversions"]}
    assert code == 0
    assert conversions["pixel"]["snr"] is None
    assert conversions["rms"]["networks_for_90"] == 25
    assert conversions["power"]["snr"] == pytest.approx(0.575)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--snr", "0.3", "--members", "2", "--definition", "pixel"], "with 2 networks"),
        (["--snr=-1", "--members", "8"], "snr -1.0 is not possible"),
        (["--snr", "0.7", "--members", "1"], "members 1 is not possible"),
        (["--snr", "0.7", "--members", "8", "--definition", "mean"], "'mean' is not one of"),
        (["--snr", "0.7"], "--members"),
    ],
)
def test_impossible_values_end_with_one_line(capsys, arguments, text):
    code, _, err = call(capsys, *arguments)
    assert code == 2
    assert text in err
    assert "Traceback" not in err


def test_two_networks_have_no_row_for_pixels(capsys):
    code, out, _ = call(capsys, "--snr", "0.9", "--members", "2")
    assert code == 0
    assert "rms 0.90" in out
    assert "pixel 0.90" not in out
