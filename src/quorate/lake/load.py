"""Folders of files become a panel.

In: a ``PanelSpec``. Out: a ``Panel``. The first source is the primary venue: its symbols are the
coin axis and its bars decide; further sources are other venues for the same coins, matched by
symbol or, where the spelling differs, by base asset (``BTC``, ``BTCUSDT``). The steps, in order:
find the files, one bar length, rows held against the rules (``reading``), one grid (``grid``),
what the data are worth (``certificate``), funding (``funding``), marks, venue numbers
(``instruments``), the panel.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from quorate.core.types import Bar, Bars, Market
from quorate.errors import DataError
from quorate.lake import (
    beside,
    carry,
    certificate,
    instruments,
    origin,
    quote,
    reading,
    scope,
    universe,
)
from quorate.lake.governance import params
from quorate.lake.grid import NEVER, Grid, Laid, lay, moves, window
from quorate.lake.panel import Panel
from quorate.lake.quarantine import quarantined, trusted
from quorate.lake.sources import MINUTE_MS
from quorate.lake.spec import check, instant_ms, match

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from quorate.core.types import ByteMat, Vec
    from quorate.lake.reading import Read
    from quorate.lake.spec import PanelSpec

Scalar = TypeVar("Scalar", np.float64, np.int8)


def load(spec: PanelSpec) -> Panel:
    """Load a panel from files.

    Parameters
    ----------
    spec : PanelSpec
        Folders, span, coins and the treatment of what is unknown.

    Returns
    -------
    Panel
        On one regular grid; arrays float64, C-contiguous, writable.

    Raises
    ------
    ConfigError
        If the spec cannot be meant (``spec.check``).
    DataError
        If a folder is missing or empty, a coin has no usable bar or its rows fail a rule
        (``governance``) that is not accepted, or a perpetual's funding is unknown and not assumed.
    SchemaError
        If a file's columns are wrong or bar lengths differ.

    Notes
    -----
    Units: see ``core.types``.  Causal: every row holds what is known at its close; ticks, lots
    and delistings are facts of the instrument and hold for the whole panel.
    Missing: see ``grid``. Coins that were not asked for by name and have no traded bar in the
    span are left out, with a note; one asked for by name is an error.
    Spec 13, METHODS 12.
    """
    check(spec)
    rules = params(**spec.rules)
    found = [reading.files(source.path) for source in spec.sources]
    chosen = _choose(spec, found[0])
    length = reading.length(
        (match(symbol, files) for files in found for symbol in chosen), spec.bar_minutes
    )
    minutes = _divides_an_hour(length.minutes)
    reads = reading.read(spec, found, chosen, length)
    lacks = _lacks(spec, reads[0])
    span = _span(spec, reads[0], minutes)
    kept = _trading(reads[0], span)
    mask, never = _in_universe(spec, reads[0], kept, span)
    # a coin that no bar of the run can enter does not stop it
    counted = [read._replace(judged=scope.judged(read, reads[0], never)) for read in reads]
    worth = certificate.certify(spec, counted, minutes, rules, scope.told(spec, reads[0]))
    if not spec.accept_failed:
        certificate.refuse(worth)
    reads, silent = _drop_silent(spec, reads, kept)
    excluded = dict.fromkeys(silent, "no trade in the span")
    notes = [f"Left out, no trade in the span: {', '.join(silent)}."] if silent else []
    notes += certificate.note(worth) + beside.notes(
        spec, chosen, [each.judged for each in reads[1:]]
    )
    apart = quarantined(worth.venues[0][1].pair_days)
    notes += beside.clocks(spec.sources[0].venue, worth.venues[0][1].pairs)
    notes += [
        instruments.unknown_note(source.venue, source.kind)
        for source in spec.sources
        if not instruments.is_known(source.venue)
    ]
    if never:
        reads = [
            _only(read, [c for c, n in enumerate(read.names) if n not in never]) for read in reads
        ]
        excluded |= {name: f"never in the universe: {why}" for name, why in never.items()}
        notes += [f"Left out, never in the universe: {', '.join(sorted(never))}."]
    grid = _tighten(spec, reads[0], span)
    mask = mask if mask is None else mask[span.n_bars - grid.n_bars :]
    laid = [
        lay(read.coins, grid, gap_minutes=rules.gap_minutes, frozen_hours=rules.frozen_hours)
        for read in reads
    ]
    carried = carry.carry(spec, reads[0].lives, grid, laid)
    panel = _assemble(spec, grid, (reads, laid, carried), notes + _apart(apart))
    chosen_by = {} if spec.universe is None else universe.rules(**spec.universe)._asdict()
    member = panel.member if mask is None else panel.member & mask
    return replace(
        panel,
        member=member & trusted(apart, panel.symbols, grid),
        lacks=lacks,
        certificate=worth._replace(
            excluded=excluded,
            universe=chosen_by,
            inputs=certificate.inputs(spec, carried.paths),
        ),
    )


def _apart(days: pl.DataFrame) -> list[str]:
    """Return what a reader must know of coins whose price a second venue does not confirm."""
    if days.is_empty():
        return []
    counts = days.group_by("symbol").len().sort("symbol").rows()
    told = ", ".join(f"{symbol} ({n} days)" for symbol, n in counts)
    return [f"Quarantined, nothing opened the day after a second venue disagreed: {told}."]


def _lacks(spec: PanelSpec, primary: Read) -> frozenset[str]:
    """Return the inputs that the sources do not have at all, by their form (``Panel.lacks``)."""
    absent = set()
    if not any(series.has_taker for series in primary.coins if series is not None):
        absent.add("taker_buy")
    if spec.sources[0].kind == "spot":
        absent.add("funding")
    if spec.sources[0].kind == "spot" or all(each.kind == "perp" for each in spec.sources[1:]):
        absent.add("basis")
    return frozenset(absent)


def _choose(spec: PanelSpec, files: dict[str, tuple[Path, ...]]) -> tuple[str, ...]:
    """Return the coins to load: those asked for, else all of the primary's."""
    if spec.symbols is None:
        return tuple(files)
    absent = [symbol for symbol in spec.symbols if symbol not in files]
    if absent or not spec.symbols or len(set(spec.symbols)) != len(spec.symbols):
        raise DataError(
            f"symbols {', '.join(absent) or 'none or one twice'} cannot be loaded from "
            f"{spec.sources[0].path}",
            hint=f"it has {', '.join(files)}",
        )
    return tuple(spec.symbols)


def _divides_an_hour(minutes: int) -> int:
    """Refuse a bar length that the system does not decide on."""
    if minutes < 1 or 60 % minutes != 0:
        raise DataError(
            f"bars of {minutes} minutes; the system decides on bars which divide an hour",
            hint="use 1, 5, 15, 30 or 60 minutes",
        )
    return minutes


def _span(spec: PanelSpec, primary: Read, minutes: int) -> Grid:
    """Return the grid asked for, or the one that the primary's files span."""
    bar_ms = minutes * MINUTE_MS
    full = [series for series in primary.coins if series is not None and series.open_ms.size > 0]
    if not full:
        raise DataError(
            f"{spec.sources[0].path}: no bar is left: a plain file's last bar is dropped, "
            "and bars without volume or movement are no trade",
            hint="load more history, or, from Python, set drop_last=False in the PanelSpec if the "
            "bars are finished",
        )
    first = min(int(series.open_ms[0]) for series in full)
    end = max(int(series.open_ms[-1]) for series in full) + bar_ms
    whole = (first, end)
    if spec.start is not None:
        first = max(first, -(-instant_ms(spec.start) // bar_ms) * bar_ms)
    if spec.end is not None:
        end = min(end, -(-instant_ms(spec.end) // bar_ms) * bar_ms)
    if end <= first:
        files = f"its files have {_day(whole[0])} to {_day(whole[1])} UTC"
        if (
            spec.start is not None
            and spec.end is not None
            and instant_ms(spec.end) <= instant_ms(spec.start)
        ):
            raise DataError(
                f"the end {spec.end} is not after the start {spec.start}",
                hint=f"start is included, end is not; {files}",
            )
        asked = " and ".join(
            f"{word} {when}" for word, when in (("from", spec.start), ("before", spec.end)) if when
        )
        raise DataError(
            f"no bar of {spec.sources[0].path} opens {asked}",
            hint=f"choose start and end within the files' span: {files}",
        )
    return Grid(first, minutes, (end - first) // bar_ms)


def _day(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1e3, UTC):%Y-%m-%dT%H:%M}"


def _tighten(spec: PanelSpec, primary: Read, span: Grid) -> Grid:
    """Start at the first kept bar where no start was asked for; the end stays."""
    if spec.start is not None:
        return span
    first = min(int(series.open_ms[0]) for series in primary.coins if series is not None)
    first = max(first, span.first_ms)
    lost = (first - span.first_ms) // span.bar_ms
    return Grid(first, span.bar_minutes, span.n_bars - lost)


def _trading(primary: Read, grid: Grid) -> list[int]:
    """Return which coins trade in the span."""
    end_ms = grid.first_ms + grid.n_bars * grid.bar_ms
    return [
        c
        for c, series in enumerate(primary.coins)
        if series is not None and moves(window(series, grid.first_ms, end_ms)).any()
    ]


def _drop_silent(
    spec: PanelSpec, reads: list[Read], kept: Sequence[int]
) -> tuple[list[Read], list[str]]:
    """Leave out coins that never trade in the span, or refuse them if asked for by name."""
    primary = reads[0]
    # of two coins of one symbol one may be silent
    silent = [name for c, name in enumerate(primary.names) if c not in set(kept)]
    traded = {primary.symbols[c] for c in kept}
    missed = [symbol for symbol in dict.fromkeys(primary.symbols) if symbol not in traded]
    if missed and (spec.symbols is not None or not kept):
        raise DataError(
            f"{', '.join(missed)} never trades in the span asked for",
            hint="leave it out of symbols, or choose another span",
        )
    return [_only(read, kept) for read in reads], silent


def _in_universe(
    spec: PanelSpec, primary: Read, kept: Sequence[int], span: Grid
) -> tuple[ByteMat | None, dict[str, str]]:
    """Return when the coins that trade are in the universe, and why some never are.

    The mask has the columns of those that are in on some day; None where every coin may be traded.
    """
    if spec.universe is None or not kept:
        return None, {}
    axis = [(primary.names[c], primary.coins[c]) for c in kept]
    mask, never = universe.members(axis, span, universe.rules(**spec.universe))
    columns = [i for i, (name, _) in enumerate(axis) if name not in never]
    return np.ascontiguousarray(mask[:, columns]), never


def _only(read: Read, kept: Sequence[int]) -> Read:
    """Return some of the coins of a venue."""
    return read._replace(
        symbols=[read.symbols[c] for c in kept],
        names=[read.names[c] for c in kept],
        coins=[read.coins[c] for c in kept],
        lives=[read.lives[c] for c in kept],
    )


def _assemble(
    spec: PanelSpec,
    grid: Grid,
    venues: tuple[list[Read], list[Laid], carry.Carried],
    notes: list[str],
) -> Panel:
    """Put the parts together."""
    reads, laid, carried = venues
    symbols, primary = tuple(reads[0].names), laid[0]
    shape = primary.close.shape
    bars = Bars(
        open=primary.open,
        high=primary.high,
        low=primary.low,
        close=primary.close,
        volume=primary.volume,
        taker_buy=primary.taker_buy,
        spread_bps=np.full(shape, np.nan),
        funding_rate=carried.rate,
        funding_hours=carried.hours,
        basis_bps=carried.basis_bps,
        status=primary.status,
    )
    market = Market(
        open=_stack([each.open for each in laid]),
        high=_stack([each.high for each in laid]),
        low=_stack([each.low for each in laid]),
        close=_stack([each.close for each in laid]),
        volume=_stack([each.volume for each in laid]),
        spread_bps=np.full((shape[0], len(laid), shape[1]), np.nan),
        mark=carried.mark,
        funding=carried.settled,
        status=_stack([each.status for each in laid]),
    )
    gone = [symbol for symbol, dead in zip(symbols, primary.dead, strict=True) if dead]
    if gone:
        notes.append(f"Data end before the panel does, treated as delisted: {', '.join(gone)}.")
    names = [(source.venue, source.kind) for source in spec.sources]
    ended = np.where(primary.dead, grid.k0 + primary.last, NEVER)
    return Panel(
        symbols=symbols,
        bar_minutes=grid.bar_minutes,
        k0=grid.k0,
        bars=bars,
        market=market,
        venues=instruments.venues(market, symbols, names, spec.tick, spec.lot),
        venue_names=tuple(name for name, _ in names),
        kinds=(spec.sources[0].kind,) * len(symbols),
        funding=carried.source,
        quote_usd=_quote(spec, grid, notes),
        member=_members(primary),
        delisted_k=ended,
        is_synthetic=False,
        source=origin.told(
            spec,
            symbols,
            grid,
            [
                *(path for read in reads for path in read.paths),
                *carried.paths,
                *([] if spec.quote_usd is None else [spec.quote_usd]),
            ],
        ),
        notes=(*notes, *carried.notes),
    )


def _quote(spec: PanelSpec, grid: Grid, notes: list[str]) -> Vec:
    """Return USD per unit of quote, and note how often it is not known."""
    if spec.quote_usd is None:
        return np.ones(grid.n_bars)
    found = quote.quote_usd(spec.quote_usd, grid)
    if np.isnan(found[0]):
        raise DataError(
            f"{spec.quote_usd} does not say what the quote currency is worth on the first bar",
            hint="give a longer series, or a later start: the opening equity is converted there",
        )
    unknown = int(np.isnan(found).sum())
    if unknown:
        notes.append(f"USD price of the quote currency unknown on {unknown} bars: no entries then.")
    return found


def _stack(
    parts: list[np.ndarray[tuple[int, int], np.dtype[Scalar]]],
) -> np.ndarray[tuple[int, int, int], np.dtype[Scalar]]:
    """Return the venues' arrays as (time, venue, coin); one venue's memory is shared."""
    if len(parts) == 1:
        rows, coins = parts[0].shape
        return parts[0].reshape(rows, 1, coins)
    return np.stack(parts, axis=1)


def _members(primary: Laid) -> ByteMat:
    """Return 1 from each coin's first bar to the end, or to the last known if it is dead."""
    n_bars = primary.status.shape[0]
    t = np.arange(n_bars)[:, None]
    known = n_bars - 1 - (primary.status[::-1] != Bar.ABSENT).argmax(axis=0)
    last = np.where(primary.dead, known, n_bars)
    return ((t >= primary.first) & (t <= last)).astype(np.int8)
