"""Whether choosing the best of many settings found anything: three questions, one answer each.

In: what every setting of a sweep returned a day, the settings as numbers, and what else there was
to hold. Out: the probability of backtest overfitting, whether any setting beats a benchmark once
all of them are counted, and how fast the best falls off on the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quorate.statistics.overfitting import Overfitting, probability_of_overfitting
from quorate.statistics.superiority import Superiority, superior

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import Mat, Vec
    from quorate.statistics.accounts import Trials
    from quorate.statistics.surface import Sensitivity

_MOST_BLOCKS: Final = 16
_BLOCK_DAYS: Final = 4
_FEWEST_DAYS: Final = 30


class Overfit(NamedTuple):
    """The probability of backtest overfitting, or why there is none."""

    found: Overfitting | None
    n_blocks: int = 0
    why: str = ""


class Against(NamedTuple):
    """Whether any setting beats a benchmark at the same risk, or why that was not asked.

    ``better`` are the rows of the settings that do, all at 5% together (StepM).
    """

    benchmark: str
    found: Superiority | None = None
    better: tuple[int, ...] = ()
    n_asked: int = 0
    why: str = ""


@dataclass(frozen=True)
class Luck:
    """How likely the best of a sweep is luck.

    Attributes
    ----------
    best : int
        Its row.
    measure : str
        What made it the best, a column of the table.
    trials : Trials
        What it was chosen from; ``counted`` deflates.
    n_days : int
        Length of the record.
    sharpe_by_luck : float
        The annual ratio that the best of so many shows without an edge.
    min_backtest_days : float
        Below so many days it shows a ratio of 1 (MinBTL).
    deflated_sharpe : float
        That the true ratio of the best is above ``sharpe_by_luck`` (DSR).
    overfit : Overfit
        PBO by CSCV, with the logit of every split.
    against : tuple of Against
        SPA and StepM.
    surface : Sensitivity or None
        The best beside its neighbours on the grid; None where nothing differs.
    scales : tuple of str
        The settings that are numbers, as ``surface.falls`` has them first.
    """

    best: int
    measure: str
    trials: Trials
    n_days: int
    sharpe_by_luck: float
    min_backtest_days: float
    deflated_sharpe: float
    overfit: Overfit
    against: tuple[Against, ...]
    surface: Sensitivity | None
    scales: tuple[str, ...]


def overfit(returns: Mat) -> Overfit:
    """Return the probability of backtest overfitting of a sweep, in as many blocks as days allow.

    Parameters
    ----------
    returns : Mat
        Daily returns, shape (day, setting).

    Returns
    -------
    Overfit
        16 blocks from 64 days on, fewer below, of at least 4 days each.

    Notes
    -----
    Units: probability.  Causal: reads all days.  Missing: says why below 16 days, two settings, or
    where none of them moved.  METHODS 5.6.

    Examples
    --------
    >>> overfit(np.zeros((5, 3))).why
    'needs 16 days, there are 5'
    """
    n_days, n = returns.shape
    if n < 2:
        return Overfit(None, why="one setting is no choice")
    if n_days < 4 * _BLOCK_DAYS:
        return Overfit(None, why=f"needs {4 * _BLOCK_DAYS} days, there are {n_days}")
    moved = np.ptp(np.nan_to_num(returns), axis=0) > 0.0
    if moved.sum() < 2:
        return Overfit(None, why="fewer than two settings ever moved")
    n_blocks = min(_MOST_BLOCKS, n_days // _BLOCK_DAYS // 2 * 2)
    return Overfit(probability_of_overfitting(returns, n_blocks), n_blocks)


def against(returns: Mat, benchmark: Vec, name: str, *, seed: int = 0) -> Against:
    """Ask whether any setting is better than a benchmark at the same risk, all of them counted.

    Parameters
    ----------
    returns : Mat
        Daily returns, shape (day, setting).
    benchmark : Vec
        Of the same days, shape (day,).
    name : str
        What it is called.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Against
        Every series is brought to the standard deviation of the benchmark first: the riskiest
        would win else.

    Notes
    -----
    Units: probability.  Causal: reads all days.  Missing: a setting that never moved, or has a day
    that is not known, is left out, and so is one that never differs from the benchmark; days that
    the benchmark lacks are left out for all.  METHODS 5.7.

    Examples
    --------
    >>> against(np.zeros((90, 2)), np.zeros(90), "holding BTC").why
    'holding BTC never moved'
    """
    known = np.isfinite(benchmark)
    held, rows = benchmark[known], returns[known]
    if len(held) < _FEWEST_DAYS:
        return Against(name, why=f"needs {_FEWEST_DAYS} days, there are {len(held)}")
    risk = float(np.std(held))
    if not risk > 0.0:
        return Against(name, why=f"{name} never moved")
    own = np.std(rows, axis=0)
    is_asked = np.isfinite(own) & (own > 1e-12)
    scaled = rows * np.where(is_asked, risk / np.where(is_asked, own, 1.0), np.nan)
    is_asked &= np.ptp(np.nan_to_num(scaled - held[:, None]), axis=0) > 1e-9 * risk
    asked = np.flatnonzero(is_asked)
    if not len(asked):
        return Against(name, why="no setting moved otherwise")
    found = superior(np.ascontiguousarray(scaled[:, asked]), held, seed=seed)
    return Against(name, found, tuple(int(asked[k]) for k in found.better), len(asked))


def grid_of(columns: Sequence[Sequence[object]]) -> Mat:
    """Return the settings of a sweep as numbers, in which only numbers lie beside each other.

    Parameters
    ----------
    columns : sequence of sequence
        The values of each setting that differs, one a row of the table.

    Returns
    -------
    Mat
        Shape (row, column), as ``surface.sensitivity`` takes it: the settings that are numbers, in
        order, then each that is a word in two columns, so that another word is two steps away.

    Notes
    -----
    Units: of the setting; words by number.  Causal: pure.  Missing: none.

    Examples
    --------
    >>> grid_of([["spec", "spec", "volatility"], [0.5, 2, 1]]).tolist()
    [[0.5, 0.0, 0.0], [2.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    """
    numbers = [list(map(float, column)) for column in columns if is_scale(column)]  # type: ignore[arg-type]
    words = []
    for column in columns:
        if not is_scale(column):
            codes = {value: i for i, value in enumerate(dict.fromkeys(column))}
            words += [[float(codes[value]) for value in column]] * 2
    return np.array([*numbers, *words], np.float64).T


def is_scale(column: Sequence[object]) -> bool:
    """Return whether values are numbers, of which some lie beside others.

    Examples
    --------
    >>> is_scale([1, 2.5]), is_scale([True, False]), is_scale(["spec"])
    (True, False, False)
    """
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in column)
