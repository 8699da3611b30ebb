"""Files of training runs, as Lightning, timm, Hugging Face, YOLO and hand-written scripts leave them."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from saliencynoise.data import run_folders
from saliencynoise.data.run_folders import files_below, runs_of

LIGHTNING = "lightning_logs/version_{}/checkpoints/{}"

FOLDERS = {
    "lightning": (
        [
            LIGHTNING.format(run, name)
            for run in (0, 1, 10)
            for name in ("epoch=8-step=90.ckpt", "epoch=9-step=100.ckpt")
        ]
        + [
            LIGHTNING.format(0, "last.ckpt"),
            LIGHTNING.format(0, "last-v1.ckpt"),
            "lightning_logs/version_0/hparams.yaml",
        ],
        [
            (LIGHTNING.format(0, "last-v1.ckpt"), 3),
            (LIGHTNING.format(1, "epoch=9-step=100.ckpt"), 1),
            (LIGHTNING.format(10, "epoch=9-step=100.ckpt"), 1),
        ],
    ),
    "metrics in names": (
        [f"seed{s}/best-epoch={e}-val_loss=0.{e}{s}.ckpt" for s in (1, 2) for e in (3, 12)],
        [("seed1/best-epoch=12-val_loss=0.121.ckpt", 1), ("seed2/best-epoch=12-val_loss=0.122.ckpt", 1)],
    ),
    "timm": (
        [
            f"output/train/2026010{day}-resnet18-32/{name}"
            for day in (1, 2)
            for name in ("checkpoint-8.pth.tar", "last.pth.tar", "model_best.pth.tar", "args.yaml", "summary.csv")
        ],
        [(f"output/train/2026010{day}-resnet18-32/model_best.pth.tar", 2) for day in (1, 2)],
    ),
    "hugging face": (
        [
            f"run{s}/checkpoint-{n}/{name}"
            for s in "ab"
            for n in (500, 1000)
            for name in ("model.safetensors", "optimizer.pt", "rng_state.pth", "scheduler.pt", "training_args.bin")
        ]
        + ["runa/model.safetensors"],
        [("runa/model.safetensors", 2), ("runb/checkpoint-1000/model.safetensors", 1)],
    ),
    "yolo": (
        [f"runs/exp{n}/weights/{name}.pt" for n in ("", "2") for name in ("best", "last", "epoch10")],
        [("runs/exp/weights/best.pt", 2), ("runs/exp2/weights/best.pt", 2)],
    ),
    "flat": (["net-1.pt", "net-2.pt", "net-10.pt", "notes.txt"], [("net-1.pt", 0), ("net-2.pt", 0), ("net-10.pt", 0)]),
    "flat, with moments": (
        [f"resnet_seed{s}_{w}.pth" for s in (0, 1) for w in ("best", "last", "epoch_9")],
        [("resnet_seed0_best.pth", 2), ("resnet_seed1_best.pth", 2)],
    ),
    "averages": (["1/model.pth", "1/model_ema.pth", "2/model.pth"], [("1/model.pth", 1), ("2/model.pth", 0)]),
    "one run": (["checkpoint_1.pt", "checkpoint_2.pt", "checkpoint_10.pt"], [("checkpoint_10.pt", 2)]),
    "hidden": ([".git/a.pt", ".b.pt", "c.pt"], [("c.pt", 0)]),
    "empty": ([], []),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_each_training_run_gives_one_file(tmp_path, kind):
    names, expected = FOLDERS[kind]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = runs_of(list(files_below(tmp_path)))
    assert [(str(run.taken.relative_to(tmp_path)), len(run.others)) for run in found] == expected


def test_the_place_of_the_folder_has_no_meaning():
    names = ["/home/me/best/epoch 3/net-1.pt", "/home/me/best/epoch 3/net-2.pt"]
    assert [str(run.taken) for run in runs_of([Path(name) for name in names])] == names


def test_the_examples_in_docstrings_hold():
    failed, tried = doctest.testmod(run_folders)
    assert (failed, tried) == (0, 2)
