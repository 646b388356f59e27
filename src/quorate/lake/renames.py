"""One asset under two symbols, one after the other, is one coin.

In: a table of assets (``assets``), and between which bars each symbol traded. Out: ``Chain``: the
first symbol's name, and which bars of which symbol go on with it, in its unit. A later symbol's
bars count once the one before has traded for the last time. A rename that became known after its
symbol's first bar is not one for those who traded then, and is left apart and told.

Without a table nothing is linked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.errors import DataError
from quorate.lake import multiples
from quorate.lake.sources import BAR, MINUTE_MS, epoch_ms, floats, instant
from quorate.lake.stretches import Stretch, stretches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from fractions import Fraction
    from pathlib import Path

    from quorate.lake.assets import Listed
    from quorate.lake.prints import Prints
    from quorate.lake.reading import Symbol
    from quorate.lake.shelf import Reading
    from quorate.lake.spec import Source
    from quorate.lake.stretches import Cutting

EVER: Final = -(2**62), 2**62
"""A part without ends."""
_FAR: Final = 5.0
"""A price that changes by so much where a symbol does was counted in a wrong unit."""


class Span(NamedTuple):
    """Between which bars a symbol traded, the first open there and the last close."""

    first_ms: int
    last_ms: int
    opened: float
    closed: float


class Part(NamedTuple):
    """A symbol's bars that open in ``[first_ms, end_ms)``, prices multiplied by ``times``."""

    symbol: str
    first_ms: int
    end_ms: int
    times: Fraction


class Leg(NamedTuple):
    """A part of a chain and its files."""

    part: Part
    paths: tuple[Path, ...]


class Chain(NamedTuple):
    """An asset's symbols on a venue in order of time; ``jumps`` are prices across each change."""

    name: str
    asset: str
    parts: tuple[Part, ...]
    jumps: tuple[float, ...]

    def told(self) -> str:
        """Return what a reader must know, as a sentence.

        Examples
        --------
        >>> from fractions import Fraction
        >>> whole = Part("LEND", 0, 9, Fraction(1)), Part("AAVE", 9, 99, Fraction(1, 100))
        >>> Chain("LEND", "aave", whole, (1.02,)).told()
        'LEND goes on as AAVE from 1970-01-01 00:00:00Z (prices x 1/100; by x 1.02 across it): \
one asset, aave, and no end.'
        >>> Chain("LEND", "aave", whole[1:], ()).told()
        'LEND is AAVE here (prices x 1/100): one asset, aave.'
        """
        first = self.parts[0]
        known = self.name
        if (first.symbol, first.times) != (self.name, multiples.ONE):
            known = f"{self.name} is {first.symbol} here (prices x {first.times})"
        if len(self.parts) == 1:
            return f"{known}: one asset, {self.asset}."
        said = ", then as ".join(
            f"{part.symbol} from {instant(part.first_ms)} (prices x {part.times}; by x {jump:.4g} "
            "across it)"
            for part, jump in zip(self.parts[1:], self.jumps, strict=True)
        )
        joint = "" if known == self.name else ", and"
        return f"{known}{joint} goes on as {said}: one asset, {self.asset}, and no end."


class Base(NamedTuple):
    """Under which name an asset goes, and in which unit: as on the first venue."""

    name: str
    units: Fraction


class Linked(NamedTuple):
    """A venue's chains by name, and what was not linked, and why."""

    chains: dict[str, Chain]
    apart: tuple[str, ...]

    def name_of(self, symbol: str) -> str:
        """Return the name of the coin that a symbol is of."""
        of = (
            name for name, each in self.chains.items() if symbol in {p.symbol for p in each.parts}
        )
        return next(of, symbol)

    def bases(self, listed: Mapping[str, Listed]) -> dict[str, Base]:
        """Return the name and unit of each asset that is linked."""
        return {
            each.asset: Base(each.name, listed[each.name].units) for each in self.chains.values()
        }


def link(
    spans: Mapping[str, Span],
    listed: Mapping[str, Listed],
    bases: Mapping[str, Base] | None = None,
) -> Linked:
    """Return which symbols go on with which.

    Parameters
    ----------
    spans : mapping
        When each symbol traded; those without a row in the table are looked at no further.
    listed : mapping
        The table.
    bases : mapping, optional
        Name and unit of each asset, where another venue's hold; else those of the first symbol.

    Returns
    -------
    Linked
        Chains of two symbols or more, or of one that goes by another name or unit.

    Raises
    ------
    DataError
        Across a change the price is another by five times or more: the units are wrong.

    Notes
    -----
    Units: those of the base.  Causal: a link is one from the first bar of its later symbol on, and
    must have been known then.  Missing: a symbol that is not linked stays as it is.  METHODS 12.
    """
    by_asset: dict[str, list[str]] = {}
    for symbol in sorted(spans, key=lambda each: (spans[each].first_ms, each)):
        if symbol in listed:
            by_asset.setdefault(listed[symbol].asset, []).append(symbol)
    chains, apart = {}, []
    for asset, symbols in by_asset.items():
        base = (bases or {}).get(asset) or Base(symbols[0], listed[symbols[0]].units)
        parts: list[Part] = []
        jumps: list[float] = []
        for symbol in symbols:
            row, span = listed[symbol], spans[symbol]
            first = max(span.first_ms, spans[parts[-1].symbol].last_ms + 1 if parts else span[0])
            is_other = symbol != base.name
            if is_other and row.known_ms is not None and row.known_ms > span.first_ms:
                apart.append(
                    f"{symbol} is {asset}, as {base.name} is, but that became known only at "
                    f"{instant(row.known_ms)}, after its first bar: it is kept apart."
                )
                continue
            if first > span.last_ms:
                apart.append(f"{symbol} is {asset} and ends before {parts[-1].symbol} does.")
                continue
            times = base.units / row.units
            if parts:
                before = parts[-1]
                parts[-1] = before._replace(end_ms=first)
                jumps.append(_jump(before, spans[before.symbol], symbol, span, times))
            parts.append(Part(symbol, first, EVER[1], times))
        if parts:
            parts[0] = parts[0]._replace(first_ms=EVER[0])
        if len(parts) > 1 or (parts and (parts[0].symbol != base.name or parts[0].times != 1)):
            chains[base.name] = Chain(base.name, asset, tuple(parts), tuple(jumps))
    return Linked(chains, tuple(apart))


def _jump(before: Part, ended: Span, symbol: str, begun: Span, times: Fraction) -> float:
    """Return by how much the price changes with the symbol, or refuse units that are wrong."""
    jump = begun.opened * float(times) / (ended.closed * float(before.times))
    if not 1.0 / _FAR < jump < _FAR:
        raise DataError(
            f"{symbol} is said to go on with {before.symbol}, and its price would be {jump:.4g} "
            "times that one's last",
            hint="correct the units of the table: how many of the asset one coin of a symbol is",
        )
    return jump


def legs(chain: Chain | None, files: Mapping[str, tuple[Path, ...]]) -> tuple[Leg, ...]:
    """Return the parts of a chain with their files, those that have any."""
    if chain is None:
        return ()
    return tuple(Leg(part, files[part.symbol]) for part in chain.parts if part.symbol in files)


def span_of(paths: Sequence[Path], cutting: Cutting | None, as_of_ms: int | None) -> Span | None:
    """Return when a symbol's files have a bar that traded, None without one."""
    found: Span | None = None
    for part in stretches(paths, cutting, as_of_ms, None, ("ts", "open", "close", "volume")):
        found = _longer(found, span(part.rows, part.name))
    return found


def span(rows: pl.DataFrame, name: str) -> Span | None:
    """Return when rows have a bar that traded, None without one.

    Examples
    --------
    >>> rows = pl.DataFrame({"ts": [2, 1, 3], "open": 1.0, "close": [2.0, 5.0, 4.0],
    ...                      "volume": [1.0, 1.0, 0.0]})
    >>> span(rows, "A")
    Span(first_ms=1, last_ms=2, opened=1.0, closed=2.0)
    """
    at, volume = epoch_ms(rows, name), floats(rows, "volume", name)
    opened, closed = (floats(rows, each, name) for each in ("open", "close"))
    traded = np.flatnonzero((volume > 0.0) & (opened > 0.0) & (closed > 0.0))
    if traded.size == 0:
        return None
    first, last = traded[at[traded].argmin()], traded[at[traded].argmax()]
    return Span(int(at[first]), int(at[last]), float(opened[first]), float(closed[last]))


def _longer(one: Span | None, two: Span | None) -> Span | None:
    if one is None or two is None:
        return one or two
    early, late = (one, two) if one.first_ms <= two.first_ms else (two, one)
    last = one if one.last_ms >= two.last_ms else two
    return Span(early.first_ms, late.last_ms if late is last else last.last_ms, early[2], last[3])


def cut(rows: pl.DataFrame, part: Part, name: str) -> pl.DataFrame:
    """Return the rows of a part, in the unit of its chain; ``ts`` in milliseconds."""
    at = epoch_ms(rows, name)
    inside = (at >= part.first_ms) & (at < part.end_ms)
    rows = rows.drop("symbol", strict=False).with_columns(pl.Series("ts", at)).filter(inside)
    return multiples.scaled(rows, part.times)


def stored(
    paths: Sequence[Path], reading: Reading, needed: tuple[str, ...] = BAR
) -> Iterator[Stretch]:
    """Yield files as ``stretches`` does, as the parts of a chain and in the unit that are asked.

    Parameters
    ----------
    paths : sequence of Path
        Where ``reading`` names no parts.
    reading : Reading
        Its ``legs`` and ``times``.
    needed : tuple of str
        As ``stretches``.

    Raises
    ------
    SchemaError, DataError, OSError
        As ``stretches``.

    Notes
    -----
    Units: as ``reading`` says.  Causal: rows are not combined, and those from before it was known
    what they are are left out.  Missing: as stored.
    """
    given = reading.shelf.cutting, reading.as_of_ms, reading.prints, needed
    parts = chained(reading.legs, *given) if reading.legs else stretches(paths, *given)
    for each in parts:
        rows = each.rows
        if reading.since_ms > EVER[0]:
            # a stamp may be seconds off the grid
            rows = rows.filter(epoch_ms(rows, each.name) >= reading.since_ms - MINUTE_MS // 2)
            if rows.is_empty() and not each.is_last:
                continue
        yield each._replace(rows=multiples.scaled(rows, reading.times))


def of_venues(
    files: Sequence[Mapping[str, tuple[Path, ...]]],
    listed: Mapping[str, Listed],
    reading: Reading,
) -> list[Linked]:
    """Return what is linked on each venue, under names and in units of the first that has it.

    Parameters
    ----------
    files : sequence of mapping
        Each venue's by symbol, the first one's first.
    listed : mapping
        The table; nothing is linked by an empty one.
    reading : Reading
        As of when.

    Raises
    ------
    DataError, SchemaError
        As ``link`` and ``stretches``.

    Notes
    -----
    Units, Causal, Missing: as ``link``.
    """
    made: list[Linked] = []
    for there in files:
        spans = {
            symbol: span
            for symbol, paths in there.items()
            if symbol in listed
            and (span := span_of(paths, reading.shelf.cutting, reading.as_of_ms)) is not None
        }
        bases: dict[str, Base] = {}
        for before, each in zip(files, made, strict=False):
            own = {
                listed[name].asset: Base(name, listed[name].units)
                for name in before
                if name in listed
            } | each.bases(listed)
            bases = own | bases  # an asset that the first venue lacks goes by the next one's name
        made.append(link(spans, listed, bases))
    return made


def merged(files: Mapping[str, tuple[Path, ...]], linked: Linked) -> dict[str, tuple[Path, ...]]:
    """Return a venue's files by coin: those of a chain are one entry, under its name."""
    parts = {part.symbol for chain in linked.chains.values() for part in chain.parts}
    whole = {
        name: tuple(path for leg in legs(chain, files) for path in leg.paths)
        for name, chain in linked.chains.items()
    }
    left = {symbol: paths for symbol, paths in files.items() if symbol not in parts}
    return dict(sorted((left | whole).items()))


def told(
    sources: Sequence[Source], linked: Sequence[Linked], symbols: Sequence[Symbol]
) -> tuple[tuple[str, str], ...]:
    """Return what a reader must know of the coins that were read: venue and sentence."""
    names = {symbol.name for symbol in symbols}
    return tuple(
        (source.venue, said)
        for source, each in zip(sources, linked, strict=True)
        for said in (*(c.told() for n, c in each.chains.items() if n in names), *each.apart)
    )


def chained(
    legs: Sequence[Leg],
    cutting: Cutting | None,
    as_of_ms: int | None,
    prints: Prints | None,
    needed: tuple[str, ...],
) -> Iterator[Stretch]:
    """Yield a chain's bars as ``stretches`` yields those of one symbol.

    Raises
    ------
    SchemaError, DataError, OSError
        As ``stretches``.

    Notes
    -----
    Units: those of the chain.  Causal: rows are not combined.  Missing: as stored.  Memory: as
    ``stretches``.
    """
    held: list[pl.DataFrame] = []
    for nth, (part, paths) in enumerate(legs, start=1):
        for each in stretches(paths, cutting, as_of_ms, prints, needed):
            # a symbol may end and the next one begin on one day, which comes in one stretch
            rows = [*held, cut(each.rows, part, each.name)]
            whole = pl.concat(rows, how="diagonal_relaxed") if held else rows[0]
            held = []
            if each.is_last and nth < len(legs):
                held = [whole]
            else:
                yield Stretch(whole, each.name, is_last=each.is_last)
