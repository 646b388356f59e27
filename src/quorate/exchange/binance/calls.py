"""A request that was let in, and what its answers have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from quorate.exchange.access import Lags
from quorate.exchange.binance.asking import RefusedError, given, whole
from quorate.exchange.binance.codes import FUTURES, error
from quorate.exchange.matching.orders import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.exchange.access import Key
    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.orders import Reason

__all__ = ["Call", "Lags", "is_within", "known", "named"]

Answer = TypeVar("Answer")


class Call(NamedTuple):
    """Who asks, its parameters, and how far the replicas are behind."""

    account: Account
    key: Key
    query: Mapping[str, str]
    lags: Lags = Lags()

    @property
    def of_symbol(self) -> str:
        """The symbol it names."""
        return given(self.query, "symbol")


def known(answer: Answer | Refusal, table: Mapping[Reason, tuple[int, str]] = FUTURES) -> Answer:
    """Return what the engine answered; a refusal of its is raised as Binance's error."""
    if isinstance(answer, Refusal):
        raise error(answer, table)
    return answer


def named(query: Mapping[str, str], number: str, text: str) -> tuple[int | None, str | None]:
    """Return the id of an order and its client id, one of which there must be."""
    order_id = whole(query, number)
    client_id = query.get(text) or None
    if order_id is None and client_id is None:
        raise RefusedError(
            -1102, f"Param '{text}' or '{number}' must be sent, but both were empty."
        )
    return order_id, client_id


def is_within(at_ms: int, start_ms: int | None, end_ms: int | None) -> bool:
    """Whether a time lies between two, both included, None where open.

    Examples
    --------
    >>> is_within(5, None, 5), is_within(5, 6, None)
    (True, False)
    """
    return (start_ms is None or at_ms >= start_ms) and (end_ms is None or at_ms <= end_ms)
