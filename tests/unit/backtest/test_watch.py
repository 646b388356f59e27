"""What happened to the account and the data: noticed once, at the bar that saw it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from quorate.backtest.watch import Watch
from quorate.core.account import Code
from quorate.core.risk.breakers import Breaker
from quorate.core.types import Bar

SYMBOLS = ("A", "B")
BAR_MS = 300_000


def block(k0: int, flags: list[list[int]], status: list[list[int]], member: int = 1) -> Any:
    n_bars = len(flags)
    code = np.zeros((n_bars, len(Code), 2), np.int16)
    code[:, Code.FLAGS, :] = flags
    shape = (n_bars, 2)
    return SimpleNamespace(
        k0=k0,
        inputs=SimpleNamespace(
            controls=SimpleNamespace(member=np.full(shape, member, np.int8)),
            bars=SimpleNamespace(status=np.array(status, np.int8)),
        ),
        decisions=SimpleNamespace(code=code, equity=np.arange(n_bars) + 1000),
        readings=SimpleNamespace(regime=np.zeros(shape, np.int8)),
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


def rows(watch: Watch, failures: dict[str, str] | None = None) -> list[tuple[Any, ...]]:
    frame = watch.frame(failures or {})
    k = frame["ts"].dt.epoch("ms") // BAR_MS
    return list(zip(k, frame["kind"], frame["what"], frame["symbol"], strict=True))


@pytest.mark.parametrize("sizes", [[4], [1, 3], [1, 1, 1, 1], [2, 2]])
def test_a_change_is_noticed_once_however_the_history_is_cut(sizes: list[int]) -> None:
    watch = Watch(SYMBOLS, BAR_MS)
    t = 0
    for size in sizes:
        watch.add(block(100 + t, BREAKERS[t : t + size], STATUS[t : t + size]))
        t += size
    assert sorted(rows(watch)) == sorted(EXPECTED)


def test_a_coin_that_is_no_member_is_not_silent() -> None:
    watch = Watch(SYMBOLS, BAR_MS)
    watch.add(block(100, [[0, 0]] * 2, [[0, 0], [0, 0]], member=0))
    assert rows(watch) == []


def test_an_engine_that_failed_is_named() -> None:
    watch = Watch(SYMBOLS, BAR_MS)
    watch.add(block(100, [[0, 0]], [[TRADED, TRADED]]))
    (row,) = rows(watch, {"mine": "ValueError"})
    assert row[1:3] == ("health", "engine mine failed")
