"""From stances to target positions: the budget is shared, and risk limits what is added.

In: stances, sizes, edges, the account. Out: ``Decisions.target_usd`` for every coin, the cap that
bound, and the reason where a coin that passed every gate still got nothing. The optimiser shares
the budget among the coins that are free; open risk scales what is added; what breaks a limit is cut.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quorate.core import consensus
from quorate.core.account import Decisions, Params, Setup, State
from quorate.core.kernel import kernel
from quorate.core.portfolio import solve
from quorate.core.risk import breakers, limits
from quorate.core.stances import Stance
from quorate.core.types import ByteVec, Observation, Reason, Vec


class Desk(NamedTuple):
    """Working numbers of one bar, (coin,) each; weights are shares of the budget G."""

    stance: ByteVec
    mu: Vec  # percent
    lower: Vec
    upper: Vec
    held: Vec
    weight: Vec
    added_usd: Vec
    risk_usd: Vec


@kernel
def desk(n_coins: int) -> Desk:
    """Allocate the working numbers of one bar."""
    return Desk(
        np.zeros(n_coins, np.int8),
        np.zeros(n_coins),
        np.zeros(n_coins),
        np.zeros(n_coins),
        np.zeros(n_coins),
        np.zeros(n_coins),
        np.zeros(n_coins),
        np.zeros(n_coins),
    )


@kernel
def _bounds(
    t: int, budget: float, out: Decisions, votes: consensus.Out, caps: Vec, desk: Desk
) -> None:
    """Set the optimiser's bounds: a fixed coin keeps its weight, a free one may use its cap."""
    for c in range(caps.shape[0]):
        held = abs(out.position_usd[t, c]) / budget
        desk.mu[c] = 0.0
        desk.lower[c] = 0.0
        desk.upper[c] = 0.0
        desk.held[c] = 0.0
        if desk.stance[c] == Stance.FIXED.value:
            desk.lower[c] = held
            desk.upper[c] = held
            desk.held[c] = held
        elif desk.stance[c] == Stance.FREE.value:
            # percent, as the turnover penalty of Spec 7 is read (METHODS 0 row 9)
            desk.mu[c] = votes.edge_bps[t, c] * votes.confidence[t, c] / 100.0
            desk.upper[c] = caps[c] / budget
            if out.side[t, c] * out.position_usd[t, c] > 0.0:
                desk.held[c] = held
                desk.upper[c] = max(desk.upper[c], held)


@kernel
def allocate(
    t: int,
    equity_usd: float,
    obs: Observation,
    setup: Setup,
    params: Params,
    state: State,
    out: Decisions,
    votes: consensus.Out,
    desk: Desk,
) -> float:
    """Share the budget among the free coins; return the budget G in USD."""
    n_coins = setup.sector.shape[0]
    volume = np.empty(n_coins)
    sized = np.empty(n_coins)
    caps = np.empty(n_coins)
    for c in range(n_coins):
        volume[c] = obs.readings.bar_volume[t, c] * out.price[t, c]
        sized[c] = out.sized_usd[t, c] * breakers.multiplier(
            c, state.account.breakers, params.risk.breakers
        )
    budget = limits.size_caps(
        equity_usd, sized, volume, params.window_bars, params.risk.limits, caps, out.cap[t]
    )
    if not budget > 0.0:
        for c in range(n_coins):
            desk.weight[c] = 0.0
        return 0.0
    _bounds(t, budget, out, votes, caps, desk)
    out.solved[t] = solve.solve(
        desk.mu,
        desk.upper,
        desk.held,
        desk.lower,
        setup.sector,
        params.risk.limits.sector_cap_frac * equity_usd / budget,
        params.portfolio.budget,
        params.portfolio.kappa,
        params.portfolio.max_hhi,
        params.portfolio.penalty,
        desk.weight,
    )
    return budget


@kernel
def _added(t: int, budget: float, out: Decisions, desk: Desk) -> None:
    """Write what each free coin would add to the position it has on that side, USD."""
    for c in range(desk.weight.shape[0]):
        desk.added_usd[c] = 0.0
        if desk.stance[c] == Stance.FREE.value:
            held = max(0.0, out.side[t, c] * out.position_usd[t, c])
            desk.added_usd[c] = max(0.0, desk.weight[c] * budget - held)


@kernel
def risk_scale(
    t: int, day_pnl_usd: float, params: Params, state: State, out: Decisions, desk: Desk
) -> tuple[float, float]:
    r"""Return the factor on everything added, and what to keep of what is held.

    .. math:: \lambda = \min(1, \text{budget} / R_{new}), \qquad
              \sum q\,|p_{entry} - p_{stop}| \le \text{DLS}\,E_0

    Notes
    -----
    Units: fractions. Spec 5, METHODS 7.5. With a negative budget nothing is added and positions
    are cut pro rata; ``reason`` then says CUT_OPEN_RISK.
    """
    caps = params.risk.limits
    books = state.account.ledger
    stops = state.account.exits.stop
    opening = state.account.breakers.opening_usd[0]
    risk = limits.open_risk_usd(books.coins, out.price[t], stops, books.entry_price, caps)
    room = limits.open_risk_budget_usd(opening, day_pnl_usd, risk, caps)
    out.open_risk_usd[t] = risk
    out.risk_budget_usd[t] = room
    limits.new_risk_usd(desk.added_usd, out.stop_frac[t], caps.gap_allowance, desk.risk_usd)
    scale = limits.open_risk_scale(room, desk.risk_usd)
    limits.new_risk_usd(desk.added_usd, out.stop_frac[t], 0.0, desk.risk_usd)
    spent = limits.stops_usd(books.coins, stops, books.entry_price)
    strict = limits.open_risk_scale(limits.stop_budget_usd(opening, spent, caps), desk.risk_usd)
    return min(scale, strict), limits.cut_scale(room, risk)


@kernel
def shrink_net(
    t: int, equity_usd: float, obs: Observation, params: Params, out: Decisions, desk: Desk
) -> None:
    """Apply the optional caps on net and on beta exposure to what is added (0 = off)."""
    caps = params.risk.limits
    n_coins = desk.weight.shape[0]
    held = np.empty(n_coins)
    added = np.empty(n_coins)
    weight = np.ones(n_coins)
    scale = np.empty(n_coins)
    for i in range(2):
        cap = caps.net_cap_frac if i == 0 else caps.beta_cap_frac
        if cap > 0.0:
            for c in range(n_coins):
                weight[c] = 1.0 if i == 0 else obs.readings.beta[t, c]
                held[c] = out.position_usd[t, c]
                if desk.stance[c] == Stance.CLOSE.value:
                    held[c] = 0.0
                added[c] = out.side[t, c] * desk.added_usd[c]
            limits.net_scale(held, added, weight, cap * equity_usd, scale)
            for c in range(n_coins):
                if scale[c] < 1.0:
                    desk.added_usd[c] *= scale[c]
                    out.cap[t, c] = Reason.CAP_NET.value if i == 0 else Reason.CAP_BETA.value


@kernel
def cut_frac(
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
def set_targets(
    t: int,
    equity_usd: float,
    budget: float,
    obs: Observation,
    params: Params,
    state: State,
    out: Decisions,
    desk: Desk,
) -> None:
    """Write every coin's target and, where a free coin got nothing, what took it away."""
    day_pnl = breakers.day_pnl_usd(equity_usd, state.account.breakers)
    _added(t, budget, out, desk)
    shrink_net(t, equity_usd, obs, params, out, desk)
    scale, keep = risk_scale(t, day_pnl, params, state, out, desk)
    for c in range(desk.weight.shape[0]):
        position = out.position_usd[t, c]
        target = position
        out.weight[t, c] = desk.weight[c]
        if desk.stance[c] == Stance.CLOSE.value or desk.stance[c] == Stance.IDLE.value:
            target = 0.0
        elif desk.stance[c] == Stance.FREE.value:
            side = out.side[t, c]
            stays = min(max(0.0, side * position), desk.weight[c] * budget)
            target = side * (stays + scale * desk.added_usd[c])
            if target == 0.0 and side * position < 0.0:
                out.reason[t, c] = Reason.REVERSAL.value
            elif target == 0.0:
                out.reason[t, c] = _nothing(t, c, scale, out, desk)
            elif scale < 1.0 and desk.added_usd[c] > 0.0:
                out.cap[t, c] = Reason.CAP_OPEN_RISK.value
        kept = cut_frac(equity_usd, keep, position, out.gross_usd[t], params.risk.limits)
        if kept < 1.0 and abs(target) > kept * abs(position) and position != 0.0:
            target = kept * position
            out.reason[t, c] = Reason.CUT_OPEN_RISK.value if keep == kept else Reason.CUT_CAP.value
        out.target_usd[t, c] = target


@kernel
def _nothing(t: int, c: int, scale: float, out: Decisions, desk: Desk) -> int:
    """Return why a coin that passed every gate is given nothing."""
    if desk.upper[c] <= 0.0 and out.cap[t, c] != Reason.NONE.value:
        return int(out.cap[t, c])
    if out.solved[t] != 0:
        return Reason.PORTFOLIO_NOT_SOLVED.value
    if desk.weight[c] > 0.0 and scale == 0.0:
        if out.risk_budget_usd[t] < 0.0:
            return Reason.OPEN_RISK_NEGATIVE.value
        return Reason.CAP_OPEN_RISK.value
    if desk.weight[c] > 0.0:
        return int(out.cap[t, c])
    return Reason.PORTFOLIO_ZERO.value
