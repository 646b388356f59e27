r"""The paper twin: every signal is traded on paper, so that Kelly has a record to stand on.

In: bars, signals over the threshold, stop distances and costs. Out: wins and losses of closed net
trades by the regime they were entered in, pooled over coins (METHODS 0 row 13, 0b.7). It trades
whether or not the account does, with the account's own exits, so a strategy that was sized to
nothing can earn its way back.

A bar is processed in the order in which it happened: fills of what the last close decided, at the
open; the stop, at the worse of stop and open; then, at the close, what the next open shall do. A
closed trade counts in units of the distance it risked, winsorised:

.. math:: R = \frac{\text{side}\,(p_{out}/p_{in} - 1) - \text{costs} - \text{funding}}
                   {\text{stop distance}}, \qquad |R| \le 3
"""

from __future__ import annotations

from enum import IntEnum
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.kernel import inlined, kernel
from quorate.core.risk import exits, sizing
from quorate.core.types import N_REGIMES, Bar

if TYPE_CHECKING:
    from quorate.core.types import ByteVec, IntVec, Vec


class Feed(IntEnum):
    """Which signals the twin trades: all over the threshold, or those that clear their costs."""

    SIGNALS = 0
    CLEARED = 1


class Params(NamedTuple):
    """The exits of the account; where one trade's result stops counting (in R); the feed."""

    exits: exits.Params = exits.Params()
    winsor_r: float = 3.0
    missing_bars: int = 288  # a trade without a price for so long is forgotten
    feed: int = 0  # Feed


class State(NamedTuple):
    """Open paper trades per coin, what the next open shall do, and the record per regime."""

    exits: exits.State
    entry: Vec  # fill price
    paid_bps: Vec  # costs and funding so far, one way in
    cost_bps: Vec  # last known one-way cost
    regime: ByteVec  # at the decision to enter
    pending: ByteVec  # side to open at the next open
    pending_regime: ByteVec
    closing: ByteVec  # 1: close at the next open
    last_r: Vec  # result of the last closed trade, NaN before the first
    seen_k: IntVec  # last bar with a price
    n: IntVec  # (regime,) closed trades that won or lost
    wins: IntVec  # (regime,)
    sum_win: Vec  # (regime,) in R
    sum_loss: Vec  # (regime,) in R, positive


class Statistics(NamedTuple):
    """What sizing needs: posterior win rate, payoff, and how many trades they rest on."""

    p: float
    b: float
    n: int


def init(n_coins: int) -> State:
    """Return a paper account that has not traded.

    Examples
    --------
    >>> init(2).n.tolist()
    [0, 0, 0, 0, 0]
    """
    if n_coins < 1:
        raise ValueError(f"a paper account needs at least 1 coin, got {n_coins}")
    return State(
        exits=exits.init(n_coins),
        entry=np.full(n_coins, np.nan),
        paid_bps=np.zeros(n_coins),
        cost_bps=np.full(n_coins, np.nan),
        regime=np.zeros(n_coins, np.int8),
        pending=np.zeros(n_coins, np.int8),
        pending_regime=np.zeros(n_coins, np.int8),
        closing=np.zeros(n_coins, np.int8),
        last_r=np.full(n_coins, np.nan),
        seen_k=np.zeros(n_coins, np.int64),
        n=np.zeros(N_REGIMES, np.int64),
        wins=np.zeros(N_REGIMES, np.int64),
        sum_win=np.zeros(N_REGIMES),
        sum_loss=np.zeros(N_REGIMES),
    )


@inlined
def _open(c: int, k: int, price: float, state: State) -> None:
    """Fill the pending entry at the open of bar ``k``."""
    side = float(state.pending[c])
    exits.on_fill(c, 0.0, side, price, k, state.exits)
    state.entry[c] = price
    state.paid_bps[c] = state.cost_bps[c]
    state.regime[c] = state.pending_regime[c]


@kernel
def _close(c: int, k: int, price: float, params: Params, state: State) -> None:
    """Close the paper trade and enter its result into the record of its regime."""
    side = state.exits.side[c]
    ratio = price / state.entry[c]
    paid = (state.paid_bps[c] + state.cost_bps[c] * ratio) * 1e-4
    result = (side * (ratio - 1.0) - paid) / state.exits.stop_frac[c]
    if result > params.winsor_r:
        result = params.winsor_r
    elif result < -params.winsor_r:
        result = -params.winsor_r
    regime = state.regime[c]
    if result > 0.0:
        state.n[regime] += 1
        state.wins[regime] += 1
        state.sum_win[regime] += result
    elif result < 0.0:
        state.n[regime] += 1
        state.sum_loss[regime] -= result
    state.last_r[c] = result
    state.closing[c] = 0
    exits.on_fill(c, float(side), 0.0, price, k, state.exits)


@inlined
def _dismiss(c: int, k: int, state: State) -> None:
    """Forget a paper trade whose coin has had no price for a day: it has no result."""
    state.closing[c] = 0
    exits.on_fill(c, float(state.exits.side[c]), 0.0, state.entry[c], k, state.exits)


@inlined
def _stop(c: int, k: int, open_: float, params: Params, state: State) -> None:
    """Fill the stop: at its price, or at the open if the bar gapped through it."""
    side = state.exits.side[c]
    price = state.exits.stop[c]
    if side * (open_ - price) < 0.0:
        price = open_
    _close(c, k, price, params, state)
    exits.cool_down(c, side, k, params.exits, state.exits)


@inlined
def _decide(
    c: int,
    k: int,
    signal: int,
    stop_frac: float,
    regime: int,
    is_open: bool,
    is_due: bool,
    state: State,
) -> None:
    """Decide at the close of bar ``k`` what the next open shall do."""
    side = state.exits.side[c]
    if side != 0 and signal == side:
        if is_due:
            exits.restart(c, k, state.exits)
        return
    if side != 0 and (signal != 0 or is_due):
        state.closing[c] = 1
    if signal == 0 or not is_open:
        return
    is_known = stop_frac > 0.0 and stop_frac < 1.0 and not isnan(state.cost_bps[c])
    if is_known and 0 <= regime < N_REGIMES and not exits.is_cooling(c, signal, k, state.exits):
        state.pending[c] = signal
        state.pending_regime[c] = regime
        exits.plan(c, stop_frac, state.exits)


@inlined
def step(
    k: int,
    opens: Vec,
    highs: Vec,
    lows: Vec,
    closes: Vec,
    status: ByteVec,
    signal: ByteVec,
    stop_frac: Vec,
    cost_one_way_bps: Vec,
    funding_bps_per_bar: Vec,
    regime: ByteVec,
    allow_short: ByteVec,
    keeps: ByteVec,
    params: Params,
    state: State,
) -> None:
    """Trade one bar on paper and decide what the next open shall do; shape (coin,) each.

    Parameters
    ----------
    k, opens, highs, lows, closes, status : int, Vec, Vec, Vec, Vec, ByteVec
        This bar. Only TRADED bars fill, stop or decide.
    signal, regime, allow_short : ByteVec
        The side over the threshold at this close, else 0; ``Regime``; 0 on spot (-1 only sells).
    keeps : ByteVec
        The side whose score has not faded (``stances.keeps``); read under hysteresis only.
    stop_frac, cost_one_way_bps, funding_bps_per_bar : Vec
        Stop distance in (0, 1) and cost of what is decided now; a long pays positive funding.
    params, state : Params, State
        Updated in place.

    Notes
    -----
    Units: bps of the entry notional. Causal: nothing fills at a price of the bar that decided it;
    costs are those known at the close before the fill. Missing: a bar that is not TRADED fills
    nothing (a pending close waits, a pending entry lapses, funding accrues); no entry without a
    stop distance or a cost; unknown funding counts 0; a day without a price ends a
    trade without a result. Spec 5, METHODS 0b.2, 0b.7, 0b.9.
    """
    sides, stops, pending = state.exits.side, state.exits.stop, state.pending
    closing, paid_bps, cost_bps = state.closing, state.paid_bps, state.cost_bps
    seen_k = state.seen_k
    clock_k = state.exits.clock_k
    for c in range(opens.shape[0]):
        is_traded = status[c] == Bar.TRADED and opens[c] > 0.0 and closes[c] > 0.0
        if status[c] != Bar.ABSENT:
            seen_k[c] = k
        elif sides[c] != 0 and k - seen_k[c] >= params.missing_bars:
            _dismiss(c, k, state)
        if is_traded:
            if closing[c] == 1:
                _close(c, k, opens[c], params, state)
            if pending[c] != 0:
                _open(c, k, opens[c], state)
            if (sides[c] > 0 and lows[c] <= stops[c]) or (sides[c] < 0 and highs[c] >= stops[c]):
                _stop(c, k, opens[c], params, state)
            if not isnan(cost_one_way_bps[c]):
                cost_bps[c] = cost_one_way_bps[c]
        pending[c] = 0
        if sides[c] != 0 and not isnan(funding_bps_per_bar[c]):
            paid_bps[c] += sides[c] * funding_bps_per_bar[c]
        is_due = exits.is_due(sides[c], keeps[c], k - clock_k[c], params.exits)
        if is_traded and (is_due or signal[c] != 0):
            is_open = allow_short[c] != 0 or signal[c] > 0
            _decide(c, k, signal[c], stop_frac[c], regime[c], is_open, is_due, state)
        elif is_due:
            closing[c] = 1


@inlined
def statistics(regime: int, priors: sizing.Params, state: State) -> Statistics:
    """Return the record of one regime as sizing reads it.

    Parameters
    ----------
    regime : int
        ``Regime`` in which the entry would be made.
    priors : sizing.Params
        Weights of the priors on win rate and payoff.
    state : State
        The paper account.

    Notes
    -----
    Units: ``b`` in R over R. A regime without trades has the prior: Kelly 0, n 0. METHODS 7.3.

    Examples
    --------
    >>> statistics(0, sizing.Params(), init(1))
    Statistics(p=0.5, b=1.0, n=0)
    """
    wins = float(state.wins[regime])
    n = float(state.n[regime])
    b = sizing.posterior_payoff(wins, n, state.sum_win[regime], state.sum_loss[regime], priors)
    p = sizing.posterior_win_rate(wins, n, b, priors)
    return Statistics(p, b, state.n[regime])
