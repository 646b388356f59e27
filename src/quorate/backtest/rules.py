"""The rules of the simulated exchange: its constants, its memory and what it counts.

In: settings. Out: ``Params`` and ``State``. The memory is small: the last mark of every position
(what a delisting pays), stops that could not be filled at once, and counters of what went wrong.
"""

from __future__ import annotations

from enum import IntEnum
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from quorate.core.costs import components
from quorate.core.risk import breakers, exits
from quorate.core.types import IntMat, IntVec, Mat, Vec


class Count(IntEnum):
    """What ``State.counts`` counts."""

    STOPS = 0
    STOP_GAPS = 1  # the bar opened beyond the stop
    EXCEEDANCES = 2  # lost more than the gap allowance beyond the stop (METHODS 7.5)
    STOPS_DELAYED = 3  # a venue did not trade in the bar its stop was touched
    LIQUIDATIONS = 4  # bars on which perpetuals were liquidated
    BANKRUPTCIES = 5  # of them, left with less than nothing
    DELISTINGS = 6  # positions closed because their coin went away, or had no price for a day
    CLIPPED = 7  # children cut to the participation limit
    COLLARED = 8  # children whose price at the open was beyond their limit
    REPRICED = 9  # post-only children whose limit would have crossed, resting at the touch
    CROSSED = 10  # resting children sent across the spread after their time


N_COUNTS = 11


class Params(NamedTuple):
    """Constants of the exchange; ``params`` checks them."""

    costs: components.Params
    exits: exits.Params
    breakers: breakers.Params
    bar_hours: float = 1.0 / 12.0  # the window an order executes in
    cross_collar_bps: float = 50.0  # what crossing after a timeout accepts, from the decision price
    liquidation_fee: float = 0.005  # of the notional, on top of the worst price of the bar
    delisting_haircut: float = 0.05  # of the last mark
    missing_hours: float = 24.0  # without a price: what is held is closed as if delisted
    gap_mult: float = 1.25  # a stop may lose this times its distance before it is an exceedance
    unknown_sigma_daily: float = 0.05  # stands in for a volatility that is not known
    tips_per_bar: int = 5  # how often the tip of an iceberg refills within a bar


class State(NamedTuple):
    """What the exchange remembers between bars."""

    last_mark: Mat  # (venue, coin); NaN until a position was marked
    late_stop: Vec  # (coin,): price of a stop not yet filled on every venue, NaN for none
    priced_k: IntMat  # (venue, coin): last bar with a price, -1 before the first
    sent_k: IntMat  # (venue, coin): bar in which the parent last sent a child
    active: IntVec  # (coin,): scratch, the coins that hold or want something
    counts: IntVec  # (count,)


BOUNDS = {
    "bar_hours": (1.0 / 60.0, 24.0),
    "cross_collar_bps": (0.0, 10_000.0),
    "liquidation_fee": (0.0, 1.0),
    "delisting_haircut": (0.0, 1.0),
    "missing_hours": (1.0, 24.0 * 365.0),
    "gap_mult": (1.0, 10.0),
    "unknown_sigma_daily": (0.0, 10.0),
    "tips_per_bar": (1, 1000),
}


def params(
    costs: components.Params | None = None,
    exit_params: exits.Params | None = None,
    breaker_params: breakers.Params | None = None,
    **overrides: float,
) -> Params:
    """Return the rules of the exchange, checked.

    Parameters
    ----------
    costs, exit_params, breaker_params : optional
        The very objects the decision uses, so that both price and count alike.
    **overrides : float
        Other fields of ``Params``.

    Raises
    ------
    ValueError
        For an unknown field or a value outside its bounds.

    Notes
    -----
    Units: as the field's name says; fractions are not percent. Missing: NaN is refused.

    Examples
    --------
    >>> params(delisting_haircut=0.1).delisting_haircut
    0.1
    """
    made = Params(
        costs=components.Params() if costs is None else costs,
        exits=exits.Params() if exit_params is None else exit_params,
        breakers=breakers.Params() if breaker_params is None else breaker_params,
    )
    fields: dict[str, Any] = {}
    for name, value in overrides.items():
        if name not in BOUNDS:
            raise ValueError(f"the exchange has no rule {name!r}: use one of {', '.join(BOUNDS)}")
        low, high = BOUNDS[name]
        if not (isfinite(value) and low <= value <= high):
            raise ValueError(
                f"backtest.{name} is {value}, outside [{low}, {high}]: check the unit in its name"
            )
        fields[name] = int(value) if name == "tips_per_bar" else float(value)
    return made._replace(**fields)


def init(n_venues: int, n_coins: int) -> State:
    """Return the memory of an exchange on which nothing has happened.

    Examples
    --------
    >>> init(2, 3).late_stop.shape
    (3,)
    """
    if n_venues < 1 or n_coins < 1:
        raise ValueError(f"an exchange needs a venue and a coin, got {n_venues} and {n_coins}")
    return State(
        last_mark=np.full((n_venues, n_coins), np.nan),
        late_stop=np.full(n_coins, np.nan),
        priced_k=np.full((n_venues, n_coins), -1, np.int64),
        sent_k=np.full((n_venues, n_coins), -1, np.int64),
        active=np.zeros(n_coins, np.int64),
        counts=np.zeros(N_COUNTS, np.int64),
    )
