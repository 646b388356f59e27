"""Hold a folder of bars against the rules of governance, and against a second vendor.

In: a folder, perhaps another one of the same coins. Out: every finding, what each coin covers, and
how far the vendors are apart. Nothing is changed on disk.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
)
from quorate.lake.address import located
from quorate.lake.governance import Params, findings
from quorate.lake.judging import judge
from quorate.lake.lives import lives
from quorate.lake.quality import Quality, concat, quality
from quorate.lake.shelf import Reading, Shelf
from quorate.lake.spec import named
from quorate.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from quorate.lake.judging import Aside
    from quorate.lake.multiples import Claim
    from quorate.lake.successors import Likely

_THREADS = 2
_SHOWN = 5


@dataclass(frozen=True)
class Check:
    """What a folder of bars is worth.

    Attributes
    ----------
    folder : str
        What was read.
    bar_minutes : int
        Length of a bar.
    quality : lake.quality.Quality
        The tables, which are its own attributes too: ``coins, findings, days, pairs, pair_days``.
    made_of : tuple of int
        Lengths of the files' bars, in minutes, of which longer ones were made.
    multiples : tuple of lake.multiples.Claim
        Symbols of the second vendor that are the first one's at a multiple by their names
        (``1000PEPEUSDT``, ``PEPEUSDT``), and what prices say.
    successors : tuple of lake.successors.Likely
        Symbols that begin where another ended, at its price or a power of ten of it: suggestions.
    """

    folder: str
    bar_minutes: int
    quality: Quality
    made_of: tuple[int, ...] = ()
    multiples: tuple[Claim, ...] = ()
    successors: tuple[Likely, ...] = ()

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
            "bar_minutes": self.bar_minutes,
            "made_of": list(self.made_of),
            "multiples": [each.as_dict() for each in self.multiples],
            "successors": [each.as_dict() for each in self.successors],
            **rows,
        }

    def made(self) -> str | None:
        """Return what the bars were made of, as a sentence; None if they are those of the files."""
        if not self.made_of:
            return None
        return resampling.told(self.findings, self.made_of, self.bar_minutes)

    def same_assets(self) -> tuple[str, ...]:
        """Return which symbols are, or may be, one asset by another name, as sentences."""
        claimed = (each.told() for each in self.multiples)
        return (*claimed, *(each.told() for each in self.successors))

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

        tables = self.folder, self.bar_minutes, self.quality, self.made_of
        told = data_page.Told(*tables, self.same_assets())
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
        """Return how many rows each rule concerned, by symbol and UTC day."""
        return findings.by_day(self.findings)


def check_data(
    bars: str | Path,
    *,
    other: str | Path | None = None,
    kind: str | None = None,
    symbols: Sequence[str] | None = None,
    bar_minutes: int | None = None,
    rules: Params | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Check:
    """Hold every coin's bars against the rules of governance.

    Parameters
    ----------
    bars : path
        A folder of ``SYMBOL.parquet`` files, or a folder of the lake.
    other : path, optional
        The same coins from a second vendor; matched by symbol, base asset, or the asset of which a
        name says a multiple where prices bear that out (``lake.multiples``).
    kind : str, optional
        ``spot`` or ``perp``, of both folders: then the second vendor disputes suspect prices, as in
        a run, wherever its files do not name other money (``BTCUSD`` beside ``BTCUSDT``). Without
        it the two are only compared.
    symbols : sequence of str, optional
        As the files spell them, or base assets; all when left out.
    bar_minutes : int, optional
        Length of a bar: that of the files, or a multiple of which bars are made of theirs.
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
        The kind is neither, or there is no second vendor that it could be of.
    DataError
        If a folder is missing or empty, or a file cannot be read.
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
    files = reading.files(bars)
    others = {} if other is None else reading.files(other)
    chosen = tuple(files) if symbols is None else named(symbols, files)
    absent = [symbol for symbol in chosen if symbol not in files]
    if absent or not chosen:
        raise DataError(
            f"{bars} has no bars of {', '.join(absent) or 'no symbol at all'}",
            hint=f"it has {', '.join(list(files)[:_SHOWN])}{' ...' * (len(files) > _SHOWN)}",
        )
    given = Params() if rules is None else rules
    length = lengths.length((files[symbol] for symbol in chosen), bar_minutes)
    is_plain = not layout.is_partitioned(bars)
    is_other_plain = other is not None and not layout.is_partitioned(other)
    since = forming.since(files) if is_plain else forming.ALWAYS
    other_since = forming.since(others) if is_other_plain else forming.ALWAYS
    shelf = Shelf()
    done: list[Quality] = []
    made_of: set[int] = set()
    place = Reading(shelf)

    spans: dict[str, renames.Span] = {}

    def one(symbol: str) -> tuple[Quality, Claim | None]:
        matched = multiples.find(symbol, files[symbol], others, place, symbol)
        second, disputed = None, None
        if matched.paths:
            name = layout.spelt(matched.paths)
            unit = place._replace(times=matched.times, forming_ms=other_since)
            second = judge(
                name, matched.paths, length, given, drop_last=is_other_plain, reading=unit
            )
            if kind is not None and not beside.differs(symbol, second.judged.quote):
                disputed = beside.Second(symbol, second, None, given).disputes
        mine = judge(
            symbol,
            files[symbol],
            length,
            given,
            drop_last=is_plain,
            disputed=disputed,
            reading=place._replace(forming_ms=since),
        )
        made_of.update(resampling.made_of([mine.judged.minutes], length.minutes))
        both = [each and resampling.folded(each, length.minutes, given) for each in (mine, second)]
        first, other_one = resampling.finished(both, mine.judged.end_ms, length.minutes)
        assert first is not None  # noqa: S101  (``mine`` is not)
        spans.update(_spans(first))
        near = other_one and beside.Witness(other_one, lives(first), None, length.minutes)
        return quality(first, near, (length.minutes, given), shelf), matched.claim

    claims: list[Claim] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for coin, claim in pool.map(one, chosen):
            done.append(coin)
            claims += [] if claim is None else [claim]
            if progress is not None:
                progress(len(done), len(chosen))
    made = tuple(sorted(made_of))
    told = tuple(successors.likely(dict(sorted(spans.items()))))
    return Check(str(bars), length.minutes, concat(done), made, tuple(claims), told)


def _spans(given: Aside) -> dict[str, renames.Span]:
    """Return between which believed bars each coin of a symbol traded."""
    found = {}
    for name, lying in given.coins:
        first = lying.within(lying.first_ms, lying.first_ms + 1)
        last = lying.within(lying.last_ms, lying.last_ms + 1)
        prices = float(first.open[0]), float(last.close[-1])
        found[name] = renames.Span(lying.first_ms, lying.last_ms, *prices)
    return found
