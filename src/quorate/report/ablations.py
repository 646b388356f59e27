"""What an ablation says: how many were compared and how many stand, before any figure.

In: ``api.Ablation``'s table. Out: sentences, and lines under heads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.report.formats import counted, number, percent
from quorate.report.plain import plain
from quorate.report.sweep_text import under
from quorate.statistics.cautions import FEW_TRADES

if TYPE_CHECKING:
    import polars as pl

RATE: Final = 0.05
OPEN: Final = (
    "--edge stated --set consensus.edge_slope=10 --set consensus.prior_mass=20 "
    "--set risk.min_paper_trades=100000"
)
"""What opens the gates that refuse most, the cost gate and Kelly's, for all variants alike."""


class Ablated(NamedTuple):
    """What is told of an ablation: its table, the settings as they are, on what it was judged."""

    table: pl.DataFrame
    base: dict[str, Any]
    n_compared: int
    n_days: int
    n_windows: int


def evidence(found: Ablated) -> list[str]:
    """Return whether anything differs, all that were compared counted.

    Notes
    -----
    Units: none.  Causal: finished windows.  Missing: what never differed is named apart.
    """
    return [*_hardly(found), *_stands(found)]


def _hardly(found: Ablated) -> list[str]:
    """Return that too little was traded for any evidence; nothing where enough was."""
    n_trades = found.base["n_trades"]
    if n_trades >= FEW_TRADES:
        return []
    why = found.base.get("refused")
    said = (
        f"Hardly anything was traded: {counted(n_trades, 'closed trade')} as it is, at least "
        f"{FEW_TRADES} are needed for what follows to be evidence{f': {why}' if why else ''}."
    )
    return [said, f"To compare where all trade, which changes no default: {OPEN}"]


def _stands(found: Ablated) -> list[str]:
    rows = list(found.table.iter_rows(named=True))
    n, same = found.n_compared, sum(row["verdict"] == "not compared" for row in rows)
    apart = f"; {same} more changed nothing here or could not be" if same else ""
    said = (
        f"{counted(n, 'variant')} compared with the settings as they are on the same "
        f"{counted(found.n_days, 'day')} of {counted(found.n_windows, 'window')}{apart}. Of so "
        f"many, some {number(RATE * n, 1)} would have a p-value below 5% by luck alone."
    )
    stands = [row for row in rows if row["verdict"] in ("better", "worse")]
    if not stands:
        return [
            "No evidence that anything should be other than it is.",
            said,
            _least(rows),
        ]
    sure = [row for row in stands if row["p_holm"] < RATE]
    names = "; ".join(f"{row['variant']} is {row['verdict']}" for row in stands)
    stand = "stands" if len(sure) == 1 else "stand"
    return [
        f"At a false-discovery rate of {percent(RATE, 0)} {names}.",
        f"{len(sure)} of these {stand} with all counted at once (Holm).",
        said,
    ]


def _least(rows: list[dict[str, Any]]) -> str:
    known = [row for row in rows if row["verdict"] == "no evidence"]
    if not known:
        return "Nothing differed."
    least = known[0]
    return (
        f"The surest of them, {least['variant']}, has a p-value of {percent(least['p_value'])} by "
        f"itself, and of {percent(least['p_holm'])} with all counted (Holm)."
    )


def opening(found: Ablated, width: int = 80) -> str:
    """Return what stands above the table.

    Notes
    -----
    Units: said in the text.  Causal: finished windows.  Missing: in words.
    """
    return "\n".join(under([("EVIDENCE", evidence(found)), ("AS IT IS", [as_it_is(found)])], width))


def as_it_is(found: Ablated) -> str:
    """Return what the settings came to as they are."""
    base = found.base
    return (
        f"Sharpe ratio {number(base['sharpe'])}, net return {percent(base['net_return'])}, "
        f"{counted(base['n_trades'], 'closed trade')}"
    )


def text(found: Ablated, width: int = 80) -> str:
    """Return what stands below the table.

    Notes
    -----
    Units: said in the text.  Causal: finished windows.  Missing: in words.
    """
    rows = list(found.table.iter_rows(named=True))
    charged = [row["variant"] for row in rows if row["is_charged"]]
    idle = [row["variant"] for row in rows if row["verdict"] == "not compared"]
    parts = [
        ("READ", ["less than 0 beside `without ...`: the engine earns its place", _HOW]),
        ("CHARGED", [f"{', '.join(charged)}: other costs, so another world, not a method"])
        if charged
        else ("CHARGED", []),
        ("IDLE", [f"{', '.join(idle)}: no day differs, or too few do"] if idle else []),
    ]
    return "\n".join(under(parts, width))


_HOW: Final = (
    "difference: of the Sharpe ratio a year, with the 95% interval and the p-value of a stationary "
    "bootstrap of the same days of both; one variant at a time. p all: Holm. A verdict allows for "
    "all of them (Benjamini and Hochberg, 5%)."
)


def as_dict(found: Ablated) -> dict[str, Any]:
    """Return all that an ablation says, ready for JSON.

    Notes
    -----
    Units: per square root of a year, fractions, bps.  Causal: finished windows.  Missing: None.
    """
    tree: dict[str, Any] = plain(
        {
            "evidence": evidence(found),
            "base": found.base,
            "n_compared": found.n_compared,
            "n_days": found.n_days,
            "n_windows": found.n_windows,
            "variants": found.table.to_dicts(),
        }
    )
    return tree
