"""Several vendors' bars of the same coins become one series that says where each bar came from.

In: folders, the most trusted first. Out: what each vendor gave and where no two agree, and, if
asked for, files that ``quorate backtest`` reads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

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
    merging,
    reading,
    reconcile,
    renames,
    vendors,
)
from quorate.lake.address import is_object, located, on_disk
from quorate.lake.assets import read as read_assets
from quorate.lake.judging import judge
from quorate.lake.quote import Rate
from quorate.lake.shelf import Reading, Shelf
from quorate.lake.spec import KINDS, between_ms, quote_asset
from quorate.lake.vendors import Vendor
from quorate.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from quorate.lake.merging import Coin
    from quorate.lake.multiples import Claim, Found


_THREADS = 2
_SHOWN: Final = 5


@dataclass(frozen=True)
class Reconciled:
    """What several vendors' bars came to.

    Attributes
    ----------
    vendors : tuple of str
        Their names, the most trusted first.
    coins : polars.DataFrame
        A row a coin and vendor: ``symbol, vendor, n_bars`` (believed bars it has), ``n_taken`` (of
        the merged series), ``n_alone`` (of those, bars that no other vendor has), ``n_short`` (bars
        that too few confirm, and that are left out).
    disputed : polars.DataFrame
        ``symbol, at``: times at which no two agree; they are left out.
    short : polars.DataFrame
        ``symbol, vendor, day, n``: how many bars of a day fewer vendors confirm than the quorum
        asks for, though nobody contradicts; they are left out.
    folder : Path or None
        Where the merged series are.
    multiples : tuple of (str, lake.multiples.Claim)
        A vendor, and its symbol that is another's at a multiple by their names, and what prices
        say: it is in the other's unit in the merged series, or apart.
    refused : tuple of (str, str)
        Coins of which no bar can be merged, and why: how far the nearest vendors are apart, and how
        much is tolerated. No file of theirs is written.
    renames : tuple of (str, str)
        A vendor, and which of its symbols are one coin by the table of assets, as a sentence.
    """

    vendors: tuple[str, ...]
    coins: pl.DataFrame
    disputed: pl.DataFrame
    short: pl.DataFrame
    folder: Path | None
    multiples: tuple[tuple[str, Claim], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    renames: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "vendors": list(self.vendors),
            "coins": plain(self.coins.to_dicts()),
            "disputed": plain(self.disputed.to_dicts()),
            "short": plain(self.short.to_dicts()),
            "folder": None if self.folder is None else str(self.folder),
            "multiples": [{"vendor": who, **claim.as_dict()} for who, claim in self.multiples],
            "refused": [{"symbol": name, "why": why} for name, why in self.refused],
            "renames": [{"vendor": who, "told": said} for who, said in self.renames],
        }

    def raise_if_refused(self) -> None:
        """Refuse coins of which no bar can be merged.

        Raises
        ------
        DataError
            Which coins, how far the vendors are apart, and how much is tolerated.
        """
        if not self.refused:
            return
        told = "; ".join(f"{name}: {why}" for name, why in self.refused[:_SHOWN])
        more = f"; and {len(self.refused) - _SHOWN} more" if len(self.refused) > _SHOWN else ""
        names = {*self.coins["symbol"], *(name for name, _ in self.refused)}
        it = "it was" if len(self.refused) == 1 else "they were"
        written = "" if self.folder is None else f"; {it} not written"
        raise DataError(
            f"{len(self.refused)} of {len(names)} coins have no bar that can be merged: "
            f"{told}{more}{written}",
            hint="see with `quorate data check ONE --other TWO` whether a clock, the money or the "
            "coin is another; then convert with --quote-usd, leave a vendor out, or name the coins "
            "that agree with --symbols; --quorum 1 takes what one vendor alone has",
        )


def reconcile_data(  # noqa: PLR0913  (what is merged, and what is told of it, each with its name)
    folders: Sequence[str | Path],
    *,
    kind: str,
    names: Sequence[str] | None = None,
    symbols: Sequence[str] | None = None,
    to: str | Path | None = None,
    quote_usd: str | Path | None = None,
    assets: str | Path | None = None,
    start: datetime | str | None = None,
    end: datetime | str | None = None,
    quorum: int = reconcile.QUORUM,
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
    assets : path, optional
        A table of which asset each symbol is (``lake.assets``), as each vendor spells it: symbols
        of one asset, one after the other, are one coin, under the first name and in its unit. Each
        symbol is its own when left out.
    start, end : datetime or str, optional
        UTC bounds on what is counted and written, the first included, the second not; bars are held
        against the rules and against one another as without them.
    quorum : int
        How many vendors must show a bar's price; with 1 a bar that one vendor alone has is taken.
    progress : callable, optional
        Called with coins done and coins in all.

    Returns
    -------
    Reconciled
        Coins in order of symbol. Those without a bar that can be merged are its ``refused``; of
        them nothing is written.

    Raises
    ------
    ConfigError
        Fewer than two folders, one of them twice, another number of names, one of them twice, an
        unknown kind or that of no vendor, a quorum that they cannot make, an empty span, or a coin
        in other money that cannot be converted: the basis between USD and USDT is a price too.
    DataError
        A folder is missing or empty, no vendor has a symbol, ``to`` is given and no coin has a bar
        that can be merged, or the disk refuses a file: then no file of ``to`` changes.

    Notes
    -----
    Units: as the files.  Causal: the tolerance of a bar reads its whole hour (``lake.reconcile``):
    a merged series is for research, a run that may not look ahead is given its venues apart.
    Missing: a bar without a quorum is left out and counted, one on which no two agree always.
    Spec 13; METHODS 12.
    """
    titles = _titles(folders) if names is None else tuple(names)
    if len(folders) < 2 or len(titles) != len(folders) or kind not in {"spot", "perp"}:
        raise ConfigError(
            f"{len(folders)} folders, {len(titles)} names and kind {kind!r} cannot be reconciled",
            hint="give two folders or more, a name for each or none, and kind spot or perp",
        )
    if not 1 <= quorum <= len(folders):
        raise ConfigError(
            f"quorum is {quorum}, and there are {len(folders)} vendors",
            hint="2 confirm each other; 1 takes what one vendor alone has too",
        )
    _refuse_twins(folders, titles, kind)
    place, span = None if to is None else on_disk(to), between_ms(start, end)
    found = [reading.files(located(each)) for each in folders]
    place_of = Reading(Shelf())
    listed = {} if assets is None else read_assets(located(assets))
    linked = renames.of_venues(found, listed, place_of)
    having = [Vendor(*each) for each in zip(found, linked, strict=True)]
    everyone = vendors.everyone(having, place_of)
    chosen = tuple(everyone) if symbols is None else vendors.chosen(symbols, everyone, having)
    length = lengths.length(everyone[symbol].paths for symbol in chosen)
    by_vendor = {
        symbol: vendors.by_vendor(symbol, everyone[symbol], having, place_of) for symbol in chosen
    }
    money = None if quote_usd is None else Path(quote_usd)
    rate = None if money is None else Rate(money)
    _refuse_other_money(by_vendor, titles, money)
    rules = governance.params(**data_rules(read_settings()))
    is_plain = [not layout.is_partitioned(located(each)) for each in folders]
    since = [
        forming.since(there) if plain_one else forming.ALWAYS
        for there, plain_one in zip(found, is_plain, strict=True)
    ]

    def one(symbol: str) -> list[Coin]:
        judged = [
            judge(
                symbol,
                there.paths,
                length,
                rules,
                drop_last=drops,
                reading=place_of._replace(times=there.times, legs=there.legs, forming_ms=ms),
            )
            if there.paths
            else None
            for there, drops, ms in zip(by_vendor[symbol], is_plain, since, strict=True)
        ]
        return merging.coins(judged, titles, kind, length.minutes, rate, span, quorum)

    made: list[Coin] = []
    lost: list[str] = []  # whose first vendor has no bar that passes the rules
    with ThreadPoolExecutor(_THREADS) as pool:
        for done, coins in enumerate(pool.map(one, chosen), start=1):
            made += coins
            lost += [] if coins else [chosen[done - 1]]
            if progress is not None:
                progress(done, len(chosen))
    claims = tuple(
        (title, there.claim)
        for symbol in chosen
        for title, there in zip(titles, by_vendor[symbol], strict=True)
        if there.claim is not None
    )
    renamed = tuple(
        (title, said)
        for title, each in zip(titles, linked, strict=True)
        for said in (*(c.told() for n, c in each.chains.items() if n in chosen), *each.apart)
    )
    told = replace(_told(made, lost, titles, place), multiples=claims, renames=renamed)
    if place is not None:
        _write(place, made, told)
    return told


def _told(
    made: Sequence[Coin], lost: Sequence[str], titles: tuple[str, ...], place: Path | None
) -> Reconciled:
    """Return what several vendors' bars came to."""
    rows = [row for coin in made for row in merging.rows(coin, titles)]
    none = pl.DataFrame(schema=merging.DISPUTED)
    return Reconciled(
        titles,
        pl.DataFrame(rows, merging.COINS, orient="row"),
        pl.concat([none, *map(merging.disputed, made)]),
        pl.concat([pl.DataFrame(schema=merging.SHORT), *(merging.short(c, titles) for c in made)]),
        place,
        refused=(
            *((coin.name, coin.why) for coin in made if coin.why),
            *((name, "no bar of the first vendor that has it can be believed") for name in lost),
        ),
    )


def _write(place: Path, made: Sequence[Coin], told: Reconciled) -> None:
    """Write every coin that has a bar, all of them or none; refuse a merge without one."""
    whole = [coin for coin in made if not coin.why]
    if not whole:
        told.raise_if_refused()
    with disk.staged(place) as folder:
        for coin in whole:
            merging.write(folder, coin, told.vendors)


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
