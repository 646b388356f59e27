"""What each coin may do on this bar, and why it may not.

In: scores, costs, exits, breakers, controls. Out: a stance for every coin, its side, and the reason
of the first gate that said no. A reduction is never blocked by a gate, a quorum, an approval or a
breaker; a held coin below the threshold is left as it is (METHODS 0b.9).
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from quorate.core import consensus
from quorate.core.account import Decisions, Params, Setup, State
from quorate.core.costs import components, gate
from quorate.core.kernel import kernel
from quorate.core.risk import breakers, exits
from quorate.core.types import Bar, ByteVec, Controls, Hazard, Observation, Reason


class Stance(IntEnum):
    """What is open to a coin on a bar."""

    IDLE = 0  # flat, and stays so
    FIXED = 1  # held, and left as it is
    FREE = 2  # the optimiser decides
    CLOSE = 3  # out, in full


@kernel
def control_reason(t: int, c: int, controls: Controls, depeg_frac: float) -> int:
    """Return what people, the universe or the quote currency say against an entry, or NONE."""
    if controls.kill[t] != 0:
        return Reason.KILLED.value
    if controls.pause[t] != 0:
        return Reason.PAUSED.value
    if controls.block[t, c] != 0 or controls.flatten[t, c] != 0:
        return Reason.BLOCKED.value
    if controls.member[t, c] == 0:
        return Reason.NOT_MEMBER.value
    if not abs(controls.quote_usd[t] - 1.0) <= depeg_frac:
        return Reason.DEPEG.value
    return Reason.NONE.value


@kernel
def entry_reason(
    t: int,
    k: int,
    c: int,
    side: int,
    obs: Observation,
    setup: Setup,
    params: Params,
    state: State,
    out: Decisions,
    votes: consensus.Out,
) -> int:
    """Return the first gate that forbids this coin to be entered or added to, or NONE."""
    reason = control_reason(t, c, obs.controls, params.depeg_frac)
    if reason != Reason.NONE.value:
        return reason
    if obs.readings.hazards[t, c] & Hazard.ILLIQUID.value:
        return Reason.ILLIQUID.value
    if side < 0 and setup.can_short[c] == 0:
        return Reason.SHORT_NOT_ALLOWED.value
    if breakers.multiplier(c, state.account.breakers, params.risk.breakers) == 0.0:
        return breakers.reason(c, state.account.breakers)
    if exits.is_cooling(c, side, k, state.account.exits):
        return Reason.COOLDOWN.value
    if not out.sized_usd[t, c] > 0.0:
        return Reason.KELLY_NOT_POSITIVE.value
    edge = votes.edge_bps[t, c]
    if not gate.clears(edge, out.cost_bps[t, c], params.costs.safety_margin_bps):
        return Reason.EDGE_BELOW_COST.value
    return Reason.NONE.value


@kernel
def carry_reason(
    t: int,
    k: int,
    c: int,
    side: int,
    obs: Observation,
    params: Params,
    state: State,
    exit_bps: float,
) -> int:
    r"""Return CARRY_TURNED if holding on costs more than leaving (METHODS 6.7), else NONE.

    On bars that close on the hour, with the edge left falling linearly over the horizon:

    .. math:: \text{edge left} + \text{carry} < -c_{exit}
    """
    if k % params.bars_per_hour != 0:
        return Reason.NONE.value
    left = 1.0 - (k - state.account.exits.clock_k[c]) / params.risk.exits.horizon_bars
    remaining = state.entry_edge_bps[c] * left if left > 0.0 else 0.0
    carry = -components.funding_bps(
        side,
        obs.readings.funding_bps[t, c],
        params.horizon_hours,
        obs.readings.funding_hours[t, c],
    )
    turned = carry < -remaining or carry < -params.carry_turn_bps
    if turned and remaining + carry < -exit_bps:
        return Reason.CARRY_TURNED.value
    return Reason.NONE.value


@kernel
def exit_reason(
    t: int,
    k: int,
    c: int,
    side: int,
    signal: int,
    edge_bps: float,
    obs: Observation,
    params: Params,
    state: State,
    out: Decisions,
) -> int:
    """Return why a held coin must be closed on this bar, or NONE."""
    controls = obs.controls
    leaving = state.account.exits
    close = out.price[t, c]
    if controls.kill[t] != 0 or controls.flatten[t, c] != 0:
        return Reason.EXIT_CONTROL.value
    if controls.member[t, c] == 0:
        return Reason.EXIT_UNIVERSE.value
    if side * (close - leaving.stop[c]) <= 0.0:
        return Reason.EXIT_STOP.value
    if signal == -side:
        return Reason.REVERSAL.value
    if exits.is_due(c, k, params.risk.exits, leaving):
        if signal != side:
            return Reason.EXIT_TIME.value
        exits.restart(c, k, leaving)
        state.entry_edge_bps[c] = edge_bps
    half = 0.5 * (out.cost_bps[t, c] - out.funding_bps[t, c])
    return carry_reason(t, k, c, side, obs, params, state, half)


@kernel
def take(
    t: int,
    k: int,
    obs: Observation,
    setup: Setup,
    params: Params,
    state: State,
    out: Decisions,
    votes: consensus.Out,
    stances: ByteVec,
) -> None:
    """Write each coin's stance, side and, where it waits, the reason."""
    for c in range(setup.sector.shape[0]):
        status = obs.market.status[t, 0, c]
        signal = int(votes.signal[t, c])
        held = int(state.account.exits.side[c])
        reason = int(votes.reason[t, c])
        stance = Stance.IDLE.value if held == 0 else Stance.FIXED.value
        side = held
        if status != Bar.TRADED.value:
            reason = Reason.NO_DATA.value if status == Bar.ABSENT.value else Reason.IMPUTED.value
        else:
            leave = Reason.NONE.value
            if held != 0:
                leave = exit_reason(
                    t, k, c, held, signal, votes.edge_bps[t, c], obs, params, state, out
                )
            if leave != Reason.NONE.value:
                stance = Stance.CLOSE.value
                reason = leave
            elif held != 0 and signal == 0:
                reason = Reason.HOLDING.value
            if signal != 0 and (leave == Reason.NONE.value or leave == Reason.REVERSAL.value):
                refused = entry_reason(t, k, c, signal, obs, setup, params, state, out, votes)
                if refused == Reason.NONE.value:
                    stance = Stance.FREE.value
                    side = signal
                    reason = Reason.NONE.value
                elif leave == Reason.NONE.value:
                    reason = refused
                elif setup.can_short[c] == 0:
                    reason = Reason.EXIT_SIGNAL.value
        stances[c] = stance
        out.side[t, c] = side
        out.reason[t, c] = reason
