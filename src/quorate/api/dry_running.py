"""The desk as a process: bars in as they close, a decision each, every run of a job a row.

In: a venue, coins, a lake. Out: a dry run: what would have been sent, in a virtual book that the
bar-level exchange fills. No order leaves this process; it holds no key.
"""

from __future__ import annotations

import asyncio
import signal
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quorate.api.commanding import ACCOUNT, STORE
from quorate.api.desk_plan import FILE, Plan, kept
from quorate.api.desks import LEARN, open_desk
from quorate.api.effective import read_settings
from quorate.api.extensions import named
from quorate.api.models import fits_of
from quorate.api.pulling import pull_venue
from quorate.errors import ConfigError, DataError, QuorateError, VenueError
from quorate.lake import PanelSpec, Source
from quorate.lake.address import located
from quorate.lake.layout import folder as series
from quorate.live.schedule.command import Failed
from quorate.live.schedule.jobs import HOUSE
from quorate.live.schedule.runner import Clock, Runner
from quorate.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quorate.api.desks import Bar, Desk
    from quorate.api.pulling import Pulls
    from quorate.settings import Settings
    from quorate.store.jobs import JobBook
    from quorate.venues.client import Patience

SETTLE_S: Final = 2.0
"""So long after its close a bar is first asked for."""
LATE_S: Final = 20.0
"""So long a bar may be late; then it is decided on without it (RELIABILITY 4)."""
AGAIN_S: Final = 4.0
STEP: Final = timedelta(minutes=5)
_TIMED: Final = 288


@dataclass(frozen=True)
class Market:
    """Where bars come from.

    Parameters
    ----------
    venue : str
        As ccxt spells it: ``binanceusdm``.
    symbols : tuple of str
        As ccxt spells them: ``BTC/USDT:USDT``.
    lake : str or path
        Where they are kept.
    url : str, optional
        Another server that speaks the venue's API.
    assume_funding : float, optional
        A fraction per 8 h, for perpetuals of which the venue tells none.
    patience : Patience, optional
        How long to wait for the venue.
    """

    venue: str
    symbols: tuple[str, ...]
    lake: str | Path = "lake"
    url: str | None = None
    assume_funding: float | None = None
    patience: Patience | None = None

    def pull(self, kind: str, since: datetime, now: datetime) -> Pulls:
        """Bring one kind of series up to date; what failed is in what is returned."""
        return pull_venue(
            self.venue,
            self.symbols,
            kind=kind,
            start=since,
            lake=self.lake,
            url=self.url,
            patience=self.patience,
            now=now,
        )

    def spec(self, pulled: Pulls, funding: Pulls | None) -> PanelSpec:
        """Return where the lake has the series that were pulled."""
        first = pulled.symbols[0]
        root = located(self.lake)
        paid = None
        if funding is not None and any(each.last is not None for each in funding.symbols):
            paid = series(root, funding.symbols[0].key)
        is_perp = ":" in self.symbols[0]
        source = Source(
            series(root, first.key), first.key.vendor, "perp" if is_perp else "spot", paid
        )
        names = tuple(each.name for each in pulled.symbols)
        return PanelSpec((source,), symbols=names, assume_funding=self.assume_funding)


@dataclass
class Health:
    """How the desk has been doing: what its last cycles took, and what failed."""

    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_TIMED))
    n_failed: int = 0
    last: Bar | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values; quantiles are of the last day's cycles."""
        took = sorted(self.seconds)
        at = {"p50_s": 0.5, "p99_s": 0.99}
        quantiles = {
            name: round(took[min(int(q * len(took)), len(took) - 1)], 3) if took else None
            for name, q in at.items()
        }
        last = None if self.last is None else self.last._asdict()
        return {**quantiles, "n_failed": self.n_failed, "last": last}


class DryRun:
    """The jobs of a desk in dry run.

    Parameters
    ----------
    desk : Desk
        Where it stands.
    market : Market
        Where bars come from.
    clock : Clock
        The time.
    tell : callable
        Called with a line an operator reads.

    Notes
    -----
    Units: ms since 1970, UTC.  Causal: a bar is pulled after its close.  Missing: a bar that is
    ``LATE_S`` late is decided on without it.
    SPEC 15.
    """

    def __init__(
        self, desk: Desk, market: Market, clock: Clock, tell: Callable[[str], None]
    ) -> None:
        self._desk = desk
        self._market = market
        self._clock = clock
        self._tell = tell
        self.health = Health()

    async def cycle(self, planned_ms: int) -> Mapping[str, Any] | Failed:
        """Decide on the bar that closed at a time, and on any before it that was left."""
        close = datetime.fromtimestamp(planned_ms / 1e3, UTC)
        began_ms = self._clock.elapsed_ms()
        await self._clock.sleep(SETTLE_S)
        late, problem = await self._pulled(close)
        while late and self._clock.now_ms() < planned_ms + LATE_S * 1e3:
            await self._clock.sleep(AGAIN_S)
            late, problem = await self._pulled(close)
        try:
            bars = await asyncio.to_thread(self._desk.cycle, close)
        except QuorateError as error:
            self.health.n_failed += 1
            self._tell(f"dry run  {close:%Y-%m-%d %H:%M}  not decided: {error.message}")
            return Failed(error.message, {"late": late})
        for bar in bars:
            self._tell(line(bar))
            self.health.last = bar
        self.health.seconds.append((self._clock.elapsed_ms() - began_ms) / 1e3)
        told = {"bars": len(bars), "late": late, "problem": problem}
        return told if not bars else told | bars[-1]._asdict()

    async def look(self, _planned_ms: int) -> Mapping[str, Any]:
        """Say how the desk has been doing."""
        return self.health.as_dict()

    async def _pulled(self, close: datetime) -> tuple[list[str], str]:
        """Pull what has closed; return the coins without the newest bar, and what went wrong."""
        now = max(close, datetime.fromtimestamp(self._clock.now_ms() / 1e3, UTC))
        try:
            found = await asyncio.to_thread(self._market.pull, "ohlcv", close - STEP * 12, now)
            if ":" in self._market.symbols[0]:
                since = close - timedelta(days=2)
                await asyncio.to_thread(self._market.pull, "funding", since, now)
        except QuorateError as error:
            return list(self._market.symbols), error.message
        wanted = close - STEP
        late = [each.symbol for each in found.symbols if each.last is None or each.last < wanted]
        problems = [each.problem.message for each in found.symbols if each.problem is not None]
        return late, "; ".join(problems)


def dry_run(  # noqa: PLR0913  (what one may say of a desk, each with its name)
    market: Market,
    *,
    name: str = ACCOUNT,
    store: str | Path = STORE,
    folder: str | Path = "desk",
    settings: Settings | None = None,
    models: str | Path | None = None,
    hours: float | None = None,
    clock: Clock | None = None,
    tell: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Run a desk in dry run until SIGTERM or Ctrl-C: it decides on every bar and sends nothing.

    Parameters
    ----------
    market : Market
        Where bars come from.
    name : str
        Of the desk; ``quorate pause`` and its like speak to it by this name.
    store : str or path
        Its bars, jobs and words.
    folder : path
        Its snapshots; begun if missing, gone on with if it is there.
    settings : Settings, optional
        As ``quorate.read_settings`` reads them when left out.
    models : str or path, optional
        A model set, or ``champion``.
    hours : float, optional
        Stop by itself after so long.
    clock : Clock, optional
        The machine's when left out.
    tell : callable
        Called with each line.

    Returns
    -------
    dict
        How it has been doing (``Health``).

    Raises
    ------
    ConfigError
        The desk in the folder began with something else, or symbols are of two kinds.
    DataError, VenueError
        There is no history to learn from.

    Notes
    -----
    Units: UTC.  Causal: closed bars only.  Missing: as ``lake.load``.
    SPEC 14, 15.
    """
    if not market.symbols or len({":" in each for each in market.symbols}) > 1:
        raise ConfigError(
            f"the symbols are {', '.join(market.symbols) or 'none'}",
            hint="give pairs alone (BTC/USDT) or perpetuals alone (BTC/USDT:USDT)",
        )
    chosen = read_settings() if settings is None else settings
    time = clock or Clock()
    now = datetime.fromtimestamp(time.now_ms() / 1e3, UTC)
    spec = _known(market, Path(folder), now, tell)
    plan = Plan(name, spec, chosen, named(chosen), fits_of(models, chosen))
    tell("dry run: decisions are made and recorded, no order leaves this process")
    with open_store(store) as opened:
        desk = open_desk(plan, opened, Path(folder), now)
        tell(f"dry run  desk {name} stands after {_time(desk.last_k)}")
        running = DryRun(desk, market, time, tell)
        book = opened.jobs()
        try:
            asyncio.run(_run(running, book, Path(folder), time, hours))
        finally:
            book.close()
    return running.health.as_dict()


def _known(market: Market, folder: Path, now: datetime, tell: Callable[[str], None]) -> PanelSpec:
    """Bring the lake up to date, and return where a desk's bars are.

    A new desk needs the history of every coin. One that stood before goes on without a venue, or
    without one coin of it: what is not there is decided on without it.
    """
    since = now - LEARN - timedelta(days=1)
    stood = kept(folder).plan.spec if (folder / FILE).is_file() else None
    try:
        pulled = market.pull("ohlcv", since, now)
        if stood is None:
            pulled.raise_if_failed()
    except VenueError as error:
        if stood is None:
            raise
        tell(f"dry run  the venue does not answer: {error.message}")
        return stood
    if stood is not None:
        return replace(stood, symbols=tuple(each.name for each in pulled.symbols))
    funding = None
    if ":" in market.symbols[0]:
        with suppress(DataError):  # a venue that tells none: then one is assumed, or refused
            funding = market.pull("funding", since, now)
    return market.spec(pulled, funding)


async def _run(
    living: DryRun, book: JobBook, folder: Path, clock: Clock, hours: float | None
) -> None:
    """Do the jobs of the desk until it is told to stop."""
    work = {"cycle": living.cycle, "health": living.look}
    schedule = [job for job in HOUSE if job.name in work]
    runner = Runner(schedule, work, book, folder=folder / "jobs", clock=clock)
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(each, runner.stop)
    ending = None
    if hours is not None:
        ending = asyncio.create_task(_later(clock, hours * 3600.0, runner.stop))
    try:
        await runner.run()
    finally:
        if ending is not None:
            ending.cancel()


async def _later(clock: Clock, seconds: float, then: Callable[[], None]) -> None:
    await clock.sleep(seconds)
    then()


def line(bar: Bar) -> str:
    """Return a bar as an operator reads it.

    Examples
    --------
    >>> from quorate.api.desks import Bar
    >>> line(Bar(1, 300_000, 10_000.0, 10_000.0, 0, 0, 2))
    'dry run  1970-01-01 00:05  equity 10,000.00  held 0  sent 0  bars of 2 coins'
    """
    at = datetime.fromtimestamp(bar.close_ms / 1e3, UTC)
    barred = f"  nothing opened in {bar.barred}: its rows fail a rule" if bar.barred else ""
    return (
        f"dry run  {at:%Y-%m-%d %H:%M}  equity {bar.equity:,.2f}  held {bar.n_held}  "
        f"sent {bar.n_sent}  bars of {bar.n_known} coins{barred}"
    )


def _time(k: int) -> str:
    return f"{datetime.fromtimestamp(k * STEP.total_seconds(), UTC):%Y-%m-%d %H:%M} UTC"
