r"""The leaderboard: what an engine's votes were worth in each regime, and who may vote there.

In: votes on full hours with what followed each, and who is approved now. Out: a ``Board``: one row
an engine and regime, and the approval matrix that the gates read next week.

What is measured is the gross move in a vote's direction over the horizon, in deviations of it:
whether an edge covers its cost is asked of the consensus, not of one vote. Labels that overlap
share their weight, days are what is independent, so errors are of sums by day (Liang and Zeger
1986) with the covariance of neighbouring days (Newey and West 1987). Dozens of cells are judged at
once: approving and withdrawing both ask how large a share of them may be false (Benjamini and
Hochberg 1995), far enough apart that a cell does not come and go by luck, and an engine changes in
one regime a week at most (METHODS 4.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from quorate.core.types import N_REGIMES, Regime
from quorate.statistics.multiplicity import false_discovery
from quorate.statistics.shapley import shapley
from quorate.statistics.student import upper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import ByteMat, ByteVec, IntVec, Mat, Vec

APPROVE, REVOKE = 0.10, 0.30
"""Share of false ones among those approved; among those that are kept, beyond which one goes."""
LEAST_MASS = 200.0
LEAST_DAYS = 20
N_PAIRS = 16
"""Pairs of orders in which engines join, where there are too many for all of them."""


class Judged(NamedTuple):
    """Votes and what followed, shape (row, ...).

    ``side`` (row, engine); ``regime`` (row,); ``earned`` is the return over the horizon in its
    deviations, of a long position; ``day`` since 1970; ``weight`` in labels of their own;
    ``horizon_days`` how many days a label lasts, rounded up.
    """

    side: ByteMat
    regime: ByteVec
    earned: Vec
    day: IntVec
    weight: Vec
    horizon_days: int = 1


class Board(NamedTuple):
    """The leaderboard of a week.

    ``table`` has a row an engine and regime: ``mass`` (labels of their own), ``days``, ``mean`` and
    ``error`` (deviations over the horizon a vote), ``p_value`` (that it is worth nothing),
    ``shrunk`` (drawn to the engine's mean over regimes), ``was``, ``is`` (approved), ``why``.
    ``approved`` is (regime, engine), what the gates read.
    """

    table: pl.DataFrame
    approved: ByteMat


def board(judged: Judged, names: Sequence[str], approved: ByteMat) -> Board:
    """Judge every engine in every regime, and say who may vote there from now on.

    Parameters
    ----------
    judged : Judged
        Votes whose labels have ended, those of engines that were not approved among them.
    names : sequence of str
        The engine axis.
    approved : ByteMat
        Who is approved now, shape (regime, engine).

    Returns
    -------
    Board

    Raises
    ------
    ValueError
        Shapes differ.

    Notes
    -----
    Units: deviations of the coin over the horizon.  Causal: as the labels.  Missing: a cell with
    fewer than 200 labels of its own or 20 days, 20 horizons where longer, is left as it is.
    Spec 2, METHODS 4.4, 13.2.

    Examples
    --------
    >>> day = np.repeat(np.arange(60), 24)
    >>> way = np.where(np.arange(1440) % 2 == 0, 1.0, -1.0)
    >>> draw = np.random.default_rng(1)
    >>> side = np.stack([way, draw.choice([-1, 1], 1440)], axis=1).astype(np.int8)
    >>> earned = 0.3 * way + draw.normal(size=1440)
    >>> judged = Judged(side, np.zeros(1440, np.int8), earned, day, np.full(1440, 0.5))
    >>> found = board(judged, ["knows", "flips"], np.ones((N_REGIMES, 2), np.int8))
    >>> found.approved[Regime.TREND].tolist(), found.approved[Regime.RANGE].tolist()
    ([1, 0], [1, 1])
    """
    n_engines = judged.side.shape[1]
    if len(names) != n_engines or approved.shape != (N_REGIMES, n_engines):
        raise ValueError(
            f"{len(names)} names and approvals {approved.shape} for votes of {n_engines} engines; "
            f"give a name each, and shape ({N_REGIMES}, {n_engines})"
        )
    cells = [_cell(judged, e, regime) for regime in Regime for e in range(n_engines)]
    mean, error, mass, days = (
        np.array(each).reshape(N_REGIMES, n_engines) for each in zip(*cells, strict=True)
    )
    least_days = LEAST_DAYS * judged.horizon_days
    known = (mass >= LEAST_MASS) & (days >= least_days) & (error > 0.0)
    ratio = np.divide(mean, error, out=np.full(mean.shape, np.nan), where=known)
    p_value = np.full(mean.shape, np.nan)
    for place in zip(*np.nonzero(known), strict=True):
        p_value[place] = upper(float(ratio[place]), int(days[place]) // judged.horizon_days - 1)
    after, why = _changed(p_value, approved)
    shrunk = np.stack(
        [_shrunk(mean[:, e], error[:, e], known[:, e]) for e in range(n_engines)], axis=1
    )
    rows = [
        {
            "engine": names[e],
            "regime": regime.name,
            "mass": float(mass[regime, e]),
            "days": int(days[regime, e]),
            "mean": _or_none(mean[regime, e], mass[regime, e] > 0.0),
            "error": _or_none(error[regime, e], error[regime, e] > 0.0),
            "p_value": _or_none(p_value[regime, e], known[regime, e]),
            "shrunk": _or_none(shrunk[regime, e], known[regime, e]),
            "was": bool(approved[regime, e]),
            "is": bool(after[regime, e]),
            "why": why[regime][e],
        }
        for e in range(n_engines)
        for regime in Regime
    ]
    return Board(pl.DataFrame(rows, schema=_TABLE), after)


def worth(
    judged: Judged, names: Sequence[str], approved: ByteMat, *, seed: int = 0
) -> pl.DataFrame:
    """Return what each engine adds to a plain majority of those that are approved.

    Parameters
    ----------
    judged, names, approved
        As of ``board``.
    seed : int
        Of the orders in which engines join, where there are too many for all of them.

    Returns
    -------
    DataFrame
        ``engine``; ``shapley``, its mean addition over all orders: they add up to what all make
        together; ``error`` of it; ``last``, what it adds to all others (leave one out).

    Notes
    -----
    Units: deviations of the coin over the horizon, a label.  Causal: as the labels.
    Missing: an engine that never votes adds nothing.  METHODS 4.4, 13.2.

    Examples
    --------
    >>> side = np.array([[1, 1], [-1, 1]], np.int8)
    >>> judged = Judged(side, np.zeros(2, np.int8), np.array([1.0, -1.0]), np.arange(2), np.ones(2))
    >>> found = worth(judged, ["knows", "up"], np.ones((N_REGIMES, 2), np.int8))
    >>> found["shapley"].to_list(), found["last"].to_list()
    ([0.75, -0.25], [0.5, -0.5])
    """
    may = approved[judged.regime] != 0
    votes = np.asfortranarray(np.where(may, judged.side, 0).astype(np.int8))
    weight = judged.weight * judged.earned / max(float(np.sum(judged.weight)), 1e-300)
    places = {name: e for e, name in enumerate(names)}

    def value(coalition: frozenset[str]) -> float:
        chosen = sorted(places[name] for name in coalition)
        return float(np.sum(np.sign(votes[:, chosen].sum(axis=1, dtype=np.int16)) * weight))

    game = shapley(value, list(names), n_pairs=N_PAIRS, seed=seed)
    everyone = frozenset(names)
    whole = value(everyone)
    return pl.DataFrame(
        {
            "engine": list(names),
            "shapley": [float(game.values[name]) for name in names],
            "error": [game.errors[name] for name in names],
            "last": [whole - value(everyone - {name}) for name in names],
        }
    )


_TABLE = {
    "engine": pl.String,
    "regime": pl.String,
    "mass": pl.Float64,
    "days": pl.Int64,
    "mean": pl.Float64,
    "error": pl.Float64,
    "p_value": pl.Float64,
    "shrunk": pl.Float64,
    "was": pl.Boolean,
    "is": pl.Boolean,
    "why": pl.String,
}


def _or_none(value: float, is_known: bool) -> float | None:  # noqa: FBT001  (a column beside it)
    return float(value) if is_known else None


def _cell(judged: Judged, e: int, regime: Regime) -> tuple[float, float, float, int]:
    """Return mean, error, labels of their own and days of an engine's votes in a regime."""
    voted = (judged.regime == regime) & (judged.side[:, e] != 0) & (judged.weight > 0.0)
    if not voted.any():
        return 0.0, 0.0, 0.0, 0
    weight = judged.weight[voted]
    earned = judged.earned[voted] * judged.side[voted, e]
    mass = float(np.sum(weight))
    mean = float(np.sum(weight * earned) / mass)
    day = judged.day[voted]
    sums = np.bincount(day - day.min(), weight * (earned - mean))
    own = float(np.sum(sums * sums))
    # days as far apart as a label is long share it: Bartlett's kernel
    variance, n_lags = own, judged.horizon_days
    for lag in range(1, min(n_lags, len(sums) - 1) + 1):
        shared = float(np.sum(sums[lag:] * sums[:-lag]))
        variance += 2.0 * (1.0 - lag / (n_lags + 1.0)) * shared
    error = np.sqrt(max(variance, own * 0.5)) / mass
    return mean, float(error), mass, len(np.unique(day))


def _changed(p_value: Mat, approved: ByteMat) -> tuple[ByteMat, list[list[str]]]:
    """Return who is approved from now on, and why, one change an engine at most."""
    flat = p_value.ravel()
    good = false_discovery(flat, APPROVE).reshape(p_value.shape)
    kept = false_discovery(flat, REVOKE).reshape(p_value.shape)
    known = np.isfinite(p_value)
    comes = known & good & (approved == 0)
    goes = known & ~kept & (approved != 0)
    after = approved.copy()
    why = [["too little evidence" if not k else "stays" for k in row] for row in known]
    for e in range(p_value.shape[1]):
        moves = [(p_value[r, e], r) for r in np.flatnonzero(comes[:, e])]
        moves += [(1.0 - p_value[r, e], r) for r in np.flatnonzero(goes[:, e])]
        for n, (_, r) in enumerate(sorted(moves)):
            said = "approved" if comes[r, e] else "withdrawn"
            if n:
                why[r][e] = f"to be {said}: another regime changed this week"
                continue
            after[r, e] = int(comes[r, e])
            share = APPROVE if comes[r, e] else REVOKE
            why[r][e] = (
                f"{said}: false discovery rate {'below' if comes[r, e] else 'above'} {share:g}"
            )
    return after, why


def _shrunk(mean: Vec, error: Vec, known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Vec:
    """Draw an engine's means to their own mean, the more the less sure they are.

    The variance between regimes is DerSimonian and Laird's (1986), not below 0.
    """
    found = np.full(len(mean), np.nan)
    if not known.any():
        return found
    weight = 1.0 / error[known] ** 2
    centre = np.sum(weight * mean[known]) / np.sum(weight)
    spread = np.sum(weight * (mean[known] - centre) ** 2)
    room = np.sum(weight) - np.sum(weight**2) / np.sum(weight)
    between = max(0.0, (spread - (known.sum() - 1)) / room) if room > 0.0 else 0.0
    share = between / (between + error[known] ** 2)
    found[known] = centre + share * (mean[known] - centre)
    return found
