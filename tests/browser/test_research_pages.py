"""The pages of a search and of an ablation in a real browser: inside their window, read by key."""

import pytest
from tests.browser.test_report import NARROW, OVERFLOW, WIDE, violations
from tests.unit.report import test_ablation_page, test_search_page
from tests.unit.report.test_ablations import IDLE, ROW, told

from quorate.report import ablation_page, search_page

LONG = ROW | {"variant": "consensus.shrinkage=ledoit_wolf", "low": 0.2, "high": 4.8}


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    home = tmp_path_factory.mktemp("research")
    found = test_search_page.searched()
    rows = [test_ablation_page.WORSE, LONG, *[ROW] * 20, test_ablation_page.CHARGED, IDLE]
    made = {
        "search": search_page.write(found, home, **test_search_page.ABOUT, is_synthetic=True),
        "ablation": ablation_page.write(told(*rows, n=22), home, **test_ablation_page.ABOUT),
    }
    return lambda name: made[name]


@pytest.mark.parametrize("name", ["search", "ablation"])
def test_nothing_touches_the_edge_or_is_cut_off(visit, name):
    tab = visit(name, width=WIDE)
    for width in (WIDE, NARROW):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate(OVERFLOW) == []
    text = f" {tab.inner_text('body')} "
    for bad in ("NaN", " nan", " inf ", "None", "undefined", "null"):
        assert bad not in text


@pytest.mark.parametrize("name", ["search", "ablation"])
@pytest.mark.parametrize("dark", [False, True])
def test_it_is_readable_by_all(visit, name, dark):
    assert violations(visit(name, dark=dark)) == []


def test_a_difference_is_read_off_by_key(visit):
    tab = visit("ablation")
    plot, readout = tab.locator(".plot").first, tab.locator(".readout").first
    plot.press("ArrowDown")
    assert readout.inner_text().startswith("consensus.shrinkage=ledoit_wolf, in place of multiply")
    plot.press("End")
    assert readout.inner_text().startswith("risk.kelly=cap")


def test_dots_are_round_whatever_the_width(visit):
    tab = visit("search", width=WIDE)
    for width in (WIDE, NARROW):
        tab.set_viewport_size({"width": width, "height": 900})
        drawn = tab.evaluate("""() => {
            const css = getComputedStyle(document.querySelector("path.points"));
            return [css.strokeLinecap, css.vectorEffect, css.strokeWidth];
        }""")
        assert drawn == ["round", "non-scaling-stroke", "6px"]
