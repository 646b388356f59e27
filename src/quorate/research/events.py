"""Training events: of which bars a sample is taken.

In: prices. Out: pairs of a bar's close and a coin. A sample of every bar would tell the same story
over and over, for labels of neighbouring bars overlap almost wholly, and cost grows for nothing:
so there is one an hour, or one after each move of a certain size (CUSUM). Both look back only and
are keyed on the bar counter: more history adds events and changes none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import Bar, ByteMat, IntVec, Mat, Vec

if TYPE_CHECKING:
    from quorate.research.prices import Prices


class Events(NamedTuple):
    """When and of which coin a sample is taken, shape (event,) each, by ``k``, then by coin.

    A sample is taken at the close of bar ``k``: whatever it holds was known then.
    """

    k: IntVec
    coin: IntVec


def hourly(prices: Prices, *, allowed: ByteMat | None = None) -> Events:
    """Return one event a coin and hour, at the bar that closes on the hour.

    Parameters
    ----------
    prices : Prices
        The market.
    allowed : ByteMat, optional
        1 where a sample may be taken (the coin is in the universe, its features are known), shape
        (time, coin); None: everywhere.

    Returns
    -------
    Events
        Of traded bars only.

    Notes
    -----
    Units: bars.  Causal: an event depends on its own bar alone.
    Missing: none on a bar that is imputed or absent.  METHODS 12.

    Examples
    --------
    >>> from quorate.lake.synthetic import synthetic
    >>> from quorate.research.prices import of
    >>> found = hourly(of(synthetic(n_coins=1, days=1, seed=2)))
    >>> len(found.k), found.k[:3] % 12
    (23, array([0, 0, 0]))
    """
    per_hour = 60 // prices.bar_minutes
    first = -prices.k0 % per_hour
    taken = prices.status[first::per_hour] == Bar.TRADED
    if allowed is not None:
        taken &= _fitting(allowed, prices)[first::per_hour] != 0
    t, coin = np.nonzero(taken)
    return Events(prices.k0 + first + t * per_hour, coin)


def cusum(
    prices: Prices,
    threshold: float | Vec | Mat,
    *,
    restart_days: int = 7,
    allowed: ByteMat | None = None,
) -> Events:
    r"""Return an event of a coin each time its price has moved far enough since the last.

    .. math:: U_t = \max(0, U_{t-1} + r_t), \quad D_t = \min(0, D_{t-1} + r_t), \qquad
              \text{event if } U_t > h_t \text{ or } D_t < -h_t

    with :math:`r_t` the log return; the sum that crossed begins again at zero.

    Parameters
    ----------
    prices : Prices
        The market.
    threshold : float, Vec or Mat
        :math:`h`, above 0, as known at the bar's close: a number, one a coin, or shape (time,
        coin), such as a multiple of the volatility.
    restart_days : int
        Both sums begin again every so many days, counted from 1970, at midnight UTC: what came
        before a restart cannot be told from the events after it.
    allowed : ByteMat, optional
        As of ``hourly``; a move that ends where none is allowed is spent all the same.

    Returns
    -------
    Events
        Of traded bars only.

    Raises
    ------
    ValueError
        If a threshold is not above 0, or there is less than a day between restarts.

    Notes
    -----
    Units: log returns; days.  Causal: reads bars up to the event's.
    Missing: over an absent bar, and where the threshold is NaN, both sums begin again; an imputed
    bar has no return and no event.
    Lopez de Prado (2018), section 2.5.2.1.

    Examples
    --------
    >>> from quorate.research.prices import prices
    >>> close = np.array([[100.0], [101.0], [102.0], [103.0], [99.0], [98.0]])
    >>> market = prices(close, close, close, close, np.ones((6, 1), np.int8), k0=1)
    >>> cusum(market, 0.015).k.tolist()
    [3, 5]
    """
    if restart_days < 1:
        raise ValueError(f"restart_days is {restart_days}, it must be at least 1")
    limit = np.asarray(threshold, np.float64)
    if np.any(limit <= 0.0):
        raise ValueError(f"the least threshold is {np.nanmin(limit)}, it must be above 0")
    limit = np.require(np.broadcast_to(limit, prices.close.shape), np.float64, ["C", "W"])
    taken = np.zeros(prices.close.shape, np.int8)
    period = restart_days * 24 * 60 // prices.bar_minutes
    _moves(prices.close, prices.status, limit, prices.k0, period, taken)
    if allowed is not None:
        taken &= _fitting(allowed, prices) != 0
    t, coin = np.nonzero(taken)
    return Events(prices.k0 + t, coin)


def _fitting(allowed: ByteMat, prices: Prices) -> ByteMat:
    if allowed.shape != prices.status.shape:
        raise ValueError(
            f"allowed has the shape {allowed.shape}, the prices {prices.status.shape}: "
            "give one flag a bar and coin"
        )
    return allowed


@kernel
def _moves(
    close: Mat, status: ByteMat, threshold: Mat, k0: int, period: int, taken: ByteMat
) -> None:
    """Set ``taken`` to 1 where a coin moved far enough."""
    n_coins = close.shape[1]
    last, up, down = np.full(n_coins, np.nan), np.zeros(n_coins), np.zeros(n_coins)
    for t in range(close.shape[0]):
        for c in range(n_coins):
            h = threshold[t, c]
            move = np.log(close[t, c] / last[c])
            if move != move or h != h or status[t, c] == Bar.ABSENT.value:
                up[c] = 0.0
                down[c] = 0.0
            else:
                up[c] = max(0.0, up[c] + move)
                down[c] = min(0.0, down[c] + move)
                if status[t, c] == Bar.TRADED.value:
                    if up[c] > h:
                        up[c] = 0.0
                        taken[t, c] = 1
                    elif down[c] < -h:
                        down[c] = 0.0
                        taken[t, c] = 1
            last[c] = np.nan if status[t, c] == Bar.ABSENT.value else close[t, c]
        if (k0 + t) % period == 0:
            up[:] = 0.0
            down[:] = 0.0
