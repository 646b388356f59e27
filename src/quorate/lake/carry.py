"""What holding a coin costs, on every venue of a panel: funding, mark prices, basis.

In: the panel's spec, its grid and one coin's bars on each venue. Out: ``Carried`` arrays of the
coin, and the notes a reader must see of all. A perpetual whose funding is not known is refused
unless the caller states the rate to assume: a backtest without funding would flatter every long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.types import Bar
from quorate.errors import DataError
from quorate.lake import funding, layout
from quorate.lake.grid import window
from quorate.lake.sources import infer_minutes, read_bars, read_funding, snap
from quorate.lake.spec import as_of_ms, match

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quorate.core.types import Vec
    from quorate.lake.grid import Grid, Laid
    from quorate.lake.panel import FundingSource
    from quorate.lake.prints import Prints
    from quorate.lake.reading import Life
    from quorate.lake.sources import Settlements
    from quorate.lake.spec import PanelSpec

    Files = dict[str, tuple[Path, ...]]

_TOLERATED_HOURS = 24.0
_TOLERATED_FRAC = 0.01
_FAR_LOG = np.log(2.0)
_NONE: Vec = np.empty(0)


class Carrying(NamedTuple):
    """What is the same for all coins: the spec, the grid, and each venue's folders by symbol."""

    spec: PanelSpec
    grid: Grid
    funding: tuple[Files, ...]
    mark: tuple[Files, ...]
    prints: Prints


class Carried(NamedTuple):
    """One coin's funding on the primary venue, and by venue its funding and marks, shape (time,).

    ``source`` says how the funding is known, ``is_skipped`` that there are marks of another bar
    length, ``funding_paths`` and ``mark_paths`` what was read, all by venue.
    """

    rate: Vec
    hours: Vec
    basis_bps: Vec
    settled: tuple[Vec, ...]
    mark: tuple[Vec, ...]
    source: tuple[FundingSource, ...]
    is_skipped: tuple[bool, ...]
    funding_paths: tuple[tuple[Path, ...], ...]
    mark_paths: tuple[tuple[Path, ...], ...]


def carrying(spec: PanelSpec, grid: Grid, prints: Prints) -> Carrying:
    """Look which coins have funding and marks.

    Parameters
    ----------
    spec : PanelSpec
        Its sources name the folders.
    grid : Grid
        The bars.
    prints : Prints
        What is read of each file will be put there.

    Raises
    ------
    DataError
        A folder is missing.
    """
    of_funding = [None if each.kind == "spot" else each.funding for each in spec.sources]
    of_marks = [each.mark for each in spec.sources]
    listed = [
        tuple({} if folder is None else layout.files(folder) for folder in folders)
        for folders in (of_funding, of_marks)
    ]
    return Carrying(spec, grid, listed[0], listed[1], prints)


def carry(given: Carrying, life: Life, laid: Sequence[Laid]) -> Carried:
    """Read and lay out funding, marks and basis of one coin on every venue.

    Parameters
    ----------
    given : Carrying
        ``spec.assume_funding`` fills what lacks.
    life : Life
        A symbol may mean two coins, one after the other, and change its unit.
    laid : sequence of Laid
        The coin's bars on the grid, an entry a venue, of one coin each.

    Returns
    -------
    Carried
        On spot the rates are 0. ``basis_bps`` is perpetual over spot where the primary venue is
        a perpetual one and another source has the coin on spot, else NaN.

    Raises
    ------
    DataError
        Funding is unknown for more than 24 h and more than 1% of a perpetual's bars, and
        ``assume_funding`` is not given; or marks are those of something else.

    Notes
    -----
    Units: fractions per settlement; hours; quote; bps.  Causal: rates are known from their
    settlement on.  Missing: a tolerated hole books no funding, and its rate is NaN.
    Spec 4, METHODS 6.4.
    """
    known = [_funding(given, v, life.name, each) for v, each in enumerate(laid)]
    marks = [_mark(given, v, life, each) for v, each in enumerate(laid)]
    return Carried(
        known[0].paid.rate,
        known[0].paid.hours,
        _basis(given.spec, laid),
        tuple(each.paid.settled for each in known),
        tuple(each.price for each in marks),
        tuple(each.kind for each in known),
        tuple(each.is_skipped for each in marks),
        tuple(each.paths for each in known),
        tuple(each.paths for each in marks),
    )


def bare(carried: Carried) -> Carried:
    """Return what is short of it: how funding is known, and what was read."""
    return carried._replace(rate=_NONE, hours=_NONE, basis_bps=_NONE, settled=(), mark=())


def notes(spec: PanelSpec, coins: Sequence[str], carried: Sequence[Carried]) -> list[str]:
    """Return what a reader must know of all coins: what was assumed, what was not used."""
    said = []
    for v, source in enumerate(spec.sources):
        assumed = [
            name
            for name, each in zip(coins, carried, strict=True)
            if each.source[v] in {"assumed", "mixed"}
        ]
        if assumed and spec.assume_funding is not None:
            said.append(
                f"Funding on {source.venue} is assumed, not known, at "
                f"{spec.assume_funding * 1e4:.4g} bps per 8 h where data lack: "
                f"{', '.join(assumed)}."
            )
        skipped = [name for name, each in zip(coins, carried, strict=True) if each.is_skipped[v]]
        if skipped:
            said.append(
                f"Mark prices of other bar lengths on {source.venue} not used: "
                f"{', '.join(skipped)}."
            )
    return said


def paths(spec: PanelSpec, carried: Sequence[Carried]) -> list[Path]:
    """Return the files of all coins, by venue: those of funding, then those of marks."""
    return [
        path
        for v in range(len(spec.sources))
        for group in ("funding_paths", "mark_paths")
        for each in carried
        for path in getattr(each, group)[v]
    ]


class _Known(NamedTuple):
    paid: funding.Funding
    kind: FundingSource
    paths: tuple[Path, ...]


class _Marked(NamedTuple):
    price: Vec
    paths: tuple[Path, ...] = ()
    is_skipped: bool = False


def _funding(given: Carrying, v: int, name: str, laid: Laid) -> _Known:
    """Read and lay out one coin's funding on one venue."""
    source, found = given.spec.sources[v], match(name, given.funding[v])
    limit = as_of_ms(given.spec)
    read = read_funding(found, limit, given.prints) if found else None
    if source.kind == "spot" or laid.last[0] < 0:
        n = given.grid.n_bars
        nothing = funding.Funding(_all(0.0, n), _all(0.0, n), _all(funding.ASSUMED_HOURS, n))
        return _Known(nothing, "none", found)
    traded = laid.status[:, 0] == Bar.TRADED
    assumed = given.spec.assume_funding
    paid, kind = _fund(read, given.grid, traded, assumed, f"{source.venue} {name}")
    return _Known(paid, kind, found)


def _all(value: float, n: int) -> Vec:
    """Return n times a number, in the memory of one."""
    made: Vec = np.broadcast_to(np.float64(value), (n,))
    return made


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


def _mark(given: Carrying, v: int, life: Life, laid: Laid) -> _Marked:
    """Return known mark prices of one coin, and its closes where none is known.

    Marks of longer bars than the panel's are left out: valued by the mark on one bar in twelve
    and by the close on the others, equity would jump by their difference twice an hour.
    """
    source, grid = given.spec.sources[v], given.grid
    close: Vec = laid.close[:, 0]
    found = match(life.name, given.mark[v])
    if source.mark is None or not found:
        return _Marked(close)
    series = read_bars(
        found,
        drop_last=not layout.is_partitioned(source.mark),
        has_volume=False,
        as_of_ms=as_of_ms(given.spec),
        prints=given.prints,
    )
    if infer_minutes(series.open_ms, series.file) != grid.bar_minutes:
        return _Marked(close, is_skipped=True)
    series = window(snap(series, grid.bar_minutes), *life.span)
    row = (series.open_ms - grid.first_ms) // grid.bar_ms
    inside = (row >= 0) & (row < grid.n_bars)
    price = (series.close / life.units.of(series.open_ms))[inside]
    _refuse_far(price / close[row[inside]], f"{source.venue} {life.name}", source.mark)
    mark = close.copy()
    mark[row[inside]] = price
    return _Marked(mark, found)


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


def _basis(spec: PanelSpec, laid: Sequence[Laid]) -> Vec:
    """Return perpetual over spot in bps where both traded on the bar, else NaN."""
    spot = [
        bars
        for source, bars in zip(spec.sources[1:], laid[1:], strict=True)
        if source.kind == "spot"
    ]
    if spec.sources[0].kind == "spot" or not spot:
        return _all(np.nan, laid[0].close.shape[0])
    basis: Vec = np.full(laid[0].close.shape[0], np.nan)
    both = ((laid[0].status == Bar.TRADED) & (spot[0].status == Bar.TRADED))[:, 0]
    basis[both] = (laid[0].close[both, 0] / spot[0].close[both, 0] - 1.0) * 1e4
    return basis
