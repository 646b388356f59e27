"""What became of an order without an answer: a machine of questions and answers, without either.

In: answers of the venue, each with the venue's time, and our own clock to pace the rounds. Out:
what to ask and when, or a verdict. Being found is proof at once. Absence is proved only by all of:

1. the venue's own time is past the fence, ``sent + window + 2 s``: no copy can come in any more;
2. three rounds or more in which the venue itself said in both books that there is no such order,
   the first and the last 30 s apart, all after the fence; our clock has to agree that the time
   passed, for a clock that jumps is no evidence either;
3. in each of these no open order, no trade and no move of the position speaks for the order;
4. the user stream is live, or was brought up to date again.

No answer is no evidence: it moves nothing. A contradiction throws the evidence away. Until there is
a verdict the order stays in doubt, at its full size; after ten minutes a human is told, once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from quorate.live.orders.book import EXACT, ZERO
from quorate.live.orders.inquiry import (
    Ask,
    Case,
    NotPlaced,
    OpenAnswer,
    OrderAnswer,
    Page,
    PositionAnswer,
    Present,
    Question,
    StreamSaid,
    TradesAnswer,
    WakeAt,
)
from quorate.records import canonical_json
from quorate.venues.base import Absent, Found, Listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.live.orders.inquiry import Heard, Said
    from quorate.venues.base import OrderView, Trade

FIRST_GAP_MS: Final = 500
LONGEST_GAP_MS: Final = 8_000
SLOW_GAP_MS: Final = 30_000
SLOW_AFTER_MS: Final = 120_000
MARGIN_MS: Final = 2_000
LEAST_ROUNDS: Final = 3
LEAST_SPREAD_MS: Final = 30_000
PAGE_AFTER_MS: Final = 600_000
KEPT_ROUNDS: Final = 32

_ALL: Final = tuple(Question)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where an inquiry stands.

    Parameters
    ----------
    n_round, asked_at_ms : int
        The round that was asked last, from 1, and when.
    absent_at : mapping
        Of this round: question -> the venue's time, where the answer speaks for absence.
    answered : frozenset
        What was answered in this round, with whatever.
    clean : tuple
        The rounds that prove absence so far: the venue's time of the first and of the last
        answer, and when the round was asked by our clock.
    is_over, is_paged, is_current : bool
        A verdict was given; a human was told; the user stream is live.
    """

    case: Case
    doubted_at_ms: int
    next_at_ms: int
    n_round: int = 0
    asked_at_ms: int = 0
    gap_ms: int = FIRST_GAP_MS
    absent_at: Mapping[Question, int] = field(default_factory=dict)
    answered: frozenset[Question] = frozenset()
    clean: tuple[tuple[int, int, int], ...] = ()
    is_over: bool = False
    is_paged: bool = False
    is_current: bool = False

    @property
    def fence_ms(self) -> int:
        """Return the venue's time after which the order can no longer come in."""
        return self.case.sent_at_ms + self.case.window_ms + MARGIN_MS


def init(case: Case, now_ms: int) -> tuple[State, tuple[Said, ...]]:
    """Begin an inquiry: the first round comes after half a second.

    Parameters
    ----------
    case : Case
        The order in doubt.
    now_ms : int
        Our clock; it paces rounds and is no evidence.

    Returns
    -------
    state, said : State, tuple
        The state, and when to come back.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from quorate.venues.base import PositionSide, Side
    >>> case = Case(intent_id="i", client_id="q", symbol="BTCUSDT", side=Side.BUY,
    ...             position_side=PositionSide.BOTH, quantity=Decimal(1), sent_at_ms=0,
    ...             window_ms=5000)
    >>> state, said = init(case, 1000)
    >>> said, state.fence_ms
    ((WakeAt(at_ms=1500),), 7000)
    """
    first_ms = now_ms + FIRST_GAP_MS
    return State(case=case, doubted_at_ms=now_ms, next_at_ms=first_ms), (WakeAt(first_ms),)


def step(state: State, heard: Heard, now_ms: int) -> tuple[State, tuple[Said, ...]]:
    """Take in one answer, or the time, and say what to do.

    Parameters
    ----------
    state : State
        Left as it is.
    heard : Heard
        An answer of a round that is over proves no absence any more; it may find the order, or
        contradict. Of an inquiry that is over nothing is taken.
    now_ms : int
        Our clock.

    Returns
    -------
    state, said : State, tuple
        Questions, when to come back, a page, or one verdict, after which nothing is said.

    Notes
    -----
    Units: ms.  Causal: reads nothing but its arguments.  Missing: no answer counts for nothing.
    """
    if state.is_over:
        return state, ()
    said: list[Said] = []
    verdict: Present | NotPlaced | None = None
    if isinstance(heard, StreamSaid):
        state = replace(state, is_current=heard.is_current)
    elif isinstance(heard, OrderAnswer | OpenAnswer | TradesAnswer | PositionAnswer):
        state, verdict = _answer(state, heard)
    verdict = verdict or _absence(state)
    if verdict is not None:
        return replace(state, is_over=True), (verdict,)
    if not state.is_paged and now_ms - state.doubted_at_ms >= PAGE_AFTER_MS:
        minutes = PAGE_AFTER_MS // 60_000
        text = f"{state.case.symbol}: {minutes} minutes, {len(state.clean)} rounds found nothing"
        said.append(Page(state.case.intent_id, text))
        state = replace(state, is_paged=True)
    state, asked = _pace(state, now_ms)
    return state, (*said, *asked)


def _pace(state: State, now_ms: int) -> tuple[State, tuple[Said, ...]]:
    """Begin the next round when its time has come; the one before may never be answered."""
    if now_ms < state.next_at_ms:
        return state, (WakeAt(state.next_at_ms),)
    is_slow = now_ms - state.doubted_at_ms >= SLOW_AFTER_MS
    gap_ms = SLOW_GAP_MS if is_slow else min(2 * state.gap_ms, LONGEST_GAP_MS)
    state = replace(
        state,
        n_round=state.n_round + 1,
        asked_at_ms=now_ms,
        next_at_ms=now_ms + gap_ms,
        gap_ms=gap_ms,
        absent_at={},
        answered=frozenset(),
    )
    return state, (Ask(state.n_round, _ALL), WakeAt(state.next_at_ms))


def _answer(
    state: State, heard: OrderAnswer | OpenAnswer | TradesAnswer | PositionAnswer
) -> tuple[State, Present | None]:
    """Take in an answer: a verdict, evidence of absence, a contradiction, or nothing."""
    found = _found(state.case, heard)
    if found is not None:
        return state, found
    question = _question(heard)
    is_late = heard.n_round != state.n_round or question in state.answered
    if not is_late:
        state = replace(state, answered=state.answered | {question})
    if _contradicts(state.case, heard):
        return replace(state, clean=()), None  # however late
    if isinstance(heard.outcome, Absent | Listed) and not is_late:
        state = _evident(state, question, heard.outcome.venue_time_ms)
    return state, None


def _question(heard: OrderAnswer | OpenAnswer | TradesAnswer | PositionAnswer) -> Question:
    if isinstance(heard, TradesAnswer):
        return Question.TRADES
    if isinstance(heard, PositionAnswer):
        return Question.POSITION
    return heard.question


def _found(
    case: Case, heard: OrderAnswer | OpenAnswer | TradesAnswer | PositionAnswer
) -> Present | None:
    """Return the verdict, if an answer shows the order itself, by its id and its symbol."""
    if isinstance(heard, OrderAnswer) and isinstance(heard.outcome, Found):
        view = heard.outcome.view
        return Present(case.intent_id, view) if _is_ours(case, view) else None
    if isinstance(heard, OpenAnswer) and isinstance(heard.outcome, Listed):
        views = [view for view in heard.outcome.items if _is_ours(case, view)]
        return Present(case.intent_id, views[0]) if views else None
    if isinstance(heard, TradesAnswer) and isinstance(heard.outcome, Listed):
        trades = tuple(trade for trade in heard.outcome.items if _is_ours(case, trade))
        return Present(case.intent_id, None, trades) if trades else None
    return None


def _is_ours(case: Case, item: OrderView | Trade) -> bool:
    return (item.client_id, item.symbol) == (case.client_id, case.symbol)


def _contradicts(
    case: Case, heard: OrderAnswer | OpenAnswer | TradesAnswer | PositionAnswer
) -> bool:
    """Say whether a list shows what only this order, or a stranger, can have done."""
    if isinstance(heard, TradesAnswer) and isinstance(heard.outcome, Listed):
        return any(
            not trade.client_id
            and (trade.symbol, trade.side) == (case.symbol, case.side)
            and trade.venue_order_id not in heard.explained
            and trade.at_ms >= case.sent_at_ms - MARGIN_MS
            for trade in heard.outcome.items
        )
    if isinstance(heard, PositionAnswer) and isinstance(heard.outcome, Listed):
        held = ZERO
        for item in heard.outcome.items:
            if (item.symbol, item.position_side) == (case.symbol, case.position_side):
                held = EXACT.add(held, item.quantity)
        return held != heard.expected
    return False


def _evident(state: State, question: Question, venue_time_ms: int) -> State:
    """Note that an answer speaks for absence, and the round, if all six do after the fence."""
    absent_at = {**state.absent_at, question: venue_time_ms}
    state = replace(state, absent_at=absent_at)
    waited_ms = state.asked_at_ms - state.doubted_at_ms
    if (
        len(absent_at) < len(_ALL)
        or min(absent_at.values()) <= state.fence_ms
        or waited_ms <= state.case.window_ms + MARGIN_MS
    ):
        return state
    entry = (min(absent_at.values()), max(absent_at.values()), state.asked_at_ms)
    clean = (*state.clean, entry)
    if len(clean) > KEPT_ROUNDS:
        clean = (clean[0], *clean[2:])
    return replace(state, clean=clean)


def _absence(state: State) -> NotPlaced | None:
    """Return the verdict that there is no such order, if all that it needs is there."""
    if state.case.was_seen or not state.is_current or len(state.clean) < LEAST_ROUNDS:
        return None
    first, last = state.clean[0], state.clean[-1]
    if last[0] - first[1] < LEAST_SPREAD_MS or last[2] - first[2] < LEAST_SPREAD_MS:
        return None
    evidence = {
        "client_id": state.case.client_id,
        "fence_ms": state.fence_ms,
        "rounds": [list(entry) for entry in state.clean],
        "n_rounds_asked": state.n_round,
    }
    return NotPlaced(state.case.intent_id, canonical_json(evidence))
