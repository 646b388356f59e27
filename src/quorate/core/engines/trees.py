"""A fitted engine of boosted trees: a walk through every tree, as the library walks it.

In: the features a fit read, and its trees as flat arrays (``research.trees`` makes them). Out: an
engine whose side is the likelier direction, whose strength is that direction's probability.

Trees are laid out complete: the children of node i stand at 2 i + 1 and 2 i + 2, and a leaf above
the last level is repeated down to it, so that a walk takes as many steps in every tree, no branch
has to be guessed, and four trees are walked at once. A feature stands in the row twice: where it is
missing the first copy is below every threshold and the second above, so that to read one or the
other is to know which way a missing value goes. Features, thresholds and the sum are float32,
trees in their order from the base: those are XGBoost's own operations, and its own bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from quorate.core.curves import logistic
from quorate.core.engines.base import Engine, Rows
from quorate.core.kernel import kernel
from quorate.core.types import ByteMat, Cube, IntVec, Mat, Regime, Vec

PlaceVec: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint16]]
PlaceMat: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.uint16]]
SingleVec: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float32]]
SingleMat: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float32]]

MOST_DEPTH = 8
"""Levels of a tree: each doubles what a complete one takes."""

# without a sign, so that no step asks whether it counts from the end
_ONE = np.uint64(1)
_TWO = np.uint64(2)


class Forest(NamedTuple):
    """Trees as the kernels read them; make it with ``pack``.

    ``place`` (tree, 2^depth - 1) says where in the row of copies a node looks: 2 f, or 2 f + 1
    where a missing value goes right. ``number`` (tree, 2^(depth + 1) - 1) is the threshold of an
    inner node, below which it goes left, and the log odds of a leaf. ``scalars`` are base and
    least edge. All are read-only.
    """

    place: PlaceMat
    number: SingleMat
    scalars: Vec


@kernel
def gather(values: Cube, columns: IntVec, t: int, c: int, row: SingleVec) -> int:
    """Write the row of copies of one row and coin, and return how many features are missing.

    Parameters
    ----------
    values : Cube
        Features, shape (time, feature, coin).
    columns : IntVec
        Where the features of the fit stand, shape (f,).
    t, c : int
        Row and coin.
    row : SingleVec
        Written, shape (2 f,).

    Notes
    -----
    Units: those of the features.  Causal: one row.  Missing: NaN becomes -inf and +inf.

    Examples
    --------
    >>> values = np.array([[[0.1], [np.nan]]])
    >>> row = np.empty(4, np.float32)
    >>> gather(values, np.arange(2), 0, 0, row), row[2:].tolist(), float(row[0])
    (1, [-inf, inf], 0.10000000149011612)
    """
    n_missing = 0
    for f in range(columns.size):
        x = values[t, columns[f], c]
        low = x
        high = x
        if x != x:
            low = -np.inf
            high = np.inf
            n_missing += 1
        row[2 * f] = low
        row[2 * f + 1] = high
    return n_missing


@kernel
def log_odds(row: SingleVec, place: PlaceMat, number: SingleMat, base: float) -> float:
    r"""Return the log odds that a coin rises: the base, and of every tree the leaf it ends in.

    Parameters
    ----------
    row : SingleVec
        From ``gather``.
    place, number : PlaceMat, SingleMat
        As of ``Forest``.
    base : float
        Log odds before the first tree; a float32.

    Returns
    -------
    float
        A float32, added up as one.

    Notes
    -----
    Units: log odds.  Causal: one row.  Missing: goes the way the fit learnt.

    Examples
    --------
    >>> place, number = np.zeros((1, 1), np.uint16), np.array([[0.5, -1.0, 2.0]], np.float32)
    >>> [log_odds(np.full(2, x, np.float32), place, number, 0.25) for x in (0.4, 0.5)]
    [-0.75, 2.25]
    """
    total = np.float32(base)
    n_inner = np.uint64(place.shape[1])
    n_trees = place.shape[0]
    t = 0
    # a step waits for the one before it: four trees keep the processor busy meanwhile
    while t + 4 <= n_trees:
        i0 = i1 = i2 = i3 = np.uint64(0)
        while i0 < n_inner:
            i0 = _below(row, place[t], number[t], i0)
            i1 = _below(row, place[t + 1], number[t + 1], i1)
            i2 = _below(row, place[t + 2], number[t + 2], i2)
            i3 = _below(row, place[t + 3], number[t + 3], i3)
        total += number[t, i0]
        total += number[t + 1, i1]
        total += number[t + 2, i2]
        total += number[t + 3, i3]
        t += 4
    while t < n_trees:
        i0 = np.uint64(0)
        while i0 < n_inner:
            i0 = _below(row, place[t], number[t], i0)
        total += number[t, i0]
        t += 1
    return np.float64(total)  # float() of a float32 stays one when compiled


@kernel
def _below(row: SingleVec, place: PlaceVec, number: SingleVec, i: np.uint64) -> np.uint64:
    """Return the node of one tree that a row goes to from inner node i."""
    # a select: which way is anybody's guess, and a wrong one costs more than the step
    return _TWO * i + (_ONE if row[place[i]] < number[i] else _TWO)


@kernel
def tally(
    values: Cube,
    columns: IntVec,
    place: PlaceMat,
    number: SingleMat,
    scalars: Vec,
    side: ByteMat,
    strength: Mat,
) -> None:
    """Fill side and strength, shape (time, coin), from every row and coin."""
    least = scalars[1]
    row = np.empty(2 * columns.size, np.float32)
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            n_missing = gather(values, columns, t, c, row)
            vote = 0
            p = 0.5
            if n_missing == 0:
                z = log_odds(row, place, number, scalars[0])
                likelier = logistic(abs(z))
                if z != 0.0 and 2.0 * likelier - 1.0 >= least:
                    vote = int(z > 0.0) - int(z < 0.0)
                    p = likelier
            side[t, c] = vote
            strength[t, c] = p


@kernel
def scan(
    values: Cube,
    columns: IntVec,
    place: PlaceMat,
    number: SingleMat,
    scalars: Vec,
    is_prob: bool,
    told: Mat,
) -> None:
    """Write each coin's log odds to rise, or probability, (time, coin); what is missing goes on."""
    row = np.empty(2 * columns.size, np.float32)
    for t in range(values.shape[0]):
        for c in range(values.shape[2]):
            gather(values, columns, t, c, row)
            z = log_odds(row, place, number, scalars[0])
            told[t, c] = logistic(z) if is_prob else z


def pack(
    place: PlaceMat, number: SingleMat, base: float, least_edge: float, n_features: int
) -> Forest:
    """Return trees as the kernels read them, or raise ``ValueError``.

    Examples
    --------
    >>> place, number = np.zeros((1, 1), np.uint16), np.array([[0.5, -1.0, 2.0]], np.float32)
    >>> pack(place, number, 0.25, 0.0, 1).scalars.tolist()
    [0.25, 0.0]
    """
    depth = place.shape[1].bit_length() if place.ndim == 2 else 0
    shape = (len(place), 2 ** (depth + 1) - 1)
    is_complete = place.ndim == 2 and place.shape[1] == 2**depth - 1
    if not (is_complete and len(place) and 1 <= depth <= MOST_DEPTH and number.shape == shape):
        raise ValueError(
            f"place has shape {place.shape}, number {number.shape}; give complete trees of 1 to "
            f"{MOST_DEPTH} levels, (tree, 2^depth - 1) and (tree, 2^(depth + 1) - 1)"
        )
    if place.dtype != np.uint16 or number.dtype != np.float32:
        raise ValueError(f"place is {place.dtype}, number {number.dtype}; give uint16 and float32")
    if int(place.max()) >= 2 * n_features:
        raise ValueError(
            f"a node looks at place {int(place.max())} of a row of {2 * n_features}: two for each "
            f"of {n_features} features"
        )
    if not (np.isfinite(number).all() and np.isfinite(base) and float(np.float32(base)) == base):
        raise ValueError("a threshold, a leaf or the base is no finite float32; fit again")
    if not 0.0 <= least_edge < 1.0:
        raise ValueError(f"least_edge is {least_edge}, it must be in [0, 1)")
    forest = Forest(
        np.array(place, order="C"),
        np.array(number, order="C"),
        np.array([base, least_edge], dtype=np.float64),
    )
    for each in forest:
        each.flags.writeable = False
    return forest


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """The vote of an engine of trees: finds its columns by name and runs its compiled loop.

    Parameters
    ----------
    reads : tuple of str
        Features in the order of the row.
    forest : Forest
        From ``pack``.

    Notes
    -----
    Units: strength is a probability.  Causal: a row at a time.  Missing: NaN abstains.
    """

    reads: tuple[str, ...]
    forest: Forest

    def __call__(self, rows: Rows) -> tuple[ByteMat, Mat]:
        """Return side and strength, shape (time, coin) each."""
        side = np.empty(rows.shape, dtype=np.int8)
        strength = np.empty(rows.shape, dtype=np.float64)
        tally(rows.values, rows.columns(self.reads), *self.forest, side, strength)
        return side, strength


def build(
    *,
    name: str,
    family: str,
    approved: Iterable[Regime],
    reads: tuple[str, ...],
    forest: Forest,
    hypothesis: str,
    reference: str = "",
) -> Engine:
    """Return the engine of fitted trees.

    Parameters
    ----------
    name, family, approved, hypothesis, reference
        As in ``Engine``.
    reads : tuple of str
        Features in the order of the row: those that some tree asks for.
    forest : Forest
        From ``pack``.

    Notes
    -----
    Units: strength is a probability.  Causal: one row.  Missing: NaN abstains, as for every engine;
    trees would go on without it, and ``scan`` does.  METHODS 0.1: an engine that thinks in P(up)
    takes the likelier side, with that side's probability.

    Examples
    --------
    >>> from quorate.core.types import Regime
    >>> place, number = np.zeros((1, 1), np.uint16), np.array([[0.0, -1.0, 1.0]], np.float32)
    >>> engine = build(
    ...     name="fitted",
    ...     family="model",
    ...     approved=[Regime.TREND],
    ...     reads=("ret_24h",),
    ...     forest=pack(place, number, 0.0, 0.0, 1),
    ...     hypothesis="What rose goes on rising.",
    ... )
    >>> side, strength = engine.vote(Rows(np.array([[[0.04, -0.04, np.nan]]]), ("ret_24h",)))
    >>> side.tolist(), strength.round(3).tolist()
    ([[1, -1, 0]], [[0.731, 0.731, 0.5]])
    """
    if int(forest.place.max()) >= 2 * len(reads):
        raise ValueError(
            f"trees look at place {int(forest.place.max())} of a row of {len(reads)} features; "
            "name the features they were packed for"
        )
    base, least_edge = forest.scalars.tolist()
    n_trees, n_inner = forest.place.shape
    return Engine(
        name=name,
        family=family,
        approved=frozenset(approved),
        vote=Walk(reads, forest),
        reads=reads,
        hypothesis=hypothesis,
        reference=reference,
        parameters={
            "n_trees": n_trees,
            "depth": n_inner.bit_length(),
            "base": base,
            "least_edge": least_edge,
        },
    )
