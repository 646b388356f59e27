"""The tables of a walk forward in the terminal: its folds, how far they lie apart, its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quorate.cli.tables import Column, fitted
from quorate.report.formats import UNKNOWN, number, percent

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

_SPREADS = {"total_return": "net return", "sharpe": "Sharpe ratio", "max_drawdown": "max drawdown"}
_MEASURES = {
    "brier_skill": "Brier skill",
    "hit_rate": "hit rate",
    "net_bps": "net a vote, bps",
    "sharpe": "Sharpe ratio, a year",
}
_STEPS = {
    "watch": "watching before the first test",
    "learn": "learning",
    "rank": "judging engines every Monday",
    "trade": "trading the tests",
    "tell": "attributing and judging",
}


def fold_rows(folds: pl.DataFrame, width: int) -> Table:
    """Return a row a fold, in so many columns of the terminal."""
    rows = list(folds.iter_rows(named=True))

    def texts(name: str, kind: str, decimals: int = 2) -> list[str]:
        how = {"percent": percent, "number": number}[kind]
        return [how(row[name], decimals) for row in rows]

    columns = [
        Column("fold", [str(row["fold"]) for row in rows], 0, is_text=False),
        Column("learned from", [f"{row['learned_from']:%Y-%m-%d}" for row in rows], 5),
        Column("to", [f"{row['learned_to']:%Y-%m-%d}" for row in rows], 3),
        Column("tested from", [row["test_from"] for row in rows], 0),
        Column("days", texts("test_days", "number", 0), 6, is_text=False),
        Column("labels", texts("labels", "number", 0), 2, is_text=False),
        Column("of their own", texts("own_labels", "number", 0), 1, is_text=False),
        Column("calibrated", texts("calibrations", "number", 0), 4, is_text=False),
        Column("net", texts("total_return", "percent"), 0, is_text=False),
        Column("max drawdown", texts("max_drawdown", "percent"), 7, is_text=False),
        Column("trades", texts("n_trades", "number", 0), 8, is_text=False),
    ]
    return fitted(columns, width, [""] * len(rows))


def spread_rows(metrics: dict[str, Any], width: int) -> Table:
    """Return how far the folds lie apart in each metric."""
    spread = metrics["stability"]["fold"]["dispersion"]

    def texts(part: str) -> list[str]:
        found = []
        for name in _SPREADS:
            value = spread[name][part]
            how = number if name == "sharpe" else percent
            found.append(UNKNOWN if value is None else how(value, 2))
        return found

    columns = [Column("over folds", list(_SPREADS.values()), 0)]
    columns += [
        Column(part, texts(part), 0, is_text=False)
        for part in ("mean", "std", "min", "median", "max")
    ]
    return fitted(columns, width, [""] * len(_SPREADS))


def cell_rows(table: pl.DataFrame, width: int) -> Table:
    """Return a row for each engine and regime of which enough is known."""
    rows = [row for row in table.iter_rows(named=True) if row["p_value"] is not None]
    columns = [
        Column("engine", [row["engine"] for row in rows], 0),
        Column("regime", [row["regime"] for row in rows], 0),
        Column("labels", [number(row["mass"], 0) for row in rows], 3, is_text=False),
        Column("worth a vote", [number(row["mean"], 4) for row in rows], 0, is_text=False),
        Column("error", [number(row["error"], 4) for row in rows], 2, is_text=False),
        Column("shrunk", [number(row["shrunk"], 4) for row in rows], 1, is_text=False),
        Column("p", [number(row["p_value"], 4) for row in rows], 0, is_text=False),
        Column("votes", ["yes" if row["is"] else "no" for row in rows], 0),
        Column("why", [row["why"] for row in rows], 4),
    ]
    return fitted(columns, width, ["" if row["is"] else "dim" for row in rows])


def worth_rows(worth: pl.DataFrame, width: int) -> Table:
    """Return what each engine added, the most first, and their sum."""
    rows = worth.sort("shapley", descending=True).to_dicts()
    whole = sum(row["shapley"] for row in rows)
    columns = [
        Column("engine", [*(row["engine"] for row in rows), "all together"], 0),
        *(
            Column(name, [*(number(row[part], 4) for row in rows), end], keep, is_text=False)
            for name, part, end, keep in (
                ("adds", "shapley", number(whole, 4), 0),
                ("error", "error", "", 1),
                ("as the last", "last", "", 2),
            )
        ),
    ]
    return fitted(columns, width, [*[""] * len(rows), "bold"])


def path_rows(spread: pl.DataFrame, width: int) -> Table:
    """Return a row for each model and measure, and how far its paths lie apart."""
    rows = spread.to_dicts()
    columns = [
        Column("model", [row["model"] for row in rows], 0),
        Column("measure", [_MEASURES[row["measure"]] for row in rows], 0),
    ]
    columns += [
        Column(name, [_known(row[name]) for row in rows], keep, is_text=False)
        for name, keep in (("mean", 0), ("std", 3), ("min", 2), ("median", 4), ("max", 2))
    ]
    shares = [percent(row["share_positive"], 0) for row in rows]
    columns.append(Column("above 0", shares, 1, is_text=False))
    return fitted(columns, width, [""] * len(rows))


def _known(value: float | None) -> str:
    return UNKNOWN if value is None else number(value, 4)


def time_rows(seconds: dict[str, float], width: int) -> Table:
    """Return where the time went, by step."""
    whole = sum(seconds.values())
    names = [*_STEPS.values(), "all"]
    spent = [*(seconds.get(step, 0.0) for step in _STEPS), whole]
    columns = [
        Column("step", names, 0),
        Column("seconds", [number(each, 2) for each in spent], 0, is_text=False),
        Column("share", [percent(each / whole, 0) for each in spent], 0, is_text=False),
    ]
    return fitted(columns, width, [*[""] * len(_STEPS), "bold"])
