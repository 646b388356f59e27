"""The linter reads its evidence off a run, asks every rule, and puts the worst first."""

import inspect
from dataclasses import fields, replace

import polars as pl
import pytest
from tests.unit.report.building import UNIT, build

from quorate.core.types import Line, Reason
from quorate.report import evidence, linter, reading
from quorate.report.checks import data, result, trading


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = build(
        tmp_path_factory.mktemp("run"),
        unclosed=12 * UNIT + 7,
        is_synthetic=True,
        funding=["known", "assumed", "mixed", "none"],
    )
    return reading.read(folder)


def test_every_rule_is_asked():
    asked = {rule.__name__ for _, rule in linter.RULES}
    written = {
        name
        for module in (data, result, trading)
        for name, found in inspect.getmembers(module, inspect.isfunction)
        if found.__module__ == module.__name__ and not name.startswith("_")
    }
    assert asked == written
    names = [name for name, _ in linter.RULES]
    assert len(set(names)) == len(names)


def test_the_worst_comes_first_and_the_rest_is_named_clean(run):
    found = linter.lint(run)
    severities = [each.severity for each in found.findings]
    assert severities == sorted(severities)
    assert found.findings[0].title == "Synthetic data"
    assert len(found.findings) + len(found.clean) + found.n_unchecked == len(linter.RULES)
    assert "liquidations" in found.clean


def test_the_evidence_is_what_the_run_says(run):
    seen = evidence.gather(run)
    by_coin = run.trades.group_by("symbol").agg(pl.col("net_pnl").sum())
    assert seen.best_coin[1] == by_coin["net_pnl"].max()
    assert seen.worst_coin[1] == by_coin["net_pnl"].min()
    assert (seen.n_days, seen.span_days) == (167, pytest.approx(4_000 / 24))
    assert seen.gross - seen.costs == seen.net == run.net
    assert (seen.n_assumed, seen.n_funded) == (2, 3)
    assert (seen.open_net, seen.n_open) == (12 * UNIT + 7, 0)
    assert (seen.n_stops, seen.n_clipped) == (14, 37)
    assert seen.n_months == 6
    assert seen.imbalance == 0
    assert seen.lost_at == ""
    assert seen.n_fills == 2 * seen.n_trades == 240


def test_months_add_up_to_the_result(run):
    seen = evidence.gather(run)
    assert sum(net for _, net in evidence._by_month(run)) == run.net
    assert seen.best_month[1] == max(net for _, net in evidence._by_month(run))


def test_broken_books_and_a_lost_account_are_seen(run):
    broken = replace(run, lines=run.lines | {Line.FEE: run.lines[Line.FEE] + 1})
    assert evidence.gather(broken).imbalance == 1
    gone = run.equity.with_columns(
        pl.when(pl.int_range(pl.len()) == 40).then(0).otherwise("equity").alias("equity")
    )
    assert evidence.gather(replace(run, equity=gone)).lost_at == "2025-01-02 16:00 UTC"


def test_orders_wanted_are_those_that_passed_the_gates(run):
    reasons = {"ENTRY": 5, "REBALANCE": 4, "REVERSAL": 3, "EXIT_TIME": 99, "BELOW_MINIMUM": 2}
    seen = evidence.gather(replace(run, metrics=run.metrics | {"reasons": reasons}))
    assert (seen.n_orders, seen.n_below_minimum) == (12, 2)


def test_bars_without_a_coin_are_no_bars_with_data(run):
    reasons = {"NO_DATA": 900, "NOT_MEMBER": 50, "IMPUTED": 5, "HOLDING": 45}
    seen = evidence.gather(replace(run, metrics=run.metrics | {"reasons": reasons}))
    assert seen.imputed_share == 0.1


def test_an_old_run_without_fills_is_judged_by_the_rest(run):
    seen = evidence.gather(replace(run, fills=None))
    assert seen.n_fills is None
    assert seen.room_usd == run.metrics["activity"]["capacity_usd"]


def test_what_is_open_at_the_end_is_counted(tmp_path):
    folder = build(tmp_path, n_trades=40, unclosed=3 * UNIT)
    pl.DataFrame({"symbol": ["BTC", "ETH"], "value": [2 * UNIT, UNIT]}).write_parquet(
        folder / "positions.parquet"
    )
    seen = evidence.gather(reading.read(folder))
    assert (seen.n_open, seen.open_net) == (2, 3 * UNIT)
    assert "2 positions, 3.00 USD" in trading.open_positions(seen).figure


def test_every_field_has_a_harmless_default():
    found = linter.judge(evidence.Evidence())
    assert found.findings == []
    assert len(fields(evidence.Evidence)) > 25


def test_capacity_is_not_checked_where_nothing_was_earned():
    found = linter.judge(evidence.Evidence(gross=5, costs=5, room_usd=1.0, start_usd=2.0))
    assert "an account above its capacity" in found.unchecked["nothing was earned"]
    assert "an account above its capacity" not in found.clean
    earned = linter.judge(evidence.Evidence(gross=6, costs=5, room_usd=1.0, start_usd=2.0))
    assert earned.findings[0].title == "The account is above its capacity"


def test_a_run_that_never_traded_passes_no_check_that_needs_trades(tmp_path):
    found = linter.lint(reading.read(build(tmp_path, n_trades=0, n_bars=300)))
    assert set(found.clean) == {
        "books that do not balance",
        "synthetic data",
        "a lost account",
        "prices that are filled in",
        "engines that failed",
    } - {finding.title for finding in found.findings}
    assert len(found.unchecked["nothing was traded"]) == 14


def attributed(run, **more):
    """Give an attribution that is the books of the run, line by line and coin by coin."""
    rows = [
        (symbol, line.name, int(run.trades.filter(symbol=symbol)[column].sum()) * side)
        for symbol in run.trades["symbol"].unique()
        for line, column, side in (
            (Line.GROSS, "gross_pnl", 1),
            *((line, line.name.lower(), -1) for line in Line if line is not Line.GROSS),
        )
    ]
    table = pl.DataFrame(rows, schema=["symbol", "line", "amount"], orient="row")
    none_open = pl.DataFrame(schema={"symbol": pl.String, "value": pl.Int64})
    return replace(run, attribution=table, positions=none_open, **more)


def test_a_table_edited_by_hand_is_found(tmp_path):
    run = reading.read(build(tmp_path, n_trades=40))
    assert linter.lint(attributed(run)).findings[0].title != "The books do not balance"
    whole = attributed(run).attribution
    is_first = pl.int_range(pl.len()) == 0
    edited = whole.with_columns(
        amount=pl.when(is_first).then(pl.col("amount") + 7).otherwise("amount")
    )
    seen = evidence.gather(replace(attributed(run), attribution=edited))
    assert (seen.attribution_gap, seen.trades_gap) == (7, 0)
    moved = whole.with_columns(pl.col("symbol").replace({"BTC": "ETH"}))
    assert evidence.gather(replace(attributed(run), attribution=moved)).attribution_gap != 0
    better = run.trades.with_columns(
        net_pnl=pl.when(is_first).then(pl.col("net_pnl") + 9).otherwise("net_pnl")
    )
    seen = evidence.gather(replace(attributed(run), trades=better))
    assert (seen.attribution_gap, seen.trades_gap) == (-9, 9)
    assert result.books(seen).title == "The books do not balance"


def test_delistings_are_told_with_their_money(run):
    gone = pl.DataFrame({"reason": ["EXIT_DELISTED", "ENTRY"], "haircut": [7 * UNIT, UNIT]})
    metrics = run.metrics | {"exchange": {"DELISTINGS": 2}}
    seen = evidence.gather(replace(run, fills=None, metrics=metrics))
    assert (seen.n_delistings, seen.delisting_haircut) == (2, 0)
    seen = replace(seen, delisting_haircut=evidence._delisting_haircut(replace(run, fills=gone)))
    found = trading.delistings(seen)
    coded = gone.with_columns(reason=pl.Series([Reason.EXIT_DELISTED.value, 0]))
    assert evidence._delisting_haircut(replace(run, fills=coded)) == 7 * UNIT
    assert found.figure == "2 positions, 7.00 USD of haircut"
    assert trading.delistings(evidence.Evidence()) is None


def test_trades_in_the_sample_of_the_models_are_counted(run):
    assert evidence.gather(run).has_models is False
    opened = run.trades["opened_at"].sort()
    told = {"until": opened[9].isoformat()}
    seen = evidence.gather(replace(run, about=run.about | {"models": told}))
    assert seen.n_in_sample == (run.trades["opened_at"] <= opened[9]).sum() >= 10
    assert seen.models_until == f"{opened[9]:%Y-%m-%d %H:%M} UTC"
    unsaid = evidence.gather(replace(run, about=run.about | {"models": {"until": ""}}))
    assert (unsaid.has_models, unsaid.models_until) == (True, "")
