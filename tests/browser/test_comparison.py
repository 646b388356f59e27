"""The page of a comparison in a real browser: alone, inside its window, readable by all."""

import re

import pytest
from tests.browser.test_report import NARROW, OVERFLOW, WIDE, violations
from tests.unit.report.building import build

from quorate.report.comparison import compare_folders


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Give the page of three runs that differ in trades and data."""
    home = tmp_path_factory.mktemp("compared")
    folders = [
        build(home / "first", is_synthetic=True),
        build(home / "second", seed=2, n_bars=4_100),
        build(home / "third", n_trades=0, notes=["A note on the data."]),
    ]
    found = compare_folders(folders)
    target = found.write(home)
    return lambda _: target


def test_nothing_touches_the_edge_or_is_cut_off(visit):
    tab = visit("runs", width=WIDE)
    for width in (WIDE, NARROW):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate(OVERFLOW) == []
        assert tab.locator("main p").first.bounding_box()["x"] >= 10
    text = f" {tab.inner_text('body')} "
    for bad in ("NaN", " nan", " inf ", "Infinity", "None", "undefined", "null"):
        assert bad not in text


def test_the_scale_of_the_chart_lies_inside_the_window(visit):
    tab = visit("runs", width=NARROW)
    scale = tab.evaluate("""() => [...document.querySelectorAll("svg.chart text")]
        .filter((node) => node.textContent.endsWith("%"))
        .map((node) => node.getBoundingClientRect().left)""")
    assert len(scale) > 2
    assert min(scale) >= 0


def test_numbers_can_be_read_on_a_phone(visit):
    """The names leave room for numbers, of which none is broken or behind the names."""
    tab = visit("runs", width=NARROW)
    found = tab.evaluate("""() => [...document.querySelectorAll(".scroll table")].map((table) => {
        const cells = [...table.querySelectorAll("tbody tr:first-child td")];
        return [cells[0].getBoundingClientRect().width, cells[1].getBoundingClientRect().left];
    })""")
    assert len(found) >= 5
    for name, left in found:
        assert name <= 0.42 * NARROW
        assert left < NARROW - 60
    broken = tab.evaluate("""() => [...document.querySelectorAll("td")]
        .filter((cell) => /^[−\\d.,%]+$/.test(cell.textContent.trim()))
        .filter((cell) => cell.getBoundingClientRect().height
            > 1.6 * parseFloat(getComputedStyle(cell).lineHeight)
            && cell.parentElement.children[0].getBoundingClientRect().height
            < cell.getBoundingClientRect().height)
        .map((cell) => cell.textContent)""")
    assert broken == []


def test_values_are_read_off_by_pointer_and_by_key(visit):
    tab = visit("runs")
    plot, readout = tab.locator(".plot").first, tab.locator(".readout").first
    plot.hover()
    assert re.search(r"UTC: A .*%, B .*%, C .*%", readout.inner_text())
    plot.press("End")
    last = readout.inner_text()
    plot.press("ArrowLeft")
    assert readout.inner_text() != last


def test_paper_is_white_under_a_dark_system(visit):
    colours = {}
    for dark in (False, True):
        tab = visit("runs", dark=dark, media="print")
        colours[dark] = tab.evaluate("""() => getComputedStyle(
            document.querySelector("svg path.line.run1")).stroke""")
    assert colours[True] == colours[False]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(visit, width, dark):
    assert violations(visit("runs", width=width, dark=dark)) == []
