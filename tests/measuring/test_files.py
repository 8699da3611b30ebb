"""`saliencynoise measure`: maps in files of every kind are those in memory."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

import saliencynoise as sn
from tests.cli.calling import call

MEMBERS, ITEMS, SHAPE = 3, 4, (1, 5, 5)


@pytest.fixture(scope="module")
def maps():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(ITEMS, *SHAPE))
    return (signal + rng.normal(size=(MEMBERS, ITEMS, *SHAPE))).astype(np.float32)


@pytest.fixture
def folder(tmp_path, maps, monkeypatch):
    """A folder with the maps in files of each kind; seed 10 comes after seed 9."""
    monkeypatch.chdir(tmp_path)
    np.save("all.npy", maps)
    np.savez("plain.npz", ig=maps, other=maps[::-1])
    np.savez_compressed("small.npz", ig=maps)
    save_file({"ig": maps}, "all.safetensors")
    zarr.create_array("all.zarr", data=maps, chunks=(1, 3, *SHAPE))
    for seed, own in zip((2, 9, 10), maps, strict=True):
        (tmp_path / f"seed{seed}/batches").mkdir(parents=True)
        np.save(f"seed{seed}/ig.npy", own)
        save_file({"values": own, "diagnostic.error": own[:, 0, 0, 0]}, f"seed{seed}/ig.safetensors")
        save_torch({"ig": torch.tensor(own).bfloat16()}, f"seed{seed}/half.safetensors")
        np.save(f"seed{seed}/batches/2.npy", own[:2])
        np.save(f"seed{seed}/batches/10.npy", own[2:])
        table = pd.DataFrame(own.reshape(ITEMS, -1), columns=[f"x{index}" for index in range(25)])
        table.assign(patient=list("abcd"), sick=["no", "yes"] * 2).to_csv(f"seed{seed}/ig.csv", index=False)
        table.astype(np.float64).to_parquet(f"seed{seed}/ig.parquet")
    return tmp_path


def measured(capsys, *arguments):
    """The document that `measure --json` prints."""
    code, out, err = call(capsys, "measure", *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def snrs(document):
    return {cell["method"]: cell["figures"]["estimates"]["snr"]["value"] for cell in document["cells"]}


KINDS = {
    "all.npy": "all", "small.npz": "small", "all.safetensors": "all", "all.zarr": "all", "seed*/ig.npy": "ig",
    "seed*/ig.safetensors": "ig", "seed*/batches": "batches", "seed*/ig.parquet": "ig", "IG=seed*/ig.npy": "IG",
}  # fmt: skip


@pytest.fixture(scope="module")
def expected(maps):
    figures = sn.measure(maps, keep_maps="none").done[0].known_figures
    return figures.estimates.snr.value


@pytest.mark.parametrize("pattern", KINDS)
def test_each_kind_of_file_has_the_maps(folder, expected, pattern):
    study = sn.measure(pattern, keep_maps="none")
    assert study.cell("networks", KINDS[pattern]).known_figures.estimates.snr.value == pytest.approx(expected, rel=1e-6)
    if "*" in pattern:
        assert [member.source for member in study.result.architectures[0].members] == ["seed2", "seed9", "seed10"]


def test_bfloat16_is_read_from_safetensors(folder, expected):
    study = sn.measure("seed*/half.safetensors", keep_maps="none")
    assert study.done[0].known_figures.estimates.snr.value == pytest.approx(expected, rel=0.02)


def test_several_arrays_and_several_names_are_several_methods(folder, capsys, expected):
    found = snrs(measured(capsys, "plain.npz"))
    assert found == {"ig": pytest.approx(expected), "other": pytest.approx(expected)}
    named = snrs(measured(capsys, "one=seed*/ig.npy", "two=all.npy"))
    assert named == {"one": pytest.approx(expected), "two": pytest.approx(expected)}
    listed = snrs(measured(capsys, "seed2/ig.npy", "seed9/ig.npy", "seed10/ig.npy"))
    assert listed == {"ig": pytest.approx(expected)}


def test_a_table_has_names_labels_and_features(folder, capsys, expected):
    document = measured(capsys, "seed*/ig.csv", "--name-column", "patient", "--label-column", "sick")
    assert snrs(document) == {"ig": pytest.approx(expected, rel=1e-6)}
    assert [image["name"] for image in document["images"]] == list("abcd")
    assert document["dataset"]["classes"] == ["no", "yes"]
    assert document["dataset"]["features"] == [f"x{index}" for index in range(25)]
    assert document["cells"][0]["details"]["spectrum"] is None


def test_the_command_writes_a_run_that_the_others_read(folder, capsys):
    (folder / "labels.txt").write_text("cat\ndog\ncat\ndog\n")
    np.save("pictures.npy", np.zeros((ITEMS, 5, 5, 3)))
    code, out, err = call(
        capsys, "measure", "seed*/ig.npy", "--out", "run", "--labels", "labels.txt", "--images", "pictures.npy",
        "--clusters", "0,1,1", "--no-report",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "saliencynoise show run --curve" in out
    for command in (["show", "run"], ["show", "run", "--curve"], ["show", "run", "--structure"], ["plan", "run"]):
        code, out, err = call(capsys, *command)
        assert (code, err) == (0, ""), command
        assert "None" not in out
        assert "nan" not in out
    code, out, err = call(capsys, "compare", "run")
    assert code == 0
    assert "one method" in out


def test_the_table_alone_leaves_nothing_and_says_nothing_of_a_folder(folder, capsys):
    before = set(folder.rglob("*"))
    code, out, err = call(capsys, "measure", "all.npy")
    assert (code, err) == (0, "")
    assert "Results in" not in out
    assert "accuracy" not in out
    assert "attribution" not in out
    assert set(folder.rglob("*")) == before


REFUSED = {
    "pictures*": "may be one picture or 3 items",
    "missing.npy": "missing.npy does not exist",
    "none*.npy": "no file matches 'none*.npy'",
    "seed2/ig.csv": "maps of 1 member",
    "maps.pt": "nothing is unpickled",
    "maps.mat": "files of the kind '.mat' are not read",
    "objects.npy": "the values are object; nothing is unpickled",
    "seed2": "maps of 1 member",
    "torn.npy": "torn.npy is no array of numpy",
    "short.npy": "short.npy ends before its last value",
    "torn.npz": "torn.npz is no .npz file",
    "torn.safetensors": "torn.safetensors is no safetensors file",
    "mixed*": "mixed1.npz has other arrays than mixed0.npz",
    "seed2/ig*": "files of one kind",
    "seed2/ig.[cn]*": "seed2/ig.csv is a table, and other files are of another kind",
    "empty.safetensors": "empty.safetensors holds no array",
    "empty.npz": "empty.npz holds no array",
    "bool.safetensors": "the values are bool; give real numbers",
    "float8.safetensors": "the values are float8_e4m3, with which nothing is computed; turn them into float32",
    "lines.npz": "lines.npz, array 'sizes': an array of shape 4 is not [members, items, ...]",
    "ig=": "'ig=' is no NAME=FILES",
    "tables*": "tables0 is a folder with tables; name the tables, as */ig.csv",
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_cannot_be_measured_are_refused_in_one_line(folder, maps, capsys, name):
    for broken in ("maps.pt", "maps.mat", "torn.npy", "torn.npz", "torn.safetensors"):
        (folder / broken).write_bytes(b"\x93NUMPY\x01")
    np.save("objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    for name_of_folder in ("pictures0", "pictures1"):
        (folder / name_of_folder).mkdir()
        for item in range(2):
            np.save(f"{name_of_folder}/{item}.npy", maps[0, :3, 0])
    save_file({}, "empty.safetensors")
    save_torch({"ig": torch.tensor(maps) > 0}, "bool.safetensors")
    save_torch({"ig": torch.tensor(maps).to(torch.float8_e4m3fn)}, "float8.safetensors")
    np.savez("empty.npz")
    np.savez("lines.npz", sizes=np.arange(4))
    for index in range(2):
        (folder / f"tables{index}").mkdir()
        (folder / f"tables{index}/ig.csv").write_text("a,b\n1,2\n")
    (folder / "short.npy").write_bytes((folder / "all.npy").read_bytes()[:-100])
    np.savez("mixed0.npz", a=maps[0])
    np.savez("mixed1.npz", b=maps[0])
    code, out, err = call(capsys, "measure", name)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert REFUSED[name] in err


def test_arrays_in_the_order_of_fortran_and_beside_labels_are_read(folder, maps, expected):
    np.save("fortran.npy", np.asfortranarray(maps))
    np.savez("fortran.npz", maps=np.asfortranarray(maps), labels=np.arange(ITEMS))
    for name in ("fortran.npy", "fortran.npz"):
        study = sn.measure(name, keep_maps="none")
        assert study.done[0].known_figures.estimates.snr.value == pytest.approx(expected, rel=1e-6)
    (folder / "fortran.npy").write_bytes((folder / "fortran.npy").read_bytes()[:-100])
    with pytest.raises(sn.UsageError, match=r"fortran\.npy ends before its last value"):
        sn.measure("fortran.npy")


def test_the_index_of_a_table_is_no_feature_and_orders_its_rows(folder, maps, expected):
    frames = [pd.DataFrame(own.reshape(ITEMS, -1)) for own in maps]
    for index, frame in enumerate(frames):
        frame.to_csv(f"numbered{index}.csv")
        frame.set_axis(list("wxyz")).to_csv(f"named{index}.csv")
        frame.set_axis(list("wxyz")).sample(frac=1, random_state=index).to_csv(f"mixed{index}.csv")
    for pattern, names in (("numbered*.csv", [f"item {index}" for index in range(ITEMS)]), ("named*.csv", [*"wxyz"])):
        study = sn.measure(pattern, keep_maps="none")
        assert study.done[0].known_figures.estimates.snr.value == pytest.approx(expected, rel=1e-6)
        assert len(study.result.dataset.features) == 25
        assert [image.name for image in study.result.images] == names
    with pytest.raises(sn.UsageError, match="mixed1 has another index than the first"):
        sn.measure("mixed*.csv")


def test_a_list_in_a_file_may_begin_with_a_byte_order_mark(folder):
    (folder / "starts.txt").write_text("a\na\nb\n", encoding="utf-8-sig")
    study = sn.measure("all.npy", clusters="starts.txt", keep_maps="none")
    assert study.result.architectures[0].population.starts == ("a", "b")


def test_a_folder_with_an_equals_sign_is_no_name(folder, maps):
    (folder / "lr=0.1").mkdir()
    for seed, own in enumerate(maps):
        np.save(f"lr=0.1/seed{seed}.npy", own)
    assert sn.measure("lr=0.1/*.npy", keep_maps="none").done[0].method == "maps"


def test_the_help_names_the_axes(capsys):
    code, out, _ = call(capsys, "measure", "--help")
    assert code == 0
    assert "whose first axis is that of the members" in " ".join(out.split())


def test_options_that_do_not_fit_are_refused(folder, capsys):
    for options, words in (
        (["--labels", "missing.txt"], "labels=missing.txt: there is no such file"),
        (["--labels", "a,b"], "labels has 2 values, and there are 4 items"),
        (["--images", "missing*.png"], "images=missing*.png: no file matches"),
        (["--draws", "mine"], "draws='mine' is not known"),
        (["--label-column", "sick"], "label_column='sick' names a column of a table, and the maps are in arrays"),
    ):
        code, _, err = call(capsys, "measure", "all.npy", *options)
        assert code == 2
        assert words in err


def test_a_column_that_a_table_lacks_is_named(folder, capsys):
    code, _, err = call(capsys, "measure", "seed*/ig.csv", "--name-column", "patent")
    assert code == 2
    assert "there is no column 'patent'; did you mean 'patient'?" in err
    code, _, err = call(capsys, "measure", "seed*/ig.csv")
    assert code == 2
    assert "the column 'patient' holds" in err
