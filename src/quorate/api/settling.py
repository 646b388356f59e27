"""From a share of the budget to the target: each limit on all coins together, one after the other.

In: a coin at a close. Out: each ``Step``. ``targets.settle``, which decided, is asked on copies,
each time with one limit more, until all are in force; its last answer is the target.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from quorate.api.explanation import Step
from quorate.core import targets
from quorate.core.account import Code, Column, Gauge
from quorate.core.portfolio import solve
from quorate.core.risk import open_risk
from quorate.core.stances import Stance
from quorate.core.types import Reason
from quorate.report.formats import code as words
from quorate.report.formats import number, percent

if TYPE_CHECKING:
    from quorate.api.moment import Bar
    from quorate.core.risk import limits

NEVER: Final = math.inf


def plain_step(name: str, usd: float, note: str = "", reason: Reason | None = None) -> Step:
    """Return a step that is not yet held against the one before."""
    return Step(name, usd, is_cut=False, note=note, reason="" if reason is None else reason.name)


def _without_sectors(bar: Bar) -> float:
    """Return the share of G that the optimiser would give where no sector were capped."""
    shares, weight = bar.given.portfolio, bar.number[Column.LOWER].copy()
    if not bar.budget_usd > 0.0:
        return 0.0
    solve.solve(
        bar.number[Column.MU],
        bar.number[Column.UPPER],
        bar.number[Column.HELD],
        bar.number[Column.LOWER],
        bar.fold.made.setup.sector,
        NEVER,
        shares.budget,
        shares.kappa,
        shares.max_hhi,
        shares.penalty,
        weight,
    )
    return float(weight[bar.c])


def settled(bar: Bar) -> list[Step]:
    """Return the target with one limit more at each step, the last with all of them."""
    caps = bar.given.risk.limits
    off = caps._replace(
        net_cap_frac=0.0,
        beta_cap_frac=0.0,
        committed_frac=NEVER,
        daily_loss_stop_frac=NEVER,
        coin_cap_frac=NEVER,
        max_leverage=NEVER,
    )
    net = off._replace(net_cap_frac=caps.net_cap_frac)
    beta = net._replace(beta_cap_frac=caps.beta_cap_frac)
    paid = beta._replace(committed_frac=caps.committed_frac)
    risk = paid._replace(daily_loss_stop_frac=caps.daily_loss_stop_frac)
    ways = {
        "start": (off, False, False),
        "net cap": (net, False, False),
        "beta cap": (beta, False, False),
        "room under G": (beta, True, False),
        "spot in full": (paid, True, False),
        "open risk": (risk, True, False),
        "breakers": (risk, True, True),
        "held over a cap": (caps, True, True),
    }
    usd = {
        name: _target(bar, limit, with_gross=gross, with_breakers=breakers)
        for name, (limit, gross, breakers) in ways.items()
    }
    found, last = _first(bar, usd["start"]), usd["start"]
    for name, (note, reason, is_shown) in _notes(bar).items():
        if is_shown or usd[name] != last:
            found.append(plain_step(name, usd[name], note, reason))
        last = usd[name]
    if bar.at(Column.POSITION_USD) * last < 0.0:
        # as ``intents`` has it: the old side is closed first
        found.append(plain_step("turning", 0.0, "the old side is closed first", Reason.REVERSAL))
    return found


def _target(
    bar: Bar,
    caps: limits.Params,
    *,
    with_gross: bool,
    with_breakers: bool,
) -> float:
    """Return the target under some of the limits."""
    number, code, gauge = bar.number.copy(), bar.code.copy(), bar.gauge.copy()
    if not with_gross:
        gauge[Gauge.GROSS_USD] = -NEVER
    if not with_breakers:
        number[Column.MULTIPLIER] = 1.0
    memory = bar.fold.memory.chain.account
    targets.settle(
        bar.equity_usd,
        memory.breakers.opening_usd[0],
        memory.ledger.coins,
        bar.mark,
        memory.ledger.entry_price,
        memory.exits.stop,
        bar.beta,
        bar.fold.made.setup.can_short,
        caps,
        number,
        code,
        gauge,
    )
    return float(number[Column.TARGET_USD, bar.c])


def _first(bar: Bar, usd: float) -> list[Step]:
    """Return where the limits on all coins together begin: a share of G, or what is held."""
    stance = int(bar.code[Code.STANCE, bar.c])
    reason = Reason(int(bar.code[Code.REASON, bar.c]))
    if stance == Stance.FREE.value:
        weight = f"{percent(bar.at(Column.WEIGHT))} of G"
        if bar.gauge[Gauge.SOLVED] != 0.0:
            note = "it found no answer"
            return [plain_step("optimiser", usd, note, Reason.PORTFOLIO_NOT_SOLVED)]
        uncapped = _without_sectors(bar)
        found = [
            plain_step(
                "optimiser",
                bar.side * uncapped * bar.budget_usd,
                f"{percent(uncapped)} of G, edge {number(bar.edge_bps)} bps",
                Reason.PORTFOLIO_ZERO,
            )
        ]
        if uncapped != bar.at(Column.WEIGHT):
            most = percent(bar.given.risk.limits.sector_cap_frac, 0)
            note = f"{weight}; {most} of equity a sector"
            found.append(plain_step("sector cap", usd, note, Reason.CAP_SECTOR))
        return found
    if stance == Stance.FIXED.value:
        is_cut = reason in {Reason.CUT_CAP, Reason.CUT_OPEN_RISK}
        return [plain_step("held as it is", usd, "" if is_cut else words(reason.name), reason)]
    name = "closed in full" if stance == Stance.CLOSE.value else "not entered"
    return [plain_step(name, usd, words(reason.name), reason)]


def _notes(bar: Bar) -> dict[str, tuple[str, Reason, bool]]:
    """Return for each limit what it allows, its reason, and whether to show it without effect."""
    caps, gauge = bar.given.risk.limits, bar.gauge
    is_free = bar.code[Code.STANCE, bar.c] == Stance.FREE.value
    weighs = Reason(int(bar.code[Code.BREAKER, bar.c]))
    multiplier = bar.at(Column.MULTIPLIER)
    return {
        "net cap": (f"{percent(caps.net_cap_frac, 0)} of equity", Reason.CAP_NET, False),
        "beta cap": (f"{percent(caps.beta_cap_frac, 0)} of equity", Reason.CAP_BETA, False),
        "room under G": (
            f"{number(bar.budget_usd - float(gauge[Gauge.GROSS_USD]))} for all that is added",
            Reason.CAP_GROSS,
            is_free,
        ),
        "spot in full": ("spot is paid without leverage", Reason.CAP_GROSS, False),
        "open risk": (_open_risk(bar), Reason.CAP_OPEN_RISK, is_free),
        "breakers": (
            "none is on" if multiplier == 1.0 else f"x {multiplier:g}: {words(weighs.name)}",
            weighs,
            is_free,
        ),
        "held over a cap": (
            (
                f"{percent(caps.coin_cap_frac, 0)} of equity a coin, "
                f"{caps.max_leverage:g} times equity in all"
            ),
            Reason.CUT_CAP,
            False,
        ),
    }


def _open_risk(bar: Bar) -> str:
    """Return the factor on what is added, and what may be lost: today, and by stops from entry."""
    memory, caps = bar.fold.memory.chain.account, bar.given.risk.limits
    room = float(bar.gauge[Gauge.RISK_BUDGET_USD])
    strict = open_risk.stop_budget_usd(
        float(memory.breakers.opening_usd[0]),
        open_risk.stops_usd(memory.ledger.coins, memory.exits.stop, memory.ledger.entry_price),
        caps,
    )
    at_stops = np.empty(bar.number.shape[1])
    open_risk.new_risk_usd(
        bar.number[Column.ADDED_USD], bar.number[Column.STOP_FRAC], 0.0, at_stops
    )
    factor = min(
        open_risk.pro_rata(room, bar.number[Column.RISK_USD]),
        open_risk.pro_rata(strict, at_stops),
    )
    how = f"x {factor:.4f}"
    if caps.open_risk == open_risk.OpenRisk.GREEDY:
        how = "the best edge over risk first"
    return f"{how}; budgets: {number(room)} today, {number(strict)} from entry to stops"
