"""What holds on any market and any stream of orders."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.backtest.scene import FIRST_K, scene, wild, wild_order

from quorate.core import ledger
from quorate.core.types import Bar, Placement, Reason, Schedule

SEED = st.integers(0, 2**32 - 1)
FORCED = {Reason.EXIT_STOP, Reason.EXIT_LIQUIDATION, Reason.EXIT_DELISTED}
COSTS = ("delay", "spread", "impact", "latency", "fee", "haircut")


def stream(seed: int, n_bars: int = 25) -> Any:
    """Yield (scene, row of the bar, its fills, lots held before it) of random orders."""
    rng = np.random.default_rng(seed)
    at = wild(seed, n_bars=n_bars, n_venues=int(rng.integers(1, 4)), n_coins=3)
    for t in range(n_bars):
        held = at.account.ledger.lots.copy()
        yield at, t, at.bar(), held
        for v in range(held.shape[0]):
            for c in range(held.shape[1]):
                if rng.random() < 0.25:
                    wild_order(rng, at, v, c)


def money(amount: float) -> int:
    return round(amount * 1e8)


@settings(max_examples=60, deadline=None)
@given(SEED)
def test_fills_reproduce_cash_and_positions(seed: int) -> None:
    cash, lots, funding = None, {}, 0
    for at, _, rows, _ in stream(seed):
        books = at.account.ledger
        if cash is None:
            cash = books.start.item()
        for row in rows:
            where = row["venue"], row["coin"]
            lot = at.venues.lot[where]
            before = lots.get(where, 0)
            after = lots[where] = before + row["lots"]
            decided = row["decision_price"]
            notional = money(after * lot * decided) - money(before * lot * decided)
            assert row["notional"] == notional
            cash -= notional + sum(row[name] for name in COSTS)
        paid = books.lines[6].sum().item()
        cash -= paid - funding
        funding = paid
        assert books.cash.item() == cash
        assert all(books.lots[where] == n for where, n in lots.items())


@settings(max_examples=60, deadline=None)
@given(SEED)
def test_an_episode_is_the_result_between_two_flats(seed: int) -> None:
    closed: dict[int, int] = {}
    for at, _, rows, _ in stream(seed):
        books = at.account.ledger
        for row in rows:
            closed[row["coin"]] = closed.get(row["coin"], 0) + row["realised"]
            assert row["realised"] == 0 or row["closed"]
        for c in range(books.coins.size):
            if ledger.is_flat(books, c):
                assert ledger.net(books, c) == closed.get(c, 0)
                assert books.coins[c] == 0.0
                assert at.account.exits.side[c] == 0


@settings(max_examples=60, deadline=None)
@given(SEED)
def test_prices_parts_and_places_of_every_fill(seed: int) -> None:
    for at, t, rows, _ in stream(seed):
        for row in rows:
            v, c = row["venue"], row["coin"]
            size = abs(row["coins"])
            assert row["side"] == np.sign(row["lots"])
            if row["reason"] == Reason.EXIT_DELISTED:
                silent = at.market.status[max(0, t - 2) : t + 1, v, c] == Bar.ABSENT
                assert t >= 2
                assert silent.all()
                continue
            assert at.market.status[t, v, c] == Bar.TRADED
            assert at.market.volume[t, v, c] > 0.0
            parts = row["delay"] + row["spread"] + row["impact"] + row["latency"]
            paid = row["coins"] * (row["price"] - row["decision_price"]) * 1e8
            assert abs(parts - paid) <= 8.0 + 1e-9 * size * row["price"] * 1e8
            assert row["impact"] >= 0
            assert row["latency"] >= 0
            if row["reason"] in FORCED:
                continue
            assert at.account.orders.submit_k[v, c] < row["k"] == FIRST_K + t


@settings(max_examples=60, deadline=None)
@given(SEED)
def test_a_bar_gives_no_order_more_than_its_share(seed: int) -> None:
    for at, t, rows, _ in stream(seed):
        sent: dict[tuple[int, int], float] = {}
        for row in rows:
            if row["reason"] not in FORCED:
                where = row["venue"], row["coin"]
                sent[where] = sent.get(where, 0.0) + abs(row["coins"])
        for (v, c), coins in sent.items():
            orders = at.account.orders
            volume = at.market.volume[t, v, c]
            if orders.schedule[v, c] == Schedule.POV:
                share = min(0.2, orders.participation[v, c])
                assert coins / (coins + volume) <= share + 1e-12
            else:
                assert coins <= 0.2 * volume + 1e-9


@settings(max_examples=60, deadline=None)
@given(SEED)
def test_spot_is_never_short_and_reduce_only_never_grows(seed: int) -> None:
    for at, _, rows, held in stream(seed):
        books = at.account.ledger
        assert not np.any((at.venues.is_perp == 0) & (books.lots < 0))
        for v, c in {(row["venue"], row["coin"]) for row in rows}:
            if at.account.orders.reduce_only[v, c]:
                before, after = int(held[v, c]), int(books.lots[v, c])
                assert abs(after) <= abs(before)
                assert before * after >= 0


@settings(max_examples=60, deadline=None)
@given(SEED)
def test_makers_were_traded_through(seed: int) -> None:
    for at, t, rows, _ in stream(seed):
        for row in rows:
            if row["is_maker"]:
                v, c, side = row["venue"], row["coin"], row["side"]
                extreme = at.market.low[t, v, c] if side > 0 else at.market.high[t, v, c]
                assert side * (row["price"] - extreme) >= 0.01 * (1.0 - 1e-6)
                assert row["spread"] <= 0
                assert at.account.orders.schedule[v, c] != Schedule.POV


@settings(max_examples=60, deadline=None)
@given(SEED)
def test_what_is_left_never_grows_or_turns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    at = wild(seed, n_bars=25)
    for _ in range(25):
        left = at.account.ledger.working.copy()
        at.bar()
        working = at.account.ledger.working
        assert np.all(np.sign(left) * working >= 0)
        assert np.all(np.abs(working) <= np.abs(left))
        for v, c in np.ndindex(*working.shape):
            if rng.random() < 0.25:
                wild_order(rng, at, v, c)


@settings(max_examples=60, deadline=None)
@given(SEED, st.integers(1, 400), st.integers(1, 12))
def test_a_twap_sums_to_its_parent(seed: int, lots: int, n_bars: int) -> None:
    at = scene(n_bars + 1)
    side = 1 if seed % 2 else -1
    at.order(side * lots, schedule=Schedule.TWAP, n_bars=n_bars)
    sizes = [sum(row["lots"] for row in at.bar()) for _ in range(n_bars + 1)]
    assert sum(sizes) == side * lots
    assert sizes[-1] == 0
    whole = [abs(size) for size in sizes[:-1]]
    assert max(whole) - min(whole) <= 1


@settings(max_examples=60, deadline=None)
@given(st.floats(1.0, 30.0), st.floats(50.0, 150.0), st.sampled_from([1, -1]))
def test_a_stop_never_does_better_than_stop_and_open(
    width_bps: float, opening: float, side: int
) -> None:
    at = scene(3)
    at.account.exits.planned_frac[0] = 30.0 * width_bps / 1e4
    at.order(side * 10)
    at.bar()
    stop = at.account.exits.stop[0]
    at.set_bar(1, open=opening, low=min(opening, 99.0), high=max(opening, 101.0))
    for row in at.bar():
        assert row["reason"] == Reason.EXIT_STOP
        assert side * (min(side * stop, side * opening) * side - row["price"]) > 0.0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3000), st.sampled_from([1, -1]))
def test_a_passive_order_never_pays_more_than_its_limit(lots: int, side: int) -> None:
    at = scene(4)
    limit = 100.0 - side * 0.2
    at.order(side * lots, placement=Placement.POST_ONLY, limit_price=limit)
    for _ in range(4):
        for row in at.bar():
            assert side * (limit - row["price"]) >= 0.0
