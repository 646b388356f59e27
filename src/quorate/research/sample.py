"""Votes of one engine in one regime, out of fold, whose labels have ended: what a fit reads.

In: strengths as stated, whether the side was right, how unique each label is. Out: a ``Sample``,
checked, or a ``LeakageError`` where a label had not ended when the fit is made. Rows of features
with their labels are checked here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.errors import LeakageError, ResearchError

if TYPE_CHECKING:
    from quorate.core.types import Mat, Vec


class Sample(NamedTuple):
    """Votes with their outcomes, shape (vote,) each; make it with ``sample``.

    ``strength`` as the engine stated it; ``right`` 1 where its side was; ``weight`` in labels: a
    label that overlaps no other counts 1.
    """

    strength: Vec
    right: Vec
    weight: Vec

    @property
    def mass(self) -> float:
        """How many labels of their own the votes come to."""
        return float(np.sum(self.weight))


class Grouped(NamedTuple):
    """A sample by distinct strength, ascending, shape (strength,): what order cannot change."""

    strength: Vec
    mass: Vec
    right: Vec


def sample(
    strength: object,
    right: object,
    weight: object = None,
    *,
    ended_k: object = None,
    as_of_k: int | None = None,
) -> Sample:
    """Return checked votes.

    Parameters
    ----------
    strength : array_like
        In [0.5, 1], as the engine stated it out of fold, shape (vote,). Votes with side 0 and
        labels without a move are not samples (METHODS 1.1): leave them out.
    right : array_like
        1 or True where the stated side was right, shape (vote,).
    weight : array_like, optional
        Uniqueness of each label, in (0, 1]; 1 where not given. Votes of weight 0 are dropped.
    ended_k : array_like, optional
        Bar counter at which each label ended.
    as_of_k : int, optional
        The bar at which the fit is made; no label may end later.

    Returns
    -------
    Sample

    Raises
    ------
    ValueError
        Shapes differ, a number is outside its bounds, or one of ``ended_k`` and ``as_of_k`` is
        without the other.
    LeakageError
        A label ends after the fit.

    Notes
    -----
    Units: probabilities; weights in labels.  Causal: enforced where ``ended_k`` is given.
    Missing: none allowed.  METHODS 1.1, 1.4.

    Examples
    --------
    >>> sample([0.6, 0.7], [True, False]).mass
    2.0
    >>> sample([0.6], [1], ended_k=[9], as_of_k=8)
    Traceback (most recent call last):
    quorate.errors.LeakageError: 1 of 1 labels ends after bar 8, at which the fit is made
      next: fit on labels that have ended, or make the fit later
    """
    strengths, rights = _numbers(strength), _numbers(right)
    weights = np.ones_like(strengths) if weight is None else _numbers(weight)
    if not strengths.shape == rights.shape == weights.shape:
        raise ValueError(
            f"strength has shape {strengths.shape}, right {rights.shape}, weight {weights.shape}; "
            "give one of each for every vote"
        )
    for what, values, low, high in (
        ("strength", strengths, 0.5, 1.0),
        ("right", rights, 0.0, 1.0),
        ("weight", weights, 0.0, 1.0),
    ):
        wrong = ~((values >= low) & (values <= high))
        if wrong.any():
            raise ValueError(
                f"{what} is {values[wrong][0]} at vote {int(np.argmax(wrong))}, outside "
                f"[{low}, {high}]; leave such votes out"
            )
    if not np.isin(rights, (0.0, 1.0)).all():
        raise ValueError("right must be 0 or 1; leave out labels without a move")
    check_known(ended_k, as_of_k, len(strengths))
    kept = weights > 0.0
    return Sample(strengths[kept], rights[kept], weights[kept])


def check_known(ended_k: object, as_of_k: int | None, n: int) -> None:
    """Raise ``LeakageError`` where one of n labels ends after the bar of the fit."""
    if (ended_k is None) != (as_of_k is None):
        raise ValueError("give ended_k and as_of_k together, or neither")
    if as_of_k is None:
        return
    ended = np.asarray(ended_k)
    if ended.shape != (n,) or ended.dtype.kind not in "iu":
        raise ValueError(
            f"ended_k is {ended.dtype} of shape {ended.shape}; give {n} bar counters, whole numbers"
        )
    late = int(np.sum(ended > as_of_k))
    if late:
        raise LeakageError(
            f"{late} of {n} labels {'ends' if late == 1 else 'end'} after bar {as_of_k}, "
            "at which the fit is made",
            hint="fit on labels that have ended, or make the fit later",
        )


def labelled(
    features: object, went_up: object, weight: object, names: tuple[str, ...]
) -> tuple[Mat, Vec, Vec]:
    """Return rows of features with their labels and weights as float64; NaN of a feature stays.

    Parameters
    ----------
    features : array_like
        Shape (row, feature).
    went_up : array_like
        1 or True where the return over the label was above 0, shape (row,).
    weight : array_like or None
        Uniqueness of each label, in [0, 1]; 1 where not given.
    names : tuple of str
        Of the features, in their order.

    Returns
    -------
    rows, up, weights : Mat, Vec, Vec

    Raises
    ------
    ValueError
        Shapes differ, names are not one for each feature, a label is not 0 or 1, or a weight is
        outside its bounds.

    Notes
    -----
    Units: weights in labels.  Causal: as the rows.  Missing: only features may be.

    Examples
    --------
    >>> rows, up, weights = labelled([[1.0], [2.0]], [True, False], None, ("adx",))
    >>> rows.shape, up.tolist(), weights.tolist()
    ((2, 1), [1.0, 0.0], [1.0, 1.0])
    """
    rows = np.ascontiguousarray(features, dtype=np.float64)
    up = np.asarray(went_up, dtype=np.float64)
    weights = np.ones(len(up)) if weight is None else np.asarray(weight, dtype=np.float64)
    if rows.ndim != 2 or up.shape != (len(rows),) or weights.shape != (len(rows),):
        raise ValueError(
            f"features have shape {rows.shape}, went_up {up.shape}, weight {weights.shape}; give "
            "(row, feature), (row,) and (row,)"
        )
    if rows.shape[1] != len(names) or len(set(names)) != len(names) or not names:
        raise ValueError(
            f"{len(names)} names ({len(set(names))} different) for {rows.shape[1]} features; give "
            "every column one name of its own"
        )
    if not np.isin(up, (0.0, 1.0)).all():
        raise ValueError("went_up must be 0 or 1; leave out labels without a move")
    if not ((weights >= 0.0) & (weights <= 1.0)).all():
        raise ValueError("a weight is outside [0, 1]; give the uniqueness of each label")
    return rows, up, weights


def varying(
    rows: Mat, names: tuple[str, ...], counts: np.ndarray[Any, Any] | None = None
) -> tuple[Mat, tuple[str, ...]]:
    """Return the features that hold more than one value, and their names.

    Parameters
    ----------
    rows : Mat
        Shape (row, feature).
    names : tuple of str
        Of the features, in their order.
    counts : array, optional
        Which rows are looked at, shape (row,); all where not given. All of them are returned.

    Raises
    ------
    ResearchError
        There is none.

    Notes
    -----
    Units: of each column.  Causal: as the rows.  Missing: a value as any other.
    Values that differ by their own rounding alone are one: no deviation can be told of them. A
    model of what is left is, to the byte, that of rows which never had the others.

    Examples
    --------
    >>> varying(np.array([[0.1, 1.0, np.nan], [0.1, 2.0, np.nan]]), ("adx", "ret_4h", "vol_24h"))[1]
    ('ret_4h',)
    """
    seen = rows if counts is None else rows[counts]
    low, high = np.fmin.reduce(seen, axis=0), np.fmax.reduce(seen, axis=0)
    rounding = len(seen) * np.finfo(np.float64).eps * np.maximum(np.abs(low), np.abs(high))
    unknown = np.isnan(seen)
    is_mixed = unknown.any(axis=0) & ~unknown.all(axis=0)
    kept = np.flatnonzero((high - low > rounding) | is_mixed)
    if not len(kept):
        raise ResearchError(
            f"no feature varies: {', '.join(names[:5])} say the same in all {len(seen)} rows",
            hint="check the features, and that rows are not all of one coin and bar",
        )
    if len(kept) == len(names):
        return rows, names
    return np.ascontiguousarray(rows[:, kept]), tuple(names[f] for f in kept)


def grouped(votes: Sample) -> Grouped:
    """Return the votes added up by distinct strength; any order of the votes gives the same bytes.

    Examples
    --------
    >>> grouped(sample([0.7, 0.6, 0.7], [1, 1, 0])).right.tolist()
    [1.0, 1.0]
    """
    order = np.lexsort((votes.weight, votes.right, votes.strength))
    strength, right, weight = (each[order] for each in votes)
    first = np.flatnonzero(np.diff(strength, prepend=-np.inf))
    mass = np.add.reduceat(weight, first)
    good = np.add.reduceat(weight * right, first)
    return Grouped(strength[first], mass, np.minimum(good, mass))


def _numbers(given: object) -> Vec:
    array: np.ndarray[Any, Any] = np.asarray(given)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"an array is {array.dtype} of shape {array.shape}; give numbers of shape (vote,)"
        )
    return array.astype(np.float64)
