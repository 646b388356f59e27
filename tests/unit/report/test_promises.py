"""Promises of entries stand beside what came of them, weighted by what was traded."""

from datetime import timedelta

import polars as pl
import pytest
from tests.unit.report.building import START, build

from quorate.report import promises
from quorate.report.reading import read

FIVE = timedelta(minutes=5)


def decided(trades, *, edge, cost, wanted):
    """Give one kept entry a trade, five minutes before it opened."""
    return pl.DataFrame(
        {
            "timestamp": trades["opened_at"] - FIVE,
            "symbol": trades["symbol"],
            "reason": ["ENTRY"] * trades.height,
            "target_usd": trades["notional_usd"] * trades["side"] * wanted,
            "expected_edge_bps": [edge] * trades.height,
            "costs_bps": [cost] * trades.height,
        }
    )


@pytest.fixture
def run(tmp_path):
    folder = build(tmp_path, n_trades=40)
    trades = pl.read_parquet(folder / "trades.parquet")
    rows = decided(trades, edge=30.0, cost=12.0, wanted=2.0)
    late = rows.head(1).with_columns(reason=pl.lit("EDGE_BELOW_COST"), expected_edge_bps=999.0)
    pl.concat((rows, late)).write_parquet(folder / "decisions.parquet")
    return read(folder)


def row(table, name):
    return next(
        [cell.text for cell in each.cells] for each in table.rows if each.cells[0].text == name
    )


def test_all_is_weighted_by_what_was_traded(run):
    (table,) = promises.tables(run)
    trades = run.trades
    size = trades["notional_usd"].sum()
    paid = sum(trades[name].sum() for name in ("slippage", "fees", "funding", "haircut"))
    found = row(table, "all")
    assert found[1:3] == ["40", "30.0"]
    assert found[3].replace("−", "-") == f"{trades['gross_pnl'].sum() / size * 1e-4:.1f}"
    assert found[4] == "12.0"
    assert found[5].replace("−", "-") == f"{paid / size * 1e-4:.1f}"
    assert found[6] == "50%"


def test_groups_add_up_to_all(run):
    (table,) = promises.tables(run)
    counts = {each.cells[0].text: int(each.cells[1].text) for each in table.rows}
    assert counts["long"] + counts["short"] == counts["all"] == 40
    assert sum(n for name, n in counts.items() if name not in {"long", "short", "all"}) == 40


def test_a_trade_never_looks_ahead_for_its_entry(tmp_path):
    folder = build(tmp_path, n_trades=1)
    trades = pl.read_parquet(folder / "trades.parquet")
    rows = decided(trades, edge=30.0, cost=12.0, wanted=1.0)
    after = rows.with_columns(pl.col("timestamp") + 2 * FIVE, expected_edge_bps=pl.lit(77.0))
    pl.concat((rows, after)).write_parquet(folder / "decisions.parquet")
    assert promises.pairs(read(folder))["expected_edge_bps"].to_list() == [30.0]
    after.write_parquet(folder / "decisions.parquet")
    assert promises.tables(read(folder)) == []


@pytest.mark.parametrize("n_trades", [0, 3])
def test_without_kept_entries_there_is_no_table(tmp_path, n_trades):
    folder = build(tmp_path, n_trades=n_trades)
    assert promises.tables(read(folder)) == []
    pl.DataFrame({"timestamp": [START]}).write_parquet(folder / "decisions.parquet")
    assert promises.tables(read(folder)) == []


@pytest.mark.parametrize(("cap", "left"), [("CAP_PARTICIPATION", 0.25), ("CAP_GROSS", 1.0)])
def test_what_the_volume_left_is_told_of_entries_it_cut(run, cap, left):
    rows = pl.DataFrame(
        {
            "reason": ["ENTRY", "ENTRY", "EDGE_BELOW_COST"],
            "cap": [cap, cap, "NONE"],
            "target_usd": [-50.0, 50.0, 0.0],
            "sized_usd": [200.0, 200.0, 900.0],
        }
    )
    rows.write_parquet(run.folder / "decisions.parquet")
    assert promises.allowed(run) == pytest.approx(left)


def test_without_an_entry_nothing_is_known_of_what_the_volume_left(run):
    pl.DataFrame({"reason": ["NO_QUORUM"]}).write_parquet(run.folder / "decisions.parquet")
    assert promises.allowed(run) is None
