"""What a search says: luck first, the best with its paths, what became of the trials.

In: ``api.Search``'s tables, read as a sweep (``sweeps.Told``). Out: lines under heads, as a sweep
has them, and plain values for machines.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.report.formats import counted, number, percent
from quorate.report.odds import odds
from quorate.report.plain import plain
from quorate.report.sweep_luck import as_dict as luck_as_dict
from quorate.report.sweep_luck import booked, flips, overfitting, superiority
from quorate.report.sweep_text import under
from quorate.report.sweeps import shown

if TYPE_CHECKING:
    import polars as pl

    from quorate.report.sweeps import Told

NEAR_END: Final = 0.05
"""A best value within this share of a range from its end may be better still beyond it."""
_STATES: Final = {
    "whole": "judged on every block",
    "stopped": "stopped for having fallen behind",
    "scarce": "with too few trades to be judged",
    "refused": "out of bounds",
}


class Searched(NamedTuple):
    """What is told of a search.

    ``told`` are its whole trials, the best first; ``table`` all of them; ``paths`` the Sharpe
    ratios of the best, ``every`` those of each row of ``told.table``; ``axes`` the settings that
    varied, ``(name, low, high, is_log)`` with None where they are no range; ``cross`` how it was
    judged.
    """

    told: Told
    table: pl.DataFrame
    paths: tuple[float, ...]
    axes: tuple[tuple[str, float | None, float | None, bool], ...]
    cross: dict[str, Any]
    days: int
    store: str
    every: tuple[tuple[float, ...], ...] = ()


def judged(found: Searched) -> str:
    """Return on what every trial was judged.

    Notes
    -----
    Units: days.  Causal: pure.  Missing: none.
    """
    cross, n = found.cross, len(found.paths)
    return (
        f"{counted(n, 'path')} of {counted(found.days, 'day')} in {cross['n_blocks']} blocks, "
        f"{cross['n_test']} tested at once by what the others taught"
    )


def became(table: pl.DataFrame) -> str:
    """Return what became of the trials.

    Examples
    --------
    >>> import polars as pl
    >>> became(pl.DataFrame({"state": ["whole", "stopped", "whole"]}))
    '3 trials: 2 judged on every block, 1 stopped for having fallen behind'
    """
    states = table["state"].to_list()
    parts = [f"{states.count(s)} {words}" for s, words in _STATES.items() if s in states]
    return f"{counted(len(states), 'trial')}: {', '.join(parts)}"


def sentences(found: Searched) -> list[str]:
    """Return how likely the best is luck.

    Notes
    -----
    Units: said in each.  Causal: reads finished trials.  Missing: in words.  METHODS 5.5 to 5.7.
    """
    told = found.told
    said = [*flips(told), f"Of the best, on its path in the middle: {told.judgement.sentence}"]
    if told.judgement.is_told_apart is not None:
        said.append(odds(told.net))
    said.append(booked(told, found.store, found.table.height))
    if told.chosen is not None:
        said += [overfitting(told.chosen), *map(superiority, told.chosen.against)]
    return [each for each in said if each]


def opening(found: Searched, width: int = 80) -> str:
    """Return what stands above the table: how likely the best is luck, what became of the trials.

    Notes
    -----
    Units: said in the text.  Causal: reads finished trials.  Missing: in words.
    """
    parts = [("LUCK", sentences(found)), ("TRIALS", [became(found.table)])]
    return "\n".join(under(parts, width))


def text(found: Searched, *, again: str, width: int = 80) -> str:
    """Return what stands below the table.

    Parameters
    ----------
    found : Searched
        What is told.
    again : str
        The command that walks forward with the best.
    width : int
        Columns.

    Notes
    -----
    Units: said in the text.  Causal: reads finished trials.  Missing: in words.
    """
    parts = [
        ("BEST", best(found)),
        ("AS IT IS", [as_it_is(found)]),
        ("EDGE", ends(found)),
        ("NEXT", [again, _NEXT]),
    ]
    return "\n".join(under(parts, width, whole=again))


_NEXT: Final = (
    "Here a test was taught by its future too, which is for choosing only: what would have been "
    "earned is told by a walk forward, and on days that did not choose."
)


def best(found: Searched) -> list[str]:
    """Return the best settings, its objective taken apart, and its paths."""
    row = found.told.table.row(found.told.order[0], named=True)
    values = " ".join(f"{name}={shown(row[name])}" for name, *_ in found.axes)
    positive = sum(each > 0.0 for each in found.paths) / len(found.paths)
    middle = row["objective"] + found.cross["penalty"] * row["spread"]
    said = (
        f"objective {number(row['objective'])}: the median Sharpe ratio over paths, "
        f"{number(middle)}, less {number(found.cross['penalty'], 1)} times their standard "
        f"deviation, {number(row['spread'])}; paths from {number(min(found.paths))} to "
        f"{number(max(found.paths))}, {percent(positive, 0)} above 0"
    )
    return [values, said]


def as_it_is(found: Searched) -> str:
    """Return what the settings came to as they are, where they were the first trial."""
    first = found.table.row(0, named=True)
    if first["objective"] is None:
        return "the first trial had no objective: too few trades, or out of bounds"
    values = " ".join(f"{name}={shown(first[name])}" for name, *_ in found.axes)
    mark = "" if first["state"] == "whole" else f", {_STATES[first['state']]}"
    return f"the first trial, {values}: objective {number(first['objective'])}{mark}"


def ends(found: Searched) -> list[str]:
    """Return the settings whose best value lies at an end of its range."""
    row = found.told.table.row(found.told.order[0], named=True)
    said = []
    for name, low, high, is_log in found.axes:
        if low is None or high is None:
            continue
        value = float(row[name])
        place = placed(value, low, high, is_log=is_log)
        if min(place, 1.0 - place) <= NEAR_END:
            end = low if place < 0.5 else high
            said.append(f"{name}: best is {shown(row[name])}, at the end {shown(end)} of its range")
    return said


def placed(value: float, low: float, high: float, *, is_log: bool) -> float:
    """Return where in a range a value lies, from 0 to 1, by ratio or by difference.

    Examples
    --------
    >>> placed(1.0, 0.25, 4.0, is_log=True), placed(1.0, 0.0, 4.0, is_log=False)
    (0.5, 0.25)
    """
    if is_log:
        value, low, high = (math.log(each) for each in (value, low, high))
    return (value - low) / (high - low)


def as_dict(found: Searched) -> dict[str, Any]:
    """Return all that a search says, ready for JSON.

    Notes
    -----
    Units: fractions, per square root of a year.  Causal: finished trials.  Missing: None.
    """
    told = found.told
    row = told.table.row(told.order[0], named=True)
    names = [name for name, *_ in found.axes]
    tree: dict[str, Any] = plain(
        {
            "judged": found.cross | {"n_paths": len(found.paths), "n_days": found.days},
            "best": {
                "settings": {name: row[name] for name in names},
                "objective": row["objective"],
                "paths": list(found.paths),
                "run_id": row["run_id"],
                "is_told_apart_from_luck": told.judgement.is_told_apart,
                "judgement": told.judgement.sentence,
            },
            "trials": {
                "booked": found.table.height,
                "n": told.trials.n,
                "n_effective": told.trials.counted,
                "best_sharpe_by_luck": told.luck,
            },
            "luck": luck_as_dict(told),
            "ends": ends(found),
            "rows": found.table.to_dicts(),
            "whole": [told.table.row(i, named=True) for i in told.order],
        }
    )
    return tree
