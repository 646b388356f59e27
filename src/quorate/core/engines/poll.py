"""Ask every engine, check what it says, and write the votes.

In: engines and rows. Out: ``Votes`` of shape (time, engine, coin), and what went wrong. One broken
model must not stop the others, and must not trade: where an engine answers with what is not a vote
it abstains for that coin and bar, and where it raises it is asked again bar by bar and abstains on
those it cannot answer. So what it says of a bar does not depend on how a history is cut.

An engine of somebody's own is shown the rows of a block in a scattered order: the row behind the
one it votes on is any row, so that to look ahead, however it is guarded, is to look at noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.core.engines.base import Rows
from quorate.core.kernel import kernel
from quorate.core.types import Reason, Votes
from quorate.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from quorate.core.engines.base import Engine
    from quorate.core.types import ByteCube, ByteMat, Cube, IntVec, Mat


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with one engine in one block.

    Parameters
    ----------
    engine : str
        Its name.
    message : str
        What, which value, which bound.
    reason : Reason
        ENGINE_FAILED: it abstains where it failed. NONE: its votes stand, clipped.
    n_votes : int
        How many votes were lost or clipped.
    bars : tuple of int
        Rows of the block on which it gave no answer at all.

    Notes
    -----
    Units: none.  Causal: one block.  Missing: none.  METHODS 1.4 (clipping).
    """

    engine: str
    message: str
    reason: Reason
    n_votes: int
    bars: tuple[int, ...] = ()


def scattered(n: int) -> IntVec:
    """Return the numbers below n in an order that is always the same and follows nothing.

    Notes
    -----
    Units: none.  Causal: none.  Missing: none.  The keys are those of SplitMix64 (Steele, Lea and
    Flood 2014), whose neighbours have nothing in common.

    Examples
    --------
    >>> scattered(6).tolist(), sorted(scattered(6).tolist())
    ([2, 4, 5, 1, 0, 3], [0, 1, 2, 3, 4, 5])
    """
    key = (np.arange(n, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        key = (key ^ (key >> np.uint64(shift))) * np.uint64(factor)
    order: IntVec = np.argsort(key, kind="stable").astype(np.int64)
    return order


def poll(
    engines: Sequence[Engine],
    rows: Rows,
    votes: Votes | None = None,
    foreign: Collection[str] = (),
) -> tuple[Votes, tuple[Failure, ...]]:
    """Ask every engine for its votes on a block of rows.

    Parameters
    ----------
    engines : sequence of Engine
        Names unique; their order is the engine axis.
    rows : Rows
        Shape (time, feature, coin).
    votes : Votes, optional
        Buffers of shape (time, engine, coin) to write to; new ones where not given.
    foreign : collection of str
        Names of engines that are shown the rows in ``scattered`` order.

    Returns
    -------
    votes, failures : Votes, tuple of Failure
        Sides in {-1, 0, 1}; strengths in [0.5, 1], 0.5 where the side is 0. Failures in the order
        of the engines.

    Raises
    ------
    ValueError
        Two engines share a name, or ``votes`` does not fit.

    Notes
    -----
    Units: strength is a probability.  Causal: a vote of row t reads row t alone.
    Missing: an engine abstains where it failed. A strength below 0.5 beside a side is incoherent:
    it is clipped to 0.5, which contributes nothing, and counted; the side is not flipped.
    Spec 1, METHODS 0.1, 1.4.

    Examples
    --------
    >>> from quorate.core.engines.base import Rows, engine
    >>> from quorate.core.types import Regime
    >>> @engine(name="broken", family="trend", approved=[Regime.TREND])
    ... def broken(rows):
    ...     return rows["ret_42h"]
    >>> votes, failures = poll([broken], Rows(np.zeros((2, 1, 3)), ("ret_24h",)))
    >>> votes.side.shape, int(np.abs(votes.side).max()), failures[0].message
    ((2, 1, 3), 0, "ValueError: unknown feature 'ret_42h'; the nearest known name is 'ret_24h'")
    """
    n_time, n_coins = rows.shape
    shape = (n_time, len(engines), n_coins)
    if len({engine.name for engine in engines}) != len(engines):
        raise ValueError(
            f"engine names {[engine.name for engine in engines]} are not unique; rename one"
        )
    if votes is None:
        votes = Votes(np.empty(shape, np.int8), np.empty(shape, np.float64))
    _fit(votes, shape)
    # unknown inputs are normal: NumPy's remarks on NaN are not an engine's to silence
    with np.errstate(all="ignore"):
        order = scattered(n_time) if foreign else None
        mixed = rows if order is None else Rows(rows.values[order], rows.names)
        found = [
            _hear(engine, rows, votes, e)
            if order is None or engine.name not in foreign
            else _hear_scattered(engine, mixed, votes, e, order)
            for e, engine in enumerate(engines)
        ]
    return votes, tuple(failure for failure in found if failure is not None)


def _hear(engine: Engine, rows: Rows, votes: Votes, e: int) -> Failure | None:
    """Write one engine's votes, or its abstentions, and return what went wrong."""
    message, lost, clipped = _write(engine, rows, votes, e, 0)
    bars: tuple[int, ...] = ()
    if lost < 0:
        n_time, n_coins = rows.shape
        found = [
            _write(engine, Rows(rows.values[t : t + 1], rows.names), votes, e, t)
            for t in range(n_time)
        ]
        bars = tuple(t for t in range(n_time) if found[t][1] < 0)
        if len(bars) < n_time:
            message = next((said for said, n, _ in found if n != 0), message)
        lost = sum(n_coins if n < 0 else n for _, n, _ in found)
        clipped = sum(n for _, _, n in found)
    if lost > 0:
        return Failure(engine.name, message, Reason.ENGINE_FAILED, lost, bars)
    if clipped > 0:
        message = f"{clipped} sides came with a strength below 0.5; clipped to 0.5"
        return Failure(engine.name, message, Reason.NONE, clipped)
    return None


def _hear_scattered(
    engine: Engine, mixed: Rows, votes: Votes, e: int, order: IntVec
) -> Failure | None:
    """Hear an engine on scattered rows, and put its votes and failures back in order of time."""
    failure = _hear(engine, mixed, votes, e)
    for array in votes:
        array[order, e] = array[:, e].copy()
    if failure is None:
        return None
    return replace(failure, bars=tuple(sorted(int(order[t]) for t in failure.bars)))


def _write(engine: Engine, rows: Rows, votes: Votes, e: int, first: int) -> tuple[str, int, int]:
    """Ask once and write from row ``first`` on; return what is wrong, votes lost, votes clipped.

    -1 lost stands for all of them: there was no answer.
    """
    last = first + rows.shape[0]
    out_side, out_strength = votes.side[first:last], votes.strength[first:last]
    try:
        side, strength = _ask(engine, rows)
    except EngineError as error:
        message = error.message
    except Exception as error:  # noqa: BLE001  (an engine is anybody's code: it then abstains)
        message = f"{type(error).__name__}: {error}"
    else:
        n_invalid, n_incoherent = _admit(side, strength, out_side, out_strength, e)
        if n_invalid > 0:
            return (
                (
                    f"{n_invalid} of {side.size} votes are not votes: a side is -1, 0 or 1 and "
                    "its strength a number in [0, 1]"
                ),
                int(n_invalid),
                int(n_incoherent),
            )
        return "", 0, int(n_incoherent)
    out_side[:, e, :] = 0
    out_strength[:, e, :] = 0.5
    return message, -1, 0


def _fit(votes: Votes, shape: tuple[int, int, int]) -> None:
    """Raise unless the buffers are what the compiled check expects."""
    for what, array, dtype in (
        ("side", votes.side, np.dtype(np.int8)),
        ("strength", votes.strength, np.dtype(np.float64)),
    ):
        flags = array.flags
        if array.shape != shape or array.dtype != dtype or not (flags.carray and flags.writeable):
            raise ValueError(
                f"votes.{what} is {array.dtype} of shape {array.shape}; expected writable "
                f"{dtype} in C order of shape {shape}: leave votes out to have it made"
            )


def _ask(engine: Engine, rows: Rows) -> tuple[ByteMat, Mat]:
    """Return the engine's answer as int8 and float64 arrays, or raise on what cannot be one."""
    answer = engine.vote(rows)
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise EngineError(
            f"it returned {type(answer).__name__}; return a tuple of side and strength"
        )
    side, strength = np.asarray(answer[0]), np.asarray(answer[1])
    for what, array in (("side", side), ("strength", strength)):
        if array.shape != rows.shape or array.dtype.kind not in "iuf":
            raise EngineError(
                f"its {what} is {array.dtype} of shape {array.shape}; return numbers of "
                f"shape {rows.shape} (time, coin)"
            )
    whole: ByteMat = _as(side, np.dtype(np.int8))
    if whole is not side and not np.array_equal(whole, side):
        raise EngineError("its sides are not all -1, 0 or 1; round them before returning")
    return whole, _as(strength, np.dtype(np.float64))


def _as(array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> Any:  # noqa: ANN401
    """Return the array itself if it is what the compiled check takes, else a copy that is."""
    if array.dtype == dtype and array.flags.carray:
        return array
    return np.require(array, dtype, ["C", "A", "W"])


@kernel
def _admit(
    side: ByteMat, strength: Mat, out_side: ByteCube, out_strength: Cube, e: int
) -> tuple[int, int]:
    """Write one engine's votes; count those that are none, and those that are incoherent."""
    n_invalid = 0
    n_incoherent = 0
    for t in range(side.shape[0]):
        for c in range(side.shape[1]):
            s = side[t, c]
            p = strength[t, c]
            if s == 0:
                p = 0.5  # whatever an abstention claims
            is_vote = (s >= -1) & (s <= 1) & (p >= 0.0) & (p <= 1.0)
            n_invalid += 1 - int(is_vote)
            n_incoherent += int(is_vote and p < 0.5)
            if not (is_vote and p >= 0.5):
                p = 0.5
            out_side[t, e, c] = s if is_vote else 0
            out_strength[t, e, c] = p
    return n_invalid, n_incoherent
