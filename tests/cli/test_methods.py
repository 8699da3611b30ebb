"""`saliencynoise methods`."""

import json

from tests.cli.calling import call


def test_all_methods_are_listed_within_80_columns(capsys):
    code, out, _ = call(capsys, "methods")
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    listed = {line.split()[0] for line in lines if line and not line.startswith(" ")}
    assert {"gradient", "deeplift", "captum/deep_lift", "shap/deep_explainer", "lime/lime", "lime"} <= listed
    smoothgrad = next(line for line in lines if line.startswith("smoothgrad"))
    assert "gradients of noisy copies, averaged" in smoothgrad
    assert "gradient, functional, stochastic;" in " ".join(out.split())


def test_json_tells_of_each_what_there_is(capsys):
    rows = {row["canonical"]: row for row in json.loads(call(capsys, "methods", "--json")[1])["methods"]}
    assert len(rows) >= 54
    lime = rows["builtin/lime"]
    assert (lime["family"], lime["kind"], lime["stochastic"]) == ("perturbation", "functional", True)
    assert lime["cost"] == "samples x forward"
    assert rows["captum/saliency"]["library"] == "captum"
    assert all(row["paper"] and row["summary"] and row["cost"] for row in rows.values())
    assert "parameters" not in lime


def test_one_method_shows_its_parameters_with_defaults(capsys):
    code, out, _ = call(capsys, "methods", "integrated_gradients")
    assert code == 0
    assert ["steps", "32", "int"] in [line.split() for line in out.splitlines()]
    assert "zero, blur, mean, dataset" in out
    assert 'set with: --method "integrated_gradients(steps=32)"' in out
    assert "arXiv:1703.01365" in out
    (row,) = json.loads(call(capsys, "methods", "integrated_gradients", "--json")[1])["methods"]
    assert row["parameters"][0] == {"name": "steps", "default": "32", "type": "int"}


def test_a_librarys_method_is_set_by_its_whole_name(capsys):
    assert '--method "lime/lime(segments=grid)"' in call(capsys, "methods", "lime/lime")[1]
    assert "no parameters" in call(capsys, "methods", "captum/saliency")[1]


def test_an_unknown_method_is_answered_in_one_line(capsys):
    code, out, err = call(capsys, "methods", "integrated_gradient")
    assert (code, out) == (2, "")
    assert err.startswith("error: unknown method 'integrated_gradient'; did you mean 'integrated_gradients'")
    assert err.count("\n") == 1
