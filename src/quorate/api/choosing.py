"""How likely the best of a sweep is luck, from what every setting returned a day.

In: a ``Sweep``, and what it is sorted by. Out: ``Luck``, with the reason in place of what a short
record, a market without BTC or a missing extra leaves open.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from quorate.api.configure import schema
from quorate.report.sweeps import MEASURES, known, measured, ordered, settings_in
from quorate.statistics.accounts import best_by_luck, min_backtest_days
from quorate.statistics.selection import Against, Luck, against, grid_of, is_scale, overfit
from quorate.statistics.surface import Sensitivity, sensitivity

if TYPE_CHECKING:
    import polars as pl

    from quorate.api.sweeping import Sweep

DEFAULTS = "the default settings"


def luck_of(found: Sweep, by: str = "sharpe", best: int | None = None) -> Luck:
    """Return how likely the best of a sweep is luck.

    Parameters
    ----------
    found : Sweep
        From ``quorate.sweep``.
    by : str
        What makes the best: ``net``, ``sharpe``, ``psr``, ``dsr``, ``drawdown``, ``trades`` or
        ``costs``; the net return where no setting has that.
    best : int, optional
        The row that was chosen, where something else chose it.

    Returns
    -------
    Luck
        ``Sweep.luck`` is that of the Sharpe ratio.

    Notes
    -----
    Units: probability, days, per square root of a year.  Causal: reads finished runs.  Missing:
    NaN, or why. The bootstrap has seed 0: the same sweep gives the same answer.
    METHODS 5.5 to 5.7.
    """
    table, trials = found.table, found.trials
    rows = list(table.iter_rows(named=True))
    by = by if any(known(row, MEASURES[by]) is not None for row in rows) else "net"
    best = ordered(table, by)[0] if best is None else best
    deflated = rows[best]["deflated_sharpe"]
    n_days = len(found.days)
    return Luck(
        best=best,
        measure=MEASURES[by].column,
        trials=trials,
        n_days=n_days,
        sharpe_by_luck=best_by_luck(trials, n_days),
        min_backtest_days=min_backtest_days(trials),
        deflated_sharpe=math.nan if deflated is None else float(deflated),
        overfit=overfit(found.returns),
        against=_against(found),
        surface=_surface(table, by, best),
        scales=tuple(name for name in settings_in(table) if is_scale(table[name].to_list())),
    )


def _against(found: Sweep) -> tuple[Against, ...]:
    """Ask against holding BTC, or all coins where there is none, and against the defaults."""
    held = next(iter(found.held), None)
    asked = []
    if held is not None:
        asked.append(against(found.returns, found.held[held], f"holding {held}"))
    usual = _default_row(found.table)
    if usual is None:
        asked.append(Against(DEFAULTS, why="they are not on the grid (add their values to ask)"))
    else:
        asked.append(against(found.returns, found.returns[:, usual], DEFAULTS))
    return tuple(asked)


def _default_row(table: pl.DataFrame) -> int | None:
    """Return the row in which all that differs has its default."""
    names, fields = settings_in(table), schema()
    usual = [fields[section][name].default for section, name in (n.split(".", 1) for n in names)]
    rows = table.select(names).rows() if names else []
    return next((i for i, row in enumerate(rows) if list(row) == usual), None)


def _surface(table: pl.DataFrame, by: str, best: int) -> Sensitivity | None:
    names = settings_in(table)
    if not names:
        return None
    measure = measured(table, by)
    values = [known(row, measure) for row in table.iter_rows(named=True)]
    results = np.array([math.nan if v is None else measure.sign * v for v in values])
    return sensitivity(grid_of([table[name].to_list() for name in names]), results, best)
