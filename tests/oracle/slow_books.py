"""The books, the exits and one execution written a second time, slowly, for ``slow_exchange``.

Plain dictionaries and Python integers; nothing is shared with the compiled ledger. It keeps no
running value of a position, but the price each was last valued at, and cash per coin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

COSTS = ("delay", "spread", "impact", "latency", "fee")
NAN = float("nan")


def money(amount: float) -> int:
    return round(amount * 100_000_000.0)


@dataclass
class Exits:
    side: int = 0
    stop: float = NAN
    stop_frac: float = NAN
    planned_frac: float = NAN
    clock_k: int = 0
    cooldown_k: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})


class Why(NamedTuple):
    decision: float
    reason: int
    style: int


@dataclass
class Execution:
    """One child: where it arrives, what it pays, and each cost in quote per coin."""

    lots: int
    arrival: float
    price: float
    per_coin: dict[str, float]
    fee_bps: float
    why: Why
    is_maker: bool


class SlowBooks:
    """Positions, the prices they were last valued at, cash, exits, and what was paid."""

    def __init__(self, venues: Any, start: int) -> None:
        self.venues = venues
        self.n_venues, self.n_coins = venues.lot.shape
        keys = [(v, c) for v in range(self.n_venues) for c in range(self.n_coins)]
        self.k = 0
        self.cash = start
        self.start = start
        self.lots = dict.fromkeys(keys, 0)
        self.valued_at = dict.fromkeys(keys, NAN)
        self.entry = dict.fromkeys(range(self.n_coins), 0.0)
        self.exits = {c: Exits() for c in range(self.n_coins)}
        self.episode_cash = dict.fromkeys(range(self.n_coins), 0)
        self.coin_cash = dict.fromkeys(range(self.n_coins), 0)
        self.paid = dict.fromkeys((*COSTS, "funding", "haircut"), 0)
        self.n_trades = 0
        self.fills: list[dict[str, Any]] = []

    # what the account is worth

    def lot(self, v: int, c: int) -> float:
        return float(self.venues.lot[v, c])

    def value(self, v: int, c: int) -> int:
        lots = self.lots[v, c]
        return money(lots * self.lot(v, c) * self.valued_at[v, c]) if lots else 0

    def equity(self) -> int:
        return self.cash + sum(self.value(v, c) for v, c in self.lots)

    def is_flat(self, c: int) -> bool:
        return all(self.lots[v, c] == 0 for v in range(self.n_venues))

    def coins(self, c: int) -> float:
        if self.is_flat(c):
            return 0.0
        total = 0.0
        for v in range(self.n_venues):
            total += self.lots[v, c] * self.lot(v, c)
        return total

    # booking

    def pay(self, c: int, amount: int) -> None:
        self.cash -= amount
        self.coin_cash[c] -= amount

    def execute(self, v: int, c: int, child: Execution, haircut: int = 0) -> None:
        signed = child.lots * self.lot(v, c)
        size = abs(signed)
        whole = {"delay": money(signed * (child.arrival - child.why.decision))}
        for name in ("spread", "impact", "latency"):
            whole[name] = money(size * child.per_coin[name])
        whole["fee"] = money(size * child.price * child.fee_bps / 10_000.0)
        held = self.lots[v, c]
        if haircut:
            self.paid["haircut"] += haircut
            self.pay(c, haircut)
        if held * child.lots < 0 and abs(child.lots) > abs(held):
            share = abs(held) / abs(child.lots)
            first = {name: round(whole[name] * share) for name in COSTS}
            second = {name: whole[name] - first[name] for name in COSTS}
            self.book(v, c, -held, child, first, haircut=haircut)
            self.book(v, c, child.lots + held, child, second, haircut=0)
        else:
            self.book(v, c, child.lots, child, whole, haircut=haircut)

    def book(
        self, v: int, c: int, lots: int, child: Execution, costs: dict, *, haircut: int
    ) -> None:
        opened = self.is_flat(c)
        if opened:
            self.episode_cash[c] = self.coin_cash[c]
            self.entry[c] = 0.0
        before = self.coins(c)
        self.valued_at[v, c] = child.why.decision
        value = self.value(v, c)
        self.lots[v, c] += lots
        notional = self.value(v, c) - value
        self.pay(c, notional + sum(costs.values()))
        for name in COSTS:
            self.paid[name] += costs[name]
        after = self.coins(c)
        bought = abs(lots * self.lot(v, c))
        if before * lots >= 0.0 and after != 0.0:
            held = self.entry[c] * abs(before) + child.price * bought
            self.entry[c] = held / (abs(before) + bought)
        elif before * after < 0.0:
            self.entry[c] = child.price
        closed = self.is_flat(c)
        realised = self.coin_cash[c] - self.episode_cash[c] if closed else 0
        self.n_trades += closed
        self.follow(c, before, after)
        row = {"k": self.k, "venue": v, "coin": c, "lots": lots, "price": child.price, **costs}
        row |= {"decision_price": child.why.decision, "notional": notional, "haircut": haircut}
        row |= {"realised": realised, "closed": int(closed), "opened": int(opened)}
        row |= {
            "reason": child.why.reason,
            "style": child.why.style,
            "is_maker": int(child.is_maker),
        }
        self.fills.append(row)

    def follow(self, c: int, before: float, after: float) -> None:
        mine = self.exits[c]
        if after == 0.0:
            mine.side, mine.stop, mine.stop_frac = 0, NAN, NAN
            return
        side = 1 if after > 0.0 else -1
        if before * after <= 0.0:
            mine.side, mine.stop_frac, mine.clock_k = side, mine.planned_frac, self.k - 1
            mine.stop = self.entry[c] * (1.0 - side * mine.stop_frac)
        elif abs(after) > abs(before):
            moved = self.entry[c] * (1.0 - side * mine.stop_frac)
            if side * (moved - mine.stop) > 0.0:
                mine.stop = moved
