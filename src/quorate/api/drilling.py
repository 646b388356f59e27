"""A drill of the kill switch: an exchange of ours, a guard beside it, and a clock.

In: how many orders are open, and what fails. Out: how long everything took. Three processes over
real sockets; nothing of it is real money.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.api.killing import awaited
from quorate.errors import ConfigError, VenueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quorate.venues.account.venue import CcxtVenue

_START_S: Final = 60.0
_COINS: Final = ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "LTC", "LINK", "DOT")


class Drill(NamedTuple):
    """What a drill measured.

    Notes
    -----
    Units: ms. ``noticed_ms`` from the word to the guard's first act, ``dispatched_ms`` until every
    cancel had been sent, ``empty_ms`` until both books had been read empty twice, both from that
    act; ``flat_ms`` the same of positions. None where it was not reached.
    """

    n_orders: int
    n_conditional: int
    n_symbols: int
    failing: float
    is_wedged: bool
    noticed_ms: float
    dispatched_ms: float | None
    empty_ms: float | None
    flat_ms: float | None
    is_safe: bool


class Spread(NamedTuple):
    """How far times lie apart: the middle, the 99th of a hundred (nearest rank), the most.

    Notes
    -----
    Units: ms.  Missing: None where one of the drills never came to it.
    """

    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class Drills(NamedTuple):
    """Drills one after another, each with an exchange and a guard of its own."""

    drills: tuple[Drill, ...]

    @property
    def is_safe(self) -> bool:
        """Whether everything was certain every time."""
        return all(each.is_safe for each in self.drills)

    def spread(self, name: str) -> Spread:
        """Return how far a time of the drills lies apart.

        Parameters
        ----------
        name : str
            Of a time of ``Drill``: ``dispatched_ms``, ``empty_ms``, ...

        Returns
        -------
        Spread
            Of fewer than a hundred drills the 99th of a hundred is the most.

        Notes
        -----
        Units: ms.  Causal: none.  Missing: a time that was not reached has no place among others.
        RELIABILITY 6.

        Examples
        --------
        >>> one = Drill(1, 0, 1, 0.0, False, 9.0, 40.0, None, None, False)
        >>> Drills((one, one._replace(dispatched_ms=60.0))).spread("dispatched_ms")
        Spread(p50_ms=40.0, p99_ms=60.0, max_ms=60.0)
        >>> Drills((one,)).spread("empty_ms").max_ms is None
        True
        """
        found = [getattr(each, name) for each in self.drills]
        if not found or None in found:
            return Spread(None, None, None)
        found.sort()
        ranks = (-(-len(found) * share // 100) - 1 for share in (50, 99, 100))
        return Spread(*(found[rank] for rank in ranks))

    def as_dict(self) -> dict[str, object]:
        """Return counts, the spread of every time, and each drill: for JSON."""
        return {
            "times": len(self.drills),
            "is_safe": self.is_safe,
            **{name: self.spread(name)._asdict() for name in TIMES},
            "drills": [each._asdict() for each in self.drills],
        }


TIMES: Final = ("noticed_ms", "dispatched_ms", "empty_ms", "flat_ms")
"""The times of a drill, in their order."""


def drill(
    n_orders: int = 450,
    n_conditional: int = 50,
    n_symbols: int = 10,
    *,
    failing: float = 0.0,
    wedged: bool = False,
) -> Drill:
    """Open orders at a simulated exchange and have the guard, a process of its own, kill them.

    Parameters
    ----------
    n_orders, n_conditional, n_symbols : int
        How many orders, how many of them stops, over how many coins.
    failing : float
        Share of the guard's requests that fail.
    wedged : bool
        Keep this process, the desk, busy meanwhile: nothing of it runs.

    Returns
    -------
    Drill
        Its times.

    Raises
    ------
    ConfigError
        If more orders or coins are asked for than the exchange takes.

    Notes
    -----
    Units: ms.  Causal: real time, real sockets, three processes.  Missing: none.
    RELIABILITY 4, 6.
    """
    most = (200 * n_symbols, 10 * n_symbols)
    if not 1 <= n_symbols <= len(_COINS) or n_orders > most[0] or n_conditional > most[1]:
        raise ConfigError(
            f"{n_orders} orders and {n_conditional} stops over {n_symbols} coins",
            hint=f"at most {len(_COINS)} coins, 200 orders and 10 stops of each",
        )
    coins = _COINS[:n_symbols]
    with TemporaryDirectory() as place:
        folder = Path(place)
        with _exchange(folder, coins, failing=failing) as (honest, url):
            asyncio.run(_open(honest, coins, n_orders, n_conditional))
            with _guard(folder, coins, url) as ready:
                return _measured(folder, ready, (n_orders, n_conditional), failing, wedged=wedged)


def drills(
    times: int,
    n_orders: int = 450,
    n_conditional: int = 50,
    n_symbols: int = 10,
    *,
    failing: float = 0.0,
    wedged: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Drills:
    """Drill the kill switch again and again; see ``drill``.

    Parameters
    ----------
    times : int
        How often.
    n_orders, n_conditional, n_symbols, failing, wedged
        Of each drill.
    progress : callable, optional
        Called with drills done and drills in all.

    Returns
    -------
    Drills
        Each of them, and how far their times lie apart.

    Raises
    ------
    ConfigError
        If it is to be done less than once, or one of them cannot be.

    Notes
    -----
    Units: ms.  Causal: real time.  Missing: none.
    RELIABILITY 6.
    """
    if times < 1:
        raise ConfigError(f"{times} drills: at least 1", hint="quorate drill --times 20")
    found = []
    for number in range(times):
        found.append(drill(n_orders, n_conditional, n_symbols, failing=failing, wedged=wedged))
        if progress is not None:
            progress(number + 1, times)
    return Drills(tuple(found))


@contextmanager
def _exchange(folder: Path, coins: tuple[str, ...], *, failing: float) -> Iterator[tuple[str, str]]:
    """Run an exchange with two doors: an honest one, and one at which requests fail."""
    command = [sys.executable, "-m", "quorate", "exchange", "serve", "--json"]
    command += ["--port", "0", "--balance", "1000000", "--failing", str(failing)]
    with (
        (folder / "exchange.txt").open("w") as out,
        subprocess.Popen([*command, "--coins", *coins], stdout=out) as server,  # noqa: S603
    ):
        try:
            row = awaited(folder / "exchange.txt", _START_S, lambda: server.poll() is None, 0.0)
            if row is None:
                raise VenueError("the simulated exchange did not start", hint="quorate doctor")
            yield row["honest_url"], row["url"]
        finally:
            server.terminate()


@contextmanager
def _guard(folder: Path, coins: tuple[str, ...], url: str) -> Iterator[dict[str, Any]]:
    """Run a guard in a process of its own until it has killed or the block ends."""
    from quorate.live.guard.watch import READY

    path = folder / "connection.json"
    path.touch(mode=0o600)
    row = {
        "venue": "binance_usdm",
        "api_key": "key",
        "secret": "secret",
        "symbols": [f"{coin}/USDT:USDT" for coin in coins],
        "url": url,
    }
    path.write_text(json.dumps(row), encoding="utf-8")
    place = folder / "guard"
    command = [sys.executable, "-m", "quorate", "guard", "--connection", str(path)]
    command += ["--folder", str(place)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            ready = awaited(place / READY, _START_S, lambda: process.poll() is None, 0.0)
            if ready is None:
                raise VenueError("the guard did not start", hint="see what it said above")
            yield ready
        finally:
            process.terminate()


async def _open(url: str, coins: tuple[str, ...], n_orders: int, n_conditional: int) -> None:
    """Open the orders of a drill: far from the price, and a small position in every coin."""
    from quorate.live.guard.hearing import now_ms
    from quorate.live.guard.watch import opened
    from quorate.venues.account.connection import Connection
    from quorate.venues.base import Accepted, OrderKind, Placement, Side

    symbols = tuple(f"{coin}/USDT:USDT" for coin in coins)
    venue = opened(
        Connection(
            venue="binance_usdm",
            api_key="key",
            secret="secret",  # noqa: S106  (of the simulated account)
            symbols=symbols,
            url=url,
        )
    )
    try:
        await venue.open()
        prices = {symbol: await _price(venue, symbol) for symbol in symbols}
        for number in range(n_orders + n_conditional + len(symbols)):
            symbol = symbols[number % len(symbols)]
            grid, price = venue.grid(symbol), prices[symbol]
            is_stop = n_orders <= number < n_orders + n_conditional
            is_market = number >= n_orders + n_conditional
            away = grid.price(price * Decimal("0.97"), Side.BUY)
            while True:
                outcome = await venue.place(
                    Placement(
                        client_id=f"drill{number}",
                        symbol=symbol,
                        side=Side.SELL if is_stop else Side.BUY,
                        kind=OrderKind.STOP
                        if is_stop
                        else (OrderKind.MARKET if is_market else OrderKind.LIMIT),
                        quantity=grid.quantity(200 / price) or grid.lot,
                        limit_price=None if is_stop or is_market else away,
                        trigger_price=away if is_stop else None,
                        sent_at_ms=now_ms(),
                        window_ms=5_000,
                    )
                )
                if isinstance(outcome, Accepted):
                    break
                if "-1015" not in str(outcome):
                    raise VenueError(f"an order of the drill was not taken: {outcome}")
                # 300 orders in ten seconds are taken; who asks on six times in these is banned
                await asyncio.sleep(2.5)
    finally:
        await venue.close()


async def _price(venue: CcxtVenue, symbol: str) -> Decimal:
    from quorate.venues.base import Unanswered

    touch = await venue.touch(symbol)
    if isinstance(touch, Unanswered):
        raise VenueError(f"{symbol} has no price: {touch.reason}")
    return touch.mark


def _measured(
    folder: Path,
    ready: dict[str, Any],
    counts: tuple[int, int],
    failing: float,
    *,
    wedged: bool,
) -> Drill:
    """Ask for the kill, perhaps do nothing else but burn time, and read what it came to."""
    from quorate.live.guard.record import SENTINEL
    from quorate.live.guard.watch import DONE

    place = folder / "guard"
    asked_ms = time.time_ns() / 1e6
    beside = place / f"{SENTINEL}.tmp"
    beside.write_text("flatten drill", encoding="utf-8")
    beside.replace(place / SENTINEL)
    if wedged:
        until = time.monotonic() + 5.0
        while time.monotonic() < until:
            sum(range(1000))
    row = awaited(place / DONE, 420.0, lambda: _is_alive(ready["pid"]), 0.0)
    if row is None:
        raise VenueError("the guard ended without a word", hint="see what it said above")
    orders, positions = row["orders"] or {}, row["positions"] or {}
    flat = positions.get("flat_ms")
    symbols = len(json.loads((folder / "connection.json").read_text())["symbols"])
    return Drill(
        *counts,
        n_symbols=symbols,
        failing=failing,
        is_wedged=wedged,
        noticed_ms=row["at_ms"] - asked_ms,
        dispatched_ms=orders.get("dispatched_ms"),
        empty_ms=orders.get("empty_ms"),
        flat_ms=None if flat in {None, "None"} else float(flat),
        is_safe=row["is_safe"],
    )


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
