"""Symbols that were read become the axes of a panel: which coins, which bars, what they are worth.

In: a ``PanelSpec``. Out: ``Gathered``: the coins in order, the one grid, the certificate, and what
a reader must know. The steps, in order: find the files, one bar length, rows held against the rules
(``reading``), the span, what the data are worth (``certificate``), who trades in the span, who is
in the universe. The bars wait on a ``Shelf``, and are looked at a symbol at a time.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import polars as pl

from quorate.errors import DataError
from quorate.lake import (
    assets,
    beside,
    certificate,
    instruments,
    lengths,
    multiples,
    reading,
    renames,
    resampling,
    room,
    scope,
    universe,
)
from quorate.lake.governance import params
from quorate.lake.grid import Grid, moves, window
from quorate.lake.quarantine import quarantined
from quorate.lake.quote import Rate
from quorate.lake.shelf import Reading
from quorate.lake.sources import MINUTE_MS
from quorate.lake.spec import EVER_MS, as_of_ms, instant_ms, match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from quorate.lake.certificate import Certificate
    from quorate.lake.governance import Params
    from quorate.lake.lives import Life
    from quorate.lake.prints import Prints
    from quorate.lake.quality import Quality
    from quorate.lake.reading import Symbol
    from quorate.lake.renames import Linked
    from quorate.lake.shelf import Shelf
    from quorate.lake.spec import PanelSpec
    from quorate.lake.universe import Members

_THREADS = 2
_DAY_MINUTES = 1440
Given = TypeVar("Given")
Made = TypeVar("Made")


class Coin(NamedTuple):
    """A coin of the panel: which of its symbol's coins it is, and from when to when."""

    symbol: Symbol
    nth: int

    @property
    def life(self) -> Life:
        """Return its name, its time and its unit."""
        return self.symbol.lives[self.nth]

    @property
    def first_ms(self) -> int:
        """Return the open of its first bar on the primary venue."""
        span = self.symbol.spans[self.nth][0]
        return EVER_MS[1] if span is None else span[0]


class Gathered(NamedTuple):
    """The axes of a panel, and what is said of it.

    ``symbols`` is every symbol that was read, ``coins`` those that are in the panel, in order;
    ``apart`` the days on which a second venue disagrees, ``prints`` what was read of each file.
    """

    symbols: tuple[Symbol, ...]
    coins: tuple[Coin, ...]
    grid: Grid
    rules: Params
    lacks: frozenset[str]
    certificate: Certificate
    notes: tuple[str, ...]
    members: Members | None
    apart: pl.DataFrame
    prints: Prints


class _Look(NamedTuple):
    """What one symbol is worth in the span: by venue, and by coin whether it moves, its days."""

    worths: tuple[Quality | None, ...]
    is_moving: tuple[bool, ...]
    days: tuple[pl.DataFrame | None, ...]


def gather(spec: PanelSpec, shelf: Shelf) -> Gathered:
    """Read every symbol and put the axes of the panel together.

    Parameters
    ----------
    spec : PanelSpec
        Checked (``spec.check``).
    shelf : Shelf
        Where bars wait; the coins' bars are taken from there by ``Coin.symbol.aside``.

    Returns
    -------
    Gathered
        At least one coin and one bar.

    Raises
    ------
    ConfigError, DataError, SchemaError
        As ``load``.

    Notes
    -----
    Units, Causal, Missing: as ``load``.  Spec 13, METHODS 12.
    """
    rules, prints = params(**spec.rules), {}  # type: tuple[Params, Prints]
    found = [reading.files(source.path) for source in spec.sources]
    listed = {} if spec.assets is None else assets.read(spec.assets, as_of_ms(spec))
    linked = renames.of_venues(found, listed, Reading(shelf, as_of_ms(spec)))
    chosen = _choose(spec, found[0], linked[0])
    if shelf.cutting is None:
        whole = list(map(renames.merged, found, linked))
        room.refuse_what_cannot_be_read(
            multiples.likely(name, files) for files in whole for name in chosen
        )
    length = lengths.length(
        (match(symbol, files) for files in found for symbol in chosen),
        spec.bar_minutes,
        shelf.cutting,
    )
    minutes = _divides_an_hour(length.minutes, spec.sources[0].path)
    venues = list(zip(found, linked, strict=True))
    symbols = each_of(reading.read(spec, venues, length, shelf, prints), chosen)
    symbols = resampling.ended(symbols, minutes)
    coins = _coins(symbols)
    span = _span(spec, coins, minutes)
    told = scope.told(spec, symbols)

    rate = None if spec.quote_usd is None else Rate(spec.quote_usd)

    def look(symbol: Symbol) -> _Look:
        worths = certificate.worths(spec, symbol, told, (minutes, rules), (shelf, rate))
        return _looked(spec, symbol, span, worths, shelf)

    looks = each_of(look, symbols)
    by_name = {symbol.name: each for symbol, each in zip(symbols, looks, strict=True)}
    moving = [coin for coin in coins if by_name[coin.symbol.name].is_moving[coin.nth]]
    kept = coins if spec.to_end else moving
    members = _in_universe(spec, kept, by_name, span)
    never = {} if members is None else members.never
    # a coin that no bar of the run can enter does not stop it
    counted = [
        each.worths
        for symbol, each in zip(symbols, looks, strict=True)
        if scope.counts(symbol, never)
    ]
    worth = certificate.certify(spec.sources, symbols, counted, (minutes, rules), prints)
    if not spec.accept_failed:
        certificate.refuse(worth)
    silent = _silent(spec, coins, kept)
    excluded = dict.fromkeys(silent, "no trade in the span")
    notes = [f"Left out, no trade in the span: {', '.join(silent)}."] if silent else []
    worth = worth._replace(renames=renames.told(spec.sources, linked, symbols))
    notes += certificate.note(worth) + resampling.notes(worth) + multiples.notes(worth.multiples)
    notes += [f"On {venue}: {said}" for venue, said in worth.renames]
    notes += beside.notes(spec, {symbol.name: symbol.is_apart for symbol in symbols})
    apart = quarantined(worth.venues[0][1].pair_days)
    notes += beside.clocks(spec.sources[0].venue, worth.venues[0][1].pairs)
    notes += beside.strangers(worth.venues[0][1].findings)
    notes += [
        instruments.unknown_note(source.venue, source.kind)
        for source in spec.sources
        if not instruments.is_known(source.venue)
    ]
    if never:
        kept = [coin for coin in kept if coin.life.name not in never]
        excluded |= {name: f"never in the universe: {why}" for name, why in never.items()}
        notes += [f"Left out, never in the universe: {', '.join(sorted(never))}."]
    chosen_by = {} if spec.universe is None else universe.rules(**spec.universe)._asdict()
    return Gathered(
        tuple(symbols),
        tuple(kept),
        _tighten(spec, kept, span),
        rules,
        _lacks(spec, symbols),
        worth._replace(excluded=excluded, universe=chosen_by),
        (*notes, *_apart(apart)),
        members,
        apart,
        prints,
    )


def each_of(work: Callable[[Given], Made], items: Iterable[Given]) -> list[Made]:
    """Return what some work makes of each item, two at a time, in their order."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(work, items))


def _coins(symbols: Sequence[Symbol]) -> list[Coin]:
    """Return the coins of all symbols, or refuse two of one name."""
    coins = [Coin(symbol, nth) for symbol in symbols for nth in range(len(symbol.lives))]
    counts = Counter(coin.life.name for coin in coins)
    doubled = [name for name, n in counts.items() if n > 1]
    if doubled:
        raise DataError(
            f"two coins would be called {', '.join(doubled)}: a symbol of that name, and the "
            "second coin of another",
            hint="leave one of the symbols out",
        )
    return coins


def _looked(
    spec: PanelSpec,
    symbol: Symbol,
    span: Grid,
    worths: tuple[Quality | None, ...],
    shelf: Shelf,
) -> _Look:
    """Look at one symbol's bars within the span."""
    end_ms = span.first_ms + span.n_bars * span.bar_ms
    mine = symbol.aside[0]
    moving: list[bool] = []
    days: list[pl.DataFrame | None] = []
    for name, lying in () if mine is None else mine.coins:
        parts = []
        is_moving = False
        for first, end in shelf.spans(lying.first_ms, lying.last_ms + 1, span.bar_ms):
            series = lying.within(first, end)
            is_moving |= bool(moves(window(series, span.first_ms, end_ms)).any())
            if spec.universe is not None:
                parts.append(universe.days_of(name, series, mine and mine.judged.spreads))
        moving.append(is_moving)
        days.append(pl.concat(parts) if parts else None)
    return _Look(worths, tuple(moving) or (False,), tuple(days) or (None,))


def _apart(days: pl.DataFrame) -> list[str]:
    """Return what a reader must know of coins whose price a second venue does not confirm."""
    if days.is_empty():
        return []
    counts = days.group_by("symbol").len().sort("symbol").rows()
    told = ", ".join(f"{symbol} ({n} days)" for symbol, n in counts)
    return [f"Quarantined, nothing opened the day after a second venue disagreed: {told}."]


def _lacks(spec: PanelSpec, symbols: Sequence[Symbol]) -> frozenset[str]:
    """Return the inputs that the sources do not have at all, by their form (``Panel.lacks``)."""
    absent = set()
    if not any(symbol.has_taker for symbol in symbols):
        absent.add("taker_buy")
    if spec.sources[0].kind == "spot":
        absent.add("funding")
    if spec.sources[0].kind == "spot" or all(each.kind == "perp" for each in spec.sources[1:]):
        absent.add("basis")
    return frozenset(absent)


def _choose(
    spec: PanelSpec, found: Mapping[str, tuple[Path, ...]], linked: Linked
) -> tuple[str, ...]:
    """Return the coins to load: those asked for, else all of the primary's."""
    files = renames.merged(found, linked)
    if spec.symbols is None:
        return tuple(files)
    asked = tuple(linked.name_of(symbol) for symbol in spec.symbols)
    if linked.chains:
        asked = tuple(dict.fromkeys(asked))
    absent = [symbol for symbol in asked if symbol not in files]
    if absent or not asked or len(set(asked)) != len(asked):
        raise DataError(
            f"symbols {', '.join(absent) or 'none or one twice'} cannot be loaded from "
            f"{spec.sources[0].path}",
            hint=f"it has {', '.join(files)}",
        )
    return asked


def _divides_an_hour(minutes: int, path: Path) -> int:
    """Refuse a bar length that the system does not decide on."""
    if minutes < 1 or 60 % minutes != 0:
        hint = "use 1, 5, 15, 30 or 60 minutes"
        if 60 < minutes <= _DAY_MINUTES:
            hint += (
                "; what equal parts of all coins of such bars made after costs, and by how much "
                f"survivors flatter, says `quorate data universe {path} --at DAY --until DAY`"
            )
        raise DataError(
            f"bars of {minutes} minutes; the system decides on bars which divide an hour", hint=hint
        )
    return minutes


def _span(spec: PanelSpec, coins: Sequence[Coin], minutes: int) -> Grid:
    """Return the grid asked for, or the one that the primary's files span."""
    bar_ms = minutes * MINUTE_MS
    spans = [coin.symbol.spans[coin.nth][0] for coin in coins]
    full = [span for span in spans if span is not None]
    if not full and spec.as_of is not None:
        raise DataError(
            f"{spec.sources[0].path}: no bar that trades was known as of {spec.as_of}",
            hint="ask for a later as_of, or import with the --known-at since which rows are known",
        )
    if not full:
        raise DataError(
            f"{spec.sources[0].path}: no bar is left: a plain file's last bar is dropped, "
            "and bars without volume or movement are no trade",
            hint="load more history, or, from Python, set drop_last=False in the PanelSpec if the "
            "bars are finished",
        )
    first = min(opens for opens, _ in full)
    end = max(closing for _, closing in full) + bar_ms
    whole = (first, end)
    if spec.start is not None:
        first = max(first, -(-instant_ms(spec.start) // bar_ms) * bar_ms)
    if spec.end is not None:
        asked_ms = -(-instant_ms(spec.end) // bar_ms) * bar_ms
        end = asked_ms if spec.to_end else min(end, asked_ms)
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


def _tighten(spec: PanelSpec, coins: Sequence[Coin], span: Grid) -> Grid:
    """Start at the first kept bar where no start was asked for; the end stays."""
    if spec.start is not None:
        return span
    first = max(min(coin.first_ms for coin in coins), span.first_ms)
    lost = (first - span.first_ms) // span.bar_ms
    return Grid(first, span.bar_minutes, span.n_bars - lost)


def _silent(spec: PanelSpec, coins: Sequence[Coin], kept: Sequence[Coin]) -> list[str]:
    """Return the coins that never trade in the span, or refuse one that was asked for by name."""
    # of two coins of one symbol one may be silent
    names = {coin.life.name for coin in kept}
    traded = {coin.symbol.name for coin in kept}
    missed = dict.fromkeys(coin.symbol.name for coin in coins if coin.symbol.name not in traded)
    if missed and (spec.symbols is not None or not kept):
        raise DataError(
            f"{', '.join(missed)} never trades in the span asked for",
            hint="leave it out of symbols, or choose another span",
        )
    return [coin.life.name for coin in coins if coin.life.name not in names]


def _in_universe(
    spec: PanelSpec, coins: Sequence[Coin], looks: Mapping[str, _Look], span: Grid
) -> Members | None:
    """Say on which days each coin is in the universe; None where every coin may be traded."""
    if spec.universe is None or not coins:
        return None
    names = [coin.life.name for coin in coins]
    days = [looks[coin.symbol.name].days[coin.nth] for coin in coins]
    given = universe.rules(**spec.universe)
    return universe.members(names, [each for each in days if each is not None], span, given)
