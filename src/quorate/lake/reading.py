"""Folders of files become coins: every symbol's rows held against the rules, all of one bar length.

In: the sources of a ``PanelSpec``. Out: for each symbol of the primary venue its coins, the files
that were read, and what the rules found, with the bars of all venues on a ``Shelf``. A second venue
of the same kind disputes suspect prices of the first (``reconcile.disputes``). Nothing is judged
here that ``governance`` judges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.errors import DataError
from quorate.lake import beside, forming, layout, multiples, quote, renames, resampling
from quorate.lake.governance import params
from quorate.lake.judging import judge
from quorate.lake.lives import lives
from quorate.lake.multiples import Found
from quorate.lake.shelf import Reading
from quorate.lake.spec import as_of_ms, base_asset, quote_asset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from quorate.lake.judging import Aside, Disputed
    from quorate.lake.lengths import Length
    from quorate.lake.lives import Life
    from quorate.lake.multiples import Claim
    from quorate.lake.prints import Prints
    from quorate.lake.renames import Leg, Linked
    from quorate.lake.shelf import Shelf
    from quorate.lake.spec import PanelSpec, Source

    Files = Mapping[str, tuple[Path, ...]]


class Symbol(NamedTuple):
    """What was read of one symbol of the primary venue, on every venue.

    ``lives`` are its coins in order of time, ``spans`` the first and last open of each one's bars
    by venue, None where that venue has none. ``n_rows`` and ``paths`` are by venue, ``raw_ms`` is
    from when to when the primary has rows, ``is_apart`` whether a further venue's bars are in money
    that they cannot be compared in; ``minutes`` is the length of each venue's rows, ``end_ms`` the
    primary's last close. ``aside`` is what lies on the shelf, an entry a venue. ``found``
    says by venue how its files are spelt: as another multiple of the primary's unit, as several
    symbols one after the other.
    """

    name: str
    lives: tuple[Life, ...]
    spans: tuple[tuple[tuple[int, int] | None, ...], ...]
    has_taker: bool
    n_rows: tuple[int, ...]
    raw_ms: tuple[int, int] | None
    is_apart: tuple[bool, ...]
    paths: tuple[tuple[Path, ...], ...]
    minutes: tuple[int, ...]
    end_ms: int
    aside: tuple[Aside | None, ...]
    found: tuple[Found, ...]

    @property
    def claims(self) -> tuple[Claim | None, ...]:
        """Return by venue which claim its spelling makes, if any."""
        return tuple(each.claim for each in self.found)


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


def named(symbols: Sequence[str], files: Mapping[str, Sequence[Path]]) -> tuple[str, ...]:
    """Return the symbols that are meant, as the files spell them: BTC finds BTCUSDT.

    Where no pair of the coin itself is there, one of a multiple of it is: PEPE finds 1000PEPEUSDT.

    Parameters
    ----------
    symbols : sequence of str
        As the files spell them, or their base assets.
    files : mapping
        Files by symbol.

    Returns
    -------
    tuple of str
        One each; a symbol that no file answers to stays as it was given.

    Raises
    ------
    DataError
        A base asset has several pairs there, or none and several of multiples of it.

    Notes
    -----
    Units: none.  Causal: reads names only.  Missing: see Returns.

    Examples
    --------
    >>> named(["BTC", "ETHUSDT", "DOGE"], {"BTCUSDT": (), "ETHUSDT": ()})
    ('BTCUSDT', 'ETHUSDT', 'DOGE')
    >>> named(["PEPE"], {"BTCUSDT": (), "1000PEPEUSDT": ()})
    ('1000PEPEUSDT',)
    """
    found = []
    for symbol in symbols:
        base = base_asset(symbol)
        pairs = [symbol] if symbol in files else [n for n in files if base_asset(n) == base]
        if not pairs:
            pairs, money = multiples.named_alike(symbol, files), quote_asset(symbol)
            pairs = [n for n in pairs if money and quote_asset(n) == money] or pairs
        if len(pairs) > 1:
            raise DataError(
                f"symbol {symbol} may mean {', '.join(pairs)}", hint="write one of them in full"
            )
        found += pairs or [symbol]
    return tuple(found)


def read(
    spec: PanelSpec,
    venues: Sequence[tuple[Files, Linked]],
    bars: Length,
    shelf: Shelf,
    prints: Prints,
) -> Callable[[str], Symbol]:
    """Return what reads every venue's bars of a symbol of the primary one.

    Parameters
    ----------
    spec : PanelSpec
        Its sources and rules.
    venues : sequence of (mapping, Linked)
        Each source's files by symbol, and which symbols are one coin there (``renames``).
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
    given = Reading(shelf, as_of_ms(spec), prints)
    found = [renames.merged(*each) for each in venues]

    def legs(symbol: str, v: int) -> tuple[Leg, ...]:
        files, linked = venues[v]
        return renames.legs(linked.chains.get(symbol), files)

    rate = None if spec.quote_usd is None else quote.Rate(spec.quote_usd)
    drops = [_drops(source, spec) for source in spec.sources]
    since = [
        forming.since(files) if drop and not layout.is_partitioned(source.path) else forming.ALWAYS
        for source, drop, (files, _) in zip(spec.sources, drops, venues, strict=True)
    ]

    def held(v: int, symbol: str, there: Found, disputed: Disputed | None = None) -> Aside:
        return judge(
            symbol,
            there.paths,
            bars,
            rules,
            drop_last=drops[v],
            disputed=disputed,
            reading=given._replace(
                times=there.times,
                legs=there.legs,
                forming_ms=since[v],
                since_ms=there.since_ms,
            ),
            name=f"{symbol}.{v}",
        )

    def longer(v: int, symbol: str, each: Aside) -> Aside:
        name = f"{symbol}.{v}.{bars.minutes}"
        return resampling.folded(each, bars.minutes, rules, lambda: shelf.pile(name))

    def one(symbol: str) -> Symbol:
        own = Found(tuple(found[0][symbol]), None, legs(symbol, 0))
        there = [
            multiples.find(symbol, own.paths, each, given, f"{symbol}.{v}")._replace(
                legs=legs(symbol, v)
            )
            for v, each in enumerate(found[1:], start=1)
        ]
        others = [
            held(v, symbol, each) if each.paths else None for v, each in enumerate(there, start=1)
        ]
        judged = [each and each.judged for each in others]
        v = beside.witness(spec, symbol, judged)
        other = None if v is None else others[v]
        second = None if other is None else beside.Second(symbol, other, rate, rules)
        mine = held(0, symbol, own, None if second is None else second.disputes)
        is_apart = beside.apart(spec, symbol, judged)
        made = [each and longer(v, symbol, each) for v, each in enumerate((mine, *others))]
        return _symbol(made, is_apart, (own, *there))

    return one


def _symbol(
    aside: Sequence[Aside | None],
    is_apart: tuple[bool, ...],
    found: Sequence[Found],
) -> Symbol:
    """Return a symbol, with what is short of it at hand."""
    mine = aside[0]
    assert mine is not None  # noqa: S101  (the primary venue has every symbol)
    judged = [each and each.judged for each in aside]
    own = lives(mine)
    left = mine.judged.left_ms
    ends = [
        *([(int(left.min()), int(left.max()))] if left.size else []),
        *((each.first_ms, each.last_ms) for _, each in mine.coins if each.like.status is None),
    ]
    return Symbol(
        mine.judged.symbol,
        tuple(own),
        tuple(
            tuple(_span(aside, life, nth, v) for v in range(len(aside)))
            for nth, life in enumerate(own)
        ),
        any(series.has_taker for _, series in mine.judged.governed.coins),
        tuple(0 if each is None else each.n_rows for each in judged),
        (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None,
        is_apart,
        tuple(each.paths for each in found),
        tuple(0 if each is None else each.minutes for each in judged),
        mine.judged.end_ms,
        tuple(aside),
        tuple(found),
    )


def _span(aside: Sequence[Aside | None], life: Life, nth: int, v: int) -> tuple[int, int] | None:
    """Return when the first and the last bar of a coin open on a venue."""
    there = aside[v]
    if there is None or not there.coins:
        return None
    if v == 0:
        lying = there.coins[nth][1]
        return lying.first_ms, lying.last_ms
    spans = [span for _, lying in there.coins if (span := lying.span(*life.span)) is not None]
    return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None


def _drops(source: Source, spec: PanelSpec) -> bool:
    return not layout.is_partitioned(source.path) if spec.drop_last is None else spec.drop_last
