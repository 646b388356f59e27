r"""Circuit breakers: what stops entries, or makes them smaller, after a loss or in a storm.

In: equity, flows, closed trades, volatility. Out: whether entries are allowed, and a multiplier.
Nothing here ever blocks a reduction; positions keep their stops (METHODS 0 row 16, 0b.9).

Daily drawdown: from the equity at 00:00 UTC, unrealised included; latches until the next.
Streak: three closed net losses in a row halve the size until the next win.
Volatility: above the 95th percentile of a year of daily values, until below the 90th.
"""

from __future__ import annotations

from enum import IntEnum
from math import isnan, nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.kernel import inlined, kernel
from quorate.core.types import Bar, Reason

if TYPE_CHECKING:
    from quorate.core.types import ByteVec, IntVec, Mat, ShortVec, Vec


class Defense(IntEnum):
    """What the volatility breaker does to entries."""

    HALVE = 0
    FLAT = 1


class Breaker(IntEnum):
    """Bits of ``flags``."""

    DAILY = 1
    STREAK = 2
    COIN_VOLATILITY = 4
    MARKET_VOLATILITY = 8
    COIN_UNKNOWN = 16  # too few daily values: that breaker is off, and says so
    MARKET_UNKNOWN = 32


class Params(NamedTuple):
    """Limits; ``risk.params`` fills and checks them."""

    daily_loss_stop_frac: float = 0.025
    streak_multiplier: float = 0.5
    defense_multiplier: float = 0.5
    trip_quantile: float = 0.95
    release_quantile: float = 0.90
    losses_in_a_row: int = 3
    min_days: int = 60
    max_days: int = 365
    bars_per_day: int = 288
    defense: int = 0  # Defense


class State(NamedTuple):
    """Latches and the year of daily volatilities, a ring keyed by the day."""

    day: IntVec  # (1,) days since 1970, -1 before the first bar
    opening_usd: Vec  # (1,) equity at 00:00 UTC, moved by flows
    tripped: ByteVec  # (1,)
    losses: IntVec  # (1,) closed net losses in a row
    streak: ByteVec  # (1,)
    ring: Mat  # (day, coin) daily volatility, NaN where the day has none
    trip: Vec  # (coin,) quantiles of the ring, NaN while unknown
    release: Vec
    defense: ByteVec  # (coin,)
    market_ring: Mat  # (day, 1)
    market_trip: Vec  # (1,)
    market_release: Vec
    market_defense: ByteVec


def init(n_coins: int, params: Params) -> State:
    """Return breakers that have seen nothing.

    Examples
    --------
    >>> init(2, Params()).ring.shape
    (365, 2)
    """
    n_days = params.max_days
    if n_coins < 1 or n_days < 1:
        raise ValueError(f"breakers need at least 1 coin and 1 day, got {n_coins}, {n_days}")
    return State(
        day=np.full(1, -1, np.int64),
        opening_usd=np.zeros(1),
        tripped=np.zeros(1, np.int8),
        losses=np.zeros(1, np.int64),
        streak=np.zeros(1, np.int8),
        ring=np.full((n_days, n_coins), np.nan),
        trip=np.full(n_coins, np.nan),
        release=np.full(n_coins, np.nan),
        defense=np.zeros(n_coins, np.int8),
        market_ring=np.full((n_days, 1), np.nan),
        market_trip=np.full(1, np.nan),
        market_release=np.full(1, np.nan),
        market_defense=np.zeros(1, np.int8),
    )


@kernel
def quantile(ordered: Vec, n: int, q: float) -> float:
    r"""Return a quantile of the first ``n`` sorted values, linear between two of them.

    .. math:: x_{\lfloor h \rfloor} + (h - \lfloor h \rfloor)
              (x_{\lfloor h \rfloor + 1} - x_{\lfloor h \rfloor}), \qquad h = q\,(n - 1)

    Notes
    -----
    Missing: NaN for ``n`` 0. Hyndman and Fan (1996), type 7.

    Examples
    --------
    >>> quantile(np.array([1.0, 2.0, 4.0]), 3, 0.75)
    3.0
    """
    if n < 1:
        return nan
    place = q * (n - 1)
    i = int(place)
    value: float = ordered[i]
    if i + 1 < n:
        value += (place - i) * (ordered[i + 1] - value)
    return value


@kernel
def _requantile(ring: Mat, c: int, trip: Vec, release: Vec, params: Params, values: Vec) -> None:
    """Set a coin's two levels from its days; NaN while there are too few."""
    n = 0
    for t in range(ring.shape[0]):
        if ring[t, c] == ring[t, c]:
            n += 1
    trip[c] = nan
    release[c] = nan
    if n < params.min_days:
        return
    # only what lies above the release level has to be in order: keep the largest m, ascending
    first = int(params.release_quantile * (n - 1))
    m = n - first
    held = 0
    for t in range(ring.shape[0]):
        value = ring[t, c]
        if value == value and (held < m or value > values[0]):
            if held == m:
                for i in range(1, m):
                    values[i - 1] = values[i]
                held -= 1
            i = held
            while i > 0 and values[i - 1] > value:
                values[i] = values[i - 1]
                i -= 1
            values[i] = value
            held += 1
    trip[c] = _level(values, first, n, params.trip_quantile)
    release[c] = _level(values, first, n, params.release_quantile)


@kernel
def _level(largest: Vec, first: int, n: int, q: float) -> float:
    """Return a quantile of n values of which those from rank ``first`` are given in order."""
    place = q * (n - 1)
    i = int(place)
    value: float = largest[i - first]
    if i + 1 < n:
        value += (place - i) * (largest[i + 1 - first] - value)
    return value


@kernel
def _latch(is_on: int, sigma: float, trip: float, release: float) -> int:
    """Go on above ``trip``, off below ``release``, else stay; off while the levels are unknown."""
    if isnan(trip):
        return 0
    if sigma > trip:
        return 1
    if sigma < release:
        return 0
    return is_on


@kernel
def daily(
    k: int,
    equity_usd: float,
    flow_usd: float,
    params: Params,
    day: IntVec,
    opening_usd: Vec,
    tripped: ByteVec,
) -> None:
    """Open the day, or measure its loss; a loss that reaches the stop trips.

    It takes the three arrays of ``State`` that it changes, so that who runs no other breaker can
    call it on every bar.
    """
    today = k // params.bars_per_day
    if today != day[0]:
        day[0] = today
        opening_usd[0] = equity_usd
        tripped[0] = 0
    else:
        opening_usd[0] += flow_usd
    opening = opening_usd[0]
    # divided, not multiplied: 3,500 of 100,000 is 0.035 to the last bit
    if not opening > 0.0 or (opening - equity_usd) / opening >= params.daily_loss_stop_frac:
        tripped[0] = 1


@kernel
def _market_sigma(sigma_daily: Vec, market_weight: Vec, status: ByteVec) -> float:
    """Return the weighted mean volatility of the coins that have one; NaN if none has."""
    total = 0.0
    weights = 0.0
    for c in range(sigma_daily.shape[0]):
        is_known = status[c] != Bar.ABSENT and sigma_daily[c] == sigma_daily[c]
        if is_known and market_weight[c] > 0.0:
            total += market_weight[c] * sigma_daily[c]
            weights += market_weight[c]
    return total / weights if weights > 0.0 else nan


@inlined
def step(
    k: int,
    equity_usd: float,
    flow_usd: float,
    sigma_daily: Vec,
    market_weight: Vec,
    status: ByteVec,
    params: Params,
    state: State,
) -> None:
    r"""Move every breaker by one bar.

    .. math:: \text{trip if} \quad (E_0 - E) / E_0 \ge \text{stop}, \qquad
              \sigma_d > q_{95}, \quad \text{release if} \quad \sigma_d < q_{90}

    Parameters
    ----------
    k : int
        Bar counter; the bar that closes at 00:00 UTC opens the day (if it is missing, the first
        bar after it does).
    equity_usd : float
        Equity at this close, unrealised results and ``flow_usd`` included.
    flow_usd : float
        Deposits less withdrawals booked on this bar: they move the opening equity.
    sigma_daily : Vec
        Daily volatility per coin, shape (coin,).
    market_weight : Vec
        Weight of each coin in the market, not negative, any scale, shape (coin,).
    status : ByteVec
        ``Bar``; an ABSENT coin keeps its latch and misses its daily value, shape (coin,).
    params, state : Params, State
        Limits; updated in place.

    Notes
    -----
    Units: USD, fractions. Causal: the levels that judge a bar hold only daily values stored
    before it; one is stored on each bar that closes at 00:00 UTC. Missing: an unknown volatility
    keeps the latch; fewer than ``min_days`` values turn that breaker off and set its UNKNOWN flag.
    Spec 6, METHODS 7.6.
    """
    daily(k, equity_usd, flow_usd, params, state.day, state.opening_usd, state.tripped)
    market = _market_sigma(sigma_daily, market_weight, status)
    if not isnan(market):
        state.market_defense[0] = _latch(
            state.market_defense[0], market, state.market_trip[0], state.market_release[0]
        )
    for c in range(sigma_daily.shape[0]):
        if status[c] != Bar.ABSENT and sigma_daily[c] == sigma_daily[c]:
            state.defense[c] = _latch(
                state.defense[c], sigma_daily[c], state.trip[c], state.release[c]
            )
    if k % params.bars_per_day == 0:
        row = (k // params.bars_per_day) % state.ring.shape[0]
        values = np.empty(state.ring.shape[0])
        state.market_ring[row, 0] = market
        _requantile(state.market_ring, 0, state.market_trip, state.market_release, params, values)
        for c in range(sigma_daily.shape[0]):
            state.ring[row, c] = sigma_daily[c] if status[c] != Bar.ABSENT else nan
            _requantile(state.ring, c, state.trip, state.release, params, values)


@inlined
def on_trade(net_pnl: int, state: State, params: Params) -> None:
    """Count a closed trade: a loss adds to the streak, a win ends it, zero does neither.

    Parameters
    ----------
    net_pnl : int
        Net result of the flat-to-flat episode; only its sign counts.
    state : State
        Updated in place.
    params : Params
        ``losses_in_a_row`` (3).

    Notes
    -----
    Per account; a longer streak does not halve again. Spec 6, METHODS 7.6.

    Examples
    --------
    >>> state = init(1, Params())
    >>> for _ in range(3):
    ...     on_trade(-1, state, Params())
    >>> state.streak.item()
    1
    """
    if net_pnl < 0:
        state.losses[0] += 1
        if state.losses[0] >= params.losses_in_a_row:
            state.streak[0] = 1
    elif net_pnl > 0:
        state.losses[0] = 0
        state.streak[0] = 0


@kernel
def entries_allowed(state: State) -> bool:
    """Say whether the day's loss still allows entries."""
    return bool(state.tripped[0] == 0)


@kernel
def day_pnl_usd(equity_usd: float, state: State) -> float:
    """Return the day's result, signed, unrealised included, flows excluded (METHODS 7.5)."""
    pnl: float = equity_usd - state.opening_usd[0]
    return pnl


@inlined
def report(
    state: State, params: Params, multiplier: Vec, reasons: ShortVec, bits: ShortVec
) -> None:
    """Write for every coin how much smaller an entry is made, by which breaker, and all bits.

    Parameters
    ----------
    state, params : State, Params
        After ``step``.
    multiplier : Vec
        Written: 1, 0.5, 0.25 or 0, shape (coin,).
    reasons : ShortVec
        Written: the ``Reason`` that weighs most, NONE if none does, shape (coin,).
    bits : ShortVec
        Written: ``Breaker`` bits, shape (coin,).

    Notes
    -----
    Streak and volatility are two breakers and multiply; the coin's and the market's volatility are
    one and do not. 0 while the daily breaker is tripped, and in defense with ``Defense.FLAT``.
    Units: a factor. Causal: this bar. Missing: an unknown quantile is off and has its bit.
    Spec 6, METHODS 7.6.
    """
    everywhere = 0
    if not entries_allowed(state):
        everywhere |= Breaker.DAILY.value
    if state.streak[0] != 0:
        everywhere |= Breaker.STREAK.value
    if state.market_defense[0] != 0:
        everywhere |= Breaker.MARKET_VOLATILITY.value
    if state.market_trip[0] != state.market_trip[0]:
        everywhere |= Breaker.MARKET_UNKNOWN.value
    defense, trip = state.defense, state.trip
    for c in range(defense.shape[0]):
        flag = everywhere
        if defense[c] != 0:
            flag |= Breaker.COIN_VOLATILITY.value
        if trip[c] != trip[c]:
            flag |= Breaker.COIN_UNKNOWN.value
        factor = 1.0
        reason = Reason.NONE.value
        if flag & Breaker.STREAK.value:
            factor = params.streak_multiplier
            reason = Reason.BREAKER_STREAK.value
        if flag & (Breaker.COIN_VOLATILITY.value | Breaker.MARKET_VOLATILITY.value):
            is_flat = params.defense == Defense.FLAT.value
            factor = 0.0 if is_flat else factor * params.defense_multiplier
            reason = Reason.BREAKER_VOLATILITY.value
        if flag & Breaker.DAILY.value:
            factor = 0.0
            reason = Reason.BREAKER_DAILY.value
        multiplier[c] = factor
        reasons[c] = reason
        bits[c] = flag
