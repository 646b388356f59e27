"""Bring Parquet and CSV files of any naming into the lake.

In: a folder of files, one a symbol or with a column ``symbol``. Out: months of the lake, and what
was new, corrected, left out and refused. A file that cannot be read stops no other.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quorate.api import batches, incoming
from quorate.api.imported import COINS, Imported
from quorate.api.incoming import Given, Source
from quorate.errors import ConfigError, DataError, StorageError
from quorate.lake import forming, layout, months, reach, unfinished, versions
from quorate.lake.address import located
from quorate.lake.kinds import INSTANT, epoch, interval_ms, is_increasing, kind_of, refuse_months
from quorate.lake.layout import Key
from quorate.lake.spec import instant_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from quorate.lake.months import Stored

_THREADS: Final = 4  # two of them wait for the disk


class _Coin(NamedTuple):
    """One symbol's share: where its rows are from, and what was done."""

    symbol: str
    file: str
    n_rows: int = 0
    stored: Stored | None = None
    first: datetime | None = None
    last: datetime | None = None
    error: str = ""
    left_out: tuple[str, ...] = ()
    n_doubled: int = 0
    held: pl.DataFrame | None = None  # the last bar, which may have been forming
    is_refused: bool = False  # by the disk: it is to be imported again

    def having(self, stored: Stored) -> _Coin:
        """Return it with more of it stored."""
        before = self.stored
        if before is None:
            return self._replace(stored=stored)
        swept = before.swept + stored.swept
        return self._replace(stored=months.together([before, stored], swept))

    def brought(self, stored: Stored, rows: pl.DataFrame) -> _Coin:
        """Return it with its last bar stored too."""
        last = rows.select(pl.col("ts").max()).item()
        return self.having(stored)._replace(
            first=self.first or last,
            last=last,
            n_rows=self.n_rows + rows.height,
            n_doubled=self.n_doubled + _n_doubled(rows),
            held=None,
        )


def import_data(  # noqa: PLR0913  (what the files are, each with its name)
    folder: str | Path,
    lake: str | Path,
    *,
    vendor: str,
    kind: str,
    interval: str | None = None,
    names: Mapping[str, str] | None = None,
    unit: str | None = None,
    known_at: datetime | str | None = None,
    corrected_at: datetime | str | None = None,
    keep_last: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Bring a folder of files into the lake; what is there already adds nothing.

    Parameters
    ----------
    folder : path
        Of ``SYMBOL.parquet`` or ``SYMBOL.csv`` files, or of files with a column ``symbol``; or one
        such file.
    lake : path
        The lake's folder, made if missing, or ``s3://bucket/lake``.
    vendor, kind : str
        ``binance_spot`` ...; ``ohlcv``, ``mark``, ``index``, ``funding``, ``open_interest`` or
        ``instruments``.
    interval : str, optional
        ``5m``, ``1h`` ...; found from the bars when left out, ``event`` for what has none.
    names : mapping, optional
        Our column to the file's: ``{"ts": "Open time"}``; usual names are known.
    unit : str, optional
        Of numbers in ``ts``: s, ms, us or ns; the one that can be when left out.
    known_at : datetime or str, optional
        When all rows became known, UTC; a bar that closes later, at its close. When left out,
        history is taken to have been known at the close of each bar (a settlement at its time).
    corrected_at : datetime or str, optional
        With no ``known_at``: when a row became known that says otherwise than the lake, and a bar
        that the lake lacked though it went on for longer (``lake.reach``); now when left out.
    keep_last : bool
        Keep each symbol's last bar. When False it is left out where it may still have been forming
        when the file was made, as plain folders are read too: where no other symbol goes on for
        a day after it has closed (``lake.forming``).
    progress : callable, optional
        Called with rows stored so far and rows expected (an estimate by bytes).

    Returns
    -------
    Imported
        Symbols in order, whatever thread was first.

    Raises
    ------
    DataError
        The folder is missing, holds no such file, or is a lake itself.
    SchemaError
        There is no such kind.
    ConfigError
        A name, the interval or a time cannot be meant.

    Notes
    -----
    Units: see ``lake.kinds``.  Causal: with the defaults an as-of reader sees a bar from its close
    on, which is a claim about the vendor, not what this machine knew.  Missing: nothing is filled.
    A file that cannot be stored is told in ``Imported.failed``.  Spec 13.
    """
    where = located(folder)
    now = datetime.now(UTC)
    given = Given(
        located(lake),
        vendor,
        kind,
        dict(names or {}),
        unit,
        keep_last,
        None if known_at is None else instant_ms(known_at),
        instant_ms(now if corrected_at is None else corrected_at),
    )
    is_bar = kind_of(kind).is_bar
    if interval is not None:
        refuse_months(kind, interval)
    if interval is not None and is_bar and interval_ms(interval) is None:
        raise ConfigError(f"interval {interval!r} is none", hint="write 1m, 5m, 1h or 1d")
    paths = incoming.files(where)
    sources, broken = incoming.sources(paths, given)
    length = interval or (batches.interval(sources, given) if is_bar else "event")
    key = Key(vendor, kind, length)
    target = _folder(given.root, key)
    if not kind_of(kind).is_timeless:
        bar_ms = (interval_ms(length) or 0) if is_bar else 0
        before = unfinished.since(target, where, reach.reached(target, bar_ms))
        given = given._replace(reached=before)
    coins = [*(_Coin(*each[:2], error=each.error) for each in broken)]
    coins += _store(sources, key, given, progress)
    if not any(coin.is_refused for coin in coins):
        unfinished.ended(target, where)
    coins.sort(key=lambda coin: (coin.symbol, coin.file))
    return Imported(
        lake=str(given.root),
        folder=str(target),
        vendor=vendor,
        kind=kind,
        interval=length,
        coins=_lines(coins),
        corrections=_corrections(coins),
        left_out=tuple(sorted({name for coin in coins for name in coin.left_out})),
        n_unfinished=sum(coin.held is not None for coin in coins),
        n_doubled=sum(coin.n_doubled for coin in coins),
        n_late=sum(coin.stored.n_late for coin in coins if coin.stored is not None),
        n_backdated=sum(coin.stored.n_backdated for coin in coins if coin.stored is not None),
        swept=tuple(map(str, [*_swept(coins), *months.sweep(target)])),
    )


def _folder(root: Path, key: Key) -> Path:
    try:
        return layout.folder(root, key)
    except ValueError as error:
        raise ConfigError(
            str(error), hint="name vendor and interval so: binance_spot, 5m"
        ) from error


def _store(
    sources: list[Source],
    key: Key,
    given: Given,
    progress: Callable[[int, int], None] | None,
) -> list[_Coin]:
    """Store every symbol, several at once."""
    sizes = [sum(path.stat().st_size for path in each.paths) for each in sources]
    whole, size, n_rows = sum(sizes), 0, 0
    done: list[_Coin] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        coins = pool.map(lambda source: _one(source, key, given), sources)
        for coin, part in zip(coins, sizes, strict=True):
            done.append(coin)
            size, n_rows = size + part, n_rows + coin.n_rows
            if progress is not None and size:
                progress(n_rows, round(n_rows * whole / size))
    ends = [_last_ms(coin) for coin in done]
    last = max((at for at in ends if at is not None), default=forming.ALWAYS)
    since = last - forming.reach_ms(interval_ms(key.interval))
    return [
        coin if at is None or at > since else _with_last(coin, key, given)
        for coin, at in zip(done, ends, strict=True)
    ]


def _last_ms(coin: _Coin) -> int | None:
    """Return when the bar that is held back opens."""
    return None if coin.held is None else int(epoch(coin.held["ts"])[-1])


def _with_last(coin: _Coin, key: Key, given: Given) -> _Coin:
    """Store the last bar too of a symbol that ended before the others did."""
    rows = coin.held
    assert rows is not None  # noqa: S101  (it is held back)
    try:
        return coin.brought(_put(rows, key, coin.symbol, given), rows)
    except StorageError:
        raise
    except months.PartlyStoredError as error:
        return coin.having(error.stored)._replace(error=incoming.said(error), is_refused=True)
    except incoming.UNREADABLE as error:
        is_refused = isinstance(error.__cause__, OSError)
        return coin._replace(error=incoming.said(error), is_refused=is_refused)


def _put(rows: pl.DataFrame, key: Key, symbol: str, given: Given) -> Stored:
    """Store rows of a symbol."""
    return layout.store(
        rows,
        given.root,
        key,
        symbol,
        given.known_at,
        corrected_at=given.corrected_at if given.known_at is None else None,
        within=None if given.reached is None else given.reached.of(symbol),
    )


def _one(source: Source, key: Key, given: Given) -> _Coin:
    """Store one symbol, or say why it is not."""
    coin = _Coin(source.symbol, ", ".join(path.name for path in source.paths))
    try:
        opened = batches.opened(source, given)
        _check_interval(opened.minutes, key, source.symbol)
        for part in opened.parts:
            coin = _with_part(coin, part, key, given)
    except StorageError:
        raise  # the bucket would refuse the others too
    except months.PartlyStoredError as error:
        kept = coin.having(error.stored)
        return kept._replace(error=incoming.said(error), held=None, is_refused=True)
    except incoming.UNREADABLE as error:
        is_refused = isinstance(error.__cause__, OSError)
        return coin._replace(error=incoming.said(error), held=None, is_refused=is_refused)
    except ValueError as error:  # a symbol that cannot be a folder
        return coin._replace(error=str(error), held=None)
    return coin


def _with_part(coin: _Coin, part: batches.Part, key: Key, given: Given) -> _Coin:
    """Store some rows of a symbol."""
    rows, held = part.found.rows, None
    if not kind_of(key.kind).is_timeless:
        rows = rows.drop("symbol", strict=False)
    is_bar = kind_of(key.kind).is_bar and "ts" in rows.columns
    if is_bar and part.is_last and not given.keep_last and rows.height:
        rows, held = _finished(rows)
    n_doubled = _n_doubled(rows)
    coin = coin.having(_put(rows, key, coin.symbol, given))
    times = rows["ts"] if "ts" in rows.columns else pl.Series("ts", [], INSTANT)
    ts = pl.col("ts")
    first, last = times.to_frame().select(ts.min().alias("a"), ts.max().alias("b")).row(0)
    return coin._replace(
        n_rows=coin.n_rows + rows.height,
        first=coin.first or first,
        last=last or coin.last,
        left_out=part.found.left_out,
        n_doubled=coin.n_doubled + n_doubled,
        held=held,
    )


def _n_doubled(rows: pl.DataFrame) -> int:
    """Return how many rows stand there again; two that differ are refused when they are stored."""
    names = [name for name in ("ts", "symbol") if name in rows.columns]
    if names == ["ts"] and is_increasing(rows["ts"]):
        return 0
    return rows.height - rows.unique().height if names else 0


def _finished(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows without the last bar, and that."""
    at = epoch(rows["ts"])
    if at[-1] == at.max() and (at == at[-1]).sum() == 1:
        return rows.head(-1), rows.tail(1)
    is_last = pl.col("ts") == pl.col("ts").max()
    return rows.filter(~is_last), rows.filter(is_last)


def _check_interval(minutes: int | None, key: Key, symbol: str) -> None:
    """Refuse bars of another length than the others."""
    if minutes is not None and minutes * 60_000 != interval_ms(key.interval):
        raise DataError(
            f"{symbol} has bars of {incoming.interval_name(minutes)}, not {key.interval}",
            hint="import one interval at a time",
        )


def _swept(coins: list[_Coin]) -> list[Path]:
    return [path for coin in coins if coin.stored is not None for path in coin.stored.swept]


def _lines(coins: list[_Coin]) -> pl.DataFrame:
    lines = [
        (
            coin.symbol,
            coin.file,
            coin.n_rows,
            0 if coin.stored is None else coin.stored.n_added,
            0 if coin.stored is None else coin.stored.corrections.height,
            coin.first,
            coin.last,
            coin.error,
        )
        for coin in coins
    ]
    return pl.DataFrame(lines, schema=COINS, orient="row")


def _corrections(coins: list[_Coin]) -> pl.DataFrame:
    none = pl.DataFrame(schema={"symbol": pl.String, **versions.CORRECTIONS})
    parts = [
        coin.stored.corrections.select(pl.lit(coin.symbol).alias("symbol"), pl.all())
        for coin in coins
        if coin.stored is not None and coin.stored.corrections.height
    ]
    return pl.concat([none, *parts])
