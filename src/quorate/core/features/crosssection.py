"""Cross-section: a coin among the others, and against BTC.

In: the rows written by the other families. Out: the rows of the family ``crosssection``, the only
ones in which coins meet. Sums run in coin order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core.features import tape as tapes
from quorate.core.features.table import index
from quorate.core.kernel import kernel
from quorate.core.rolling import TOTALS
from quorate.core.types import IntMat, IntVec, Mat, Vec

_RET_1H, _RET_24H, _RET_7D = index("ret_1h"), index("ret_24h"), index("ret_7d")
_VOL, _EMA = index("vol_24h"), index("ema_24h_gap")
_RANK_24H, _RANK_7D = index("rank_ret_24h"), index("rank_ret_7d")
_RANK_VOL, _RANK_VOLUME = index("rank_vol_24h"), index("rank_volume")
_BETA, _RESID, _BTC_1H = index("beta_btc"), index("resid_24h"), index("btc_ret_1h")
_LEAD, _DISPERSION, _BREADTH = index("lead_gap_1h"), index("dispersion_24h"), index("breadth_24h")

BETA_DECAY = 2.0 ** (-1.0 / 168.0)
MIN_PAIRS = 72
MIN_COINS = 3


class State(NamedTuple):
    """What the cross-section remembers.

    Attributes
    ----------
    order : IntMat
        The coins in the order of each rank on the last bar: a start for the sort, (4, coin).
    moments : Mat
        Decayed sums of BTC's squared hourly return and of its product with the coin's, (2, coin).
    pairs : IntVec
        How many hours went into them, shape (coin,).
    volume : Vec
        Quote volume of 24 h where it is known, shape (coin,).
    """

    order: IntMat
    moments: Mat
    pairs: IntVec
    volume: Vec


def init(n_coins: int) -> State:
    """Return the state of coins without a past."""
    order = np.empty((4, n_coins), np.int64)
    order[:] = np.arange(n_coins)
    return State(order, np.zeros((2, n_coins)), np.zeros(n_coins, np.int64), np.zeros(n_coins))


@kernel
def rank(keys: Vec, order: IntVec, out: Vec) -> None:
    r"""Rank values to [-1, 1]: :math:`2 (i + \tfrac12 (n_{tied} - 1)) / (n - 1) - 1`.

    Parameters
    ----------
    keys : Vec
        What is ranked, NaN where unknown, shape (coin,).
    order : IntVec
        Any permutation of the coins; becomes the sorted one. The last bar's is nearly sorted,
        which makes the insertion sort linear. The ranks do not depend on it.
    out : Vec
        The ranks: -1 the smallest, 1 the largest, shape (coin,).

    Notes
    -----
    Units: none.  Causal: one instant.
    Missing: NaN stays NaN and is not counted; all are NaN below 3 coins.

    Examples
    --------
    >>> out = np.empty(4)
    >>> rank(np.array([5.0, 1.0, np.nan, 5.0]), np.arange(4), out)
    >>> out
    array([ 0.5, -1. ,  nan,  0.5])
    """
    n_coins, n = keys.shape[0], 0
    for c in range(n_coins):
        out[c] = np.nan
        if keys[c] < np.inf:
            n += 1
    for i in range(1, n_coins):
        coin, j = order[i], i - 1
        key = keys[coin]
        # what is unknown stands behind what is known, and never moves past its like
        while j >= 0 and (keys[order[j]] > key or (np.isnan(keys[order[j]]) and key < np.inf)):
            order[j + 1] = order[j]
            j -= 1
        order[j + 1] = coin
    if n < MIN_COINS:
        return
    first = 0
    while first < n:
        last = first
        while last + 1 < n and keys[order[last + 1]] == keys[order[first]]:
            last += 1
        for i in range(first, last + 1):
            out[order[i]] = (first + last) / (n - 1.0) - 1.0
        first = last + 1


@kernel
def _beta(on_hour: bool, btc: int, tape: tapes.State, state: State, out: Mat) -> None:
    """Advance beta on the hour, and write what follows from it and from BTC."""
    squares, products, pairs = state.moments[0], state.moments[1], state.pairs
    count, hours, closed, hour_ret = (
        tape.counts[tapes.COUNT],
        tape.counts[tapes.HOURS],
        tape.counts[tapes.CLOSED],
        tape.now[tapes.HOUR_RET],
    )
    for c in range(count.shape[0]):
        if btc < 0:
            out[_BETA, c] = out[_RESID, c] = out[_BTC_1H, c] = out[_LEAD, c] = np.nan
            continue
        both = on_hour and closed[c] == 1 and closed[btc] == 1
        if both and hours[c] > 1 and hours[btc] > 1:
            base = hour_ret[btc]
            squares[c] = BETA_DECAY * squares[c] + base * base
            products[c] = BETA_DECAY * products[c] + base * hour_ret[c]
            pairs[c] += 1
        known = pairs[c] >= MIN_PAIRS and squares[c] > 0.0 and count[c] > 0
        beta = products[c] / squares[c] if known else np.nan
        out[_BETA, c] = beta
        out[_RESID, c] = out[_RET_24H, c] - beta * out[_RET_24H, btc]
        out[_BTC_1H, c] = out[_RET_1H, btc] if count[c] > 0 else np.nan
        out[_LEAD, c] = beta * out[_RET_1H, btc] - out[_RET_1H, c]


@kernel
def _market(count: IntVec, out: Mat) -> None:
    """Write what is one number for the market: dispersion and breadth."""
    n, mean, n_above, n_known = 0, 0.0, 0, 0
    returns, gaps = out[_RET_24H], out[_EMA]
    for c in range(returns.shape[0]):
        if not np.isnan(returns[c]):
            n += 1
            mean += returns[c]
        if not np.isnan(gaps[c]):
            n_known += 1
            n_above += 1 if gaps[c] > 0.0 else 0
    mean = mean / n if n > 0 else 0.0
    square = 0.0
    for c in range(returns.shape[0]):
        if not np.isnan(returns[c]):
            square += (returns[c] - mean) * (returns[c] - mean)
    dispersion = np.sqrt(square / n) if n >= MIN_COINS else np.nan
    breadth = n_above / n_known if n_known >= MIN_COINS else np.nan
    for c in range(returns.shape[0]):
        out[_DISPERSION, c] = dispersion if count[c] > 0 else np.nan
        out[_BREADTH, c] = breadth if count[c] > 0 else np.nan


@kernel
def step(k: int, bars_per_hour: int, btc: int, tape: tapes.State, state: State, out: Mat) -> None:
    r"""Write the cross-section of one bar, after every other family.

    .. math:: \beta = \sum \lambda^i r_i r^{BTC}_i / \sum \lambda^i (r^{BTC}_i)^2, \qquad
        \lambda = 2^{-1/168}

    Parameters
    ----------
    k, bars_per_hour : int
        The bar's counter; bars in an hour.
    btc : int
        The column of BTC, -1 for none.
    tape : tape.State
        After its step on this bar.
    state : State
        Updated in place.
    out : Mat
        The bar's features, shape (feature, coin).

    Notes
    -----
    Units: see the table.  Causal: reads this bar's rows and earlier hours; beta changes on the
    hour and survives gaps (an hour that either coin misses is left out).
    Missing: NaN where a coin is absent, below 3 known coins, and where BTC is unknown.
    """
    day = 24 * bars_per_hour
    count, quote, volume = tape.counts[tapes.COUNT], tape.day[TOTALS, tapes.QUOTE], state.volume
    for c in range(count.shape[0]):
        volume[c] = quote[c] if count[c] >= day else np.nan
    rank(out[_RET_24H], state.order[0], out[_RANK_24H])
    rank(out[_RET_7D], state.order[1], out[_RANK_7D])
    rank(out[_VOL], state.order[2], out[_RANK_VOL])
    rank(volume, state.order[3], out[_RANK_VOLUME])
    _beta(k % bars_per_hour == 0, btc, tape, state, out)
    _market(tape.counts[tapes.COUNT], out)
