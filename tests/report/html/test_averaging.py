"""The slider of a report: its data, and in Chromium its keys and clicks, with pixels compared to averages in Python."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from saliencynoise.display.figures.averages import average_of, colour_limit
from saliencynoise.display.figures.style import diverging, sequential
from saliencynoise.report.html.averaging import BUDGET, averaging_of, fitting, quantised
from tests.studies import edited, make_study, noisy_maps


@pytest.fixture(scope="module")
def ramps(tmp_path_factory):
    """A method with signed maps and one without negative values and with a coarse grid."""
    maps = {
        ("net", "gradient"): noisy_maps(members=6, images=3, shape=(2, 8, 8), snr=2.0),
        ("net", "gradcam(layer=top)"): noisy_maps(members=6, images=3, shape=(1, 4, 3), snr=4.0).abs(),
    }
    study = make_study(tmp_path_factory.mktemp("ramps") / "run", maps)
    study = edited(study, lambda document: document["cells"][1].update(sign="nonnegative"))
    return maps, study, study.report()


def expected(maps, count, *, first=0):
    """The averages of some members, computed from the full maps."""
    return average_of(maps[first : first + count].double().numpy())


def drawn(canvas):
    """[h, w, 4]: the pixels of a canvas."""
    content = canvas.evaluate("(own) => own.toDataURL()").partition(",")[2]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGBA"))


def assert_colours(pixels, values, limit, palette, low):
    """Each pixel has the colour of its value, or of a level beside it: what the page stores is rounded."""
    level = np.clip(np.floor(256 * (values - low) / (limit - low)), 0, 255).astype(int)
    near = [palette(np.clip(level + step, 0, 255), bytes=True)[..., :3] for step in (-1, 0, 1)]
    assert np.any([(pixels[..., :3] == colour).all(-1) for colour in near], axis=0).all()


def first_image(study):
    return study.result.images.index(next(i for i in study.result.images if i.name in averaging_of(study).pictures[0]))


def test_a_key_averages_one_network_more_and_pixels_are_those_of_the_average(opened, ramps):
    maps, study, page_file = ramps
    image, seen = first_image(study), []
    with opened(page_file) as page:
        slider = page.get_by_role("slider", name="Networks")
        slider.focus()
        for count in (1, 2, 4):
            while int(slider.input_value()) < count:
                page.keyboard.press("ArrowRight")
            assert slider.get_attribute("aria-valuetext") == f"average of {count} of 6 networks"
            for card, own, palette, signed in zip(
                page.locator(".average").all(), maps.values(), (diverging(), sequential()), (1, 0), strict=True
            ):
                average = expected(own[:, image], count)
                limit = colour_limit(list(expected(own[:, image], 6).unit.sum(1)))
                tile, tested = card.locator("canvas").all()
                assert_colours(drawn(tile), average.mean.sum(0), limit, palette, -limit * signed)
                mask = average.significant_pixels if count > 1 else np.zeros(own.shape[-2:], bool)
                np.testing.assert_array_equal(drawn(tested)[..., 3] == 255, mask)
                seen.append(mask.mean())
        r = study.cell("net", "gradient").figures.estimates.snr_averaged.value
        assert page.locator(".reliable").first.inner_text().startswith(f"reliability {4 * r / (1 + 4 * r):.2f} [")
        assert any(0 < share < 1 for share in seen), "the comparison means something"


def test_single_networks_are_stepped_through_by_click(opened, ramps):
    maps, study, page_file = ramps
    image = first_image(study)
    own = maps["net", "gradient"][:, image]
    limit = colour_limit(list(expected(own, 6).unit.sum(1)))
    with opened(page_file) as page:
        page.get_by_role("checkbox", name="single networks").check()
        page.get_by_role("button", name="One network on").click()
        page.get_by_role("button", name="One network on").click()
        assert page.locator("#averaged-words").inner_text() == "network 3 of 6 alone"
        pixels = drawn(page.locator(".average canvas").first)
        assert_colours(pixels, expected(own, 1, first=2).mean.sum(0), limit, diverging(), -limit)
        assert page.locator(".share").first.inner_text() == "no test of one network"


def test_play_runs_to_the_last_network_and_stops(opened, ramps):
    with opened(ramps[2]) as page:
        page.get_by_role("slider", name="Networks").press("End")
        page.get_by_role("button", name="One network back").click()
        page.get_by_role("button", name="Play").click()
        assert page.get_by_role("button", name="Pause").count() == 1
        page.get_by_text("average of 6 of 6 networks").wait_for()
        assert page.get_by_role("button", name="Play").count() == 1


def test_stored_maps_are_as_near_as_the_note_says():
    tiles = np.random.default_rng(0).normal(size=(3, 5, 4))
    tiles[1, 0, 0] = np.nan
    values, steps = quantised(tiles)
    found = values * np.array(steps)[:, None, None]
    finite = np.isfinite(tiles)
    assert (values[~finite] == -128).all()
    assert (np.abs(found - tiles).reshape(3, -1)[:, 1:].max(1) <= np.array(steps) / 2 + 1e-12).all()


def test_a_large_study_is_cut_to_the_budget_and_the_page_says_what_is_left_out():
    extent = fitting([50_176] * 8, members=8, images=5)
    assert len(extent.cells) * (8 * 50_176 + 7 * 6_272) <= BUDGET < (len(extent.cells) + 1) * (8 * 50_176 + 7 * 6_272)
    assert extent.images == 1
    assert fitting([10**7, 49], members=8, images=5).cells == [1], "what is too large alone is left out"


def test_without_maps_of_members_the_page_says_how_to_keep_them(tmp_path):
    study = make_study(tmp_path / "run", {("net", "gradient"): noisy_maps()}, keep_maps="mean")
    assert "--keep-maps all" in averaging_of(study)
    assert "--keep-maps all" in study.report().read_text().partition('id="averaging-heading"')[2][:400]
