"""From stances to target positions: the budget is shared, and risk limits what is added.

In: stances, sizes, edges, the account. Out: a target for every coin, the cap that bound, and the
reason where a coin that passed every gate still got nothing. The optimiser shares the budget among
the coins that are free; open risk scales what is added; what breaks a limit is cut.
"""

from __future__ import annotations

import numpy as np

from quorate.core import portfolio
from quorate.core.account import Code, Column, Gauge
from quorate.core.kernel import kernel
from quorate.core.portfolio import solve
from quorate.core.risk import limits, open_risk
from quorate.core.stances import Stance
from quorate.core.types import ByteVec, IntVec, Mat, Reason, ShortMat, Vec


@kernel
def _bounds(budget: float, edge_bps: Vec, confidence: Vec, row: Mat, code: ShortMat) -> int:
    """Set the optimiser's bounds; return how many coins are free."""
    n_free = 0
    for c in range(row.shape[1]):
        held = abs(row[Column.POSITION_USD, c]) / budget
        mu = 0.0
        lower = 0.0
        upper = 0.0
        before = 0.0
        if code[Code.STANCE, c] == Stance.FIXED.value:
            lower = held
            upper = held
            before = held
        elif code[Code.STANCE, c] == Stance.FREE.value:
            n_free += 1
            # percent, as the turnover penalty of Spec 7 is read (METHODS 0 row 9)
            mu = edge_bps[c] * confidence[c] / 100.0
            upper = row[Column.CAPPED_USD, c] / budget
            if code[Code.SIDE, c] * row[Column.POSITION_USD, c] > 0.0:
                before = held
                upper = max(upper, held)
        row[Column.MU, c] = mu
        row[Column.LOWER, c] = lower
        row[Column.UPPER, c] = upper
        row[Column.HELD, c] = before
        row[Column.WEIGHT, c] = lower
    return n_free


@kernel
def allocate(
    equity_usd: float,
    bar_volume: Vec,
    edge_bps: Vec,
    confidence: Vec,
    sector: IntVec,
    window_bars: int,
    caps: limits.Params,
    shares: portfolio.Params,
    row: Mat,
    code: ShortMat,
    gauge: Vec,
) -> None:
    r"""Share the budget G among the free coins.

    .. math:: u_c = \min(0.25\,E,\; \text{sized}_c,\; \text{participation}_c) / G

    Parameters
    ----------
    equity_usd : float
        Equity at this close.
    bar_volume, edge_bps, confidence, sector
        This bar, shape (coin,); volume in coins.
    window_bars, caps, shares
        Constants.
    row, code, gauge
        This bar; weights, caps, the budget and the optimiser's code are written.

    Notes
    -----
    Units: USD, shares of G. Missing: an unknown volume allows nothing. Spec 7, METHODS 0b.8, 8.
    """
    n_coins = row.shape[1]
    volume_usd = np.empty(n_coins)
    sized = np.empty(n_coins)
    for c in range(n_coins):
        volume_usd[c] = bar_volume[c] * row[Column.PRICE, c]
        sized[c] = row[Column.SIZED_USD, c]
    budget = limits.size_caps(
        equity_usd,
        sized,
        volume_usd,
        window_bars,
        caps,
        row[Column.CAPPED_USD],
        code[Code.CAP],
    )
    gauge[Gauge.BUDGET_USD] = budget
    gauge[Gauge.SOLVED] = 0.0
    if not budget > 0.0:
        for c in range(n_coins):
            row[Column.WEIGHT, c] = 0.0
            row[Column.UPPER, c] = 0.0
        return
    if _bounds(budget, edge_bps, confidence, row, code) > 0:
        gauge[Gauge.SOLVED] = solve.solve(
            row[Column.MU],
            row[Column.UPPER],
            row[Column.HELD],
            row[Column.LOWER],
            sector,
            caps.sector_cap_frac * equity_usd / budget,
            shares.budget,
            shares.kappa,
            shares.max_hhi,
            shares.penalty,
            row[Column.WEIGHT],
        )


@kernel
def _added(budget: float, row: Mat, code: ShortMat) -> None:
    """Write what each free coin would add to the position it has on that side, USD."""
    for c in range(row.shape[1]):
        row[Column.ADDED_USD, c] = 0.0
        if code[Code.STANCE, c] == Stance.FREE.value:
            held = max(0.0, code[Code.SIDE, c] * row[Column.POSITION_USD, c])
            row[Column.ADDED_USD, c] = max(0.0, row[Column.WEIGHT, c] * budget - held)


@kernel
def _shrink_net(cap_usd: float, weight: Vec, reason: int, row: Mat, code: ShortMat) -> None:
    """Apply an optional cap on net or beta exposure to what is added."""
    n_coins = row.shape[1]
    held = np.empty(n_coins)
    added = np.empty(n_coins)
    scale = np.empty(n_coins)
    for c in range(n_coins):
        held[c] = row[Column.POSITION_USD, c]
        if code[Code.STANCE, c] == Stance.CLOSE.value:
            held[c] = 0.0
        added[c] = code[Code.SIDE, c] * row[Column.ADDED_USD, c]
    limits.net_scale(held, added, weight, cap_usd, scale)
    for c in range(n_coins):
        if scale[c] < 1.0:
            row[Column.ADDED_USD, c] *= scale[c]
            code[Code.CAP, c] = reason


@kernel
def _fit_gross(
    equity_usd: float, can_short: ByteVec, caps: limits.Params, row: Mat, code: ShortMat, gauge: Vec
) -> None:
    """Keep what is added within the room that gross exposure leaves, on this bar.

    What is being reduced counts until it is gone: the money it frees is spent on a later bar.
    Spot is paid in full, so its room is the committed capital, whatever the leverage.
    """
    spot = 0.0
    added = 0.0
    added_spot = 0.0
    for c in range(row.shape[1]):
        added += row[Column.ADDED_USD, c]
        if can_short[c] == 0:
            spot += abs(row[Column.POSITION_USD, c])
            added_spot += row[Column.ADDED_USD, c]
    scale = limits.open_scale(gauge[Gauge.BUDGET_USD] - gauge[Gauge.GROSS_USD], added)
    paid = limits.open_scale(caps.committed_frac * equity_usd - spot, scale * added_spot)
    for c in range(row.shape[1]):
        factor = scale * paid if can_short[c] == 0 else scale
        if factor < 1.0 and row[Column.ADDED_USD, c] > 0.0:
            row[Column.ADDED_USD, c] *= factor
            code[Code.CAP, c] = Reason.CAP_GROSS.value


@kernel
def _risk_scale(
    opening_usd: float,
    equity_usd: float,
    coins: Vec,
    mark: Vec,
    entry: Vec,
    stop: Vec,
    caps: limits.Params,
    row: Mat,
    gauge: Vec,
    scale: Vec,
) -> float:
    r"""Write the factor on what each coin adds; return what to keep of what is held.

    .. math:: \lambda = \min(1, \text{budget} / R_{new}), \qquad
              \sum q\,|p_{entry} - p_{stop}| \le \text{DLS}\,E_0
    """
    risk = open_risk.risk_usd(coins, mark, stop, entry, caps)
    room = open_risk.budget_usd(opening_usd, equity_usd - opening_usd, risk, caps)
    gauge[Gauge.OPEN_RISK_USD] = risk
    gauge[Gauge.RISK_BUDGET_USD] = room
    added, at_risk = row[Column.ADDED_USD], row[Column.RISK_USD]
    # an entry's own cost is part of the day's loss, or the next bar would cut it again
    lost = np.empty(coins.shape[0])
    for c in range(coins.shape[0]):
        lost[c] = row[Column.STOP_FRAC, c] + row[Column.COST_BPS, c] * 1e-4
    open_risk.new_risk_usd(added, lost, caps.gap_allowance, at_risk)
    at_stops = np.empty(coins.shape[0])
    open_risk.new_risk_usd(added, row[Column.STOP_FRAC], 0.0, at_stops)
    strict_room = open_risk.stop_budget_usd(
        opening_usd, open_risk.stops_usd(coins, stop, entry), caps
    )
    if caps.open_risk == open_risk.OpenRisk.GREEDY:
        for c in range(coins.shape[0]):
            lost[c] = row[Column.MU, c] / lost[c]  # edge over risk, a dollar alike
        open_risk.greedy(room, strict_room, at_risk, at_stops, lost, scale)
    else:
        factor = min(open_risk.pro_rata(room, at_risk), open_risk.pro_rata(strict_room, at_stops))
        for c in range(coins.shape[0]):
            scale[c] = factor
    return open_risk.cut_scale(room, risk)


@kernel
def _kept(
    equity_usd: float, keep: float, position_usd: float, gross_usd: float, caps: limits.Params
) -> float:
    """Return what to keep of a position: the least of open risk, coin cap and leverage."""
    size = abs(position_usd)
    coin = caps.coin_cap_frac * equity_usd
    if size > coin:
        keep = min(keep, max(0.0, coin) / size)
    most = caps.max_leverage * equity_usd
    if gross_usd > most:
        keep = min(keep, max(0.0, most) / gross_usd)
    return keep


@kernel
def _nothing(c: int, scale: float, row: Mat, code: ShortMat, gauge: Vec) -> int:
    """Return why a coin that passed every gate is given nothing."""
    if row[Column.UPPER, c] <= 0.0 and code[Code.CAP, c] != Reason.NONE.value:
        return int(code[Code.CAP, c])
    if gauge[Gauge.SOLVED] != 0.0:
        return Reason.PORTFOLIO_NOT_SOLVED.value
    if row[Column.WEIGHT, c] > 0.0 and scale == 0.0:
        if gauge[Gauge.RISK_BUDGET_USD] < 0.0:
            return Reason.OPEN_RISK_NEGATIVE.value
        return Reason.CAP_OPEN_RISK.value
    if row[Column.WEIGHT, c] > 0.0:
        return int(code[Code.CAP, c])
    return Reason.PORTFOLIO_ZERO.value


@kernel
def settle(
    equity_usd: float,
    opening_usd: float,
    coins: Vec,
    mark: Vec,
    entry: Vec,
    stop: Vec,
    beta: Vec,
    can_short: ByteVec,
    caps: limits.Params,
    row: Mat,
    code: ShortMat,
    gauge: Vec,
) -> None:
    """Write every coin's target and, where a free coin got nothing, what took it away.

    Parameters
    ----------
    equity_usd, opening_usd : float
        Equity at this close, and at 00:00 UTC.
    coins, mark, entry, stop, beta
        Signed position, mark price, average entry, stop and beta to BTC, shape (coin,).
    can_short : ByteVec
        1 for a perpetual, 0 for spot, shape (coin,).
    caps : limits.Params
        Limits.
    row, code, gauge
        This bar.

    Notes
    -----
    Units: USD. Causal: this bar. Missing: an unknown stop puts the whole notional at risk.
    A negative open-risk budget adds nothing and cuts positions pro rata. Spec 5, METHODS 7.4, 7.5.
    """
    budget = gauge[Gauge.BUDGET_USD]
    _added(budget, row, code)
    if caps.net_cap_frac > 0.0:
        ones = np.ones(row.shape[1])
        _shrink_net(caps.net_cap_frac * equity_usd, ones, Reason.CAP_NET.value, row, code)
    if caps.beta_cap_frac > 0.0:
        _shrink_net(caps.beta_cap_frac * equity_usd, beta, Reason.CAP_BETA.value, row, code)
    _fit_gross(equity_usd, can_short, caps, row, code, gauge)
    scale = np.empty(row.shape[1])
    keep = _risk_scale(opening_usd, equity_usd, coins, mark, entry, stop, caps, row, gauge, scale)
    gross = gauge[Gauge.GROSS_USD]
    for c in range(row.shape[1]):
        position = row[Column.POSITION_USD, c]
        stance = code[Code.STANCE, c]
        target = position
        if stance == Stance.CLOSE.value or stance == Stance.IDLE.value:
            target = 0.0
        elif stance == Stance.FREE.value:
            side = code[Code.SIDE, c]
            stays = min(max(0.0, side * position), row[Column.WEIGHT, c] * budget)
            # breakers come last: half of what every cap allows, not of what they then cut anyway
            allowed = row[Column.MULTIPLIER, c] * (stays + scale[c] * row[Column.ADDED_USD, c])
            target = side * max(stays, allowed)
            if target == 0.0 and side * position < 0.0:
                code[Code.REASON, c] = Reason.REVERSAL.value
            elif target == 0.0:
                code[Code.REASON, c] = _nothing(c, scale[c], row, code, gauge)
            elif row[Column.MULTIPLIER, c] < 1.0 and row[Column.ADDED_USD, c] > 0.0:
                code[Code.CAP, c] = code[Code.BREAKER, c]
            elif scale[c] < 1.0 and row[Column.ADDED_USD, c] > 0.0:
                code[Code.CAP, c] = Reason.CAP_OPEN_RISK.value
        if position != 0.0:
            kept = _kept(equity_usd, keep, position, gross, caps)
            if kept < 1.0 and target * position > 0.0 and abs(target) > kept * abs(position):
                target = kept * position
                code[Code.REASON, c] = Reason.CUT_CAP.value
                if kept == keep:
                    code[Code.REASON, c] = Reason.CUT_OPEN_RISK.value
        row[Column.TARGET_USD, c] = target
