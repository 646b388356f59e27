"""Controls of health: losses, the age of what is known, clocks, the machine, liquidation."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from quorate.live.controls.facts import Action, Control, Refusal

if TYPE_CHECKING:
    from quorate.live.controls.facts import Facts, Proposal
    from quorate.live.controls.limits import Limits

_ZERO: Final = Decimal(0)


def losses(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Let nothing in after the day's loss; halt at a drawdown from the peak.

    Without readable equity nothing enters; what only closes leaves, since it asks for no equity.
    """
    for name in ("equity", "day_equity", "peak_equity"):
        value = getattr(facts, name)
        if value.is_finite() and (value > 0 or name == "equity"):
            continue
        if not order.is_entry:
            return None
        return Refusal(Control.UNREADABLE, f"{name} is {value}: no loss can be told", value, _ZERO)
    fall = 1 - facts.equity / facts.peak_equity
    if fall >= limits.drawdown_frac:
        return Refusal(
            Control.DRAWDOWN,
            f"equity is {fall:.2%} below its peak",
            fall,
            limits.drawdown_frac,
            Action.HALT,
        )
    loss = 1 - facts.equity / facts.day_equity
    if order.is_entry and loss >= limits.daily_loss_frac:
        return Refusal(
            Control.DAILY_LOSS,
            f"{loss:.2%} lost since 00:00 UTC, entries are off until the next",
            loss,
            limits.daily_loss_frac,
            Action.REDUCE,
        )
    return None


def ages(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Enter nothing on what is old: books, marks, bars, funding, balances, the account itself.

    What bears a stamp from the future, beyond what clocks may differ by, is of an unknown age.
    """
    if not order.is_entry:
        return None
    if facts.deaf_since_ms is not None:
        age_s = Decimal(facts.now_ms - facts.deaf_since_ms) / 1000
        text = (
            f"the account's stream has been down for {age_s} s: until it stands and all is compared"
        )
        return Refusal(Control.STALE, text, age_s, Decimal(0))
    quote, now_ms = facts.quotes[order.intent.symbol], facts.now_ms
    for name, at_ms, most_s in (
        ("book", quote.book_at_ms, limits.book_age_s),
        ("mark", quote.mark_at_ms, limits.mark_age_s),
        ("bar", quote.bar_at_ms, limits.bar_age_s),
        ("funding", quote.funding_at_ms, limits.funding_age_s),
        ("balance", facts.balance_at_ms, limits.balance_age_s),
    ):
        age_ms = now_ms - at_ms
        if age_ms > most_s * 1000:
            age_s = Decimal(age_ms) / 1000
            return Refusal(
                Control.STALE,
                f"the {name} is {age_s} s old, at most {most_s}",
                age_s,
                Decimal(most_s),
            )
        if -age_ms > limits.clock_block_ms:
            ahead_s, most = Decimal(-age_ms) / 1000, Decimal(limits.clock_block_ms) / 1000
            text = f"the {name} is of {ahead_s} s from now, at most {most}: its age is not known"
            return Refusal(Control.STALE, text, ahead_s, most)
    return None


def clock(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Enter nothing while clocks differ; halt where signed requests would no longer be taken."""
    away = abs(facts.clock_offset_ms)
    if away > limits.clock_halt_ms:
        bound, action = limits.clock_halt_ms, Action.HALT
    elif order.is_entry and away > limits.clock_block_ms:
        bound, action = limits.clock_block_ms, Action.REJECT
    else:
        return None
    text = f"the clock is {away} ms from the venue's, at most {bound}"
    return Refusal(Control.CLOCK, text, Decimal(away), Decimal(bound), action)


def machine(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Only close positions while the loop lags or the disk is nearly full."""
    if not order.is_entry:
        return None
    if facts.loop_lag_ms > limits.loop_lag_ms:
        return Refusal(
            Control.MACHINE,
            f"the loop lags by {facts.loop_lag_ms} ms",
            Decimal(facts.loop_lag_ms),
            Decimal(limits.loop_lag_ms),
        )
    if facts.disk_free_gib < limits.disk_free_gib:
        return Refusal(
            Control.MACHINE,
            f"{facts.disk_free_gib} GiB of the disk are free",
            facts.disk_free_gib,
            limits.disk_free_gib,
            Action.REDUCE,
        )
    return None


def liquidation(order: Proposal, facts: Facts, limits: Limits) -> Refusal | None:
    """Add to nothing that is near its liquidation: by share, and by what a day moves."""
    quote = facts.quotes[order.intent.symbol]
    if not order.is_entry or quote.liquidation_frac is None:
        return None
    bound = limits.liquidation_frac
    if quote.atr_frac is not None:
        bound = max(bound, limits.liquidation_atr * quote.atr_frac)
    if quote.liquidation_frac >= bound:
        return None
    return Refusal(
        Control.LIQUIDATION,
        f"liquidation is {quote.liquidation_frac:.2%} away, at least {bound:.2%}",
        quote.liquidation_frac,
        bound,
        Action.REDUCE,
    )
