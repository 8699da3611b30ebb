"""A study of one cell for the tests of the terminal's table and warnings."""

import io

from rich.console import Console

from saliencynoise.report.table import print_study
from tests.studies import estimate, study_of


def cell(method="gradient", view="signed", **changes):
    figures = {
        "estimates": {"snr_pixel": estimate(0.65, floor=0.32), "snr": estimate(0.56, 0.444, 0.674)},
        "members_needed": {"text": "17 [14, 21]"},
        "signal_p": 0.0078,
    }
    whole = {
        "architecture": "test_resnet",
        "method": method,
        "method_name": f"builtin/{method}",
        "view": view,
        "status": "ok",
        "reason": None,
        "members": 8,
        "flagged_members": [],
        "accuracy": {"median": 0.9958, "min": 0.98, "max": 1.0},
        "figures": figures,
        "details": {"pixels": {"share": 0.204}, "modes": {"share": 0.0, "words": "no more clustered"}},
        "seconds": 0.83,
    }
    return {**whole, **changes}


def study(*cells, members=8, notes=(), flag=None, **changes):
    parts = {
        "settings": {"members": members, "target": "true"},
        "dataset": {
            "notes": list(notes),
            "image_shape": [1, 16, 16],
            "test_images": 360,
            "asked": "digits",
            "train_images": 1437,
            "classes": [str(digit) for digit in range(10)],
        },
        "recipes": {"test_resnet": {"epochs": 2, "precision": "float32"}},
        "versions": {"torch": "2.15.0"},
        "hardware": {"device": "cpu", "processor": "a processor"},
        "sampler": {"name": "builtin/deep_ensemble", "label": "deep_ensemble", "trains": True, "runs": members},
        "aggregator": "builtin/mean",
        "architectures": [
            {"label": "test_resnet", "adaptations": ["stride 2 -> 1: conv1"], "members": [{"index": 3, "flag": flag}]}
        ],
        "images": [{"label": 1, "predicted": {"timm/test_resnet": 1}}, {"label": 2, "predicted": {"x": 5}}],
        "cells": cells,
    }
    return study_of("runs/x", **{**parts, **changes})


def printed(of, width=80, **options):
    stream = io.StringIO()
    print_study(of, Console(file=stream, width=width, highlight=False), **options)
    return stream.getvalue()
