"""From targets to parent orders: what is sent, where, how, and what is called back.

In: targets with their stances, positions, orders at work. Out: ``types.Orders`` in force,
``Decisions.lots``, and the action and final reason of every coin. An unfinished entry is called
back when its coin is no longer free; exits are priced anew on every bar until they are done.
"""

from __future__ import annotations

import math

import numpy as np

from quorate.core import consensus
from quorate.core.account import Decisions, Params, Setup, State
from quorate.core.kernel import kernel
from quorate.core.risk import exits
from quorate.core.routing import orders, persistence, price, rank, split, style
from quorate.core.stances import Stance
from quorate.core.types import (
    Action,
    Bar,
    ByteVec,
    IntVec,
    Observation,
    Placement,
    Reason,
    Vec,
)


@kernel
def venue_scores(
    t: int, c: int, order_usd: float, obs: Observation, setup: Setup, params: Params, out: Vec
) -> int:
    """Write the score of every venue for a coin; return the best one that trades it, else 0.

    Notes
    -----
    Units: [0, 1]. The volume of the closed bar, at the largest participation, stands for depth;
    no queue is known from bars, so its term is the same everywhere. Missing: a venue without a
    bar scores NaN and is not chosen. Spec 8, METHODS 9.1.
    """
    venues = setup.venues
    best = 0
    for v in range(out.shape[0]):
        out[v] = math.nan
        close = obs.market.close[t, v, c]
        if venues.listed[v, c] == 1 and obs.market.status[t, v, c] == Bar.TRADED.value:
            depth = params.costs.max_participation * obs.market.volume[t, v, c] * close
            out[v] = rank.score(
                obs.market.spread_bps[t, v, c],
                0.0,
                venues.latency_ms[v],
                venues.reliability[v],
                depth / order_usd if order_usd > 0.0 else 1.0,
                params.routing,
            )
            if math.isnan(out[best]) or out[v] > out[best]:
                best = v
    return best


@kernel
def _call_back(c: int, only_entries: bool, state: State) -> None:
    """Take the parents of a coin out of force: all, or those that would add to its position."""
    account = state.account
    side = account.exits.side[c]
    for v in range(account.ledger.working.shape[0]):
        working = account.ledger.working[v, c]
        if working != 0 and (not only_entries or side == 0 or working * side > 0):
            orders.cancel(v, c, account.orders, account.ledger.working)


@kernel
def _place(
    t: int,
    k: int,
    v: int,
    c: int,
    lots: int,
    is_urgent: bool,
    reason: int,
    obs: Observation,
    setup: Setup,
    params: Params,
    state: State,
    out: Decisions,
) -> None:
    """Put one parent in force on one venue, in the style its size, spread and signal ask for."""
    routing = params.routing
    side = 1 if lots > 0 else -1
    close = obs.market.close[t, v, c]
    spread = obs.market.spread_bps[t, v, c]
    order_usd = abs(lots) * setup.venues.lot[v, c] * close
    volume = obs.readings.bar_volume[t, c] * close
    lasting = persistence.value(obs.readings.regime[t, c], state.routing, routing)
    schedule, placement, is_iceberg, word = style.style(
        order_usd, volume * params.window_bars, lasting, spread, is_urgent, routing
    )
    tick = setup.venues.tick[v, c]
    if placement == Placement.POST_ONLY.value:
        limit = price.resting(close, side, spread, tick)
    else:
        collar = params.exit_collar_bps if is_urgent else routing.collar_bps
        limit = price.collared(close, side, collar, tick)
    display = 0
    if is_iceberg:
        display = max(1, int(abs(lots) * routing.display_frac))
    sent = orders.place(
        v,
        c,
        lots,
        close,
        limit,
        k,
        style.n_bars(schedule, order_usd, volume, routing),
        k + 1 + routing.timeout_bars,
        schedule,
        placement,
        word,
        display,
        routing.participation,
        is_urgent,
        reason,
        state.account.orders,
        state.account.ledger.working,
    )
    if sent:
        out.lots[t, v, c] = lots
        out.venue[t, c] = v
        out.style[t, c] = word
        out.size_usd[t, c] += side * order_usd


@kernel
def _split(
    t: int,
    c: int,
    change_usd: float,
    equity_usd: float,
    obs: Observation,
    setup: Setup,
    params: Params,
    state: State,
    gross_venue_usd: Vec,
    lots: IntVec,
) -> None:
    """Spread a change over venues: reductions where it is held, the rest by score and room."""
    n_venues = lots.shape[0]
    score = np.empty(n_venues)
    room = np.full(n_venues, math.inf)
    venue_scores(t, c, abs(change_usd), obs, setup, params, score)
    if n_venues > 1:
        for v in range(n_venues):
            cap = params.risk.limits.venue_cap_frac * equity_usd
            room[v] = max(0.0, cap - gross_venue_usd[v])
    close = obs.market.close[t, 0, c]
    split.split(
        change_usd / close,
        c,
        close,
        state.account.ledger.lots,
        score,
        room,
        setup.venues,
        lots,
    )


@kernel
def _sent_reason(reason: int, position_usd: float, target_usd: float) -> int:
    """Name a change of a free coin: it opens, turns or resizes a position."""
    if reason != Reason.NONE.value:
        return reason
    if position_usd == 0.0:
        return Reason.ENTRY.value
    if position_usd * target_usd < 0.0:
        return Reason.REVERSAL.value
    return Reason.REBALANCE.value


@kernel
def _order(
    t: int,
    k: int,
    c: int,
    is_urgent: bool,
    equity_usd: float,
    edge_bps: float,
    obs: Observation,
    setup: Setup,
    params: Params,
    state: State,
    out: Decisions,
    gross_venue_usd: Vec,
) -> None:
    """Order what separates a coin from its target."""
    account = state.account
    n_venues = account.ledger.lots.shape[0]
    position = out.position_usd[t, c]
    target = out.target_usd[t, c]
    if n_venues > 1 and position * target < 0.0:
        # with several holders the old side is closed first, the new one opens when it is gone
        target = 0.0
        out.target_usd[t, c] = 0.0
        out.reason[t, c] = Reason.REVERSAL.value
        is_urgent = True
    working = 0.0
    for v in range(n_venues):
        working += account.ledger.working[v, c] * setup.venues.lot[v, c] * out.price[t, c]
    if is_urgent:
        working = 0.0
    change, refused = orders.parent_change(
        target,
        position,
        working,
        setup.venues.min_notional[0, c],
        params.routing.min_change_frac,
        is_urgent,
    )
    if change == 0.0:
        if refused == Reason.NONE.value:
            refused = Reason.HOLDING.value
        if out.reason[t, c] == Reason.NONE.value:
            out.reason[t, c] = refused
        return
    _call_back(c, False, state)
    lots = np.zeros(n_venues, np.int64)
    _split(t, c, target - position, equity_usd, obs, setup, params, state, gross_venue_usd, lots)
    reason = _sent_reason(int(out.reason[t, c]), position, target)
    if target * position <= 0.0 and target != 0.0:
        exits.plan(c, out.stop_frac[t, c], account.exits)
        state.entry_edge_bps[c] = edge_bps
    for v in range(n_venues):
        if lots[v] != 0:
            _place(t, k, v, c, lots[v], is_urgent, reason, obs, setup, params, state, out)
            gross_venue_usd[v] += abs(lots[v]) * setup.venues.lot[v, c] * out.price[t, c]
    if out.size_usd[t, c] == 0.0:
        out.reason[t, c] = Reason.BELOW_MINIMUM.value
        return
    out.reason[t, c] = reason
    out.action[t, c] = Action.BUY.value if out.size_usd[t, c] > 0.0 else Action.SELL.value


@kernel
def send(
    t: int,
    k: int,
    equity_usd: float,
    obs: Observation,
    setup: Setup,
    params: Params,
    state: State,
    out: Decisions,
    votes: consensus.Out,
    stances: ByteVec,
) -> None:
    """Turn every target into parents, coin by coin.

    Notes
    -----
    Units: signed lots. Causal: the closes of this bar; what is sent trades on a later one.
    Missing: a coin without a bar sends nothing; its parents wait. Spec 8, METHODS 0b.9, 0b.10.
    """
    books = state.account.ledger
    n_venues, n_coins = books.lots.shape
    gross_venue = np.zeros(n_venues)
    for v in range(n_venues):
        for c in range(n_coins):
            gross_venue[v] += abs(books.value[v, c]) * 1e-8
    for c in range(n_coins):
        if obs.market.status[t, 0, c] != Bar.TRADED.value:
            continue
        stance = stances[c]
        is_cut = stance != Stance.CLOSE.value and abs(out.target_usd[t, c]) < abs(
            out.position_usd[t, c]
        )
        if stance == Stance.CLOSE.value or (is_cut and out.reason[t, c] != Reason.NONE.value):
            is_urgent = True
        elif stance == Stance.FREE.value and out.target_usd[t, c] != 0.0:
            is_urgent = False
        else:
            _call_back(c, True, state)
            if stance != Stance.FREE.value or out.position_usd[t, c] == 0.0:
                continue
            is_urgent = True
        _order(
            t,
            k,
            c,
            is_urgent,
            equity_usd,
            votes.edge_bps[t, c],
            obs,
            setup,
            params,
            state,
            out,
            gross_venue,
        )
