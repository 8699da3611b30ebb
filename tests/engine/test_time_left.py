from dataclasses import replace

import pytest

from saliencynoise.engine.job import MemberJob
from saliencynoise.engine.time_left import TimeLeft


def job(member, architecture="timm/a"):
    return MemberJob(
        architecture=architecture,
        sampler="builtin/deep_ensemble",
        run=member,
        members=(member,),
        member=member,
        run_seed=0,
        recipe={"batch_size": 30},
        pool="",
        base_pool="",
        precision="float32",
        input_noise=0.0,
        device="cpu",
        retrain=False,
        recompute=False,
        methods={},
        images=(),
        targets=(),
        chunks=(),
        rows=None,
    )


def progress(done, steps=100, seconds=1.0):
    return {"kind": "progress", "done": done, "steps": steps, "seconds": seconds}


def test_nothing_is_known_before_enough_steps():
    jobs = [job(0), job(1)]
    estimate = TimeLeft(jobs, workers=2, test_images=0)
    estimate.feed(jobs[0], progress(1, seconds=0.1))
    estimate.feed(jobs[0], progress(10, seconds=1.0))
    assert estimate.training() is None
    estimate.feed(jobs[0], progress(11, seconds=1.1))
    assert estimate.knows("timm/a")


def test_imports_and_compilation_are_no_part_of_a_forecast():
    """What the first event brings with it took 30 s; a step takes a tenth of one."""
    jobs = [job(0)]
    estimate = TimeLeft(jobs, workers=1, test_images=0)
    estimate.feed(jobs[0], progress(1, seconds=30.0))
    assert estimate.training() is None
    estimate.feed(jobs[0], progress(51, seconds=35.0))
    assert estimate.training().likely == pytest.approx(49 * 0.1)


def test_the_steps_that_are_left_are_divided_among_the_workers():
    jobs = [job(member) for member in range(4)]
    estimate = TimeLeft(jobs, workers=2, test_images=0)
    for own in jobs[:2]:
        estimate.feed(own, progress(0, seconds=0.0))
        estimate.feed(own, progress(10, seconds=20.0))
    assert estimate.training().likely == pytest.approx((90 + 90 + 100 + 100) * 2 / 2)
    estimate.feed(jobs[0], {"kind": "trained"})
    estimate.feed(jobs[1], {"kind": "failed", "method": None})
    assert estimate.training().likely == pytest.approx((100 + 100) * 2 / 2)


def test_the_test_pass_counts_as_a_third_of_so_many_training_images():
    jobs = [job(0)]
    estimate = TimeLeft(jobs, workers=0, test_images=90)
    estimate.feed(jobs[0], progress(0, seconds=0.0))
    estimate.feed(jobs[0], progress(100, seconds=100.0))
    assert estimate.training().likely == pytest.approx(1.0)


def test_an_architecture_is_estimated_before_the_others_are_known():
    jobs = [job(0), job(0, "timm/b")]
    estimate = TimeLeft(jobs, workers=1, test_images=0)
    estimate.feed(jobs[0], progress(0, seconds=0.0))
    estimate.feed(jobs[0], progress(50, seconds=50.0))
    assert estimate.training("timm/a").likely == pytest.approx(50)
    assert estimate.training() is None


def test_a_long_step_counts_at_once_but_for_the_first():
    jobs = [job(0)]
    estimate = TimeLeft(jobs, workers=1, test_images=0)
    estimate.feed(jobs[0], progress(1, steps=11, seconds=90.0))
    assert estimate.training() is None
    estimate.feed(jobs[0], progress(2, steps=11, seconds=98.0))
    assert estimate.training().likely == pytest.approx(72)


def attributing(member, images=(1, 2, 3, 4)):
    return replace(job(member), methods={"builtin/gradient": ("x",)}, images=images)


def attributed(images, seconds):
    return {"kind": "attributed", "images": images, "seconds": seconds}


def test_attribution_is_estimated_from_the_images_that_are_done():
    jobs = [attributing(member) for member in range(4)]
    estimate = TimeLeft(jobs, workers=2, test_images=0)
    assert estimate.attribution() is None
    estimate.feed(jobs[0], {"kind": "to_attribute", "images": 4})
    estimate.feed(jobs[0], attributed(1, 60.0))
    estimate.feed(jobs[0], attributed(2, 6.0))
    assert estimate.attribution().likely == pytest.approx((1 + 3 * 4) * 3 / 2)
    estimate.feed(jobs[1], {"kind": "to_attribute", "images": 0})
    estimate.feed(jobs[2], {"kind": "failed", "method": None, "error": "no"})
    assert estimate.attribution().likely == pytest.approx((1 + 4) * 3 / 2)
    estimate.feed(jobs[3], {"kind": "failed", "method": "builtin/gradient", "error": "no"})
    assert estimate.attribution().likely == pytest.approx((1 + 4) * 3 / 2)


def test_the_first_chunk_of_each_worker_is_no_part_of_a_forecast():
    """Two workers load libraries for a minute each; an image takes a second from then on, whichever member it is."""
    jobs = [attributing(member) for member in range(4)]
    estimate = TimeLeft(jobs, workers=2, test_images=0)
    for own in jobs[:2]:
        estimate.feed(own, attributed(4, 60.0))
        assert estimate.attribution() is None
    estimate.feed(jobs[2], attributed(4, 4.0))
    assert estimate.attribution().likely == pytest.approx(4 / 2)


def test_another_architecture_warms_up_too():
    jobs = [attributing(0), replace(attributing(0), architecture="timm/b")]
    estimate = TimeLeft(jobs, workers=1, test_images=0)
    estimate.feed(jobs[0], attributed(1, 60.0))
    estimate.feed(jobs[0], attributed(1, 1.0))
    estimate.feed(jobs[1], attributed(1, 60.0))
    assert estimate.attribution("timm/a").likely == pytest.approx(2)
    assert estimate.attribution() is None


def test_a_forecast_is_a_range_that_holds_what_was_measured():
    jobs = [attributing(0, images=tuple(range(10)))]
    estimate = TimeLeft(jobs, workers=1, test_images=0)
    for seconds in (60.0, 1.0, 1.0, 4.0):
        estimate.feed(jobs[0], attributed(1, seconds))
    left = estimate.attribution()
    assert (left.low, left.likely, left.high) == pytest.approx((6 * 1.0, 6 * 2.0, 6 * 4.0))


def test_a_range_is_never_narrower_than_a_fifth_to_either_side():
    jobs = [job(0)]
    estimate = TimeLeft(jobs, workers=1, test_images=0)
    for done in (0, 10, 20):
        estimate.feed(jobs[0], progress(done, seconds=done))
    left = estimate.training()
    assert (left.low, left.likely, left.high) == pytest.approx((64, 80, 96))


def test_a_second_network_of_a_job_is_measured_from_its_first_step():
    jobs = [job(0)]
    estimate = TimeLeft(jobs, workers=1, test_images=0)
    for done, seconds in ((1, 1.0), (100, 100.0), (1, 1.0), (11, 11.0)):
        estimate.feed(jobs[0], progress(done, seconds=seconds))
    assert estimate.training().likely == pytest.approx(89)


def test_jobs_that_train_only_attribute_nothing():
    assert TimeLeft([job(0)], workers=1, test_images=0).attribution().likely == 0
