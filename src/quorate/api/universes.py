"""Who could be traded on a day: bars of any length become days, and days are judged.

In: a folder of bars, or one file of many coins. Out: each coin's verdict and what it was known by.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from quorate.api.configure import data_rules, universe_rules
from quorate.api.effective import read_settings
from quorate.errors import DataError
from quorate.lake import disk, governance, layout, renames
from quorate.lake.address import located
from quorate.lake.assets import read as read_assets
from quorate.lake.sources import bar_rows, epoch_ms, instant
from quorate.lake.spacing import infer_minutes
from quorate.lake.spec import instant_ms
from quorate.lake.survivorship import COST_BPS, Survivorship
from quorate.lake.survivorship import survivorship as measured
from quorate.lake.universe import Rules, days_of, judged, spreads_of
from quorate.lake.universe import rules as make_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from quorate.lake.assets import Listed
    from quorate.lake.sources import Series


def universe(
    bars: str | Path,
    at: date | str,
    until: date | str | None = None,
    rules: Rules | None = None,
    *,
    assets: str | Path | None = None,
    as_of: datetime | str | None = None,
) -> pl.DataFrame:
    """Say of every coin whether it may be traded on a day, by what was known before it.

    Parameters
    ----------
    bars : path
        A folder of ``SYMBOL.parquet`` files or of the lake, or one Parquet file with a column
        ``symbol``; dead coins too. Bars of any length up to a day.
    at : date or str
        The day, UTC; text is ISO.
    until : date or str, optional
        The last day, where a span is asked for.
    rules : Rules, optional
        Fixed before the test; section ``[universe]`` of the settings when left out.
    assets : path, optional
        A table of which asset each symbol is (``lake.assets``): symbols of one asset, one after the
        other, are one coin, whose age goes on. Each symbol is its own when left out.

    as_of : datetime or str, optional
        Only what a lake knew then, UTC. When left out, of a single day what it knew when that day
        began, of a span its latest.

    Returns
    -------
    polars.DataFrame
        As ``lake.universe.judged``: a row a coin and day.

    Raises
    ------
    DataError
        If there are no bars, a date is none, the span is empty, or it ends more than a day after
        the bars do: who could be traded then is not known.

    Notes
    -----
    Units: days, quote a day.  Causal: a day reads the days before it; rows go through the rules of
    governance first, so that a frozen end is no trading and another coin is another coin.
    Missing: see ``lake.universe``.  Spec 13; METHODS 12.
    """
    first, last = _span(at, at if until is None else until)
    where = located(bars)
    if as_of is None and until is None and not where.is_file() and layout.is_partitioned(where):
        as_of = datetime(first.year, first.month, first.day, tzinfo=UTC)
    days, newest = _days(where, assets, None if as_of is None else instant_ms(as_of))
    _refuse_beyond(newest, last)
    return judged(days, _rules(rules), first, last)


def survivorship(  # noqa: PLR0913  (whom, when, and how what they made is measured)
    bars: str | Path,
    at: date | str,
    until: date | str,
    rules: Rules | None = None,
    *,
    assets: str | Path | None = None,
    rebalance_days: int = 1,
    cost_bps: float = COST_BPS,
    haircut: float | None = None,
    as_of: datetime | str | None = None,
) -> Survivorship:
    """Return what looking only at survivors would have claimed from one day to another.

    Parameters
    ----------
    bars, at, until, rules, assets
        As ``universe``.
    rebalance_days : int
        Every how many days parts are made equal, by who is in then.
    cost_bps : float
        Of what is bought and sold for that.
    haircut : float, optional
        What a holder loses on top when a coin ends, a fraction of its last close;
        ``exchange.delisting_haircut`` of the settings when left out.
    as_of : datetime or str, optional
        Only what a lake knew then, UTC; its latest when left out.

    Returns
    -------
    Survivorship
        Equal parts of who could be traded each day, beside those of them who were left at the end:
        return, Sharpe ratio, drawdown, costs, and the differences (``measures``).

    Raises
    ------
    DataError
        As ``universe``; or no coin is in on any day.
    ValueError
        A number is outside its bounds.

    Notes
    -----
    Units, Causal, Missing: as ``lake.survivorship``.  A span that ends the day after the bars do is
    measured to their last day: an import leaves out the last one, which may have been forming.
    Spec 13; METHODS 12.
    """
    first, last = _span(at, until)
    if haircut is None:
        haircut = float(read_settings()["exchange"]["delisting_haircut"])  # type: ignore[arg-type]
    known_ms = None if as_of is None else instant_ms(as_of)
    days, newest = _days(located(bars), assets, known_ms)
    _refuse_beyond(newest, last)
    last = max(first, min(last, newest))
    verdicts = judged(days, _rules(rules), first, last)
    numbers = {"haircut": haircut, "cost_bps": cost_bps}
    return measured(days, verdicts, rebalance_days=rebalance_days, **numbers)


def _refuse_beyond(newest: date, last: date) -> None:
    """Refuse a day of which nothing is known: a day's universe reads the day before it."""
    if last > newest + timedelta(days=1):
        raise DataError(
            f"the bars end on {newest}, before {last}: who could be traded then is not known",
            hint=f"ask for {newest + timedelta(days=1)} at the latest, or bring in later bars",
        )


def _rules(given: Rules | None) -> Rules:
    """Return the rules given, else those of the settings, as a run has them."""
    return make_rules(**universe_rules(read_settings())) if given is None else given


def _span(at: date | str, until: date | str) -> tuple[date, date]:
    first, last = _day(at), _day(until)
    if last < first:
        raise DataError(f"the span ends on {last}, before {first}", hint="give an earlier --at")
    return first, last


def _days(bars: Path, assets: str | Path | None, as_of_ms: int | None) -> tuple[pl.DataFrame, date]:
    """Return the days on which each coin traded, and the last that any file has a row of."""
    listed = {} if assets is None else read_assets(located(assets))
    days, newest_ms = [], 0
    for coins, last_ms, spreads in _coins(bars, listed, as_of_ms):
        days += [days_of(name, series, spreads) for name, series in coins]
        newest_ms = max(newest_ms, last_ms)
    if not days:
        known = "" if as_of_ms is None else f" of those known by {instant(as_of_ms)}"
        raise DataError(
            f"{bars} holds no bar that can be believed{known}",
            hint="`quorate data check` it" if not known else "give a later --as-of, or check it",
        )
    return pl.concat(days), datetime.fromtimestamp(newest_ms / 1e3, UTC).date()


def _day(given: date | str) -> date:
    try:
        return date.fromisoformat(given) if isinstance(given, str) else given
    except ValueError as error:
        raise DataError(f"{given!r} is not a day", hint="write it as 2023-01-31") from error


def _frames(where: Path, as_of_ms: int | None) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield each symbol's rows as stored."""
    if where.is_file():
        rows = disk.frame(where)
        if "symbol" not in rows.columns:
            raise DataError(
                f"{where} has no column symbol", hint="give a folder of SYMBOL.parquet files"
            )
        for (symbol,), part in sorted(rows.partition_by("symbol", as_dict=True).items()):
            yield str(symbol), part.drop("symbol")
        return
    for symbol, paths in layout.files(where).items():
        rows = bar_rows(paths, as_of_ms)[0]
        if rows.height:
            yield symbol, rows


def _linked(
    where: Path, listed: Mapping[str, Listed], as_of_ms: int | None
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield each coin's rows: those of the symbols of one asset are one coin's."""
    held: dict[str, pl.DataFrame] = {}
    for symbol, rows in _frames(where, as_of_ms):
        if symbol in listed:
            held[symbol] = rows
        else:
            yield symbol, rows
    spans = {
        symbol: span
        for symbol, rows in held.items()
        if (span := renames.span(rows, symbol)) is not None
    }
    chains = renames.link(spans, listed).chains.values()
    taken = {part.symbol for chain in chains for part in chain.parts}
    for chain in chains:
        parts = [renames.cut(held[part.symbol], part, part.symbol) for part in chain.parts]
        yield chain.name, pl.concat(parts, how="diagonal_relaxed")
    yield from ((symbol, rows) for symbol, rows in held.items() if symbol not in taken)


def _coins(
    where: Path, listed: Mapping[str, Listed], as_of_ms: int | None
) -> Iterator[tuple[tuple[tuple[str, Series], ...], int, pl.DataFrame]]:
    """Yield the believed bars of each symbol's coins, when its last row opens, and its spreads."""
    chosen = governance.params(**data_rules(read_settings()))
    for symbol, rows in _linked(where, listed, as_of_ms):
        at = epoch_ms(rows, symbol)
        minutes = infer_minutes(at, symbol, is_strict=False)
        if minutes is not None:
            coins = governance.govern(symbol, rows, minutes, chosen).coins
            yield coins, int(at.max()), spreads_of(rows, symbol)
