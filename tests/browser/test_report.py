"""The page of a run in a real browser: alone, readable everywhere, and read off by hand or key."""

import json
import shutil
import subprocess
import time

import pytest
from tests.browser.edges import EDGES

from quorate.report.formats import number

pytestmark = pytest.mark.browser

WIDE, NARROW = 1440, 390
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  const inside = (node) => node.closest(".scroll, svg, .plot");
  return [...document.querySelectorAll("body *")]
    .filter((node) => !inside(node) && node.getBoundingClientRect().right > width + 1)
    .map((node) => node.tagName + "." + node.className).slice(0, 5)
    .concat(document.documentElement.scrollWidth > width ? ["the page scrolls sideways"] : []);
}"""

UNFOLD = "document.querySelectorAll('details').forEach((each) => each.open = true)"


def violations(tab, *rules):
    """Return what axe finds, a line each, by all rules or by some."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = axe.run(tab, options=options).response["violations"]
    return [f"{v['id']}: {n['html'][:120]}" for v in found for n in v["nodes"]]


def points(figure):
    """Return the data of a chart."""
    return json.loads(figure.locator("script").text_content())


def graph(tab, title):
    """Return the figure with a title."""
    return tab.locator("figure", has=tab.locator("figcaption b", has_text=title)).first


def said(data, i):
    """Return what the readout must say at a point."""
    unit = "%" if data["unit"] == "%" else f" {data['unit']}"
    parts = []
    for line in data["series"]:
        value = line["values"][i]
        text = "–" if value is None else number(value, data["digits"]) + unit
        parts.append(f"{line['name']} {text}")
    return ", ".join(parts)


@pytest.mark.parametrize("name", EDGES)
def test_nothing_is_cut_off_and_nothing_is_no_number(visit, name):
    tab = visit(name, width=WIDE)
    tab.evaluate(UNFOLD)
    assert tab.evaluate(OVERFLOW) == []
    tab.set_viewport_size({"width": NARROW, "height": 900})
    assert tab.evaluate(OVERFLOW) == []
    text = f" {tab.inner_text('body')} "
    for bad in ("NaN", " nan", " inf ", "Infinity", "None", "undefined", "null"):
        assert bad not in text


@pytest.mark.parametrize("name", ["usual", "no trades", "bankrupt"])
def test_axe_finds_nothing(visit, name):
    tab = visit(name)
    tab.evaluate(UNFOLD)
    assert violations(tab) == []


@pytest.mark.parametrize(("dark", "media"), [(True, "screen"), (False, "print"), (True, "print")])
def test_there_is_contrast_in_the_dark_and_on_paper(visit, dark, media):
    tab = visit("usual", dark=dark, media=media)
    tab.evaluate(UNFOLD)
    assert violations(tab, "color-contrast") == []


def test_axe_finds_nothing_on_a_phone_nor_while_a_value_is_read(visit):
    tab = visit("usual", width=NARROW)
    graph(tab, "Equity").locator(".plot").focus()
    tab.keyboard.press("ArrowRight")
    assert violations(tab) == []


def test_axe_would_find_what_is_wrong(visit):
    tab = visit("no trades")
    tab.evaluate("document.querySelector('h1').style.color = '#ddd'")
    assert any("<h1" in found for found in violations(tab, "color-contrast"))


@pytest.mark.parametrize(
    ("edge", "titles"),
    [
        ("usual", ("Equity", "Drawdown", "Rolling Sharpe", "Exposure", "Open risk")),
        ("no losses", ("Net return",)),
    ],
)
def test_the_pointer_reads_the_data(visit, edge, titles):
    tab = visit(edge)
    for title in titles:
        figure = graph(tab, title)
        data = points(figure)
        plot = figure.locator(".plot")
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        places = data.get("t") or data["x"]
        span = places[-1] - places[0]
        for i in (0, len(places) // 3, len(places) - 1):
            share = (places[i] - places[0]) / span
            x = box["x"] + min(max(share * box["width"], 0.01), box["width"] - 0.01)
            tab.mouse.move(x, box["y"] + box["height"] / 2)
            found = figure.locator(".readout").text_content()
            nearest = min(range(len(places)), key=lambda k: abs(places[k] - places[i]))
            assert found.endswith(said(data, nearest)), title


@pytest.mark.parametrize("title", ["Daily returns", "Trade results"])
def test_every_bar_of_a_histogram_is_read_where_it_stands(visit, title):
    tab = visit("usual")
    figure = graph(tab, title)
    data, plot = points(figure), figure.locator(".plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    n = len(data["labels"])
    for i in range(n):
        for share in (0.1, 0.9):  # near either end of the bar
            tab.mouse.move(box["x"] + (i + share) / n * box["width"], box["y"] + 50)
            found = figure.locator(".readout").text_content()
            assert found == f"{data['labels'][i]}: {said(data, i)}"


def test_a_time_is_read_in_utc_whatever_the_clock_of_the_reader(visit):
    tab = visit("usual")
    figure = graph(tab, "Equity")
    figure.locator(".plot").focus()
    tab.keyboard.press("Home")
    assert (
        figure.locator(".readout").text_content().startswith("2025-01-01 00:00 UTC: gross 10,000")
    )


def test_what_a_finger_read_stays_until_it_taps_elsewhere(visit):
    tab = visit("usual", width=NARROW, touch=True)
    figure = graph(tab, "Equity")
    plot, readout = figure.locator(".plot"), figure.locator(".readout")
    assert readout.text_content() == "Tap or drag to read a value."
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    tab.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.wait_for_timeout(100)
    assert "net 9," in readout.text_content()
    assert figure.locator(".cross").is_visible()
    tab.touchscreen.tap(box["x"] + 20, box["y"] - 60)
    tab.wait_for_timeout(100)
    assert readout.text_content() == "Tap or drag to read a value."


def test_keys_move_the_crosshair(visit):
    tab = visit("usual")
    figure = graph(tab, "Equity")
    plot, data = figure.locator(".plot"), points(figure)
    plot.focus()
    for key, i in (
        ("ArrowRight", 0),
        ("ArrowRight", 1),
        ("PageDown", 21),
        ("ArrowLeft", 20),
        ("End", len(data["t"]) - 1),
        ("ArrowRight", len(data["t"]) - 1),
        ("Home", 0),
        ("ArrowLeft", 0),
    ):
        tab.keyboard.press(key)
        assert figure.locator(".readout").text_content().endswith(said(data, i)), key
        assert plot.get_attribute("aria-valuetext") == figure.locator(".readout").text_content()
    assert figure.locator(".cross").is_visible()
    tab.keyboard.press("Escape")
    assert not figure.locator(".cross").is_visible()


def test_every_bar_of_the_cost_walk_can_be_read(visit):
    tab = visit("usual")
    figure = graph(tab, "From gross to net")
    rows = points(figure)["rows"]
    figure.locator(".plot").focus()
    for row in rows:
        tab.keyboard.press("ArrowDown")
        assert figure.locator(".readout").text_content() == row
        assert figure.locator(".step.here b").text_content() == row.split(":")[0]
    step = figure.locator(".step").nth(5)
    step.hover()
    assert figure.locator(".readout").text_content() == rows[5]


def test_everything_that_can_be_used_is_reached_by_tab(visit):
    tab = visit("usual")
    wanted = tab.locator("a[href], summary, [tabindex='0']").count()
    seen = set()
    for _ in range(wanted + 5):
        tab.keyboard.press("Tab")
        seen.add(
            tab.evaluate("""() => {
          const all = [...document.querySelectorAll("a[href], summary, [tabindex='0']")];
          return all.indexOf(document.activeElement);
        }""")
        )
    visible = tab.evaluate("""() =>
      [...document.querySelectorAll("a[href], summary, [tabindex='0']")]
        .map((node, i) => [node, i]).filter(([node]) => node.checkVisibility())
        .map(([, i]) => i)""")
    assert set(visible) <= seen


def test_without_a_script_the_charts_stay(visit):
    tab = visit("usual", script=False)
    figure = graph(tab, "Equity")
    assert figure.locator("path.line").count() == 2
    assert figure.locator(".readout").inner_text() == ""


FOLDED = {
    "an assumption": "delisted",
    "a clean check": "too good to be true",
    "an action": "to see how the system works",
    "a line of the costs": "what the price did while the order travelled",
    "a setting that is the default": "risk.preset",
}
"""What stands folded on the screen, and must not be missing on paper."""


def test_the_page_prints(visit):
    tab = visit("usual", media="print", width=794)
    assert len(tab.pdf(format="A4")) > 20_000
    assert not tab.locator("nav").is_visible()
    assert not tab.locator(".readout").first.is_visible()


@pytest.mark.parametrize("script", [True, False])
def test_what_is_folded_is_on_paper(visit, script):
    tab = visit("usual", media="print", width=794, script=script)
    for what, text in FOLDED.items():
        found = tab.locator("details", has_text=text).first
        assert found.locator(f"text={text}").first.is_visible(), what
        assert found.bounding_box()["height"] > 20, what


def test_what_is_folded_is_in_the_printed_file(visit, tmp_path):
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("no pdftotext on this machine")
    tab = visit("usual", media="print")
    tab.pdf(path=tmp_path / "page.pdf", format="A4")
    written = subprocess.run(
        [tool, tmp_path / "page.pdf", "-"], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    flat = " ".join(written.split())
    for what, text in FOLDED.items():
        assert text in flat, what
    assert "Quorate 2025-06-01-aaaa1111" in flat
    assert "1 / " in flat
    assert tab.locator("details[open]").count() == 0  # the screen is as it was


def test_charts_are_low_on_paper_and_no_text_of_a_table_is_tiny(visit):
    tab = visit("usual", media="print", width=703)
    heights = tab.evaluate(
        "[...document.querySelectorAll('svg.chart')].map((it) => it.getBoundingClientRect().height)"
    )
    assert max(heights) <= 185
    sizes = tab.evaluate("""() => [...document.querySelectorAll("td, th, td small")]
      .map((it) => parseFloat(getComputedStyle(it).fontSize))""")
    assert min(sizes) >= 8 * 96 / 72 - 0.01
    assert tab.evaluate(OVERFLOW) == []
    wide = tab.evaluate("""() => [...document.querySelectorAll(".scroll")]
      .filter((it) => it.scrollWidth > it.clientWidth + 1).map((it) => it.ariaLabel)""")
    assert wide == []


def test_a_table_is_a_stop_only_where_it_scrolls_and_fades_there(visit):
    tab = visit("usual")
    wide = (
        "() => [...document.querySelectorAll('.scroll')].filter((it) => it.tabIndex === 0).length"
    )
    assert tab.evaluate(wide) == 0
    tab.set_viewport_size({"width": NARROW, "height": 900})
    tab.wait_for_timeout(100)
    assert 0 < tab.evaluate(wide) < tab.locator(".scroll").count()
    table = tab.locator(".scroll.more").first.element_handle()
    assert table.evaluate("(it) => getComputedStyle(it).maskImage").startswith("linear-gradient")
    table.evaluate("(it) => { it.scrollLeft = it.scrollWidth; }")
    tab.wait_for_timeout(100)
    assert table.evaluate("(it) => it.scrollLeft > 0 && !it.matches('.more')")


def test_without_a_script_every_table_can_be_reached(visit):
    tab = visit("usual", script=False)
    assert tab.locator(".scroll").count() == tab.locator(".scroll[tabindex='0']").count() > 0


def test_the_first_stop_skips_to_the_result_and_links_are_large_enough(visit):
    tab = visit("usual")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.locator(".skip").bounding_box()["x"] >= 0
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    heights = tab.evaluate(
        "[...document.querySelectorAll('nav a')].map((it) => it.getBoundingClientRect().height)"
    )
    assert min(heights) >= 24


def test_the_result_is_on_the_first_screens(visit):
    tab = visit("usual")
    assert graph(tab, "Equity").bounding_box()["y"] < 700
    tab.set_viewport_size({"width": NARROW, "height": 844})
    assert tab.locator(".tiles").bounding_box()["y"] < 844


def test_trades_are_cards_on_a_phone(visit):
    tab = visit("usual", width=NARROW)
    table = tab.locator("table.cards").first
    assert table.evaluate("(it) => it.scrollWidth <= it.parentElement.clientWidth")
    assert tab.locator("table.cards td").first.is_visible()
    label = table.locator("td[data-label='net']").first
    assert label.evaluate("(it) => getComputedStyle(it, '::before').content") == '"net"'


def test_three_years_of_400_coins_open_quickly(visit, pages, record_testsuite_property):
    page = pages("three years")
    assert page.stat().st_size < 6_000_000
    begun = time.perf_counter()
    tab = visit("three years")
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => done()))")
    took = time.perf_counter() - begun
    record_testsuite_property("seconds to open 400 coins x 3 years", round(took, 2))
    assert took < 3.0  # aims at 3 s; a busy machine is not a fault of the page
    assert tab.locator("td", has_text="others").count() >= 1
    assert "the rest is in trades.parquet" in tab.inner_text("main")
