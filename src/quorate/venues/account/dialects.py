"""In which words a venue speaks of orders: states, refusals, and what "there is none" looks like.

A refusal is listed only where the venue certainly executed nothing. What is not listed is not
known, and an order that may be there is looked up, never sent again.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.venues.account.views import UnreadableError, amount
from quorate.venues.base import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Dialect(NamedTuple):
    """How one venue answers.

    Parameters
    ----------
    ccxt : str
        ccxt's name for it.
    statuses : mapping
        The venue's word for the state of an order -> ours.
    refusals : frozenset
        (HTTP status, code) after which an order is certainly not there.
    absent : frozenset
        (HTTP status, code) by which the venue says that it has no such order.
    gone : frozenset
        (HTTP status, code) of a cancel that found nothing to cancel: the order may have filled.
    kept : frozenset
        (HTTP status, code) of "it is so already".
    options : mapping
        ccxt's options.
    has_own_conditional : bool
        Whether stops live in a book and under ids of their own.
    is_list : callable
        Whether a reply is a list as the venue sends one; what ccxt makes an empty list of is not.
    held : callable
        The symbols that the account itself says it holds, of its raw reply; ValueError where that
        says nothing of positions.
    """

    ccxt: str
    statuses: Mapping[str, OrderStatus]
    refusals: frozenset[tuple[int, str]]
    absent: frozenset[tuple[int, str]]
    gone: frozenset[tuple[int, str]]
    kept: frozenset[tuple[int, str]]
    options: Mapping[str, object]
    has_own_conditional: bool
    is_list: Callable[[str], bool]
    held: Callable[[object], list[str]]


def _held(account: object) -> list[str]:
    """Return what the account of Binance futures says it holds."""
    rows = account.get("positions") if isinstance(account, dict) else None
    if not isinstance(rows, list):
        raise UnreadableError("the account says nothing of positions")
    return [str(each["symbol"]) for each in rows if amount(each, "positionAmt")]


_BINANCE_400: Final = (
    # what was asked could not be read, or is outside a filter
    *(-1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1112, -1114, -1115, -1116, -1117),
    *(-1118, -1119, -1120, -1121, -1125, -1127, -1128, -1130, -1131, -1013),
    # too old, too early, or not signed
    *(-1021, -1022),
    # what the account has or is set to
    *(-2010, -2018, -2019, -2021, -2022, -2025, -2026, -2027, -2028),
    # filters and modes of contracts
    *(-4001, -4002, -4003, -4004, -4005, -4006, -4007, -4012, -4013, -4014, -4015, -4016, -4023),
    *(-4024, -4028, -4029, -4045, -4055, -4061, -4062, -4118, -4120, -4131, -4136, -4137, -4138),
    *(-4140, -4164, -5021, -5022),
)
BINANCE_FUTURES: Final = Dialect(
    ccxt="binanceusdm",
    statuses=MappingProxyType(
        {
            "NEW": OrderStatus.NEW,
            "PARTIALLY_FILLED": OrderStatus.PARTIAL,
            "FILLED": OrderStatus.FILLED,
            "CANCELED": OrderStatus.CANCELED,
            "REJECTED": OrderStatus.REJECTED,
            "EXPIRED": OrderStatus.EXPIRED,
            "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
            # a stop whose order has been placed lives on under that order
            "TRIGGERING": OrderStatus.NEW,
            "TRIGGERED": OrderStatus.NEW,
            "FINISHED": OrderStatus.NEW,
        }
    ),
    refusals=frozenset(
        {
            *((400, str(code)) for code in _BINANCE_400),
            (401, "-2014"),
            (401, "-2015"),
            (429, "-1003"),
            (429, "-1015"),
            (418, "-1003"),
            (503, "-1008"),
        }
    ),
    absent=frozenset({(400, "-2013")}),
    gone=frozenset({(400, "-2011")}),
    kept=frozenset({(400, "-4046"), (400, "-4059")}),
    options=MappingProxyType(
        {
            "fetchCurrencies": False,
            "fetchMarkets": {"types": ["linear"]},
            "warnOnFetchOpenOrdersWithoutSymbol": False,
            "adjustForTimeDifference": False,
        }
    ),
    has_own_conditional=True,
    is_list=lambda text: text.startswith("[") and text.endswith("]"),
    held=_held,
)
"""-4116 is not among the refusals: an order of this id is there, perhaps this very one."""

DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType({"binance_usdm": BINANCE_FUTURES})
"""By the name that the journal knows a venue by."""
