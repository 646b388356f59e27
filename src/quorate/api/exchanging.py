"""A simulated exchange to trade against: built from a few words, served on this machine.

In: coins, a balance, a seed, a dialect. Out: a venue that speaks Binance USD-M futures, Binance
spot or Bybit's linear perpetuals, or its address.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, get_args

from quorate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.exchange.binance.futures import Futures
    from quorate.exchange.binance.spot import Spot
    from quorate.exchange.bybit.linear import Linear
    from quorate.exchange.network import Kind

SpokenDialect: TypeAlias = Literal["binance-usdm", "binance-spot", "bybit"]
"""What a simulated exchange can speak."""

_PRICES: Final = {"BTC": "60000", "ETH": "3000", "BNB": "600", "SOL": "150", "XRP": "0.6"}
_PRICE: Final = "100"
_MOST_DAYS: Final = 400.0
_LEVEL_USD: Final = 20_000
_STEP: Final = Decimal("0.00002")


class Served(NamedTuple):
    """Where the exchange listens and with which key it lets one in.

    ``honest_url`` is a second door to the same exchange, at which nothing fails.
    """

    url: str
    honest_url: str
    api_key: str
    secret: str
    symbols: tuple[str, ...]
    dialect: SpokenDialect = "binance-usdm"


def simulated_exchange(
    coins: Sequence[str] = ("BTC", "ETH"),
    *,
    balance: Decimal | str = "10000",
    seed: int = 7,
    start_ms: int = 0,
    api_key: str = "key",
    secret: str = "secret",  # noqa: S107  (of a simulated account)
    dialect: SpokenDialect = "binance-usdm",
) -> Futures | Spot | Linear:
    """Build an exchange that speaks a venue's API, with one account.

    Parameters
    ----------
    coins : sequence of str
        ``BTC``, ``ETH`` ...: each a perpetual in USDT (of ``binance-spot`` a pair), 100 USDT where
        its price is not known here.
    balance : Decimal or str
        Of the account, in USDT.
    seed : int
        The same seed and the same requests at the same times give the same answers.
    start_ms : int
        Its first moment, a multiple of 15,000 ms.
    api_key, secret : str
        Of the account.
    dialect : str
        ``binance-usdm``, ``binance-spot`` or ``bybit``.

    Returns
    -------
    Futures, Spot or Linear
        Answers requests; ``exchange.session.Session`` gives it to a ccxt client without a socket.

    Raises
    ------
    ConfigError
        If a coin is named twice, has no letters, the balance is not above 0, or the dialect is not
        known.

    Notes
    -----
    Units: USDT, milliseconds.  Causal: by the time of each request.  Missing: none.
    RELIABILITY 7.

    Examples
    --------
    >>> made = simulated_exchange(["BTC"])
    >>> list(made.exchange.state.markets), made.exchange.state.mark("BTCUSDT")
    (['BTCUSDT'], 600000)
    """
    from quorate.exchange.access import Key
    from quorate.exchange.binance.futures import Futures
    from quorate.exchange.binance.spot import Spot
    from quorate.exchange.bybit.linear import Linear
    from quorate.exchange.matching.exchange import Exchange
    from quorate.exchange.matching.flow import Ladder, Walk, noise
    from quorate.exchange.matching.instruments import Instrument

    names = [coin.upper() for coin in coins]
    if len(set(names)) < len(names) or not names or not all(each.isalnum() for each in names):
        raise ConfigError(
            f"the coins are {', '.join(map(repr, coins)) or 'none'}",
            hint="name each once, by its letters: --coins BTC ETH",
        )
    if dialect not in get_args(SpokenDialect):
        raise ConfigError(
            f"the dialect is {dialect!r}", hint=f"one of {', '.join(get_args(SpokenDialect))}"
        )
    is_spot = dialect == "binance-spot"
    amount = _amount(balance)
    instruments, paths, ladders = [], {}, {}
    for number, coin in enumerate(names):
        price = Decimal(_PRICES.get(coin, _PRICE))
        # five digits of a price move, as venues choose their ticks
        tick = Decimal(1).scaleb(price.adjusted() - 5)
        lot = Decimal(1).scaleb(-max(price.adjusted() - 1, 0))
        made = Instrument(
            f"{coin}USDT",
            coin,
            kind="spot" if is_spot else "futures",
            funding_hours=0 if is_spot else 8,
            max_conditional=5 if is_spot else 10,
            tick=tick,
            lot=lot,
            min_quantity=lot,
            max_quantity=lot * 10**6,
            max_market_quantity=lot * 10**5,
        )
        instruments.append(made)
        ticks = int(price / tick)
        lots = max(int(_LEVEL_USD / price / lot), 1)
        paths[made.symbol] = Walk(noise(seed, number), start=ticks, volume=lots)
        step = max(int(ticks * _STEP), 1)
        ladders[made.symbol] = Ladder(half=step, gap=step, levels=8, lots=lots)
    exchange = Exchange(instruments, seed=seed, start_ms=start_ms, paths=paths, ladders=ladders)
    exchange.open_account("account", {"USDT": amount})
    keys = {api_key: Key(api_key, "account", secret, addresses=("127.0.0.1",))}
    if dialect == "bybit":
        return Linear(exchange, keys)
    return Spot(exchange, keys) if is_spot else Futures(exchange, keys)


def _amount(balance: Decimal | str) -> Decimal:
    try:
        amount = Decimal(balance)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise ConfigError(f"the balance is {balance}, must be above 0 USDT", hint="--balance 10000")
    return amount


def serve_exchange(  # noqa: PLR0913  (what one may say of an exchange, each with its name)
    coins: Sequence[str] = ("BTC", "ETH"),
    *,
    balance: Decimal | str = "10000",
    seed: int = 7,
    port: int = 8765,
    seconds: float | None = None,
    failing: float = 0.0,
    dialect: SpokenDialect = "binance-usdm",
    history_days: float = 0.0,
    ready: Callable[[Served], None] | None = None,
) -> None:
    """Serve a simulated exchange on 127.0.0.1 in real time until it is interrupted.

    Parameters
    ----------
    coins, balance, seed, dialect
        As ``simulated_exchange``.
    port : int
        0 for any that is free.
    seconds : float, optional
        How long; for ever when left out.
    failing : float
        Share of requests that fail on the way, before or after they have had their effect.
    history_days : float
        For how long it has been open when it begins to listen: so much history of candles it has.
    ready : callable, optional
        Called with the address once it listens.

    Raises
    ------
    ConfigError
        If the port is taken, the history is not within 0 to 400 days, or as ``simulated_exchange``.

    Notes
    -----
    Units: seconds.  Causal: real time.  Missing: none.
    RELIABILITY 7.

    Examples
    --------
    >>> serve_exchange(["BTC"], port=0, seconds=0.0, ready=lambda it: print(it.symbols))
    ('BTCUSDT',)
    """
    from quorate.exchange.loopback import clock_ms, listening
    from quorate.exchange.matching.flow import POINT_MS
    from quorate.exchange.network import Fault, Network

    if not 0.0 <= failing < 1.0:
        raise ConfigError(f"a share of {failing:g} requests would fail, must be in 0 to 1")
    if not 0.0 <= history_days <= _MOST_DAYS:
        raise ConfigError(f"a history of {history_days:g} days, must be in 0 to {_MOST_DAYS:g}")
    kinds: tuple[Kind, ...] = ("reset_request", "reset_reply", "status")
    share = 1.0 - (1.0 - failing) ** (1 / len(kinds))
    network = Network(seed, [Fault(kind, chance=share) for kind in kinds])
    begun_ms = clock_ms() - round(history_days * 86_400_000)
    begun_ms -= begun_ms % POINT_MS
    made = simulated_exchange(coins, balance=balance, seed=seed, start_ms=begun_ms, dialect=dialect)

    async def main() -> None:
        async with listening(made) as honest, listening(made, port=port, network=network) as url:
            if ready is not None:
                (key,) = made.keys.values()
                symbols = tuple(made.exchange.state.markets)
                ready(Served(url, honest, key.name, key.secret, symbols, dialect))
            if seconds is None:
                await asyncio.Event().wait()
            else:
                await asyncio.sleep(seconds)

    try:
        asyncio.run(main())
    except OSError as error:
        raise ConfigError(
            f"the exchange cannot listen on port {port}: {error.strerror}",
            hint="choose another: --port 8766, or --port 0 for any that is free",
        ) from error
