"""What is written down: events, orders and fills, and the bytes they are hashed as.

In: what the decision, the router and the exchange did. Out: frozen records with money in
Decimal, one canonical JSON text for each, and a hash chain over those texts, so that a row that
was changed, dropped or put in cannot hide (Spec 10). Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Self

KINDS: Final = ("decision", "order", "fill", "risk", "health")
ACTIONS: Final = ("buy", "sell", "wait")
SIDES: Final = ("buy", "sell")
LIQUIDITY: Final = ("maker", "taker")

GENESIS: Final = "0" * 64
"""The head of a chain without rows."""

_LEAVES = frozenset({str, int, float, bool, type(None), Decimal, datetime, bytes})
_MAX_DIGITS = 60  # no money has more; "1E+999999" would fill the disk when written out


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One standard event: the twelve fields of Spec 10, unchanged, and the ids that link events.

    Parameters
    ----------
    event_id, kind, run_id : str
        ``kind`` is one of ``KINDS``; ``event_id`` is unique within its run.
    timestamp : datetime
        Aware; the close of the bar for a decision, the instant it happened for the rest.
    symbol, features_hash : str
        The coin, and the hash of the features row that was read ("" where none was).
    engine_votes : mapping
        Engine id -> its ``side``, ``prob`` and ``reliability``.
    consensus_score, size_usd, price, expected_edge_bps, costs_bps : float
        Finite; 0.0 where the kind of event has none.
    action : str
        One of ``ACTIONS``.
    realized_pnl : float or None
        Known only once the trade has closed.
    regime : str
        Name of the regime, in lower case.
    decision_id, order_id, fill_id, risk_id, health_id : str or None
        The events this one comes from: a fill names its order and its decision.
    note : str
        What happened, in words, where no other field says it.

    Notes
    -----
    Units: USD, quote per coin, basis points.  Causal: an event is written once and never changed;
    a realised PnL is a later event that names the decision.  Missing: None where a field allows
    it; NaN is refused.
    Spec 10.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> event = Event(event_id="e1", kind="decision", run_id="r1", symbol="BTC",
    ...               timestamp=datetime(2026, 1, 1, tzinfo=UTC), regime="trend")
    >>> Event.from_json(canonical_json(event.as_dict())) == event
    True
    """

    event_id: str
    kind: str
    run_id: str
    timestamp: datetime
    symbol: str
    regime: str
    features_hash: str = ""
    engine_votes: Mapping[str, Mapping[str, float | int]] = field(default_factory=dict)
    consensus_score: float = 0.0
    action: str = "wait"
    size_usd: float = 0.0
    price: float = 0.0
    expected_edge_bps: float = 0.0
    realized_pnl: float | None = None
    costs_bps: float = 0.0
    decision_id: str | None = None
    order_id: str | None = None
    fill_id: str | None = None
    risk_id: str | None = None
    health_id: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        _require_one_of("Event.kind", self.kind, KINDS)
        _require_one_of("Event.action", self.action, ACTIONS)
        _require_text("Event.event_id", self.event_id)
        _require_text("Event.run_id", self.run_id)
        _require_aware("Event.timestamp", self.timestamp)
        for name in _EVENT_NUMBERS:
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"Event.{name} is {value}, must be finite: write 0.0 or None")

    def as_dict(self) -> dict[str, object]:
        """Return the fields by name, not copied.

        Examples
        --------
        >>> from datetime import UTC, datetime
        >>> Event(event_id="e1", kind="health", run_id="r1", symbol="", regime="",
        ...       timestamp=datetime(2026, 1, 1, tzinfo=UTC)).as_dict()["kind"]
        'health'
        """
        return {name: getattr(self, name) for name in _EVENT_FIELDS}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read an event back from its canonical JSON.

        Examples
        --------
        >>> Event.from_json('{"event_id": 1}')
        Traceback (most recent call last):
        ...
        ValueError: an event has no field 'kind': the text is not an event
        """
        values = json.loads(text)
        for name in ("event_id", "kind", "run_id", "timestamp", "symbol", "regime"):
            if name not in values:
                raise ValueError(f"an event has no field {name!r}: the text is not an event")
        values["timestamp"] = datetime.fromisoformat(values["timestamp"])
        return cls(**values)


_EVENT_FIELDS = tuple(item.name for item in fields(Event))
_EVENT_NUMBERS = (
    "consensus_score",
    "size_usd",
    "price",
    "expected_edge_bps",
    "realized_pnl",
    "costs_bps",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A parent order as it was decided; quantities and prices in Decimal.

    Notes
    -----
    Units: ``quantity`` in coins, ``limit_price`` in quote per coin (None: no limit).
    Causal: ``created_at`` is the close of the bar that decided it.  Missing: none allowed.
    Spec 8.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> Order(order_id="o1", run_id="r1", decision_id="e1", venue="sim", symbol="BTC", side="buy",
    ...       quantity=Decimal("0.1"), created_at=datetime(2026, 1, 1, tzinfo=UTC)).style
    'limit'
    """

    order_id: str
    run_id: str
    decision_id: str
    venue: str
    symbol: str
    side: str
    quantity: Decimal
    created_at: datetime
    limit_price: Decimal | None = None
    style: str = "limit"
    reason: str = ""
    is_reduce_only: bool = False

    def __post_init__(self) -> None:
        _require_one_of("Order.side", self.side, SIDES)
        _require_aware("Order.created_at", self.created_at)
        _require_positive("Order.quantity", self.quantity)
        if self.limit_price is not None:
            _require_positive("Order.limit_price", self.limit_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """A part of an order that traded; the venue's amounts, in Decimal.

    Notes
    -----
    Units: ``quantity`` in coins, ``price`` in quote per coin, ``fee`` in quote (negative: a
    rebate).  Causal: ``filled_at`` is the venue's stamp.  Missing: none allowed.
    Spec 8.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> Fill(fill_id="f1", order_id="o1", run_id="r1", venue="sim", symbol="BTC", side="buy",
    ...      quantity=Decimal("0.1"), price=Decimal("50000.0"), fee=Decimal("2.5"),
    ...      liquidity="taker", filled_at=datetime(2026, 1, 1, tzinfo=UTC)).notional
    Decimal('5000.00')
    """

    fill_id: str
    order_id: str
    run_id: str
    venue: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    liquidity: str
    filled_at: datetime

    def __post_init__(self) -> None:
        _require_one_of("Fill.side", self.side, SIDES)
        _require_one_of("Fill.liquidity", self.liquidity, LIQUIDITY)
        _require_aware("Fill.filled_at", self.filled_at)
        _require_positive("Fill.quantity", self.quantity)
        _require_positive("Fill.price", self.price)
        _require_decimal("Fill.fee", self.fee)

    @property
    def notional(self) -> Decimal:
        """Return quantity times price, in quote."""
        return self.quantity * self.price


def canonical_json(value: object) -> str:
    """Write a value as the one JSON text that stands for it.

    Parameters
    ----------
    value : object
        Mappings with str keys, sequences, str, int, float, bool, None, Decimal, aware datetime.

    Returns
    -------
    str
        Keys sorted, no blanks; a Decimal is a string without exponent or trailing zeros, a time
        is UTC to the microsecond with a Z.

    Notes
    -----
    Units: as given.  Causal: pure.  Missing: None is null; NaN and infinities are refused.
    Spec 10.

    Examples
    --------
    >>> canonical_json({"b": Decimal("1.50"), "a": datetime(2026, 1, 1, tzinfo=UTC)})
    '{"a":"2026-01-01T00:00:00.000000Z","b":"1.5"}'
    """
    _refuse_odd_keys(value)
    try:
        text = _ENCODER.encode(value)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"not a value with a canonical JSON text: {error}") from error
    return text


def digest(previous: str, payload: str) -> str:
    r"""Return the hash of a row that follows another in a chain.

    .. math:: h_n = \mathrm{BLAKE2b}_{256}(h_{n-1} \,\|\, \text{payload}_n), \quad h_0 = 0

    Parameters
    ----------
    previous : str
        Hash of the row before in 64 hexadecimal digits, ``GENESIS`` for the first.
    payload : str
        The row's canonical JSON.

    Returns
    -------
    str
        64 hexadecimal digits.

    Notes
    -----
    Units: none.  Causal: reads the rows up to this one.  Missing: none allowed.
    Spec 10.

    Examples
    --------
    >>> head = digest(digest(GENESIS, "1"), "2")
    >>> head == digest(digest(GENESIS, "2"), "1")
    False
    """
    before = bytes.fromhex(previous)
    if len(before) != 32:
        raise ValueError(f"a hash has 64 hexadecimal digits, this one {len(previous)}")
    return hashlib.blake2b(before + payload.encode(), digest_size=32).hexdigest()


def stable_id(*parts: str | int) -> str:
    """Return an id that depends on its parts alone: the same run makes the same ids again.

    Examples
    --------
    >>> stable_id("run", "BTC", 7) == stable_id("run", "BTC", 7) != stable_id("run", "BTC7")
    True
    """
    return hashlib.blake2b(canonical_json(parts).encode(), digest_size=16).hexdigest()


def utc_text(instant: datetime) -> str:
    """Write an aware time as UTC to the microsecond with a Z; texts sort as times do.

    Examples
    --------
    >>> utc_text(datetime(2026, 1, 1, 12, tzinfo=UTC))
    '2026-01-01T12:00:00.000000Z'
    """
    _require_aware("the time", instant)
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.isoformat(timespec="microseconds")[:26] + "Z"


def _refuse_odd_keys(value: object) -> None:
    """JSON would turn the key 1 into "1" in silence, so that two keys could become one."""
    if isinstance(value, Mapping):
        try:
            "".join(value)  # the quickest check that every key is a str
        except TypeError as error:
            raise ValueError(f"a key of a mapping is no str: {error}") from error
        value = value.values()
    for item in value if isinstance(value, Iterable) else ():
        if type(item) not in _LEAVES:
            _refuse_odd_keys(item)


def _plain(value: object) -> object:
    """Turn what JSON lacks into what it has."""
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} has none")


def _decimal_text(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"the amount {value} is not finite")
    exponent = value.as_tuple().exponent
    if max(abs(value.adjusted()), abs(int(exponent))) > _MAX_DIGITS:
        raise ValueError(f"the amount {value} has more than {_MAX_DIGITS} digits")
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _require_one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}, must be one of {', '.join(allowed)}")


def _require_text(name: str, value: str) -> None:
    if not value:
        raise ValueError(f"{name} is empty: give it an id, see stable_id")


def _require_aware(name: str, value: datetime) -> None:
    if value.utcoffset() is None:
        raise ValueError(f"{name} is {value} without a time zone: all times here are aware")


def _require_decimal(name: str, value: Decimal) -> None:
    if type(value) is not Decimal:
        raise ValueError(f"{name} is a {type(value).__name__}, money is a Decimal")
    if not value.is_finite():
        raise ValueError(f"{name} is {value}, must be finite")


def _require_positive(name: str, value: Decimal) -> None:
    _require_decimal(name, value)
    if value <= 0:
        raise ValueError(f"{name} is {value}, must be above 0")


_ENCODER = json.JSONEncoder(
    allow_nan=False, default=_plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True
)
