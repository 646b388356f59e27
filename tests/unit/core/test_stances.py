"""The gates in their order: what each coin may do, and the first reason why not (METHODS 0b.9)."""

from __future__ import annotations

import itertools
from math import nan
from typing import Any

import numpy as np
import pytest
from tests.unit.core.rows import K, byte, codes, numbers, vec

from quorate.core import stances
from quorate.core.account import Code, Rules
from quorate.core.risk import exits
from quorate.core.stances import Stance
from quorate.core.types import Bar, Controls, Hazard, Reason

RULES = Rules()
ENDS = exits.Params(horizon_bars=48, cooldown_bars=12)

# a coin that passes every gate, and the one change that each gate refuses, in the gates' order
PASSES: dict[str, Any] = {
    "control": int(Reason.NONE),
    "breaker": int(Reason.NONE),
    "multiplier": 1.0,
    "hazards": 0,
    "is_cooling": False,
    "is_short_refused": False,
    "sized_usd": 500.0,
    "edge_bps": 13.0,
    "cost_bps": 10.0,
    "margin_bps": 3.0,
}
GATES: list[tuple[Reason, dict[str, Any]]] = [
    (Reason.PAUSED, {"control": int(Reason.PAUSED)}),
    (Reason.ILLIQUID, {"hazards": int(Hazard.ILLIQUID)}),
    (Reason.SHORT_NOT_ALLOWED, {"is_short_refused": True}),
    (Reason.BREAKER_DAILY, {"multiplier": 0.0, "breaker": int(Reason.BREAKER_DAILY)}),
    (Reason.COOLDOWN, {"is_cooling": True}),
    (Reason.EDGE_BELOW_COST, {"edge_bps": 12.9}),
    (Reason.KELLY_NOT_POSITIVE, {"sized_usd": 0.0}),
]


def test_who_passes_every_gate_may_enter() -> None:
    assert stances.entry_reason(**PASSES) == Reason.NONE


def test_only_illiquid_forbids_entries() -> None:
    """PANIC is left to the approval matrix (METHODS 0b.9)."""
    both = int(Hazard.PANIC) | int(Hazard.ILLIQUID)
    assert stances.entry_reason(**{**PASSES, "hazards": int(Hazard.PANIC)}) == Reason.NONE
    assert stances.entry_reason(**{**PASSES, "hazards": both}) == Reason.ILLIQUID


@pytest.mark.parametrize(("reason", "change"), GATES)
def test_each_gate_refuses_with_its_own_reason(reason: Reason, change: dict[str, Any]) -> None:
    assert stances.entry_reason(**{**PASSES, **change}) == reason


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(range(len(GATES)), 2)))
def test_of_two_gates_the_earlier_one_speaks(first: int, second: int) -> None:
    both = {**PASSES, **GATES[second][1], **GATES[first][1]}
    assert stances.entry_reason(**both) == GATES[first][0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sized_usd": nan}, Reason.KELLY_NOT_POSITIVE),
        ({"edge_bps": nan}, Reason.EDGE_BELOW_COST),
        ({"cost_bps": nan}, Reason.EDGE_BELOW_COST),
        ({"hazards": int(Hazard.PANIC)}, Reason.NONE),
        ({"multiplier": 0.5, "breaker": int(Reason.BREAKER_STREAK)}, Reason.NONE),
    ],
)
def test_the_unknown_is_refused_and_the_small_is_not(change: dict[str, Any], reason: int) -> None:
    assert stances.entry_reason(**{**PASSES, **change}) == reason


def asked(n_coins: int = 1, **changes: Any) -> Controls:
    """Return controls of one bar in which nothing is asked."""
    made = Controls(
        pause=byte(0),
        kill=byte(0),
        block=np.zeros((1, n_coins), np.int8),
        flatten=np.zeros((1, n_coins), np.int8),
        member=np.ones((1, n_coins), np.int8),
        flow=np.zeros(1, np.int64),
        quote_usd=vec(1.0),
    )
    for name, value in changes.items():
        getattr(made, name)[...] = value
    return made


@pytest.mark.parametrize(
    ("changes", "enter", "leave"),
    [
        ({}, Reason.NONE, Reason.NONE),
        ({"pause": 1}, Reason.PAUSED, Reason.NONE),
        ({"kill": 1}, Reason.KILLED, Reason.EXIT_CONTROL),
        ({"kill": 1, "pause": 1}, Reason.KILLED, Reason.EXIT_CONTROL),
        ({"block": 1}, Reason.BLOCKED, Reason.NONE),
        ({"flatten": 1}, Reason.BLOCKED, Reason.EXIT_CONTROL),
        ({"pause": 1, "block": 1}, Reason.PAUSED, Reason.NONE),
        ({"member": 0}, Reason.NOT_MEMBER, Reason.EXIT_UNIVERSE),
        ({"member": 0, "kill": 1}, Reason.NOT_MEMBER, Reason.EXIT_CONTROL),
        ({"quote_usd": 1.02}, Reason.DEPEG, Reason.NONE),
        ({"quote_usd": 0.989}, Reason.DEPEG, Reason.NONE),
        ({"quote_usd": nan}, Reason.DEPEG, Reason.NONE),
        ({"quote_usd": 0.991}, Reason.NONE, Reason.NONE),
        ({"quote_usd": 0.9, "block": 1}, Reason.BLOCKED, Reason.NONE),
    ],
)
def test_controls_say_who_may_enter_and_who_must_leave(
    changes: dict[str, Any], enter: Reason, leave: Reason
) -> None:
    code = codes()
    stances.controls(0, asked(**changes), RULES.depeg_frac, code)
    assert (code[Code.CONTROL, 0], code[Code.LEAVE, 0]) == (enter, leave)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((1, 1, Reason.NONE, 100.0, 98.0, False), Reason.NONE),
        ((1, 1, Reason.EXIT_CONTROL, 90.0, 98.0, True), Reason.EXIT_CONTROL),
        ((1, -1, Reason.NONE, 98.0, 98.0, True), Reason.EXIT_STOP),
        ((-1, -1, Reason.NONE, 103.0, 102.0, False), Reason.EXIT_STOP),
        ((1, -1, Reason.NONE, 100.0, 98.0, True), Reason.REVERSAL),
        ((1, 0, Reason.NONE, 100.0, 98.0, True), Reason.EXIT_TIME),
        ((1, 1, Reason.NONE, 100.0, 98.0, True), Reason.NONE),
        ((1, 0, Reason.NONE, 100.0, 98.0, False), Reason.NONE),
    ],
)
def test_a_held_coin_leaves_for_the_first_reason(
    arguments: tuple[Any, ...], reason: Reason
) -> None:
    side, signal, leave, price, stop, is_due = arguments
    assert stances.exit_reason(side, signal, int(leave), price, stop, is_due, 0.0) == reason


@pytest.mark.parametrize(
    ("side", "left_bps", "funding_bps", "exit_bps", "turned"),
    [
        (1, 10.0, 100.0, 6.0, True),  # pays 50 bps over the horizon for an edge of 10
        (1, 10.0, 100.0, 50.0, False),  # but leaving costs more
        (-1, 10.0, 100.0, 6.0, False),  # a short is paid
        (-1, 10.0, -100.0, 6.0, True),
        (1, 0.0, 1.0, 0.0, True),  # without an edge left any cost of carry is too much
        (1, 1.0, 1.0, 0.0, False),
        (1, 60.0, 100.0, 0.0, False),  # the edge left still carries it
        (1, 10.0, nan, 6.0, False),
    ],
)
def test_carry_turns_when_holding_costs_more_than_leaving(
    side: int, left_bps: float, funding_bps: float, exit_bps: float, turned: bool
) -> None:
    found = stances.carry_reason(side, left_bps, funding_bps, 8.0, exit_bps, RULES)
    assert found == (Reason.CARRY_TURNED if turned else Reason.NONE)


class Coin:
    """One coin on one bar: flat, traded, wanted long, and through every gate."""

    def __init__(self, side: int = 0, **changes: Any) -> None:
        self.given: dict[str, Any] = {
            "k": K + 1,
            "signal": 1,
            "voted": int(Reason.NONE),
            "edge_bps": 30.0,
            "status": int(Bar.TRADED),
            "hazards": 0,
            "funding_bps": 0.0,
            "can_short": 1,
            "control": 0,
            "leave": 0,
            "breaker": 0,
            "stop": 98.0,
            "age": 5,
            "cooldown_k": 0,
            "keeps": 0,
            "k_out": 0.0,
            "entry_edge_bps": 40.0,
            **changes,
        }
        self.side = side

    def take(self, **row: float) -> tuple[Stance, int, Reason]:
        g = self.given
        self.code = codes(control=g["control"], leave=g["leave"], breaker=g["breaker"])
        self.ends = exits.init(1)
        self.ends.side[0] = self.side
        if self.side:
            self.ends.stop[0] = g["stop"]
        self.ends.clock_k[0] = g["k"] - g["age"]
        self.ends.cooldown_k[0 if g["signal"] > 0 else 1, 0] = g["cooldown_k"]
        self.entry_edge = vec(g["entry_edge_bps"])
        stances.take(
            g["k"],
            byte(g["signal"]),
            byte(g["keeps"]),
            np.array([g["voted"]], np.int16),
            vec(g["edge_bps"]),
            byte(g["status"]),
            byte(g["hazards"]),
            vec(g["funding_bps"]),
            vec(8.0),
            byte(g["can_short"]),
            3.0,
            RULES,
            self.ends,
            ENDS._replace(k_out=g["k_out"]),
            self.entry_edge,
            numbers(**row),
            self.code,
        )
        rows = (self.code[i, 0] for i in (Code.STANCE, Code.SIDE, Code.REASON))
        stance, side, reason = rows
        return Stance(stance), int(side), Reason(reason)


FLAT = [
    ({}, {}, (Stance.FREE, 1, Reason.NONE)),
    ({"signal": -1}, {}, (Stance.FREE, -1, Reason.NONE)),
    ({"signal": 0, "voted": 31}, {}, (Stance.IDLE, 0, Reason.BELOW_THRESHOLD)),
    ({"signal": 0, "voted": 30}, {}, (Stance.IDLE, 0, Reason.NO_QUORUM)),
    ({"signal": 0, "voted": 31, "control": 23}, {}, (Stance.IDLE, 0, Reason.NOT_MEMBER)),
    ({"signal": 0, "voted": 31, "control": 80}, {}, (Stance.IDLE, 0, Reason.BELOW_THRESHOLD)),
    ({"status": 0}, {}, (Stance.IDLE, 0, Reason.NO_DATA)),
    ({"status": 2}, {}, (Stance.IDLE, 0, Reason.IMPUTED)),
    ({"control": 80}, {}, (Stance.IDLE, 0, Reason.PAUSED)),
    ({"hazards": 2}, {}, (Stance.IDLE, 0, Reason.ILLIQUID)),
    ({"signal": -1, "can_short": 0}, {}, (Stance.IDLE, 0, Reason.SHORT_NOT_ALLOWED)),
    ({"breaker": 70}, {"multiplier": 0.0}, (Stance.IDLE, 0, Reason.BREAKER_DAILY)),
    ({"breaker": 71}, {"multiplier": 0.5}, (Stance.FREE, 1, Reason.NONE)),
    ({"cooldown_k": K + 2}, {}, (Stance.IDLE, 0, Reason.COOLDOWN)),
    ({"cooldown_k": K + 1}, {}, (Stance.FREE, 1, Reason.NONE)),
    ({}, {"sized_usd": 0.0}, (Stance.IDLE, 0, Reason.KELLY_NOT_POSITIVE)),
    ({"edge_bps": 12.0}, {}, (Stance.IDLE, 0, Reason.EDGE_BELOW_COST)),
]


@pytest.mark.parametrize(("changes", "row", "expected"), FLAT)
def test_a_flat_coin(changes: dict[str, Any], row: dict[str, float], expected: Any) -> None:
    assert Coin(**changes).take(**row) == expected


HELD = [
    ({}, {}, (Stance.FREE, 1, Reason.NONE)),
    ({"signal": 0, "voted": 31}, {}, (Stance.FIXED, 1, Reason.HOLDING)),
    # no gate closes what is held
    ({"edge_bps": 1.0}, {}, (Stance.FIXED, 1, Reason.EDGE_BELOW_COST)),
    ({"control": 80}, {}, (Stance.FIXED, 1, Reason.PAUSED)),
    ({"breaker": 70}, {"multiplier": 0.0}, (Stance.FIXED, 1, Reason.BREAKER_DAILY)),
    ({"status": 0}, {}, (Stance.FIXED, 1, Reason.NO_DATA)),
    ({"status": 2, "leave": 8}, {}, (Stance.FIXED, 1, Reason.IMPUTED)),
    # and none keeps what must leave
    ({"leave": 8, "control": 81}, {}, (Stance.CLOSE, 1, Reason.EXIT_CONTROL)),
    ({"leave": 7, "control": 23}, {}, (Stance.CLOSE, 1, Reason.EXIT_UNIVERSE)),
    ({"signal": 0}, {"price": 97.0}, (Stance.CLOSE, 1, Reason.EXIT_STOP)),
    ({"signal": -1}, {"price": 97.0}, (Stance.CLOSE, 1, Reason.EXIT_STOP)),
    ({"signal": 0, "age": 48}, {}, (Stance.CLOSE, 1, Reason.EXIT_TIME)),
    ({"signal": 0, "age": 47}, {}, (Stance.FIXED, 1, Reason.HOLDING)),
    # under hysteresis the score decides, not the clock
    ({"signal": 0, "k_out": 0.25, "age": 480, "keeps": 1}, {}, (Stance.FIXED, 1, Reason.HOLDING)),
    ({"signal": 0, "k_out": 0.25, "age": 1, "keeps": 0}, {}, (Stance.CLOSE, 1, Reason.EXIT_SIGNAL)),
    ({"signal": 0, "k_out": 0.25, "keeps": 2}, {}, (Stance.FIXED, 1, Reason.HOLDING)),
    # against it: it turns where it may, and leaves where it may not
    ({"signal": -1}, {}, (Stance.FREE, -1, Reason.NONE)),
    ({"signal": -1, "edge_bps": 1.0}, {}, (Stance.CLOSE, 1, Reason.REVERSAL)),
    (
        {"signal": -1, "breaker": 70},
        {"multiplier": 0.0},
        (Stance.CLOSE, 1, Reason.REVERSAL),
    ),
    ({"signal": -1, "can_short": 0}, {}, (Stance.CLOSE, 1, Reason.EXIT_SIGNAL)),
    # carry is asked on the hour only
    ({"signal": 0, "k": K, "funding_bps": 300.0}, {}, (Stance.CLOSE, 1, Reason.CARRY_TURNED)),
    ({"signal": 0, "funding_bps": 300.0}, {}, (Stance.FIXED, 1, Reason.HOLDING)),
]


@pytest.mark.parametrize(("changes", "row", "expected"), HELD)
def test_a_held_coin(changes: dict[str, Any], row: dict[str, float], expected: Any) -> None:
    assert Coin(side=1, **changes).take(**row) == expected


def test_the_clock_starts_again_where_the_signal_is_still_there_when_time_is_up() -> None:
    coin = Coin(side=1, age=48, edge_bps=33.0)
    assert coin.take()[0] == Stance.FREE
    assert coin.ends.clock_k[0] == K + 1
    assert coin.entry_edge[0] == 33.0
    early = Coin(side=1, age=47, edge_bps=33.0)
    early.take()
    assert early.ends.clock_k[0] == K + 1 - 47
    assert early.entry_edge[0] == 40.0


def test_what_cools_is_one_side() -> None:
    coin = Coin(signal=-1)
    coin.given["cooldown_k"] = 0
    assert coin.take()[0] == Stance.FREE
    coin.given["cooldown_k"] = K + 9
    assert coin.take() == (Stance.IDLE, 0, Reason.COOLDOWN)
