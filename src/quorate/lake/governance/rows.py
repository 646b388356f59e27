"""Rows as a vendor stored them become one row a bar, in order, on the grid, each one possible.

In: a frame with ``ts open high low close volume``. Out: a ``Series`` and what was found. Rules:
ROW_ORDER, STAMP_SNAPPED, STAMP_OFF_GRID, ROW_DOUBLED, ROW_CONFLICT, ROW_IMPOSSIBLE, ROW_UNFINISHED.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quorate.lake.governance.findings import Finding, Rule, found
from quorate.lake.grid import take
from quorate.lake.sources import COLUMNS, MINUTE_MS, Series, as_series

if TYPE_CHECKING:
    import polars as pl

    from quorate.core.types import Vec
    from quorate.lake.governance.params import Params

    Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]

_TAKER_SLACK = 1.0 + 1e-9


def tidy(
    frame: pl.DataFrame,
    name: str,
    bar_minutes: int,
    params: Params,
    *,
    drop_last: bool = False,
    forming_ms: int = -(2**62),
) -> tuple[Series, list[Finding]]:
    """Return one row a bar of a symbol, and what had to be done for it.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows of one symbol in the order in which they were stored.
    name : str
        The file, for messages.
    bar_minutes : int
        Length of a bar.
    params : Params
        ``snap_seconds``.
    drop_last : bool
        Leave out the last bar, which may still have been forming.
    forming_ms : int
        It may, if it opens after this (``lake.forming``).

    Returns
    -------
    series, findings : Series, list[Finding]
        Times increase strictly and lie on the grid; every value is possible.

    Raises
    ------
    SchemaError
        If a column is missing or no number, or a time is missing.

    Notes
    -----
    Units: prices in quote, volumes in coins, milliseconds.  Causal: a row is judged by itself and
    by rows of the same time.  Missing: a row left out is missing; an unknown ``taker_buy`` is NaN.
    Spec 13; METHODS 12.
    """
    series, stamps = _on_grid(as_series(frame, name), bar_minutes, params.snap_seconds)
    end = int(series.open_ms.max()) if series.open_ms.size else 0
    series, impossible = _possible(series)
    series, order = _sorted(series)
    series, doubled = _once(series)
    seen = [each for each in (*stamps, *impossible, *order, *doubled) if each.at_ms.size > 0]
    drops = drop_last and end > forming_ms
    if drops and series.open_ms.size > 0 and series.open_ms[-1] == end:
        seen.append(found(Rule.ROW_UNFINISHED, series.open_ms[-1:]))
        series = take(series, np.arange(series.open_ms.size) < series.open_ms.size - 1)
    return series, seen


def _sorted(series: Series) -> tuple[Series, list[Finding]]:
    at = series.open_ms
    early = at < np.maximum.accumulate(at) if at.size else at.astype(np.bool_)
    if not early.any():
        return series, []
    # stable, so that of rows of one time the one stored later stays the later one
    return take(series, np.argsort(at, kind="stable")), [found(Rule.ROW_ORDER, at[early])]


def _on_grid(series: Series, bar_minutes: int, snap_seconds: float) -> tuple[Series, list[Finding]]:
    bar_ms = bar_minutes * MINUTE_MS
    at = series.open_ms
    near = (at + bar_ms // 2) // bar_ms * bar_ms
    off = np.abs(at - near)
    if not off.any():
        return series, []
    far, moved = off > snap_seconds * 1e3, (off > 0) & (off <= snap_seconds * 1e3)
    seconds = off / 1e3
    findings = [
        found(Rule.STAMP_SNAPPED, near[moved], value=seconds[moved], bound=snap_seconds),
        found(Rule.STAMP_OFF_GRID, at[far], value=seconds[far], bound=snap_seconds),
    ]
    return take(series._replace(open_ms=near), ~far), findings


def _once(series: Series) -> tuple[Series, list[Finding]]:
    at = series.open_ms
    again = np.zeros(at.size, np.bool_)
    again[:-1] = at[1:] == at[:-1]  # a later row of the same time follows
    if not again.any():
        return series, []
    row = np.flatnonzero(again)
    same = np.ones(row.size, np.bool_)
    for name in COLUMNS[1:]:
        values = getattr(series, name)
        left, right = values[row], values[row + 1]
        same &= (left == right) | (np.isnan(left) & np.isnan(right))
    findings = [
        found(Rule.ROW_DOUBLED, at[row[same]]),
        found(
            Rule.ROW_CONFLICT,
            at[row[~same]],
            value=series.close[row[~same]],
            bound=series.close[row[~same] + 1],
        ),
    ]
    return take(series, ~again), findings


def _possible(series: Series) -> tuple[Series, list[Finding]]:
    bad = _wrong_price(series) | _wrong_volume(series)
    if not bad.any():
        return series, []
    finding = found(Rule.ROW_IMPOSSIBLE, series.open_ms[bad], value=series.close[bad])
    return take(series, ~bad), [finding]


def _wrong_price(series: Series) -> Mask:
    top, bottom = np.maximum(series.open, series.close), np.minimum(series.open, series.close)
    # comparisons are written so that a NaN fails them
    good: Mask = (bottom > 0.0) & (series.high >= top) & (series.low <= bottom)
    good &= (series.low > 0.0) & (series.high < np.inf)
    return ~good


def _wrong_volume(series: Series) -> Mask:
    volume, taker = series.volume, series.taker_buy
    good: Mask = (volume >= 0.0) & (volume < np.inf)
    return ~good | (taker < 0.0) | (taker > _more(volume))


def _more(volume: Vec) -> Vec:
    return volume * _TAKER_SLACK
