"""From targets to parent orders: what is sent, where, how, and what is called back.

In: targets with their stances, positions, orders at work. Out: ``types.Orders`` in force, the lots
sent, and the action and final reason of every coin. An unfinished entry is called back when its
coin is no longer free; exits are priced anew on every bar until they are done.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from quorate.core.account import Code, Column, Rules
from quorate.core.costs import components
from quorate.core.kernel import inlined, kernel
from quorate.core.routing import Params, orders, price, rank, split, style
from quorate.core.stances import EXITS_ONLY, Stance
from quorate.core.types import (
    Action,
    Bar,
    ByteMat,
    ByteVec,
    IntMat,
    IntVec,
    Mat,
    Orders,
    Placement,
    Reason,
    ShortMat,
    Vec,
    Venues,
)


class Quotes(NamedTuple):
    """What every venue shows at this close, shape (venue, coin); ``sigma_daily`` (coin,)."""

    close: Mat
    volume: Mat
    spread_bps: Mat
    status: ByteMat
    sigma_daily: Vec


class Desk(NamedTuple):
    """What the router reads of one bar beside the quotes.

    ``position`` and ``working`` in lots, (venue, coin); ``planned_frac`` the stop distance of the
    next entry; ``room_usd`` (venue,) what each venue may still take; ``lasting`` (regime,) how
    persistent signals are; ``sent`` (venue, coin) the lots of this bar.
    """

    position: IntMat
    working: IntMat
    planned_frac: Vec
    entry_edge_bps: Vec
    room_usd: Vec
    lasting: Vec
    bar_volume: Vec
    sent: IntMat


@kernel
def venue_scores(
    c: int,
    order_usd: float,
    costs: components.Params,
    window_hours: float,
    quotes: Quotes,
    venues: Venues,
    params: Params,
    out: Vec,
) -> int:
    """Write the score of every venue for a coin; return the best one that trades it, else 0.

    Notes
    -----
    Units: [0, 1]; under ``Ranking.COST`` minus the bps that crossing there would cost, fee
    included. The volume of the closed bar, at the largest participation, stands for depth;
    no queue is known from bars, so its term is the same everywhere. Missing: a venue without a
    bar scores NaN and is not chosen. Spec 8, METHODS 9.1.
    """
    best = 0
    for v in range(out.shape[0]):
        out[v] = math.nan
        if venues.listed[v, c] == 1 and quotes.status[v, c] == Bar.TRADED.value:
            volume_usd = quotes.volume[v, c] * quotes.close[v, c]
            if params.ranking == rank.Ranking.COST:
                share = components.participation(order_usd, volume_usd)
                leg = components.one_way(
                    quotes.spread_bps[v, c],
                    share,
                    venues.taker_bps[v],
                    venues.latency_ms[v],
                    quotes.sigma_daily[c],
                    window_hours,
                    costs,
                )
                out[v] = -components.one_way_bps(leg)
            else:
                depth = costs.max_participation * volume_usd
                out[v] = rank.score(
                    quotes.spread_bps[v, c],
                    0.0,
                    venues.latency_ms[v],
                    venues.reliability[v],
                    depth / order_usd if order_usd > 0.0 else 1.0,
                    params,
                )
            if math.isnan(out[best]) or out[v] > out[best]:
                best = v
    return best


@kernel
def _call_back(c: int, side: int, only_entries: bool, orders_: Orders, working: IntMat) -> None:
    """Take the parents of a coin out of force: all, or those that would add to its position."""
    for v in range(working.shape[0]):
        left = working[v, c]
        if left != 0 and (not only_entries or side == 0 or left * side > 0):
            orders.cancel(v, c, orders_, working)


@kernel
def adds(working: int, held: int) -> bool:
    """Say whether what is at work on a venue would make the position there larger."""
    return working != 0 and working * held >= 0


@inlined
def _give_back(c: int, quotes: Quotes, venues: Venues, desk: Desk) -> None:
    """Return to each venue the room that this coin's own entries at work have taken."""
    for v in range(desk.room_usd.shape[0]):
        if adds(desk.working[v, c], desk.position[v, c]) and quotes.close[v, c] > 0.0:
            size = abs(desk.working[v, c]) * venues.lot[v, c] * quotes.close[v, c]
            desk.room_usd[v] += size


@inlined
def _place(
    k: int,
    v: int,
    c: int,
    lots: int,
    is_urgent: bool,
    reason: int,
    lasting: float,
    window_bars: int,
    exit_collar_bps: float,
    quotes: Quotes,
    venues: Venues,
    params: Params,
    desk: Desk,
    orders_: Orders,
) -> tuple[float, int]:
    """Put one parent in force on one venue; return its signed size in USD and its style."""
    side = 1 if lots > 0 else -1
    close = quotes.close[v, c]
    spread = quotes.spread_bps[v, c]
    tick = venues.tick[v, c]
    order_usd = abs(lots) * venues.lot[v, c] * close
    volume = desk.bar_volume[c] * close
    schedule, placement, is_iceberg, word = style.style(
        order_usd, volume * window_bars, lasting, spread, is_urgent, params
    )
    if placement == Placement.POST_ONLY.value:
        limit = price.resting(close, side, spread, tick)
    else:
        collar = exit_collar_bps if is_urgent else params.collar_bps
        limit = price.collared(close, side, collar, tick)
    display = 0
    if is_iceberg:
        display = max(1, int(abs(lots) * params.display_frac))
    sent = orders.place(
        v,
        c,
        lots,
        close,
        limit,
        k,
        style.n_bars(schedule, order_usd, volume, params),
        k + 1 + params.timeout_bars,
        schedule,
        placement,
        word,
        display,
        params.participation,
        params.urgency,
        is_urgent,
        reason,
        orders_,
        desk.working,
    )
    if not sent:
        return 0.0, word
    desk.sent[v, c] = lots
    return side * order_usd, word


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
def _nothing_sent(position_usd: float, target_usd: float, score: Vec, room_usd: Vec) -> int:
    """Name why a change left no whole lot on any venue."""
    if abs(target_usd) > abs(position_usd):
        for v in range(room_usd.shape[0]):
            if not math.isnan(score[v]) and room_usd[v] < abs(target_usd - position_usd):
                return Reason.CAP_VENUE.value
    return Reason.BELOW_MINIMUM.value if position_usd == 0.0 else Reason.BELOW_CHANGE.value


@inlined
def _order(
    k: int,
    c: int,
    is_urgent: bool,
    edge_bps: float,
    lasting: float,
    costs: components.Params,
    rules: Rules,
    quotes: Quotes,
    venues: Venues,
    params: Params,
    desk: Desk,
    orders_: Orders,
    row: Mat,
    code: ShortMat,
) -> None:
    """Order what separates a coin from its target."""
    n_venues = desk.position.shape[0]
    position = row[Column.POSITION_USD, c]
    target = row[Column.TARGET_USD, c]
    close = row[Column.PRICE, c]
    if position * target < 0.0:
        # the old side is closed at once, and the new one opens when it is gone: one order for both
        # could go on through zero after its signal is
        target = 0.0
        row[Column.TARGET_USD, c] = 0.0
        code[Code.REASON, c] = Reason.REVERSAL.value
        is_urgent = True
    if abs(target) <= abs(position):
        _call_back(c, 1 if position > 0.0 else -1, True, orders_, desk.working)
    working = 0.0
    if not is_urgent:
        for v in range(n_venues):
            working += desk.working[v, c] * venues.lot[v, c] * close
    change, refused = orders.parent_change(
        target, position, working, venues.min_notional[0, c], params.min_change_frac, is_urgent
    )
    if change == 0.0:
        if refused == Reason.NONE.value:
            refused = Reason.HOLDING.value
        if code[Code.REASON, c] == Reason.NONE.value:
            code[Code.REASON, c] = refused
        return
    _give_back(c, quotes, venues, desk)
    _call_back(c, 0, False, orders_, desk.working)
    lots: IntVec = np.zeros(n_venues, np.int64)
    score = np.empty(n_venues)
    wanted = target - position
    window = rules.bar_hours * rules.window_bars
    venue_scores(c, abs(wanted), costs, window, quotes, venues, params, score)
    split.split(wanted / close, c, close, desk.position, score, desk.room_usd, venues, lots)
    reason = _sent_reason(int(code[Code.REASON, c]), position, target)
    if position == 0.0:
        desk.planned_frac[c] = row[Column.STOP_FRAC, c]
        desk.entry_edge_bps[c] = edge_bps
    # what reduces risk takes at once (METHODS 9.2), a rebalance down as well
    is_less = abs(target) < abs(position)
    for v in range(n_venues):
        if lots[v] != 0:
            size, word = _place(
                k,
                v,
                c,
                lots[v],
                is_less,
                reason,
                lasting,
                rules.window_bars,
                rules.exit_collar_bps,
                quotes,
                venues,
                params,
                desk,
                orders_,
            )
            row[Column.SIZE_USD, c] += size
            desk.room_usd[v] -= abs(size)
            code[Code.VENUE, c] = v
            code[Code.STYLE, c] = word
    if row[Column.SIZE_USD, c] == 0.0:
        code[Code.REASON, c] = _nothing_sent(position, target, score, desk.room_usd)
        return
    code[Code.REASON, c] = reason
    is_buy = row[Column.SIZE_USD, c] > 0.0
    code[Code.ACTION, c] = Action.BUY.value if is_buy else Action.SELL.value


@inlined
def send(
    k: int,
    status: ByteVec,
    edge_bps: Vec,
    regime: ByteVec,
    costs: components.Params,
    rules: Rules,
    quotes: Quotes,
    venues: Venues,
    params: Params,
    desk: Desk,
    orders_: Orders,
    row: Mat,
    code: ShortMat,
) -> None:
    """Turn every target into parents, coin by coin.

    Parameters
    ----------
    k : int
        Bar counter.
    status, edge_bps, regime
        This bar, shape (coin,); ``status`` from ``stances.tradable``.
    costs, rules, params
        Constants.
    quotes, venues, desk, orders_
        What each venue shows and is, what is held and at work; parents are written.
    row, code : Mat, ShortMat
        This bar.

    Notes
    -----
    Units: signed lots. Causal: the closes of this bar; what is sent trades on a later one.
    Missing: a coin without a bar sends nothing; its parents wait, unless a control or a breaker
    forbids entries, or another venue could go on without the primary. Spec 8, METHODS 0b.9, 0b.10.
    """
    for c in range(row.shape[1]):
        stance = code[Code.STANCE, c]
        target = row[Column.TARGET_USD, c]
        position = row[Column.POSITION_USD, c]
        is_less = abs(target) < abs(position) and target * position >= 0.0
        side = 0 if position == 0.0 else (1 if position > 0.0 else -1)
        if status[c] != Bar.TRADED.value:
            # entries wait for the next bar, but not where people or a breaker forbid them, nor
            # where another venue would go on with what this bar cannot confirm
            is_forbidden = code[Code.CONTROL, c] != Reason.NONE.value
            if is_forbidden or row[Column.MULTIPLIER, c] == 0.0 or desk.room_usd.shape[0] > 1:
                _call_back(c, side, True, orders_, desk.working)
            if not (status[c] == EXITS_ONLY and is_less):
                continue
        if stance == Stance.FREE.value and target != 0.0:
            # a cut of a breached limit cannot wait; what the optimiser takes back can
            is_urgent = code[Code.REASON, c] != Reason.NONE.value
        elif is_less:
            is_urgent = True
        else:
            _call_back(c, side, True, orders_, desk.working)
            continue
        _order(
            k,
            c,
            is_urgent,
            edge_bps[c],
            desk.lasting[regime[c]],
            costs,
            rules,
            quotes,
            venues,
            params,
            desk,
            orders_,
            row,
            code,
        )
