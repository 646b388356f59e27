"""Two or more runs side by side: what differs in what went in, and in what came out.

In: ``reading.Run`` values. Out: a ``Comparison``. Every run is held against the first, and up to
three against one another; whether a difference is luck is asked of the days that both have.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.errors import DataError
from quorate.report.compare_rows import Row, came_out, data_rows, setting_rows, short_names
from quorate.report.matching import TradeDifference, match
from quorate.report.plain import plain
from quorate.report.reading import curves, read
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.paired import Difference, Paired, closed_by_day, compare, holm
from quorate.statistics.ratios import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import IntVec, Vec
    from quorate.report.reading import Run

SEED: Final = 7
MOST: Final = 8
"""So many runs are still told apart in one chart."""
_ALL_PAIRS: Final = 3
"""Up to so many runs every one is held against every other."""


@dataclass(frozen=True)
class Brief:
    """A run in one line: ``letter`` is what it is called, ``name`` how it differs from others."""

    letter: str
    name: str
    run_id: str
    kind: str
    description: str
    start: str
    end: str
    n_coins: int
    is_synthetic: bool


@dataclass(frozen=True)
class Versus:
    """A run against another: differences are those of ``letter`` less those of ``against``.

    ``adjusted`` has, by metric, the p-value that allows for every test of the comparison.
    """

    letter: str
    against: str
    paired: Paired
    trades: TradeDifference
    adjusted: dict[str, float]


@dataclass(frozen=True)
class Curve:
    """A run's net growth since its start and its drawdown, in percent, at every time."""

    letter: str
    growth: Vec
    drawdown: Vec


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes
    ----------
    runs : tuple of Brief
        In the order given; every other one is held against the first.
    settings, data, metrics : tuple of Row
        Settings and data that differ, and every metric, the most important first.
    versus : tuple of Versus
        One for each run but the first; one for each pair of up to three runs.
    n_tests : int
        How many differences were asked whether they are luck.
    cautions : tuple of str
        Why the runs may not be comparable, and what the tests do not say.
    times : IntVec
        Of the charts; left out of ``as_dict``, as the curves.
    curves : tuple of Curve
        Of the charts.
    """

    runs: tuple[Brief, ...]
    settings: tuple[Row, ...]
    data: tuple[Row, ...]
    metrics: tuple[Row, ...]
    versus: tuple[Versus, ...]
    n_tests: int
    cautions: tuple[str, ...]
    times: IntVec
    curves: tuple[Curve, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all but the curves as plain values, ready for JSON.

        Notes
        -----
        Units: in each row, and numbers as numbers.  Causal: reads finished runs.  Missing: None,
        never NaN.
        """
        rows = {
            name: [row.as_dict() for row in getattr(self, name)]
            for name in ("settings", "data", "metrics")
        }
        found: dict[str, Any] = plain(
            {
                "runs": [dataclasses.asdict(run) for run in self.runs],
                **rows,
                "versus": [_versus_dict(each) for each in self.versus],
                "n_tests": self.n_tests,
                "cautions": self.cautions,
            }
        )
        return found

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
    settings, data = setting_rows(found), data_rows(found)
    names = short_names(len(found), settings, data)
    versus = _all_versus(found)
    times, lines = _together(found)
    return Comparison(
        runs=tuple(
            _brief(_letter(i), name, run)
            for i, (name, run) in enumerate(zip(names, found, strict=True))
        ),
        settings=settings,
        data=data,
        metrics=came_out(found),
        versus=versus,
        n_tests=sum(len(each.adjusted) for each in versus),
        cautions=_cautions(found, data, versus),
        times=times,
        curves=lines,
    )


def _letter(i: int) -> str:
    return chr(ord("A") + i)


def _brief(letter: str, name: str, run: Run) -> Brief:
    data = run.about["data"]
    return Brief(
        letter=letter,
        name=name,
        run_id=run.about["run_id"],
        kind=run.about["kind"],
        description=data["description"],
        start=data["start"][:16].replace("T", " "),
        end=data["end"][:16].replace("T", " "),
        n_coins=len(data["symbols"]),
        is_synthetic=bool(data["is_synthetic"]),
    )


def _all_versus(runs: Sequence[Run]) -> tuple[Versus, ...]:
    """Hold each run against those before it, or, of many, against the first alone."""
    numbers = range(len(runs))
    pairs = list(itertools.combinations(numbers, 2))
    if len(runs) > _ALL_PAIRS:
        pairs = [(0, i) for i in numbers[1:]]
    bar_minutes = max(int(run.about["data"]["bar_minutes"]) for run in runs)
    tested = [_paired(runs[own], runs[other]) for other, own in pairs]
    keys = [
        (pair, name)
        for pair, paired in enumerate(tested)
        for name, each in paired.differences.items()
        if not each.why
    ]
    adjusted = holm(np.array([tested[pair].differences[name].p_value for pair, name in keys]))
    return tuple(
        Versus(
            letter=_letter(own),
            against=_letter(other),
            paired=tested[i],
            trades=match(runs[other].trades, runs[own].trades, bar_minutes),
            adjusted={
                name: float(p) for (pair, name), p in zip(keys, adjusted, strict=True) if pair == i
            },
        )
        for i, (other, own) in enumerate(pairs)
    )


def _paired(run: Run, other: Run) -> Paired:
    """Compare days and closed trades on the days that both have, bankrupt days left out."""
    ours, theirs = (daily_returns(each.equity.select(list(EQUITY))) for each in (run, other))
    day, i, j = np.intersect1d(ours.day, theirs.day, return_indices=True)
    closed = (closed_by_day(run.trades, day), closed_by_day(other.trades, day))
    return compare(ours.net[i], theirs.net[j], seed=SEED, closed=closed)


def _versus_dict(each: Versus) -> dict[str, Any]:
    return {
        "letter": each.letter,
        "against": each.against,
        "n_days": each.paired.n_days,
        "correlation": each.paired.correlation,
        "why": each.paired.why,
        "differences": {
            name: _difference_dict(found, each.adjusted.get(name))
            for name, found in each.paired.differences.items()
        },
        "trades": dataclasses.asdict(each.trades),
    }


def _difference_dict(found: Difference, adjusted: float | None) -> dict[str, Any]:
    beside = found.asymptotic
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "p_value_holm": adjusted,
        "standard_error": beside.standard_error if beside else None,
        "p_value_asymptotic": beside.p_value if beside else None,
        "why": found.why,
    }


def _together(runs: Sequence[Run]) -> tuple[IntVec, tuple[Curve, ...]]:
    """Return all times, and every run's last growth and drawdown at each: NaN outside."""
    lines = [curves(run.equity) for run in runs]
    times: IntVec = np.unique(np.concatenate([line.times for line in lines]))
    found = []
    for i, line in enumerate(lines):
        last = np.searchsorted(line.times, times, side="right") - 1
        inside = (last >= 0) & (times <= line.times[-1])
        growth, drawdown = (
            np.where(inside, 100.0 * values[np.maximum(last, 0)], np.nan)
            for values in (line.growth - 1.0, line.drawdown)
        )
        found.append(Curve(_letter(i), growth, drawdown))
    return times, tuple(found)


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
    if len(runs) > _ALL_PAIRS:
        found.append("Each run is compared with A alone, not with the others.")
    n_days = [int(run.metrics["net"]["n_days"]) for run in runs]
    if min(n_days) < DAYS_PER_YEAR:
        found.append("Less than a year of days: growth a year and Calmar ratio are extrapolated.")
    if any(each.paired.n_days < max(n_days) for each in versus):
        found.append("Differences are over the days that both runs have, not over either's span.")
    return tuple(found)
