"""Folders of files become coins: every symbol's rows held against the rules, all of one bar length.

In: the sources of a ``PanelSpec``. Out: for each source a series a coin of the primary venue, the
files that were read, and what the rules found. A second venue of the same kind disputes suspect
prices of the first (``reconcile.disputes``). Nothing is judged here that ``governance`` judges.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.errors import DataError
from quorate.lake import beside, governance, layout, resampling
from quorate.lake.governance import identity, params
from quorate.lake.governance.identity import Units
from quorate.lake.grid import window
from quorate.lake.sources import COLUMNS, MINUTE_MS, bar_rows, epoch_ms, infer_minutes
from quorate.lake.spec import EVER_MS, as_of_ms, match, quote_asset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from quorate.core.types import IntVec
    from quorate.lake.governance import Governed, Params
    from quorate.lake.sources import Mask, Series
    from quorate.lake.spec import PanelSpec, Source

    Files = Mapping[str, tuple[Path, ...]]

_THREADS = 2


class Length(NamedTuple):
    """The one bar length, in minutes, and who says so, for messages.

    ``of_files`` is the length of the files where the caller asks for one: shorter bars are then
    made bars of the length asked for (``resampling``). None where the files' own is the length.
    """

    minutes: int
    witness: str
    of_files: int | None = None


class Judged(NamedTuple):
    """One symbol's files, held against the rules: its name, how many rows stood there, the rest.

    ``left_ms`` are the times, on the grid, of rows that are no bar of ``governed``; ``quote`` is
    the money of the prices, empty where the files' own name does not say. ``minutes`` is the length
    of the rows, ``end_ms`` the end of those that longer bars were made of.
    """

    symbol: str
    n_rows: int
    governed: Governed
    left_ms: IntVec
    quote: str
    minutes: int
    end_ms: int = 0

    @property
    def at_ms(self) -> list[IntVec]:
        """Return the times of all rows, in parts."""
        bars = [s.open_ms for _, s in self.governed.coins if s.status is None]
        return [self.left_ms, *bars]


class Life(NamedTuple):
    """A coin of the primary venue: from when to when its symbol means it, and its unit."""

    symbol: str
    name: str
    span: tuple[int, int]
    units: Units


class Read(NamedTuple):
    """What was read of one venue, one entry a coin of the panel.

    ``symbols`` are those of the primary venue's files that the coins came from (two coins may
    share one), ``coins`` their series, None where this venue has none, in the unit of the primary
    venue; ``lives`` from when to when a symbol means the coin, and its unit; ``judged`` what was
    found, an entry a symbol.
    """

    symbols: list[str]
    names: list[str]
    coins: list[Series | None]
    lives: list[Life]
    judged: list[Judged | None]
    paths: list[Path]


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
    for paths in candidates:
        if paths:
            rows, name = bar_rows(paths)
            minutes = infer_minutes(epoch_ms(rows, name), name, is_strict=False)
            if minutes is not None and asked is not None:
                return Length(asked, "the one asked for", minutes)
            if minutes is not None:
                return Length(minutes, f"that of {name}")
    if asked is not None:
        return Length(asked, "the one asked for", asked)
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
    disputed: Callable[[Series, int], Mask] | None = None,
) -> Judged:
    """Hold one symbol's files against the rules, at the length of their bars.

    Parameters
    ----------
    symbol : str
        As the vendor spells it.
    paths : sequence of Path
        Its files in order of time.
    bars : Length
        The bar length of all files, or one that is to be made of theirs (``resampling``).
    rules : Params
        Of governance.
    drop_last : bool
        Leave out the last bar, which may still have been forming.
    as_of_ms : int, optional
        Only what was known then (files of the lake); the latest of each row when left out.
    disputed : callable, optional
        Returns where a second vendor shows another price than a coin's bars of a length
        (``govern``).

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
    rows, name = bar_rows(paths, as_of_ms)
    at = epoch_ms(rows, name)
    own = resampling.length_of(at, name, bars)
    asks = None if disputed is None else lambda series: disputed(series, own)
    governed = governance.govern(symbol, rows, own, rules, drop_last=drop_last, disputed=asks)
    left = _left(at, governed, own * MINUTE_MS)
    return Judged(symbol, rows.height, governed, left, quote_asset(layout.spelt(paths)), own)


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
    spec: PanelSpec, found: Sequence[Files], symbols: Sequence[str], bars: Length
) -> list[Read]:
    """Read every venue's bars for the coins of the primary one.

    Parameters
    ----------
    spec : PanelSpec
        Its sources and rules.
    found : sequence of mapping
        Each source's files by symbol.
    symbols : sequence of str
        Which symbols, as the primary spells them.
    bars : Length
        The one bar length.

    Returns
    -------
    list[Read]
        One a source. Another venue's bars of a symbol belong to the primary's coin of that time:
        the first one until the second one begins.

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

    def one(symbol: str) -> list[Judged | None]:
        others: list[Judged | None] = []
        for source, held in zip(spec.sources[1:], found[1:], strict=True):
            paths = match(symbol, dict(held))
            others.append(
                judge(symbol, paths, bars, rules, drop_last=_drops(source, spec), as_of_ms=limit)
                if paths
                else None
            )
        v = beside.witness(spec, symbol, others)
        there = _whole(None if v is None else others[v])
        second = beside.priced(spec.quote_usd, symbol, *there)
        mine = judge(
            symbol,
            found[0][symbol],
            bars,
            rules,
            drop_last=_drops(first, spec),
            as_of_ms=limit,
            disputed=beside.disputing(second, there[-1], rules),
        )
        return [each and resampling.folded(each, bars.minutes, rules) for each in (mine, *others)]

    with ThreadPoolExecutor(_THREADS) as pool:
        judged = list(pool.map(one, symbols))
    judged = resampling.finished(judged, bars.minutes)
    made = [
        _of_venue(v, judged, [match(s, dict(there)) for s in symbols])
        for v, there in enumerate(found)
    ]
    doubled = [name for name, n in Counter(made[0].names).items() if n > 1]
    if doubled:
        raise DataError(
            f"two coins would be called {', '.join(doubled)}: a symbol of that name, and the "
            "second coin of another",
            hint="leave one of the symbols out",
        )
    return made


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
    names = COLUMNS if parts[0].status is None else (*COLUMNS, "status")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in names
    }
    return parts[0]._replace(**columns)


def _whole(other: Judged | None) -> tuple[Series | None, str, int]:
    """Return all bars of a symbol on another venue, their money and their length."""
    if other is None:
        return None, "", 1
    return joined(other.governed, EVER_MS), other.quote, other.minutes


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


def aligned(mine: Judged, other: Judged | None) -> list[Series | None]:
    """Return another venue's bars of each coin of a symbol, in the units of the first venue.

    Parameters
    ----------
    mine : Judged
        The first venue's files: their coins decide which bars are whose.
    other : Judged or None
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
    if other is None:
        return [None] * max(len(mine.governed.coins), 1)
    found = []
    for life in lives(mine):
        series = joined(other.governed, life.span)
        if series is not None and life.units.at_ms.size:
            series = identity.scaled(series, life.units.of(series.open_ms))
        found.append(series)
    return found


def _of_venue(
    v: int, judged: Sequence[Sequence[Judged | None]], paths: Sequence[Sequence[Path]]
) -> Read:
    """Gather one venue's coins on the coin axis of the primary."""
    coins: list[Series | None] = []
    axis: list[Life] = []
    for mine, *others in judged:
        assert mine is not None  # noqa: S101  (the primary venue has every symbol)
        own = lives(mine)
        axis += own
        if v > 0:
            coins += aligned(mine, others[v - 1])
        else:
            coins += [series for _, series in mine.governed.coins] or [None]
    return Read(
        [life.symbol for life in axis],
        [life.name for life in axis],
        coins,
        axis,
        [each[v] for each in judged],
        [path for each in paths for path in each],
    )
