"""What the page and the screen say of the white-noise control of a run, where one was made.

In: ``control.json`` of a run folder. Out: a sentence, and a row beside the other doubts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.report import bars
from quorate.report.formats import number, probability

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE: Final = "control.json"
"""Beside ``run.json``, written by ``quorate control``."""
NAME: Final = "the same on shuffled bars (white-noise control)"
"""What it is called on a page."""


def sentence(found: Mapping[str, Any] | None) -> str:
    """Return how often the same on shuffled bars did as well; empty where nobody asked.

    Examples
    --------
    >>> sentence({"n": 19, "markets": [{"sharpe": 1.0}] * 19, "sharpe": 2.0, "p_sharpe": 0.05})
    'On 19 markets of the same bars shuffled, the Sharpe ratio was as high in none (p 5.0%).'
    """
    if found is None:
        return ""
    as_high = sum((row["sharpe"] or 0.0) >= found["sharpe"] for row in found["markets"])
    return (
        f"On {number(found['n'], 0)} markets of the same bars shuffled, the Sharpe ratio was as "
        f"high in {as_high or 'none'} (p {probability(found['p_sharpe'])})."
    )


def rows(
    found: Mapping[str, Any] | None, *, is_scarce: bool = False
) -> list[tuple[str, str, str, str]]:
    """Return question, figure, picture and how to read it; what to do where nobody asked.

    Of a run with too few trades for a ratio, ``is_scarce``, the net return alone is told.

    Notes
    -----
    Units: per square root of a year, probability.  Causal: reads finished runs.  Missing: says how
    to ask.
    """
    name = NAME
    if found is None:
        return [(name, "not asked", "", "quorate control RUN runs it on bars that mean nothing")]
    if is_scarce:
        n = number(found["n"], 0)
        said = f"by net return, on {n} such markets; too few trades for a ratio"
        return [(name, f"p {probability(found['p_return'])}", "", said)]
    ratios = sorted(row["sharpe"] or 0.0 for row in found["markets"])
    low, high = ratios[0], ratios[-1]
    return [
        (
            name,
            f"p {probability(found['p_sharpe'])}",
            bars.interval(low, found["sharpe"], high),
            _read(found, low, high),
        )
    ]


def _read(found: Mapping[str, Any], low: float, high: float) -> str:
    return (
        f"Sharpe ratio of {number(found['sharpe'])}; on {number(found['n'], 0)} such markets "
        f"{number(low)} to {number(high)}; by net return p {probability(found['p_return'])}; "
        f"{number(found['n_found'], 0)} of them would have been believed"
    )
