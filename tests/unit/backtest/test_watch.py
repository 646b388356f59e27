"""What happened to the account and the data: noticed once, at the bar that saw it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from quorate.backtest.watch import Watch
from quorate.core.account import Code
from quorate.core.engines.poll import Failure
from quorate.core.risk.breakers import Breaker
from quorate.core.types import Bar, Reason

SYMBOLS = ("A", "B")
BAR_MS = 300_000


def block(
    k0: int, flags: list[list[int]], status: list[list[int]], member: int = 1, failures: Any = ()
) -> Any:
    n_bars = len(flags)
    code = np.zeros((n_bars, len(Code), 2), np.int16)
    code[:, Code.FLAGS, :] = flags
    shape = (n_bars, 2)
    return SimpleNamespace(
        k0=k0,
        inputs=SimpleNamespace(
            controls=SimpleNamespace(member=np.full(shape, member, np.int8)),
            market=SimpleNamespace(status=np.array(status, np.int8)[:, None, :]),
        ),
        decisions=SimpleNamespace(code=code, equity=np.arange(n_bars) + 1000),
        readings=SimpleNamespace(regime=np.zeros(shape, np.int8)),
        failures=failures,
    )


TRADED = int(Bar.TRADED)
BREAKERS = [
    [0, 0],
    [int(Breaker.DAILY), int(Breaker.DAILY)],
    [int(Breaker.DAILY), int(Breaker.DAILY | Breaker.COIN_VOLATILITY)],
    [int(Breaker.STREAK), int(Breaker.STREAK)],
]
STATUS = [[TRADED, TRADED], [0, TRADED], [0, int(Bar.IMPUTED)], [TRADED, TRADED]]
EXPECTED = [
    (101, "risk", "daily breaker tripped", ""),
    (101, "health", "no data", "A"),
    (102, "risk", "volatility breaker tripped", "B"),
    (103, "risk", "daily breaker released", ""),
    (103, "risk", "streak breaker tripped", ""),
    (103, "risk", "volatility breaker released", "B"),
    (103, "health", "data are back", "A"),
]


def rows(watch: Watch) -> list[tuple[Any, ...]]:
    frame = watch.frame()
    k = frame["ts"].dt.epoch("ms") // BAR_MS
    return list(zip(k, frame["kind"], frame["what"], frame["symbol"], strict=True))


@pytest.mark.parametrize("sizes", [[4], [1, 3], [1, 1, 1, 1], [2, 2]])
def test_a_change_is_noticed_once_however_the_history_is_cut(sizes: list[int]) -> None:
    watch = Watch(SYMBOLS, ("one",), BAR_MS)
    t = 0
    for size in sizes:
        watch.add(block(100 + t, BREAKERS[t : t + size], STATUS[t : t + size]))
        t += size
    assert sorted(rows(watch)) == sorted(EXPECTED)


def test_a_coin_that_is_no_member_is_not_silent() -> None:
    watch = Watch(SYMBOLS, ("one",), BAR_MS)
    watch.add(block(100, [[0, 0]] * 2, [[0, 0], [0, 0]], member=0))
    assert rows(watch) == []


@pytest.mark.parametrize("sizes", [[6], [3, 3], [1] * 6, [4, 2]])
def test_who_is_given_up_is_back_only_when_it_is(sizes: list[int]) -> None:
    """No member after a day of silence, and one again on the bar it returns on."""
    status = [[TRADED, TRADED], [0, 0], [0, 0], [0, 0], [TRADED, 0], [TRADED, 0]]
    member = np.array([[1, 1], [1, 1], [1, 1], [0, 0], [1, 0], [1, 0]], np.int8)
    watch, t = Watch(SYMBOLS, ("one",), BAR_MS), 0
    for size in sizes:
        made = block(100 + t, [[0, 0]] * size, status[t : t + size])
        made.inputs.controls.member = member[t : t + size]
        watch.add(made)
        t += size
    assert rows(watch) == [
        (101, "health", "no data", "A"),
        (101, "health", "no data", "B"),
        (104, "health", "data are back", "A"),
    ]


def test_an_engine_is_named_on_the_bar_it_first_failed_on() -> None:
    watch = Watch(SYMBOLS, ("one",), BAR_MS)
    failed = Failure("mine", "ValueError: no", Reason.ENGINE_FAILED, 4, (1,))
    watch.add(block(100, [[0, 0]] * 3, [[TRADED, TRADED]] * 3, failures=(failed,)))
    watch.add(block(103, [[0, 0]] * 3, [[TRADED, TRADED]] * 3, failures=(failed,)))
    assert rows(watch) == [(101, "health", "engine mine: ValueError: no", "")]


def test_silence_is_that_of_a_venue_where_there_are_several() -> None:
    watch = Watch(SYMBOLS, ("one", "two"), BAR_MS)
    made = block(100, [[0, 0]] * 2, [[TRADED, TRADED]] * 2)
    made.inputs.market.status = np.ones((2, 2, 2), np.int8)
    made.inputs.market.status[1, 1, 0] = 0
    watch.add(made)
    assert rows(watch) == [(101, "health", "no data on two", "A")]
