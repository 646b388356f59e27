"""What each coin would be given and what that would cost, before any gate is asked.

In: equity, volatility, the record of the paper twin, quotes. Out: columns of the bar: stop
distance, size before any cap, every component of the round trip; and what the paper twin is fed.
"""

from __future__ import annotations

import numpy as np

from quorate.core import intents, routing
from quorate.core.account import Code, Column, Rules
from quorate.core.costs import components, gate
from quorate.core.kernel import inlined, kernel
from quorate.core.risk import paper, sizing
from quorate.core.types import ByteVec, Mat, ShortMat, Vec, Venues


@kernel
def sizes(
    equity_usd: float,
    sigma_daily: Vec,
    regime: ByteVec,
    record: Mat,
    params: sizing.Params,
    row: Mat,
) -> None:
    """Write what each coin would be given by its regime's record, before any cap.

    Beside it what the other reading of Kelly would have given (METHODS 0 row 6).
    """
    other = sizing.KellyOption.CAP.value
    if params.kelly == other:
        other = sizing.KellyOption.MULTIPLY.value
    for c in range(sigma_daily.shape[0]):
        stop = sizing.volatility_risk(sigma_daily[c], params)
        r = regime[c]
        size = sizing.size(equity_usd, stop, record[0, r], record[1, r], int(record[2, r]), params)
        row[Column.STOP_FRAC, c] = stop
        row[Column.SIZED_USD, c] = size.notional_usd
        row[Column.RISK_FRAC, c] = size.risk_frac
        row[Column.OTHER_USD, c] = 0.0
        if stop > 0.0 and equity_usd > 0.0:
            risk = sizing.risk_fraction(
                record[0, r], record[1, r], int(record[2, r]), other, params
            )
            row[Column.OTHER_USD, c] = sizing.base_coins(equity_usd, risk, 1.0, stop)


@inlined
def costs(
    most_usd: float,
    unproven_usd: float,
    signal: ByteVec,
    sigma_daily: Vec,
    bar_volume: Vec,
    funding_bps: Vec,
    funding_hours: Vec,
    quotes: intents.Quotes,
    venues: Venues,
    rules: Rules,
    params: components.Params,
    router: routing.Params,
    row: Mat,
    code: ShortMat,
) -> None:
    """Write what a round trip of the size asked for would cost, its components apart."""
    n_venues = quotes.close.shape[0]
    scores = np.empty(n_venues)
    window = rules.bar_hours * rules.window_bars
    rest_hours = rules.bar_hours * router.timeout_bars
    filled = components.fill_probability(0.0, rest_hours, params.maker_fills_per_hour, 0.0)
    taker, latency, spread = venues.taker_bps, venues.latency_ms, quotes.spread_bps
    for c in range(signal.shape[0]):
        order = row[Column.SIZED_USD, c]
        if not order > 0.0 and row[Column.STOP_FRAC, c] > 0.0:
            # Kelly says no: what it would cost is asked for the size of a coin without a record
            order = unproven_usd / row[Column.STOP_FRAC, c]
        order = min(order, most_usd)
        v = 0
        if n_venues > 1 and signal[c] != 0:
            v = intents.venue_scores(c, order, params, window, quotes, venues, router, scores)
        volume = bar_volume[c] * row[Column.PRICE, c] * rules.window_bars
        leg = components.one_way(
            spread[v, c],
            components.participation(order, volume),
            taker[v],
            latency[v],
            sigma_daily[c],
            window,
            params,
        )
        entry = leg
        if params.entry == components.Entry.MAKER and spread[v, c] > router.post_only_bps:
            entry = components.one_way_maker(
                filled, venues.maker_bps[v], params.adverse_bps, params.drift_bps, leg
            )
        funding = components.funding_bps(
            signal[c], funding_bps[c], rules.horizon_hours, funding_hours[c]
        )
        both = components.round_trip(entry, leg, funding)
        code[Code.VENUE, c] = v
        row[Column.HALF_SPREAD_BPS, c] = both.half_spread
        row[Column.IMPACT_BPS, c] = both.impact
        row[Column.FEE_BPS, c] = both.fee
        row[Column.LATENCY_BPS, c] = both.latency
        row[Column.FUNDING_BPS, c] = both.funding
        row[Column.COST_BPS, c] = components.round_trip_bps(both)


@kernel
def carried(settled: Vec, can_short: ByteVec, row: Mat, cost: Vec, funding: Vec) -> None:
    """Write one leg's cost and the funding settled at this close as the paper twin pays, bps."""
    for c in range(cost.shape[0]):
        cost[c] = 0.5 * (row[Column.COST_BPS, c] - row[Column.FUNDING_BPS, c])
        funding[c] = settled[c] * 1e4 if can_short[c] != 0 else 0.0


@kernel
def feed(
    signal: ByteVec,
    edge_bps: Vec,
    cost_bps: Vec,
    margin_bps: float,
    twin: paper.Params,
    fed: ByteVec,
) -> None:
    """Write what the paper twin is told to trade: every signal, or those that clear their cost."""
    for c in range(signal.shape[0]):
        fed[c] = signal[c]
        if twin.feed == paper.Feed.CLEARED and not gate.clears(
            edge_bps[c], cost_bps[c], margin_bps
        ):
            fed[c] = 0
