"""Labels: how an event ended, net and gross, and when that was known.

In: prices and events. Out: one row a label. An event is left out, and counted by its reason
(``Ended``), where a bar it starts, ends or passes is imputed or absent (METHODS 12), and where the
data end before its horizon does. That holds for one that met a barrier early as well: kept, the
newest labels would be the quick ones only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.types import ByteVec, IntVec, Vec
from quorate.research import barriers
from quorate.research.barriers import Ended

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from quorate.research.events import Events
    from quorate.research.prices import Prices

HAIRCUT = 0.05
"""What a delisting costs, a fraction of the last price: ``exchange.delisting_haircut``."""


class Labels(NamedTuple):
    """Labels in the order of their events, shape (label,) each.

    ``event`` is the row of the event given; ``start_k`` the bar at whose close it was decided,
    entered at the next open; ``exit_k`` the last bar held; ``end_k`` the bar at whose close the
    outcome is known, the same but for a delisting: there the horizon's last, or the one on which
    the coin has been silent for a day if that is later. ``ended`` holds ``Ended``. ``gross`` and
    ``net`` are returns of the side taken. ``left_out`` counts the events that are no labels, by
    reason.
    """

    event: IntVec
    coin: IntVec
    side: ByteVec
    start_k: IntVec
    exit_k: IntVec
    end_k: IntVec
    ended: ByteVec
    entry: Vec
    exit: Vec
    gross: Vec
    net: Vec
    bar_minutes: int
    left_out: Mapping[Ended, int]

    @property
    def n(self) -> int:
        """Return the number of labels."""
        return len(self.event)

    @property
    def first_k(self) -> IntVec:
        """Return the first bar held; ``first_k`` to ``exit_k`` is what weights are of."""
        return self.start_k + 1

    @property
    def start_ms(self) -> IntVec:
        """Return the instant of the decision, in milliseconds since 1970."""
        return self.start_k * (self.bar_minutes * 60_000)

    @property
    def end_ms(self) -> IntVec:
        """Return the instant when the outcome is known, in milliseconds since 1970."""
        return self.end_k * (self.bar_minutes * 60_000)


def fixed_horizon(
    prices: Prices,
    events: Events,
    *,
    horizon: int,
    side: int | ByteVec = 1,
    cost_bps: float | Vec = 0.0,
    haircut: float = HAIRCUT,
) -> Labels:
    """Return what holding for a fixed time made, from the next open to the last close.

    Parameters
    ----------
    prices, events : Prices, Events
        The market, and where samples are taken.
    horizon : int
        Bars held, at least 1.
    side, cost_bps, haircut
        As of ``triple_barrier``.

    Returns
    -------
    Labels
        Ended by TIME or DELISTED.

    Raises
    ------
    ValueError
        As of ``triple_barrier``.

    Notes
    -----
    Units: fractions; bars.  Causal: a label reads bars up to ``end_k``.
    Missing: see ``Labels.left_out``.  METHODS 1.1, 12.

    Examples
    --------
    >>> from quorate.research.events import Events
    >>> from quorate.research.prices import prices
    >>> open_, close = np.array([[9.0], [10.0], [11.0]]), np.array([[10.0], [11.0], [12.0]])
    >>> market = prices(open_, close, open_, close, np.ones((3, 1), np.int8), k0=0)
    >>> found = fixed_horizon(market, Events(np.arange(3), np.zeros(3, int)), horizon=2)
    >>> found.gross, found.end_k, found.left_out
    (array([0.2]), array([2]), {<Ended.HORIZON_OPEN: -3>: 2})
    """
    return triple_barrier(
        prices,
        events,
        horizon=horizon,
        profit_frac=np.inf,
        stop_frac=np.inf,
        side=side,
        cost_bps=cost_bps,
        haircut=haircut,
    )


def triple_barrier(
    prices: Prices,
    events: Events,
    *,
    horizon: int,
    profit_frac: float | Vec,
    stop_frac: float | Vec,
    side: int | ByteVec = 1,
    cost_bps: float | Vec = 0.0,
    haircut: float = HAIRCUT,
) -> Labels:
    r"""Return what a bet made that ends at a profit, at a stop or with its time.

    .. math:: gross = s\,(p_{exit} / p_{entry} - 1), \qquad net = gross - cost / 10^4

    Parameters
    ----------
    prices, events : Prices, Events
        The market, and where samples are taken.
    horizon : int
        Bars held at most, at least 1.
    profit_frac, stop_frac : float or Vec
        How far the barriers are from the entry, above 0: a number or one an event, such as a
        multiple of its volatility over the horizon. inf: no such barrier; NaN: no label.
    side : int or ByteVec
        +1, -1, or 0 for no bet: a number or one an event.
    cost_bps : float or Vec
        What going in and out costs, from the cost model: a number or one an event.
    haircut : float
        Fraction of the last price that a delisting costs, within the gross return.

    Returns
    -------
    Labels
        One row an event that is a label.

    Raises
    ------
    ValueError
        If an argument is out of its bounds or does not have one value an event.

    Notes
    -----
    Units: fractions; basis points; bars.  Causal: a label reads bars up to ``end_k``, and of
    what follows only whether there is enough for its horizon.
    Missing: see ``Labels.left_out``.
    METHODS 5.1, 12; Lopez de Prado (2018), chapter 3.

    Examples
    --------
    >>> from quorate.research.events import hourly
    >>> from quorate.research.prices import of
    >>> from quorate.lake.synthetic import synthetic
    >>> market = of(synthetic(n_coins=2, days=3, seed=1))
    >>> found = triple_barrier(market, hourly(market), horizon=48, profit_frac=0.01,
    ...                        stop_frac=0.01, cost_bps=12.0)
    >>> bool(np.all(found.end_k - found.start_k <= 48))
    True
    >>> bool(np.allclose(found.gross - found.net, 0.0012))
    True
    """
    n = len(events.k)
    row = np.asarray(events.k, np.int64) - prices.k0
    coin = np.ascontiguousarray(events.coin, np.int64)
    _check(prices, row, coin, horizon, haircut)
    sides = _one_an_event(side, n, "side")
    if not np.isin(sides, (-1.0, 0.0, 1.0)).all():
        raise ValueError("side has values beside -1, 0 and 1: give the direction of each bet")
    profit = _one_an_event(profit_frac, n, "profit_frac")
    stop = _one_an_event(stop_frac, n, "stop_frac")
    if (profit <= 0.0).any() or (stop <= 0.0).any():
        raise ValueError("a barrier is not above 0: give its distance, such as 2 sigma, or inf")
    taken = np.ascontiguousarray(sides, np.int8)
    out = barriers.empty(n)
    barriers.follow(
        prices.open,
        prices.high,
        prices.low,
        prices.close,
        prices.status,
        row,
        coin,
        taken,
        profit,
        stop,
        int(horizon),
        float(haircut),
        prices.silent_bars,
        out,
    )
    kept = np.flatnonzero(out.ended >= 0)
    entry, exit_ = out.entry[kept], out.exit[kept]
    gross = taken[kept] * (exit_ / entry - 1.0)
    return Labels(
        kept,
        coin[kept],
        taken[kept],
        row[kept] + prices.k0,
        out.exit_row[kept] + prices.k0,
        out.end_row[kept] + prices.k0,
        out.ended[kept],
        entry,
        exit_,
        gross,
        gross - _one_an_event(cost_bps, n, "cost_bps")[kept] / 1e4,
        prices.bar_minutes,
        {why: int(m) for why in Ended if why < 0 and (m := np.sum(out.ended == why))},
    )


def meta_labels(labels: Labels, *, of: Literal["net", "gross"] = "net") -> ByteVec:
    """Return whether each bet was worth taking: what a second model learns of a first one's sides.

    The first model says on which side; the labels are of its bets (``side``), and those where it
    bet nothing are none. The second learns from them how likely a bet is to pay.

    Parameters
    ----------
    labels : Labels
        Of a first model's sides.
    of : {'net', 'gross'}
        What must be above zero: what is left after costs, or before.

    Returns
    -------
    ByteVec
        1 where it paid, else 0, shape (label,).

    Notes
    -----
    Units: none.  Causal: known at ``end_k``.  Missing: none.
    Lopez de Prado (2018), section 3.6.

    Examples
    --------
    >>> from quorate.research.events import Events
    >>> from quorate.research.prices import prices
    >>> path = np.array([[10.0], [10.0], [9.0]])
    >>> market = prices(path, path, path, path, np.ones((3, 1), np.int8), k0=0)
    >>> twice = Events(np.zeros(2, int), np.zeros(2, int))
    >>> meta_labels(fixed_horizon(market, twice, horizon=2, side=np.array([1, -1])))
    array([0, 1], dtype=int8)
    """
    made = labels.net if of == "net" else labels.gross
    return (made > 0.0).astype(np.int8)


def _check(prices: Prices, row: IntVec, coin: IntVec, horizon: int, haircut: float) -> None:
    if horizon < 1:
        raise ValueError(f"horizon is {horizon} bars, it must be at least 1")
    if not 0.0 <= haircut <= 1.0:
        raise ValueError(f"haircut is {haircut}, it must be within [0, 1]")
    if len(row) != len(coin):
        raise ValueError(f"the events have {len(row)} bars and {len(coin)} coins: give pairs")
    for values, size, what in ((row, prices.n_bars, "bar"), (coin, prices.n_coins, "coin")):
        if len(values) and not 0 <= values.min() <= values.max() < size:
            raise ValueError(
                f"events are of {what}s {values.min()} to {values.max()} of the prices, which have "
                f"{size}: take events of the same prices"
            )


def _one_an_event(given: float | Vec | ByteVec, n: int, name: str) -> Vec:
    values = np.asarray(given, np.float64)
    if values.ndim and values.shape != (n,):
        raise ValueError(f"{name} has the shape {values.shape}, there are {n} events: one each")
    return np.ascontiguousarray(np.broadcast_to(values, n)).copy()
