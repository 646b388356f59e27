"""Given weights: the fast pass leaves the books that the exchange stepped bar by bar leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from quorate.backtest import exchange, given
from quorate.backtest.fills import Column, Fills, fills, rows_needed
from quorate.backtest.weights import act
from quorate.core import ledger
from quorate.core.risk import breakers
from quorate.core.types import MONEY_SCALE, Bar, Reason
from quorate.lake.synthetic import synthetic

if TYPE_CHECKING:
    from quorate.lake.panel import Panel

PARAMS = exchange.params(breaker_params=breakers.Params(daily_loss_stop_frac=0.25))


def case(seed: int = 3, **changes: Any) -> tuple[Panel, np.ndarray]:
    """Return a perpetual market with holes, and weights that change, pause and reverse."""
    panel = synthetic(n_coins=5, days=4, kind="perp", seed=seed, **changes)
    rng = np.random.default_rng(seed)
    steps = rng.choice([np.nan, 0.0, 0.4, -0.4, 0.1, -0.9], (panel.n_bars // 16, panel.n_coins))
    weights = np.repeat(steps, 16, axis=0)
    market = panel.market
    for c in range(panel.n_coins):
        a = int(rng.integers(100, 900))
        market.status[a : a + 3, 0, c] = Bar.IMPUTED
        market.status[a + 40 : a + 44, 0, c] = Bar.ABSENT
        market.mark[a + 60, 0, c] = np.nan
    market.status[700:, 0, 1] = Bar.ABSENT  # silent for over a day: closed at the last mark
    market.low[500, 0, 2] *= 0.6  # a crash within a bar
    market.high[1120, 0, 3] *= 1.9  # and a squeeze that liquidates a short
    weights[1080:1130, 3] = -1.5
    market.open[300, 0] *= 0.9  # opens beyond the stops of longs
    market.low[300, 0] *= 0.9
    return panel, np.ascontiguousarray(weights)


def rules(panel: Panel, stop_frac: float) -> given.Rules:
    n = panel.n_coins
    return given.Rules(PARAMS, np.full(n, stop_frac), np.full(n, np.nan))


def spreads(panel: Panel) -> Any:
    return panel.market._replace(spread_bps=np.nan_to_num(panel.market.spread_bps, nan=5.0))


def scanned(
    panel: Panel, weights: np.ndarray, stop_frac: float, room: int = 1 << 14
) -> tuple[given.State, np.ndarray, np.ndarray, int]:
    """Return state, equity and fills of the fast pass, and how many calls it took."""
    state = given.init(panel.n_coins, 1e5, PARAMS)
    equity = np.zeros(panel.n_bars, np.int64)
    buffer = fills(room)
    rows, t, calls = [], 0, 0
    while t < panel.n_bars:
        buffer.n[0] = 0
        t = given.scan(
            t,
            panel.k0,
            spreads(panel),
            weights,
            panel.venues,
            rules(panel, stop_frac),
            state,
            buffer,
            equity,
        )
        rows.append(buffer.whole[: buffer.n[0]].copy())
        calls += 1
    return state, equity, np.concatenate(rows), calls


def stepped(
    panel: Panel, weights: np.ndarray, stop_frac: float
) -> tuple[given.State, np.ndarray, np.ndarray]:
    """Return the same from the exchange stepped whole on every bar: no fast pass at all."""
    state = given.init(panel.n_coins, 1e5, PARAMS)
    market, asked = spreads(panel), rules(panel, stop_frac)
    log: Fills = fills(rows_needed(panel.n_bars, 1, panel.n_coins))
    equity = np.zeros(panel.n_bars, np.int64)
    limits = state.account.breakers
    for t in range(panel.n_bars):
        k = panel.k0 + t
        exchange.step(
            market,
            t,
            k,
            panel.venues,
            asked.sigma_daily,
            state.account,
            PARAMS,
            state.exchange,
            log,
        )
        equity[t] = ledger.equity(state.account.ledger)
        worth = equity[t] / MONEY_SCALE
        breakers.daily(
            k, worth, 0.0, PARAMS.breakers, limits.day, limits.opening_usd, limits.tripped
        )
        act(
            market,
            t,
            k,
            weights[t],
            worth,
            panel.venues,
            asked.stop_frac,
            PARAMS.breakers.streak_multiplier,
            state.account,
            state.acted,
            state.exchange.priced_k,
            state.exchange.active,
        )
    return state, equity, log.whole[: log.n[0]]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("stop_frac", [np.nan, 0.03])
def test_the_fast_pass_is_the_exchange_stepped(seed: int, stop_frac: float) -> None:
    panel, weights = case(seed)
    fast, equity, rows, _ = scanned(panel, weights, stop_frac)
    slow, expected, whole = stepped(panel, weights, stop_frac)
    np.testing.assert_array_equal(equity, expected)
    np.testing.assert_array_equal(rows, whole)
    for name in ("cash", "lots", "value", "lines", "n_trades"):
        np.testing.assert_array_equal(
            getattr(fast.account.ledger, name), getattr(slow.account.ledger, name)
        )
    np.testing.assert_array_equal(fast.exchange.counts, slow.exchange.counts)
    assert ledger.imbalance(fast.account.ledger) == 0
    assert len(rows) > 100


def test_a_coin_that_goes_away_is_closed_a_day_after_its_last_bar() -> None:
    panel, weights = case()
    last = 150
    panel.market.status[last + 1 :, 0, 0] = Bar.ABSENT
    weights[last - 60 :, 0] = 0.3
    _, equity, rows, _ = scanned(panel, weights, np.nan)
    _, expected, whole = stepped(panel, weights, np.nan)
    np.testing.assert_array_equal(rows, whole)
    np.testing.assert_array_equal(equity, expected)
    closed = rows[rows[:, Column.REASON] == Reason.EXIT_DELISTED]
    assert panel.k0 + last + 288 in closed[closed[:, Column.COIN] == 0, Column.K]


def slow(weights_at: dict[int, float]) -> tuple[Panel, np.ndarray]:
    """Return one coin of which a bar takes a slice of an order, and weights on some rows."""
    panel = synthetic(n_coins=1, days=2, kind="perp", seed=1)
    panel.market.volume[101:200, 0, 0] = 2e4 / panel.market.close[101:200, 0, 0]
    weights = np.full((panel.n_bars, 1), np.nan)
    for t, weight in weights_at.items():
        weights[t, 0] = weight
    return panel, weights


def held(panel: Panel, rows: np.ndarray, t: int) -> int:
    return int(rows[rows[:, Column.K] <= panel.k0 + t, Column.LOTS].sum())


def test_a_weight_of_what_is_held_ends_the_order_at_work() -> None:
    panel, weights = slow({100: 0.5})
    _, equity, rows, _ = scanned(panel, weights, np.nan)
    lots = held(panel, rows, 105)
    assert 0 < lots < held(panel, rows, 130)  # the order goes on after row 105
    price = panel.market.close[105, 0, 0] * panel.venues.lot[0, 0]
    asked = lots * price / (equity[105] / MONEY_SCALE) * (1.0 + 1e-9)
    panel, weights = slow({100: 0.5, 105: asked})
    _, equity, rows, _ = scanned(panel, weights, np.nan)
    assert held(panel, rows, 200) == lots
    _, expected, whole = stepped(panel, weights, np.nan)
    np.testing.assert_array_equal(rows, whole)
    np.testing.assert_array_equal(equity, expected)


def test_after_the_days_loss_an_order_at_work_adds_nothing_until_the_next_day() -> None:
    panel, weights = slow({100: 5.0})
    day = 288 - panel.k0 % 288  # the row at whose close the next day begins
    weights[day + 1, 0] = 5.0
    market = panel.market
    market.volume[101:400] = 1e5 / market.close[101:400]
    for array in (market.open, market.high, market.low, market.close, market.mark):
        array[110:, 0, 0] *= 0.7
    _, equity, rows, _ = scanned(panel, weights, np.nan)
    fell = np.flatnonzero(equity[:day] < 0.75 * 1e5 * MONEY_SCALE)[0]
    assert held(panel, rows, fell) > held(panel, rows, fell - 2) > 0  # it was still at work
    assert held(panel, rows, day) == held(panel, rows, fell)
    assert held(panel, rows, day + 20) > held(panel, rows, day)  # the rest is tried again
    _, expected, whole = stepped(panel, weights, np.nan)
    np.testing.assert_array_equal(rows, whole)
    np.testing.assert_array_equal(equity, expected)


def test_an_order_that_waits_for_days_of_no_volume_is_kept_as_the_exchange_keeps_it() -> None:
    panel = synthetic(n_coins=1, days=2, kind="perp", seed=1)
    weights = np.full((panel.n_bars, 1), np.nan)
    weights[100, 0] = 0.4
    panel.market.volume[101:400] = 0.0
    panel.market.status[395] = Bar.ABSENT
    _, equity, rows, _ = scanned(panel, weights, np.nan)
    _, expected, whole = stepped(panel, weights, np.nan)
    assert len(rows) > 0
    np.testing.assert_array_equal(rows, whole)
    np.testing.assert_array_equal(equity, expected)


def test_the_cases_stop_liquidate_and_delist() -> None:
    counts = sum(scanned(*case(seed), 0.03)[0].exchange.counts for seed in range(6))
    for what in (exchange.Count.STOPS, exchange.Count.STOP_GAPS, exchange.Count.DELISTINGS):
        assert counts[what] > 0, what.name
    free = sum(scanned(*case(seed), np.nan)[0].exchange.counts for seed in range(6))
    assert free[exchange.Count.LIQUIDATIONS] > 0


def test_how_much_room_there_is_for_fills_changes_nothing() -> None:
    panel, weights = case()
    _, equity, rows, calls = scanned(panel, weights, 0.03)
    _, again, same, many = scanned(panel, weights, 0.03, room=18)
    assert calls == 1
    assert many > 20
    np.testing.assert_array_equal(equity, again)
    np.testing.assert_array_equal(rows, same)


def test_what_comes_later_changes_nothing_before() -> None:
    panel, weights = case()
    _, equity, _, _ = scanned(panel, weights, 0.03)
    t = 600
    for array in (panel.market.close, panel.market.high, panel.market.mark):
        array[t:] *= 1.5
    weights[t:] = -0.2
    np.testing.assert_array_equal(scanned(panel, weights, 0.03)[1][:t], equity[:t])
