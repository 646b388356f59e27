"""The record: columns by name, room, rows lost when there is none."""

from __future__ import annotations

import pytest
from tests.unit.backtest.scene import Scene, rows, scene

from quorate.backtest import exchange, fills


def test_columns_are_named_and_only_filled_rows_show() -> None:
    at = scene()
    at.order(10)
    at.bar()
    assert at.fills.n.item() == 1
    for name in fills.COLUMNS:
        assert fills.column(at.fills, name).shape == (1,)
    assert fills.column(at.fills, "lots").tolist() == [10]
    assert fills.column(at.fills, "coins").tolist() == [1.0]
    fills.clear(at.fills)
    assert fills.column(at.fills, "lots").size == 0


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no column 'pnl'"):
        fills.column(fills.fills(1), "pnl")


def test_room_is_needed() -> None:
    with pytest.raises(ValueError, match="at least 1 row"):
        fills.fills(0)


def test_rows_without_room_are_counted_and_still_booked() -> None:
    at = scene(n_coins=2)
    at.fills = fills.fills(1)
    at.order(10, c=0)
    at.order(10, c=1)
    exchange.step(
        at.market,
        at.t,
        at.k,
        at.venues,
        at.sigma_daily,
        at.account,
        at.params,
        at.state,
        at.fills,
    )
    assert (at.fills.n.item(), at.fills.n_lost.item()) == (1, 1)
    assert (at.held(c=0), at.held(c=1)) == (10, 10)


def test_three_rows_are_the_most_of_a_bar() -> None:
    at = scene()
    at.order(10)
    at.bar()
    at.set_bar(1, high=120.0)
    at.order(-30)
    assert [row["lots"] for row in at.bar()] == [-10, -20, 20]
    assert at.fundings == []
    at.order(10)
    at.bar()
    at.set_bar(3, funding=0.001)
    at.order(-30)
    assert [row["lots"] for row in at.bar()] == [-10, -20]
    assert [row["lots"] for row in at.fundings] == [0]
    assert fills.ROWS_PER_BAR == 3


def test_rows_are_in_order_of_coins() -> None:
    at: Scene = scene(n_coins=3)
    for c in (2, 0, 1):
        at.order(10, c=c)
    at.bar()
    assert [row["coin"] for row in rows(at.fills)] == [0, 1, 2]
