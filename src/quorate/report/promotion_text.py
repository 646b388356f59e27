"""A look at a challenger as text, as wide as the terminal, for the terminal and for a notebook.

In: a ``Promotion``. Out: lines.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from quorate.report.compare_words import probability
from quorate.report.formats import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quorate.report.promotion import Promotion
    from quorate.statistics.guardrails import Guardrail

WIDTH: Final = 100
_NARROWEST: Final = 80
_NAMES: Final = {
    "pnl": ("net return a day, bps", 1e4, 2),
    "hit_rate": ("hit rate, %", 100.0, 1),
    "sharpe": ("Sharpe ratio, a year", 1.0, 2),
    "information_ratio": ("information ratio, a year", 1.0, 2),
    "max_drawdown": ("max drawdown, %", 100.0, 2),
    "turnover": ("turnover a day, x equity", 1.0, 2),
    "cost_per_trade": ("cost a trade, USD", 1.0, 2),
}


def text(found: Promotion, width: int = WIDTH) -> str:
    """Return a look as lines of at most ``width`` columns, the verdict first.

    Notes
    -----
    Units: in each row.  Causal: reads finished runs.  Missing: an en dash, and why.
    """
    width = max(_NARROWEST, width)
    lines = [*_head(found, width), "", *_primary(found, width), "", *_guardrails(found, width)]
    for caution in found.cautions:
        lines += textwrap.wrap(f"note: {caution}", width)
    return "\n".join(line.rstrip() for line in lines)


def _head(found: Promotion, width: int) -> Iterator[str]:
    verdict = found.verdict
    yield f"{verdict.outcome}  day {verdict.day}, {found.first} to {found.last}"
    for reason in verdict.reasons:
        yield from textwrap.wrap(reason, width, initial_indent="  ", subsequent_indent="  ")
    if verdict.next_look is not None:
        yield f"  the champion stands; the next look is on day {verdict.next_look}"
    elif verdict.outcome != "PROMOTE":
        yield "  the champion stands"
    yield f"champion    {found.champion}"
    yield f"challenger  {found.challenger}"


def _primary(found: Promotion, width: int) -> Iterator[str]:
    each = found.verdict.primary
    yield "Is its net return for risk better?"
    if each.why:
        yield from textwrap.wrap(f"not known: {each.why}", width, initial_indent="  ")
    for label, said in (
        ("Sharpe ratio, a year, challenger less champion", number(each.value)),
        ("its standard error", number(each.standard_error)),
        ("p, one-sided, of this look", probability(each.p_value)),
        ("must not exceed", number(each.level, 4)),
        (f"power of the whole plan, if the difference is {each.expected:g}", percent(each.power)),
        ("smallest difference that it finds with 80%", number(each.detectable)),
        (f"level of all looks together {percent(found.level)}, days known of both",
         str(found.verdict.n_days)),
    ):  # fmt: skip
        yield f"  {label:<56}{said:>10}"


def _guardrails(found: Promotion, width: int) -> Iterator[str]:
    yield "Is it no worse than allowed?"
    yield f"  {'':<25}{'champion':>10}{'challenger':>11}{'allowed':>8}{'p':>7}{'power':>6}"
    for each in found.verdict.guardrails:
        yield from _guardrail(each, width)


def _guardrail(each: Guardrail, width: int) -> Iterator[str]:
    name, scale, decimals = _NAMES[each.name]
    cells = [number(scale * value, decimals) for value in (each.champion, each.challenger)]
    allowed = number(scale * each.margin, decimals)
    p_value = probability(each.p_value)
    said = "kept" if each.is_kept else "BROKEN" if each.is_broken else "not shown"
    yield (
        f"  {name:<25}{cells[0]:>10}{cells[1]:>11}{allowed:>8}{p_value:>7}"
        f"{percent(each.power, 0):>6}  {said}"
    )
    if each.why:
        yield from textwrap.wrap(each.why, width, initial_indent="    ", subsequent_indent="    ")
