"""What each coin may do on this bar, and why it may not.

In: signals, edges, costs, exits, what breakers and controls say. Out: a stance for every coin, its
side, and the reason of the first gate that said no. A reduction is never blocked by a gate, a
quorum, an approval or a breaker; a held coin below the threshold is left as it is (METHODS 0b.9).
"""

from __future__ import annotations

import math
from enum import IntEnum

from quorate.core.account import Code, Column, Rules
from quorate.core.costs import components, gate
from quorate.core.kernel import inlined, kernel
from quorate.core.risk import exits
from quorate.core.types import (
    Bar,
    ByteMat,
    ByteVec,
    Controls,
    Hazard,
    IntMat,
    Mat,
    Reason,
    ShortMat,
    ShortVec,
    Vec,
)

EXITS_ONLY = 3
"""In place of a ``Bar`` status: the primary venue is silent, but one that holds the coin trades."""


class Stance(IntEnum):
    """What is open to a coin on a bar."""

    IDLE = 0  # flat, and stays so
    FIXED = 1  # held, and left as it is
    FREE = 2  # the optimiser decides
    CLOSE = 3  # out, in full


@kernel
def tradable(status: ByteMat, close: Mat, lots: IntMat, price: Vec, out: ByteVec) -> None:
    """Write each coin's status on the primary venue, or ``EXITS_ONLY`` where only a holder trades.

    Parameters
    ----------
    status, close, lots
        This bar and what is held, shape (venue, coin).
    price : Vec
        Written where the primary venue is silent: the close of the venue that trades, (coin,).
    out : ByteVec
        Written, shape (coin,).

    Notes
    -----
    Units: ``Bar``. Causal: this bar. Missing: as the status says. METHODS 0b.9.
    """
    for c in range(out.shape[0]):
        out[c] = status[0, c]
        if out[c] == Bar.TRADED.value:
            continue
        for v in range(1, lots.shape[0]):
            if lots[v, c] != 0 and status[v, c] == Bar.TRADED.value:
                out[c] = EXITS_ONLY
                price[c] = close[v, c]


@inlined
def controls(t: int, asked: Controls, depeg_frac: float, code: ShortMat) -> None:
    """Write what people, the universe and the quote currency say against entering and for leaving.

    Notes
    -----
    Units: ``Reason`` codes. Causal: controls of this bar. Missing: an unknown USD price of the
    quote currency counts as a depeg. METHODS 0b.9, RELIABILITY 4.
    """
    everyone = Reason.NONE.value
    if asked.kill[t] != 0:
        everyone = Reason.KILLED.value
    elif asked.pause[t] != 0:
        everyone = Reason.PAUSED.value
    depeg = not abs(asked.quote_usd[t] - 1.0) <= depeg_frac
    block, flatten, member = asked.block[t], asked.flatten[t], asked.member[t]
    for c in range(code.shape[1]):
        enter = everyone
        leave = Reason.NONE.value
        if member[c] == 0:
            enter = Reason.NOT_MEMBER.value
            leave = Reason.EXIT_UNIVERSE.value
        elif enter == Reason.NONE.value and (block[c] != 0 or flatten[c] != 0):
            enter = Reason.BLOCKED.value
        elif enter == Reason.NONE.value and depeg:
            enter = Reason.DEPEG.value
        if asked.kill[t] != 0 or flatten[c] != 0:
            leave = Reason.EXIT_CONTROL.value
        code[Code.CONTROL, c] = enter
        code[Code.LEAVE, c] = leave


@kernel
def entry_reason(
    control: int,
    breaker: int,
    multiplier: float,
    hazards: int,
    is_cooling: bool,
    is_short_refused: bool,
    sized_usd: float,
    edge_bps: float,
    cost_bps: float,
    margin_bps: float,
) -> int:
    """Return the first gate that forbids a coin to be entered or added to, or NONE."""
    if control != Reason.NONE.value:
        return control
    if hazards & Hazard.ILLIQUID.value:
        return Reason.ILLIQUID.value
    if is_short_refused:
        return Reason.SHORT_NOT_ALLOWED.value
    if multiplier == 0.0:
        return breaker
    if is_cooling:
        return Reason.COOLDOWN.value
    if not gate.clears(edge_bps, cost_bps, margin_bps):
        return Reason.EDGE_BELOW_COST.value
    if not sized_usd > 0.0:
        return Reason.KELLY_NOT_POSITIVE.value
    return Reason.NONE.value


@inlined
def carry_reason(
    side: int,
    remaining_bps: float,
    funding_bps: float,
    funding_hours: float,
    exit_bps: float,
    rules: Rules,
) -> int:
    r"""Return CARRY_TURNED if holding on costs more than leaving, else NONE.

    .. math:: \text{edge left} + \text{carry} < -c_{exit}

    Notes
    -----
    Units: bps. Asked on bars that close on the hour, once carry falls below minus the edge left,
    or turns against the position by more than 1 bp. Missing: unknown funding never turns.
    Spec 15, METHODS 6.7.
    """
    carry = -components.funding_bps(side, funding_bps, rules.horizon_hours, funding_hours)
    turned = carry < -remaining_bps or carry < -rules.carry_turn_bps
    if turned and remaining_bps + carry < -exit_bps:
        return Reason.CARRY_TURNED.value
    return Reason.NONE.value


@kernel
def keeps(score: Vec, sigma: Vec, k_out: float, out: ByteVec) -> None:
    r"""Write the side whose score has not faded, for hysteresis.

    .. math:: \text{sign}(S) \text{ where } |S| > k_{out}\,\sigma_S, \text{ else } 0

    Notes
    -----
    Units: sides. Causal: this bar. Missing: an unknown sigma gives ``exits.UNKNOWN``, which ends
    nothing. METHODS 3.3.
    """
    for c in range(score.shape[0]):
        out[c] = 0
        if math.isnan(sigma[c]):
            out[c] = exits.UNKNOWN
        elif abs(score[c]) > k_out * sigma[c]:
            out[c] = 1 if score[c] > 0.0 else -1


@kernel
def exit_reason(
    side: int, signal: int, leave: int, price: float, stop: float, is_due: bool, k_out: float
) -> int:
    """Return why a held coin must be closed on this bar, or NONE."""
    if leave != Reason.NONE.value:
        return leave
    if side * (price - stop) <= 0.0:
        return Reason.EXIT_STOP.value
    if signal == -side:
        return Reason.REVERSAL.value
    if is_due and signal != side:
        return Reason.EXIT_SIGNAL.value if k_out > 0.0 else Reason.EXIT_TIME.value
    return Reason.NONE.value


@inlined
def take(
    k: int,
    signal: ByteVec,
    kept: ByteVec,
    voted: ShortVec,
    edge_bps: Vec,
    status: ByteVec,
    hazards: ByteVec,
    funding_bps: Vec,
    funding_hours: Vec,
    can_short: ByteVec,
    margin_bps: float,
    rules: Rules,
    leaving: exits.State,
    exit_params: exits.Params,
    entry_edge_bps: Vec,
    row: Mat,
    code: ShortMat,
) -> None:
    """Write each coin's stance and side, and the reason where it waits or leaves.

    Parameters
    ----------
    k : int
        Bar counter.
    signal, voted, edge_bps
        Rows of ``consensus.Out``, shape (coin,).
    kept : ByteVec
        From ``keeps``, shape (coin,).
    status, hazards, funding_bps, funding_hours, can_short
        This bar, shape (coin,).
    margin_bps, rules, exit_params
        Constants.
    leaving, entry_edge_bps
        Exits and the edge of each entry; clocks restart here.
    row, code : Mat, ShortMat
        ``Column`` and ``Code`` of this bar; read and written.

    Notes
    -----
    Units: as ``Column``. Causal: this bar. Missing: a bar that is not traded decides nothing.
    METHODS 0b.2, 0b.9.
    """
    held, stop, clock_k = leaving.side, leaving.stop, leaving.clock_k
    cooldown_k, horizon = leaving.cooldown_k, exit_params.horizon_bars
    on_the_hour = k % rules.bars_per_hour == 0
    for c in range(held.shape[0]):
        side = held[c]
        wants = signal[c]
        code[Code.SIDE, c] = side
        code[Code.STANCE, c] = Stance.IDLE.value if side == 0 else Stance.FIXED.value
        if status[c] != Bar.TRADED.value:
            code[Code.REASON, c] = Reason.IMPUTED.value
            if status[c] == Bar.ABSENT.value:
                code[Code.REASON, c] = Reason.NO_DATA.value
            if status[c] == EXITS_ONLY and side != 0:
                code[Code.REASON, c] = Reason.HOLDING.value
                leave = exit_reason(
                    side,
                    0,
                    code[Code.LEAVE, c],
                    row[Column.PRICE, c],
                    stop[c],
                    exits.is_due(side, kept[c], k - clock_k[c], exit_params),
                    exit_params.k_out,
                )
                if leave != Reason.NONE.value:
                    code[Code.STANCE, c] = Stance.CLOSE.value
                    code[Code.REASON, c] = leave
            continue
        code[Code.REASON, c] = voted[c]
        if side == 0 and wants == 0:
            if code[Code.CONTROL, c] == Reason.NOT_MEMBER.value:
                code[Code.REASON, c] = Reason.NOT_MEMBER.value
            continue
        leave = Reason.NONE.value
        if side != 0:
            is_due = exits.is_due(side, kept[c], k - clock_k[c], exit_params)
            leave = exit_reason(
                side,
                wants,
                code[Code.LEAVE, c],
                row[Column.PRICE, c],
                stop[c],
                is_due,
                exit_params.k_out,
            )
            if is_due and wants == side:
                clock_k[c] = k
                entry_edge_bps[c] = edge_bps[c]
            if leave == Reason.NONE.value and on_the_hour:
                left = 1.0 - (k - clock_k[c]) / horizon
                one_way = 0.5 * (row[Column.COST_BPS, c] - row[Column.FUNDING_BPS, c])
                leave = carry_reason(
                    side, entry_edge_bps[c] * left, funding_bps[c], funding_hours[c], one_way, rules
                )
            code[Code.REASON, c] = Reason.HOLDING.value
            if leave != Reason.NONE.value:
                code[Code.STANCE, c] = Stance.CLOSE.value
                code[Code.REASON, c] = leave
        if wants == 0 or not (leave == Reason.NONE.value or leave == Reason.REVERSAL.value):
            continue
        refused = entry_reason(
            code[Code.CONTROL, c],
            code[Code.BREAKER, c],
            row[Column.MULTIPLIER, c],
            hazards[c],
            k < cooldown_k[0 if wants > 0 else 1, c],
            wants < 0 and can_short[c] == 0,
            row[Column.SIZED_USD, c],
            edge_bps[c],
            row[Column.COST_BPS, c],
            margin_bps,
        )
        if refused == Reason.NONE.value:
            code[Code.STANCE, c] = Stance.FREE.value
            code[Code.SIDE, c] = wants
            code[Code.REASON, c] = Reason.NONE.value
        elif leave == Reason.NONE.value:
            code[Code.REASON, c] = refused
        elif can_short[c] == 0:
            code[Code.REASON, c] = Reason.EXIT_SIGNAL.value
