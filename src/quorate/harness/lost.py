"""Orders whose replies were lost, and the verdicts of the resolver on them: thousands a minute.

No client and no exchange: each order has a fate (it came to be at once, later, or never), the venue
answers each question as its replicas know by then, or does not answer, or from another time; the
resolver alone decides. What became of it is known here, so that every verdict can be judged.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.exchange.matching.flow import noise, uniform
from quorate.live.orders import resolver
from quorate.live.orders.inquiry import (
    Ask,
    Case,
    NotPlaced,
    OpenAnswer,
    OrderAnswer,
    PositionAnswer,
    Present,
    Question,
    StreamSaid,
    Ticked,
    TradesAnswer,
    WakeAt,
)
from quorate.venues.base import (
    Absent,
    Found,
    Liquidity,
    Listed,
    OrderKind,
    OrderStatus,
    OrderView,
    PositionSide,
    PositionView,
    Side,
    Trade,
    Unanswered,
)

if TYPE_CHECKING:
    from quorate.live.orders.inquiry import Heard, Said

WINDOW_MS: Final = 5_000
SYMBOL: Final = "BTC/USDT:USDT"
_SENT_MS: Final = 1_700_000_000_000
_LONGEST_MS: Final = 7_200_000
_POOR_MS: Final = 1_800_000
"""How long half the questions may stay without an answer: a round needs all of them."""


class Lost(NamedTuple):
    """What came of lost replies.

    Notes
    -----
    Units: virtual ms from the doubt to the verdict, at the 99th percentile, of orders of which the
    venue answered every question; ``wrong`` are seeds with a wrong verdict or none.
    """

    replies: int
    n_present: int
    n_absent: int
    p99_present_ms: int
    p99_absent_ms: int
    wrong: tuple[int, ...]


class _Fate(NamedTuple):
    """What really became of an order: when it came to be (None: never), traded, and ended."""

    made_ms: int | None
    traded: Decimal
    ended_ms: int | None
    lag_ms: int
    skew_ms: int
    silence: float
    dark_until_ms: int


def lost_replies(count: int, *, first_seed: int = 1) -> Lost:
    """Let the resolver find out what became of so many orders.

    Parameters
    ----------
    count : int
        How many.
    first_seed : int
        Of the first.

    Returns
    -------
    Lost
        How long it took, and each verdict that was wrong.

    Notes
    -----
    Units: ms.  Causal: by the seeds alone.  Missing: none.
    RELIABILITY 3, 6.

    Examples
    --------
    >>> lost_replies(20).wrong
    ()
    """
    wrong: list[int] = []
    present: list[int] = []
    absent: list[int] = []
    n_present = 0
    for seed in range(first_seed, first_seed + count):
        fate = _drawn(seed)
        said, took_ms = _resolved(fate, seed)
        is_there = fate.made_ms is not None
        n_present += is_there
        if isinstance(said, Present) is not is_there or said is None:
            wrong.append(seed)
        elif not fate.silence and not fate.dark_until_ms:
            (present if is_there else absent).append(took_ms)
    return Lost(count, n_present, count - n_present, _p99(present), _p99(absent), tuple(wrong))


def _drawn(seed: int) -> _Fate:
    kind = noise(seed, 70) % 4  # at once twice, held up, never
    skew_ms = noise(seed, 71) % 1_900 - 950
    made_ms: int | None = _SENT_MS
    if kind == 2:  # it is taken only while its stamp is young enough by the venue's own clock
        made_ms = _SENT_MS + noise(seed, 72) % 12_000
        if made_ms + skew_ms > _SENT_MS + WINDOW_MS:
            made_ms = None
    elif kind == 3:
        made_ms = None
    traded = Decimal(noise(seed, 73) % 3) / 2
    ends = made_ms is not None and (traded == 1 or noise(seed, 74) & 1 == 1)
    return _Fate(
        made_ms,
        traded,
        (made_ms or 0) + 50 + noise(seed, 75) % 20_000 if ends else None,
        noise(seed, 76) % 20_000 if noise(seed, 77) & 1 else 0,
        skew_ms,
        uniform(seed, 78) * 0.5 if noise(seed, 79) & 1 else 0.0,
        _SENT_MS + noise(seed, 80) % 900_000 if noise(seed, 81) % 4 == 0 else 0,
    )


def _resolved(fate: _Fate, seed: int) -> tuple[Present | NotPlaced | None, int]:
    """Play one inquiry to its verdict."""
    case = Case(
        intent_id="i",
        client_id="q",
        symbol=SYMBOL,
        side=Side.BUY,
        position_side=PositionSide.BOTH,
        quantity=Decimal(1),
        sent_at_ms=_SENT_MS,
        window_ms=WINDOW_MS,
    )
    doubted_ms = now_ms = _SENT_MS + noise(seed, 82) % 6_000
    state, said = resolver.init(case, now_ms)
    state, more = resolver.step(state, StreamSaid(is_current=True), now_ms)
    said = (*said, *more)
    while now_ms < _SENT_MS + _LONGEST_MS:
        verdict = _verdict(said)
        if verdict is not None:
            return verdict, now_ms - doubted_ms
        asked = [each for each in said if isinstance(each, Ask)]
        wakes = [each.at_ms for each in said if isinstance(each, WakeAt)]
        said = ()
        for ask in asked:
            for question in ask.questions:
                now_ms += 5 + noise(seed, ask.n_round, len(question)) % 40
                heard = _answer(fate, seed, ask.n_round, question, now_ms)
                state, more = resolver.step(state, heard, now_ms)
                said = (*said, *more)
        if not asked:
            now_ms = max(now_ms + 1, *wakes)
            state, said = resolver.step(state, Ticked(), now_ms)
    return None, now_ms - doubted_ms


def _verdict(said: tuple[Said, ...]) -> Present | NotPlaced | None:
    return next((each for each in said if isinstance(each, Present | NotPlaced)), None)


def _answer(fate: _Fate, seed: int, n_round: int, question: Question, now_ms: int) -> Heard:
    """Answer as a replica that lags knows, by the venue's own clock."""
    venue_ms = now_ms + fate.skew_ms
    number = list(Question).index(question)
    is_poor = now_ms < _SENT_MS + _POOR_MS and uniform(seed, 83, n_round, number) < fate.silence
    is_silent = is_poor or now_ms < fate.dark_until_ms
    known_ms = now_ms - (fate.lag_ms * noise(seed, 84, n_round, number) >> 64)
    is_known = fate.made_ms is not None and known_ms >= fate.made_ms
    is_over = fate.ended_ms is not None and known_ms >= fate.ended_ms
    is_conditional = question in {Question.CONDITIONAL_ORDER, Question.CONDITIONAL_OPEN}
    silent = Unanswered("nobody answers")
    if question in {Question.ORDER, Question.CONDITIONAL_ORDER}:
        there = Found(_view(fate, is_over=is_over)) if is_known and not is_conditional else None
        absent = Absent("-2013", venue_ms)
        return OrderAnswer(n_round, question, silent if is_silent else there or absent)
    if question in {Question.OPEN, Question.CONDITIONAL_OPEN}:
        is_open = is_known and not is_over and not is_conditional
        rows = (_view(fate, is_over=False),) if is_open else ()
        return OpenAnswer(n_round, question, silent if is_silent else Listed(rows, venue_ms))
    has_traded = is_known and fate.traded > 0
    if question is Question.TRADES:
        trades = (_trade(fate),) if has_traded else ()
        return TradesAnswer(
            n_round, silent if is_silent else Listed(trades, venue_ms), frozenset({"8"})
        )
    held = (_position(fate.traded),) if has_traded else ()
    return PositionAnswer(n_round, silent if is_silent else Listed(held, venue_ms), Decimal(0))


def _view(fate: _Fate, *, is_over: bool) -> OrderView:
    end = OrderStatus.FILLED if fate.traded == 1 else OrderStatus.CANCELED
    alive = OrderStatus.PARTIAL if fate.traded else OrderStatus.NEW
    return OrderView(
        venue_order_id="7",
        client_id="q",
        symbol=SYMBOL,
        side=Side.BUY,
        kind=OrderKind.LIMIT,
        status=end if is_over else alive,
        raw_status="",
        quantity=Decimal(1),
        filled=fate.traded,
        average_price=None,
        is_conditional=False,
        updated_ms=fate.made_ms or 0,
    )


def _trade(fate: _Fate) -> Trade:
    return Trade(
        trade_id="5",
        venue_order_id="7",
        symbol=SYMBOL,
        side=Side.BUY,
        price=Decimal(100),
        quantity=fate.traded,
        fee=Decimal(0),
        fee_asset="USDT",
        liquidity=Liquidity.TAKER,
        at_ms=fate.made_ms or 0,
    )


def _position(quantity: Decimal) -> PositionView:
    return PositionView(
        symbol=SYMBOL,
        position_side=PositionSide.BOTH,
        quantity=quantity,
        entry_price=None,
        leverage=None,
        updated_ms=0,
    )


def _p99(values: list[int]) -> int:
    return sorted(values)[len(values) * 99 // 100] if values else 0
