"""Markets and accounts for the tests of the exchange: quiet by hand, and wild."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quorate.backtest import exchange
from quorate.backtest import fills as record
from quorate.core import ledger
from quorate.core.account import Account
from quorate.core.risk import breakers, exits
from quorate.core.routing import orders as routing
from quorate.core.types import Bar, Market, Placement, Reason, Schedule, Style, Venues

START_USD = 100_000.0
FIRST_K = 1_000


def venues(n_venues: int = 1, n_coins: int = 1, **changes: Any) -> Venues:
    shape = (n_venues, n_coins)
    made = Venues(
        maker_bps=np.full(n_venues, 2.0),
        taker_bps=np.full(n_venues, 5.0),
        latency_ms=np.full(n_venues, 80.0),
        reliability=np.ones(n_venues),
        lot=np.full(shape, 0.1),
        tick=np.full(shape, 0.01),
        min_notional=np.full(shape, 5.0),
        listed=np.ones(shape, np.int8),
        is_perp=np.ones(shape, np.int8),
        maintenance=np.full(shape, 0.02),
    )
    arrays = {
        name: np.broadcast_to(
            np.asarray(value, getattr(made, name).dtype), getattr(made, name).shape
        )
        for name, value in changes.items()
    }
    return made._replace(**{name: a.copy() for name, a in arrays.items()})


def quiet(n_bars: int = 6, n_venues: int = 1, n_coins: int = 1, price: float = 100.0) -> Market:
    """Return bars that open and close at one price, half a percent either way, 1,000 coins each."""
    shape = (n_bars, n_venues, n_coins)

    def full(value: float) -> Any:
        return np.full(shape, value)

    return Market(
        open=full(price),
        high=full(price * 1.005),
        low=full(price * 0.995),
        close=full(price),
        volume=full(1_000.0),
        spread_bps=full(4.0),
        mark=full(price),
        funding=full(0.0),
        status=np.full(shape, Bar.TRADED, np.int8),
    )


@dataclass
class Scene:
    """A market and an account, moved bar by bar."""

    market: Market
    venues: Venues
    params: exchange.Params = field(default_factory=exchange.params)
    start_usd: float = START_USD
    sigma: float = 0.03

    def __post_init__(self) -> None:
        n_bars, n_venues, n_coins = self.market.open.shape
        self.account = Account(
            ledger=ledger.init(n_venues, n_coins, self.start_usd),
            exits=exits.init(n_coins),
            breakers=breakers.init(n_coins, breakers.Params()),
            orders=routing.empty(n_venues, n_coins),
        )
        self.state = exchange.init(n_venues, n_coins)
        self.fills = record.fills(record.rows_needed(n_bars, n_venues, n_coins))
        self.sigma_daily = np.full(n_coins, self.sigma)
        self.t = 0
        self.account.exits.planned_frac[:] = 0.03

    @property
    def k(self) -> int:
        return FIRST_K + self.t

    def bar(self) -> list[dict[str, Any]]:
        """Apply the next bar; return its fills, and keep its fundings apart."""
        before = self.fills.n.item()
        exchange.step(
            self.market,
            self.t,
            self.k,
            self.venues,
            self.sigma_daily,
            self.account,
            self.params,
            self.state,
            self.fills,
        )
        self.t += 1
        assert ledger.imbalance(self.account.ledger) == 0
        assert self.fills.n_lost.item() == 0
        flows = rows(self.fills)[before:]
        self.fundings = [row for row in flows if row["lots"] == 0]
        return [row for row in flows if row["lots"] != 0]

    def order(self, lots: int, v: int = 0, c: int = 0, **changes: Any) -> None:
        """Put a parent in force as the close of the last bar would: first sent in the next one."""
        row = {
            "total": lots,
            "decision_price": 100.0,
            "limit_price": 0.0,
            "participation": 0.1,
            "urgency": 0.0,
            "display": 0,
            "submit_k": self.k - 1,
            "n_bars": 1,
            "cross_k": 0,
            "schedule": Schedule.IMMEDIATE,
            "placement": Placement.MARKETABLE,
            "style": Style.MARKET,
            "reduce_only": 0,
            "reason": Reason.ENTRY,
        } | changes
        for name, value in row.items():
            getattr(self.account.orders, name)[v, c] = value
        self.account.ledger.working[v, c] = lots

    def set_bar(self, t: int, v: int = 0, c: int = 0, **changes: float) -> None:
        for name, value in changes.items():
            getattr(self.market, name)[t, v, c] = value

    def held(self, v: int = 0, c: int = 0) -> int:
        return int(self.account.ledger.lots[v, c])

    def working(self, v: int = 0, c: int = 0) -> int:
        return int(self.account.ledger.working[v, c])

    def count(self, what: exchange.Count) -> int:
        return int(self.state.counts[what])


def scene(n_bars: int = 6, n_venues: int = 1, n_coins: int = 1, **changes: Any) -> Scene:
    return Scene(quiet(n_bars, n_venues, n_coins), venues(n_venues, n_coins, **changes))


def rows(fills: record.Fills) -> list[dict[str, Any]]:
    columns = {name: record.column(fills, name).tolist() for name in record.COLUMNS}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def wild_market(rng: np.random.Generator, n_bars: int, n_venues: int, n_coins: int) -> Market:
    """Return walks with gaps, absent, imputed and empty bars, on a price grid of 0.01."""
    shape = (n_bars, n_venues, n_coins)
    moves = rng.normal(0.0, 0.01, (n_bars, 1, n_coins))
    moves += rng.choice([0.0, 0.0, 0.0, 0.0, -0.07, 0.06], (n_bars, 1, n_coins))
    close = 100.0 * np.exp(np.cumsum(moves, axis=0)) * (1.0 + rng.normal(0.0, 0.001, shape))
    opening = np.roll(close, 1, axis=0) * (1.0 + rng.normal(0.0, 0.012, shape))
    opening[0] = close[0]
    high = np.maximum(opening, close) * (1.0 + rng.exponential(0.006, shape))
    low = np.minimum(opening, close) * (1.0 - rng.exponential(0.006, shape))
    volume = np.round(rng.lognormal(3.0, 1.5, shape), 3)
    status = rng.choice([1, 1, 1, 1, 1, 1, 1, 1, 0, 2], shape).astype(np.int8)
    volume[(status == Bar.IMPUTED) | (rng.random(shape) < 0.03)] = 0.0
    mark = close * (1.0 + rng.normal(0.0, 0.001, shape))
    mark[rng.random(shape) < 0.02] = np.nan
    settles = (np.arange(n_bars) % 4 == 0)[:, None, None]
    market = Market(
        open=np.round(opening, 2),
        high=np.round(high, 2) + 0.01,
        low=np.round(low, 2) - 0.01,
        close=np.round(close, 2),
        volume=volume,
        spread_bps=rng.choice([0.0, 2.0, 7.5, 30.0], shape),
        mark=mark,
        funding=np.where(settles, rng.normal(0.0, 0.001, shape), 0.0),
        status=status,
    )
    for values in (market.open, market.high, market.low, market.close, market.mark):
        values[status == Bar.ABSENT] = np.nan
    market.volume[status == Bar.ABSENT] = np.nan
    return market


def wild_venues(rng: np.random.Generator, n_venues: int, n_coins: int) -> Venues:
    return venues(
        n_venues,
        n_coins,
        maker_bps=rng.choice([-1.0, 0.0, 2.0], n_venues),
        taker_bps=rng.choice([3.0, 4.5, 10.0], n_venues),
        latency_ms=rng.choice([1.0, 80.0, 333.0], n_venues),
        lot=rng.choice([0.001, 0.03, 1.0], (n_venues, n_coins)),
        is_perp=rng.choice([0, 1, 1], (1, n_coins)),
        maintenance=0.05,
    )


def wild_order(rng: np.random.Generator, at: Scene, v: int, c: int) -> None:
    """Replace a parent by a random one; now and then cancel it."""
    k = at.k - 1
    close = at.market.close[at.t - 1, v, c]
    price = 100.0 if np.isnan(close) else close
    side = int(rng.choice([-1, 1]))
    size = int(max(1, rng.lognormal(2.0, 1.5) / at.venues.lot[v, c]))
    near = round(price * (1.0 - side * rng.choice([-0.01, 0.0, 0.0005, 0.002, 0.008])), 2)
    at.account.exits.planned_frac[c] = rng.choice([0.002, 0.01, 0.03, 0.2])
    at.order(
        0 if rng.random() < 0.1 else side * size,
        v,
        c,
        total=side * size,
        decision_price=price,
        limit_price=rng.choice([np.nan, 0.0, near, near, near]),
        participation=rng.choice([0.02, 0.1, 0.3]),
        urgency=rng.choice([0.0, 0.0, 2.0]),
        display=int(rng.choice([0, 0, 0, 1, 40])),
        submit_k=k,
        n_bars=int(rng.integers(1, 7)),
        cross_k=int(rng.choice([0, k + 1, k + 2, k + 4])),
        schedule=rng.choice([0, 0, 1, 2]),
        placement=rng.choice([0, 0, 1, 2]),
        style=rng.integers(0, 6),
        reduce_only=rng.choice([0, 0, 0, 1]),
        reason=rng.choice([1, 2, 3, 4]),
    )


def wild(seed: int, n_bars: int = 40, n_venues: int = 2, n_coins: int = 3) -> Scene:
    rng = np.random.default_rng(seed)
    made = Scene(
        wild_market(rng, n_bars, n_venues, n_coins),
        wild_venues(rng, n_venues, n_coins),
        exchange.params()._replace(missing_hours=0.25),  # three bars
        start_usd=float(rng.choice([100.0, 30_000.0, 1_000_000.0])),
    )
    if seed % 3 == 0:
        made.market.status[int(rng.integers(5, n_bars)) :, :, 0] = Bar.ABSENT  # and never again
    return made
