"""Pull market data from where they are published into a lake of one's own.

The clock is read here, once: below, the day and the time are arguments.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from quorate.errors import ConfigError
from quorate.lake.address import located

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from quorate.lake.pulled import Progress, Pulled
    from quorate.venues.http import Limits


def pull_archive(  # noqa: PLR0913  (what one may say of a pull, each with its name)
    lake: str | Path,
    *,
    market: str,
    kind: str = "ohlcv",
    interval: str = "5m",
    symbols: Sequence[str] | None = None,
    start: date | str,
    end: date | str | None = None,
    url: str | None = None,
    listing: str | None = None,
    limits: Limits | None = None,
    now: datetime | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Pulled:
    """Pull Binance's public bulk archive into a lake: what is new, and what was corrected.

    Parameters
    ----------
    lake : path
        The lake's folder, made if missing, or ``s3://bucket/lake``.
    market : str
        ``spot``, ``um`` (perpetuals in USDT) or ``cm`` (in coins).
    kind : str
        ``ohlcv``, ``mark``, ``index`` or ``funding``.
    interval : str
        ``1m`` to ``1d``; of no meaning for funding.
    symbols : sequence of str, optional
        As the archive spells them; when left out every USDT pair it has or had, delisted ones
        too (``cm``: every perpetual).
    start, end : date or str
        UTC days, the first included, the second not; until today when left out. Files are taken
        whole: a month that is begun is stored from its first day.
    url, listing : str, optional
        Another address of the same layout, and the one that lists its files (the same if left
        out).
    limits : Limits, optional
        How much at once, how patiently (``quorate.venues.http.Limits``).
    now : datetime, optional
        The time it is, UTC.
    progress : callable, optional
        Called with files done, files, bytes done and bytes in all.

    Returns
    -------
    Pulled
        Tables of what came, what is not published, what the vendor corrected, what failed.

    Raises
    ------
    ConfigError
        There is no such market, kind, interval, symbol or span.
    VenueError
        The archive does not answer, wants to be left alone, or lists no symbols.
    DataError
        The disk refuses.

    Notes
    -----
    Units: prices in quote, volumes in coins, funding a fraction per settlement.  Causal: a day is
    asked for when it is over.  Missing: told, never filled.  Spec 13.

    Examples
    --------
    >>> pull_archive("lake", market="spot", kind="funding", start="2023-01-01")
    Traceback (most recent call last):
    quorate.errors.ConfigError: spot has no funding
      next: use --kind ohlcv, or --market um for perpetuals
    """
    from quorate.lake.archive import Wanted, pull
    from quorate.venues.archive import names

    series = names.series(market, kind, interval)
    now = datetime.now(UTC) if now is None else now
    first = _day(start)
    last = now.date() if end is None else _day(end, is_end=True)
    if last <= first:
        raise ConfigError(
            f"the span {first} to {last} has no day", hint="the end is the first day left out"
        )
    chosen = None if symbols is None else tuple(names.check_symbol(each) for each in symbols)
    if chosen is not None and (not chosen or len({*map(series.named, chosen)}) != len(chosen)):
        raise ConfigError("symbols are none, or two have the same files", hint="name each once")
    base = _address(url or names.FILES)
    lists = _address(listing) if listing else base if url else names.LISTING
    return pull(
        located(lake),
        Wanted(series, first, last, chosen, base, lists),
        today=now.date(),
        at=now.isoformat(timespec="milliseconds"),
        limits=limits,
        told=progress or _nobody,
    )


def _nobody(_: Progress) -> None:
    """Listen to no progress."""


def _day(when: date | str, *, is_end: bool = False) -> date:
    """Return a day; an end within a day includes it."""
    try:
        made = datetime.fromisoformat(when) if isinstance(when, str) else when
    except ValueError as error:
        raise ConfigError(f"{when!r} is not a day", hint="write it as 2023-01-31") from error
    if not isinstance(made, datetime):
        return made
    made = made.astimezone(UTC) if made.tzinfo else made
    begun = is_end and made.time() != datetime.min.time()
    return made.date() + timedelta(days=1 if begun else 0)


def _address(url: str) -> str:
    """Return an address without its last slash, or refuse it."""
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"{url!r} is no address", hint="begin it with https:// or http://")
    return url.rstrip("/")
