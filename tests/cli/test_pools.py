"""`pools export` and `pools import`: a study goes on elsewhere with members that were trained here."""

import json
from pathlib import Path

import pytest

from saliencynoise.cli.tables.pools import short_name
from saliencynoise.store.pool import all_pools, pool_named
from tests.cli.calling import call

STUDY = ["--arch", "resnet", "--arch-arg", "depth=10", "--arch-arg", "width=2", "--members", "2"]
TRAINING = ["--train-images", "64", "--epochs", "1", "--device", "cpu", "--workers", "0"]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_bench_finds_imported_members_and_trains_none(capsys, tmp_path, monkeypatch):
    assert call(capsys, "train", *STUDY, *TRAINING)[0] == 0
    (pool,) = all_pools()
    size = max(path.stat().st_size for path in pool.folder.iterdir())
    code, out, err = call(
        capsys, "pools", "export", "digits-resnet", "--out", "travel", "--max-size", f"{2 * size + 4000}B"
    )
    assert (code, err) == (0, "")
    names = [f"travel/{pool.folder.name}-{part}-of-2.zip" for part in (1, 2)]
    megabytes = [Path(name).stat().st_size / 1e6 for name in names]
    assert out == "".join(
        f"{name}: member {index}, {mb:.1f} MB\n" for index, (name, mb) in enumerate(zip(names, megabytes, strict=True))
    )

    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(tmp_path / "elsewhere"))
    code, out, err = call(capsys, "pools", "import", *names)
    assert (code, err) == (0, "")
    assert out == f"{pool.folder.name}: member 0 imported\n{pool.folder.name}: member 1 imported\n"
    options = ["--images", "2", "--method", "gradient", "--out", "run"]
    code, _, err = call(capsys, "bench", *STUDY, *TRAINING, *options)
    assert code == 0
    assert "2 in the pool, 0 to train" in err

    _, out, _ = call(capsys, "pools", "list", "--json")
    assert json.loads(out)["pools"][0]["members"] == 2
    _, out, _ = call(capsys, "pools", "import", names[0])
    assert out == f"{pool.folder.name}: member 0 already there\n"
    code, out, err = call(capsys, "pools", "export", pool.folder.name, "--out", "one.zip", "--members", "1")
    assert (code, out.startswith("one.zip: member 1, ")) == (0, True)


def test_listed_names_are_short_and_taken_by_the_other_commands(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "cache/pools"
    names = ["digits-net-0123456789abcdef", "digits-net-0123459999999999", "digits-other-00"]
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "pool.json").write_text("{}")
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(tmp_path / "cache"))
    shown = [short_name(pool, among=all_pools()) for pool in all_pools()]
    assert shown == ["digits-net-0123456", "digits-net-0123459", "digits-other-00"]
    assert [pool_named(name).folder.name for name in shown] == names
    _, out, _ = call(capsys, "pools", "list")
    assert all(any(line.startswith(f"{name} ") for line in out.splitlines()) for name in shown), "in one line each"


def test_what_cannot_be_done_is_said_in_a_line(capsys, tmp_path):
    for arguments, words in (
        (["export", "nothing", "--out", "x"], "error: no pool in "),
        (["export", "a", "--out", "x", "--max-size", "60"], "error: --max-size 60 is no size; "),
        (["export", "a", "--out", "x", "--members", "a"], "error: --members a is no list of members; "),
        (["import", "absent.zip"], "error: cannot import absent.zip: there is no such file; "),
    ):
        code, out, err = call(capsys, "pools", *arguments)
        assert (code, out) == (2, "")
        assert err.startswith(words)
        assert err.count("\n") == 1
    (tmp_path / "junk.zip").write_bytes(b"PK\3\4junk")
    code, _, err = call(capsys, "pools", "import", "junk.zip")
    assert (code, all_pools()) == (2, [])
    assert err.startswith("error: cannot import junk.zip: it is damaged (")


def test_a_file_is_for_one_pool(capsys):
    from saliencynoise.store.pool import Pool

    for name in ("digits-a", "digits-b"):
        Pool.of({"name": name}, name=name).describe({"name": name}, {})
    code, _, err = call(capsys, "pools", "export", "digits", "--out", "all.zip")
    assert (code, err) == (2, "error: --out all.zip is one file, for 2 pools; name a folder\n")
    code, _, err = call(capsys, "pools", "export", "digits", "--out", "all")
    assert code == 2
    assert "has no members; 'saliencynoise pools list' says how many there are" in err
