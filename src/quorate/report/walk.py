"""Fold by fold: what each window of a walk forward was fitted on, and what it came to.

In: a ``Run``. Out: a table; none where the run is no walk forward.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.report import bars
from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import fall, number, tint
from quorate.report.steadiness import certainty

if TYPE_CHECKING:
    from quorate.report.reading import Run

_COLUMNS: Final = (
    Column("tested from", is_text=True),
    Column("days"),
    Column("learned from", is_text=True),
    Column("to", is_text=True),
    Column("labels", "of their own"),
    Column("calibrations", "fitted"),
    Column("net return"),
    Column("", is_drawn=True),
    Column("max drawdown"),
    Column("trades"),
    Column("Sharpe ratio", "a year"),
    Column("above 0 (PSR)"),
    Column("track record needed", "days"),
)


def tables(run: Run) -> list[Table]:
    """Return the folds of a walk forward, in order of time.

    Notes
    -----
    Units: in each column.  Causal: a fold's fits end before its gap.  Missing: a dash; no table
    where the run is no walk forward.  Spec 3.
    """
    walk = run.about.get("walk")
    if not walk:
        return []
    groups = run.metrics.get("stability", {}).get("fold", {}).get("groups", {})
    returns = [row.get("total_return") or 0.0 for row in groups.values()]
    low, high = min(0.0, *returns), max(0.0, *returns)
    rows = tuple(_row(fold, groups.get(fold["test_from"], {}), low, high) for fold in walk["folds"])
    return [Table("Each fold", _COLUMNS, rows, _note(walk))]


def _row(fold: dict[str, Any], came: dict[str, Any], low: float, high: float) -> Row:
    made = came.get("total_return")
    text = fall(made)
    drawn = bars.bar(0.0, made or 0.0, low, high, "up" if (made or 0.0) > 0.0 else "down")
    head = (
        Cell(fold["test_from"], detail=fold["remarks"]),
        Cell(number(fold["test_days"], 0)),
        Cell(fold["learned_from"][:10]),
        Cell(fold["learned_to"][:10]),
        Cell(number(fold["own_labels"], 0), detail=f"{fold['labels']} labels that overlap"),
        Cell(number(fold["calibrations"], 0)),
        Cell(text, tint(text)),
        Cell("", bar=drawn),
        Cell(fall(came.get("max_drawdown")), "down"),
        Cell(number(came.get("n_trades"), 0)),
    )
    return Row((*head, *(Cell(*each) for each in certainty(came, came.get("n_trades")))))


def _note(walk: dict[str, Any]) -> str:
    plan = walk["plan"]
    models = ", ".join(plan["models"]) or "none"
    begun = "from the beginning on" if plan["expanding"] else f"on {plan['train_days']} days"
    said = (
        f"Fitted {begun}, {plan['purge_days']} days left out, {plan['test_days']} days traded; "
        f"trained engines: {models}. One account runs through all folds, so a position may be "
        "held from one into the next."
    )
    remarks = dict.fromkeys(fold["remarks"] for fold in walk["folds"] if fold["remarks"])
    return " ".join([said, *(f"Not learned: {each}." for each in remarks)])
