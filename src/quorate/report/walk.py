"""Fold by fold: what each window of a walk forward was fitted on, and what it came to.

In: a ``Run``. Out: a table; none where the run is no walk forward.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quorate.report import bars
from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import counted, fall, number, tint
from quorate.report.steadiness import certainty
from quorate.research.windows import MIN_PURGE_DAYS

if TYPE_CHECKING:
    from quorate.report.reading import Run

_COLUMNS: Final = (
    Column("tested from", is_text=True),
    Column("days"),
    Column("net return"),
    Column("net return, drawn", is_drawn=True),
    Column("trades"),
    Column("max drawdown"),
    Column("Sharpe ratio", "a year"),
    Column("above 0 (PSR)"),
    Column("learned from", is_text=True),
    Column("to", is_text=True),
    Column("labels", "of their own"),
    Column("calibrations"),
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


def short_gap(run: Run) -> str:
    """Return that too few days were left out between learning and test; empty where enough were.

    Notes
    -----
    Units: days.  Causal: reads a finished run.  Missing: empty of what is no walk forward.  Spec 3.
    """
    days = (run.about.get("walk") or {}).get("plan", {}).get("purge_days")
    if days is None or days >= MIN_PURGE_DAYS:
        return ""
    return (
        f"Only {counted(days, 'day')} lay between what was learned from and its test, fewer than "
        f"{MIN_PURGE_DAYS}: no label reaches across, but what drifts slowly is known on both sides "
        "and looks like skill."
    )


def _row(fold: dict[str, Any], came: dict[str, Any], low: float, high: float) -> Row:
    made = came.get("total_return")
    text = fall(made)
    drawn = bars.bar(0.0, made or 0.0, low, high, "up" if (made or 0.0) > 0.0 else "down")
    n_trades = came.get("n_trades")
    sharpe, psr, _ = certainty(came, n_trades)
    return Row(
        (
            Cell(fold["test_from"], detail=fold["remarks"]),
            Cell(number(fold["test_days"], 0)),
            Cell(text, tint(text)),
            Cell("", bar=drawn),
            Cell(number(n_trades, 0)),
            Cell(fall(came.get("max_drawdown")), "down"),
            Cell(*sharpe),
            Cell(*psr),
            Cell(fold["learned_from"][:10]),
            Cell(fold["learned_to"][:10]),
            Cell(number(fold["own_labels"], 0), detail=f"{fold['labels']} labels that overlap"),
            Cell(number(fold["calibrations"], 0)),
        )
    )


def _note(walk: dict[str, Any]) -> str:
    plan = walk["plan"]
    models = ", ".join(plan["models"]) or "none"
    begun = (
        "from the beginning on" if plan["expanding"] else f"on {counted(plan['train_days'], 'day')}"
    )
    said = (
        f"Fitted {begun}, {counted(plan['purge_days'], 'day')} left out, "
        f"{counted(plan['test_days'], 'day')} traded; "
        f"trained engines: {models}. One account runs through all folds, so a position may be "
        "held from one into the next."
    )
    remarks: dict[str, list[str]] = {}
    for fold in walk["folds"]:
        for each in filter(None, fold["remarks"].split("; ")):
            remarks.setdefault(each, []).append(str(fold["fold"]))
    return " ".join([said, *(f"Fold {', '.join(of)}: {each}." for each, of in remarks.items())])
