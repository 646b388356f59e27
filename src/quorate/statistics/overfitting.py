r"""How likely what was best in the past is to be no better than the rest afterwards.

In: the returns of every trial on the same days, shape (day, trial). Out: the probability of
backtest overfitting, by combinatorially symmetric cross-validation, and how many of the trials were
trials of their own. Neither knows how good a trial is, only whether choosing among them worked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from quorate.core.types import Mat, Vec

_MOST_BLOCKS: Final = 20


@dataclass(frozen=True)
class Overfitting:
    """The probability of overfitting, and the logit of each split, shape (split,)."""

    probability: float
    logits: Vec

    @property
    def mean_logit(self) -> float:
        """Return the mean logit: above 0 where the best stays in the better half."""
        return float(np.mean(self.logits)) if len(self.logits) else math.nan


def probability_of_overfitting(returns: Mat, n_blocks: int = 16) -> Overfitting:
    r"""Return how often the best of one half of the days is below the median in the other.

    .. math:: \lambda = \ln\frac{\omega}{1 - \omega}, \qquad
              \omega = \frac{\text{rank of the best}}{N + 1}, \qquad
              \mathrm{PBO} = P(\lambda \le 0)

    Parameters
    ----------
    returns : Mat
        Shape (day, trial), at least two trials.
    n_blocks : int
        S, even, 2 to 20: runs of days of which every half is a past once.

    Returns
    -------
    Overfitting
        Over the C(S, S/2) splits.

    Raises
    ------
    ValueError
        S is odd or out of bounds, or there are fewer than two days a block or two trials.

    Notes
    -----
    Units: probability.  Causal: reads all days.  Missing: a trial that does not vary in a half, or
    has a day that is not known, ranks last there. Where ratios are equal the earlier trial is taken
    as the best, and ranks in the middle of its equals; days that fill no block are left out, the
    last ones.  METHODS 5.6; Bailey, Borwein, Lopez de Prado and Zhu (2017).

    Examples
    --------
    >>> skill = np.tile([0.02, -0.01], 32)[:, None] + np.array([0.0, -0.01, -0.02])
    >>> probability_of_overfitting(skill, 4).probability
    0.0
    """
    n_days, n_trials = returns.shape
    if n_blocks % 2 or not 2 <= n_blocks <= _MOST_BLOCKS:
        raise ValueError(f"n_blocks is {n_blocks}, must be even and from 2 to {_MOST_BLOCKS}")
    if n_trials < 2 or n_days < 2 * n_blocks:
        raise ValueError(
            f"{n_trials} trials on {n_days} days: at least 2 trials and {2 * n_blocks} days"
        )
    size = n_days // n_blocks
    centred = returns - np.mean(returns, axis=0)
    blocks = centred[: size * n_blocks].reshape(n_blocks, size, n_trials)
    # of centred returns, or the sum of squares of a long quiet series would lose its digits
    sums, squares = blocks.sum(axis=1), np.square(blocks).sum(axis=1)
    mean = np.mean(returns, axis=0)
    half = n_blocks // 2
    logits = []
    for chosen in combinations(range(n_blocks), half):
        past = np.zeros(n_blocks, np.bool_)
        past[list(chosen)] = True
        inside, outside = (
            _ratios(sums[side].sum(axis=0), squares[side].sum(axis=0), mean, half * size)
            for side in (past, ~past)
        )
        best = int(np.argmax(inside))
        value = outside[best]
        rank = float(np.sum(outside < value)) + (float(np.sum(outside == value)) + 1.0) / 2.0
        share = rank / (n_trials + 1.0)
        logits.append(math.log(share / (1.0 - share)))
    found = np.array(logits)
    return Overfitting(float(np.mean(found <= 1e-12)), found)


def _ratios(total: Vec, square: Vec, mean: Vec, n: int) -> Vec:
    """Return the Sharpe ratio of each trial from its sums about a mean; the worst where none is."""
    variance = square / n - np.square(total / n)
    found = np.full(len(total), -np.inf)
    is_known = variance > 1e-24 + 1e-12 * square / n
    np.divide(
        total / n + mean, np.sqrt(np.where(is_known, variance, 1.0)), out=found, where=is_known
    )
    return found


def effective_rank(returns: Mat) -> float:
    r"""Return how many independent trials the trials amount to.

    .. math:: N_{eff} = \exp\Bigl(-\sum_i p_i \ln p_i\Bigr), \qquad
              p_i = \lambda_i \Big/ \sum_j \lambda_j

    Parameters
    ----------
    returns : Mat
        Shape (day, trial).

    Returns
    -------
    float
        From 1, all the same, to the number of trials, none alike; the eigenvalues are those of
        their correlation.

    Notes
    -----
    Units: trials.  Causal: reads all days.  Missing: a trial that does not vary or has a day that
    is not known is no trial; 0.0 where none is. A short record makes trials look alike: at most one
    a day less one can be told apart.
    METHODS 5.5; Roy and Vetterli (2007), "The effective rank".

    Examples
    --------
    >>> days = np.array([1.0, -1.0, 1.0, -1.0])
    >>> other = np.array([1.0, 1.0, -1.0, -1.0])
    >>> round(effective_rank(np.column_stack((days, 2 * days, other))), 4)
    1.8899
    """
    matrix = _correlations(returns)
    return spectral_rank(matrix) if len(matrix) else 0.0


def spectral_rank(matrix: Mat) -> float:
    """Return the effective rank of a symmetric matrix without negative eigenvalues.

    Examples
    --------
    >>> spectral_rank(np.eye(3)).__round__(9)
    3.0
    """
    value = np.linalg.eigvalsh(matrix)
    share = value[value > 1e-12 * value[-1]]
    share = share / share.sum()
    return float(np.exp(-np.sum(share * np.log(share))))


def clusters(returns: Mat, likeness: float = 0.5) -> int:
    r"""Return how many groups of trials there are that are no more alike than a threshold.

    Parameters
    ----------
    returns : Mat
        Shape (day, trial).
    likeness : float
        Correlation in (-1, 1) above which the averages of two groups make them one.

    Returns
    -------
    int
        Groups left when the two most alike have been joined as long as they were alike enough.

    Notes
    -----
    Units: trials.  Causal: reads all days.  Missing: as ``effective_rank``. Average linkage on
    correlation; nothing is drawn, so the same trials always make the same groups.
    METHODS 5.5; Lopez de Prado (2019), "A data science solution to the multiple-testing crisis".

    Examples
    --------
    >>> days = np.array([1.0, -1.0, 1.0, -1.0])
    >>> other = np.array([1.0, 1.0, -1.0, -1.0])
    >>> clusters(np.column_stack((days, 2 * days, other)))
    2
    """
    if not -1.0 < likeness < 1.0:
        raise ValueError(f"likeness is {likeness}, must be in (-1, 1): 0.5 is usual")
    alike = _correlations(returns)
    np.fill_diagonal(alike, -np.inf)
    size = np.ones(len(alike))
    while len(alike) > 1:
        one, other = divmod(int(np.argmax(alike)), len(alike))
        if alike[one, other] <= likeness:
            break
        joined = (size[one] * alike[one] + size[other] * alike[other]) / (size[one] + size[other])
        alike[one], alike[:, one] = joined, joined
        alike[one, one] = -np.inf
        size[one] += size[other]
        alike = np.delete(np.delete(alike, other, 0), other, 1)
        size = np.delete(size, other)
    return len(alike)


def _correlations(returns: Mat) -> Mat:
    """Return the correlation of the trials that vary and are known on every day."""
    kept = returns[:, np.isfinite(returns).all(axis=0)]
    if len(kept) < 2 or not kept.shape[1]:
        return np.zeros((0, 0))
    kept = kept[:, np.ptp(kept, axis=0) > 0.0]
    found: Mat = (
        np.atleast_2d(np.corrcoef(kept, rowvar=False)) if kept.shape[1] else np.zeros((0, 0))
    )
    return found
