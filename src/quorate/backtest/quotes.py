r"""What an execution pays: arrival price, half spread, impact, latency and fee of one child.

In: the price at which the child arrives and the lots it takes. Out: a ``Child`` with each cost in
quote per coin, by the same component functions that the cost gate uses:

.. math:: p = p_{arrival}\,\bigl(1 + \text{side}\,(h + I(\rho) + \ell) / 10^4\bigr)
"""

from __future__ import annotations

from math import nan
from typing import NamedTuple

from quorate.backtest.rules import Params
from quorate.backtest.views import Tape, Terms
from quorate.core.costs.components import half_spread_bps, impact_bps, latency_bps, sigma_window_bps
from quorate.core.kernel import kernel
from quorate.core.types import Style

_BPS = 10_000.0


class Child(NamedTuple):
    """One execution before it is booked: prices, and what each component costs per coin.

    ``price = arrival + side * (spread + impact + latency)``, in quote per coin. ``lots`` of 0 is
    no execution. ``notes`` are bits, ``1 << rules.Count``, of what is to be counted.
    """

    lots: int
    arrival: float
    decision_price: float
    price: float
    spread: float
    impact: float
    latency: float
    haircut: float
    fee_bps: float
    reason: int
    style: int
    is_maker: int
    notes: int


@kernel
def taker(
    lots: int,
    arrival: float,
    decision_price: float,
    window_volume: float,
    tape: Tape,
    terms: Terms,
    params: Params,
    reason: int,
    style: int,
    notes: int,
) -> Child:
    """Quote a child that takes liquidity.

    Parameters
    ----------
    lots : int
        Signed, not 0.
    arrival, decision_price : float
        Price when the child arrives, and the price that decided its parent.
    window_volume : float
        Coins traded while it executes; the participation is the child over it.
    tape, terms, params : Tape, Terms, Params
        The bar's spread; lot, latency and fee; the cost model.
    reason, style, notes : int
        For the record.

    Notes
    -----
    Units: quote per coin, bps. Causal: the bar the child executes in.
    Missing: an unknown volatility is taken as ``params.unknown_sigma_daily``. METHODS 6.1-6.3.
    """
    sigma = terms.sigma_daily
    if sigma != sigma:
        sigma = params.unknown_sigma_daily
    share = abs(lots) * terms.lot / window_volume
    sigma_bps = sigma_window_bps(sigma, params.bar_hours)
    spread = half_spread_bps(tape.spread_bps) * arrival / _BPS
    impact = impact_bps(share, sigma_bps, params.costs) * arrival / _BPS
    latency = latency_bps(terms.latency_ms, sigma, params.costs) * arrival / _BPS
    side = 1.0 if lots > 0 else -1.0
    return Child(
        lots=lots,
        arrival=arrival,
        decision_price=decision_price,
        price=arrival + side * (spread + impact + latency),
        spread=spread,
        impact=impact,
        latency=latency,
        haircut=0.0,
        fee_bps=terms.taker_bps,
        reason=reason,
        style=style,
        is_maker=0,
        notes=notes,
    )


@kernel
def resting(
    lots: int,
    arrival: float,
    decision_price: float,
    price: float,
    fee_bps: float,
    reason: int,
    style: int,
    is_maker: int,
    notes: int,
) -> Child:
    """Quote a child that filled where it rested: all of its distance to arrival is spread."""
    side = 1.0 if lots > 0 else -1.0
    return Child(
        lots=lots,
        arrival=arrival,
        decision_price=decision_price,
        price=price,
        spread=side * (price - arrival),
        impact=0.0,
        latency=0.0,
        haircut=0.0,
        fee_bps=fee_bps,
        reason=reason,
        style=style,
        is_maker=is_maker,
        notes=notes,
    )


@kernel
def settled(lots: int, price: float, haircut: float, reason: int, notes: int) -> Child:
    """Quote a close at a given price whose only cost is a haircut, in quote per coin."""
    return Child(
        lots=lots,
        arrival=price,
        decision_price=price,
        price=price,
        spread=0.0,
        impact=0.0,
        latency=0.0,
        haircut=haircut,
        fee_bps=0.0,
        reason=reason,
        style=Style.MARKET.value,
        is_maker=0,
        notes=notes,
    )


@kernel
def nothing(notes: int) -> Child:
    """Return no execution, and what is to be counted of it."""
    return settled(0, nan, 0.0, 0, notes)
