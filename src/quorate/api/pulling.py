"""Pull a venue's data into the lake: candles, funding, marks, open interest, instruments.

In: a venue as ccxt spells it, what of it, and a span. Out: a lake that holds it, and an account of
what was new, what had changed, and what failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from quorate.errors import ConfigError, DataError
from quorate.lake.address import located

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from quorate.lake.listings import Noted
    from quorate.lake.pulling import Pulled
    from quorate.venues.client import Patience


@dataclass(frozen=True)
class Pulls:
    """What became of each symbol, in the order they were asked for."""

    symbols: tuple[Pulled, ...]

    @property
    def n_new(self) -> int:
        """Rows that the lake did not hold."""
        return sum(each.n_new for each in self.symbols)

    @property
    def n_changed(self) -> int:
        """Rows that the venue tells otherwise than before."""
        return sum(each.changed["ts"].n_unique() for each in self.symbols)

    def raise_if_failed(self) -> None:
        """Raise if a symbol failed; what was fetched is stored nonetheless.

        Raises
        ------
        DataError, VenueError
            That of the first symbol which failed, if it was the only one; else a ``DataError``
            that names them all.
        """
        failed = [each for each in self.symbols if each.problem is not None]
        if len(failed) == 1 and failed[0].problem is not None:
            raise failed[0].problem
        if failed:
            first = failed[0].problem
            raise DataError(
                f"{len(failed)} of {len(self.symbols)} symbols were not pulled whole: "
                f"{', '.join(each.symbol for each in failed)}; the first: "
                f"{'' if first is None else first.message}",
                hint="run the same command again: it goes on where each one stopped",
            )

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, times as text."""
        return {
            "n_new": self.n_new,
            "n_changed": self.n_changed,
            "symbols": [
                {
                    "symbol": each.symbol,
                    "vendor": each.key.vendor,
                    "kind": each.key.kind,
                    "interval": each.key.interval,
                    "name": each.name,
                    "n_new": each.n_new,
                    "n_asked": each.n_asked,
                    "first": None if each.first is None else each.first.isoformat(),
                    "last": None if each.last is None else each.last.isoformat(),
                    "changed": [
                        {**row, "ts": row["ts"].isoformat()} for row in each.changed.to_dicts()
                    ],
                    "empty": [[low.isoformat(), high.isoformat()] for low, high in each.empty],
                    "problem": None if each.problem is None else each.problem.message,
                }
                for each in self.symbols
            ],
        }


def pull_venue(  # noqa: PLR0913  (what can be asked for, each by name)
    venue: str,
    symbols: Sequence[str],
    *,
    kind: str = "ohlcv",
    interval: str = "5m",
    start: datetime | str,
    end: datetime | str | None = None,
    lake: str | Path = "lake",
    vendor: str | None = None,
    overlap: int = 10,
    again: bool = False,
    n_at_once: int = 4,
    url: str | None = None,
    patience: Patience | None = None,
    now: datetime | str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Pulls:
    """Fetch a venue's history into the lake: what the lake lacks of a span, and no more.

    Parameters
    ----------
    venue : str
        As ccxt spells it: ``binance``, ``binanceusdm``, ``bybit``, ``okx``, ``kraken`` ...
    symbols : sequence of str
        As ccxt spells them: ``BTC/USDT``, perpetuals ``BTC/USDT:USDT``.
    kind : str
        ``ohlcv``, ``mark``, ``index``, ``funding`` or ``open_interest``.
    interval : str
        A bar's length, such as ``5m``; funding has none.
    start, end : datetime or str
        UTC, the first included, the second not; the venue's present time when ``end`` is left out.
    lake : path
        Its folder, made if missing, or ``s3://bucket/lake``.
    vendor : str, optional
        Another name in the lake than the usual one, such as ``binance_spot``.
    overlap : int
        How many of the rows stored last are compared with what the venue says now.
    again : bool
        Ask for the whole span, and compare all of it.
    n_at_once : int
        Symbols asked for side by side; the venue's limits hold for all together.
    url : str, optional
        Another server that speaks the venue's API.
    patience : Patience, optional
        How long to wait for the venue, and how often to ask again.
    now : datetime or str, optional
        What time it is, where the venue does not tell.
    progress : callable, optional
        Called with rows done and rows in all.

    Returns
    -------
    Pulls
        One entry a symbol, failures included.

    Raises
    ------
    ConfigError
        If there is no such venue or kind, a number is out of bounds, or a symbol is named twice.
    DataError
        If a time is none, the span is empty, or the disk refuses.
    VenueError
        If the venue cannot be reached, or lists no such symbol.

    Notes
    -----
    Units: as the venue gives them.  Causal: only closed bars.  Missing: the venue's holes stay,
    and are told; without ``again`` they are not asked for a second time.  Spec 13.
    """
    from quorate.lake.pulling import Wanted, pull
    from quorate.venues.market import KINDS

    chosen = next((each for each in KINDS if each == kind), None)
    if chosen is None:
        raise ConfigError(f"there is no kind {kind!r}", hint=f"one of: {', '.join(KINDS)}")
    if not symbols or overlap < 1 or n_at_once < 1:
        raise ConfigError(
            f"{len(symbols)} symbols, overlap {overlap}, n_at_once {n_at_once}",
            hint="give at least one symbol, and 1 or more of each",
        )
    first, last = _instant(start), None if end is None else _instant(end)
    until = datetime(9999, 1, 1, tzinfo=UTC) if last is None else last
    if until <= first:
        raise DataError(f"the span from {start} to {end} is empty", hint="give a later end")
    wanted = Wanted(
        venue,
        chosen,
        interval,
        tuple(symbols),
        first,
        until,
        vendor,
        overlap,
        again,
        n_at_once,
    )
    found = pull(
        wanted,
        located(lake),
        url=url,
        patience=patience,
        now=None if now is None else _instant(now),
        progress=progress,
    )
    return Pulls(found)


def pull_instruments(
    venue: str,
    symbols: Sequence[str] = (),
    *,
    lake: str | Path = "lake",
    url: str | None = None,
    patience: Patience | None = None,
    now: datetime | str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Noted, ...]:
    """Store what a venue says of its instruments; see ``lake.listings.note``."""
    from quorate.lake.listings import note

    at = None if now is None else _instant(now)
    return note(
        venue, located(lake), tuple(symbols), url=url, patience=patience, now=at, progress=progress
    )


def _instant(when: datetime | str) -> datetime:
    """Return a UTC instant; a time without a zone is UTC."""
    try:
        found = datetime.fromisoformat(when) if isinstance(when, str) else when
    except ValueError as error:
        raise DataError(
            f"{when!r} is not a time", hint="write it as 2023-01-31 or 2023-01-31T12:00"
        ) from error
    return found.replace(tzinfo=found.tzinfo or UTC)
