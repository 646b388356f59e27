"""The page is whole, honest about its data, and needs nothing from outside."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.unit.report.building import build

from quorate.errors import DataError, SchemaError
from quorate.report import places, render
from quorate.report.exhibit import Cell, Column, Row, Table, money
from quorate.report.page import CONTENTS, QUIET_CONTENTS

VOID = {"meta", "br", "line", "rect", "path", "img", "link", "input", "hr"}


class Nesting(HTMLParser):
    """Fails on a tag that is closed out of order."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.ids = set()
        self.links = []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids.add(found.get("id"))
        self.links += [found[name] for name in ("href", "src") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("run"), is_synthetic=True, unclosed=5)


@pytest.fixture(scope="module")
def page(folder):
    return render(folder).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    folder = build(tmp_path_factory.mktemp("quiet"), n_trades=0, n_bars=100)
    return render(folder).read_text(encoding="utf-8")


def test_the_tags_are_nested_and_the_links_stay_inside(page, quiet):
    for text in (page, quiet):
        found = Nesting()
        found.feed(text)
        assert found.open == []
        assert all(link.startswith("#") and link[1:] in found.ids for link in found.links)


def test_nothing_is_loaded_from_outside(page):
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page)[1]
    assert policy.startswith("default-src 'none'")
    for banned in ("http:", "https:", "//", "@import", "url(", "javascript", "<link", " src="):
        assert banned not in page.replace(policy, "")


def test_the_only_script_that_may_run_is_the_one_of_the_page(page):
    runs = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(runs) == 1
    digest = base64.b64encode(hashlib.sha256(runs[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    rest = re.findall(r"<script ([^>]*)>", page)
    assert set(rest) == {'type="application/json"'}


def test_the_questions_come_in_the_order_a_trader_asks_them(page):
    asked = [each for each in CONTENTS if each[0] != "folds"]  # a walk forward has them
    places = [page.index(f'<h2 id="{anchor}">{title}') for anchor, _, title in asked]
    assert places == sorted(places)
    assert all(f'href="#{anchor}"' in page for anchor, _, _ in asked)


def test_the_result_comes_before_its_doubts_and_its_data(page):
    order = [
        "<h1>",
        'class="luck"',
        'class="verdict"',
        "from the defaults",
        'class="tiles"',
        "<b>Equity</b>",
    ]
    order += ['id="suspicious"', 'id="real"', 'id="luck"']
    places = [page.index(text) for text in order]
    assert places == sorted(places)


def test_a_page_without_a_trade_begins_with_what_was_refused(quiet):
    anchors = re.findall(r'<h2 id="(\w+)">', quiet)
    assert anchors == [anchor for anchor, _, _ in QUIET_CONTENTS if anchor != "folds"]
    assert all(f'href="#{anchor}"' in quiet for anchor in anchors)
    for empty in ("Money by month", "Dispersion", "From gross to net", "All metrics"):
        assert empty not in quiet
    # the one chart is that of what holding would have made
    assert quiet.count("<figure") == 1
    assert quiet.index('id="holding"') < quiet.index("<figure") < quiet.index('id="suspicious"')
    assert quiet.index('class="funnel"') < quiet.index("Every reason") < quiet.index('id="votes"')


def test_the_funnel_stands_above_the_reasons(page):
    part = page[page.index('id="refused"') : page.index('id="break"')]
    assert part.index("an edge above cost and margin") < part.index("Every reason")


def test_alarms_come_before_the_result_and_the_banner_is_not_said_twice(page, tmp_path):
    head = page[page.index("<main") : page.index('class="verdict"')]
    assert "Synthetic data" not in head
    lost = build(tmp_path, n_trades=120, outcome="lost", start_usd=4_000)
    text = render(lost).read_text(encoding="utf-8")
    head = text[text.index("<main") : text.index('class="verdict"')]
    assert "The account was lost" in head


def test_where_runs_are_kept_is_nobodys_business(tmp_path):
    folder = build(tmp_path, n_trades=5, n_bars=200)
    about = json.loads((folder / "run.json").read_text())
    about["settings"]["account"] = {"store": "sqlite:////srv/someone/quorate.sqlite"}
    about["origins"]["account"] = {"store": "--out"}
    (folder / "run.json").write_text(json.dumps(about))
    text = render(folder).read_text(encoding="utf-8")
    assert "someone" not in text
    assert "account.store" not in text
    assert "1 setting differs from the defaults" in text


def test_the_head_of_the_page_is_named_on_paper_and_safely(tmp_path):
    folder = build(tmp_path, n_trades=0, n_bars=50, is_synthetic=True)
    about = json.loads((folder / "run.json").read_text())
    about["run_id"] = 'x"} body { display: none } </style>'
    (folder / "run.json").write_text(json.dumps(about))
    text = render(folder).read_text(encoding="utf-8")
    assert 'content: "Quorate xbodydisplay:nonestyle"' in text
    assert '@bottom-center { content: "SYNTHETIC DATA"' in text


def test_counters_that_never_moved_are_one_line(tmp_path):
    folder = build(tmp_path, n_trades=40)
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["exchange"] = {"STOPS": 3, "CLIPPED": 0, "COLLARED": 0}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    text = render(folder).read_text(encoding="utf-8")
    assert "Never: clipped, collared." in text
    assert "orders cut to the participation limit" not in text


def test_terms_are_explained_in_the_order_of_the_alphabet(page):
    part = page[page.index('id="words"') :]
    terms = re.findall(r"<dt>([^<]+)</dt>", part)
    assert terms == sorted(terms, key=str.lower)
    for term in ("allocator", "risk overlay", "collared", "haircut", "quorum"):
        assert term in terms


def test_a_table_of_somebody_else_takes_its_place(tmp_path, monkeypatch):
    def made(run):
        cells = (Cell("ema_cross"), money(-run.net), Cell("–", "", "no trade"))
        columns = (Column("engine", is_text=True), Column("net", "USD"), Column("Sharpe"))
        return [Table("By <engine>", columns, (Row(cells, "total"),), "Frozen at entry.")]

    monkeypatch.setattr(places, "ATTRIBUTION", (made,))
    text = render(build(tmp_path, n_trades=40)).read_text(encoding="utf-8")
    part = text[text.index('id="who"') : text.index('id="room"')]
    assert "<h3>By &lt;engine&gt;</h3>" in part
    assert '<th scope="col">net, USD</th>' in part
    assert 'title="no trade">–</td>' in part
    assert "Frozen at entry." in part


def test_made_up_data_are_said_to_be_made_up(page, quiet):
    assert page.count("SYNTHETIC DATA") == 3  # the title, the banner, and the foot of each sheet
    assert page.index("SYNTHETIC DATA</strong>") < page.index("<main")
    assert "SYNTHETIC" not in quiet


def test_what_was_run_is_said(page):
    for text in (
        "Funding was assumed: 1.00 bps per 8 hours on venue beta.",
        "2025-01-01 00:00 to 2025-06-16 16:00 UTC, from the open of the first bar",
        "the close of the last: 166.7 days, 4,000 bars of 60 minutes",
        "the 167 UTC days that touches",
        "5: BTC, ETH, SOL, XRP, DOGE",
        "alpha (spot), beta (perp)",
        "10,000.00 USD",
        "balanced",
        "b2:0123456789abcdef",
    ):
        assert text in page


def test_a_run_without_trades_says_so(quiet):
    assert "It did not trade" in quiet
    assert "It never traded." in quiet
    assert "no quorum" in quiet
    assert "nan" not in re.sub(r"<style>.*?</style>", "", quiet, flags=re.DOTALL).lower()


def test_settings_that_differ_come_first(page):
    changed = page[
        page.index("These differ from the defaults") : page.index("settings that can change")
    ]
    assert "consensus.k" in changed
    assert "environment" in changed
    assert "risk.preset" not in changed


def test_names_from_the_data_are_escaped(tmp_path):
    bad = "<img src=x onerror=alert(1)>"
    folder = build(tmp_path, n_trades=40, coins=(bad, "A&B"), notes=[bad], description=bad)
    about = json.loads((folder / "run.json").read_text())
    about["engines"][0]["hypothesis"] = bad
    about["settings"]["risk"]["preset"] = bad
    (folder / "run.json").write_text(json.dumps(about))
    text = render(folder).read_text(encoding="utf-8")
    assert "<img" not in text
    assert "&lt;img src=x" in text
    assert "A&amp;B" in text


def test_books_that_do_not_balance_are_called_out(tmp_path):
    folder = build(tmp_path, n_trades=30)
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["lines_usd"]["FEE"] = str(float(metrics["lines_usd"]["FEE"]) + 1.0)
    (folder / "metrics.json").write_text(json.dumps(metrics))
    text = render(folder).read_text(encoding="utf-8")
    assert "The books do not balance" in text
    assert "1.00000000" in text


def test_the_same_run_gives_the_same_bytes(folder, page):
    assert render(folder).read_text(encoding="utf-8") == page


def test_the_page_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    folder = build(tmp_path, n_trades=30, n_bars=200)
    target = folder / "report.html"
    target.write_text("before")
    seen = []

    def fail(self, other):
        seen.append((self.parent, Path(other).read_text()))
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="no space"):
            render(folder)
    assert seen == [(folder, "before")]
    assert target.read_text() == "before"
    assert [p.name for p in folder.iterdir() if "tmp" in p.name] == []
    assert render(folder) == target
    assert target.read_text().endswith("</html>")


@pytest.mark.parametrize("name", ["run.json", "metrics.json", "equity.parquet", "trades.parquet"])
@pytest.mark.parametrize("text", [None, "not what it should be"])
def test_a_folder_that_is_no_run_is_refused(tmp_path, name, text):
    folder = build(tmp_path, n_trades=0, n_bars=30)
    (folder / name).unlink()
    if text:
        (folder / name).write_text(text)
    with pytest.raises(DataError, match=re.escape(name)):
        render(folder)
    assert not (folder / "report.html").exists()


def test_incomplete_books_are_refused(tmp_path):
    folder = build(tmp_path, n_trades=0, n_bars=30)
    metrics = json.loads((folder / "metrics.json").read_text())
    del metrics["lines_usd"]["FUNDING"]
    (folder / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(DataError, match="FUNDING"):
        render(folder)


def test_a_trade_whose_costs_do_not_add_up_is_refused(tmp_path):
    import polars as pl

    folder = build(tmp_path, n_trades=5, n_bars=200)
    path = folder / "trades.parquet"
    pl.read_parquet(path).with_columns(pl.col("fees") + 1).write_parquet(path)
    with pytest.raises(SchemaError, match="gross less costs"):
        render(folder)


def test_a_run_of_one_row_renders(tmp_path):
    folder = build(tmp_path, n_trades=0, n_bars=0)
    assert "It did not trade" in render(folder).read_text(encoding="utf-8")
