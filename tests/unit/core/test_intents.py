"""What is sent for a target: how much, where, how, and what is called back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.unit.backtest.scene import venues
from tests.unit.core.rows import K, codes, numbers

from quorate.core import intents, routing
from quorate.core.account import Code, Column, Rules
from quorate.core.costs import components
from quorate.core.routing import orders
from quorate.core.stances import EXITS_ONLY, Stance
from quorate.core.types import Action, Placement, Reason, Schedule, Style

FREE, FIXED, CLOSE, IDLE = (int(s) for s in (Stance.FREE, Stance.FIXED, Stance.CLOSE, Stance.IDLE))


class Desk:
    """One coin at 100 with a lot of 0.1 on one or two venues."""

    def __init__(self, held: list[int], **changes: Any) -> None:
        n = len(held)
        self.venues = venues(n, 1, **changes.pop("venues", {}))
        self.held = np.array([held], np.int64).T.copy()
        self.working = np.zeros((n, 1), np.int64)
        self.orders = orders.empty(n, 1)
        self.given = {
            "spread": 4.0,
            "status": 1,
            "lasting": 0.5,
            "volume": 10_000.0,
            "room": np.inf,
            "score": 1.0,
            "ranking": 0,
            "open": 0,
            "control": 0,
            **changes,
        }

    def working_order(self, v: int, lots: int) -> Desk:
        orders.place(
            v, 0, lots, 100.0, 101.0, K - 1, 1, K, 0, 0, 4, 0, 0.1, 0.0, False, 1, self.orders,
            self.working,
        )  # fmt: skip
        return self

    def send(
        self, target: float, stance: int = FREE, reason: Reason = Reason.NONE, k: int = K
    ) -> tuple[list[int], Reason, Action]:
        g, n = self.given, len(self.held)
        position = float(self.held.sum() * 10.0)
        self.row = numbers(position_usd=position, target_usd=target, size_usd=0.0)
        self.code = codes(stance=stance, reason=int(reason), style=-1, control=g["control"])
        full = np.ones((n, 1))
        quotes = intents.Quotes(
            100.0 * full,
            5_000.0 * full,
            g["spread"] * full,
            np.full((n, 1), g["status"], np.int8),
            np.full(1, 0.03),
        )
        self.planned, self.entry_edge = np.full(1, np.nan), np.zeros(1)
        self.sent = np.zeros((n, 1), np.int64)
        desk = intents.Desk(
            self.held,
            self.working,
            self.planned,
            self.entry_edge,
            np.full(n, g["room"]),
            np.full(5, g["lasting"]),
            np.array([g["volume"]]),
            self.sent,
        )
        intents.send(
            k,
            np.full(1, g["open"] or g["status"], np.int8),
            np.array([25.0]),
            np.zeros(1, np.int8),
            components.Params(),
            Rules(),
            quotes,
            self.venues,
            routing.Params(ranking=g["ranking"]),
            desk,
            self.orders,
            self.row,
            self.code,
        )
        found = Reason(self.code[Code.REASON, 0]), Action(self.code[Code.ACTION, 0])
        return self.sent[:, 0].tolist(), *found


@pytest.mark.parametrize(
    ("held", "target", "stance", "given", "expected"),
    [
        (0, 500.0, FREE, Reason.NONE, ([50], Reason.ENTRY, Action.BUY)),
        (0, -500.0, FREE, Reason.NONE, ([-50], Reason.ENTRY, Action.SELL)),
        (50, 700.0, FREE, Reason.NONE, ([20], Reason.REBALANCE, Action.BUY)),
        (50, 300.0, FREE, Reason.NONE, ([-20], Reason.REBALANCE, Action.SELL)),
        (50, -300.0, FREE, Reason.NONE, ([-50], Reason.REVERSAL, Action.SELL)),
        (50, 0.0, CLOSE, Reason.EXIT_TIME, ([-50], Reason.EXIT_TIME, Action.SELL)),
        (-50, 0.0, CLOSE, Reason.EXIT_STOP, ([50], Reason.EXIT_STOP, Action.BUY)),
        (50, 400.0, FIXED, Reason.CUT_OPEN_RISK, ([-10], Reason.CUT_OPEN_RISK, Action.SELL)),
        (50, 499.0, FIXED, Reason.CUT_CAP, ([0], Reason.BELOW_CHANGE, Action.WAIT)),  # under a lot
        # too little to be worth it, or to be accepted
        (0, 4.0, FREE, Reason.NONE, ([0], Reason.BELOW_MINIMUM, Action.WAIT)),
        (50, 540.0, FREE, Reason.NONE, ([0], Reason.BELOW_CHANGE, Action.WAIT)),
        (50, 500.0, FREE, Reason.NONE, ([0], Reason.HOLDING, Action.WAIT)),
        (0, np.nan, FREE, Reason.NONE, ([0], Reason.NO_DATA, Action.WAIT)),
        # nothing to do
        (50, 500.0, FIXED, Reason.HOLDING, ([0], Reason.HOLDING, Action.WAIT)),
        (0, 0.0, IDLE, Reason.NO_QUORUM, ([0], Reason.NO_QUORUM, Action.WAIT)),
        (0, 0.0, FREE, Reason.PORTFOLIO_ZERO, ([0], Reason.PORTFOLIO_ZERO, Action.WAIT)),
    ],
)
def test_what_is_sent_on_one_venue(
    held: int, target: float, stance: int, given: Reason, expected: Any
) -> None:
    assert Desk([held]).send(target, stance, given) == expected


def test_a_turn_closes_at_once_and_opens_when_the_old_side_is_gone() -> None:
    desk = Desk([50])
    assert desk.send(-300.0) == ([-50], Reason.REVERSAL, Action.SELL)
    assert desk.orders.reduce_only.item() == 1
    assert np.isnan(desk.planned.item())
    desk.held[:] = desk.working[:] = 0
    assert desk.send(-300.0) == ([-30], Reason.ENTRY, Action.SELL)
    assert desk.orders.reduce_only.item() == 0
    assert desk.planned.item() == 0.02
    assert desk.entry_edge.item() == 25.0


def test_an_unfinished_addition_ends_when_no_more_is_wanted() -> None:
    desk = Desk([50])
    desk.send(900.0)
    assert desk.working.item() > 0
    desk.send(500.0)
    assert desk.working.item() == 0


def test_a_turn_on_two_venues_closes_first() -> None:
    desk = Desk([50, 20])
    assert desk.send(-300.0) == ([-50, -20], Reason.REVERSAL, Action.SELL)
    assert desk.orders.reduce_only.ravel().tolist() == [1, 1]
    assert desk.row[Column.TARGET_USD, 0] == 0.0
    assert np.isnan(desk.planned.item())
    desk.held[:] = desk.working[:] = 0
    sent, reason, _ = desk.send(-300.0)
    assert (sum(sent), reason) == (-30, Reason.ENTRY)
    assert desk.planned.item() == 0.02


def test_an_addition_keeps_the_stop_distance_of_the_entry() -> None:
    desk = Desk([50])
    desk.send(900.0)
    assert np.isnan(desk.planned.item())


@pytest.mark.parametrize("stance", [IDLE, FIXED])
def test_an_unfinished_entry_is_called_back_when_its_coin_is_no_longer_free(stance: int) -> None:
    desk = Desk([0]).working_order(0, 50)
    assert desk.send(0.0, stance, Reason.NO_QUORUM)[0] == [0]
    assert desk.working.item() == 0
    assert np.isnan(desk.orders.limit_price.item())
    held = Desk([30]).working_order(0, 20)
    held.send(300.0, FIXED, Reason.HOLDING)
    assert held.working.item() == 0


def test_an_unfinished_reduction_is_not_called_back() -> None:
    desk = Desk([30]).working_order(0, -20)
    desk.send(300.0, FIXED, Reason.HOLDING)
    assert desk.working.item() == -20


def test_what_is_working_is_not_ordered_again() -> None:
    desk = Desk([0]).working_order(0, 50)
    assert desk.send(500.0) == ([0], Reason.HOLDING, Action.WAIT)
    assert desk.working.item() == 50
    assert desk.send(700.0) == ([70], Reason.ENTRY, Action.BUY)
    assert desk.working.item() == 70


def test_a_venue_without_room_is_named_as_what_refused() -> None:
    assert Desk([0, 0], room=4.0).send(500.0) == ([0, 0], Reason.CAP_VENUE, Action.WAIT)
    assert Desk([0, 0], room=4.0).send(3.0) == ([0, 0], Reason.BELOW_MINIMUM, Action.WAIT)


def test_exits_are_priced_anew_on_every_bar() -> None:
    desk = Desk([50])
    for k in (K, K + 1):
        assert desk.send(0.0, CLOSE, Reason.EXIT_TIME, k)[0] == [-50]
        assert desk.orders.submit_k.item() == k
    assert desk.orders.reduce_only.item() == 1
    assert desk.orders.style.item() == Style.MARKET
    assert desk.orders.limit_price.item() == pytest.approx(97.0)  # collared, never naked


@pytest.mark.parametrize("status", [0, 2])
def test_a_bar_that_did_not_trade_sends_nothing_and_its_orders_wait(status: int) -> None:
    desk = Desk([50], status=status).working_order(0, 20)
    assert desk.send(0.0, CLOSE, Reason.EXIT_TIME)[0] == [0]
    assert desk.working.item() == 20


@pytest.mark.parametrize(
    ("changes", "target", "schedule", "placement", "style"),
    [
        ({}, 500.0, Schedule.IMMEDIATE, Placement.MARKETABLE, Style.LIMIT),
        ({"spread": 12.0}, 500.0, Schedule.IMMEDIATE, Placement.POST_ONLY, Style.POST_ONLY),
        ({"lasting": 0.8}, 500.0, Schedule.TWAP, Placement.MARKETABLE, Style.TWAP),
        ({}, 60_000.0, Schedule.IMMEDIATE, Placement.MARKETABLE, Style.ICEBERG),
        ({"volume": 40.0}, 500.0, Schedule.POV, Placement.MARKETABLE, Style.POV),
        ({"volume": 40.0, "spread": 12.0}, 500.0, Schedule.POV, Placement.POST_ONLY, Style.POV),
    ],
)
def test_an_entry_is_executed_by_size_spread_and_persistence(
    changes: dict[str, float], target: float, schedule: int, placement: int, style: int
) -> None:
    desk = Desk([0], **changes)
    assert desk.send(target)[1] == Reason.ENTRY
    made = desk.orders
    assert (made.schedule[0, 0], made.placement[0, 0], made.style[0, 0]) == (
        schedule,
        placement,
        style,
    )
    assert desk.code[Code.STYLE, 0] == style
    assert made.reduce_only.item() == 0
    limit = made.limit_price.item()
    assert 99.0 < limit < 100.0 if placement == Placement.POST_ONLY else 100.0 < limit <= 100.5
    assert (made.display.item() > 0) == (style == Style.ICEBERG)
    assert made.cross_k.item() == K + 2


def test_without_a_price_to_limit_it_no_order_is_sent() -> None:
    # the grid is coarser than the price: a buy rounds down to a limit of zero
    desk = Desk([0], venues={"tick": 1_000.0})
    assert desk.send(500.0) == ([0], Reason.BELOW_MINIMUM, Action.WAIT)
    assert desk.working.item() == 0


def test_spot_is_never_sold_short() -> None:
    desk = Desk([50], venues={"is_perp": 0})
    assert desk.send(-300.0)[0] == [-50]
    assert Desk([0], venues={"is_perp": 0}).send(-300.0)[0] == [0]


@pytest.mark.parametrize("status", [0, 2])
def test_what_is_forbidden_is_called_back_on_a_bar_that_did_not_trade(status: int) -> None:
    killed = Desk([0], status=status, control=int(Reason.KILLED)).working_order(0, 50)
    assert killed.send(0.0, IDLE)[0] == [0]
    assert killed.working.item() == 0
    waiting = Desk([0], status=status).working_order(0, 50)
    waiting.send(0.0, IDLE)
    assert waiting.working.item() == 50


def test_an_exit_goes_out_where_only_a_holder_trades() -> None:
    silent = Desk([0, 50], status=1, open=EXITS_ONLY)
    assert silent.send(0.0, CLOSE, Reason.EXIT_TIME)[:2] == ([0, -50], Reason.EXIT_TIME)
    entering = Desk([0, 50], status=1, open=EXITS_ONLY)
    assert entering.send(900.0, FREE)[0] == [0, 0]


def test_an_amended_entry_may_use_the_room_it_had() -> None:
    desk = Desk([0, 0], venues={"latency_ms": [150.0, 20.0]}, room=0.0).working_order(1, 50)
    assert desk.send(500.0, k=K + 60)[0] == [0, 0]  # all of it is already at work
    assert desk.working[:, 0].tolist() == [0, 50]
    assert desk.send(400.0, k=K + 60)[0] == [0, 40]


def test_ranked_by_cost_the_cheaper_venue_wins_over_the_better_score() -> None:
    slow_and_cheap = {"latency_ms": [150.0, 20.0], "taker_bps": [1.0, 9.0]}
    assert Desk([0, 0], venues=slow_and_cheap).send(500.0)[0] == [0, 50]
    assert Desk([0, 0], venues=slow_and_cheap, ranking=1).send(500.0)[0] == [50, 0]


def test_the_better_venue_is_chosen_within_its_room() -> None:
    desk = Desk([0, 0], venues={"latency_ms": [150.0, 20.0]}, room=300.0)
    sent, reason, _ = desk.send(500.0)
    assert sent == [20, 30]
    assert reason == Reason.ENTRY
    assert desk.row[Column.SIZE_USD, 0] == pytest.approx(500.0)
