"""Books of a run made up fill by fill: what it leaves is what its cash and marks say."""

from datetime import UTC, datetime, timedelta

import polars as pl

from quorate.report.cashflows import FILLS, FUNDING, PAID, POSITIONS

UNIT = 100_000_000
START = datetime(2026, 1, 1, tzinfo=UTC)
BAR = timedelta(minutes=5)


def vote(engine, side=1, prob=0.7, weight=0.5):
    """Return the vote of one engine as a run records it."""
    return {"engine": engine, "side": side, "prob": prob, "reliability": 0.7, "weight": weight}


VOTES = [vote("trend", 1, 0.62, 0.46), vote("flow", -1, 0.55, 0.23), vote("carry", 1, 0.58, 0.31)]
DECISIONS = {
    "timestamp": pl.Datetime("us", "UTC"),
    "symbol": pl.String,
    "reason": pl.String,
    "engine_votes": pl.List(
        pl.Struct(
            {
                "engine": pl.String,
                "side": pl.Int8,
                "prob": pl.Float64,
                "reliability": pl.Float64,
                "weight": pl.Float64,
            }
        )
    ),
    "size_usd": pl.Float64,
    "price": pl.Float64,
}


class Books:
    """A little account: fills, settlements and entries are booked, frames are read off."""

    def __init__(self, start=10_000 * UNIT):
        self.start = self.cash = start
        self.lots = {}
        self._fills, self._funding, self._decisions = [], [], []
        self._value = {}

    def enter(self, k, symbol, size=1e9, price=1.0, votes=VOTES):
        """Keep a decision to enter, at the close of bar k."""
        at = START + BAR * k
        self._decisions.append((at, symbol, "ENTRY", votes, float(size), float(price)))

    def fill(self, k, symbol, lots, price, reason, venue="alpha", regime="trend", **costs):
        """Book lots of one coin each at a price in units of 1e-8; costs by their names."""
        place = (venue, symbol)
        self.lots[place] = self.lots.get(place, 0) + lots
        paid = {line.name.lower(): costs.get(line.name.lower(), 0) for line in PAID}
        self.cash -= lots * price + sum(paid.values())
        is_flat = not any(n for (_, coin), n in self.lots.items() if coin == symbol)
        row = {
            "k": k,
            "ts": START + BAR * k,
            "venue": venue,
            "symbol": symbol,
            "coin": _coin(symbol),
            "side": 1 if lots > 0 else -1,
            "lots": lots,
            "notional": lots * price,
            **paid,
            "closed": int(is_flat),
            "reason": reason,
            "coins": float(lots),
            "price": price / UNIT,
            "decision_price": price / UNIT,
            "regime": regime,
        }
        self._fills.append(tuple(row[name] for name in FILLS))

    def settle(self, k, symbol, amount, venue="alpha"):
        """Book a settlement of funding that was paid."""
        self.cash -= amount
        self._funding.append((k, venue, symbol, _coin(symbol), amount))

    def mark(self, symbol, value, venue="alpha"):
        """Say what an open position is worth."""
        self._value[venue, symbol] = value

    @property
    def fills(self):
        return pl.DataFrame(self._fills, schema=FILLS, orient="row")

    @property
    def funding(self):
        return pl.DataFrame(self._funding, schema=FUNDING, orient="row")

    @property
    def decisions(self):
        return pl.DataFrame(self._decisions, schema=DECISIONS, orient="row")

    @property
    def positions(self):
        rows = [
            (venue, symbol, _coin(symbol), lots, self._value.get((venue, symbol), 0))
            for (venue, symbol), lots in self.lots.items()
            if lots
        ]
        return pl.DataFrame(rows, schema=POSITIONS, orient="row")

    @property
    def equity(self):
        end = self.cash + int(self.positions["value"].sum())
        return pl.DataFrame({"equity": [self.start, end], "flow": [0, 0]})

    @property
    def tables(self):
        """Return what ``attribute`` reads, in its order."""
        return self.fills, self.decisions, self.funding, self.positions


def _coin(symbol):
    return sum(map(ord, symbol))
