"""An account knows of an end when it can: files cut then fold to what later ones do up to there.

A coin that is held stops for good, another one pauses for more than a day, a third for less. Until
the silence has lasted a day the three are alike to who reads the files then, and so they must be
to who reads them years later: members, flags, decisions, fills and equity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from tests.parity.market import LIVELY, case, fold
from tests.unit.lake.builders import store

from quorate.backtest.fills import Column
from quorate.core.types import Bar, Reason
from quorate.lake import NEVER, PanelSpec, Source, load
from quorate.lake.panel import part
from quorate.lake.synthetic import synthetic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quorate.lake.panel import Panel

HOUR, DAY, CARRIED = 12, 288, 11
DAYS, TRADES_FROM = 24, 17 * 288
LONG, SHORT = 30 * HOUR, 20 * HOUR  # pauses


class World(NamedTuple):
    """Rows of each coin, and after which row of the market one ends and two pause."""

    rows: dict[str, pl.DataFrame]
    breaks: dict[str, int]

    def until(self, end: int, where: Path) -> Panel:
        """Return the panel that would have been made at the close of the row before."""
        rows = {
            name: frame.filter(pl.col("t") < end).drop("t") for name, frame in self.rows.items()
        }
        source = Source(store(where, **rows), "binance_usdm", "perp")
        return load(PanelSpec((source,), drop_last=False, assume_funding=1e-4, accept_failed=True))


def folded(panel: Panel) -> dict[str, np.ndarray]:
    return fold(case(panel, (0, 0, 1, 1), **LIVELY))


def held(panel: Panel, taken: set[int], start: int) -> tuple[int, int]:
    """Return a row from ``start`` on at whose close a coin that is not taken is held, and it."""
    lots = np.zeros(panel.n_coins, np.int64)
    for row in folded(panel)["fills.whole"]:
        t, c = int(row[Column.K] - panel.k0), int(row[Column.COIN])
        lots[c] += row[Column.LOTS]
        if lots[c] and t >= start and c > 0 and c not in taken:  # bitcoin is what features read
            return t, c
    raise AssertionError("nothing is held")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a market that breaks where something is held."""
    panel = synthetic(n_coins=5, days=DAYS, planted_edge=4.0, seed=3)
    stamps = pl.from_epoch(
        pl.Series((panel.k0 - 1 + np.arange(panel.n_bars)) * 300_000), time_unit="ms"
    ).dt.replace_time_zone("UTC")
    bars = panel.bars
    rows = {}
    for c in range(panel.n_coins):
        columns = {each: getattr(bars, each)[:, c] for each in ("open", "high", "low", "close")}
        frame = pl.DataFrame(
            {"ts": stamps, "t": np.arange(panel.n_bars), **columns, "volume": bars.volume[:, c]}
        )
        rows[f"SYN{c}"] = frame.filter(pl.Series(bars.status[:, c] == Bar.TRADED))
    made = World(rows, {})
    taken: set[int] = set()
    gone: tuple[Callable[[pl.Expr, int], Any], ...] = (
        lambda t, at: t <= at,
        lambda t, at: (t <= at) | (t > at + LONG),
        lambda t, at: (t <= at) | (t > at + SHORT),
    )
    start = TRADES_FROM
    for nth, left in enumerate(gone):
        whole = made.until(panel.n_bars, tmp_path_factory.mktemp(f"world{nth}"))
        at, c = held(whole, taken, start)
        name = whole.symbols[c]
        made.rows[name] = made.rows[name].filter(left(pl.col("t"), at))
        made.breaks[name] = at
        taken.add(c)
        start = at + HOUR
    return made


@pytest.fixture(scope="module")
def whole(world: World, tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return world.until(DAYS * DAY, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def later(whole: Panel) -> dict[str, np.ndarray]:
    return folded(whole)


def delistings(found: dict[str, np.ndarray]) -> list[tuple[int, int]]:
    fills = found["fills.whole"]
    out = fills[fills[:, Column.REASON] == Reason.EXIT_DELISTED]
    return [(int(row[Column.COIN]), int(row[Column.K])) for row in out]


def test_what_ended_and_what_paused_for_a_day_are_closed_when_the_day_is_over(
    world: World, whole: Panel, later: dict[str, np.ndarray]
) -> None:
    names = list(world.breaks)
    wanted = [
        (whole.symbols.index(name), whole.k0 + world.breaks[name] + CARRIED + DAY)
        for name in names[:2]
    ]
    assert delistings(later) == wanted
    assert whole.delisted_k[wanted[0][0]] == whole.k0 + world.breaks[names[0]]
    paused = [whole.symbols.index(name) for name in names[1:]]
    assert (whole.delisted_k[paused] == NEVER).all()
    for (c, k), back in zip(wanted, (None, LONG), strict=True):
        out = np.flatnonzero(whole.member[: whole.n_bars, c] == 0)
        out = out[out > TRADES_FROM]
        end = whole.n_bars if back is None else world.breaks[names[1]] + back + 1
        assert out.tolist() == list(range(k - whole.k0, end))


AFTER = (0, 1, CARRIED, CARRIED + 1, DAY - 1, DAY, DAY + 1, DAY + CARRIED, DAY + CARRIED + 1, LONG)


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_the_fold_of_files_cut_then_is_the_later_one_up_to_there(
    world: World, whole: Panel, later: dict[str, np.ndarray], nth: int, tmp_path: Path
) -> None:
    at = list(world.breaks.values())[nth]
    for bars in AFTER:
        end = at + 1 + bars
        then = world.until(end, tmp_path / f"{bars}")
        assert then.n_bars == end
        known = part(whole, 0, end)
        np.testing.assert_array_equal(then.member, known.member)
        np.testing.assert_array_equal(then.delisted_k, known.delisted_k)
        found = folded(then)
        n_fills = np.searchsorted(later["fills.whole"][:, Column.K], whole.k0 + end)
        for name, array in later.items():
            n = n_fills if name.startswith("fills.") else end
            np.testing.assert_array_equal(found[name], array[:n], f"{name}, {bars} bars after")
