"""Bugs to plant where answers are read and where verdicts are found; each must be seen."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from quorate.live.orders import resolver
from quorate.live.orders.inquiry import OrderAnswer
from quorate.venues.account import outcomes, pushes, views, wire
from quorate.venues.account import venue as venues
from quorate.venues.account.venue import CcxtVenue
from quorate.venues.base import Absent, Accepted, Found, Listed, Unanswered, Uncertain

if TYPE_CHECKING:
    from collections.abc import Iterator


def _patched(place: Any, name: str, value: Any) -> Any:
    """Return a bug that puts something else in the place of a function or a number."""

    @contextmanager
    def bug() -> Iterator[None]:
        with mock.patch.object(place, name, value):
            yield

    return bug


def _rather(name: str, instead: Any) -> Any:
    """Return a bug of a question: ``instead`` has the real answer and what was asked."""
    real = getattr(CcxtVenue, name)

    async def ask(self: Any, *given: Any, **named: Any) -> Any:
        return instead(self, await real(self, *given, **named), given)

    return _patched(CcxtVenue, name, ask)


# where answers are read -------------------------------------------------------------------------
_ORDER_VIEW = views.order_view


def _trusting(row: Any, dialect: Any, *, is_conditional: bool) -> Any:
    info = row.get("info") if isinstance(row, dict) else None
    if isinstance(info, dict) and not row.get("id"):
        row = {**row, "id": "1"}
    return _ORDER_VIEW(row, dialect, is_conditional=is_conditional)


def _unchecked_amount(row: Any, name: str, usual: Any = None) -> Decimal:
    return Decimal(str(row.get(name) if row.get(name) is not None else usual))


def _unchecked_place(found: Any, placement: Any, dialect: Any) -> Any:
    try:
        return Accepted(_ORDER_VIEW(found, dialect, is_conditional=placement.is_conditional))
    except ValueError as error:
        return Uncertain(str(error))


def _unchecked_cancel(found: Any, _: Any, dialect: Any) -> Any:
    try:
        return Accepted(_ORDER_VIEW(found, dialect, is_conditional=False))
    except ValueError as error:
        return Uncertain(str(error))


async def _unchecked_order(self: Any, symbol: str, name: str, **_: Any) -> Any:
    call = self._dialect.look(self._instances.trade, symbol, name, False)
    return await self._looked_up(call, is_conditional=False)


any_order_answers_for_ours = _patched(venues, "placed", _unchecked_place)
any_cancel_answers_for_ours = _patched(venues, "taken_back", _unchecked_cancel)
any_order_is_the_one_asked_for = _patched(CcxtVenue, "order", _unchecked_order)
an_order_needs_no_number = _patched(outcomes, "order_view", _trusting)
an_amount_is_any_text = _patched(views, "amount", _unchecked_amount)
silence_is_an_empty_list = _rather(
    "open_orders", lambda _, found, __: Listed((), 0) if isinstance(found, Unanswered) else found
)
silence_is_no_position = _rather(
    "positions", lambda _, found, __: Listed((), 0) if isinstance(found, Unanswered) else found
)
silence_is_no_trade = _rather(
    "trades", lambda _, found, __: Listed((), 0) if isinstance(found, Unanswered) else found
)
ANSWERS: Final = {
    name: value
    for name, value in list(globals().items())
    if callable(value) and not name.startswith("_") and value.__name__ == "bug"
}


# where frames are read --------------------------------------------------------------------------
a_frame_ends_the_listening = _patched(wire, "_outlive", lambda _: None)
what_ccxt_makes_of_a_frame_is_right = _patched(pushes, "_require_said", lambda *_: None)
a_stop_is_any_order = _patched(
    pushes,
    "order_view",
    lambda row, dialect, **_: _ORDER_VIEW(row, dialect, is_conditional=False),
)
an_amount_pushed_is_any_text = _patched(views, "amount", _unchecked_amount)
FRAMES: Final = {
    each: globals()[each]
    for each in (
        "a_frame_ends_the_listening",
        "what_ccxt_makes_of_a_frame_is_right",
        "a_stop_is_any_order",
        "an_amount_pushed_is_any_text",
    )
}


# where verdicts are found -----------------------------------------------------------------------
_STEP, _EVIDENT, _CONTRADICTS = resolver.step, resolver._evident, resolver._contradicts


def _silence_is_absence(state: Any, heard: Any, now_ms: int) -> Any:
    if isinstance(getattr(heard, "outcome", None), Unanswered):
        is_one = isinstance(heard, OrderAnswer)
        heard = replace(heard, outcome=Absent("-2013", now_ms) if is_one else Listed((), now_ms))
    return _STEP(state, heard, now_ms)


def _one_book(state: Any, question: Any, at_ms: int) -> Any:
    for each in resolver._ALL:
        state = _EVIDENT(state, each, at_ms)
    return _EVIDENT(state, question, at_ms)


def _found_is_unheard(case: Any, heard: Any) -> Any:  # noqa: ARG001
    return None


def _nothing_found_is_present(state: Any, heard: Any, now_ms: int) -> Any:
    if isinstance(heard, OrderAnswer) and isinstance(heard.outcome, Found | Unanswered):
        return replace(state, is_over=True), (resolver.Present(state.case.intent_id, None),)
    return _STEP(state, heard, now_ms)


@contextmanager
def the_fence_is_open() -> Iterator[None]:
    """Believe absence while a copy may still arrive."""
    with (
        mock.patch.object(resolver, "MARGIN_MS", -20_000),
        mock.patch.object(resolver, "LEAST_ROUNDS", 1),
        mock.patch.object(resolver, "LEAST_SPREAD_MS", 0),
    ):
        yield


silence_is_absence = _patched(resolver, "step", _silence_is_absence)
one_book_is_enough = _patched(resolver, "_evident", _one_book)
what_is_found_is_not_heard = _patched(resolver, "_found", _found_is_unheard)
silence_is_presence = _patched(resolver, "step", _nothing_found_is_present)
it_never_ends = _patched(resolver, "_absence", lambda _: None)
VERDICTS: Final = {
    each: globals()[each]
    for each in (
        "the_fence_is_open",
        "one_book_is_enough",
        "what_is_found_is_not_heard",
        "silence_is_presence",
        "silence_is_absence",
        "it_never_ends",
    )
}
