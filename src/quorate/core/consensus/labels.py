"""Labels: which vote is settled by this bar's close, how it ended, and how unique it was.

In: votes as they were made, closes, whether each bar was traded. Out: per engine and cell
(regime, strength bucket) the effective number of labels that ended right and wrong. A vote is
settled ``h`` bars after it was made and only if every bar of its life was traded; nothing
younger is ever looked at (METHODS 1.1, 12).

Overlapping labels repeat one another, so each counts by its uniqueness when it was made: ``1 / c``,
``c`` being how many labels of that engine and coin were open then, itself included. The average
over the label's life (METHODS 5.2) reads votes that came later, and an engine votes on while it is
right: on a random walk it makes a coin flip look like .55 (docs/decisions 0016). Counts are kept as
integers scaled by 2^40: they never drift.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np

from quorate.core.kernel import kernel
from quorate.core.types import (
    N_REGIMES,
    Bar,
    ByteCube,
    ByteMat,
    ByteVec,
    Cube,
    IntMat,
    IntVec,
    Mat,
    Vec,
)

N_BUCKETS = 5
"""Strength buckets of equal width over [0.5, 1]: [.5,.6) [.6,.7) [.7,.8) [.8,.9) [.9,1]."""

N_CELLS = N_REGIMES * N_BUCKETS
"""Cells a vote can fall into: ``regime * N_BUCKETS + bucket``."""

SCALE = 1 << 40
"""One label of uniqueness, as an integer."""

_LANES = 4

_ANY_BUCKET = (1 << N_BUCKETS) - 1

IntCube: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[np.int64]]


class State(NamedTuple):
    """The votes of the last ``h`` bars; ring index ``k % h``.

    ``code`` (h, engine, coin) is 0 for no vote, else side * (cell + 1); ``start`` (h, engine,
    coin) the uniqueness of the vote; ``prob`` (h, engine, cell) the calibrated
    probabilities as they stood when the votes were made; ``close`` (h, coin).
    ``n_open`` (engine, coin) runs on; ``run`` (coin,) counts traded bars in a row;
    ``last_k`` (1,) the last bar seen; ``inverse`` (h + 2,) is the table of round(2^40 / c).
    """

    code: ByteCube
    start: IntCube
    prob: Cube
    close: Mat
    n_open: IntMat
    run: IntVec
    last_k: IntVec
    inverse: IntVec


def init(n_engines: int, n_coins: int, horizon_bars: int) -> State:
    """Return a state that has seen no vote.

    Examples
    --------
    >>> init(2, 3, 48).code.shape
    (48, 2, 3)
    """
    inverse = [0] + [round(SCALE / count) for count in range(1, horizon_bars + 2)]
    return State(
        code=np.zeros((horizon_bars, n_engines, n_coins), dtype=np.int8),
        start=np.zeros((horizon_bars, n_engines, n_coins), dtype=np.int64),
        prob=np.full((horizon_bars, n_engines, N_CELLS), 0.5),
        close=np.full((horizon_bars, n_coins), np.nan),
        n_open=np.zeros((n_engines, n_coins), dtype=np.int64),
        run=np.zeros(n_coins, dtype=np.int64),
        last_k=np.full(1, -1, dtype=np.int64),
        inverse=np.array(inverse, dtype=np.int64),
    )


@kernel
def bucket(strength: float) -> int:
    """Return the strength bucket of a vote, 0 to 4; weaker than 0.5 counts as 0.5.

    Examples
    --------
    >>> bucket(0.5), bucket(0.6), bucket(0.95), bucket(1.0)
    (0, 1, 4, 4)
    """
    return int(strength >= 0.6) + int(strength >= 0.7) + int(strength >= 0.8) + int(strength >= 0.9)


@kernel
def encode(side: ByteMat, strength: Mat, gated: ByteVec, codes: ByteMat) -> None:
    """Write each vote as one number: side * (cell + 1), 0 for none.

    Parameters
    ----------
    side, strength : ByteMat, Mat
        Votes as the engines gave them, shape (engine, coin).
    gated : ByteVec
        Regime of each coin, -1 where no vote is recorded, shape (coin,).
    codes : ByteMat
        Written, shape (engine, coin).

    Notes
    -----
    Units: none.  Causal: this bar.  Missing: a NaN strength is an abstention.
    """
    n_engines, n_coins = side.shape
    for e in range(n_engines):
        for c in range(n_coins):
            known = gated[c] >= 0 and strength[e, c] == strength[e, c]
            cell = gated[c] * N_BUCKETS + bucket(strength[e, c])
            codes[e, c] = side[e, c] * (cell + 1) if known else 0


@kernel
def voters(code: ByteVec, found: IntVec) -> int:
    """List the coins one engine votes on, in order and without a branch; return how many.

    Examples
    --------
    >>> found = np.zeros(3, dtype=np.int64)
    >>> voters(np.array([-4, 0, 9], dtype=np.int8), found), found[:2].tolist()
    (2, [0, 2])
    """
    n = 0
    for c in range(code.size):
        found[n] = c
        n += int(code[c] != 0)
    return n


@kernel
def moves(k: int, close: Vec, status: ByteVec, state: State, move: ByteVec) -> None:
    """Write each coin's move over the life of the label that ends now, and count traded bars.

    .. math:: move_c = sign(close_{k} / close_{k-h})

    Parameters
    ----------
    k : int
        Bar counter.
    close, status : Vec, ByteVec
        This bar, shape (coin,).
    state : State
        ``run`` and ``last_k`` move one bar on; ``n_open`` is cleared where a life is broken.
    move : ByteVec
        Written: -1, 0 or +1; 0 where the label is dropped, shape (coin,).

    Notes
    -----
    Units: none.  Causal: closes of bars k - h and k only.
    Missing: a bar that is absent, imputed or skipped ends every life that spans it.
    METHODS 1.1, 12.
    """
    horizon, n_engines, n_coins = state.code.shape
    slot = k % horizon
    follows = state.last_k[0] == k - 1
    state.last_k[0] = k
    run = state.run
    n_open = state.n_open
    then = state.close[slot]
    for c in range(n_coins):
        before = run[c]
        run[c] = (before if follows else 0) + 1 if status[c] == Bar.TRADED else 0
        move[c] = 0
        if run[c] > horizon:
            move[c] = int(close[c] > then[c]) - int(close[c] < then[c])
        if before > 0 and run[c] <= 1:  # nothing that is open reaches across the break
            for e in range(n_engines):
                n_open[e, c] = 0


@kernel
def resolve(
    k: int, codes: ByteMat, move: ByteVec, state: State, ended: IntCube, square: Mat
) -> None:
    r"""Count the labels that end on this bar by outcome and cell, weighted by uniqueness.

    .. math:: u = 1 / c_{k-h}

    Parameters
    ----------
    k : int
        Bar counter.
    codes : ByteMat
        This bar's votes: they are open on this bar too, shape (engine, coin).
    move : ByteVec
        From ``moves``, shape (coin,).
    state : State
        ``n_open`` and row ``k % h`` of ``start`` move one bar on; votes whose life was broken
        leave row ``k % h`` of ``code``, which this bar's votes take over (``vote.step``).
    ended : IntCube
        Written: uniqueness times 2^40 by outcome (wrong, right), (2, engine, cell).
    square : Mat
        Written: sum of squared uniqueness, shape (engine, regime).

    Notes
    -----
    Units: effective labels.  Causal: only votes of bar k - h are settled.
    Missing: a zero move (and a dropped label) settles nothing.  METHODS 1.1, 5.2.
    """
    horizon, n_engines, n_coins = state.code.shape
    slot = k % horizon
    unit = 1.0 / SCALE
    found = np.empty(n_coins, dtype=np.int64)
    # coins add up in lanes: the order of these sums is part of the bytes
    lanes = np.zeros((_LANES, N_CELLS, 2))
    for e in range(n_engines):
        for outcome in range(2):
            for v in range(N_CELLS):
                ended[outcome, e, v] = 0
        code = state.code[slot, e]
        unique = state.start[slot, e]
        cells = np.int64(0)
        for i in range(voters(code, found)):
            c = found[i]
            at = np.int64(code[c]) * move[c]
            if at == 0:
                if state.run[c] <= horizon:
                    code[c] = 0  # it is no longer open, and gives way to this bar's vote
                continue
            right = np.int64(at > 0)
            cell = abs(at) - 1
            share = unique[c] * unit
            ended[right, e, cell] += unique[c]
            lanes[c % _LANES, cell, right] += share * share
            cells |= np.int64(1) << cell
        _collect(int(cells), lanes, square[e])
    _advance(codes, state.code[slot], state.inverse, state.start[slot], state.n_open)


@kernel
def _collect(cells: int, lanes: Cube, square: Vec) -> None:
    """Sum the lanes of each regime over the cells whose bit is set, and empty them."""
    for v in range(N_REGIMES):
        total = 0.0
        if (cells >> v * N_BUCKETS) & _ANY_BUCKET:
            for cell in range(v * N_BUCKETS, (v + 1) * N_BUCKETS):
                if (cells >> cell) & 1:
                    for lane in range(_LANES):
                        for outcome in range(2):
                            total += lanes[lane, cell, outcome]
                            lanes[lane, cell, outcome] = 0.0
        square[v] = total


@kernel
def _advance(
    codes: ByteMat, ending: ByteMat, inverse: IntVec, start: IntMat, n_open: IntMat
) -> None:
    """Move all counts of open labels one bar on; write how unique this bar's votes are."""
    opens, closes = codes.reshape(-1), ending.reshape(-1)
    unique, count = start.reshape(-1), n_open.reshape(-1)
    for i in range(count.size):
        count[i] += int(opens[i] != 0)
    for i in range(count.size):
        unique[i] = inverse[np.uint64(count[i])]
    for i in range(count.size):
        count[i] -= int(closes[i] != 0)


@kernel
def brier_of(ended: IntCube, e: int, prob: Vec, regime: int) -> tuple[float, float]:
    r"""Return one engine's (sum of u (p - y)^2, sum of u) over the labels of a regime.

    Every label that ends on a bar was made on one bar, so its probability is its cell's.

    Notes
    -----
    Units: effective labels.  Causal: ``prob`` as recorded when the votes were made.
    Missing: no label, no loss.  METHODS 1.2.
    """
    unit = 1.0 / SCALE
    loss = 0.0
    mass = 0.0
    for b in range(N_BUCKETS):
        cell = regime * N_BUCKETS + b
        wrong = ended[0, e, cell] * unit
        right = ended[1, e, cell] * unit
        loss += wrong * prob[cell] * prob[cell]
        loss += right * (1.0 - prob[cell]) * (1.0 - prob[cell])
        mass += wrong + right
    return loss, mass
