"""Hold a folder of bars against the rules of governance, and against a second vendor.

In: a folder, perhaps another one of the same coins. Out: every finding, what each coin covers, and
how far the vendors are apart. Funding, marks and open interest are held against rules of their own.
Nothing is changed on disk.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from quorate.errors import ConfigError, DataError
from quorate.lake import beside, layout, lengths, reading, resampling, valued
from quorate.lake.address import located
from quorate.lake.governance import Params, Rule, findings
from quorate.lake.governance.values import NOT_BARS
from quorate.lake.judging import judge
from quorate.lake.lives import lives
from quorate.lake.quality import Quality, concat, quality
from quorate.lake.shelf import Shelf
from quorate.lake.spec import EVER_MS, between_ms, match, named
from quorate.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from quorate.lake.lengths import Length


_THREADS = 2
_SHOWN = 5


@dataclass(frozen=True)
class Check:
    """What a folder of bars is worth, or one of funding, marks, index prices or open interest.

    Attributes
    ----------
    folder : str
        What was read.
    bar_minutes : int or None
        Length of a bar; None where the folder holds no bars.
    quality : lake.quality.Quality
        The tables, which are its own attributes too: ``coins, findings, days, pairs, pair_days``.
        Where it holds no bars ``n_traded`` counts the values there are, and nothing is carried.
    made_of : tuple of int
        Lengths of the files' bars, in minutes, of which longer ones were made.
    kind : str
        ``ohlcv`` for bars; else ``funding``, ``mark``, ``index`` or ``open_interest``.
    intervals : polars.DataFrame
        Where it holds no bars, a row a symbol and stretch of one interval: ``symbol, first, last,
        hours, n``.
    """

    folder: str
    bar_minutes: int | None
    quality: Quality
    made_of: tuple[int, ...] = ()
    kind: str = "ohlcv"
    intervals: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=valued.INTERVALS))

    @property
    def coins(self) -> pl.DataFrame:
        """Return a row a coin (``Quality.coins``)."""
        return self.quality.coins

    @property
    def findings(self) -> pl.DataFrame:
        """Return a row a finding (``Quality.findings``)."""
        return self.quality.findings

    @property
    def days(self) -> pl.DataFrame:
        """Return a row a coin and day (``Quality.days``)."""
        return self.quality.days

    @property
    def pairs(self) -> pl.DataFrame:
        """Return a row a coin that the second vendor has too (``Quality.pairs``)."""
        return self.quality.pairs

    @property
    def pair_days(self) -> pl.DataFrame:
        """Return a row such a coin and day (``Quality.pair_days``)."""
        return self.quality.pair_days

    @property
    def has_failed(self) -> bool:
        """Return whether a rule that fails a series found something."""
        return findings.has_failed(self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        rows = {name: plain(each.to_dicts()) for name, each in self.quality._asdict().items()}
        return {
            "folder": self.folder,
            "kind": self.kind,
            "bar_minutes": self.bar_minutes,
            "made_of": list(self.made_of),
            "intervals": plain(self.intervals.to_dicts()),
            **rows,
        }

    def made(self) -> str | None:
        """Return what the bars were made of, as a sentence; None if they are those of the files."""
        if not self.made_of or self.bar_minutes is None:
            return None
        return resampling.told(self.findings, self.made_of, self.bar_minutes)

    def page(self, path: str | Path) -> Path:
        """Write the check as a page; return where it is.

        Parameters
        ----------
        path : path
            Of the page, or of a folder, where it is called ``data.html``.

        Raises
        ------
        DataError
            The place cannot be written.

        Notes
        -----
        Units: said beside every number.  Causal: shows what was found.  Missing: a dash.
        """
        from quorate.report import data_page  # Jinja: only where a page is drawn

        every = valued.every(self.intervals)
        told = data_page.Told(
            self.folder, self.bar_minutes, self.quality, self.made_of, self.kind, every
        )
        return data_page.write(told, Path(path))

    def raise_if_failed(self) -> None:
        """Refuse data that a rule fails.

        Raises
        ------
        DataError
            Which coins, by which rules.
        """
        failed = self.quality.failed
        if failed.is_empty():
            return
        said = [f"{coin} ({rules})" for coin, rules in failed.select("symbol", "failed").rows()]
        more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
        raise DataError(
            f"{len(said)} of {self.coins.height} coins of {self.folder} fail: "
            f"{', '.join(said[:_SHOWN])}{more}",
            hint="look at --by-day; fetch those rows again, or leave the coins out with --symbols",
        )

    def by_day(self) -> pl.DataFrame:
        """Return how many rows each rule concerned, by symbol and UTC day, holes day by day."""
        if self.bar_minutes is None:
            return valued.by_day(self.findings)
        # of files of several lengths it is not told which of them a hole is in
        rows = self.bar_minutes if not self.made_of else self.made_of[0]
        of_rows = 0.0 if len(self.made_of) > 1 else float(rows)
        is_bar = pl.col("rule").is_in([Rule.BAR_PARTIAL.value, Rule.BAR_BROKEN.value])
        apart = pl.when(is_bar).then(float(self.bar_minutes)).otherwise(of_rows)
        return findings.by_day(self.findings, apart)


def check_data(  # noqa: PLR0913  (what is checked, and beside what, each with its name)
    bars: str | Path,
    *,
    other: str | Path | None = None,
    kind: str | None = None,
    symbols: Sequence[str] | None = None,
    bar_minutes: int | None = None,
    start: datetime | str | None = None,
    end: datetime | str | None = None,
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
        The same coins from a second vendor; matched by symbol or base asset. Bars only.
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
        too, as in a run.
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
    chosen = tuple(files) if symbols is None else named(symbols, files)
    absent = [symbol for symbol in chosen if symbol not in files]
    if absent or not chosen:
        raise DataError(
            f"{bars} has no bars of {', '.join(absent) or 'no symbol at all'}",
            hint=f"it has {', '.join(list(files)[:_SHOWN])}{' ...' * (len(files) > _SHOWN)}",
        )
    what = valued.kind_of(bars, files)
    if what == "instruments":
        raise DataError(
            f"{bars} holds instruments, which are facts and no series",
            hint="check bars, funding, marks, index prices or open interest",
        )
    if what in NOT_BARS:
        if other is not None or bar_minutes is not None:
            raise ConfigError(
                f"{bars} holds {what}, and a second vendor and a length are for bars",
                hint="leave --other and --bar-minutes out",
            )
        found = _valued(bars, {symbol: files[symbol] for symbol in chosen}, what, span, progress)
    else:
        given = Params() if rules is None else rules
        length = lengths.length((files[symbol] for symbol in chosen), bar_minutes)
        judging = _Judging(bars, other, files, others, kind, length, given, span)
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
        bars: Path,
        other: Path | None,
        files: Mapping[str, tuple[Path, ...]],
        others: Mapping[str, tuple[Path, ...]],
        kind: str | None,
        length: Length,
        given: Params,
        span: tuple[int, int],
    ) -> None:
        self._bars, self._files, self._others = bars, files, others
        self._kind, self._length, self._given, self._span = kind, length, given, span
        self._is_plain = not layout.is_partitioned(bars)
        self._is_other_plain = other is not None and not layout.is_partitioned(other)
        self._shelf = Shelf()
        self._made_of: set[int] = set()

    def check(self, chosen: Sequence[str], progress: Callable[[int, int], None] | None) -> Check:
        """Return what some symbols are worth."""
        done: list[Quality] = []
        with ThreadPoolExecutor(_THREADS) as pool:
            for coin in pool.map(self._one, chosen):
                done.append(coin)
                if progress is not None:
                    progress(len(done), len(chosen))
        made_of = tuple(sorted(self._made_of))
        return Check(str(self._bars), self._length.minutes, concat(done), made_of)

    def _one(self, symbol: str) -> Quality:
        length, given = self._length, self._given
        matched = match(symbol, dict(self._others)) if self._others else ()
        second, disputed = None, None
        if matched:
            name = layout.spelt(matched)
            second = judge(name, matched, length, given, drop_last=self._is_other_plain)
            if self._kind is not None and not beside.differs(symbol, second.judged.quote):
                disputed = beside.Second(symbol, second, None, given).disputes
        mine = judge(
            symbol,
            self._files[symbol],
            length,
            given,
            drop_last=self._is_plain,
            disputed=disputed,
        )
        self._made_of.update(resampling.made_of([mine.judged.minutes], length.minutes))
        both = [each and resampling.folded(each, length.minutes, given) for each in (mine, second)]
        first, other_one = resampling.finished(both, mine.judged.end_ms, length.minutes)
        assert first is not None  # noqa: S101  (``mine`` is not)
        near = other_one and beside.Witness(other_one, lives(first), None, length.minutes)
        span = None if self._span == EVER_MS else self._span
        return quality(first, near, (length.minutes, given), self._shelf, span)
