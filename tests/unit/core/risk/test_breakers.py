"""Spec 6 and METHODS 7.6, one breaker at a time."""

from math import nan

import numpy as np
import pytest

from quorate.core.risk import breakers, params
from quorate.core.risk.breakers import Breaker, State
from quorate.core.types import Reason

DAY = 24
BALANCED = params(bar_minutes=60, min_days=5, max_days=20).breakers
CALM = np.array([0.02, 0.02])
WEIGHT = np.array([3.0, 1.0])
TRADED = np.ones(2, np.int8)


def bar(
    state: State,
    k: int,
    equity: float = 1e5,
    *,
    flow: float = 0.0,
    sigma: np.ndarray = CALM,
    status: np.ndarray = TRADED,
    given: breakers.Params = BALANCED,
) -> None:
    breakers.step(k, equity, flow, sigma, WEIGHT, status, given, state)


def report(state: State, given: breakers.Params = BALANCED) -> tuple[np.ndarray, ...]:
    """Return multipliers, reasons and bits, one a coin."""
    rows = np.empty(2), np.empty(2, np.int16), np.empty(2, np.int16)
    breakers.report(state, given, *rows)
    return rows


def multiplier(c: int, state: State, given: breakers.Params = BALANCED) -> float:
    return report(state, given)[0][c]


def reason(c: int, state: State) -> int:
    return report(state)[1][c]


def flags(c: int, state: State) -> int:
    return report(state)[2][c]


def opened(given: breakers.Params = BALANCED) -> State:
    state = breakers.init(2, given)
    bar(state, 10 * DAY, given=given)
    return state


@pytest.mark.parametrize(
    ("preset", "equity"),
    [("conservative", 98_500.0), ("balanced", 97_500.0), ("aggressive", 96_500.0)],
)
def test_a_loss_that_reaches_the_stop_trips(preset: str, equity: float) -> None:
    given = params(preset, 60).breakers
    state = opened(given)
    bar(state, 10 * DAY + 1, equity + 0.01, given=given)
    assert breakers.entries_allowed(state)
    bar(state, 10 * DAY + 2, equity, given=given)
    assert not breakers.entries_allowed(state)
    assert multiplier(0, state, given) == 0.0
    assert reason(0, state) == Reason.BREAKER_DAILY


def test_the_daily_breaker_latches_until_midnight() -> None:
    state = opened()
    bar(state, 10 * DAY + 1, 97_000.0)
    bar(state, 11 * DAY - 1, 120_000.0)
    assert not breakers.entries_allowed(state)
    bar(state, 11 * DAY, 97_000.0)
    assert breakers.entries_allowed(state)
    assert state.opening_usd[0] == 97_000.0


def test_a_missing_midnight_bar_opens_the_day_late() -> None:
    state = opened()
    bar(state, 10 * DAY + 1, 97_000.0)
    bar(state, 11 * DAY + 3, 96_000.0)
    assert breakers.entries_allowed(state)
    assert state.opening_usd[0] == 96_000.0


def test_flows_are_not_profit_or_loss() -> None:
    state = opened()
    bar(state, 10 * DAY + 1, 50_000.0, flow=-50_000.0)
    assert breakers.entries_allowed(state)
    assert breakers.day_pnl_usd(50_000.0, state) == 0.0
    bar(state, 10 * DAY + 2, 48_750.0)
    assert not breakers.entries_allowed(state)


def test_a_flow_at_midnight_is_in_the_opening_equity_already() -> None:
    state = opened()
    bar(state, 11 * DAY, 150_000.0, flow=50_000.0)
    assert state.opening_usd[0] == 150_000.0


def test_an_account_without_equity_is_tripped() -> None:
    state = breakers.init(2, BALANCED)
    bar(state, 10 * DAY, 0.0)
    assert not breakers.entries_allowed(state)


def test_three_losses_in_a_row_halve_once_until_the_next_win() -> None:
    state = opened()
    factors = []
    for pnl in (-1, -1, 0, -1, -1, -1, -1, 0, 1, -1, -1, 5, -1, -1, -1):
        breakers.on_trade(pnl, state, BALANCED)
        factors.append(multiplier(1, state, BALANCED))
    assert factors == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1, 1, 1, 0.5]
    assert flags(1, state) & Breaker.STREAK
    assert reason(1, state) == Reason.BREAKER_STREAK


def days(state: State, values: list[float], start: int = 11) -> int:
    """Let each day close at 00:00 with a volatility for coin 0, then be calm; coin 1 always is."""
    for i, value in enumerate(values):
        bar(state, (start + i) * DAY, sigma=np.array([value, 0.02]))
        bar(state, (start + i) * DAY + 1, sigma=np.array([0.0, 0.0]))
    return (start + len(values)) * DAY - 1


RAMP = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09]


def test_the_levels_are_linear_quantiles_of_the_daily_values() -> None:
    state = opened()
    days(state, RAMP)
    stored = np.array([0.02, *RAMP])
    assert state.trip[0] == pytest.approx(np.quantile(stored, 0.95), abs=1e-15)
    assert state.release[0] == pytest.approx(np.quantile(stored, 0.90), abs=1e-15)
    market = (3.0 * stored + 0.02) / 4.0
    assert state.market_trip[0] == pytest.approx(np.quantile(market, 0.95), abs=1e-15)


def test_volatility_trips_above_and_releases_below() -> None:
    state = opened()
    k = days(state, RAMP)
    trip, release = state.trip[0], state.release[0]
    quiet = np.array([nan, 0.02])
    path = [
        (trip, 0),
        (np.nextafter(trip, 1.0), 1),
        (trip, 1),
        (nan, 1),
        (release, 1),
        (np.nextafter(release, 0.0), 0),
        (trip, 0),
    ]
    for sigma, expected in path:
        quiet[0] = sigma
        bar(state, k, sigma=quiet)
        assert state.defense[0] == expected
        assert state.defense[1] == 0


def test_defense_halves_the_coin_and_the_market_halves_all_once() -> None:
    state = opened()
    k = days(state, RAMP)
    bar(state, k, sigma=np.array([0.088, 0.0]))
    assert (state.defense[0], state.market_defense[0]) == (1, 0)
    assert [multiplier(c, state, BALANCED) for c in (0, 1)] == [0.5, 1.0]
    bar(state, k, sigma=np.array([0.2, 0.02]))
    assert [multiplier(c, state, BALANCED) for c in (0, 1)] == [0.5, 0.5]
    assert reason(1, state) == Reason.BREAKER_VOLATILITY
    for _ in range(3):
        breakers.on_trade(-1, state, BALANCED)
    assert multiplier(0, state, BALANCED) == 0.25
    flat = BALANCED._replace(defense=breakers.Defense.FLAT.value)
    assert multiplier(0, state, flat) == 0.0


def test_too_few_days_turn_the_breaker_off_and_say_so() -> None:
    state = opened()
    assert flags(0, state) == Breaker.COIN_UNKNOWN | Breaker.MARKET_UNKNOWN
    days(state, [0.01, 0.02, 0.03])
    bar(state, 14 * DAY - 1, sigma=np.array([0.9, 0.9]))
    assert multiplier(0, state, BALANCED) == 1.0
    bar(state, 14 * DAY)
    assert flags(0, state) == 0


def test_an_absent_midnight_misses_its_value_and_keeps_the_latch() -> None:
    state = opened()
    k = days(state, RAMP)
    bar(state, k, sigma=np.array([0.088, 0.0]))
    bar(state, k + 1, sigma=np.array([0.001, 0.02]), status=np.array([0, 1], np.int8))
    assert state.defense[0] == 1
    row = (k + 1) // DAY % 20
    assert np.isnan(state.ring[row, 0])
    assert state.ring[row, 1] == 0.02


def test_the_ring_forgets_the_oldest_day() -> None:
    state = opened()
    days(state, [0.5] * 5 + [0.02] * 20)
    assert state.trip[0] == pytest.approx(0.02)


def test_a_bar_is_not_judged_by_its_own_value() -> None:
    state = opened()
    k = days(state, RAMP)
    before = state.trip[0]
    bar(state, k + 1, sigma=np.array([0.095, 0.02]))
    assert state.defense[0] == 1
    assert state.trip[0] > before


def test_the_levels_move_only_at_midnight() -> None:
    state = opened()
    k = days(state, RAMP)
    before = state.trip.copy()
    for i in range(1, 20):
        bar(state, k - i, sigma=np.array([0.5, 0.5]))
    assert state.trip.tobytes() == before.tobytes()


@pytest.mark.parametrize(("coins", "days_"), [(0, 365), (2, 0)])
def test_bad_sizes_are_refused(coins: int, days_: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        breakers.init(coins, BALANCED._replace(max_days=days_))
