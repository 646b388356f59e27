"""Closed trades and the books: hits, holding, turnover, shares, and frames that do not fit."""

import math

import numpy as np
import polars as pl
import pytest
from tests.unit.statistics.building import UNIT, trades_frame

from quorate.core.types import Line
from quorate.errors import SchemaError
from quorate.statistics.trades import (
    average_holding_hours,
    cost_shares,
    hits,
    require_lines,
    require_trades,
    turnover_per_day,
)


def pnl(*usd):
    return np.array([round(value * UNIT) for value in usd], dtype=np.int64)


def test_g16_days_as_trades():
    found = hits(pnl(0.01, -0.02, 0.015, 0, 0.03, -0.01, -0.005, 0.02, -0.03, 0.012))
    assert found.profit_factor == pytest.approx(1.3384615384615384, abs=1e-12)
    assert found.hit_rate == pytest.approx(5 / 9)
    assert (found.n_trades, found.n_zero) == (10, 1)


def test_zero_trades_count_but_do_not_hit():
    found = hits(pnl(1, 0, 0, -1))
    assert (found.n_trades, found.n_zero, found.hit_rate) == (4, 2, 0.5)


def test_no_loss_is_no_infinite_profit_factor():
    assert math.isnan(hits(pnl(1, 2)).profit_factor)
    assert math.isnan(hits(pnl(1, 2)).avg_loss_usd)
    assert hits(pnl(-1)).profit_factor == 0.0


def test_no_trades():
    found = hits(pnl())
    assert found.n_trades == 0
    assert all(math.isnan(value) for value in found[2:])


def test_holding_time_is_weighted_by_notional():
    frame = trades_frame([1, 1], notional=[1_000.0, 3_000.0], hours=[10.0, 2.0])
    assert average_holding_hours(frame) == pytest.approx((10 + 3 * 2) / 4)


def test_turnover():
    assert turnover_per_day(1_000.0, 500.0, 2) == 1.0
    assert math.isnan(turnover_per_day(1_000.0, 0.0, 2))
    assert math.isnan(turnover_per_day(1_000.0, 500.0, 0))


def books(**lines):
    values = np.zeros(8, dtype=np.int64)
    for name, value in lines.items():
        values[Line[name]] = value
    return values


def test_shares_add_up_to_what_is_lost_between_gross_and_net():
    lines = books(
        GROSS=1_000, DELAY=10, SPREAD=20, IMPACT=30, LATENCY=40, FEE=200, FUNDING=-50, HAIRCUT=7
    )
    shares = cost_shares(lines)
    assert shares["slippage_share"] == pytest.approx(0.1)
    assert shares["fee_share"] == pytest.approx(0.2)
    assert shares["funding_share"] == pytest.approx(-0.05)
    assert sum(shares.values()) == pytest.approx(1 - (1_000 - 257) / 1_000)


@pytest.mark.parametrize("gross", [0, -5])
def test_no_shares_of_no_alpha(gross):
    assert all(math.isnan(share) for share in cost_shares(books(GROSS=gross, FEE=3)).values())


def test_lines_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"lines has shape \(8, 2\)"):
        require_lines(np.zeros((8, 2), dtype=np.int64))
    with pytest.raises(ValueError, match="one integer"):
        require_lines(np.zeros(8))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop("fees"), "trades has no column 'fees'"),
        (lambda frame: frame.with_columns(pl.col("fees") / 2), r"trades.fees is Float64"),
        (
            lambda frame: frame.with_columns(pl.lit(None, pl.String).alias("regime")),
            "regime has nulls",
        ),
        (
            lambda frame: frame.with_columns(pl.col("opened_at").dt.replace_time_zone(None)),
            r"opened_at is Datetime",
        ),
        (
            lambda frame: frame.with_columns(pl.col("funding") + pl.Series([0, 1])),
            r"trade 1 \(ETH\): gross less costs is not net",
        ),
    ],
)
def test_frames_that_do_not_fit(change, message):
    with pytest.raises(SchemaError, match=message):
        require_trades(change(trades_frame([1.0, 2.0])))


def test_times_in_another_unit_are_taken():
    frame = trades_frame([1.0]).with_columns(pl.col("opened_at").dt.cast_time_unit("ms"))
    assert average_holding_hours(require_trades(frame)) == 4.0
