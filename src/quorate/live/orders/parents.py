"""Parent orders in the journal: what was decided, how it is to be executed, and when it was over.

A parent is written before its first child, so that a restart knows what is left of it. Children
bear its id; how far it has come is what their rows say and stands nowhere else.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from quorate.venues.base import PositionSide, Side, require_amount, require_decimal


class Schedule(StrEnum):
    """When children are sent: at once, evenly over time, or with the volume of the market."""

    IMMEDIATE = "immediate"
    TWAP = "twap"
    POV = "pov"


class Placing(StrEnum):
    """Where a child stands: it takes, takes and waits, or only waits."""

    MARKETABLE = "marketable"
    LIMIT = "limit"
    POST_ONLY = "post_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentOpened:
    """J0: a parent order as it was decided; durable before its first child is.

    Parameters
    ----------
    parent_id : str
        From ``ids.parent_id``; unique for good.
    quantity : Decimal
        What all children together never exceed.
    schedule, placing, display : Schedule, Placing, Decimal
        The three axes of execution; ``display`` 0 shows all.
    style : str
        The one word for them (Spec 8).
    worst_price : Decimal
        On the grid; no child is priced beyond it.
    begin_ms, deadline_ms, slice_ms, rest_ms : int
        First child, last moment, length of a slice, how long a child rests before one may take.
    participation, urgency : Decimal
        Share of the volume of a POV, itself included; of a TWAP kappa T, 0 is an even pace.
    budget_bps : Decimal or None
        What taking may cost one way, half the spread and the fee; None: whatever it costs.
    decision_price, arrival_mid : Decimal
        The close that decided, and the middle of the book when the parent was opened.
    expected_spread_bps, expected_impact_bps, expected_fee_bps, expected_delay_bps : Decimal
        What the decision's model of costs said, one way.
    participation_expected : Decimal
        Size over the volume expected while it works: what impact is regressed on.

    Notes
    -----
    Units: coins, quote per coin, bps, ms since 1970.  Causal: written before any child.
    Missing: 0 where a number does not apply.  Spec 8, METHODS 9.2.
    """

    at_ms: int
    parent_id: str
    venue: str
    symbol: str
    side: Side
    quantity: Decimal
    position_side: PositionSide = PositionSide.BOTH
    is_reduce_only: bool = False
    schedule: Schedule = Schedule.IMMEDIATE
    placing: Placing = Placing.MARKETABLE
    display: Decimal = Decimal(0)
    style: str = ""
    worst_price: Decimal
    begin_ms: int
    deadline_ms: int
    slice_ms: int = 300_000
    rest_ms: int = 60_000
    n_reprices: int = 3
    participation: Decimal = Decimal(0)
    urgency: Decimal = Decimal(0)
    budget_bps: Decimal | None = None
    decision_price: Decimal
    arrival_mid: Decimal
    expected_spread_bps: Decimal = Decimal(0)
    expected_impact_bps: Decimal = Decimal(0)
    expected_fee_bps: Decimal = Decimal(0)
    expected_delay_bps: Decimal = Decimal(0)
    participation_expected: Decimal = Decimal(0)
    cycle: str = ""
    strategy: str = ""
    purpose: str = ""

    def __post_init__(self) -> None:
        for name in ("quantity", "worst_price", "decision_price", "arrival_mid"):
            require_amount(f"ParentOpened.{name}", getattr(self, name))
        for name in ("display", "participation", "urgency", "participation_expected"):
            require_amount(f"ParentOpened.{name}", getattr(self, name), is_zero_allowed=True)
        for name in ("spread", "impact", "fee", "delay"):
            require_decimal(f"expected_{name}_bps", getattr(self, f"expected_{name}_bps"))
        if not (self.parent_id and self.venue and self.symbol):
            raise ValueError("a parent order needs its id, a venue and a symbol")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentClosed:
    """J0: no child of a parent is sent any more; ``mid`` is that of the moment, None if unknown."""

    at_ms: int
    parent_id: str
    reason: str
    mid: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ParentOrder:
    """A parent order of a book: as it was opened, and when and why it was closed."""

    opened: ParentOpened
    closed_at_ms: int | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Say whether children of it may still be sent."""
        return self.closed_at_ms is None
