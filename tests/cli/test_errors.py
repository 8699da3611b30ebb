"""Bad input: one line on standard error that names the value and the fix, exit code 2, no traceback."""

import pytest

from saliencynoise import cli

CASES = [
    (["bench", "--arch", "resnet1O1"], ["unknown architecture 'resnet1O1'", "did you mean", "resnet101"]),
    (["bench", "--method", "gradcm"], ["unknown method 'gradcm'", "did you mean 'gradcam'"]),
    (["bench", "--method", "gradcam(layr=top)"], ["no parameter 'layr'", "did you mean 'layer'"]),
    (["bench", "--method", "gradcam(layer=botom)"], ["layer=botom", "choose top or intermediate"]),
    (["bench", "--method", "gradient", "--method", "builtin/gradient"], ["builtin/gradient", "name it once"]),
    (["bench", "--dataset", "digit"], ["unknown data set 'digit'", "did you mean 'digits'"]),
    (["bench", "--dataset", "folder"], ["folder:PATH"]),
    (["bench", "--dataset", "digits:here"], ["takes no path"]),
    (["bench", "--dataset", "folder:/no/such/place"], ["/no/such/place"]),
    (["bench", "--data-dir", "/x"], ["'digits' is not read from a --data-dir", "cifar10 and imagenette can be"]),
    (
        ["bench", "--dataset", "folder:/x", "--data-dir", "/y"],
        ["not read from a --data-dir", "write folder:/y instead"],
    ),
    (["bench", "--dataset", "cifar10", "--data-dir", "/no/such/place"], ["/no/such/place", "check the path"]),
    (["train", "--dataset", "imagenette", "--data-dir", "/no/such/place"], ["/no/such/place", "check the path"]),
    (["sanity", "--dataset", "cifar10", "--data-dir", "/no/such.npz"], ["/no/such.npz", "check the path"]),
    (["variance", "--dataset", "cifar10", "--data-dir", "/no/such.npz"], ["/no/such.npz", "check the path"]),
    (["frontier", "--dataset", "cifar10", "--data-dir", "/no/such.npz"], ["/no/such.npz", "check the path"]),
    (["bench", "--dataset", "shapes", "--image-size", "8"], ["image size 8", "16 or more"]),
    (["bench", "--members", "0"], ["--members 0", "give 2 or more"]),
    (["bench", "--members", "1"], ["--members 1 gives no SNR", "give 2 or more"]),
    (["bench", "--members", "many"], ["--members"]),
    (["bench", "--members", "99999999999"], ["--members 99999999999", "at most 10000"]),
    (["bench", "--method", "gradient,gradcam"], ["gradient,gradcam", "repeat the option"]),
    (["bench", "--images", "0"], ["--images 0"]),
    (["bench", "--images", "361"], ["361", "360"]),
    (["bench", "--train-images", "9"], ["9", "10"]),
    (["bench", "--train-images", "9999"], ["9999", "1437"]),
    (["bench", "--epochs", "0"], ["epochs is 0", "1 or more"]),
    (["bench", "--seed", "-1"], ["--seed -1"]),
    (["bench", "--target", "ten"], ["--target ten is no class of the data set", "or 0 to 9"]),
    (["bench", "--target", "logprb(3)"], ["'logprb' is no score", "did you mean 'logprob'?"]),
    (["bench", "--target", "10"], ["--target 10", "or 0 to 9"]),
    (["bench", "--device", "gpu"], ["--device gpu", "choose auto, cpu, cuda, cuda:N or mps"]),
    (["bench", "--device", "cuda"], ["--device cuda", "try --device cpu"]),
    (["bench", "--aggregator", "men"], ["unknown aggregator 'men'", "did you mean 'mean'"]),
    (["bench", "--keep-maps", "some"], ["--keep-maps some", "all, mean or none"]),
    (["bench", "--arch-arg", "drop_rate"], ["drop_rate", "key=value"]),
    (["bench", "--config", "/no/such.toml"], ["/no/such.toml", "name a TOML file"]),
    (["bench", "--image-size", "2"], ["2"]),
    (["show", "/no/such/run"], ["/no/such/run", "saliencynoise runs"]),
    (["pools", "remove", "nothing"], ["begins with 'nothing'", "pools list"]),
    (["train", "--members", "0"], ["--members 0"]),
    (["bnech"], ["bnech"]),
]


@pytest.mark.parametrize(("arguments", "words"), CASES, ids=[" ".join(case[0]) for case in CASES])
def test_bad_input(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    out, err = capsys.readouterr()
    assert stop.value.code == 2
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert err.splitlines() == lines
    assert out == ""
    for word in words:
        assert word in lines[0]
    assert not [path for path in tmp_path.iterdir() if path.name != "cache"]  # it keeps what is known of the data


def test_a_file_of_settings_is_read_and_the_command_line_wins(tmp_path, monkeypatch, capsys):
    (tmp_path / "study.toml").write_text('members = 0\ndataset = "digits"\n[recipe]\nshift = -1\n')
    with pytest.raises(SystemExit) as stop:
        cli.main(["bench", "--config", str(tmp_path / "study.toml"), "--members", "4"])
    assert stop.value.code == 2
    assert "shift is -1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("member = 3", "unknown setting 'member'; did you mean 'members'?"),
        ("members = ", "is not valid TOML"),
        ('members = "three"', "members is 'three'; it must be a whole number"),
        ('archs = "resnet18"', "archs is 'resnet18'; it must be a list of names"),
        ("[recipe]\nepoch = 3", "a recipe has no 'epoch'; did you mean 'epochs'?"),
        ("[recipe]\nepochs = 2.5", "the recipe's epochs is 2.5; it must be of type int"),
        ("members = true", "members is True"),
        ("[arch_args.a]\nb = 1", "arch_args.a is {'b': 1}; it must be a number, a word, true or false"),
        ("data_dir = 3", "data_dir is 3; it must be a folder"),
        ('dataset = "cifar10"\ndata_dir = "/no/such/place"', "'/no/such/place' does not exist"),
        ("methods = []", "no method is named"),
    ],
)
def test_a_wrong_file_of_settings(text, words, tmp_path, capsys):
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(SystemExit) as stop:
        cli.main(["bench", "--config", str(tmp_path / "study.toml")])
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


def test_a_read_only_output_folder(tmp_path, monkeypatch, capsys):
    target = tmp_path / "file"
    target.write_text("not a folder")
    with pytest.raises(SystemExit) as stop:
        cli.main(["bench", "--out", str(target / "run"), "--members", "2", "--images", "1"])
    assert stop.value.code == 2
    assert f"cannot write {target}/run" in capsys.readouterr().err


def test_a_data_dir_that_changes_is_no_other_study():
    """The content decides, which the data set's key says, not the place."""
    from saliencynoise.engine.config import config_from

    here, there = (config_from({"dataset": "cifar10", "data_dir": place}) for place in ("/here", "/there"))
    assert here.settings == there.settings
    assert "data_dir" not in here.settings


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("archive", ["cifar-10-python.tar.gz' is truncated or not the official archive of CIFAR-10"]),
        ("npz", ["data.npz' is damaged or no .npz file of plain arrays", "it is truncated"]),
        ("class", ["class 'cat' is in train/ but not in test/", "give every class a folder in both"]),
    ],
)
def test_damaged_data(damage, words, tmp_path, capsys):
    place = tmp_path / "data"
    place.mkdir()
    if damage == "archive":
        (place / "cifar-10-python.tar.gz").write_bytes(b"\x1f\x8b cut off")
    elif damage == "npz":
        place /= "data.npz"
        place.write_bytes(b"PK\x03\x04 cut off")
    else:
        for name in ("train/cat", "train/dog", "test/dog"):
            (place / name).mkdir(parents=True)
    with pytest.raises(SystemExit) as stop:
        cli.main(["bench", "--dataset", "cifar10", "--data-dir", str(place)])
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    assert len(err.splitlines()) == 1
    for word in words:
        assert word in err
