"""Funding, marks, index prices and open interest, held against rules of their own.

In: rows as they are stored. Out: the times that can be believed, the interval in force, the holes,
and what was found. A run reads these series strictly: what it refuses fails here, and a value that
is missing is never filled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quorate.lake.governance import cadence
from quorate.lake.governance.findings import Rule, found, frame
from quorate.lake.kinds import KINDS
from quorate.lake.sources import MINUTE_MS, PRICES, SNAP_MS, check_columns, epoch_ms, floats
from quorate.lake.spacing import infer_minutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

    from quorate.core.types import IntVec, Vec
    from quorate.lake.governance.cadence import Holes
    from quorate.lake.governance.findings import Finding
    from quorate.lake.sources import Series

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

NOT_BARS: Final = ("funding", "mark", "index", "open_interest")
"""The kinds that are held against these rules."""
HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 86_400_000
MAX_RATE: Final = 0.5
SUSPECT_RATE: Final = 0.01
"""Fractions a settlement, either way: what a run refuses, and a hundred times the usual one."""
SUSPECT_FACTOR: Final = 2.0


class Valued(NamedTuple):
    """One symbol's series: what can be believed of it, and what was found.

    ``at_ms`` are its times on the grid, ``own_ms`` the interval in force at each. ``told`` is what
    each rule found, the holes apart.
    """

    symbol: str
    n_rows: int
    at_ms: IntVec
    own_ms: IntVec
    holes: Holes
    told: tuple[Finding, ...]

    def within(self, first_ms: int, end_ms: int) -> Valued:
        """Return what of it lies in a span; the rules read all of it."""
        inside = (self.at_ms >= first_ms) & (self.at_ms < end_ms)
        told = []
        for each in self.told:
            is_in = (each.at_ms >= first_ms) & (each.at_ms < end_ms)
            told.append(each._replace(**{k: getattr(each, k)[is_in] for k in each._fields[1:]}))
        n_left = sum(int(each.n.sum()) for each in told if each.rule in _LEFT_OUT)
        return self._replace(
            n_rows=int(inside.sum()) + n_left,
            at_ms=self.at_ms[inside],
            own_ms=self.own_ms[inside],
            holes=self.holes.within(first_ms, end_ms),
            told=tuple(told),
        )

    @property
    def findings(self) -> pl.DataFrame:
        """Return what was found, holes too: their neighbours' distance and the interval, hours."""
        gone = self.holes
        missing = found(
            Rule.VALUE_MISSING,
            gone.first_ms,
            n=gone.n,
            value=gone.between_ms / HOUR_MS,
            bound=gone.step_ms / HOUR_MS,
        )
        return frame(self.symbol, [*self.told, missing])


_LEFT_OUT: Final = frozenset(
    {
        Rule.VALUE_IMPOSSIBLE,
        Rule.VALUE_DOUBLED,
        Rule.VALUE_CONFLICT,
        Rule.MARK_OFF_GRID,
        Rule.ROW_UNFINISHED,
    }
)


def judge(
    rows: pl.DataFrame, symbol: str, kind: str, name: str, *, drop_last: bool = False
) -> Valued:
    """Hold one symbol's rows of a kind without volume against the rules.

    Parameters
    ----------
    rows : polars.DataFrame
        In the order in which they were stored.
    symbol : str
        Whose.
    kind : str
        One of ``NOT_BARS``.
    name : str
        The file, for messages.
    drop_last : bool
        Leave out the last mark or index price, which may still have been forming.

    Returns
    -------
    Valued

    Raises
    ------
    SchemaError
        A column is missing or no number, or a time is missing.

    Notes
    -----
    Units: fractions a settlement, quote, coins; milliseconds.  Causal: the interval in force is
    read from all times (``cadence.own_steps``).  Missing: told, never filled: nothing is paid where
    a settlement is missing, and where a mark is the close counts.  Spec 13; METHODS 12.

    Examples
    --------
    >>> import polars as pl
    >>> at = [0, 8, 16, 40]
    >>> rows = pl.DataFrame({"ts": [h * HOUR_MS for h in at], "funding_rate": [1e-4] * 4})
    >>> found = judge(rows, "A", "funding", "A.parquet")
    >>> found.findings.select("rule", "n", "value", "bound").rows()
    [('VALUE_MISSING', 2, 24.0, 8.0)]
    """
    is_bar = KINDS[kind].is_bar
    columns = tuple(n for n, field in KINDS[kind].fields.items() if not field.is_optional)
    check_columns(rows, ("ts", *columns), name)
    at = epoch_ms(rows, name)
    values = np.column_stack([floats(rows, each, name) for each in columns])
    told, minutes = [], None
    if is_bar:
        minutes = infer_minutes(at, name, is_strict=False) or 1
    bad = _impossible(kind, values)
    told.append(found(Rule.VALUE_IMPOSSIBLE, at[bad], value=_first_bad(kind, values[bad])))
    at, values = at[~bad], values[~bad]
    near, is_kept, stamps = _on_grid(at, minutes)
    told += stamps
    at, values = near[is_kept], values[is_kept]
    early = at < np.maximum.accumulate(at) if at.size else at.astype(np.bool_)
    told.append(found(Rule.VALUE_ORDER, at[early]))
    order = np.argsort(at, kind="stable")
    at, values, doubled = _once(at[order], values[order])
    told += doubled
    if drop_last and is_bar and at.size:
        told.append(found(Rule.ROW_UNFINISHED, at[-1:]))
        at, values = at[:-1], values[:-1]
    told.append(_suspect(kind, at, values))
    grid, own = _own(at, kind, minutes)
    told += [_late(at, grid), *_paced(grid, own)]
    own_at = np.concatenate([own[:1], own]) if own.size else np.zeros(at.size, np.int64)
    return Valued(symbol, rows.height, at, own_at, cadence.holes(grid, own), tuple(told))


def marked(
    symbol: str, pieces: Iterable[Series], minutes: int, unfinished_ms: Sequence[int] = ()
) -> Valued:
    """Return what the rules find in marks that a run read, piece after piece.

    Parameters
    ----------
    symbol : str
        Whose.
    pieces : iterable of Series
        In order of time; rows that a run refuses are not among them (``sources.checked``).
    minutes : int
        Length of a bar.
    unfinished_ms : sequence of int
        Opens of those that were left out, for they may have been forming.

    Returns
    -------
    Valued
        Without its times, which no memory need hold.

    Notes
    -----
    Units, Causal, Missing: as ``judge``, which finds the same in the whole.  Memory: a piece.
    """
    n_rows, before = len(unfinished_ms), None
    told: dict[Rule, list[Finding]] = {}
    gone: list[Holes] = []
    none = np.empty(0, np.int64)
    for piece in pieces:
        n_rows += piece.open_ms.size
        near, _, stamps = _on_grid(piece.open_ms, minutes)
        prices = np.column_stack([getattr(piece, name) for name in PRICES])
        at = near if before is None else np.concatenate([before[0], near])
        values = prices if before is None else np.concatenate([before[1], prices])
        for each in (*stamps, _suspect("mark", at, values)):
            told.setdefault(each.rule, []).append(each)
        gone.append(cadence.holes(at, _own(at, "mark", minutes)[1]))
        before = at[-1:].copy(), values[-1:].copy()
    near, _, stamps = _on_grid(np.array(unfinished_ms, np.int64), minutes)
    for each in (*stamps, found(Rule.ROW_UNFINISHED, near)):
        told.setdefault(each.rule, []).append(each)
    holes = cadence.Holes(*(np.concatenate([none, *each]) for each in zip(*gone, strict=True)))
    whole = tuple(_joined(each) for each in told.values())
    return Valued(symbol, n_rows, none, none, holes if gone else cadence.holes(none, none), whole)


def _joined(parts: Sequence[Finding]) -> Finding:
    """Return what one rule found in several pieces."""
    at = np.concatenate([each.at_ms for each in parts])
    n, value, bound = (
        np.concatenate([getattr(each, name) for each in parts]) for name in ("n", "value", "bound")
    )
    return parts[0]._replace(at_ms=at, n=n, value=value, bound=bound)


def _impossible(kind: str, values: Vec) -> Mask:
    """Return the rows that a run refuses; comparisons are written so that a NaN is one."""
    if kind == "funding":
        return ~(np.abs(values[:, 0]) <= MAX_RATE)
    if kind == "open_interest":
        return ~((values[:, 0] >= 0.0) & (values[:, 0] < np.inf))
    opened, high, low, close = values.T
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    good: Mask = (low > 0.0) & (high < np.inf) & (high >= top) & (low <= bottom)
    return ~good


def _first_bad(kind: str, values: Vec) -> Vec:
    """Return the number of each row that tells most: the close, or the only one."""
    return values[:, PRICES.index("close")] if KINDS[kind].is_bar else values[:, 0]


def _on_grid(at: IntVec, minutes: int | None) -> tuple[IntVec, Mask, list[Finding]]:
    """Return times put on the grid, which rows stay, and what was found.

    Bars stand on the grid of their length or are refused by a run. A settlement is an event: it is
    put on the minute that it is within 2 s of, and counts where it stands.
    """
    grid_ms = (minutes or 1) * MINUTE_MS
    near = (at + grid_ms // 2) // grid_ms * grid_ms
    off = np.abs(at - near)
    far = off > SNAP_MS
    moved = (off > 0) & ~far
    stamps = [found(Rule.VALUE_SNAPPED, near[moved], value=off[moved] / 1e3, bound=SNAP_MS / 1e3)]
    if minutes is not None:
        stamps.append(found(Rule.MARK_OFF_GRID, at[far], value=off[far] / 1e3, bound=SNAP_MS / 1e3))
        return near, ~far, stamps
    return np.where(far, at, near), np.ones(at.size, np.bool_), stamps


def _once(at: IntVec, values: Vec) -> tuple[IntVec, Vec, list[Finding]]:
    """Return one row a time, the one stored later, and what was found; times are sorted."""
    again = np.flatnonzero(at[1:] == at[:-1])
    left, right = values[again], values[again + 1]
    same = (left == right).all(axis=1)
    told = [
        found(Rule.VALUE_DOUBLED, at[again[same]]),
        found(
            Rule.VALUE_CONFLICT,
            at[again[~same]],
            value=left[~same, -1],
            bound=right[~same, -1],
        ),
    ]
    kept = np.ones(at.size, np.bool_)
    kept[again] = False
    return at[kept], values[kept], told


def _suspect(kind: str, at: IntVec, values: Vec) -> Finding:
    """Return values that are possible and far out; they stay."""
    if kind == "funding":
        rate = values[:, 0]
        far = np.abs(rate) > SUSPECT_RATE
        return found(Rule.VALUE_SUSPECT, at[far], value=rate[far], bound=SUSPECT_RATE)
    if kind == "open_interest":
        return found(Rule.VALUE_SUSPECT, at[:0])
    close = values[:, PRICES.index("close")]
    factor = close[1:] / close[:-1]
    far = np.abs(np.log(factor)) > np.log(SUSPECT_FACTOR)
    return found(Rule.VALUE_SUSPECT, at[1:][far], value=factor[far], bound=SUSPECT_FACTOR)


def _own(at: IntVec, kind: str, minutes: int | None) -> tuple[IntVec, IntVec]:
    """Return the times on the grid that is counted on, and the interval at each spacing."""
    if minutes is not None:
        return at, np.full(max(at.size - 1, 0), minutes * MINUTE_MS, np.int64)
    step = np.diff(at)
    # venues settle some minutes after the hour at times: counted is by hours
    is_hourly = kind == "funding" and step.size > 0 and float(np.median(step)) > HOUR_MS / 2
    unit = HOUR_MS if is_hourly else MINUTE_MS
    grid = (at + unit // 2) // unit * unit
    return grid, cadence.own_steps(np.diff(grid), _DAY_MS)


def _late(at: IntVec, grid: IntVec) -> Finding:
    """Return the values that stand off the hour, or off the minute, by more than the tolerance."""
    off = np.abs(at - grid)
    far = off > SNAP_MS
    return found(Rule.VALUE_LATE, at[far], value=off[far] / 1e3, bound=SNAP_MS / 1e3)


def _paced(grid: IntVec, own: IntVec) -> list[Finding]:
    """Return where the interval changes, and where a value comes in between."""
    step = np.diff(grid)
    changed = np.flatnonzero(own[1:] != own[:-1]) + 1
    early = step < own
    # of two short steps that make up an interval the second one ends where a value is due
    early[1:] &= ~(early[:-1] & (step[1:] + step[:-1] == own[1:]))
    return [
        found(
            Rule.INTERVAL_CHANGED,
            grid[changed],
            value=own[changed] / HOUR_MS,
            bound=own[changed - 1] / HOUR_MS,
        ),
        found(
            Rule.VALUE_EXTRA,
            grid[1:][early],
            value=step[early] / HOUR_MS,
            bound=own[early] / HOUR_MS,
        ),
    ]
