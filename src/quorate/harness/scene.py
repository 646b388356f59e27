"""Exchange, network, store and desk of a play, and what incidents do to them."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from typing_extensions import override

from quorate.exchange.binance.calls import Lags
from quorate.exchange.binance.signing import Key
from quorate.exchange.matching.exchange import Exchange
from quorate.exchange.matching.flow import Ladder, Walk, noise
from quorate.exchange.matching.instruments import Instrument
from quorate.exchange.matching.market import close
from quorate.exchange.matching.orders import BUY, SELL, Asked
from quorate.exchange.network import Network
from quorate.harness.check import Checker, Violation
from quorate.harness.check_told import Told
from quorate.harness.line import Air, AiredSession
from quorate.harness.memory import MemoryJournal
from quorate.harness.schedule import SPOILT, is_heard, is_worked
from quorate.live.controls.standing import Trading
from quorate.store.opening import open_store
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.account.wire import instances

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from quorate.exchange.binance.signing import Request
    from quorate.exchange.network import Delivery
    from quorate.harness.ground import Facade, Ground
    from quorate.harness.schedule import Event, Schedule
    from quorate.live.broker.broker import Broker
    from quorate.live.controls.standing import Standing
    from quorate.store.journal import Journal

START_MS: Final = 1_700_006_400_000
EQUITY: Final = Decimal(100_000)
MOST_USD: Final = Decimal(30_000)
"""25 % of equity, what prices move while an order waits, and what strangers trade."""

BOOK_AGE_MS: Final = 5_000
"""So old at most is the book that an entry is decided on."""

_ACCOUNT: Final = "desk"


class Watched(Network):
    """A network that sees what leaves: an order once (I1), no entry of a stopped desk (I5).

    Nor one at prices that were asked for too long ago (I7).  ``carried`` counts how often each
    order was brought to the exchange, copies included.
    """

    def __init__(
        self, schedule: Schedule, standing: Callable[[], Standing], ground: Ground
    ) -> None:
        faults = [
            each._replace(
                endpoint=ground.endpoints.get(each.endpoint, each.endpoint),
                first_ms=START_MS + each.first_ms,
                last_ms=START_MS + each.last_ms,
            )
            for each in schedule.faults
        ]
        super().__init__(schedule.seed, faults, delay_ms=20.0)
        self._standing = standing
        self._ground = ground
        self.found: list[Violation] = []
        self.carried: Counter[str] = Counter()
        self._left: set[str] = set()
        self._priced_ms: dict[str, int] = {}

    @override
    def meet(self, request: Request, at_ms: int) -> Delivery:
        """Return how a request is carried, and look at it."""
        delivery = super().meet(request, at_ms)
        if request.method == "POST" and request.path.endswith(self._ground.order):
            sent = self._ground.sent(request)
            if sent.enters:
                self._entered(sent.symbol, at_ms)
            self._count(sent.name, delivery, at_ms)
        elif request.method == "GET" and not (
            delivery.is_lost or delivery.is_reply_lost or delivery.is_unresolved or delivery.instead
        ):
            self._priced_ms[self._ground.priced(request)] = at_ms
        return delivery

    def _entered(self, symbol: str, at_ms: int) -> None:
        """Hold an entry that leaves against how the desk stands, and what it knows."""
        trading = self._standing().trading
        if trading is not Trading.ACTIVE:
            self.found.append(Violation("I5", at_ms, f"an entry left while {trading}"))
        age_ms = at_ms - self._priced_ms.get(symbol, 0)
        if age_ms > BOOK_AGE_MS:
            text = f"an entry left, and {symbol} was asked for {age_ms} ms before"
            self.found.append(Violation("I7", at_ms, text))

    def _count(self, name: str, delivery: Delivery, at_ms: int) -> None:
        """Count how often an order reaches the exchange; a copy does though its first is lost."""
        if name in self._left:
            self.found.append(Violation("I1", at_ms, f"{name} left the desk a second time"))
        self._left.add(name)
        is_stopped = delivery.is_unresolved or delivery.is_lost or delivery.is_turned_away
        self.carried[name] += not is_stopped
        self.carried[name] += 0 if delivery.is_unresolved else len(delivery.copies_ms)


class Scene(NamedTuple):
    """Everything of one play."""

    schedule: Schedule
    ground: Ground
    exchange: Facade
    network: Watched
    journal: Journal
    checker: Checker
    told: Told
    air: Air

    def venue(self, now_ms: Callable[[], int]) -> CcxtVenue:
        """Return a venue with instances of its own, as a new process would have."""
        hosts = dict.fromkeys(self.ground.hosts, self.exchange)
        made = instances(
            self.ground.dialect,
            {"apiKey": "key", "secret": "secret"},
            session=lambda: AiredSession(hosts, self.network, self.air),
        )
        pairs = tuple(self.ground.symbols.values()) if self.ground.is_spot else ()
        return CcxtVenue(self.ground.name, self.ground.dialect, made, now_ms, pairs=pairs)


@contextmanager
def built(schedule: Schedule, standing: Standing, ground: Ground) -> Iterator[Scene]:
    """Build the scene of a play; its journal is in memory unless the desk dies in it."""
    seed = schedule.seed
    listed = [
        Instrument("BTCUSDT", "BTC", lot=Decimal("0.001"), max_market_quantity=Decimal(1000)),
        Instrument(
            "ETHUSDT",
            "ETH",
            tick=Decimal("0.01"),
            lot=Decimal("0.01"),
            min_quantity=Decimal("0.01"),
            max_market_quantity=Decimal(10_000),
        ),
    ]
    if ground.is_spot:
        listed = [each._replace(kind="spot", funding_hours=0, max_conditional=5) for each in listed]
    paths = {
        "BTCUSDT": Walk(noise(seed, 20), start=600_000, step=2e-4),
        "ETHUSDT": Walk(noise(seed, 21), start=300_000, step=3e-4),
    }
    ladders = {
        "BTCUSDT": Ladder(half=20, gap=20, levels=4, lots=400),
        "ETHUSDT": Ladder(half=10, gap=10, levels=4, lots=800),
    }
    exchange = Exchange(listed, seed=seed, start_ms=START_MS, paths=paths, ladders=ladders)
    exchange.open_account(_ACCOUNT, {"USDT": EQUITY})
    exchange.open_account("stranger", {"USDT": EQUITY})
    if noise(seed, 22) & 1:  # an account that has traded before, and holds something
        for name, lots in (("BTCUSDT", 40), ("BTCUSDT", 10), ("ETHUSDT", 30)):
            quantity = exchange.state.markets[name].instrument.quantity(lots)
            side = BUY if noise(seed, 23, lots) & 1 else SELL
            exchange.place(_ACCOUNT, Asked(name, side, "market", quantity))
    key = Key("key", _ACCOUNT, "secret", addresses=("127.0.0.1",))
    venue = ground.facade(exchange, {"key": key})
    kept = [standing]
    network = Watched(schedule, lambda: kept[-1], ground)
    with _journal(schedule) as journal:
        is_doubling = any(each.kind == "copy" for each in schedule.faults)
        checker = Checker(
            venue,
            _ACCOUNT,
            ground.symbols,
            MOST_USD,
            network.carried,
            ground.trade,
            is_doubling=is_doubling,
            is_guarded=is_worked(seed),
        )
        air = Air(seed, loop_ms)
        told = Told([], kept, air.spans if is_heard(seed) else None, [])
        yield Scene(schedule, ground, venue, network, journal, checker, told, air)


@contextmanager
def _journal(schedule: Schedule) -> Iterator[Journal]:
    """Open a journal: a real one, in memory if there is such a folder, where the desk will die."""
    if not any(each.kind == "crash" for each in schedule.events):
        yield MemoryJournal(_ACCOUNT)
        return
    memory = Path("/dev/shm")  # noqa: S108  (a folder of its own is made in it)
    with (
        TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        open_store(Path(folder) / "store.db") as store,
    ):
        yield store.journal(_ACCOUNT)


def happen(scene: Scene, event: Event) -> None:
    """Let something happen at the exchange, or to the stream of its account."""
    if event.kind in SPOILT:
        scene.air.happen(scene.exchange, _ACCOUNT, event)
        return
    markets = scene.exchange.exchange.state.markets
    symbol = sorted(markets)[event.size % len(markets)]
    _INCIDENTS[event.kind](scene, symbol, event)


def _lag(scene: Scene, symbol: str, event: Event) -> None:  # noqa: ARG001
    lag = event.size * 8
    scene.exchange.lags = Lags(lag, lag, lag, lag)


def _foreign_order(scene: Scene, symbol: str, event: Event) -> None:
    state = scene.exchange.exchange.state
    instrument = state.markets[symbol].instrument
    side = BUY if event.size % 2 else SELL
    price = instrument.price(int(state.mark(symbol) * (0.99 if side == BUY else 1.01)))
    quantity = instrument.quantity(50)
    name = f"web_{event.at_ms}"
    scene.exchange.exchange.place(
        _ACCOUNT, Asked(symbol, side, "limit", quantity, price, client_id=name)
    )


def _foreign_trade(scene: Scene, symbol: str, event: Event) -> None:
    instrument = scene.exchange.exchange.state.markets[symbol].instrument
    side = BUY if event.size % 2 else SELL
    asked = Asked(symbol, side, "market", instrument.quantity(20))
    scene.exchange.exchange.place(_ACCOUNT, asked)


def _taken_away(scene: Scene, symbol: str, event: Event) -> None:  # noqa: ARG001
    state = scene.exchange.exchange.state
    account = state.accounts[_ACCOUNT]
    if not scene.ground.is_spot:
        close(state, account, symbol, "both", "adl_autoclose-")
        return
    base = state.instruments[symbol].base  # half of what is free is withdrawn
    free = account.wallet.get(base, Decimal(0)) - account.locked.get(base, Decimal(0))
    account.wallet[base] = account.wallet.get(base, Decimal(0)) - free / 2


def _suspended(scene: Scene, symbol: str, event: Event) -> None:  # noqa: ARG001
    market = scene.exchange.exchange.state.markets[symbol]
    market.instrument = market.instrument._replace(is_trading=not market.instrument.is_trading)


def _dearer(scene: Scene, symbol: str, event: Event) -> None:  # noqa: ARG001
    market = scene.exchange.exchange.state.markets[symbol]
    least = market.instrument.min_notional * 20
    market.instrument = market.instrument._replace(min_notional=least)


def _funding_hours(scene: Scene, symbol: str, event: Event) -> None:  # noqa: ARG001
    market = scene.exchange.exchange.state.markets[symbol]
    hours = {8: 4, 4: 1}.get(market.instrument.funding_hours, 8)
    market.instrument = market.instrument._replace(funding_hours=hours)


def _revoked(scene: Scene, symbol: str, event: Event) -> None:  # noqa: ARG001
    key = scene.exchange.keys["key"]
    scene.exchange.keys["key"] = key._replace(is_revoked=not key.is_revoked)


def _widened(scene: Scene, symbol: str, event: Event) -> None:  # noqa: ARG001
    key = scene.exchange.keys["key"]
    scene.exchange.keys["key"] = key._replace(may_withdraw=not key.may_withdraw)


def _poorer(scene: Scene, symbol: str, event: Event) -> None:  # noqa: ARG001
    account = scene.exchange.exchange.state.accounts[_ACCOUNT]
    account.wallet["USDT"] -= Decimal(event.size * 20)


def _hedged(scene: Scene, symbol: str, event: Event) -> None:  # noqa: ARG001
    account = scene.exchange.exchange.state.accounts[_ACCOUNT]
    scene.exchange.exchange.set_hedged(_ACCOUNT, is_hedged=not account.is_hedged)


def _thin(scene: Scene, symbol: str, event: Event) -> None:  # noqa: ARG001
    market = scene.exchange.exchange.state.markets[symbol]
    market.ladder = market.ladder._replace(lots=max(market.ladder.lots // 4, 2))


_INCIDENTS: Final[Mapping[str, Callable[[Scene, str, Event], None]]] = {
    "lag": _lag,
    "foreign_order": _foreign_order,
    "foreign_trade": _foreign_trade,
    "taken_away": _taken_away,
    "suspended": _suspended,
    "dearer": _dearer,
    "funding_hours": _funding_hours,
    "revoked": _revoked,
    "widened": _widened,
    "poorer": _poorer,
    "hedged": _hedged,
    "thin": _thin,
}


def quieten(scene: Scene) -> None:
    """End what goes wrong at the exchange: the network's faults end by their own times."""
    state = scene.exchange.exchange.state
    scene.air.quieten()
    scene.exchange.lags = Lags()
    key = scene.exchange.keys["key"]
    scene.exchange.keys["key"] = key._replace(is_revoked=False, may_withdraw=False)
    for market in state.markets.values():
        market.instrument = market.instrument._replace(is_trading=True)
    account = state.accounts[_ACCOUNT]
    for symbol in state.markets:
        for order in account.open_orders(symbol):
            if order.asked.client_id.startswith("web_"):
                scene.exchange.exchange.cancel(_ACCOUNT, symbol, order_id=order.order_id)


def loop_ms() -> int:
    """Return the time of the running loop."""
    loop: Any = asyncio.get_running_loop()
    return int(loop.now_ms)


def why_not(broker: Broker) -> str:
    """Return why a desk does not trade, "" where it does: a stop that is told is no fault."""
    standing = broker.standing
    return "" if standing.trading is Trading.ACTIVE else f"{standing.trading}: {standing.why}"
