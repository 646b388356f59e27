"""How likely the best of a sweep is luck, on the terminal and on its page."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
from tests.unit.report.test_sweeps import MARGIN, K, net, table

from quorate.report import sweep_luck, sweep_page, sweep_surface, sweeps
from quorate.report.sweep_text import opening
from quorate.statistics.accounts import Trials
from quorate.statistics.overfitting import Overfitting
from quorate.statistics.selection import Against, Luck, Overfit
from quorate.statistics.superiority import Superiority
from quorate.statistics.surface import Sensitivity

TRIALS = Trials(6.0, 0.01, 2.5)
SHARPES = [1.0, 2.0, 3.0, 6.0, 2.5, 0.5]
LUCK = Luck(
    best=3,
    measure="sharpe",
    trials=TRIALS,
    n_days=90,
    sharpe_by_luck=1.5,
    min_backtest_days=240.0,
    deflated_sharpe=0.87,
    overfit=Overfit(Overfitting(0.35, np.linspace(-2.0, 3.0, 252)), 10),
    against=(
        Against("holding BTC", Superiority(0.1, 0.12, 0.2, (0,)), (3,), 6),
        Against("the default settings", why="they are not on the grid"),
    ),
    surface=Sensitivity(6.0, 3, 2.4, 2.0, 0.4, np.array([1.75, 3.0])),
    scales=(K, MARGIN),
)
ABOUT = {"data": "eight coins", "store": "s.sqlite", "again": "quorate demo --set a.b=<1>"}


def told(sharpes=SHARPES, luck=LUCK, **more):
    grid = table(sharpes, **more)
    return sweeps.tell(grid, [net(s) for s in sharpes], TRIALS, "sharpe", luck)


def test_every_question_has_its_sentence():
    said = " ".join(opening(told(), store="s.sqlite").split())
    assert said.startswith("LUCK Of the best: ")
    for text in (
        "6 trials booked in s.sqlite",
        "They amount to 2.5 independent ones (effective rank of their daily returns)",
        "in 35% of 252 splits (10 blocks)",
        (
            "Against holding BTC, at the same risk and all settings counted: p 12.0% (SPA); 1 of "
            "6 is better at 5% (StepM)."
        ),
        "Against the default settings it was not asked: they are not on the grid.",
        (
            "Neighbours: 3 settings one step from the best's 6.00 come to 2.40 in the median, and "
            "keep 40% of it; the worst to 2.00."
        ),
    ):
        assert text in said
    assert "nan" not in said
    assert "None" not in said


COIN = "Of the best: Luck alone does as well in 43.8% of cases: had a coin decided whether each of"


def scarce(few=(3, -1, 2, -2), n=4):
    """Return a sweep whose best closed a few trades, which came to what is given."""
    grid = table(SHARPES, n_trades=[n] * 6)
    return sweeps.tell(grid, [net(s) for s in SHARPES], TRIALS, few=[few] * 6)


def test_of_few_trades_coin_flips_are_said_before_anything_else():
    said = sweep_luck.sentences(scarce(), "s")
    assert said[0].startswith(COIN)  # losers of 3, 1, 2, 2 total at most 3
    assert "7 of 16 outcomes" in said[0]
    assert "one of 6 trials makes luck likelier yet" in said[0]
    assert "too few to tell skill from luck" in said[1]
    assert " ".join(opening(scarce(), store="s").split()).startswith(f"LUCK {COIN}")
    page = sweep_page.page(scarce(), **ABOUT, is_synthetic=False)
    assert page.index(COIN) < page.index("Sharpe")
    assert not any("a coin" in each for each in sweep_luck.sentences(told(), "s"))


def test_what_was_not_asked_says_why():
    none = LUCK.__class__(
        **{
            **LUCK.__dict__,
            "overfit": Overfit(None, why="needs 16 days, there are 5"),
            "surface": None,
        }
    )
    said = " ".join(sweep_luck.sentences(told(luck=none), "s"))
    assert "Overfitting (PBO) was not asked: needs 16 days, there are 5." in said
    assert "no neighbours on the grid" in said
    page = sweep_page.page(told(luck=none), **ABOUT, is_synthetic=False)
    assert "needs 16 days, there are 5" in page


def test_a_sweep_that_never_traded_has_nothing_to_choose():
    quiet = told(n_trades=[0] * 6)
    assert sweep_luck.sentences(quiet, "s") == [sweep_luck.booked(quiet, "s")]


def test_machines_are_told_the_same():
    found = sweep_luck.as_dict(told())
    assert found["overfitting"]["probability"] == 0.35
    assert found["against"][0]["better"] == ["3"]
    assert found["against"][1]["why"] == "they are not on the grid"
    assert found["neighbours"]["falls"] == {K: 1.75, MARGIN: 3.0}
    assert sweep_luck.as_dict(told(luck=None)) is None


class Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.words, self.open = [], []

    def handle_starttag(self, tag, attrs):  # noqa: ARG002
        if tag not in {"meta", "rect", "path", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script", "svg"} & set(self.open):
            self.words.append(data)


def test_the_page_says_luck_before_any_return():
    parser = Text()
    page = sweep_page.page(told(), **ABOUT, is_synthetic=True)
    parser.feed(page)
    said = " ".join(" ".join(parser.words).split())
    assert parser.open == []
    order = ["SYNTHETIC DATA", "A sweep of 6 settings", "Is the best luck?", "The figures"]
    order += ["Where the best of half", "Plateau or peak?", "Sharpe ratio by", "What they came to"]
    places = [said.index(each) for each in order]
    assert places == sorted(places)
    assert "&lt;1&gt;" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert "nan" not in said.lower().split()


def test_the_page_is_written_whole(tmp_path):
    place = sweep_page.write(told(), tmp_path, **ABOUT, is_synthetic=False)
    assert place == tmp_path / "sweep.html"
    assert "SYNTHETIC" not in place.read_text(encoding="utf-8")


def test_the_surface_is_through_the_best():
    graphs = sweep_surface.slices(told())
    assert [graph.title for graph in graphs] == [f"Sharpe ratio by {name}" for name in (K, MARGIN)]
    k, margin = (graph.chart.points for graph in graphs)
    assert k["series"][0]["values"] == [2.0, 6.0, 0.5]  # at the best's margin of 1
    assert k["labels"] == ["0.5", "1", "2"]
    assert margin["series"][0]["values"] == [3.0, 6.0]
    shown = sweep_surface.surface(told())
    cells = {cell.text: cell.strength for row in shown.rows for cell in row.cells[1:]}
    assert cells["6.00 best"] == 100
    assert cells["0.50"] == 1
    assert sorted(cells.values()) == [
        cells[t] for t in ("0.50", "1.00", "2.00", "2.50", "3.00", "6.00 best")
    ]


def test_words_have_no_surface():
    words = table([1.0, 2.0], **{"costs.impact": ["spec", "volatility"]})
    found = sweeps.tell(words, [net()] * 2, TRIALS)
    assert sweep_surface.surface(found) is None
    assert sweep_surface.slices(found) == []
    assert "none lies beside another" in sweep_page.page(found, **ABOUT, is_synthetic=False)


def test_a_ratio_that_few_trades_made_is_a_gap_in_the_surface():
    found = told(n_trades=[40, 40, 3, 40, 40, 2])
    assert found.measure.column == "net_return"  # every row has that
    assert all(graph.chart.points for graph in sweep_surface.slices(found))


def test_only_the_best_settings_are_listed(monkeypatch):
    monkeypatch.setattr(sweep_page, "MOST_ROWS", 4)
    shown = sweep_page.listed(told())
    assert (len(shown.rows), shown.note) == (4, "2 settings more: --csv has all.")
    assert shown.rows[0].cells[0].text == "1"


@pytest.mark.parametrize("n", [2, 40])
def test_a_long_range_is_cut_about_the_best(n):
    k = [float(i) for i in range(n) for _ in range(2)]
    grid = table([float(i) for i in range(2 * n)]).drop(K, MARGIN, strict=False)
    grid = grid.with_columns(pl.Series(K, k), pl.Series(MARGIN, [0.0, 1.0] * n))
    found = sweeps.tell(grid, [net(float(i)) for i in range(2 * n)], TRIALS)
    shown = sweep_surface.surface(found)
    assert len(shown.rows) == min(n, 12)
    assert shown.rows[-1].cells[0].text == sweeps.shown(float(n - 1))
