"""Two or more runs side by side: what differs in what went in, and in what came out.

In: ``reading.Run`` values. Out: a ``Comparison``. Every run is held against the first; whether a
difference is luck is asked of their daily net returns on the days that both have.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.core.types import Line
from quorate.errors import DataError
from quorate.report.formats import UNKNOWN, measure, unit_name, usd
from quorate.report.matching import TradeDifference, match
from quorate.report.plain import plain
from quorate.report.reading import SLIPPAGE, curves, read
from quorate.report.words import LABELS
from quorate.statistics.comparison import Paired, compare
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import IntVec, Vec
    from quorate.report.reading import Run

SEED: Final = 7
MOST: Final = 8
"""So many runs are still told apart in one chart."""
_DATA: Final = (
    *("description", "digest", "symbols", "venues", "funding", "bar_minutes", "start", "end"),
    *("is_synthetic",),
)
_PARTS: Final = ("net", "activity", "costs")
_KEY: Final = (
    *("total_return", "sharpe", "psr", "max_drawdown", "volatility", "n_trades", "hit_rate"),
    *("profit_factor", "turnover_per_day", "holding_hours"),
)


@dataclass(frozen=True)
class Brief:
    """A run in one line; ``letter`` is what it is called in the comparison."""

    letter: str
    run_id: str
    kind: str
    description: str
    start: str
    end: str
    n_coins: int
    is_synthetic: bool


@dataclass(frozen=True)
class Row:
    """Something of every run, in their order; ``is_key`` for what is said first."""

    name: str
    unit: str
    values: tuple[str, ...]
    is_key: bool = False


@dataclass(frozen=True)
class Versus:
    """A run against the first: its differences are its own less the first's."""

    letter: str
    paired: Paired
    trades: TradeDifference


@dataclass(frozen=True)
class Curve:
    """A run's net growth in percent since its start, at the times of the comparison."""

    letter: str
    growth: Vec


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes
    ----------
    runs : tuple of Brief
        In the order given; every other one is held against the first.
    settings, data, metrics : tuple of Row
        Settings and data that differ, and every metric.
    versus : tuple of Versus
        One for each run but the first.
    cautions : tuple of str
        Why the runs may not be comparable.
    times, curves : IntVec, tuple of Curve
        For the chart; left out of ``as_dict``.
    """

    runs: tuple[Brief, ...]
    settings: tuple[Row, ...]
    data: tuple[Row, ...]
    metrics: tuple[Row, ...]
    versus: tuple[Versus, ...]
    cautions: tuple[str, ...]
    times: IntVec
    curves: tuple[Curve, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all but the curves as plain values, ready for JSON.

        Notes
        -----
        Units: in each row.  Causal: reads finished runs.  Missing: None, never NaN.
        """
        kept = dataclasses.replace(self, times=np.zeros(0, np.int64), curves=())
        found: dict[str, Any] = plain(dataclasses.asdict(kept))
        return {name: found[name] for name in found if name not in {"times", "curves"}}

    def write(self, path: str | Path) -> Path:
        """Write the page; it needs no network and no other file."""
        from quorate.report.compare_page import write

        return write(self, Path(path))

    def __str__(self) -> str:  # type: ignore[explicit-override]
        from quorate.report.compare_text import text

        return text(self)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def compare_folders(folders: Sequence[Path]) -> Comparison:
    """Read the folders of two or more runs and hold every one against the first.

    Parameters
    ----------
    folders : sequence of Path
        Of finished runs.

    Raises
    ------
    DataError
        Fewer than two, more than ``MOST``, or one twice; or a file of a run is missing.

    Notes
    -----
    Units: in each row.  Causal: reads finished runs.  Missing: a dash, and why.  METHODS 10.4.
    """
    places = [folder.resolve() for folder in folders]
    if not 2 <= len(places) <= MOST or len(set(places)) < len(places):
        raise DataError(
            f"{len(places)} runs, of which {len(set(places))} are different, are to be compared",
            hint=f"name from 2 to {MOST} different runs",
        )
    found = [read(folder) for folder in places]
    letters = [chr(ord("A") + i) for i in range(len(found))]
    times, growth = _together(found)
    bar_minutes = max(int(run.about["data"]["bar_minutes"]) for run in found)
    versus = tuple(
        Versus(letter, _paired(run, found[0]), match(found[0].trades, run.trades, bar_minutes))
        for letter, run in zip(letters[1:], found[1:], strict=True)
    )
    data = _data(found)
    return Comparison(
        runs=tuple(_brief(letter, run) for letter, run in zip(letters, found, strict=True)),
        settings=_settings(found),
        data=data,
        metrics=(*_metrics(found), *_money(found)),
        versus=versus,
        cautions=_cautions(found, data, versus),
        times=times,
        curves=tuple(Curve(letter, line) for letter, line in zip(letters, growth, strict=True)),
    )


def _brief(letter: str, run: Run) -> Brief:
    data = run.about["data"]
    return Brief(
        letter=letter,
        run_id=run.about["run_id"],
        kind=run.about["kind"],
        description=data["description"],
        start=data["start"][:16].replace("T", " "),
        end=data["end"][:16].replace("T", " "),
        n_coins=len(data["symbols"]),
        is_synthetic=bool(data["is_synthetic"]),
    )


def _settings(runs: Sequence[Run]) -> tuple[Row, ...]:
    """Return the settings, and the engines, that are not the same in all runs."""
    flat = [
        {
            f"{section}.{name}": value
            for section, values in run.about.get("settings", {}).items()
            for name, value in values.items()
        }
        for run in runs
    ]
    names = dict.fromkeys(name for each in flat for name in each)
    rows = [Row(name, "", tuple(_said(each.get(name)) for each in flat)) for name in names]
    voters = [{engine["name"] for engine in run.about.get("engines", [])} for run in runs]
    rows += [
        Row(f"engine {name}", "", tuple("votes" if name in each else UNKNOWN for each in voters))
        for name in sorted(set().union(*voters))
    ]
    return tuple(row for row in rows if len(set(row.values)) > 1)


def _data(runs: Sequence[Run]) -> tuple[Row, ...]:
    rows = []
    for name in _DATA:
        found = [run.about["data"].get(name) for run in runs]
        if len({json.dumps(value) for value in found}) > 1:
            rows.append(Row(name.replace("_", " "), "", tuple(map(_said, found))))
    return tuple(rows)


def _said(value: object) -> str:
    """Return a setting as short text; of a long list only its length."""
    if isinstance(value, list):
        text = ", ".join(map(str, value)) or "none"
        return text if len(text) <= 40 else f"{len(value)}: {text[:30]}…"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return UNKNOWN if value is None or value == "" else str(value)


def _metrics(runs: Sequence[Run]) -> tuple[Row, ...]:
    rows = []
    for metric in METRICS:
        place = next((p for p in _PARTS if any(metric.name in r.metrics[p] for r in runs)), None)
        if place is None:
            continue
        values = [measure(run.metrics[place].get(metric.name), metric.unit) for run in runs]
        if any(value != UNKNOWN for value in values):
            label = LABELS.get(metric.name, metric.name.replace("_", " "))
            unit = "" if label.endswith(unit_name(metric.unit)) else unit_name(metric.unit)
            rows.append(Row(label, unit, tuple(values), is_key=metric.name in _KEY))
    return tuple(rows)


def _money(runs: Sequence[Run]) -> tuple[Row, ...]:
    def row(name: str, amounts: list[int]) -> Row:
        return Row(name, "USD", tuple(map(usd, amounts)), is_key=True)

    return (
        row("gross result", [run.lines[Line.GROSS] for run in runs]),
        row("slippage", [sum(run.lines[line] for line in SLIPPAGE) for run in runs]),
        row("fees", [run.lines[Line.FEE] for run in runs]),
        row("funding", [run.lines[Line.FUNDING] for run in runs]),
        row("haircuts", [run.lines[Line.HAIRCUT] for run in runs]),
        row("net result", [run.net for run in runs]),
    )


def _paired(run: Run, first: Run) -> Paired:
    """Compare daily net returns on the days that both runs have, bankrupt days left out."""
    ours, theirs = (daily_returns(each.equity.select(list(EQUITY))) for each in (run, first))
    _, i, j = np.intersect1d(ours.day, theirs.day, return_indices=True)
    return compare(ours.net[i], theirs.net[j], seed=SEED)


def _together(runs: Sequence[Run]) -> tuple[IntVec, list[Vec]]:
    """Return all times, and every run's growth at each of them: its last one, NaN outside."""
    lines = [curves(run.equity) for run in runs]
    times: IntVec = np.unique(np.concatenate([line.times for line in lines]))
    growth = []
    for line in lines:
        last = np.searchsorted(line.times, times, side="right") - 1
        inside = (last >= 0) & (times <= line.times[-1])
        growth.append(np.where(inside, 100.0 * (line.growth[np.maximum(last, 0)] - 1.0), np.nan))
    return times, growth


def _cautions(
    runs: Sequence[Run], data: Sequence[Row], versus: Sequence[Versus]
) -> tuple[str, ...]:
    found = []
    if any(run.about["data"]["is_synthetic"] for run in runs):
        found.append("Synthetic data: these prices were made up.")
    if any(row.name == "digest" for row in data):
        found.append("The runs did not read the same data: a difference may be the market's.")
    if len({(run.about.get("version"), run.about.get("code")) for run in runs}) > 1:
        found.append("The runs were made by different versions of the code.")
    if len(versus) > 1:
        found.append(
            f"{len(versus)} comparisons are made: by luck alone one in twenty has p below 0.05."
        )
    return tuple(found)
