"""The attribution adds up to the change in equity, on any books and on runs of the system."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.report.books import Books, vote

import quorate
from quorate.core.types import MONEY_SCALE, Line, Reason
from quorate.report.attribution import attribute, by, check
from quorate.report.cashflows import FUNDING, PAID, POSITIONS

REASONS = [reason.name for reason in Reason if reason < Reason.NO_DATA]
COINS, VENUES = ("BTC", "ETH"), ("alpha", "beta")
COST = st.integers(-(10**7), 10**9)
PLACE = st.tuples(st.sampled_from(VENUES), st.sampled_from(COINS))
PRICE = st.integers(1, 10**13)
FILL = st.tuples(
    st.just("fill"),
    PLACE,
    st.integers(-50, 50).filter(bool),
    PRICE,
    st.sampled_from(REASONS),
    st.lists(COST, min_size=len(PAID), max_size=len(PAID)),
)
FLAT = st.tuples(st.just("flat"), st.sampled_from(COINS), PRICE, st.sampled_from(REASONS))
ENTER = st.tuples(st.just("enter"), st.sampled_from(COINS), st.integers(1, 60))
SETTLE = st.tuples(st.just("settle"), PLACE, st.integers(-(10**10), 10**10))
STEPS = st.lists(st.tuples(st.one_of(FILL, FILL, FLAT, ENTER, SETTLE), st.integers(0, 2)))


def booked(steps):
    """Book steps that may share a bar; a fill never goes through zero, as in the ledger."""
    made, k = Books(), 1
    for step, later in steps:
        kind, *rest = step
        k += later
        if kind == "enter":
            made.enter(k, rest[0], size=rest[1])
        elif kind == "settle":
            (venue, coin), amount = rest
            made.settle(k, coin, amount, venue)
        elif kind == "flat":
            coin, price, reason = rest
            for venue in VENUES:
                if lots := made.lots.get((venue, coin), 0):
                    made.fill(k, coin, -lots, price, reason, venue)
        else:
            (venue, coin), lots, price, reason, costs = rest
            held = made.lots.get((venue, coin), 0)
            if held * lots < 0 and abs(lots) > abs(held):
                lots = -held
            paid = {line.name.lower(): cost for line, cost in zip(PAID, costs, strict=True)}
            made.fill(k, coin, lots, price, reason, venue, ("trend", "panic")[k % 2], **paid)
    for number, ((venue, coin), lots) in enumerate(made.lots.items()):
        made.mark(coin, lots * 977_777 + number, venue)
    return made


@given(STEPS)
@settings(max_examples=150, deadline=None)
def test_any_books_are_explained_to_the_last_unit(steps):
    made = booked(steps)
    table = attribute(*made.tables)
    check(table, made.equity, made.fills, made.funding, made.positions)
    lines = dict(by(table, "line").rows())
    for line in PAID:
        assert lines.get(line.name, 0) == -int(made.fills[line.name.lower()].sum())
    assert lines.get("FUNDING", 0) == -int(made.funding["amount"].sum())


@given(STEPS)
@settings(max_examples=50, deadline=None)
def test_the_engines_of_an_entry_change_only_who_made_it(steps):
    """Whoever voted: allocator, overlay and the sum of the engines stay as they are."""
    made = booked(steps)
    n, kind = made.decisions.height, made.decisions.schema["engine_votes"]
    other = pl.Series("engine_votes", [[vote("other", 1, 0.9, 1.0)]] * n, kind)
    one = made.decisions.with_columns(other)
    fills, decisions, funding, positions = made.tables
    own = {"allocator", "risk_overlay"}
    first, second = (
        attribute(fills, kept, funding, positions).with_columns(
            pl.when(pl.col("engine").is_in(own))
            .then("engine")
            .otherwise(pl.lit("engines"))
            .alias("engine")
        )
        for kept in (decisions, one)
    )
    every = ("engine", "regime", "venue", "symbol", "line")
    left, right = (by(table, *every).filter(pl.col("amount") != 0) for table in (first, second))
    assert left.sort(every).equals(right.sort(every))


LIVELY = {
    # every probability a little surer and every cost a little smaller, so that it trades early
    "consensus.edge_slope": "4",
    "consensus.prior_mass": "20",
    "consensus.k": "0.5",
    "consensus.quorum": "0",
    "costs.safety_margin_bps": "0",
    "risk.horizon_hours": "2",
    "risk.stop_sigmas": "0.7",
    "risk.base_multiplier": "1",
}


@pytest.fixture(scope="module", params=["perp", "spot"])
def simulated(request):
    """A run that trades, with the positions and settlements that its books imply."""
    panel = quorate.synthetic(n_coins=5, days=18, planted_edge=4.0, kind=request.param)
    result = quorate.run(panel, quorate.read_settings(overrides=LIVELY))
    positions = _positions(panel, result)
    return result, positions, _funding(result, positions)


def _positions(panel, result):
    """Value what the fills leave open at the last mark that is known, as the ledger does."""
    sums = result.fills.group_by("venue", "symbol", "coin").agg(pl.col("lots").sum())
    held = sums.filter(pl.col("lots") != 0).sort("coin")
    value = []
    for row in held.iter_rows(named=True):
        marks = panel.market.mark[:, 0, row["coin"]]
        mark = marks[np.isfinite(marks)][-1]
        value.append(round(row["lots"] * panel.venues.lot[0, row["coin"]] * mark * MONEY_SCALE))
    found = held.with_columns(pl.Series("value", value, pl.Int64)).select(list(POSITIONS))
    books = int(result.equity["equity"][-1] - result.equity["cash"][-1])
    assert found["value"].sum() == books
    return found


def _funding(result, positions):
    """Give each closed trade's funding as one settlement, and the rest to what is open."""
    rows = []
    for trade in result.trades.iter_rows(named=True):
        own = result.fills.filter(
            (pl.col("symbol") == trade["symbol"]) & (pl.col("ts") > trade["opened_at"])
        )
        first = own.row(0, named=True)
        rows.append((first["k"], first["venue"], first["symbol"], first["coin"], trade["funding"]))
    paid = round(float(result.metrics["lines_usd"]["FUNDING"]) * MONEY_SCALE)
    if rest := paid - int(result.trades["funding"].sum()):
        place = positions.row(0, named=True)
        last = int(result.fills["k"].max())
        rows.append((last, place["venue"], place["symbol"], place["coin"], rest))
    return pl.DataFrame(rows, schema=FUNDING, orient="row")


def test_a_run_is_explained_to_the_last_unit(simulated):
    result, positions, funding = simulated
    table = attribute(result.fills, result.decisions, funding, positions)
    check(table, result.equity, result.fills, funding, positions)
    said = dict(by(table, "line").rows())
    for line in Line:
        booked = round(float(result.metrics["lines_usd"][line.name]) * MONEY_SCALE)
        assert said.get(line.name, 0) == (booked if line is Line.GROSS else -booked)


def test_every_entry_of_a_run_is_known(simulated):
    result, positions, funding = simulated
    table = attribute(result.fills, result.decisions, funding, positions)
    names = {engine["name"] for engine in result.facts["engines"]}
    assert set(table["engine"]) <= names | {"allocator", "risk_overlay"}
    assert len(set(table["engine"]) & names) > 3


def test_closed_trades_are_what_the_attribution_says_by_coin(simulated):
    result, positions, funding = simulated
    still = set(positions["symbol"])
    table = attribute(result.fills, result.decisions, funding, positions)
    made = dict(by(table, "symbol").rows())
    trades = result.trades.group_by("symbol").agg(pl.col("net_pnl").sum())
    closed = {symbol: net for symbol, net in trades.rows() if symbol not in still}
    assert closed == {symbol: made[symbol] for symbol in closed}
    assert closed
