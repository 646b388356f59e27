"""What can be traded and within which bounds: grid, filters, fees, margin, all of it exact.

In: a venue's words. Out: whole ticks and lots, or None where a number does not lie on the grid.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, NamedTuple

_TIERS: Final = (
    (Decimal(50_000), 125, Decimal("0.004")),
    (Decimal(600_000), 100, Decimal("0.005")),
    (Decimal(3_000_000), 50, Decimal("0.01")),
    (Decimal(12_000_000), 20, Decimal("0.025")),
    (Decimal(70_000_000), 10, Decimal("0.05")),
    (Decimal(10**12), 1, Decimal("0.5")),
)


class Tier(NamedTuple):
    """A bracket of margin: up to which notional, at most which leverage, which maintenance.

    Notes
    -----
    Units: quote, times, fraction; ``deducted`` in quote makes the maintenance continuous.
    """

    top: Decimal
    max_leverage: int
    rate: Decimal
    deducted: Decimal


def brackets(rows: tuple[tuple[Decimal, int, Decimal], ...] = _TIERS) -> tuple[Tier, ...]:
    r"""Return brackets with the amounts that make their maintenance margin continuous.

    .. math:: m(N) = r_i N - d_i, \qquad d_i = d_{i-1} + N_{i-1} (r_i - r_{i-1})

    Examples
    --------
    >>> [str(each.deducted) for each in brackets()[:3]]
    ['0', '50.000', '3050.000']
    """
    made: list[Tier] = []
    for top, most, rate in rows:
        before = made[-1] if made else Tier(Decimal(0), most, rate, Decimal(0))
        deducted = before.deducted + before.top * (rate - before.rate)
        made.append(Tier(top, most, rate, deducted if made else Decimal(0)))
    return tuple(made)


class Instrument(NamedTuple):
    """A contract or a pair.

    Notes
    -----
    Units: ``tick`` in quote per coin, ``lot`` and the quantities in coins, ``min_notional`` in
    quote, fees and ``band`` as fractions, ``funding_hours`` in hours (0: spot).
    """

    symbol: str
    base: str
    quote: str = "USDT"
    kind: Literal["futures", "spot"] = "futures"
    tick: Decimal = Decimal("0.10")
    lot: Decimal = Decimal("0.001")
    min_quantity: Decimal = Decimal("0.001")
    max_quantity: Decimal = Decimal(1000)
    max_market_quantity: Decimal = Decimal(120)
    min_notional: Decimal = Decimal(5)
    band: Decimal = Decimal("0.05")
    max_orders: int = 200
    max_conditional: int = 10
    maker_fee: Decimal = Decimal("0.0002")
    taker_fee: Decimal = Decimal("0.0005")
    funding_hours: int = 8
    is_trading: bool = True
    tiers: tuple[Tier, ...] = brackets()

    def ticks(self, price: Decimal) -> int | None:
        """Return a price in whole ticks, None where it lies between two or is not above 0."""
        return _whole(price, self.tick)

    def lots(self, quantity: Decimal) -> int | None:
        """Return a quantity in whole lots, None where it lies between two or is not above 0."""
        return _whole(quantity, self.lot)

    def price(self, ticks: int) -> Decimal:
        """Return the price of so many ticks."""
        return self.tick * ticks

    def quantity(self, lots: int) -> Decimal:
        """Return the quantity of so many lots."""
        return self.lot * lots

    def notional(self, ticks: int, lots: int) -> Decimal:
        """Return what so many lots are worth, in quote, exactly."""
        return self.tick * ticks * (self.lot * lots)

    def tier(self, notional: Decimal) -> Tier:
        """Return the bracket that a notional falls into."""
        return next((each for each in self.tiers if notional <= each.top), self.tiers[-1])


def _whole(value: Decimal, unit: Decimal) -> int | None:
    """Return how many units a value is, None where it is no whole number of them above 0.

    Examples
    --------
    >>> _whole(Decimal("100.1"), Decimal("0.1")), _whole(Decimal("100.15"), Decimal("0.1"))
    (1001, None)
    """
    if not value.is_finite() or value <= 0 or value.adjusted() > 20:
        return None
    count, rest = divmod(value, unit)
    return None if rest else int(count)
