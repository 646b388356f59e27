"""Funding, marks, liquidation and delisting."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.backtest.scene import Scene, quiet, scene, venues

from quorate.backtest import exchange
from quorate.backtest.exchange import Count
from quorate.core import ledger
from quorate.core.types import Bar, Line, Reason


def opened(lots: int = 100, start_usd: float = 100_000.0, **changes: float) -> Scene:
    """Hold lots from bar 0, with a stop too far away to matter."""
    at = Scene(quiet(), venues(**changes), start_usd=start_usd)
    at.account.exits.planned_frac[:] = 5.0
    at.order(lots)
    at.bar()
    return at


def funding(at: Scene) -> int:
    return int(at.account.ledger.lines[Line.FUNDING, 0])


@pytest.mark.parametrize("side", [1, -1])
def test_a_long_pays_a_positive_rate_at_the_mark(side: int) -> None:
    at = opened(side * 100)
    at.set_bar(1, funding=0.001, mark=102.0)
    at.bar()
    assert funding(at) == side * round(10.0 * 102.0 * 0.001 * 1e8)


def test_closed_in_the_bar_of_the_settlement_pays_nothing() -> None:
    at = opened()
    at.set_bar(1, funding=0.001)
    at.order(-100)
    at.bar()
    assert funding(at) == 0


def test_opened_in_the_bar_of_the_settlement_pays() -> None:
    at = scene()
    at.set_bar(0, funding=0.001)
    at.order(100)
    at.bar()
    assert funding(at) == round(10.0 * 100.0 * 0.001 * 1e8)


def test_spot_pays_no_funding() -> None:
    at = opened(is_perp=0)
    at.set_bar(1, funding=0.001)
    at.bar()
    assert funding(at) == 0


def test_funding_settles_on_a_bar_without_data_at_the_last_mark() -> None:
    at = opened()
    at.set_bar(1, status=Bar.ABSENT, mark=np.nan, funding=0.001)
    at.bar()
    assert funding(at) == round(10.0 * 100.0 * 0.001 * 1e8)


def test_positions_are_valued_at_the_mark() -> None:
    at = opened()
    at.set_bar(1, mark=103.0)
    at.set_bar(2, mark=np.nan)
    at.bar()
    assert at.account.ledger.value[0, 0] == 1_030_00000000
    at.bar()
    assert at.account.ledger.value[0, 0] == 1_030_00000000


@pytest.mark.parametrize("side", [1, -1])
def test_worst_prices_liquidate(side: int) -> None:
    at = opened(side * 100, start_usd=100.0)
    at.set_bar(1, low=90.0, high=110.0)
    at.order(side * 10, submit_k=at.k)
    (row,) = at.bar()
    worst = 90.0 if side > 0 else 110.0
    assert row["reason"] == Reason.EXIT_LIQUIDATION
    assert (row["price"], row["lots"], row["closed"]) == (worst, -side * 100, 1)
    assert row["haircut"] == round(10.0 * worst * 0.005 * 1e8)
    assert (row["fee"], row["spread"], row["impact"]) == (0, 0, 0)
    assert (at.held(), at.working()) == (0, 0)
    assert at.account.ledger.lines[Line.HAIRCUT, 0] == row["haircut"]
    assert row["realised"] == ledger.net(at.account.ledger, 0)
    assert at.count(Count.LIQUIDATIONS) == 1
    assert at.count(Count.BANKRUPTCIES) == 1
    assert ledger.equity(at.account.ledger) < 0


def test_a_margin_that_holds_does_not_liquidate() -> None:
    at = opened(100, start_usd=200.0)
    at.set_bar(1, low=90.0)
    assert at.bar() == []
    at = opened(100, start_usd=110.0)  # 9 left against 18 of margin
    at.set_bar(1, low=90.0)
    assert len(at.bar()) == 1
    assert at.count(Count.BANKRUPTCIES) == 0


def test_all_perpetuals_at_once_and_no_spot() -> None:
    at = Scene(quiet(n_coins=3), venues(1, 3, is_perp=[[1, 1, 0]]), start_usd=150.0)
    at.account.exits.planned_frac[:] = 5.0
    for c, lots in enumerate((100, -100, 100)):
        at.order(lots, c=c)
    at.bar()
    at.market.low[1], at.market.high[1] = 95.0, 105.0
    rows = at.bar()
    assert [(row["coin"], row["price"]) for row in rows] == [(0, 95.0), (1, 105.0)]
    assert at.held(c=2) == 100


def test_spot_alone_is_never_liquidated() -> None:
    at = opened(100, start_usd=100.0, is_perp=0)
    at.set_bar(1, low=1.0, high=150.0)
    assert at.bar() == []


def test_a_bar_that_did_not_trade_does_not_liquidate() -> None:
    at = opened(100, start_usd=100.0)
    at.set_bar(1, low=90.0, status=Bar.IMPUTED)
    assert at.bar() == []


def test_a_delisting_pays_the_last_mark_less_a_haircut() -> None:
    at = opened()
    at.params = at.params._replace(missing_hours=1 / 12)  # a bar
    at.set_bar(1, mark=98.0)
    at.bar()
    at.set_bar(2, status=Bar.ABSENT, mark=np.nan)
    at.order(50, submit_k=at.k - 1)
    (row,) = at.bar()
    assert row["reason"] == Reason.EXIT_DELISTED
    assert (row["price"], row["lots"], row["closed"]) == (98.0, -100, 1)
    assert row["haircut"] == round(10.0 * 98.0 * 0.05 * 1e8)
    assert (at.held(), at.working()) == (0, 0)
    assert at.count(Count.DELISTINGS) == 1


def test_the_last_bar_of_a_coin_trades_and_ends_nothing_for_nobody_knew() -> None:
    at = scene(n_bars=6)
    at.params = at.params._replace(missing_hours=0.25)  # three bars
    at.order(50)
    silent(at, 0, (1, 2, 3, 4, 5))
    (entry,) = at.bar()
    assert entry["reason"] == Reason.ENTRY
    assert [at.bar(), at.bar()] == [[], []]
    (out,) = at.bar()
    assert out["reason"] == Reason.EXIT_DELISTED
    assert at.held() == 0


def test_a_coin_that_is_gone_takes_no_orders() -> None:
    at = scene(n_bars=6)
    at.params = at.params._replace(missing_hours=0.25)
    silent(at, 0, (1, 2, 3, 4, 5))
    at.bar()
    at.order(50, submit_k=at.k - 1)
    assert [at.bar(), at.bar()] == [[], []]
    assert at.working() == 50  # nobody knows yet
    assert at.bar() == []
    assert at.working() == 0


def test_a_position_without_a_price_for_a_day_is_closed_at_its_last_mark() -> None:
    at = scene(n_bars=6)
    at.params = at.params._replace(missing_hours=0.25)  # three bars
    at.order(50)
    at.bar()
    for t in (1, 2, 3):
        at.set_bar(t, status=Bar.ABSENT, open=np.nan, high=np.nan, low=np.nan, close=np.nan)
        at.set_bar(t, mark=np.nan, volume=np.nan)
    at.set_bar(4, open=1.0, high=1.0, low=1.0, close=1.0, mark=1.0)
    assert [at.bar(), at.bar()] == [[], []]
    (row,) = at.bar()
    assert (row["reason"], row["price"], row["lots"]) == (Reason.EXIT_DELISTED, 100.0, -50)
    assert at.bar() == []  # what came back under its name is not ours


def silent(at: Scene, v: int, bars: tuple[int, ...]) -> None:
    for t in bars:
        prices = dict.fromkeys(("open", "high", "low", "close", "mark", "volume"), np.nan)
        at.set_bar(t, v, status=Bar.ABSENT, **prices)


def test_each_venue_is_left_by_its_own_silence() -> None:
    at = scene(n_bars=6, n_venues=2)
    at.params = at.params._replace(missing_hours=0.25)  # three bars
    at.order(30)
    at.order(50, v=1)
    at.bar()
    silent(at, 1, (1, 2, 3))
    assert [at.bar(), at.bar()] == [[], []]
    (row,) = at.bar()
    assert (row["venue"], row["reason"], row["lots"]) == (1, Reason.EXIT_DELISTED, -50)
    assert at.held(v=0) == 30  # it trades, and takes no haircut


def test_a_venue_that_trades_pays_no_haircut_for_a_silent_primary() -> None:
    at = scene(n_bars=6, n_venues=2)
    at.params = at.params._replace(missing_hours=0.25)
    at.order(50, v=1)
    at.bar()
    silent(at, 0, (1, 2, 3, 4))
    for _ in range(4):
        assert at.bar() == []
    at.order(-50, v=1)
    (row,) = at.bar()
    assert (row["venue"], row["haircut"]) == (1, 0)


@pytest.mark.parametrize("side", [1, -1])
def test_where_the_primary_is_silent_a_holder_s_bar_touches_the_stop(side: int) -> None:
    at = scene(n_venues=2)
    at.order(50 * side, v=1)
    at.bar()
    at.set_bar(1, status=Bar.ABSENT)
    worse = {"low": 90.0} if side > 0 else {"high": 110.0}
    at.set_bar(1, v=1, **worse)
    (row,) = at.bar()
    assert (row["venue"], row["reason"]) == (1, Reason.EXIT_STOP)
    assert at.held(v=1) == 0


def test_the_haircuts_are_settings() -> None:
    at = opened()
    at.params = exchange.params(delisting_haircut=0.5)._replace(missing_hours=1 / 12)
    silent(at, 0, (1,))
    (row,) = at.bar()
    assert row["haircut"] == round(10.0 * 100.0 * 0.5 * 1e8)
