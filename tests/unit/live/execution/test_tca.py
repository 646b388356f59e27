"""Measured costs: the parts are the whole, by another reading of it, in fractions."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from tests.unit.live.execution.building import SYMBOL, T0, VENUE, D, parent

from quorate import tca
from quorate.cli import run
from quorate.errors import DataError, StoreError
from quorate.live.execution.coefficients import proposals, through_origin
from quorate.live.execution.tape import Tape
from quorate.live.execution.tca import Fill, Mids, measure, shortfall
from quorate.live.orders.desk import Desk
from quorate.live.orders.events import ExternalFill, Filled, Intended, Refused, Sending
from quorate.live.orders.parents import ParentClosed
from quorate.store.opening import open_store
from quorate.venues.base import Liquidity, OrderKind, Side

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

NOTHING = D(0)
PRICES = st.decimals("1", "100000", places=4)
SIZES = st.decimals("0.001", "1000", places=3)
FILLS = st.lists(st.tuples(PRICES, SIZES, st.none() | PRICES, st.decimals("-1", "1", places=8)))


def fill(price: Decimal, quantity: Decimal, mid: Decimal | None, fee: Decimal = NOTHING) -> Fill:
    return Fill(T0, "t", price, quantity, mid, fee, "USDT", Liquidity.TAKER, ())


@given(
    side=st.sampled_from(Side), decided=PRICES, arrived=PRICES, end=st.none() | PRICES, fills=FILLS
)
def test_the_parts_are_the_whole_by_the_definition_of_perold(side, decided, arrived, end, fills):
    made = [fill(*each) for each in fills]
    total = sum((each.quantity for each in made), D(0))
    opened = parent(
        side=side, decision_price=decided, arrival_mid=arrived, quantity=total + D("0.5")
    )
    found = shortfall(opened, made, end, "USDT")
    assert found.residual == 0
    # side (P_avg - P_d) of what traded, fees, and what the rest missed
    sign, p_d = side.sign, Fraction(decided)
    paid = sum((Fraction(e.price) * Fraction(e.quantity) for e in made), Fraction(0))
    fees = sum((Fraction(e.fee) for e in made), Fraction(0))
    missed = (Fraction(end) - p_d) * Fraction(1, 2) if end is not None else 0
    assert Fraction(found.total) == sign * (paid - Fraction(total) * p_d) + fees + sign * missed


def test_a_buy_by_hand():
    # decided at 100, arrived at 100.1; 2 bought at 100.3 with the middle at 100.2, fee 0.1;
    # 1 of 3 not bought, and the market ends at 101
    opened = parent(quantity=D(3), decision_price=D(100), arrival_mid=D("100.1"))
    found = shortfall(opened, [fill(D("100.3"), D(2), D("100.2"), D("0.1"))], D(101), "USDT")
    assert found == (D("0.2"), D("0.2"), D("0.2"), D("0.1"), D(1), D("1.7"))
    sold = parent(side=Side.SELL, quantity=D(2), decision_price=D(100), arrival_mid=D("100.1"))
    better = shortfall(sold, [fill(D("100.3"), D(2), D("100.2"), D("-0.1"))], None, "USDT")
    assert better == (D("-0.2"), D("-0.2"), D("-0.2"), D("-0.1"), D(0), D("-0.7"))


def life(number: int, price: str = "100.3", fee_asset: str = "USDT", **more: Any) -> list[Any]:
    """Return the rows of a parent of 2 that bought at a price 10 s after it was opened."""
    at_ms, name = T0 + 1_000_000 * number, f"p{number}"
    usual = {
        "quantity": D(2),
        "decision_price": D(100),
        "arrival_mid": D("100.1"),
        "expected_impact_bps": D(2),
        "expected_spread_bps": D(10),
        "expected_fee_bps": D(5),
        "participation_expected": D("0.04"),
    }
    opened = parent(at_ms=at_ms, begin_ms=at_ms, parent_id=name, **{**usual, **more})
    intents = [
        Intended(
            at_ms=at_ms,
            intent_id=f"{name}/{leg}",
            client_id=f"{name}/{leg}",
            venue=VENUE,
            symbol=SYMBOL,
            side=opened.side,
            order_kind=OrderKind.LIMIT,
            quantity=D(2),
            limit_price=D(101),
            leg=leg,
            parent_id=name,
        )
        for leg in range(2)
    ]
    sent = [
        Sending(at_ms=at_ms, intent_id=each.intent_id, epoch=1, sent_at_ms=at_ms, window_ms=5_000)
        for each in intents
    ]
    trade = Filled(
        at_ms=at_ms + 10_500,
        intent_id=f"{name}/1",
        venue=VENUE,
        symbol=SYMBOL,
        trade_id=f"t{number}",
        venue_order_id="n",
        side=opened.side,
        price=D(price),
        quantity=D(2),
        fee=D("0.1"),
        fee_asset=fee_asset,
        liquidity=Liquidity.TAKER,
        traded_at_ms=at_ms + 10_000,
    )
    refused = Refused(at_ms=at_ms, intent_id=f"{name}/0", code="-5022")
    closed = ParentClosed(at_ms=at_ms + 11_000, parent_id=name, reason="filled", mid=D(101))
    return [opened, *intents, *sent, refused, trade, trade, closed]


def middles(number: int, after: str = "100.5") -> list[tuple[str, int, Decimal]]:
    at_ms = T0 + 1_000_000 * number
    rows = [(0, "100.1"), (9_999, "100.2"), (11_000, after), (15_000, "100.4"), (70_000, "99.3")]
    return [(SYMBOL, at_ms + ms, D(mid)) for ms, mid in rows]


def test_a_journal_is_measured_trade_by_trade():
    stranger = ExternalFill(
        at_ms=T0,
        venue=VENUE,
        symbol=SYMBOL,
        trade_id="x",
        venue_order_id="y",
        side=Side.BUY,
        price=D(1),
        quantity=D(1),
        fee=D(0),
        fee_asset="USDT",
        liquidity=Liquidity.TAKER,
        traded_at_ms=T0,
        cause="a hand",
    )
    still = parent(parent_id="open")
    found = measure([*life(0), stranger, still], Mids(middles(0)))
    assert (found.n_open, found.n_without_parent) == (1, 1)
    (one,) = found.parents
    assert (one.n_children, one.n_refused, one.filled, len(one.fills)) == (2, 1, D(2), 1)
    assert one.shortfall == (D("0.2"), D("0.2"), D("0.2"), D("0.1"), D(0), D("0.7"))
    assert one.bps(one.shortfall.total) == 35
    first = one.fills[0]
    assert first.mid == D("100.2")
    wanted = [D("100.5"), D("100.4"), D("100.4"), None, D("99.3"), None]
    assert first.markouts_bps == tuple(
        None if mid is None else (mid - D("100.3")) / D("100.3") * 10_000 for mid in wanted
    )


TRADES = st.lists(st.tuples(st.integers(-2_000, 13_000), PRICES, SIZES), max_size=12)


@settings(max_examples=30)
@given(trades=TRADES, side=st.sampled_from(Side))
def test_slippage_against_the_market_is_that_of_counting_every_trade(trades, side):
    rows = [(SYMBOL, T0 + ms, price, size) for ms, price, size in trades]
    others = [("ETH/USDT:USDT", at_ms, price * 2, size) for _, at_ms, price, size in rows]
    (one,) = measure(life(0, side=side), Mids([]), Tape([*rows, *others])).parents
    # it began at 0 and ended after 11 s, and bought or sold at 100.3
    own = [(Fraction(p), Fraction(q)) for ms, p, q in trades if 0 <= ms <= 11_000]
    coins = sum((q for _, q in own), Fraction(0))
    if not coins:
        assert one.vwap is one.vwap_bps is None
        return
    vwap = sum((p * q for p, q in own), Fraction(0)) / coins
    assert float(one.vwap) == pytest.approx(float(vwap), rel=1e-15)
    wanted = side.sign * (Fraction("100.3") / vwap - 1) * 10_000
    assert float(one.vwap_bps) == pytest.approx(float(wanted), rel=1e-12, abs=1e-12)


def test_what_did_not_trade_has_no_slippage_against_the_market():
    rows = [each for each in life(0) if not isinstance(each, Filled)]
    (one,) = measure(rows, Mids([]), Tape([(SYMBOL, T0, D(100), D(1))])).parents
    assert (one.vwap, one.vwap_bps) == (D(100), None)


def test_what_is_not_known_is_counted_and_stands_in_no_sum():
    (blind,) = measure(life(0, fee_asset="BNB"), Mids([])).parents
    assert (blind.n_blind, blind.foreign_fees) == (1, {"BNB": D("0.1")})
    assert blind.shortfall == (D("0.2"), D(0), D("0.4"), D(0), D(0), D("0.6"))
    assert blind.shortfall.residual == 0


def test_a_slope_is_that_of_least_squares_with_an_error_that_minds_no_variance():
    rng = np.random.default_rng(5)
    x = rng.uniform(0.1, 1.0, 60)
    y = 7.0 * x + rng.normal(0.0, 1.0, 60) * x
    slope, low, high = through_origin(x.tolist(), y.tolist())
    least = np.linalg.lstsq(x[:, None], y, rcond=None)[0][0]
    bread = 1.0 / (x @ x)
    error = np.sqrt(60 / 59 * bread * ((x * (y - least * x)) ** 2).sum() * bread)
    t = 2.000995  # Student's, 59 degrees of freedom, 97.5%
    assert slope == pytest.approx(least, rel=1e-12)
    assert (low, high) == pytest.approx((least - t * error, least + t * error), rel=1e-6)
    with pytest.raises(ValueError, match="give at least 2"):
        through_origin([0.0, 0.0], [1.0, 1.0])


def test_coefficients_are_proposed_of_enough_parents_only():
    rows, mids = [], []
    for number in range(30):
        rows += life(number, price=f"{100.25 + 0.01 * (number % 5):.2f}")
        mids += middles(number)
    parents = measure(rows, Mids(mids)).parents
    few = proposals(parents[:29])
    assert {each.value for each in few} == {None}
    assert few[0].text == "29 parents, at least 30: nothing is proposed"
    impact, spread, fee, delay = proposals(parents)
    # 10 bps from arrival to fill at a square root of 0.2
    assert impact.value == pytest.approx(50.0)
    assert impact.text == "5 is outside the interval: 50 is proposed"
    assert spread.value == pytest.approx(0.7)
    assert spread.low < 0.7 < spread.high < 1.0
    assert (fee.value, fee.text) == (pytest.approx(1.0), "1 is within the interval: keep it")
    assert (delay.n, delay.value) == (0, None), "the model said 0 of it"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    place = tmp_path / "desk.db"
    with open_store(place) as opened:
        desk, _ = Desk.open(opened.journal("main"), T0)
        with desk:
            desk.record(life(0))
    return place


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_the_command_measures_a_store(store, tmp_path, capsys, kind):
    mids = tmp_path / f"mids.{kind}"
    rows = [{"symbol": s, "at_ms": ms, "mid": str(mid)} for s, ms, mid in middles(0)]
    if kind == "json":
        mids.write_text(json.dumps(rows))
    else:
        pl.DataFrame(rows).with_columns(pl.col("mid").cast(pl.Float64)).write_parquet(mids)
    assert run(["tca", str(store), "--mids", str(mids), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (row,) = told["parents"]
    assert (row["total"], row["residual"], row["total_bps"]) == ("0.7", "0.0", 35.0)
    assert (told["fill_ratio"], told["reject_rate"]) == (1.0, 0.5)
    assert told["markouts_bps"]["30 s"] is None
    assert told["coefficients"][0]["value"] is None
    assert run(["tca", str(store), "--mids", str(mids)]) == 0
    text = capsys.readouterr().out
    assert "VWAP" not in text
    trades = tmp_path / f"trades.{kind}"
    tape = [(0, "100", "3"), (11_000, "101", "1"), (11_001, "900", "9")]
    rows = [
        {"symbol": SYMBOL, "at_ms": T0 + ms, "price": price, "quantity": size}
        for ms, price, size in tape
    ]
    if kind == "json":
        trades.write_text(json.dumps(rows))
    else:
        columns = pl.col("price", "quantity").cast(pl.Float64)
        pl.DataFrame(rows).with_columns(columns).write_parquet(trades)
    assert tca(store, mids, trades=trades).parents[0]["vwap"] == "100.25"
    assert run(["tca", str(store), "--mids", str(mids), "--trades", str(trades)]) == 0
    text = capsys.readouterr().out
    assert "against the market's VWAP: 4.99 bps" in text  # 100.3 / 100.25 - 1
    assert "main: 1 parents closed, 0 open, 0 trades of no parent" in text
    assert "2/2 BTC/USDT:USDT immediate: 35.00 bps, filled" in text


def test_what_cannot_be_measured_is_refused_by_name(store, tmp_path):
    mids = tmp_path / "mids.json"
    with pytest.raises(DataError, match="no file of middles"):
        tca(store, mids)
    for text, why in (
        ("{", "cannot be read"),
        ("{}", "no list"),
        ('[{"symbol": "X"}]', "row 1"),
        ('[{"symbol": "X", "at_ms": 1, "mid": "NaN"}]', "row 1"),
    ):
        mids.write_text(text)
        with pytest.raises(DataError, match=why):
            tca(store, mids)
    mids.write_text("[]")
    (tmp_path / "trades.json").write_text(
        '[{"symbol": "X", "at_ms": 1, "price": 1, "quantity": 0}]'
    )
    with pytest.raises(DataError, match="is no trade"):
        tca(store, mids, trades=tmp_path / "trades.json")
    with pytest.raises(DataError, match="no file of trades"):
        tca(store, mids, trades=tmp_path / "none.json")
    with pytest.raises(StoreError, match="has no journal of other"):
        tca(store, mids, account="other")
    with pytest.raises(StoreError, match="is no store"):
        tca(tmp_path / "none.db", mids)
    (tmp_path / "mids.parquet").write_bytes(b"no")
    with pytest.raises(DataError, match="cannot be read"):
        tca(store, tmp_path / "mids.parquet")
