r"""What a trade costs: half spread, impact, fee, latency and funding, kept apart from end to end.

In: what is known before the order is sent. Out: basis points of the order's notional, one number
a component. The gate, the optimiser and the simulated exchange call these same functions, so a
cost is never estimated one way and charged another.

.. math:: c = \tfrac12\,\text{spread} + 5\sqrt{\rho} + \text{fee} + 0.01\,\text{latency}

with participation :math:`\rho` = order notional over the expected volume of its window. Positive
is paid, negative is earned. An unknown input (NaN) makes its component NaN, which no gate clears.
"""

from __future__ import annotations

from enum import IntEnum
from math import exp, inf, sqrt
from typing import NamedTuple

from quorate.core.kernel import kernel


class Impact(IntEnum):
    """How impact grows: as the spec writes it, or with the volatility of the window (6.2)."""

    SPEC = 0
    VOLATILITY = 1


class Latency(IntEnum):
    """What waiting costs: linear as in the spec, or at least the diffusive risk (6.3)."""

    LINEAR = 0
    DIFFUSIVE = 1


class Entry(IntEnum):
    """How the gate prices the entry leg: crossing, or resting first where orders rest (6.5)."""

    TAKER = 0
    MAKER = 1


class Params(NamedTuple):
    """Constants of the cost model; ``params`` checks them."""

    impact_bps_at_one: float = 5.0  # at a participation of 1
    latency_bps_per_ms: float = 0.01
    max_participation: float = 0.2
    safety_margin_bps: float = 3.0
    impact_y: float = 0.5  # of the square-root law, a prior
    impact: int = 0  # Impact
    latency: int = 0  # Latency
    entry: int = 0  # Entry
    maker_fills_per_hour: float = 11.0  # at the touch: 60% within five minutes
    adverse_bps: float = 1.5  # how far the price goes against a maker fill
    drift_bps: float = 3.0  # how far it runs away where there was none


class Cost(NamedTuple):
    """One way, in basis points of the notional; positive is paid."""

    half_spread: float
    impact: float
    fee: float
    latency: float


class RoundTrip(NamedTuple):
    """Entry, exit and what is paid while holding, in basis points of the notional."""

    half_spread: float
    impact: float
    fee: float
    latency: float
    funding: float


_MS_PER_DAY = 86_400_000.0
_BPS = 10_000.0


@kernel
def participation(order_usd: float, window_volume_usd: float) -> float:
    """Return the order's share of the volume expected while it executes; 0 for no order.

    Notes
    -----
    Units: a fraction, not percent. Causal: the expected volume is the caller's.
    Missing: an unknown volume gives NaN. METHODS 6.2.

    Examples
    --------
    >>> participation(-2_000.0, 50_000.0)
    0.04
    """
    if order_usd == 0.0:
        return 0.0
    if window_volume_usd == 0.0:
        return inf
    return abs(order_usd) / window_volume_usd


@kernel
def half_spread_bps(spread_bps: float) -> float:
    """Return what crossing half the spread costs a taker; never below 0."""
    if spread_bps < 0.0:
        return 0.0
    return 0.5 * spread_bps


@kernel
def impact_bps(participation: float, sigma_window_bps: float, params: Params) -> float:
    r"""Return the market impact of an order.

    .. math:: I = 5\sqrt{\rho}, \qquad \text{or} \quad I = \max(5, Y\sigma_T)\sqrt{\rho}

    Parameters
    ----------
    participation : float
        Clipped to ``params.max_participation``; sizing sees to it that it is not above.
    sigma_window_bps : float
        Volatility over the execution window; read by ``Impact.VOLATILITY`` only.
    params : Params
        ``impact_bps_at_one``, ``impact_y``, ``impact``, ``max_participation``.

    Notes
    -----
    Units: bps. Causal: pure. Missing: NaN gives NaN. Spec 4, METHODS 6.2; Toth et al. (2011).

    Examples
    --------
    >>> impact_bps(0.04, 20.0, Params())
    1.0
    """
    share = participation
    if share > params.max_participation:
        share = params.max_participation
    if share < 0.0:
        share = 0.0
    at_one = params.impact_bps_at_one
    if params.impact == Impact.VOLATILITY:
        at_sigma = params.impact_y * sigma_window_bps
        if not at_sigma <= at_one:
            at_one = at_sigma
    return at_one * sqrt(share)


@kernel
def latency_bps(latency_ms: float, sigma_daily: float, params: Params) -> float:
    r"""Return what the price is expected to run away while the order travels.

    .. math:: 0.01\,L, \qquad \text{or} \quad \max(0.01\,L,\; \sigma_d\sqrt{L / \text{day}})

    Notes
    -----
    Units: bps. Causal: pure. Missing: NaN gives NaN. Spec 4, METHODS 6.3.

    Examples
    --------
    >>> latency_bps(80.0, 0.03, Params())
    0.8
    """
    linear = params.latency_bps_per_ms * latency_ms
    if params.latency == Latency.DIFFUSIVE:
        diffusive = sigma_daily * _BPS * sqrt(latency_ms / _MS_PER_DAY)
        if not diffusive <= linear:
            return diffusive
    return linear


@kernel
def funding_bps(side: int, rate_bps: float, hours_held: float, interval_hours: float) -> float:
    r"""Return the funding expected while holding: a long pays a positive rate.

    .. math:: \text{side} \cdot \text{rate} \cdot \text{hours} / \text{interval}

    Notes
    -----
    Units: bps of the notional; the venue's own interval in place of 8 h. Causal: the rate known at
    the decision. Missing: NaN gives NaN; spot passes a rate of 0. Spec 4, METHODS 0 row 11, 6.4.

    Examples
    --------
    >>> funding_bps(1, 1.0, 12.0, 8.0), funding_bps(-1, 1.0, 12.0, 8.0)
    (1.5, -1.5)
    """
    return side * rate_bps * (hours_held / interval_hours)


@kernel
def sigma_window_bps(sigma_daily: float, window_hours: float) -> float:
    """Return the volatility over a window from the daily one, in bps (square root of time)."""
    return sigma_daily * _BPS * sqrt(window_hours / 24.0)


@kernel
def one_way(
    spread_bps: float,
    participation: float,
    fee_bps: float,
    latency_ms: float,
    sigma_daily: float,
    window_hours: float,
    params: Params,
) -> Cost:
    """Return what one taker leg costs, its components apart.

    Parameters
    ----------
    spread_bps : float
        Quoted or estimated full spread.
    participation : float
        Order notional over the expected volume of the window.
    fee_bps : float
        The venue's fee for this order; a rebate is negative.
    latency_ms : float
        From decision to arrival.
    sigma_daily : float
        Daily volatility, a fraction; read by the two options only.
    window_hours : float
        How long the order executes.
    params : Params
        The cost model.

    Notes
    -----
    Units: bps. Causal: pure. Missing: NaN in, NaN in that component. Spec 4, METHODS 6.1.

    Examples
    --------
    >>> cost = one_way(4.0, 0.04, 4.5, 80.0, 0.03, 1.0 / 12.0, Params())
    >>> cost
    Cost(half_spread=2.0, impact=1.0, fee=4.5, latency=0.8)
    >>> one_way_bps(cost)
    8.3
    """
    return Cost(
        half_spread_bps(spread_bps),
        impact_bps(participation, sigma_window_bps(sigma_daily, window_hours), params),
        fee_bps,
        latency_bps(latency_ms, sigma_daily, params),
    )


@kernel
def one_way_bps(cost: Cost) -> float:
    """Add up one leg."""
    return cost.half_spread + cost.impact + cost.fee + cost.latency


@kernel
def round_trip(entry: Cost, exit_: Cost, funding: float) -> RoundTrip:
    """Join the two legs and the funding between them; the legs may differ (maker in, taker out).

    Notes
    -----
    Units: bps. Spec 4, METHODS 0 row 5, 6.1.

    Examples
    --------
    >>> leg = Cost(2.0, 1.0, 4.5, 0.8)
    >>> round_trip_bps(round_trip(leg, leg, 1.5))
    18.1
    """
    return RoundTrip(
        entry.half_spread + exit_.half_spread,
        entry.impact + exit_.impact,
        entry.fee + exit_.fee,
        entry.latency + exit_.latency,
        funding,
    )


@kernel
def round_trip_bps(cost: RoundTrip) -> float:
    """Add up a round trip."""
    return cost.half_spread + cost.impact + cost.fee + cost.latency + cost.funding


@kernel
def fill_probability(distance: float, hours: float, rate: float, decay: float) -> float:
    r"""Return the chance that a resting order is filled in time.

    .. math:: P = 1 - \exp(-A\,e^{-k\delta}\,T)

    Notes
    -----
    Units: ``rate`` (A) fills an hour at the touch, ``decay`` (k) per unit of ``distance``.
    METHODS 6.5; Avellaneda and Stoikov (2008).
    """
    return 1.0 - exp(-rate * exp(-decay * distance) * hours)


@kernel
def one_way_maker(
    probability: float,
    maker_bps: float,
    adverse_bps: float,
    drift_bps: float,
    taker: Cost,
) -> Cost:
    r"""Return what a leg that rests first, and crosses if it is not filled, is expected to cost.

    .. math:: P\,(f_m - h + a) + (1 - P)\,(f_t + h + d)

    Parameters
    ----------
    probability : float
        Of being filled while resting; a price is never booked as if it were 1.
    maker_bps : float
        The maker fee :math:`f_m`.
    adverse_bps, drift_bps : float
        How far the price goes against a fill (a), and away from an order without one (d).
    taker : Cost
        The leg that crosses: h, its impact, fee and latency.

    Notes
    -----
    Units: bps. ``impact`` holds a and d beside the impact of the crossing part, because all
    three are what the market does to the price. Missing: NaN gives NaN. METHODS 6.5.

    Examples
    --------
    >>> maker = one_way_maker(0.6, 2.0, 1.5, 3.0, Cost(2.0, 0.0, 4.5, 0.0))
    >>> round(one_way_bps(maker), 12)
    4.7
    """
    missed = 1.0 - probability
    return Cost(
        (missed - probability) * taker.half_spread,
        probability * adverse_bps + missed * (drift_bps + taker.impact),
        probability * maker_bps + missed * taker.fee,
        missed * taker.latency,
    )
