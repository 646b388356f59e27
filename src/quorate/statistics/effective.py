r"""How many trials of their own the trials of a ledger amount to, by the returns they made.

In: the returns of each trial, over days that may differ. Out: one number. A hundred settings that
hold the same positions are one try at the market; a hundred that have nothing in common are a
hundred, and the best of those is the luckier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quorate.statistics.overfitting import spectral_rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import Mat, Vec

MOST: Final = 1_024
"""Steps that are kept of a record, and that records are compared over."""
METHOD: Final = "effective rank of the correlation of their daily returns"
"""How trials are counted, in words; Roy and Vetterli (2007)."""
_AT_ONCE: Final = 512


class Steps(NamedTuple):
    """Returns of steps of one or more days: ``first`` counts such steps from 1970."""

    first: int
    step_days: int
    returns: Vec


def in_steps(first_day: int, returns: Vec) -> Steps:
    """Return a record in days, or in steps of 2, 4, 8 ... days if it has more than ``MOST``.

    Parameters
    ----------
    first_day : int
        UTC day of the first return, counted from 1970.
    returns : Vec
        Of consecutive days, shape (day,).

    Returns
    -------
    Steps
        They begin at multiples of their length, so that any two records can be compared.

    Notes
    -----
    Units: fractions; a step of several days has their sum.  Causal: reads a finished run.
    Missing: NaN where a day of a step is not known.

    Examples
    --------
    >>> found = in_steps(20_001, np.full(1_500, 0.01))
    >>> found.step_days, found.first, found.returns[:2].round(3).tolist()
    (2, 10000, [0.01, 0.02])
    """
    days = Steps(first_day, 1, np.asarray(returns, np.float64))
    return _longer(days, _length([(first_day, 1, len(returns))]))


def effective_trials(records: Sequence[tuple[int, int, Vec]]) -> float:
    r"""Return how many independent trials the trials amount to, over the days of all of them.

    .. math:: N_{eff} = \exp\Bigl(-\sum_i p_i \ln p_i\Bigr), \qquad
              p_i = \lambda_i \Big/ \sum_j \lambda_j

    Parameters
    ----------
    records : sequence of tuple
        ``Steps``, one a trial.

    Returns
    -------
    float
        From 1, all the same, to the number of trials, none alike; 0.0 where none varies.

    Notes
    -----
    Units: trials.  Causal: reads finished runs.  Missing: a trial that does not vary, or has a day
    that is not known, is no trial here. The eigenvalues are those of the correlation of the
    trials; a day that only one of two has counts as unlike, so that trials on other days are
    trials of their own. At most ``MOST`` steps are compared, and no more trials can be told apart
    than there are days less one: on a short record many trials look fewer than they were.
    METHODS 5.5; Roy and Vetterli (2007), "The effective rank".

    Examples
    --------
    >>> days = np.array([1.0, -1.0, 1.0, -1.0])
    >>> other = np.array([1.0, 1.0, -1.0, -1.0])
    >>> trials = [Steps(0, 1, days), Steps(0, 1, 2 * days), Steps(0, 1, other)]
    >>> round(effective_trials(trials), 4), effective_trials([Steps(0, 1, days), Steps(8, 1, days)])
    (1.8899, 2.0)
    """
    known = [
        Steps(*each)
        for each in records
        if len(each[2]) and np.isfinite(each[2]).all() and np.ptp(each[2]) > 0.0
    ]
    if not known:
        return 0.0
    step = _length([(each.first, each.step_days, len(each.returns)) for each in known])
    same = [each for each in (_longer(each, step) for each in known) if np.ptp(each.returns) > 0.0]
    if not same:
        return 1.0  # a record within one step, as short as that
    start = min(each.first for each in same)
    n_steps = max(each.first + len(each.returns) for each in same) - start
    if len(same) <= n_steps:
        rows = _rows(same, start, n_steps)
        return spectral_rank(rows @ rows.T)
    # the other side of the product has the same eigenvalues, and does not grow with the trials
    product = np.zeros((n_steps, n_steps))
    for i in range(0, len(same), _AT_ONCE):
        rows = _rows(same[i : i + _AT_ONCE], start, n_steps)
        product += rows.T @ rows
    return spectral_rank(product)


def _length(spans: Sequence[tuple[int, int, int]]) -> int:
    """Return the length of a step, in days, of which ``MOST`` hold the records from end to end."""
    step = max(days for _, days, _ in spans)
    start = min(first * days for first, days, _ in spans)
    end = max((first + n) * days - 1 for first, days, n in spans)
    while end // step - start // step >= MOST:
        step *= 2
    return step


def _longer(record: Steps, step_days: int) -> Steps:
    """Return a record in steps of a length that is a multiple of its own."""
    factor = step_days // record.step_days
    if factor == 1 or not len(record.returns):
        return record
    place = (record.first + np.arange(len(record.returns))) // factor
    sums: Vec = np.bincount(place - place[0], weights=record.returns)  # type: ignore[assignment]
    return Steps(int(place[0]), step_days, sums)


def _rows(records: Sequence[Steps], start: int, n_steps: int) -> Mat:
    """Return each record about its mean and of length 1, zero beyond its days: (trial, step)."""
    rows = np.zeros((len(records), n_steps))
    for row, each in zip(rows, records, strict=True):
        centred = each.returns - np.mean(each.returns)
        at = each.first - start
        row[at : at + len(centred)] = centred / np.sqrt(np.sum(centred**2))
    return rows
