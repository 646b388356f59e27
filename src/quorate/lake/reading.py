"""Folders of files become coins: every symbol's rows held against the rules, all of one bar length.

In: the sources of a ``PanelSpec``. Out: for each symbol of the primary venue its coins, the files
that were read, and what the rules found, with the bars of all venues on a ``Shelf``. A second venue
of the same kind disputes suspect prices of the first (``reconcile.disputes``). Nothing is judged
here that ``governance`` judges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.errors import DataError, SchemaError
from quorate.lake import beside, governance, layout
from quorate.lake.governance import identity, params
from quorate.lake.governance.identity import Units
from quorate.lake.grid import window
from quorate.lake.sources import MINUTE_MS, PRICES, bar_rows, epoch_ms, infer_minutes
from quorate.lake.spec import EVER_MS, as_of_ms, match, quote_asset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from quorate.core.types import IntVec
    from quorate.lake.governance import Governed, Params
    from quorate.lake.prints import Prints
    from quorate.lake.shelf import Shelf
    from quorate.lake.sources import Series
    from quorate.lake.spec import PanelSpec, Source

    Files = Mapping[str, tuple[Path, ...]]
    Disputed = Callable[[Series], np.ndarray[tuple[int], np.dtype[np.bool_]]]


class Length(NamedTuple):
    """The one bar length, in minutes, and who says so, for messages."""

    minutes: int
    witness: str


class Judged(NamedTuple):
    """One symbol's files, held against the rules: its name, how many rows stood there, the rest.

    ``left_ms`` are the times, on the grid, of rows that are no bar of ``governed``; ``quote`` is
    the money of the prices, empty where the files' own name does not say.
    """

    symbol: str
    n_rows: int
    governed: Governed
    left_ms: IntVec
    quote: str

    @property
    def at_ms(self) -> list[IntVec]:
        """Return the times of all rows, in parts."""
        return [self.left_ms, *(series.open_ms for _, series in self.governed.coins)]


class Life(NamedTuple):
    """A coin of the primary venue: from when to when its symbol means it, and its unit."""

    symbol: str
    name: str
    span: tuple[int, int]
    units: Units


class Symbol(NamedTuple):
    """What was read of one symbol of the primary venue, on every venue.

    ``lives`` are its coins in order of time, ``spans`` the first and last open of each one's bars
    by venue, None where that venue has none. ``n_rows`` and ``paths`` are by venue, ``raw_ms`` is
    from when to when the primary has rows, ``is_apart`` whether a further venue's bars are in money
    that they cannot be compared in. ``judged`` takes everything from the shelf, an entry a venue.
    """

    name: str
    lives: tuple[Life, ...]
    spans: tuple[tuple[tuple[int, int] | None, ...], ...]
    has_taker: bool
    n_rows: tuple[int, ...]
    raw_ms: tuple[int, int] | None
    is_apart: tuple[bool, ...]
    paths: tuple[tuple[Path, ...], ...]
    judged: Callable[[], Sequence[Judged | None]]


def files(where: Path) -> dict[str, tuple[Path, ...]]:
    """Return a folder's files by symbol, at least one.

    Raises
    ------
    DataError
        There is no such folder, or nothing in it.
    """
    found = layout.files(where)
    if not found:
        raise DataError(
            f"{where} holds no Parquet file",
            hint="a folder holds SYMBOL.parquet files or symbol=S folders",
        )
    return found


def length(candidates: Iterable[Sequence[Path]], asked: int | None = None) -> Length:
    """Return the bar length asked for, or that of the first files which tell theirs.

    Parameters
    ----------
    candidates : iterable of sequence of Path
        The files of one symbol each.
    asked : int, optional
        Minutes that the caller says.

    Raises
    ------
    DataError
        If no file has two bars, or the length does not divide an hour.

    Notes
    -----
    Units: minutes.  Causal: reads times only.  Missing: a symbol of one bar does not tell.
    Spec 13.
    """
    if asked is not None:
        return Length(asked, "the one asked for")
    for paths in candidates:
        if paths:
            rows, name = bar_rows(paths)
            minutes = infer_minutes(epoch_ms(rows, name), name, is_strict=False)
            if minutes is not None:
                return Length(minutes, f"that of {name}")
    raise DataError(
        "no file has two bars, so the bar length cannot be inferred",
        hint="say it with --bar-minutes (bar_minutes= in Python), or give files of more bars",
    )


def judge(
    symbol: str,
    paths: Sequence[Path],
    bars: Length,
    rules: Params,
    *,
    drop_last: bool,
    as_of_ms: int | None = None,
    disputed: Disputed | None = None,
    prints: Prints | None = None,
) -> Judged:
    """Hold one symbol's files against the rules.

    Parameters
    ----------
    symbol : str
        As the vendor spells it.
    paths : sequence of Path
        Its files in order of time.
    bars : Length
        The bar length that all files must have.
    rules : Params
        Of governance.
    drop_last : bool
        Leave out the last bar, which may still have been forming.
    as_of_ms : int, optional
        Only what was known then (files of the lake); the latest of each row when left out.
    disputed : callable, optional
        Returns where a second vendor shows another price than a coin's bars (``govern``).
    prints : Prints, optional
        What was read of each file is put there.

    Returns
    -------
    Judged

    Raises
    ------
    SchemaError
        If a column is missing or no number, or the bars are of another length or of several.

    Notes
    -----
    Units, Causal, Missing: as ``governance.govern``.  Spec 13.
    """
    rows, name = bar_rows(paths, as_of_ms, prints)
    own = infer_minutes(epoch_ms(rows, name), name, is_strict=False)
    if own not in {None, bars.minutes}:
        raise SchemaError(
            f"{name} has bars of {own} minutes, but {bars.minutes} is {bars.witness}",
            hint="take one bar length at a time, and a second vendor of the same",
        )
    governed = governance.govern(
        symbol, rows, bars.minutes, rules, drop_last=drop_last, disputed=disputed
    )
    at = epoch_ms(rows, name)
    left = _left(at, governed, bars.minutes * MINUTE_MS)
    return Judged(symbol, rows.height, governed, left, quote_asset(layout.spelt(paths)))


def _left(at_ms: IntVec, governed: Governed, bar_ms: int) -> IntVec:
    """Return the times of rows that became no bar, each as often as it stood there."""
    bars = [series.open_ms for _, series in governed.coins]
    if sum(each.size for each in bars) == at_ms.size:
        return np.empty(0, np.int64)
    near = np.sort((at_ms + bar_ms // 2) // bar_ms * bar_ms)
    again = np.append(False, near[1:] == near[:-1])[: near.size]
    once = near[~again]
    lost = ~np.isin(once, np.concatenate([once[:0], *bars]), assume_unique=True)
    return np.concatenate([near[again], once[lost]])


def read(
    spec: PanelSpec, found: Sequence[Files], bars: Length, shelf: Shelf, prints: Prints
) -> Callable[[str], Symbol]:
    """Return what reads every venue's bars of a symbol of the primary one.

    Parameters
    ----------
    spec : PanelSpec
        Its sources and rules.
    found : sequence of mapping
        Each source's files by symbol.
    bars : Length
        The one bar length.
    shelf : Shelf
        Where bars wait until all symbols were read.
    prints : Prints
        What was read of each file is put there.

    Returns
    -------
    callable
        Of a symbol as the primary spells it; several threads may call it.

    Raises
    ------
    SchemaError, DataError
        As ``judge``.

    Notes
    -----
    Units: as ``Series``.  Causal: a bar is kept or dropped by what is known at its close.
    Missing: a venue without the coin has None.  Spec 13; METHODS 12.
    """
    rules = params(**spec.rules)
    first, limit = spec.sources[0], as_of_ms(spec)

    def held(
        symbol: str, source: Source, paths: Sequence[Path], disputed: Disputed | None = None
    ) -> Judged:
        drops = _drops(source, spec)
        return judge(
            symbol,
            paths,
            bars,
            rules,
            drop_last=drops,
            as_of_ms=limit,
            disputed=disputed,
            prints=prints,
        )

    def one(symbol: str) -> Symbol:
        paths = [tuple(found[0][symbol]), *(match(symbol, dict(each)) for each in found[1:])]
        others = [
            held(symbol, source, there) if there else None
            for source, there in zip(spec.sources[1:], paths[1:], strict=True)
        ]
        v = beside.witness(spec, symbol, others)
        whole = (None, "") if v is None else _whole(others[v])
        second = beside.priced(spec.quote_usd, symbol, *whole, bars.minutes)
        disputed = beside.disputing(second, bars.minutes)
        mine = held(symbol, first, paths[0], disputed)
        is_apart = beside.apart(spec, symbol, others)
        return _laid_aside([mine, *others], is_apart, tuple(paths), shelf)

    return one


def _laid_aside(
    judged: Sequence[Judged | None],
    is_apart: tuple[bool, ...],
    paths: tuple[tuple[Path, ...], ...],
    shelf: Shelf,
) -> Symbol:
    """Put a symbol on the shelf and keep what is short."""
    mine = judged[0]
    assert mine is not None  # noqa: S101  (the primary venue has every symbol)
    at = [part for part in mine.at_ms if part.size]
    spans = tuple(
        tuple(
            (int(series.open_ms[0]), int(series.open_ms[-1]))
            if series is not None and series.open_ms.size
            else None
            for series in coin
        )
        for coin in by_coin(judged)
    )
    return Symbol(
        mine.symbol,
        tuple(lives(mine)),
        spans,
        any(series.has_taker for _, series in mine.governed.coins),
        tuple(0 if each is None else each.n_rows for each in judged),
        (min(int(part.min()) for part in at), max(int(part.max()) for part in at)) if at else None,
        is_apart,
        paths,
        shelf.put(mine.symbol, judged),
    )


def by_coin(judged: Sequence[Judged | None]) -> list[tuple[Series | None, ...]]:
    """Return each coin's bars by venue, in the unit of the first venue; a coin at least."""
    mine, *others = judged
    assert mine is not None  # noqa: S101  (the primary venue has every symbol)
    own: list[Series | None] = [series for _, series in mine.governed.coins]
    return list(zip(own or [None], *(aligned(mine, each) for each in others), strict=True))


def joined(governed: Governed, span: tuple[int, int]) -> Series | None:
    """Return a symbol's bars of all of its coins within a span, as stored; None without one.

    Units that were made one are undone, for each venue has its own first row.

    Examples
    --------
    >>> import polars as pl
    >>> joined(governance.Governed((), pl.DataFrame()), (0, 1)) is None
    True
    """
    parts = []
    for name, series in governed.coins:
        part, units = window(series, *span), identity.units(governed.findings, name)
        parts.append(
            identity.scaled(part, 1.0 / units.of(part.open_ms)) if units.at_ms.size else part
        )
    parts = [part for part in parts if part.open_ms.size > 0]
    if len(parts) <= 1:
        return parts[0] if parts else None
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("open_ms", *PRICES, "volume", "taker_buy")
    }
    return parts[0]._replace(**columns)


def _whole(other: Judged | None) -> tuple[Series | None, str]:
    """Return all bars of a symbol on another venue, and their money."""
    return (None, "") if other is None else (joined(other.governed, EVER_MS), other.quote)


def _drops(source: Source, spec: PanelSpec) -> bool:
    return not layout.is_partitioned(source.path) if spec.drop_last is None else spec.drop_last


def lives(mine: Judged) -> list[Life]:
    """Return the coins of a symbol; one without bars where none is left."""
    coins = mine.governed.coins
    if not coins:
        none = Units(np.empty(0, np.int64), np.empty(0))
        return [Life(mine.symbol, mine.symbol, EVER_MS, none)]
    begins = [EVER_MS[0], *(int(series.open_ms[0]) for _, series in coins[1:]), EVER_MS[1]]
    return [
        Life(
            mine.symbol,
            name,
            (begins[i], begins[i + 1]),
            identity.units(mine.governed.findings, name),
        )
        for i, (name, _) in enumerate(coins)
    ]


def aligned(mine: Judged, beside: Judged | None) -> list[Series | None]:
    """Return another venue's bars of each coin of a symbol, in the units of the first venue.

    Parameters
    ----------
    mine : Judged
        The first venue's files: their coins decide which bars are whose.
    beside : Judged or None
        The other venue's.

    Returns
    -------
    list of Series or None
        One a coin of ``mine``; None where the other venue has no bar in its time.

    Notes
    -----
    Units: those of the first venue's first row, of its own time; a venue that changes its unit
    hours before or after the other is apart from it for so long.  Causal: by what is known at each
    bar.  Missing: None.
    """
    if beside is None:
        return [None] * max(len(mine.governed.coins), 1)
    found = []
    for life in lives(mine):
        series = joined(beside.governed, life.span)
        if series is not None and life.units.at_ms.size:
            series = identity.scaled(series, life.units.of(series.open_ms))
        found.append(series)
    return found
