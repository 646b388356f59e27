"""From what sizing asked for to the target of one coin, factor by factor.

In: a bar alone in its block, the fold behind it, what the fold remembered before it. Out: ``Step``
after ``Step`` with the signed size that was left. Nothing is worked out a second way: the functions
that decided are asked again on copies. So the last step is the target, or the code no longer does
what it did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.api.explanation import Step
from quorate.api.moment import moment
from quorate.api.settling import NEVER, plain_step, settled
from quorate.core.account import Column
from quorate.core.risk import limits, sizing
from quorate.core.types import Reason
from quorate.report.formats import number, percent

if TYPE_CHECKING:
    from quorate.api.folding import Fold
    from quorate.api.moment import Bar, Before
    from quorate.backtest.run import Block
    from quorate.core.risk import paper


def steps(block: Block, place: tuple[int, int], fold: Fold, before: Before) -> tuple[Step, ...]:
    """Return the size of a coin after every factor, in the order in which they act.

    Parameters
    ----------
    block : Block
        The bar is its last row, so that the memory of the fold is that of the bar.
    place : tuple of int
        Row of the block, and coin.
    fold : Fold
        After the bar.
    before : Before
        From ``remember``, before the bar.

    Returns
    -------
    tuple of Step
        The last is the target that was decided. A coin that was not free to be sized has what it
        would have been given, and then what it holds.

    Notes
    -----
    Units: USD, signed as the position.  Causal: reads bars <= t.  Missing: an unknown stop asks
    for nothing.  Spec 5, 7, METHODS 7.1, 7.4, 7.5, 8.
    """
    bar = moment(block, place, fold)
    found = [*_asked(bar, before), *_capped(bar), *settled(bar)]
    marked, last = [], 0.0
    for i, step in enumerate(found):
        is_cut = i > 0 and abs(step.usd) < abs(last) * (1.0 - 1e-12)
        marked.append(Step(step.name, step.usd + 0.0, is_cut, step.note, step.reason))
        last = step.usd
    return tuple(marked)


def _asked(bar: Bar, before: Before) -> list[Step]:
    """Return the base size, what Kelly makes of it, and the most a trade may risk."""
    given, stop = bar.given.risk.sizing, bar.at(Column.STOP_FRAC)
    if not (stop > 0.0 and bar.equity_usd > 0.0):
        return [plain_step("base size", 0.0, "no stop distance is known, or no equity is left")]
    record = before.record[bar.regime]
    base = sizing.base_coins(bar.equity_usd, given.target_risk_frac, 1.0, stop)
    unbound = given._replace(max_risk_frac=NEVER)
    kelly, sized = (
        sizing.size(bar.equity_usd, stop, record.p, record.b, int(record.n), params).notional_usd
        for params in (unbound, given)
    )
    return [
        plain_step(
            "base size",
            bar.side * base,
            f"{percent(given.target_risk_frac)} of equity at a stop of {percent(stop)}",
        ),
        plain_step("Kelly", bar.side * kelly, _kelly(record, given), Reason.KELLY_NOT_POSITIVE),
        plain_step(
            "risk cap",
            bar.side * sized,
            f"at most {percent(given.max_risk_frac)} of equity",
            Reason.CAP_RISK,
        ),
    ]


def _kelly(record: paper.Statistics, given: sizing.Params) -> str:
    if record.n < given.min_paper_trades:
        some = f"{record.n:,d} of {given.min_paper_trades:,d} paper trades"
        return f"x {given.base_multiplier:g}: {some}"
    factor = given.kelly_multiplier * sizing.kelly_fraction(record.p, record.b)
    how = "at most" if given.kelly == sizing.KellyOption.CAP else "x"
    return f"{how} {factor:.4g} by {record.n} paper trades of the regime"


def _capped(bar: Bar) -> list[Step]:
    """Return what each cap on the coin alone leaves."""
    caps, rules = bar.given.risk.limits, bar.given.rules
    free = caps._replace(coin_cap_frac=NEVER, committed_frac=NEVER, max_leverage=NEVER)
    coin = free._replace(coin_cap_frac=caps.coin_cap_frac)
    over = "a bar" if rules.window_bars == 1 else f"{rules.window_bars} bars"
    return [
        plain_step(
            "coin cap",
            _size_cap(bar, coin, NEVER),
            f"{number(caps.coin_cap_frac * bar.equity_usd)}, "
            f"{percent(caps.coin_cap_frac, 0)} of equity",
            Reason.CAP_COIN,
        ),
        plain_step(
            "budget G",
            _size_cap(bar, caps, NEVER),
            f"{number(bar.budget_usd)} for all coins together",
            Reason.CAP_GROSS,
        ),
        plain_step(
            "participation",
            _size_cap(bar, caps, bar.volume_usd),
            f"{number(caps.max_participation * bar.volume_usd * rules.window_bars)}, "
            f"{percent(caps.max_participation, 0)} of {over}",
            Reason.CAP_PARTICIPATION,
        ),
    ]


def _size_cap(bar: Bar, caps: limits.Params, volume_usd: float) -> float:
    cap, reason = np.zeros(1), np.zeros(1, np.int16)
    limits.size_caps(
        bar.equity_usd,
        np.array([bar.at(Column.SIZED_USD)]),
        np.array([volume_usd]),
        bar.given.rules.window_bars,
        caps,
        cap,
        reason,
    )
    return bar.side * float(cap[0])
