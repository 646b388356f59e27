"""How each coin and each regime did alone, its Sharpe ratio beside what makes one doubt it.

In: a ``Run``. Out: tables for the page.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import UNKNOWN, code, number, probability, sign, tint
from quorate.statistics.cautions import FEW_TRADES, too_few

if TYPE_CHECKING:
    from quorate.report.reading import Run

MAX_ROWS: Final = 20
_COLUMNS: Final = (
    Column("net", "USD"),
    Column("trades"),
    Column("Sharpe ratio", "a year"),
    Column("above 0 (PSR)"),
    Column("track record needed", "days"),
)


def groups(run: Run) -> list[Table]:
    """Return a table of the coins and one of the regimes, the largest results first.

    Notes
    -----
    Units: USD, count, a year, percent, days.  Causal: reads the whole run.  Missing: a dash; no
    table where a run did not trade.  Spec 12, METHODS 11.
    """
    if not run.is_traded:
        return []
    tables = []
    for name in ("coin", "regime"):
        found = run.metrics.get("stability", {}).get(name, {}).get("groups", {})
        ranked = sorted(found.items(), key=lambda each: -abs(each[1].get("pnl_usd") or 0.0))
        if not ranked:
            continue
        note = (
            f"A ratio of fewer than {FEW_TRADES} trades says nothing and is not shown. A dash: not "
            "defined, or no record is long enough for a ratio that is not above 0."
        )
        if len(ranked) > MAX_ROWS:
            note += f" The {len(ranked) - MAX_ROWS} with the smallest results are left out."
        heads = (Column(name, is_text=True), *_COLUMNS)
        rows = tuple(_row(name, *each) for each in ranked[:MAX_ROWS])
        tables.append(Table(f"Closed trades of each {name}, and their doubts", heads, rows, note))
    return tables


def _row(group: str, name: str, found: dict[str, Any]) -> Row:
    pnl, n_trades = found.get("pnl_usd"), found.get("n_trades")
    head = (
        Cell(code(name) if group == "regime" else name),
        Cell(number(pnl), sign(pnl)),
        Cell(number(n_trades, 0)),
    )
    return Row((*head, *(Cell(*each) for each in certainty(found, n_trades))))


def certainty(found: dict[str, Any], n_trades: int | None) -> list[tuple[str, str]]:
    """Return a Sharpe ratio, its PSR and track record, each as text and the class of its sign.

    Parameters
    ----------
    found : dict
        Of a group of ``metrics.json``.
    n_trades : int, optional
        How many trades it closed, where that is known.

    Notes
    -----
    Units: a year, percent, days.  Causal: pure.  Missing: a dash; where the trades are too few,
    that instead of the ratio.  Spec 12, METHODS 5.5.

    Examples
    --------
    >>> certainty({"sharpe": 2.85, "psr": 0.97, "min_track_record_days": 33.2}, 1)
    [('too few: 1 trade', ''), ('–', ''), ('–', '')]
    """
    few = too_few(n_trades) if n_trades is not None else ""
    if few:
        return [(few, ""), (UNKNOWN, ""), (UNKNOWN, "")]
    needed = found.get("min_track_record_days")
    sharpe = number(found.get("sharpe"))
    return [
        (sharpe, tint(sharpe)),
        (probability(found.get("psr")), ""),
        (number(None if needed is None else math.ceil(needed), 0), ""),
    ]
