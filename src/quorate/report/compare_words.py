"""How a difference of two runs is said: its amount in a unit, and what its p-value means.

In: a ``Versus`` and the name of a metric. Out: short text, for terminal and page.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.report.compare_rows import bps
from quorate.report.formats import UNKNOWN, number

if TYPE_CHECKING:
    from quorate.report.comparison import Comparison, Versus

SURE: Final = 0.05
_LARGE: Final = 10.0
"""From so many times the account on a hundredth of a percent says nothing."""
_POINTS: Final = ("total_return", "cagr", "volatility", "max_drawdown", "hit_rate")


class Said(NamedTuple):
    """A difference in words; ``why`` says why nothing is known, and is empty where it is."""

    value: str
    low: str
    high: str
    p_value: str
    adjusted: str
    verdict: str
    why: str


def said(each: Versus, name: str) -> Said | None:
    """Return how a metric differs, or nothing where it is not compared.

    Notes
    -----
    Units: percentage points (pp), bps, USD, or those of the ratio.  Causal: reads finished runs.
    Missing: an en dash, and why.
    """
    found = each.paired.differences.get(name)
    if found is None:
        return None
    adjusted = each.adjusted.get(name, math.nan)
    return Said(
        amount(name, found.value),
        amount(name, found.low),
        amount(name, found.high),
        probability(found.p_value),
        probability(adjusted),
        verdict(adjusted),
        found.why,
    )


def amount(name: str, value: float) -> str:
    """Return the difference of a metric with its unit; shares differ by percentage points.

    Examples
    --------
    >>> amount("hit_rate", 0.0123), amount("mean_day", 0.0004), amount("sharpe", 0.5)
    ('1.23 pp', '4.00', '0.50')
    """
    if not math.isfinite(value):
        return UNKNOWN
    if name in _POINTS:
        return f"{number(100.0 * value, 2 if abs(value) < _LARGE else 0)} pp"
    return bps(value) if name == "mean_day" else number(value)


def probability(value: float) -> str:
    """Return a p-value with three decimals; it is never zero.

    Examples
    --------
    >>> probability(0.0004), probability(0.25)
    ('<0.001', '0.250')
    """
    return "<0.001" if value < 0.001 else number(value, 3)


def verdict(p_value: float) -> str:
    """Return what a p-value says, in words.

    Examples
    --------
    >>> verdict(0.01), verdict(0.4)
    ('not luck at 5%', 'may be luck')
    """
    if math.isnan(p_value):
        return "not known"
    return "not luck at 5%" if p_value < SURE else "may be luck"


def how_many_tests(found: Comparison) -> str:
    """Return how many tests were made, what that means, and how many differences are left."""
    if not found.n_tests:
        return ""
    clear = sum(p < SURE for each in found.versus for p in each.adjusted.values())
    kept = f"{clear} of them {'is' if clear == 1 else 'are'}" if clear else "none of them is"
    return (
        f"{found.n_tests} differences are tested: by luck alone one in twenty has p below "
        f"{SURE}. Holm's p allows for all of them; by it {kept} told apart from luck at 5%."
    )


def shared(found: Comparison) -> str:
    """Return what all runs have in common, in one line; empty if nothing."""
    first, parts = found.runs[0], []
    is_same = {
        name: len({getattr(run, name) for run in found.runs}) == 1
        for name in ("kind", "description", "n_coins", "start", "end")
    }
    if is_same["kind"]:
        parts.append(first.kind)
    if is_same["description"]:
        parts.append(first.description)
    elif is_same["n_coins"]:
        parts.append(f"{first.n_coins} coins")
    if is_same["start"] and is_same["end"]:
        parts.append(f"{first.start} to {first.end}")
    return ", ".join(parts)
