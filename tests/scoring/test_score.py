"""Scores against their formulas written out, and methods on them against autograd and captum of a score by hand."""

from __future__ import annotations

import pytest
import torch
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from torch import nn
from torch.nn import functional as F

from saliencynoise.interfaces import Batch, Network, Noise, UsageError
from saliencynoise.methods.deeplift import DeepLift
from saliencynoise.methods.gradcam import GradCam
from saliencynoise.methods.gradient import Gradient
from saliencynoise.methods.integrated_gradients import IntegratedGradients
from saliencynoise.methods.lime import Lime
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, Score, attribute, scored_network
from tests.scoring.tasks import TASKS, batch_of, case_of

LINEAR = Network(module=nn.Flatten(), points={})
Z = torch.tensor([[1.0, 5.0, 2.0], [0.5, -3.0, 0.5]], dtype=torch.float64)


def columns(score, z, **options):
    image = z[:1, None, None]
    return scored_network(LINEAR, score, image=image, **options).module(z[:, None, None])


def test_scores_of_classes_are_their_formulas():
    exp = Z.exp()
    shares = exp / exp.sum(1, keepdim=True)
    assert torch.equal(columns(Score(), Z), Z)
    torch.testing.assert_close(columns(Score(name="probability"), Z), shares, rtol=0, atol=1e-12)
    torch.testing.assert_close(columns(Score(name="logprob"), Z), shares.log(), rtol=0, atol=1e-12)
    assert columns(Score(name="margin"), Z).tolist() == [[-4.0, 3.0, -3.0], [0.0, -3.5, 0.0]]
    assert columns(Score(name="contrast", other=2), Z).tolist() == [[-1.0, 3.0, 0.0], [0.0, -3.5, 0.0]]


def test_scores_of_a_binary_network_are_those_of_two_logits_whose_difference_it_gives():
    z = torch.tensor([[0.7], [-2.0]], dtype=torch.float64)
    two = torch.cat([-z / 2, z / 2], 1)
    assert torch.equal(columns(Score(), z), torch.cat([-z, z], 1))
    for name in ("logprob", "probability", "margin"):
        torch.testing.assert_close(columns(Score(name=name), z), columns(Score(name=name), two), rtol=0, atol=1e-12)
    contrast = Score(name="contrast", other=0)
    torch.testing.assert_close(columns(contrast, z), columns(contrast, two), rtol=0, atol=1e-12)


def test_scores_of_labels_do_not_compete():
    shares = 1 / (1 + (-Z).exp())
    torch.testing.assert_close(columns(Score(name="probability"), Z, task="multilabel"), shares, rtol=0, atol=1e-12)
    torch.testing.assert_close(columns(Score(name="logprob"), Z, task="multilabel"), shares.log(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("task", TASKS)
def test_methods_explain_the_score_of_every_task_as_autograd_and_captum_do(task):
    case = case_of(task)
    batch = batch_of(case)
    passes = Passes(scored_network(case.network, case.score, image=batch.x[:1], task=case.task), rows=7)

    x = batch.x.clone().requires_grad_()
    kept = []
    point = case.network.module.get_submodule(case.network.points["top"].module)
    handle = point.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    (gradient,) = torch.autograd.grad(case.by_hand(x).sum(), x, retain_graph=True)
    handle.remove()
    features = kept[0]
    kept.clear()
    handle = point.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    score = case.by_hand(x)
    handle.remove()
    slopes = sum(torch.autograd.grad(score.sum(), kept))
    cam = (slopes.mean((2, 3), keepdim=True) * features).sum(1, keepdim=True)
    integral = CaptumIntegratedGradients(case.by_hand).attribute(
        batch.x, torch.zeros_like(batch.x), n_steps=32, internal_batch_size=len(batch.x)
    )

    equal = {"rtol": 0, "atol": 1e-10}
    torch.testing.assert_close(attribute(passes, Gradient(), batch).values, gradient, **equal)
    torch.testing.assert_close(attribute(passes, GradCam(), batch).values, cam, **equal)
    integrated = attribute(passes, IntegratedGradients(), batch)
    torch.testing.assert_close(integrated.values, integral, **equal)
    difference = case.by_hand(batch.x) - case.by_hand(torch.zeros_like(batch.x))
    lifted = attribute(passes, DeepLift(), batch)
    for maps in (integrated, lifted):
        torch.testing.assert_close(maps.values.sum((1, 2, 3)), difference, **equal)
        assert maps.diagnostics["completeness_error"].max() < 1e-9


@pytest.mark.parametrize("task", TASKS)
def test_libraries_explain_the_score_of_every_task_as_the_built_in_methods_do(task):
    case = case_of(task)
    batch = batch_of(case)
    scored = scored_network(case.network, case.score, image=batch.x[:1], task=case.task)
    passes = Passes(scored, rows=64)

    def maps(text):
        found = attribute(passes, catalogue().method(text).instance, batch)
        assert not isinstance(found, Exception), found
        return found.values

    equal = {"rtol": 0, "atol": 1e-9}
    torch.testing.assert_close(maps("captum/saliency"), maps("gradient"), **equal)
    torch.testing.assert_close(maps("captum/layer_gradcam"), maps("gradcam"), **equal)
    captum = "captum/integrated_gradients(n_steps=16)"
    torch.testing.assert_close(maps(captum), maps("integrated_gradients(steps=16)"), **equal)
    enumerated = "shap/kernel_explainer(grid=2,samples=16)"
    torch.testing.assert_close(maps(enumerated), maps("kernel_shap(grid=2,samples=16)"), rtol=0, atol=1e-6)
    wanted = attribute(passes, catalogue().method("lime/lime(samples=30)").instance, batch).values
    of_score = "lime/lime(samples=30,score=logit)"
    assert torch.equal(maps(of_score), wanted) == (scored.columns == "scores")


@pytest.mark.parametrize("name", ["logit", "logprob", "probability", "margin", "contrast"])
def test_deeplift_is_complete_for_every_score_also_where_the_largest_class_changes(name):
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(32, 5)
    ).double()
    x = torch.randn(6, 3, 8, 8, dtype=torch.float64) * 3
    batch = Batch(x=x, target=torch.arange(6) % 4, background=x, noise=Noise(tuple(range(6))))
    score = Score(name=name, other=4 if name == "contrast" else None)
    scored = scored_network(Network(module=module, points={}), score, image=x[:1])
    maps = attribute(Passes(scored), DeepLift(baseline="mean"), batch)
    assert maps.diagnostics["completeness_error"].max() < 1e-10
    with torch.no_grad():
        assert (
            len({tuple(module(row).argmax(1).tolist()) for row in (x, x.mean((2, 3), keepdim=True).expand_as(x))}) == 2
        )


def test_the_derivative_of_a_margin_is_that_of_two_logits():
    z = Z.clone().requires_grad_()
    scored = scored_network(LINEAR, Score(name="margin"), image=Z[:1, None, None])
    (gradient,) = torch.autograd.grad(scored.module(z[:, None, None])[0, 0], z)
    assert gradient.tolist() == [[1.0, -1.0, 0.0], [0.0, 0.0, 0.0]]


def test_lime_takes_probabilities_of_logits_and_log_odds_and_other_scores_as_they_are():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).double()
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    batch = Batch(x=x, target=torch.tensor([2, 0]), background=x, noise=Noise((1, 2)))

    def maps(score, method, **options):
        return attribute(
            Passes(scored_network(Network(module=module, points={}), score, image=x[:1], **options)), method, batch
        ).values

    of_probability = maps(Score(name="probability"), Lime())
    torch.testing.assert_close(maps(Score(), Lime(score="probability")), of_probability, rtol=0, atol=1e-12)
    torch.testing.assert_close(
        maps(Score(name="probability"), Lime(score="probability")), of_probability, rtol=0, atol=0
    )
    labels = maps(Score(name="probability"), Lime(), task="multilabel")
    torch.testing.assert_close(maps(Score(), Lime(score="probability"), task="multilabel"), labels, rtol=0, atol=1e-12)
    numbers = maps(Score(), Lime(), task="regression")
    assert torch.equal(maps(Score(), Lime(score="probability"), task="regression"), numbers)


@pytest.mark.parametrize(
    ("score", "options", "message"),
    [
        (Score(name="margin"), {"task": "multilabel"}, "labels do not exclude each other"),
        (Score(name="probability"), {"task": "regression"}, "its outputs are no logits"),
        (Score(name="contrast", other=3), {}, "contrast with output 3: the network gives outputs [1, 3]"),
        (Score(), {"task": "ranking"}, "task='ranking' is not possible; choose classification"),
        (lambda outputs: outputs, {}, "must return a score for each row, a floating-point tensor [1]"),
        (lambda outputs: outputs[:, 9], {}, "given outputs [1, 3], failed: "),
        (lambda outputs: outputs.argmax(1), {}, "floating-point tensor [1]"),
        (lambda outputs: 1.0, {}, "returned a float"),
    ],
)
def test_what_gives_no_score_is_refused(score, options, message):
    with pytest.raises(UsageError) as raised:
        columns(score, Z, **options)
    assert message in str(raised.value)


def test_dense_outputs_need_a_function():
    with pytest.raises(UsageError, match="in which a class has more than one number; give a function from outputs"):
        scored_network(Network(module=nn.Identity(), points={}), image=torch.zeros(1, 3, 4, 4))


def test_a_similarity_of_embeddings_is_a_score():
    reference = torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64)
    cosines = columns(lambda outputs: F.cosine_similarity(outputs, reference), Z)
    torch.testing.assert_close(cosines[:, 0], Z[:, 1] / Z.square().sum(1).sqrt(), rtol=0, atol=1e-12)
