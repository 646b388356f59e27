"""The run beside what holding would have made: a sentence, a chart and a table.

In: a ``Run`` with the growth of what was held. Out: text and an exhibit for the page; nothing where
an older version of the run did not keep it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.report.charts import Series, line_chart
from quorate.report.exhibit import Cell, Column, Row, Table
from quorate.report.formats import fall, number, percent, sign
from quorate.report.graphs import Graph
from quorate.report.luck import scarcity
from quorate.statistics.benchmark import returns_of
from quorate.statistics.daily import EQUITY, daily_returns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quorate.core.types import Vec
    from quorate.report.reading import Run

HELD: Final = {
    "hold_btc": ("BTC held", "btc", "BTC made"),
    "hold_all": ("all coins held", "gross", "all coins in equal parts made"),
}
"""What was held -> its name on the page, the class of its line, and its part of a sentence."""

_DAY_MS: Final = 86_400_000
_OWN: Final[tuple[tuple[str, str, Callable[[float | None], str]], ...]] = (
    ("total_return", "net return", percent),
    ("sharpe", "Sharpe ratio, a year", number),
    ("volatility", "volatility, a year", percent),
    ("max_drawdown", "max drawdown, on daily closes", fall),
)
_AGAINST: Final[tuple[tuple[str, str, Callable[[float | None], str]], ...]] = (
    ("beta", "beta of the run to it", number),
    ("correlation", "correlation of the run with it", number),
    ("alpha", "alpha of the run, a year", percent),
    ("alpha_low", "alpha, low end of 95%", percent),
    ("alpha_high", "alpha, high end of 95%", percent),
    ("information_ratio", "information ratio of the run, a year", number),
)
_SIGNED: Final = {"total_return", "max_drawdown"}
"""What is coloured: a ratio, or an alpha, may be luck, whatever its sign."""
_RATIOS: Final = {"sharpe", "alpha", "alpha_low", "alpha_high", "information_ratio"}
_RULES: Final = (
    "Held from the close of the first bar, without costs or funding; chosen by nothing in the data."
    " All coins: those that were loaded, in equal parts, made equal again at 00:00 UTC among the"
    " coins that traded in the day before; a coin that ends is left at its last price."
)
_READING: Final = (
    " Beta is how far the run moved with what was held, alpha what it made beyond that,"
    " compounded to a year, by least squares on daily returns; an interval of alpha around zero is"
    " no alpha."
)


def sentence(run: Run) -> str:
    """Return what holding made in the same days, in words; empty where it was not kept.

    Notes
    -----
    Units: percent.  Causal: reads a finished run.  Missing: BTC is left out where the data have
    none.
    """
    found: dict[str, Any] = _kept(run)
    if not found:
        return ""
    made = " and ".join(f"{HELD[name][2]} {percent(found[name]['total_return'])}" for name in found)
    total = run.metrics["net"].get("total_return")
    own = f"the run made {percent(total)} net" if total is not None else "the run lost its account"
    if not run.is_traded:
        own = "the run never traded"
    return f"In the same days holding {made}; {own}."


def graphs(run: Run) -> list[Graph]:
    """Return the growth of the run, net, beside that of what was held; none where nothing is known.

    Notes
    -----
    Units: percent since the start.  Causal: reads a finished run.  Missing: the line of the run
    ends where the account was lost.
    """
    names = list(_kept(run))
    if not names:
        return []
    daily = daily_returns(run.equity.select(list(EQUITY)))
    times = np.concatenate((daily.day[:1], daily.day + 1)) * _DAY_MS
    lines = [Series(HELD[name][0], _growth(held), HELD[name][1]) for name, held in _returns(run)]
    chart = line_chart(
        times,
        [*lines, Series("run, net", _growth(daily.net), "net")],
        title="Growth of the run and of holding",
        unit="%",
        height=260,
    )
    keys = [("run, net", "net"), *(HELD[name][:2] for name in names)]
    return [Graph("Growth beside holding", "% since the start, deposits out", keys, chart)]


def tables(run: Run) -> list[Table]:
    """Return the run beside what was held, and how it moved with it; none where it was not kept.

    Notes
    -----
    Units: in each row.  Causal: reads a finished run.  Missing: a dash and why; a run that never
    traded is not compared.
    """
    found = _kept(run)
    if not found:
        return []
    held = (Column(HELD[name][0]) for name in found)
    columns = (Column("measure", is_text=True), Column("run, net"), *held)
    net: dict[str, Any] = run.metrics["net"]
    rows = [
        Row(
            (
                Cell(label),
                _cell(net, key, said, scarcity(run)),
                *(_cell(each, key, said) for each in found.values()),
            )
        )
        for key, label, said in _OWN
    ]
    if run.is_traded:
        rows += [
            Row(
                (
                    Cell(label),
                    Cell(""),
                    *(_cell(each, key, said, scarcity(run)) for each in found.values()),
                )
            )
            for key, label, said in _AGAINST
        ]
    note = _RULES + (_READING if run.is_traded else "") + _dash(run, rows)
    return [Table("Beside holding", columns, tuple(rows), note)]


def _cell(
    found: dict[str, Any], key: str, said: Callable[[float | None], str], scarce: str = ""
) -> Cell:
    """Return a figure; of a run with too few trades no ratio."""
    value = found.get(key)
    if scarce and key in _RATIOS and value is not None:
        return Cell(scarce)
    return Cell(said(value), sign(value) if key in _SIGNED else "")


def _dash(run: Run, rows: list[Row]) -> str:
    if all(cell.text != number(None) for row in rows for cell in row.cells):
        return ""
    flags: dict[str, str] = run.metrics.get("flags", {})
    why = {said for name, said in flags.items() if name.startswith("benchmark.")}
    if not run.is_traded or not why:
        why = {run.why("net.sharpe")}
    return f" A dash: {'; '.join(sorted(why))}."


def _kept(run: Run) -> dict[str, dict[str, Any]]:
    """Return what was compared, by name, in the order of the page."""
    found = run.metrics.get("benchmark", {}) if run.benchmark is not None else {}
    return {name: found[name] for name in HELD if name in found}


def _returns(run: Run) -> Iterator[tuple[str, Vec]]:
    daily = daily_returns(run.equity.select(list(EQUITY)))
    frame = run.benchmark
    if frame is None:
        return
    for name in _kept(run):
        day = frame["day"].to_physical().to_numpy().astype(np.int64)
        yield name, returns_of(frame[name].to_numpy(), day, daily.day)


def _growth(returns: Vec) -> Vec:
    """Return percent since the start, the start first."""
    return np.concatenate(([0.0], 100.0 * (np.cumprod(1.0 + returns) - 1.0)))
