"""Several vendors' bars of the same coins become one series that says where each bar came from.

In: folders, the most trusted first. Out: what each vendor gave and where no two agree, and, if
asked for, files that ``quorate backtest`` reads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.api.configure import data_rules
from quorate.api.effective import read_settings
from quorate.errors import ConfigError, DataError
from quorate.lake import (
    beside,
    disk,
    forming,
    governance,
    layout,
    lengths,
    multiples,
    reading,
    reconcile,
)
from quorate.lake.address import is_object, located, on_disk
from quorate.lake.grid import take
from quorate.lake.instruments import infer_tick
from quorate.lake.judging import judge
from quorate.lake.lives import aligned, lives
from quorate.lake.multiples import Found
from quorate.lake.quote import Rate
from quorate.lake.reading import named
from quorate.lake.reconcile import Merged
from quorate.lake.shelf import Reading, Shelf
from quorate.lake.sources import PRICES
from quorate.lake.spec import EVER_MS, KINDS, between_ms, quote_asset
from quorate.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from quorate.core.types import IntVec
    from quorate.lake.governance.findings import Schema
    from quorate.lake.judging import Aside
    from quorate.lake.multiples import Claim

    Files = Mapping[str, tuple[Path, ...]]

_THREADS = 2
COINS: Final[Schema] = {
    "symbol": pl.String,
    "vendor": pl.String,
    "n_bars": pl.Int64,
    "n_taken": pl.Int64,
    "n_alone": pl.Int64,
}


@dataclass(frozen=True)
class Reconciled:
    """What several vendors' bars came to.

    Attributes
    ----------
    vendors : tuple of str
        Their names, the most trusted first.
    coins : polars.DataFrame
        A row a coin and vendor: ``symbol, vendor, n_bars`` (believed bars it has), ``n_taken`` (of
        the merged series), ``n_alone`` (of those, bars that no other vendor has).
    disputed : polars.DataFrame
        ``symbol, at``: times at which no two agree; they are left out.
    folder : Path or None
        Where the merged series are.
    multiples : tuple of (str, lake.multiples.Claim)
        A vendor, and its symbol that is another's at a multiple by their names, and what prices
        say: it is in the other's unit in the merged series, or apart.
    """

    vendors: tuple[str, ...]
    coins: pl.DataFrame
    disputed: pl.DataFrame
    folder: Path | None
    multiples: tuple[tuple[str, Claim], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "vendors": list(self.vendors),
            "coins": plain(self.coins.to_dicts()),
            "disputed": plain(self.disputed.to_dicts()),
            "folder": None if self.folder is None else str(self.folder),
            "multiples": [{"vendor": who, **claim.as_dict()} for who, claim in self.multiples],
        }


def reconcile_data(  # noqa: PLR0913  (what is merged, and what is told of it, each with its name)
    folders: Sequence[str | Path],
    *,
    kind: str,
    names: Sequence[str] | None = None,
    symbols: Sequence[str] | None = None,
    to: str | Path | None = None,
    quote_usd: str | Path | None = None,
    start: datetime | str | None = None,
    end: datetime | str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Reconciled:
    """Merge several vendors' bars: each bar from the vendor that most others confirm.

    Parameters
    ----------
    folders : sequence of path
        Of bars of one kind, two or more, the most trusted vendor first; coins are those of all.
    kind : str
        ``spot`` or ``perp``, of all: the basis between them is a price, not an error.
    names : sequence of str, optional
        The vendors' names, each another; what the folders say of them when left out: the vendor
        of a lake's folder, else the name of the folder, with the one above it where two are alike.
    symbols : sequence of str, optional
        As the first vendor that has them spells them, or base assets; all when left out.
    to : path, optional
        Folder for the merged series, one ``SYMBOL.parquet`` a coin, with ``vendor`` and ``n_agree``
        beside each bar.
    quote_usd : path, optional
        A file of bars of the first vendor's quote currency in USD: a vendor whose files say that
        they are in USD is converted by it.
    start, end : datetime or str, optional
        UTC bounds on what is counted and written, the first included, the second not; bars are held
        against the rules and against one another as without them.
    progress : callable, optional
        Called with coins done and coins in all.

    Returns
    -------
    Reconciled
        Coins in order of symbol.

    Raises
    ------
    ConfigError
        Fewer than two folders, one of them twice, another number of names, one of them twice, an
        unknown kind or that of no vendor, an empty span, or a coin in other money that cannot be
        converted: the basis between USD and USDT is a price too.
    DataError
        A folder is missing or empty, no vendor has a symbol, or the disk refuses a file.

    Notes
    -----
    Units: as the files.  Causal: the tolerance of a bar reads its whole hour (``lake.reconcile``):
    a merged series is for research, a run that may not look ahead is given its venues apart.
    Missing: a bar that no two confirm is left out; one that a single vendor has is taken.
    Spec 13; METHODS 12.
    """
    titles = _titles(folders) if names is None else tuple(names)
    if len(folders) < 2 or len(titles) != len(folders) or kind not in {"spot", "perp"}:
        raise ConfigError(
            f"{len(folders)} folders, {len(titles)} names and kind {kind!r} cannot be reconciled",
            hint="give two folders or more, a name for each or none, and kind spot or perp",
        )
    _refuse_twins(folders, titles, kind)
    place, span = None if to is None else on_disk(to), between_ms(start, end)
    found = [reading.files(located(each)) for each in folders]
    place_of = Reading(Shelf())
    everyone = _everyone(found, place_of)
    files = {symbol: first.paths for symbol, first in everyone.items()}
    chosen = tuple(files) if symbols is None else named(symbols, files)
    if missing := [symbol for symbol in chosen if symbol not in everyone]:
        raise DataError(
            f"no vendor has {missing[0]}", hint=f"there are {', '.join(sorted(everyone)[:8])} ..."
        )
    length = lengths.length(everyone[symbol].paths for symbol in chosen)
    by_vendor = {symbol: _by_vendor(symbol, everyone[symbol], found, place_of) for symbol in chosen}
    money = None if quote_usd is None else Path(quote_usd)
    rate = None if money is None else Rate(money)
    _refuse_other_money(by_vendor, titles, money)
    rules = governance.params(**data_rules(read_settings()))
    is_plain = [not layout.is_partitioned(located(each)) for each in folders]
    since = [
        forming.since(there) if plain_one else forming.ALWAYS
        for there, plain_one in zip(found, is_plain, strict=True)
    ]

    def one(symbol: str) -> list[_Coin]:
        judged = [
            judge(
                symbol,
                there.paths,
                length,
                rules,
                drop_last=drops,
                reading=place_of._replace(times=there.times, forming_ms=ms),
            )
            if there.paths
            else None
            for there, drops, ms in zip(by_vendor[symbol], is_plain, since, strict=True)
        ]
        merged = _merged(judged, kind, length.minutes, rate)
        return merged if span == EVER_MS else [_within(each, span) for each in merged]

    made: list[_Coin] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for done, coins in enumerate(pool.map(one, chosen), start=1):
            made += coins
            if place is not None:
                for coin in coins:
                    _write(place / f"{coin.name}.parquet", coin, titles)
            if progress is not None:
                progress(done, len(chosen))
    none = pl.DataFrame(schema={"symbol": pl.String, "at": pl.Datetime("ms", "UTC")})
    return Reconciled(
        titles,
        pl.DataFrame([row for coin in made for row in _rows(coin, titles)], COINS, orient="row"),
        pl.concat([none, *map(_disputed, made)]),
        place,
        tuple(
            (title, there.claim)
            for symbol in chosen
            for title, there in zip(titles, by_vendor[symbol], strict=True)
            if there.claim is not None
        ),
    )


def _titles(folders: Sequence[str | Path]) -> tuple[str, ...]:
    """Return what the folders say of their vendors."""
    parts = [Path(each).parts for each in folders]
    lakes = [
        next((part.removeprefix("vendor=") for part in each if part.startswith("vendor=")), None)
        for each in parts
    ]
    short = [lake or each[-1] for lake, each in zip(lakes, parts, strict=True)]
    return tuple(
        name if short.count(name) == 1 or lake else "/".join(each[-2:])
        for name, lake, each in zip(short, lakes, parts, strict=True)
    )


def _refuse_twins(folders: Sequence[str | Path], titles: Sequence[str], kind: str) -> None:
    """Refuse one vendor twice: it would confirm itself; and a venue of the other kind."""
    places = [str(p if is_object(p) else p.resolve()) for p in map(located, folders)]
    for what, each in (("folder", places), ("vendor's name", titles)):
        if twice := next((one for one in each if list(each).count(one) > 1), None):
            raise ConfigError(
                f"the {what} {twice} is given twice: it would confirm itself",
                hint="give another vendor's bars, and --names where folders are called alike",
            )
    for title in titles:
        if KINDS.get(title, kind) != kind:
            raise ConfigError(
                f"{title} is a {KINDS[title]} venue, and {kind} bars are reconciled: the basis "
                "between them is a price",
                hint="give vendors of one kind, and that --kind",
            )


class _First(NamedTuple):
    """The first vendor that has a coin, and its files."""

    v: int
    paths: tuple[Path, ...]


def _everyone(found: Sequence[Files], place: Reading) -> dict[str, _First]:
    """Return every coin, as the first vendor that has it spells it."""
    everyone = {symbol: _First(0, paths) for symbol, paths in found[0].items()}
    for i, there in enumerate(found[1:], start=1):
        everyone |= {
            symbol: _First(i, paths)
            for symbol, paths in there.items()
            if not any(
                multiples.find(symbol, paths, before, place, symbol).paths for before in found[:i]
            )
        }
    return everyone


def _by_vendor(
    symbol: str, first: _First, found: Sequence[Files], place: Reading
) -> tuple[Found, ...]:
    """Return a coin's files by vendor; none of those before the first has it."""
    return (
        *[Found(())] * first.v,
        Found(first.paths),
        *(
            multiples.find(symbol, first.paths, there, place, symbol)
            for there in found[first.v + 1 :]
        ),
    )


class _Coin(NamedTuple):
    """One coin's merged series, the vendors that have it (as indices), and how many bars each.

    ``at_ms`` is when each vendor's bars open.
    """

    name: str
    vendors: list[int]
    counts: list[int]
    at_ms: list[IntVec]
    merged: Merged


def _within(coin: _Coin, span: tuple[int, int]) -> _Coin:
    """Return what of a coin lies in a span."""
    merged, (first, end) = coin.merged, span
    at, off = merged.series.open_ms, merged.disputed
    inside = (at >= first) & (at < end)
    return coin._replace(
        counts=[int(((each >= first) & (each < end)).sum()) for each in coin.at_ms],
        merged=Merged(
            take(merged.series, inside),
            merged.vendor[inside],
            merged.n_agree[inside],
            off[(off >= first) & (off < end)],
        ),
    )


def _refuse_other_money(
    by_vendor: Mapping[str, Sequence[Found]], titles: Sequence[str], quote_usd: Path | None
) -> None:
    """Refuse vendors whose prices are in other money than the first one's."""
    for symbol, found in by_vendor.items():
        for title, there in zip(titles[1:], found[1:], strict=True):
            other = layout.spelt(there.paths) if there.paths else ""
            if beside.is_apart(quote_usd, symbol, quote_asset(other)):
                raise ConfigError(
                    f"{symbol} of {titles[0]} and {other} of {title} are in other money: the basis "
                    "between them is a price",
                    hint="say what the first one's is worth with --quote-usd, or leave it out",
                )


def _merged(
    judged: Sequence[Aside | None], kind: str, minutes: int, rate: Rate | None
) -> list[_Coin]:
    """Merge the vendors' bars of each coin of a symbol; the first vendor has it."""
    lead = next(v for v, each in enumerate(judged) if each is not None)
    mine = judged[lead]
    assert mine is not None  # noqa: S101  (some vendor has the symbol)
    coins, symbol = lives(mine), mine.judged.symbol
    others = [
        [None] * len(coins)
        if each is None
        else [
            beside.priced(rate, symbol, series, each.judged.quote, minutes)
            for series in aligned(coins, each.within().governed)
        ]
        for each in judged[lead + 1 :]
    ]
    made = []
    for i, (name, series) in enumerate(mine.within().governed.coins):
        bars = [*[None] * lead, series, *(each[i] for each in others)]
        vendors = [v for v, each in enumerate(bars) if each is not None]
        there = [each for each in bars if each is not None]
        ticks = [infer_tick(each.close) for each in there]
        merged = reconcile.merge(there, ticks, [kind] * len(there), minutes)
        at = [each.open_ms for each in there]
        made.append(_Coin(name, vendors, [each.size for each in at], at, merged))
    return made


def _rows(coin: _Coin, titles: Sequence[str]) -> Iterator[tuple[str, str, int, int, int]]:
    """Yield a row a vendor that has the coin (``COINS``)."""
    for i, (v, n_bars) in enumerate(zip(coin.vendors, coin.counts, strict=True)):
        taken = coin.merged.vendor == i
        alone = int((coin.merged.n_agree[taken] == 1).sum())
        yield coin.name, titles[v], n_bars, int(taken.sum()), alone


def _disputed(coin: _Coin) -> pl.DataFrame:
    """Return the times at which no two vendors agree."""
    return pl.DataFrame({"at": coin.merged.disputed}).select(
        pl.lit(coin.name).alias("symbol"), pl.col("at").cast(pl.Datetime("ms", "UTC"))
    )


def _write(path: Path, coin: _Coin, titles: Sequence[str]) -> None:
    """Write one coin's merged series, in one step."""
    series, vendor = coin.merged.series, coin.merged.vendor
    rows = pl.DataFrame(
        {
            "ts": pl.Series(series.open_ms).cast(pl.Datetime("ms", "UTC")),
            **{name: getattr(series, name) for name in (*PRICES, "volume")},
            **({"taker_buy_volume": series.taker_buy} if series.has_taker else {}),
            "vendor": np.array([titles[v] for v in coin.vendors])[vendor],
            "n_agree": coin.merged.n_agree,
        }
    )
    disk.replace(path, disk.parquet(rows))
