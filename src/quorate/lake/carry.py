"""What holding costs, on every venue of a panel: funding, mark prices, basis.

In: the panel's spec, its grid and the venues' bars. Out: ``Carried`` arrays and the notes a
reader must see. A perpetual whose funding is not known is refused unless the caller states the
rate to assume: a backtest without funding would flatter every long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.types import Bar
from quorate.errors import DataError
from quorate.lake import funding, layout
from quorate.lake.grid import window
from quorate.lake.sources import MINUTE_MS, infer_minutes, read_bars, snap
from quorate.lake.spec import as_of_ms, match

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.core.types import Cube, Mat, Vec
    from quorate.lake.grid import Grid, Laid
    from quorate.lake.panel import FundingSource
    from quorate.lake.reading import Life
    from quorate.lake.sources import Settlements
    from quorate.lake.spec import PanelSpec, Source

_TOLERATED_HOURS = 24.0
_TOLERATED_FRAC = 0.01
_FAR_LOG = np.log(2.0)


class Carried(NamedTuple):
    """Funding of the primary venue (time, coin), funding and marks of all (time, venue, coin)."""

    rate: Mat
    hours: Mat
    basis_bps: Mat
    settled: Cube
    mark: Cube
    source: tuple[FundingSource, ...]
    notes: tuple[str, ...]
    paths: tuple[Path, ...]


def carry(spec: PanelSpec, lives: Sequence[Life], grid: Grid, laid: Sequence[Laid]) -> Carried:
    """Read and lay out funding, marks and basis of every venue.

    Parameters
    ----------
    spec : PanelSpec
        Its sources name the funding and mark folders; ``assume_funding`` fills what lacks.
    lives : sequence of Life
        The coin axis: a symbol may mean two coins, one after the other, and change its unit.
    grid : Grid
        The bars.
    laid : sequence of Laid
        Each source's bars on the grid.

    Returns
    -------
    Carried
        On spot the rates are 0. ``basis_bps`` is perpetual over spot where the primary venue is
        a perpetual one and another source has the coin on spot, else NaN.

    Notes
    -----
    Funding unknown for more than 24 h and more than 1% of a perpetual's bars is a ``DataError``
    unless ``assume_funding`` is given.  Units: fractions per settlement; hours; quote; bps.
    Causal: rates are known from their
    settlement on.  Missing: a tolerated hole books no funding, and its rate is NaN.
    Spec 4, METHODS 6.4.
    """
    symbols = tuple(life.name for life in lives)
    shape = (grid.n_bars, len(laid), len(symbols))
    settled, mark = np.zeros(shape), np.stack([each.close for each in laid], axis=1)
    rate, hours = np.zeros(shape), np.full(shape, funding.ASSUMED_HOURS)
    kinds: list[list[FundingSource]] = []
    notes: list[str] = []
    paths: list[Path] = []
    limit = as_of_ms(spec)
    for v, (source, bars) in enumerate(zip(spec.sources, laid, strict=True)):
        read = _funding(source, symbols, paths, limit)
        kinds.append([])
        for c, symbol in enumerate(symbols):
            if source.kind == "spot" or bars.last[c] < 0:
                kinds[v].append("none")
                continue
            traded = bars.status[:, c] == Bar.TRADED
            paid, kind = _fund(
                read[c], grid, traded, spec.assume_funding, f"{source.venue} {symbol}"
            )
            settled[:, v, c], rate[:, v, c], hours[:, v, c] = paid
            kinds[v].append(kind)
        notes += _funding_note(source, symbols, kinds[v], spec.assume_funding)
        notes += _mark(source, lives, grid, mark[:, v], (paths, limit))
    return Carried(
        np.ascontiguousarray(rate[:, 0]),
        np.ascontiguousarray(hours[:, 0]),
        _basis(spec, laid),
        settled,
        mark,
        tuple(kinds[0]),
        tuple(notes),
        tuple(paths),
    )


def _funding(
    source: Source, symbols: tuple[str, ...], paths: list[Path], limit: int | None
) -> list[Settlements | None]:
    """Read a venue's funding files, one a coin where there is one."""
    if source.funding is None or source.kind == "spot":
        return [None] * len(symbols)
    files = layout.files(source.funding)
    read: list[Settlements | None] = []
    for symbol in symbols:
        found = match(symbol, files)
        paths.extend(found)
        read.append(funding.read(found, limit) if found else None)
    return read


def _fund(
    settlements: Settlements | None,
    grid: Grid,
    traded: np.ndarray[tuple[int], np.dtype[np.bool_]],
    assumed: float | None,
    name: str,
) -> tuple[funding.Funding, FundingSource]:
    """Return one coin's funding and how it is known, or refuse."""
    nothing = np.full(grid.n_bars, np.nan)
    known = funding.Funding(np.zeros(grid.n_bars), nothing, nothing.copy())
    if settlements is not None:
        known = funding.lay(settlements, grid)
    unknown = int((np.isnan(known.rate) & traded).sum())
    if unknown == 0:
        return known, "known"
    if assumed is not None:
        kind: FundingSource = "assumed" if unknown == int(traded.sum()) else "mixed"
        return funding.assume(known, assumed, grid), kind
    unknown_hours = unknown * grid.bar_minutes / 60.0
    share = unknown / max(int(traded.sum()), 1)
    if settlements is None or (unknown_hours > _TOLERATED_HOURS and share > _TOLERATED_FRAC):
        raise DataError(
            f"{name}: funding is unknown for {unknown_hours:.0f} h, {share:.0%} of its bars",
            hint="give a funding folder that covers the span, leave the coin out of symbols, or "
            "set assume_funding, e.g. 0.0001 per 8 h; the report will say so",
        )
    return known, "known"


def _funding_note(
    source: Source,
    symbols: tuple[str, ...],
    kinds: Sequence[FundingSource],
    assumed: float | None,
) -> list[str]:
    """Return the sentence for the head of the report, if anything was assumed."""
    names = [
        name for name, kind in zip(symbols, kinds, strict=True) if kind in ("assumed", "mixed")
    ]
    if not names or assumed is None:
        return []
    note = (
        f"Funding on {source.venue} is assumed, not known, at {assumed * 1e4:.4g} bps per 8 h "
        f"where data lack: {', '.join(names)}."
    )
    return [note]


def _mark(
    source: Source,
    lives: Sequence[Life],
    grid: Grid,
    mark: Mat,
    reading: tuple[list[Path], int | None],
) -> list[str]:
    """Write known mark prices over the closes, in place; return notes.

    Of marks of shorter bars the one counts that closes with the panel's bar. Marks of longer bars
    are left out: valued by the mark on one bar in twelve and by the close on the others, equity
    would jump by their difference twice an hour.
    """
    if source.mark is None:
        return []
    files = layout.files(source.mark)
    paths, limit = reading
    skipped = []
    for c, life in enumerate(lives):
        symbol = life.name
        found = match(symbol, files)
        if not found:
            continue
        series = read_bars(
            found,
            drop_last=not layout.is_partitioned(source.mark),
            has_volume=False,
            as_of_ms=limit,
        )
        minutes = infer_minutes(series.open_ms, series.file)
        if minutes is None or grid.bar_minutes % minutes:
            skipped.append(symbol)
            continue
        paths.extend(found)
        series = window(snap(series, minutes), *life.span)
        closes_ms = series.open_ms + minutes * MINUTE_MS
        row = closes_ms // grid.bar_ms - grid.k0
        inside = (closes_ms % grid.bar_ms == 0) & (row >= 0) & (row < grid.n_bars)
        price = (series.close / life.units.of(series.open_ms))[inside]
        _refuse_far(price / mark[row[inside], c], f"{source.venue} {symbol}", source.mark)
        mark[row[inside], c] = price
    if not skipped:
        return []
    return [f"Mark prices of other bar lengths on {source.venue} not used: {', '.join(skipped)}."]


def _refuse_far(ratio: Vec, what: str, folder: Path) -> None:
    """Refuse marks that are those of something else than the bars."""
    known = ratio[np.isfinite(ratio)]
    far = np.abs(np.log(known)) > _FAR_LOG if known.size else np.empty(0, np.bool_)
    if far.sum() > _TOLERATED_FRAC * known.size:
        raise DataError(
            f"marks of {what} are more than twice or less than half its closes on {far.sum()} of "
            f"{known.size} bars",
            hint=f"look at {folder}: another coin, another unit, or another interval",
        )


def _basis(spec: PanelSpec, laid: Sequence[Laid]) -> Mat:
    """Return perpetual over spot in bps where both traded on the bar, else NaN."""
    basis: Mat = np.full(laid[0].close.shape, np.nan)
    spot = [
        bars
        for source, bars in zip(spec.sources[1:], laid[1:], strict=True)
        if source.kind == "spot"
    ]
    if spec.sources[0].kind == "spot" or not spot:
        return basis
    both = (laid[0].status == Bar.TRADED) & (spot[0].status == Bar.TRADED)
    basis[both] = (laid[0].close[both] / spot[0].close[both] - 1.0) * 1e4
    return basis
