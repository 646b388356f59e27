"""Tables add up to the books, digit for digit."""

from dataclasses import replace

import polars as pl
import pytest
from tests.unit.report.building import UNIT, build

from quorate.core.types import Line, Reason
from quorate.report import headline, listings, months, reading, tables
from quorate.report.formats import UNKNOWN, number
from quorate.report.words import COUNTERS, LABELS, LINES, REASONS, reason
from quorate.statistics.metrics import METRICS

COLUMNS = ("symbol", "regime", "venue", "side", "exit_reason")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return reading.read(build(folder, flows={900: 2_000 * UNIT}, unclosed=12 * UNIT + 7))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    return reading.read(build(tmp_path_factory.mktemp("quiet"), n_trades=0, n_bars=100))


def test_the_waterfall_adds_up_to_net(run):
    steps = tables.waterfall(run).steps
    assert sum(step.amount.units for step in steps[:-1]) == steps[-1].amount.units
    assert steps[-1].amount.units == run.net
    assert [step.name for step in steps[1:-1]] == [LINES[line][0] for line in list(Line)[1:]]
    assert steps[4].amount.units == -run.lines[Line.LATENCY]


def test_the_waterfall_stands_beside_what_was_traded_and_has_a_scale(run):
    walk = tables.waterfall(run)
    traded = run.fills["notional"].abs().sum()
    assert walk.steps[5].bps == number(-1e4 * run.lines[Line.FEE] / traded, 1)
    assert "bps of what was traded" in walk.steps[5].said
    assert ">0</span>" in walk.axis
    unkept = tables.waterfall(replace(run, fills=None))
    assert {step.bps for step in unkept.steps} == {UNKNOWN}
    assert unkept.traded == ""


@pytest.mark.parametrize(("gross", "css"), [(9_000_000 * UNIT, "up"), (-9_000_000 * UNIT, "down")])
def test_the_net_of_the_waterfall_is_coloured_by_its_sign(run, gross, css):
    net = tables.waterfall(replace(run, lines=run.lines | {Line.GROSS: gross})).steps[-1]
    assert f'class="{css}"' in net.bar


@pytest.mark.parametrize("column", COLUMNS)
def test_every_breakdown_adds_up_to_the_books(run, column):
    *rows, total = tables.breakdown(run, column)
    for i in range(len(tables.MONEY)):
        assert sum(row.money[i].units for row in rows) == total.money[i].units
    assert total.money[-1].units == run.net
    assert total.money[0].units == run.lines[Line.GROSS]
    assert sum(cell.units for cell in total.money[:5]) == run.net
    assert rows[-1].name == tables.OPEN_ROW
    assert rows[-1].money[-1].units == 12 * UNIT + 7


def test_a_breakdown_shows_what_its_trades_made(run):
    rows = {row.name: row for row in tables.breakdown(run, "symbol")}
    of_btc = run.trades.filter(pl.col("symbol") == "BTC")
    assert rows["BTC"].money[-1].units == of_btc["net_pnl"].sum()
    assert rows["BTC"].n_trades == str(of_btc.height)
    assert {"long", "short"} <= {row.name for row in tables.breakdown(run, "side")}


def test_a_long_breakdown_is_folded_and_still_adds_up(tmp_path):
    coins = tuple(f"COIN{i:02d}" for i in range(60))
    run = reading.read(build(tmp_path, n_trades=500, coins=coins))
    *rows, total = tables.breakdown(run, "symbol")
    assert len(rows) == tables.MAX_GROUPS + 1
    assert any(row.name == "20 others" for row in rows)
    assert sum(row.money[-1].units for row in rows) == total.money[-1].units == run.net
    assert total.n_trades == "500"


def test_months_add_up_to_the_books_and_to_the_equity(run):
    *rows, total = months.months(run, reading.curves(run.equity))
    assert sum(row.net.units for row in rows) == total.net.units == run.net
    assert sum(row.gross.units for row in rows) == total.gross.units == run.lines[Line.GROSS]
    assert sum(row.costs.units for row in rows) == total.costs.units == -run.costs
    assert sum(row.flow.units for row in rows) == total.flow.units == 2_000 * UNIT
    assert [row.name for row in rows] == [f"2025-0{m}" for m in range(1, 7)]
    assert rows[-1].end.units == run.equity["equity"][-1]


def test_a_bar_at_midnight_ends_its_month(run):
    ends = months.month_ends(run)
    stamp = run.equity["ts"][ends[0][3]]
    assert (stamp.month, stamp.day, stamp.hour) == (2, 1, 0)


@pytest.mark.parametrize(
    ("value", "text", "css", "strength"),
    [
        (0.0003, "0.030%", "up", 12),
        (-0.0099, "\N{MINUS SIGN}0.99%", "down", 12),
        (0.01, "1.00%", "up", 30),
        (-0.05, "\N{MINUS SIGN}5.00%", "down", 50),
        (0.4, "40.00%", "up", 75),
        (0.0, "0.00%", "", 0),
        (float("nan"), "–", "", 0),
        (None, "", "", 0),
    ],
)
def test_a_month_is_as_strong_as_its_return_in_every_run(value, text, css, strength):
    assert months._cell(value) == (text, css, strength)
    if strength:
        assert strength in [step.strength for step in months.calendar_key()]


def test_the_calendar_compounds_to_the_whole(run):
    found = reading.curves(run.equity)
    ((year, cells),) = months.calendar(run, found)
    assert year == "2025"
    assert len(cells) == 13
    assert cells[6].text == ""  # the run ends in June
    assert cells[12].text == months.months(run, found)[-1].change


def test_a_deposit_is_no_return(run):
    found = reading.curves(run.equity)
    assert abs(found.growth[900] / found.growth[899] - 1.0) < 0.05
    assert found.drawdown.min() < 0.0
    assert found.drawdown.max() == 0.0


def test_growth_is_unknown_once_the_account_is_lost():
    frame = pl.DataFrame(
        {"ts": [0, 1, 2, 3], "equity": [100, 0, 50, 60], "gross_equity": [100] * 4, "flow": [0] * 4}
    ).with_columns(pl.col("ts").cast(pl.Datetime("ms", "UTC")))
    assert pl.Series(reading.curves(frame).growth).is_nan().to_list() == [False, True, True, True]


def test_the_books_balance_and_an_imbalance_is_seen(run, quiet):
    assert headline.imbalance(run) == headline.imbalance(quiet) == 0
    broken = replace(run, lines=run.lines | {Line.FEE: run.lines[Line.FEE] + 1})
    assert headline.imbalance(broken) == 1


def test_nothing_divides_by_zero_without_trades(quiet):
    (total,) = tables.breakdown(quiet, "symbol")
    assert (total.name, total.n_trades, total.hit_rate) == ("total", "0", "–")
    assert listings.extremes(quiet) == ([], [])
    assert "did not trade" in headline.verdict(quiet)
    assert [tile.value for tile in headline.tiles(quiet)] == ["0.00%", "–", "0.00%", "0", "–", "–"]


def test_reasons_are_grouped_and_counted(run):
    found = listings.reasons(run)
    titles = [group.title for group in found]
    assert titles[0] == "votes"
    assert titles[-2:] == ["it traded", "it held"]
    names = [[row.name for row in group.rows] for group in found]
    waited, traded, held = names[0], names[-2], names[-1]
    assert waited[:2] == ["no quorum", "below threshold"]
    assert set(traded) == {"entry", "exit time"}
    assert held == ["holding"]
    counts = run.metrics["reasons"]
    share = 100 * counts["NO_QUORUM"] / sum(counts.values())
    assert found[0].rows[0].share == f"{share:.1f}%"


def test_the_bars_of_all_reasons_share_one_scale(run):
    counts = {"NO_QUORUM": 1000, "HOLDING": 500, "ENTRY": 250}
    found = listings.reasons(replace(run, metrics=run.metrics | {"reasons": counts}))
    bars = {row.name: row.bar for group in found for row in group.rows}
    for name, wide in (("no quorum", "1000.0"), ("holding", "500.0"), ("entry", "250.0")):
        assert f'width="{wide}"' in bars[name]


def test_the_best_and_the_worst_trades(run):
    best, worst = listings.extremes(run)
    ranked = sorted(run.trades["net_pnl"], reverse=True)
    assert [trade.money[2].units for trade in best] == ranked[:10]
    assert [trade.money[2].units for trade in worst] == ranked[:-11:-1]
    assert all(t.money[0].units + t.money[1].units == t.money[2].units for t in best + worst)


def test_every_reason_line_and_metric_has_words():
    assert set(REASONS) == set(Reason)
    assert set(LINES) == set(Line)
    assert set(LABELS) == {metric.name for metric in METRICS}
    sentences = [said.sentence for said in REASONS.values()]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.endswith(".") and len(sentence) > 15 for sentence in sentences)
    assert reason("FROM_LATER").group == "other"


def test_every_counter_of_the_exchange_has_words():
    rules = pytest.importorskip("quorate.backtest.rules")
    assert set(COUNTERS) == {count.name for count in rules.Count}


def test_reasons_written_as_codes_are_named(tmp_path):
    folder = build(tmp_path, n_trades=30)
    path = folder / "trades.parquet"
    pl.read_parquet(path).with_columns(
        pl.lit(int(Reason.EXIT_STOP)).cast(pl.Int16).alias("exit_reason")
    ).write_parquet(path)
    assert reading.read(folder).trades["exit_reason"].unique().to_list() == ["EXIT_STOP"]
