"""What an answer of 200 says of an order: that it is there, if it is ours and can be read.

In: what ccxt made of an answer, and what was asked. Out: ``Accepted``, or ``Uncertain`` with the
reason: a good status with an empty body, or of another order, proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quorate.venues.account.views import acknowledged, order_view
from quorate.venues.base import (
    Absent,
    Accepted,
    Mutation,
    Placement,
    Rejected,
    Unanswered,
    Uncertain,
)

if TYPE_CHECKING:
    from quorate.venues.account.dialect import Dialect
    from quorate.venues.account.wire import Reply, Talk


def placed(found: Any, placement: Placement, dialect: Dialect) -> Mutation:
    """Say what an answer to an order that was sent proves.

    Notes
    -----
    Units: coins.  Causal: of one answer.  Missing: a venue that only acknowledges names the id.
    RELIABILITY 0.4.
    """
    try:
        if dialect.is_acknowledged:
            return Accepted(acknowledged(found, placement, placement.sent_at_ms))
        view = order_view(found, dialect, is_conditional=placement.is_conditional)
    except ValueError as error:
        return Uncertain(f"the answer of 200 cannot be read: {error}")
    wanted = (placement.client_id, placement.symbol, placement.quantity)
    told = (view.client_id, view.symbol, view.quantity)
    return Accepted(view) if told == wanted else Uncertain(f"sent {wanted}, was told of {told}")


def taken_back(found: Any, client_id: str, dialect: Dialect) -> Mutation:
    """Say what an answer to a cancel proves; see ``placed``."""
    try:
        view = order_view(found, dialect, is_conditional=False)
    except ValueError as error:
        return Uncertain(f"the answer of 200 cannot be read: {error}")
    if view.client_id != client_id:
        return Uncertain(f"took {client_id} back, was told of {view.client_id!r}")
    return Accepted(view)


def turned_down(reply: Reply, dialect: Dialect) -> Rejected | Uncertain:
    """Say what a reply other than 200 means for an order: refused, or nobody knows."""
    named = (reply.status, reply.code)
    if named in dialect.refusals | dialect.gone | dialect.absent:
        return Rejected(reply.code, reply.text[:500], reply.is_by_key)
    return Uncertain(f"{reply.status} {reply.code}: {reply.text[:200]}")


def absent(talk: Talk, dialect: Dialect) -> Absent | Unanswered:
    """Say that there is no order, where every answer that led to it was a list."""
    if talk.heard and all(dialect.is_list(each.text) for each in talk.heard):
        return Absent("", min(each.at_ms for each in talk.heard))
    return Unanswered("the answer is no list")
