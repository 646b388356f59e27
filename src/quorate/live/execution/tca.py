r"""What execution truly cost: a parent against the price that decided it, a fill against after it.

In: the rows of a journal and the middles of the books. Out: the implementation shortfall of every
parent (Perold 1988), split so that the parts are the whole to the last digit, and markouts.

.. math:: IS = \underbrace{s F (P_a - P_d)}_{\text{delay}}
              + \underbrace{s \sum q_i (p_i - m_i)}_{\text{spread}}
              + \underbrace{s \sum q_i (m_i - P_a)}_{\text{impact}}
              + \text{fees}
              + \underbrace{s (Q - F)(P_e - P_d)}_{\text{opportunity}}

with side :math:`s`, size :math:`Q`, filled :math:`F`, prices of decision, arrival and end
:math:`P_d, P_a, P_e`, fills :math:`q_i` at :math:`p_i` and the middle :math:`m_i` at that moment.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.live.orders.book import EXACT, ZERO
from quorate.live.orders.events import Attributed, ExternalFill, Filled, Intended, Refused, Sending
from quorate.live.orders.parents import ParentClosed, ParentOpened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quorate.live.execution.tape import Tape
    from quorate.live.orders.events import JournalEvent
    from quorate.venues.base import Liquidity

HORIZONS_S: Final = (1, 5, 10, 30, 60, 300)
"""Of markouts."""

MID_AGE_MS: Final = 10_000
"""A middle that is older says nothing of a moment."""

_BPS: Final = Decimal(10_000)


class Mids:
    """Middles of books over time, by symbol.

    Parameters
    ----------
    rows : iterable of (symbol, at_ms, mid)
        In any order.
    age_ms : int
        How old a middle may be for a moment.

    Notes
    -----
    Units: quote per coin, ms since 1970.  Causal: of a moment the last one at or before it.
    Missing: None where there is none, or none so young.

    Examples
    --------
    >>> mids = Mids([("X", 1_000, Decimal(10)), ("X", 3_000, Decimal(11))])
    >>> mids.at("X", 2_999), mids.at("X", 3_000), mids.at("X", 999), mids.at("X", 20_000)
    (Decimal('10'), Decimal('11'), None, None)
    """

    def __init__(
        self, rows: Iterable[tuple[str, int, Decimal]], *, age_ms: int = MID_AGE_MS
    ) -> None:
        self._age_ms = age_ms
        found: dict[str, list[tuple[int, Decimal]]] = {}
        for symbol, at_ms, mid in rows:
            found.setdefault(symbol, []).append((at_ms, mid))
        self._rows = {symbol: sorted(each) for symbol, each in found.items()}
        self._times = {symbol: [row[0] for row in each] for symbol, each in self._rows.items()}

    def at(self, symbol: str, at_ms: int) -> Decimal | None:
        """Return the middle at a moment."""
        place = bisect_right(self._times.get(symbol, []), at_ms) - 1
        if place < 0:
            return None
        stamp, mid = self._rows[symbol][place]
        return mid if at_ms - stamp <= self._age_ms else None


class Fill(NamedTuple):
    """A trade of a parent, and where the middle went after it.

    Notes
    -----
    Units: coins, quote per coin, quote, bps.  ``markouts_bps`` are signed by the side, above 0
    where the price went our way; None where no middle is known.  Causal: looks ahead on purpose.
    """

    at_ms: int
    trade_id: str
    price: Decimal
    quantity: Decimal
    mid: Decimal | None
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    markouts_bps: tuple[Decimal | None, ...]


class Shortfall(NamedTuple):
    """What a parent cost against trading all of it at the price that decided, in quote, exactly.

    ``total`` is computed by itself, ``residual`` is what the parts leave of it: 0.
    """

    delay: Decimal
    spread: Decimal
    impact: Decimal
    fees: Decimal
    opportunity: Decimal
    total: Decimal

    @property
    def residual(self) -> Decimal:
        """Return the total less its parts."""
        rest = self.total
        for part in self[:5]:
            rest = EXACT.subtract(rest, part)
        return rest


class Measured(NamedTuple):
    """A parent that is closed: what was decided, what was traded, what it cost.

    Notes
    -----
    ``n_blind`` fills had no middle: their spread is in the impact. ``foreign_fees`` are of assets
    other than the quote and stand in no sum. ``is_end_known`` False: the opportunity is taken as 0.
    ``vwap`` is the market's own price while it was worked, None where no trade of it is known.
    """

    opened: ParentOpened
    closed_at_ms: int
    reason: str
    fills: tuple[Fill, ...]
    n_children: int
    n_refused: int
    shortfall: Shortfall
    n_blind: int
    foreign_fees: Mapping[str, Decimal]
    is_end_known: bool
    vwap: Decimal | None = None

    @property
    def vwap_bps(self) -> Decimal | None:
        r"""Return by how much it traded worse than the market did, in bps of the market's price.

        .. math:: s \, (P_{avg} / VWAP - 1)

        Above 0 is a cost; None where nothing of it traded, or no trade of the market is known.
        """
        filled = self.filled
        if not filled or self.vwap is None:
            return None
        paid = _sum(EXACT.multiply(each.price, each.quantity) for each in self.fills)
        return self.opened.side.sign * (paid / filled / self.vwap - 1) * _BPS

    @property
    def filled(self) -> Decimal:
        """Return what traded."""
        return _sum(each.quantity for each in self.fills)

    def bps(self, amount: Decimal) -> Decimal:
        """Return an amount in bps of the parent at the price that decided."""
        return amount / (self.opened.quantity * self.opened.decision_price) * _BPS

    def traded_bps(self, amount: Decimal) -> Decimal | None:
        """Return an amount in bps of what traded; None where nothing did."""
        traded = self.filled * self.opened.decision_price
        return amount / traded * _BPS if traded else None


class Found(NamedTuple):
    """The parents of a journal that are closed, how many are open, and trades of no parent."""

    parents: tuple[Measured, ...]
    n_open: int
    n_without_parent: int


def measure(events: Iterable[JournalEvent], mids: Mids, tape: Tape | None = None) -> Found:
    """Measure every parent of a journal that is closed.

    Parameters
    ----------
    events : iterable of JournalEvent
        All rows, in order.
    mids : Mids
        Of the symbols traded, from before the first decision to five minutes after the last fill.
    tape : Tape, optional
        The market's trades from the first beginning of a parent to the last end of one.

    Returns
    -------
    Found
        In the order in which parents were opened.

    Notes
    -----
    Units: quote, bps.  Causal: looks ahead for markouts only.  Missing: see ``Measured``.
    METHODS 9.5.
    """
    seen = _Seen()
    for event in events:
        seen.take(event)
    parents = tuple(
        _measured(opened, seen.closed[name], seen, mids, tape)
        for name, opened in seen.opened.items()
        if name in seen.closed
    )
    orphans = sum(not seen.parent_of.get(name) for name, _ in seen.trades.values())
    return Found(parents, len(seen.opened) - len(parents), orphans)


class _Seen:
    """What matters of a journal, by name; a trade is kept once, by the venue's id of it."""

    def __init__(self) -> None:
        self.opened: dict[str, ParentOpened] = {}
        self.closed: dict[str, ParentClosed] = {}
        self.parent_of: dict[str, str] = {}
        self.sent: set[str] = set()
        self.refused: set[str] = set()
        self.trades: dict[tuple[str, str, str], tuple[str, Filled | ExternalFill]] = {}

    def take(self, event: JournalEvent) -> None:
        """Take in a row."""
        if isinstance(event, ParentOpened):
            self.opened.setdefault(event.parent_id, event)
        elif isinstance(event, ParentClosed):
            self.closed.setdefault(event.parent_id, event)
        elif isinstance(event, Intended):
            self.parent_of[event.intent_id] = event.parent_id
        elif isinstance(event, Sending):
            self.sent.add(event.intent_id)
        elif isinstance(event, Refused):
            self.refused.add(event.intent_id)
        elif isinstance(event, Filled | ExternalFill):
            name = event.intent_id if isinstance(event, Filled) else ""
            key = (event.venue, event.symbol, event.trade_id)
            self.trades.setdefault(key, (name, event))
        elif isinstance(event, Attributed):
            key = (event.venue, event.symbol, event.trade_id)
            if key in self.trades:
                self.trades[key] = (event.intent_id, self.trades[key][1])


def _measured(
    opened: ParentOpened, closed: ParentClosed, seen: _Seen, mids: Mids, tape: Tape | None
) -> Measured:
    names = {name for name, parent in seen.parent_of.items() if parent == opened.parent_id}
    trades = sorted(
        (trade for name, trade in seen.trades.values() if name in names),
        key=lambda trade: (trade.traded_at_ms, len(trade.trade_id), trade.trade_id),
    )
    fills = tuple(_fill(opened, each, mids) for each in trades)
    end = closed.mid if closed.mid is not None else mids.at(opened.symbol, closed.at_ms)
    quote = opened.symbol.partition("/")[2].partition(":")[0]
    foreign: dict[str, Decimal] = {}
    for each in fills:
        if each.fee_asset != quote and each.fee:
            foreign[each.fee_asset] = EXACT.add(foreign.get(each.fee_asset, ZERO), each.fee)
    return Measured(
        opened=opened,
        closed_at_ms=closed.at_ms,
        reason=closed.reason,
        fills=fills,
        n_children=len(names & seen.sent),
        n_refused=len(names & seen.refused),
        shortfall=shortfall(opened, fills, end, quote),
        n_blind=sum(each.mid is None for each in fills),
        foreign_fees=foreign,
        is_end_known=end is not None,
        vwap=None if tape is None else tape.vwap(opened.symbol, opened.begin_ms, closed.at_ms),
    )


def _fill(opened: ParentOpened, trade: Filled | ExternalFill, mids: Mids) -> Fill:
    at_ms = trade.traded_at_ms
    after = [mids.at(opened.symbol, at_ms + 1_000 * each) for each in HORIZONS_S]
    return Fill(
        at_ms=at_ms,
        trade_id=trade.trade_id,
        price=trade.price,
        quantity=trade.quantity,
        mid=mids.at(opened.symbol, at_ms),
        fee=trade.fee,
        fee_asset=trade.fee_asset,
        liquidity=trade.liquidity,
        markouts_bps=tuple(
            None if later is None else opened.side.sign * (later - trade.price) / trade.price * _BPS
            for later in after
        ),
    )


def shortfall(
    opened: ParentOpened, fills: Iterable[Fill], end: Decimal | None, quote: str
) -> Shortfall:
    """Return what a parent cost, in parts that are the whole.

    Parameters
    ----------
    opened : ParentOpened
        Side, size, prices of decision and arrival.
    fills : iterable of Fill
        Its trades.
    end : Decimal or None
        The middle when it was closed: what was not filled is valued at it.
    quote : str
        Fees in other assets are left out.

    Notes
    -----
    Units: quote; above 0 is a cost.  Causal: ``end`` is of the closing.  Missing: a fill without a
    middle has its spread in the impact; without an end the opportunity is 0.  Sums and products
    only, in a context that raises before it rounds.  METHODS 9.5; Perold (1988).
    """
    multiply, add, subtract = EXACT.multiply, EXACT.add, EXACT.subtract
    side = Decimal(opened.side.sign)
    decided, arrived = opened.decision_price, opened.arrival_mid
    filled = spread = impact = fees = paid = ZERO
    for each in fills:
        middle = each.price if each.mid is None else each.mid
        filled = add(filled, each.quantity)
        paid = add(paid, multiply(each.price, each.quantity))
        spread = add(spread, multiply(side, multiply(each.quantity, subtract(each.price, middle))))
        impact = add(impact, multiply(side, multiply(each.quantity, subtract(middle, arrived))))
        if each.fee_asset == quote:
            fees = add(fees, each.fee)
    delay = multiply(side, multiply(filled, subtract(arrived, decided)))
    rest = subtract(opened.quantity, filled)
    last = decided if end is None else end
    opportunity = multiply(side, multiply(rest, subtract(last, decided)))
    # on paper all of it is bought at the decision and worth the end; in truth it was not
    paper = multiply(side, multiply(opened.quantity, subtract(last, decided)))
    real = subtract(multiply(side, subtract(multiply(filled, last), paid)), fees)
    return Shortfall(delay, spread, impact, fees, opportunity, subtract(paper, real))


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for each in values:
        total = EXACT.add(total, each)
    return total
