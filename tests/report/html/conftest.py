"""A page opened as a reader would: in Chromium, where there is one, and cut off from any network."""

import os
import shutil
from contextlib import contextmanager

import pytest

from tests.studies import make_study, noisy_maps

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser():
    place = os.environ.get("SALIENCYNOISE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if place is None:
        pytest.skip("no Chromium on PATH; install one, or name it with SALIENCYNOISE_CHROMIUM")
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=place, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser):
    """A context manager that opens a file, and fails for any complaint, dialog or request to a network."""

    @contextmanager
    def open_page(path, *, width=1280, dark=False, script=True, **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            **options,
        )
        complaints = []

        def request(route):
            if route.request.url.startswith(("file:", "data:")):
                route.continue_()
            else:
                complaints.append(f"request to {route.request.url}")
                route.abort()

        context.route("**/*", request)
        page = context.new_page()
        page.set_default_timeout(5_000)
        page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append("a dialog"), dialog.dismiss()))
        page.goto(path.as_uri())
        yield page
        context.close()
        assert complaints == []

    return open_page


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """Two architectures, three methods, one of them stochastic, one failed cell, and r from none to much."""
    strengths = {"gradient": 0.4, "smoothgrad": 1.5, "gradcam(layer=top)": 12.0}
    maps = {
        (architecture, method): noisy_maps(members=8, images=4, snr=snr * scale, seed=seed)
        for seed, (architecture, scale) in enumerate((("small", 1.0), ("large(depth=2)", 2.0)))
        for method, snr in strengths.items()
    }
    maps["small", "smoothgrad"] = noisy_maps(members=8, images=4, snr=1.5, seed=9)[:, None].repeat(1, 2, 1, 1, 1, 1)
    maps["large(depth=2)", "smoothgrad"] = "member 3: ValueError: no layer"
    maps["small", "mine/nothing"] = noisy_maps(members=8, images=4, snr=0.0, seed=6)
    return make_study(tmp_path_factory.mktemp("study") / "run", maps)


@pytest.fixture(scope="session")
def page_file(study):
    return study.report()
