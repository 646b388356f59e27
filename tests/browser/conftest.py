"""One Chromium for the family, found on this machine; without one the tests skip and say so."""

import shutil

import pytest
from tests.browser.edges import edge

from quorate.report import render

NAMES = ("chromium", "chromium-browser")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium():
    """Start the system's Chromium once a module, and stop it after the module's last test.

    Its driver keeps an event loop running in this thread: whoever came later in the same process
    could start none.
    """
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no Chromium on this machine: looked for {' and '.join(NAMES)} on PATH")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Give the page of an edge by name, built once."""
    made = {}

    def page(name):
        if name not in made:
            made[name] = render(edge(tmp_path_factory.mktemp("run"), name))
        return made[name]

    return page


@pytest.fixture
def visit(chromium, pages):
    """Open the page of an edge, and hold it to silence: no request but its own, no error."""
    contexts, wrong = [], []

    def opened(name, *, width=1440, dark=False, media="screen", script=True, touch=False):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            bypass_csp=False,
            has_touch=touch,
            is_mobile=touch,
        )
        contexts.append(context)
        tab = context.new_page()
        target = pages(name).as_uri()
        tab.on("request", lambda asked: wrong.append(asked.url) if asked.url != target else None)
        tab.on("console", lambda said: wrong.append(said.text))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.emulate_media(media=media)
        tab.goto(target)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
