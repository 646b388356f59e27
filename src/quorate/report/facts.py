"""The long tables: every metric net and gross, how steady they are, settings, engines, counters.

In: a ``Run``. Out: rows of text. A number that is not known says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.report.formats import (
    UNKNOWN,
    counted,
    fall,
    measure,
    number,
    percent,
    rounded,
    tint,
    unit_name,
)
from quorate.report.steadiness import certainty
from quorate.report.words import COUNTERS, DEFINITIONS, HEADINGS, LABELS
from quorate.statistics.cautions import FEW_TRADES
from quorate.statistics.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from quorate.report.reading import Run
    from quorate.statistics.metrics import Metric

_UNIT_OF = {metric.name: metric.unit for metric in METRICS}
_SUFFIXES = {
    "usd": "USD",
    "frac": "fraction",
    "share": "fraction",
    "bps": "bps",
    "hours": "hours",
    "days": "days",
    "ms": "ms",
}
_BOTH = ("net", "gross")
_SIGNED = {
    *("total_return", "cagr", "sharpe", "sharpe_low", "sharpe_high", "sharpe_lo", "sortino"),
    *("calmar", "max_drawdown", "avg_drawdown", "pnl_usd", "avg_win_usd", "avg_loss_usd"),
    *("mean_return", "mean_return_low", "mean_return_high", "sortino_low", "sortino_high"),
    *("max_drawdown_low", "max_drawdown_high"),
}


_ROUGH = {"capacity_usd"}
"""Estimates of which three digits count."""


class Value(NamedTuple):
    """A number as text, the class of its sign, and a caution or why it is not known."""

    text: str
    css: str
    note: str


class MetricRow(NamedTuple):
    """One metric; ``gross`` is None where net and gross are the same thing."""

    heading: str
    label: str
    unit: str
    definition: str
    net: Value
    gross: Value | None


def metric_rows(run: Run) -> list[MetricRow]:
    """Return every metric in the order of ``METRICS``, net beside gross.

    Notes
    -----
    Units: in each row.  Causal: reads the whole run.  Missing: a dash and the reason.  Spec 12.
    """
    rows = []
    for metric in METRICS:
        places = [part for part in ("net", "gross", "activity", "costs") if _has(run, part, metric)]
        if not places:
            continue
        values = [_value(run, place, metric.name, metric.unit) for place in places]
        rows.append(
            MetricRow(
                heading=HEADINGS.get(metric.name, ""),
                label=LABELS.get(metric.name, metric.name.replace("_", " ")),
                unit=_unit(metric.unit),
                definition=_definition(metric),
                net=values[0],
                gross=values[1] if len(values) > 1 else None,
            )
        )
    return rows


def _has(run: Run, part: str, metric: Metric) -> bool:
    return metric.name in run.metrics.get(part, {})


def _definition(metric: Metric) -> str:
    """Return what a metric is, and whose it is where it has an author."""
    said = DEFINITIONS.get(metric.name, metric.definition)
    return said if metric.reference.startswith("METHODS") else f"{said}; {metric.reference}"


def _unit(unit: str) -> str:
    """Return the unit of a column beside values that bear their percent sign themselves."""
    return unit_name(unit).removeprefix("%").strip()


def _value(run: Run, place: str, name: str, unit: str) -> Value:
    value = run.metrics[place][name]
    note = run.metrics.get("flags", {}).get(f"{place}.{name}", "")
    if value is None:
        note = run.why(f"{place}.{name}")
    caution = run.cautions.get(f"{place}.{name}")
    if caution is not None:
        return Value(UNKNOWN, "", caution)
    text = rounded(value) if name in _ROUGH and value is not None else measure(value, unit)
    return Value(text, tint(text) if name in _SIGNED and place in _BOTH else "", note)


def stability_rows(run: Run) -> list[tuple[str, str, str, list[str]]]:
    """Return how far years, coins and regimes lie apart: group, metric, unit and eight numbers.

    Returns
    -------
    list of tuple
        The numbers are count, mean, the ends of its 95% interval, standard deviation, minimum,
        median and maximum.

    Notes
    -----
    Units: in each row.  Causal: reads the whole run.  Missing: a dash; no row where the
    metric is defined in no group.  Spec 12, METHODS 11.
    """
    rows = []
    for group, tree in run.metrics.get("stability", {}).items():
        gross = tree.get("gross", {}).get("dispersion", {})
        for name, net in tree.get("dispersion", {}).items():
            label = LABELS.get(name, name).partition(",")[0]
            unit = _UNIT_OF.get(name, "ratio")
            for account, spread in (("net", net), ("gross", gross.get(name, {}))):
                if spread.get("n"):
                    told = f"{label}, {account}" if name in gross else label
                    said = "" if label.endswith((" a year", " a day")) else _unit(unit)
                    rows.append((group, told, said, _spread(spread, unit)))
    return rows


def _spread(spread: Mapping[str, float | None], unit: str) -> list[str]:
    parts = ("n", "mean", "mean_low", "mean_high", "std", "min", "median", "max")
    return [measure(spread.get(part), "count" if part == "n" else unit) for part in parts]


def stability_note(run: Run) -> str:
    """Return how many groups have too few trades to be in the dispersion of ratios.

    Notes
    -----
    Units: count.  Causal: reads the whole run.  Missing: empty where none was left out, or the
    run is of an older version that left none out.
    """
    few = {
        name: tree.get("n_too_few", 0) for name, tree in run.metrics.get("stability", {}).items()
    }
    out = ", ".join(counted(n, name) for name, n in few.items() if n)
    if not out:
        return ""
    return f"Left out of ratios and hit rates, with fewer than {FEW_TRADES} closed trades: {out}."


def year_rows(run: Run) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return each calendar year's days, return, Sharpe ratio and its doubts, and drawdown.

    Notes
    -----
    Units: days, percent, a year.  Causal: reads the whole run.  Missing: a dash.  Spec 12.
    """
    groups = run.metrics.get("stability", {}).get("year", {}).get("groups", {})
    return [
        (
            year,
            [
                (number(row.get("n_days"), 0), ""),
                _tinted(fall(row.get("total_return"))),
                *certainty(row, row.get("n_trades")),
                _tinted(fall(row.get("max_drawdown"))),
            ],
        )
        for year, row in groups.items()
    ]


def _tinted(text: str) -> tuple[str, str]:
    return text, tint(text)


def year_note(run: Run) -> str:
    """Return why a year's number is not known, for every reason there is.

    Notes
    -----
    Units: none.  Causal: reads the whole run.  Missing: an empty text where all are known.
    """
    flags: dict[str, str] = run.metrics.get("flags", {})
    names = [name for name in flags if name.startswith("stability.year.groups.")]
    names = [name for name in names if name not in run.cautions]  # said in the cell
    found = {run.why(name) for name in names}
    return f"A dash: {'; '.join(sorted(found))}." if found else ""


def changed_settings(run: Run) -> list[tuple[str, str, str]]:
    """Return the settings that differ from the defaults: name, value and where it came from.

    Notes
    -----
    Units: as each setting says.  Causal: reads the run's settings.  Missing: an empty list.
    """
    origins = run.about.get("origins", {})
    return [row for row in all_settings(run) if row[2] != "default"] if origins else []


def all_settings(run: Run) -> list[tuple[str, str, str]]:
    """Return every setting of a run: dotted name, value and where it came from.

    Notes
    -----
    Units: as each setting says.  Causal: reads the run's settings.  Missing: an empty list.
    """
    origins = run.about.get("origins", {})
    return [
        (f"{section}.{name}", _plain(value), str(origins.get(section, {}).get(name, "default")))
        for section, values in run.about.get("settings", {}).items()
        for name, value in values.items()
    ]


def _plain(value: Any) -> str:  # noqa: ANN401  (a leaf of JSON)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value}" if value not in {None, ""} else UNKNOWN


def counters(run: Run) -> list[tuple[str, str, str]]:
    """Return what the simulated exchange counted: name, meaning and count.

    Notes
    -----
    Units: count.  Causal: reads the whole run.  Missing: an empty list.
    """
    return [
        (name.replace("_", " ").lower(), COUNTERS.get(name.upper(), ""), number(count, 0))
        for name, count in run.metrics.get("exchange", {}).items()
    ]


def exposure_rows(run: Run) -> list[tuple[str, str, str]]:
    """Return the summary of exposure: name, value and unit, the unit read from the name.

    Notes
    -----
    Units: by suffix, percent of equity for ``_frac``.  Causal: reads the whole run.
    Missing: a dash.
    """
    rows = []
    for name, value in _leaves(run.metrics.get("exposure", {})):
        stem, _, suffix = name.rpartition("_")
        unit = _SUFFIXES.get(suffix, "")
        label = (stem if unit else name).replace("_", " ")
        is_number = value is None or isinstance(value, int | float)
        text = measure(value, unit or "ratio") if is_number else str(value)
        # a share carries its percent sign: what it is a share of is what is left to say
        rows.append((label, text, "of equity" if suffix == "frac" else unit_name(unit)))
    return rows


def kelly(run: Run) -> str:
    """Return what entries were sized, and what the other reading of Kelly would have asked for.

    Notes
    -----
    Units: USD, before any cap.  Causal: reads the whole run.  Missing: empty without an entry.
    METHODS 0 row 6.
    """
    found: dict[str, Any] = run.metrics.get("kelly", {})
    if not found.get("sized_usd"):
        return ""
    other = "cap" if found["option"] == "multiply" else "multiply"
    return (
        f"Entries were sized at {number(found['sized_usd'], 0)} USD in all, before any cap, by"
        f" risk.kelly = {found['option']}; {other} would have asked for"
        f" {number(found['other_option_usd'], 0)} USD."
    )


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{name} ")
        else:
            yield f"{above}{name}", value


def regime_rows(run: Run) -> list[tuple[str, str, str]]:
    """Return how long the coins were in each regime: name, bars of a coin, and share.

    Notes
    -----
    Units: bars of a coin, percent.  Causal: reads the whole run.  Missing: an empty list.  Spec 2.
    """
    counts: dict[str, int] = run.metrics.get("regimes", {})
    total = sum(counts.values())
    return [
        (name.lower(), number(count, 0), percent(count / total if total else None, 1))
        for name, count in counts.items()
    ]
