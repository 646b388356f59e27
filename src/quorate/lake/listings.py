"""What a venue says of its instruments, kept each time it says something else.

In: a venue. Out: a row per instrument and change in the lake, stamped with the venue's time: tick,
lot, smallest order, fees, listing, end. So the rules of a day can be looked up later, when the
venue only tells today's. One that is listed no more is noted as such: venues just leave it out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quorate.errors import DataError
from quorate.lake import layout, manifest
from quorate.lake.layout import Key
from quorate.lake.spelling import name_of, vendor
from quorate.venues.market import opened
from quorate.venues.running import run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from quorate.venues.client import Patience

KIND = "instruments"
_SAID: Final = ("asset", "units")
_FEW: Final = 10
"""So many instruments may leave at once; of more, no more than half."""


class Noted(NamedTuple):
    """One instrument: where it is kept, and whether it is new there, has changed or has gone."""

    symbol: str
    key: Key
    name: str
    is_new: bool
    changed: tuple[str, ...]
    is_gone: bool = False


def note(
    venue: str,
    root: Path,
    symbols: Sequence[str] = (),
    *,
    url: str | None = None,
    patience: Patience | None = None,
    now: datetime | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Noted, ...]:
    """Store what a venue says of its instruments, where it differs from what was stored last.

    Parameters
    ----------
    venue : str
        As ccxt spells it.
    root : Path
        The lake's folder; made if missing.
    symbols : sequence of str
        As ccxt spells them; all that the venue lists when empty.
    url, patience, now
        As ``venues.market.opened``.
    progress : callable, optional
        Called with instruments done and instruments in all.

    Returns
    -------
    tuple of Noted
        One an instrument that is listed, and one each that is listed no more, if all were asked
        for.

    Raises
    ------
    VenueError
        If the venue cannot be reached or lists no such symbol.
    DataError
        If it lists so few of those it listed before that its list is not believed; what it does
        list is stored.

    Notes
    -----
    Units: see ``venues.frames.instruments``.  Causal: a row is known from its ``known_at`` on.
    Missing: null, where the venue does not say.  Spec 13.
    """
    frame, markets, now_ms = run(lambda: _asked(venue, symbols, url, patience, now))
    at = datetime.fromtimestamp(now_ms // 1000, UTC)
    noted = []
    for done, row in enumerate(frame.iter_slices(1), start=1):
        market = markets[row["symbol"].item()]
        key = Key(vendor(venue, market), KIND, "event")
        noted.append(_kept(row, root, key, name_of(market), at))
        if progress is not None:
            progress(done, frame.height)
    gone = [] if symbols else _gone(noted, root)
    for key, name, last in gone:
        row = last.with_columns(active=pl.lit(value=False))
        layout.store(row, root, key, name, known_at=at)
        noted.append(Noted(name, key, name, is_new=False, changed=("active",), is_gone=True))
    return tuple(noted)


def _gone(noted: Sequence[Noted], root: Path) -> list[tuple[Key, str, pl.DataFrame]]:
    """Return the instruments that were active when last heard of, and are not listed any more.

    A vendor of which nothing at all is listed was not asked for, or has not answered.
    """
    found = []
    for key in sorted({each.key for each in noted}):
        listed = {each.name for each in noted if each.key == key}
        stored = layout.read(root, key)
        active = stored.filter(pl.col("active").fill_null(value=True))
        gone = active.filter(~pl.col("symbol").is_in(sorted(listed)))
        if gone.height > max(_FEW, active.height // 2):
            raise DataError(
                f"of {active.height} instruments of {key.vendor} that were active {gone.height} "
                "are not listed any more, which is not believed",
                hint="the venue's list is cut short: try again later",
            )
        found += [(key, row["symbol"].item(), row) for row in gone.iter_slices(1)]
    return found


async def _asked(
    venue: str,
    symbols: Sequence[str],
    url: str | None,
    patience: Patience | None,
    now: datetime | None,
) -> tuple[pl.DataFrame, dict[str, dict[str, object]], int]:
    async with opened(venue, symbols=symbols, url=url, patience=patience, now=now) as data:
        frame = data.instruments()
        wanted = list(symbols) or frame["symbol"].to_list()
        markets = {symbol: data.market(symbol) for symbol in wanted}
        return frame.filter(pl.col("symbol").is_in(list(markets))), markets, data.now_ms


def _kept(row: pl.DataFrame, root: Path, key: Key, name: str, at: datetime) -> Noted:
    """Store a row if it says something else than the last one stored."""
    symbol = row["symbol"].item()
    place = layout.folder(root, key) / f"symbol={name}"
    last = layout.read(root, key, [name]).tail(1) if manifest.load(place) else None
    if last is not None:  # which asset it is no venue says: whoever did is believed on
        row = row.with_columns(last[each] for each in _SAID if each in last.columns)
    changed = () if last is None else _changed(last, row)
    if last is None or changed:
        layout.store(row, root, key, name, known_at=at)
    return Noted(symbol, key, name, last is None, changed)


def _changed(last: pl.DataFrame, row: pl.DataFrame) -> tuple[str, ...]:
    """Return the columns that say something else; the lake has the symbol in its own spelling."""
    stored = last.row(0, named=True)
    return tuple(
        name
        for name, value in row.row(0, named=True).items()
        if name != "symbol" and stored.get(name) != value
    )
