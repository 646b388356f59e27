"""The rows of a comparison: settings and data that differ, and what came out, in order.

In: ``reading.Run`` values. Out: a ``Row`` each, with the value itself and as it is shown.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from quorate.core.types import MONEY_SCALE, Line
from quorate.report.formats import UNKNOWN, measure, number, rounded, unit_name, usd
from quorate.report.plain import plain
from quorate.report.reading import SLIPPAGE
from quorate.report.words import LABELS
from quorate.statistics.metrics import METRICS
from quorate.statistics.ratios import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.report.reading import Run

_DATA: Final = (
    *("description", "digest", "symbols", "venues", "funding", "bar_minutes", "start", "end"),
    *("is_synthetic",),
)
_PARTS: Final = ("net", "activity", "costs")
_KEY: Final = (
    *("start_usd", "end_usd", "net_usd", "total_return", "cagr", "mean_day"),
    *("sharpe", "psr", "min_track_record_days", "n_days", "sortino", "calmar", "max_drawdown"),
    *("volatility", "n_trades", "hit_rate", "profit_factor", "average_trade_usd"),
    *("gross_usd", "slippage_usd", "fees_usd", "funding_usd", "haircuts_usd"),
    *("turnover_per_day", "holding_hours"),
)
"""What is said first, in this order."""
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_NAMED: Final = 2
"""How many settings that differ still name a run."""
_A_DAY: Final = {
    "mean_return": ("mean_day", "mean return a day, arithmetic"),
    "mean_return_low": ("mean_day_low", "mean return a day, low end of 95%"),
    "mean_return_high": ("mean_day_high", "mean return a day, high end of 95%"),
}
"""Times 365 a loss looks larger than the account: a comparison says it a day."""


@dataclass(frozen=True)
class Row:
    """Something of every run, in their order: ``values`` as they are, ``said`` as they are shown.

    ``unit`` is that of ``values``; ``label`` says the unit of what is shown where it has one.
    """

    name: str
    label: str
    unit: str
    values: tuple[Any, ...]
    said: tuple[str, ...]
    is_key: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain values: numbers as numbers, and their unit."""
        found: dict[str, Any] = plain(
            {"name": self.name, "label": self.label, "unit": self.unit, "values": self.values}
        )
        return found


def setting_rows(runs: Sequence[Run]) -> tuple[Row, ...]:
    """Return the settings, the engines and the model sets that are not the same in all runs."""
    flat = [
        {
            f"{section}.{name}": value
            for section, values in run.about.get("settings", {}).items()
            for name, value in values.items()
        }
        for run in runs
    ]
    names = dict.fromkeys(name for each in flat for name in each)
    rows = [_row(name, name, [each.get(name) for each in flat]) for name in names]
    voters = [{engine["name"] for engine in run.about.get("engines", [])} for run in runs]
    for name in sorted(set().union(*voters)):
        votes = ["votes" if name in each else None for each in voters]
        rows.append(_row(f"engine {name}", f"engine {name}", votes))
    sets = [run.about.get("models", {}).get("digest") for run in runs]
    rows.append(_row("models", "models", [digest and digest[:16] for digest in sets]))
    found = [row for row in rows if row is not None]
    return tuple(sorted(found, key=lambda row: not row.name.endswith(".preset")))


def data_rows(runs: Sequence[Run]) -> tuple[Row, ...]:
    """Return what is not the same in the data of all runs."""
    rows = [
        _row(name, name.replace("_", " "), [run.about["data"].get(name) for run in runs])
        for name in _DATA
    ]
    return tuple(row for row in rows if row is not None)


def short_names(n: int, settings: Sequence[Row], data: Sequence[Row]) -> list[str]:
    """Return how each run differs from the others, in a few words; empty if in nothing.

    Parameters
    ----------
    n : int
        How many runs.
    settings, data : sequence of Row
        What differs.

    Notes
    -----
    Units: none.  Causal: reads finished runs.  Missing: an en dash for what a run has not.

    Examples
    --------
    >>> row = Row("risk.preset", "risk.preset", "", ("balanced", "bold"), ("balanced", "bold"))
    >>> short_names(2, [row], [])
    ['risk.preset balanced', 'risk.preset bold']
    """
    venues = [row for row in data if row.name == "venues"]
    rows = [*venues, *settings][:_NAMED]
    rest = len(venues) + len(settings) - len(rows)
    if not rows:
        rows = [row for row in data if row.name in {"description", "start", "end"}][:_NAMED]
    names = []
    for i in range(n):
        parts = [row.said[i] if row in venues else f"{row.label} {row.said[i]}" for row in rows]
        if rest:
            parts.append(f"{rest} more")
        names.append(", ".join(parts))
    return names


def came_out(runs: Sequence[Run]) -> tuple[Row, ...]:
    """Return every metric and the money of every run, the most important first."""
    rows = {row.name: row for row in (*_money(runs), *_metrics(runs))}
    first = [rows.pop(name) for name in _KEY if name in rows]
    return (*first, *rows.values())


def _row(name: str, label: str, values: Sequence[object]) -> Row | None:
    """Return a row of what went in, or nothing where all runs have the same."""
    if len({json.dumps(value, default=str) for value in values}) < 2:
        return None
    return Row(name, label, "", tuple(values), tuple(map(_said, values)))


def _said(value: object) -> str:
    """Return a setting as short text; of a long list only its length."""
    if isinstance(value, list):
        text = ", ".join(map(str, value)) or "none"
        return text if len(text) <= 40 else f"{len(value)}: {text[:30]}…"
    if isinstance(value, str) and _TIME.match(value):
        return value[:16].replace("T", " ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return UNKNOWN if value is None or value == "" else str(value)


def _metrics(runs: Sequence[Run]) -> list[Row]:
    rows = []
    for metric in METRICS:
        place = next((p for p in _PARTS if any(metric.name in r.metrics[p] for r in runs)), None)
        if place is None:
            continue
        values = [_value(run, place, metric.name) for run in runs]
        if all(value is None for value in values) and metric.name != "min_track_record_days":
            continue
        if metric.name in _A_DAY:
            name, label = _A_DAY[metric.name]
            a_day = [None if value is None else value / DAYS_PER_YEAR for value in values]
            rows.append(_measured(name, f"{label}, bps", "fraction/day", a_day, bps))
            continue
        label = LABELS.get(metric.name, metric.name.replace("_", " "))
        unit = unit_name(metric.unit)
        if "%" not in unit and unit not in {"count", "ratio"} and not label.endswith(unit):
            label = f"{label}, {unit}"
        form = _rough if metric.name == "capacity_usd" else _measure_of(metric.unit)
        row = _measured(metric.name, label, metric.unit, values, form)
        row = _told(row, runs) if metric.name == "min_track_record_days" else row
        rows.append(_cautioned(row, runs, f"{place}.{metric.name}"))
    return rows


def _told(row: Row, runs: Sequence[Run]) -> Row:
    """Say of a Sharpe ratio that is not above 0 that no record is long enough."""
    ratios = [_value(run, "net", "sharpe") for run in runs]
    said = [
        "no length does" if ratio is not None and ratio <= 0.0 else text
        for ratio, text in zip(ratios, row.said, strict=True)
    ]
    return dataclasses.replace(row, said=tuple(said))


def _cautioned(row: Row, runs: Sequence[Run], name: str) -> Row:
    """Show why a number says nothing in place of it, as the page of its run does."""
    said = [
        run.cautions.get(name, text) if value is not None else text
        for run, value, text in zip(runs, row.values, row.said, strict=True)
    ]
    return dataclasses.replace(row, said=tuple(said))


def _value(run: Run, place: str, name: str) -> float | None:
    """Return a metric; room for money that would only lose is no capacity."""
    if name == "capacity_usd" and run.lines[Line.GROSS] <= run.costs:
        return None
    found: float | None = run.metrics[place].get(name)
    return found


def _measured(
    name: str,
    label: str,
    unit: str,
    values: Sequence[float | None],
    form: Callable[[float | None], str],
) -> Row:
    return Row(name, label, unit, tuple(values), tuple(map(form, values)), name in _KEY)


def _measure_of(unit: str) -> Callable[[float | None], str]:
    return lambda value: measure(value, unit)


def _rough(value: float | None) -> str:
    return UNKNOWN if value is None else rounded(value)


def bps(value: float | None) -> str:
    """Return a fraction in basis points.

    Examples
    --------
    >>> bps(-0.00123)
    '−12.30'
    """
    return number(None if value is None else 1e4 * value)


def _money(runs: Sequence[Run]) -> list[Row]:
    """Return what went into and out of the account: a cost that was paid is negative."""

    def row(name: str, label: str, amounts: Sequence[int | None]) -> Row:
        values = [None if amount is None else amount / MONEY_SCALE for amount in amounts]
        said = [UNKNOWN if amount is None else usd(amount) for amount in amounts]
        return Row(name, f"{label}, USD", "USD", tuple(values), tuple(said), is_key=True)

    return [
        row("start_usd", "account at the start", [run.start for run in runs]),
        row("end_usd", "account at the end", [int(run.equity["equity"][-1]) for run in runs]),
        row("net_usd", "net result", [run.net for run in runs]),
        row("average_trade_usd", "average trade, net", [_average(run) for run in runs]),
        row("gross_usd", "gross result", [run.lines[Line.GROSS] for run in runs]),
        row("slippage_usd", "slippage", [-sum(run.lines[x] for x in SLIPPAGE) for run in runs]),
        row("fees_usd", "fees", [-run.lines[Line.FEE] for run in runs]),
        row("funding_usd", "funding", [-run.lines[Line.FUNDING] for run in runs]),
        row("haircuts_usd", "haircuts", [-run.lines[Line.HAIRCUT] for run in runs]),
    ]


def _average(run: Run) -> int | None:
    """Return what a closed trade made in the mean."""
    return (
        round(int(run.trades["net_pnl"].sum()) / run.trades.height) if run.trades.height else None
    )
