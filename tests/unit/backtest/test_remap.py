"""What stays keeps its value under its new place, what is new is fresh, and no money is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.parity.market import case, differing, leaves

from quorate.backtest import run
from quorate.backtest.axes import AXES, Axes, rebuilt
from quorate.backtest.remap import leaving, remap
from quorate.core import ledger
from quorate.core.consensus import correlation
from quorate.core.types import N_LINES, Line
from quorate.lake.synthetic import synthetic

CASE = case(synthetic(n_coins=4, days=1))
OLD = Axes(("A", "B", "C", "D"), ("one", "two", "three"), ("x", "y"))
NEW = Axes(("E", "C", "A", "F", "B"), ("three", "four", "one"), ("y", "z", "x"))
# not copied place by place: each has a test of its own
APART = {
    "chain.account.ledger.start",
    "consensus.correlation.second",
    "consensus.correlation.third",
    "consensus.correlation.fourth",
    "consensus.weights.eligible",
    "features.crosssection.order",
    "exchange.active",
}


def begun(axes: Axes) -> run.Memory:
    machine = replace(CASE.machine, engines=CASE.machine.engines[: len(axes.engines)])
    return run.begin(machine, len(axes.venues), len(axes.symbols), 1e6)


def numbered(axes: Axes, first: int) -> run.Memory:
    """Return a memory in which every number says where it stands; coins are flat."""
    memory = begun(axes)
    for path, array in leaves(memory).items():
        array[...] = (first + np.arange(array.size).reshape(array.shape)) % 100
        if path in ("features.crosssection.order", "exchange.active"):
            array[...] = np.arange(array.shape[-1])
    for array in (memory.chain.account.ledger.lots, memory.chain.account.ledger.working):
        array[...] = 0
    return memory


@pytest.mark.parametrize("path", sorted(AXES.keys() - APART))
def test_every_number_is_where_its_names_are(path: str) -> None:
    memory, fresh = numbered(OLD, 1), numbered(NEW, 50)
    before, begins = leaves(memory)[path], leaves(fresh)[path]
    made = leaves(remap(memory, OLD, NEW, fresh))[path]
    names = {"c": 0, "e": 1, "v": 2}
    for place in np.ndindex(*made.shape):
        source = []
        for letter, i in zip(AXES[path], place, strict=True):
            if letter == ".":
                source.append(i)
            elif (name := NEW[names[letter]][i]) in OLD[names[letter]]:
                source.append(OLD[names[letter]].index(name))
        stays = len(source) == len(place)
        assert made[place] == (before[tuple(source)] if stays else begins[place])


def test_the_given_memories_are_not_touched_and_not_shared() -> None:
    memory, fresh = numbered(OLD, 1), numbered(NEW, 50)
    made = remap(memory, OLD, NEW, fresh)
    assert differing(leaves(memory), leaves(numbered(OLD, 1))) == []
    assert differing(leaves(fresh), leaves(numbered(NEW, 50))) == []
    for path, array in leaves(made).items():
        assert array.flags.c_contiguous, path
        assert array.flags.writeable, path
        assert not np.shares_memory(array, leaves(fresh)[path])
        assert array.shape != leaves(memory)[path].shape or not np.shares_memory(
            array, leaves(memory)[path]
        )


def test_what_a_coin_earned_and_cost_stays_in_the_books() -> None:
    memory, fresh = begun(OLD), begun(NEW)
    books, lots = memory.chain.account.ledger, np.ones((2, 4))
    for c, price in enumerate((10.0, 20.0, 30.0, 41.5)):
        for sign in (1, -1):
            costs = ledger.Costs(3 + c, 5, 7, 11, 13)
            ledger.fill(books, 1, c, sign * 9, lots, price, price + sign, costs, 5)
    assert ledger.imbalance(books) == 0
    lines = {"D": tuple(books.lines[:, 3].tolist())}
    assert leaving(memory, OLD, NEW) == lines
    after = remap(memory, OLD, NEW, fresh).chain.account.ledger
    assert ledger.imbalance(after) == 0
    assert ledger.equity(after) == ledger.equity(books)
    assert after.cash == books.cash
    assert after.start - books.start == lines["D"][Line.GROSS] - sum(lines["D"][Line.DELAY :])
    assert after.start < books.start  # it lost
    assert after.lines.sum() == books.lines.sum() - sum(lines["D"])
    assert len(lines["D"]) == N_LINES


@pytest.mark.parametrize("field", ["lots", "working"])
@pytest.mark.parametrize(
    ("place", "what"), [((0, 3), "D on x"), ((1, 3), "D on y"), ((1, 0), "A on y")]
)
def test_a_position_or_an_order_may_not_be_forgotten(
    field: str, place: tuple[int, int], what: str
) -> None:
    new = NEW if place[1] == 3 else NEW._replace(venues=("x",))
    memory = begun(OLD)
    getattr(memory.chain.account.ledger, field)[place] = -7
    with pytest.raises(ValueError, match=rf"{what} holds .*-7.* flatten it first"):
        remap(memory, OLD, new, begun(new))


def test_what_is_held_may_stay() -> None:
    memory = begun(OLD)
    memory.chain.account.ledger.lots[1, 2] = 8
    made = remap(memory, OLD, NEW, begun(NEW)).chain.account.ledger
    assert made.lots.tolist() == [[0, 8, 0, 0, 0], [0] * 5, [0] * 5]


def test_memories_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="give the axes the memory was begun with"):
        remap(begun(OLD), NEW, OLD, begun(OLD))
    with pytest.raises(ValueError, match="give the axes the memory was begun with"):
        remap(begun(OLD), OLD, NEW, begun(OLD))


def test_other_windows_are_refused() -> None:
    machine = case(CASE.panel, consensus={"window": 50}).machine
    fresh = run.begin(replace(machine, engines=machine.engines[:3]), 3, 5, 1e6)
    with pytest.raises(ValueError, match=r"consensus\.score\.ring .* begin it with the same"):
        remap(begun(OLD), OLD, NEW, fresh)


def test_coins_keep_their_order_of_rank_under_their_new_numbers() -> None:
    memory = begun(OLD)
    memory.features.crosssection.order[0] = [3, 1, 0, 2]  # D B A C
    order = remap(memory, OLD, NEW, begun(NEW)).features.crosssection.order
    assert order[0].tolist() == [4, 2, 1, 0, 3]  # B A C, then E F
    assert order[1].tolist() == [2, 4, 1, 0, 3]


def test_the_covariance_of_engines_is_permuted() -> None:
    memory = begun(OLD)
    state = memory.consensus.correlation
    votes = np.random.default_rng(3).normal(size=(200, 3))
    state.second[:] = np.tril(votes.T @ votes)
    state.first[:] = votes.sum(axis=0)[:, None]
    state.mass[:] = 200.0
    permuted = OLD._replace(engines=("three", "one", "two"))
    found = remap(memory, OLD, permuted, begun(permuted)).consensus.correlation
    assert (np.triu(found.second, 1) == 0.0).all()
    before, after = np.empty((3, 3)), np.empty((3, 3))
    correlation.covariance(1, state, before)
    correlation.covariance(1, found, after)
    order = [2, 0, 1]
    assert after.tobytes() == before[np.ix_(order, order)].tobytes()
    np.testing.assert_allclose(before, np.cov(votes.T, bias=True), rtol=1e-9)


def test_powers_shrink_to_the_engines_that_stay() -> None:
    """Votes of constant proportions: the share of the squares that stays is the same in each."""
    memory, size = begun(OLD), np.array([3.0, 1.0, 2.0])
    rows = np.linspace(0.1, 1.0, 7)[:, None] * size

    def powers(votes: np.ndarray) -> tuple[np.ndarray, float]:
        squares = (votes**2).sum(axis=1)
        return (squares[:, None] * votes).sum(axis=0), (squares**2).sum()

    state = memory.consensus.correlation
    state.second[:] = np.tril(rows.T @ rows)
    state.third[:], state.fourth[:] = powers(rows)
    state.second[4] = 0.0  # a regime without a vote
    fewer = OLD._replace(engines=("three", "one"))
    found = remap(memory, OLD, fewer, begun(fewer)).consensus.correlation
    third, fourth = powers(rows[:, [2, 0]])
    np.testing.assert_allclose(found.third[0], third)
    np.testing.assert_allclose(found.fourth[0], fourth)
    assert found.fourth[4] == state.fourth[4]
    more = OLD._replace(engines=(*OLD.engines, "four"))
    found = remap(memory, OLD, more, begun(more)).consensus.correlation
    assert found.fourth.tolist() == state.fourth.tolist()
    assert found.third[0].tolist() == [*state.third[0], 0.0]


def test_weights_are_solved_anew_when_the_engines_change() -> None:
    memory = begun(OLD)
    memory.consensus.weights.eligible[:] = 1
    fewer = OLD._replace(engines=("one", "three"))
    assert not remap(memory, OLD, fewer, begun(fewer)).consensus.weights.eligible.any()
    coins = OLD._replace(symbols=("B", "A"))
    assert remap(memory, OLD, coins, begun(coins)).consensus.weights.eligible.all()


def test_an_unknown_number_stays_unknown() -> None:
    memory = begun(OLD)
    unknown = {path: a.copy() for path, a in leaves(memory).items()}
    unknown["sigma_daily"][:] = [np.nan, 0.1, np.nan, 0.2]
    made = remap(rebuilt(memory, unknown), OLD, NEW, begun(NEW))
    np.testing.assert_array_equal(made.sigma_daily, [np.nan, np.nan, np.nan, np.nan, 0.1])
