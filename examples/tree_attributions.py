"""SHAP values of 100 gradient-boosted trees that differ in their seed only, for `saliencynoise measure`.

    python examples/tree_attributions.py trees
    saliencynoise measure SHAP="trees/seed*.csv" --name-column patient --label-column diagnosis --out runs/trees

The data are the breast-cancer measurements of scikit-learn: 30 features, 569 patients, of whom 64 are explained. Each
model draws half of the training patients for each of its trees, so that the seed matters. The first command takes half
a minute on one core; it needs shap (`pip install shap`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import shap
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import train_test_split

MEMBERS, PATIENTS = 100, 64


def main(folder: Path, members: int = MEMBERS) -> None:
    """Write a table of SHAP values for each seed."""
    data = load_breast_cancer(as_frame=True)
    names = data.target_names[data.target]
    train, test, answers, _, _, diagnoses = train_test_split(
        data.data, data.target, names, test_size=PATIENTS, random_state=0, stratify=data.target
    )
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(members):
        model = GradientBoostingClassifier(n_estimators=50, subsample=0.5, random_state=seed).fit(train, answers)
        values = shap.TreeExplainer(model).shap_values(test)
        table = pd.DataFrame(values, columns=test.columns)
        table.assign(patient=test.index, diagnosis=diagnoses).to_csv(folder / f"seed{seed}.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "trees"))
