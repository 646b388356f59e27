"""Hold a folder of bars against the rules of governance, and against a second vendor.

In: a folder, perhaps another one of the same coins. Out: every finding, what each coin covers, and
how far the vendors are apart. Funding, marks and open interest are held against rules of their own.
Nothing is changed on disk.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from quorate.api.checked import Check
from quorate.errors import ConfigError, DataError
from quorate.lake import (
    beside,
    forming,
    layout,
    lengths,
    multiples,
    reading,
    renames,
    resampling,
    successors,
    valued,
)
from quorate.lake.address import located
from quorate.lake.assets import read as read_assets
from quorate.lake.governance import Params
from quorate.lake.governance.values import NOT_BARS
from quorate.lake.judging import judge
from quorate.lake.lives import lives
from quorate.lake.multiples import Found
from quorate.lake.quality import Quality, concat, quality
from quorate.lake.shelf import Reading, Shelf
from quorate.lake.spec import EVER_MS, between_ms
from quorate.lake.vendors import Vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from quorate.lake.judging import Aside
    from quorate.lake.lengths import Length
    from quorate.lake.multiples import Claim
    from quorate.lake.successors import Likely

_THREADS = 2
_SHOWN = 5


def check_data(  # noqa: PLR0913  (what is checked, and beside what, each with its name)
    bars: str | Path,
    *,
    other: str | Path | None = None,
    kind: str | None = None,
    symbols: Sequence[str] | None = None,
    bar_minutes: int | None = None,
    start: datetime | str | None = None,
    end: datetime | str | None = None,
    assets: str | Path | None = None,
    rules: Params | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Check:
    """Hold every coin's bars against the rules of governance; other series against their own.

    Parameters
    ----------
    bars : path
        A folder of ``SYMBOL.parquet`` files, or a folder of the lake: of bars, or of funding,
        marks, index prices or open interest.
    other : path, optional
        The same coins from a second vendor; matched by symbol, base asset, or the asset of which a
        name says a multiple where prices bear that out (``lake.multiples``). Bars only.
    kind : str, optional
        ``spot`` or ``perp``, of both folders: then the second vendor disputes suspect prices, as in
        a run, wherever its files do not name other money (``BTCUSD`` beside ``BTCUSDT``). Without
        it the two are only compared.
    symbols : sequence of str, optional
        As the files spell them, or base assets; all when left out.
    bar_minutes : int, optional
        Length of a bar: that of the files, or a multiple of which bars are made of theirs.
    start, end : datetime or str, optional
        UTC bounds on what is told of, the first included, the second not. The rules read the rest
        too, as in a run; so do multiples. A likely rename is told where it lies in the span.
    assets : path, optional
        A table of which asset each symbol is (``lake.assets``): symbols of one asset, one after the
        other, are held against the rules as the one coin that a run makes of them. Bars only.
    rules : Params, optional
        Of the rules; the defaults when left out.
    progress : callable, optional
        Called with coins done and coins in all.

    Returns
    -------
    Check
        Coins in order of symbol, whatever thread was first.

    Raises
    ------
    ConfigError
        The kind is neither, or there is no second vendor that it could be of; the span is empty;
        or what is for bars only is asked of other series.
    DataError
        If a folder is missing, empty, a whole lake or one of instruments, a file cannot be read, or
        nothing lies in the span.
    SchemaError
        If bars are of several lengths, or none of which the one asked for can be made.

    Notes
    -----
    Units: as the columns say.  Causal: see ``lake.governance``.  Missing: told, not filled.
    Spec 13; METHODS 12.
    """
    if kind is not None and (other is None or kind not in {"spot", "perp"}):
        raise ConfigError(
            f"kind {kind!r} says nothing of {other or 'a second vendor, for none is given'}",
            hint="give --other, and spot or perp, what both folders hold",
        )
    bars, other = located(bars), None if other is None else located(other)
    if other is not None and str(other) == str(bars):
        raise ConfigError(
            f"{bars} is given as both vendors: it agrees with itself",
            hint="give --other the bars of another vendor",
        )
    span = between_ms(start, end)
    files = reading.files(bars)
    others = {} if other is None else reading.files(other)
    what = valued.kind_of(bars, files)
    listed = {} if assets is None or what != "ohlcv" else read_assets(located(assets))
    linked = renames.of_venues((files, others), listed, Reading(Shelf()))
    mine, second = Vendor(files, linked[0]), Vendor(others, linked[1])
    coins = mine.files
    chosen = tuple(coins) if symbols is None else reading.named(symbols, files)
    chosen = tuple(map(mine.linked.name_of, chosen))
    chosen = tuple(dict.fromkeys(chosen)) if mine.linked.chains else chosen
    absent = [symbol for symbol in chosen if symbol not in coins]
    if absent or not chosen:
        raise DataError(
            f"{bars} has no bars of {', '.join(absent) or 'no symbol at all'}",
            hint=f"it has {', '.join(list(files)[:_SHOWN])}{' ...' * (len(files) > _SHOWN)}",
        )
    if what == "instruments":
        raise DataError(
            f"{bars} holds instruments, which are facts and no series",
            hint="check bars, funding, marks, index prices or open interest",
        )
    if what in NOT_BARS:
        if other is not None or bar_minutes is not None or assets is not None:
            raise ConfigError(
                f"{bars} holds {what}, and a second vendor, a length and assets are for bars",
                hint="leave --other, --bar-minutes and --assets out",
            )
        found = _valued(bars, {symbol: files[symbol] for symbol in chosen}, what, span, progress)
    else:
        given = Params() if rules is None else rules
        length = lengths.length((coins[symbol] for symbol in chosen), bar_minutes)
        judging = _Judging((bars, other), (mine, second), kind, length, given, span)
        found = judging.check(chosen, progress)
    if span != EVER_MS and found.days.is_empty():
        raise DataError(
            f"{bars} has nothing from {start or 'the beginning'} to {end or 'the end'}",
            hint="`quorate data check` without --start and --end says when it has something",
        )
    return found


def _valued(
    where: Path,
    files: Mapping[str, tuple[Path, ...]],
    kind: str,
    span: tuple[int, int],
    progress: Callable[[int, int], None] | None,
) -> Check:
    """Hold series that are no bars against the rules of their kind."""
    done = []
    for symbol, paths in files.items():
        done.append(valued.worth(symbol, paths, kind, span))
        if progress is not None:
            progress(len(done), len(files))
    quality, intervals = valued.together(done)
    return Check(str(where), None, quality, (), kind, intervals)


class _Judging:
    """Holds bars against the rules, a symbol at a time, with a second vendor beside them."""

    def __init__(
        self,
        folders: tuple[Path, Path | None],
        vendors: tuple[Vendor, Vendor],
        kind: str | None,
        length: Length,
        given: Params,
        span: tuple[int, int],
    ) -> None:
        bars, other = folders
        self._bars, (self._mine, self._second) = bars, vendors
        self._files, self._others = (each.files for each in vendors)
        self._kind, self._length, self._given, self._span = kind, length, given, span
        self._is_plain = not layout.is_partitioned(bars)
        self._is_other_plain = other is not None and not layout.is_partitioned(other)
        since, other_since = (
            forming.since(each.stored) if is_plain else forming.ALWAYS
            for each, is_plain in zip(vendors, (self._is_plain, self._is_other_plain), strict=True)
        )
        self._shelf = Shelf()
        self._reading = Reading(self._shelf, forming_ms=since)
        self._other_reading = Reading(self._shelf, forming_ms=other_since)
        self._made_of: set[int] = set()
        self._spans: dict[str, renames.Span] = {}

    def check(self, chosen: Sequence[str], progress: Callable[[int, int], None] | None) -> Check:
        """Return what some symbols are worth."""
        done: list[Quality] = []
        claims: list[Claim] = []
        with ThreadPoolExecutor(_THREADS) as pool:
            for coin, claim in pool.map(self._one, chosen):
                done.append(coin)
                claims += [] if claim is None else [claim]
                if progress is not None:
                    progress(len(done), len(chosen))
        return Check(
            str(self._bars),
            self._length.minutes,
            concat(done),
            tuple(sorted(self._made_of)),
            multiples=tuple(claims),
            successors=self._successors(),
            renames=tuple(
                said
                for name, each in self._mine.linked.chains.items()
                if name in chosen
                for said in (each.told(),)
            )
            + self._mine.linked.apart,
        )

    def _successors(self) -> tuple[Likely, ...]:
        """Return which symbols may go on with others, as far as the change is in the span."""
        first, end = self._span
        return tuple(
            each
            for each in successors.likely(dict(sorted(self._spans.items())))
            if max(each.ended_ms, each.begun_ms) >= first
            and min(each.ended_ms, each.begun_ms) < end
        )

    def _one(self, symbol: str) -> tuple[Quality, Claim | None]:
        length, given = self._length, self._given
        own = self._files[symbol]
        matched = self._second.found(
            symbol, multiples.find(symbol, own, self._others, self._reading, symbol)
        )
        second, disputed = None, None
        if matched.paths:
            second = judge(
                layout.spelt(matched.paths),
                matched.paths,
                length,
                given,
                drop_last=self._is_other_plain,
                reading=self._other_reading._replace(times=matched.times, legs=matched.legs),
            )
            if self._kind is not None and not beside.differs(symbol, second.judged.quote):
                disputed = beside.Second(symbol, second, None, given).disputes
        mine = judge(
            symbol,
            own,
            length,
            given,
            drop_last=self._is_plain,
            disputed=disputed,
            reading=self._reading._replace(legs=self._mine.found(symbol, Found(own)).legs),
        )
        self._made_of.update(resampling.made_of([mine.judged.minutes], length.minutes))
        both = [each and resampling.folded(each, length.minutes, given) for each in (mine, second)]
        first, other_one = resampling.finished(both, mine.judged.end_ms, length.minutes)
        assert first is not None  # noqa: S101  (``mine`` is not)
        self._spans.update(_spans(first))
        near = other_one and beside.Witness(other_one, lives(first), None, length.minutes)
        span = None if self._span == EVER_MS else self._span
        return quality(first, near, (length.minutes, given), self._shelf, span), matched.claim


def _spans(given: Aside) -> dict[str, renames.Span]:
    """Return between which believed bars each coin of a symbol traded."""
    found = {}
    for name, lying in given.coins:
        first = lying.within(lying.first_ms, lying.first_ms + 1)
        last = lying.within(lying.last_ms, lying.last_ms + 1)
        prices = float(first.open[0]), float(last.close[-1])
        found[name] = renames.Span(lying.first_ms, lying.last_ms, *prices)
    return found
