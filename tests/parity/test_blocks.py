"""One block, many blocks, one bar at a time, a copied or a saved memory: the bytes are the same."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.parity.market import LIVELY, Case, case, differing, fold, leaves, pieces, rows

from quorate.backtest import run
from quorate.lake.synthetic import synthetic

if TYPE_CHECKING:
    from pathlib import Path

DAYS = 25
TAIL = 600


@pytest.fixture(scope="module")
def made() -> Case:
    return case(synthetic(n_coins=5, days=DAYS, planted_edge=4.0), (0, 0, 1, 1), **LIVELY)


@pytest.fixture(scope="module")
def whole(made: Case) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return what one block of all bars leaves behind, and its memory."""
    memory = made.begin()
    return fold(made, memory=memory), leaves(memory)


def random_sizes(seed: int, longest: int, n_bars: int) -> list[int]:
    rng = np.random.default_rng(seed)
    return rng.integers(1, longest, 2 * n_bars // longest + 2).tolist()


def test_there_is_something_to_compare(
    whole: tuple[dict[str, np.ndarray], dict[str, np.ndarray]],
) -> None:
    found, memory = whole
    assert len(found["fills.whole"]) > 100
    assert np.abs(found["decisions.lots"]).sum() > 0
    assert memory["chain.account.ledger.n_trades"][0] > 10
    # trades in the last days too, where the bars are folded one by one
    assert (found["decisions.lots"][-TAIL:] != 0).sum() > 5


@pytest.mark.parametrize("seed", range(3))
def test_random_blocks_give_the_same_bytes(
    seed: int, made: Case, whole: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
) -> None:
    memory = made.begin()
    sizes = random_sizes(seed, (1500, 400, 97)[seed], made.panel.n_bars)
    assert differing(fold(made, sizes, memory), whole[0]) == []
    assert differing(leaves(memory), whole[1]) == []


def test_one_bar_at_a_time_gives_the_same_bytes(
    made: Case, whole: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
) -> None:
    memory = made.begin()
    sizes = [made.panel.n_bars - TAIL, *[1] * TAIL]
    assert differing(fold(made, sizes, memory), whole[0]) == []
    assert differing(leaves(memory), whole[1]) == []


def copied(memory: run.Memory, *_: object) -> run.Memory:
    return copy.deepcopy(memory)


def saved(memory: run.Memory, made: Case, folder: Path) -> run.Memory:
    """Write a memory to a file, and read it into one that has seen nothing."""
    np.savez(folder / "memory.npz", **leaves(memory))
    fresh = made.begin()
    with np.load(folder / "memory.npz") as file:
        for path, array in leaves(fresh).items():
            array[...] = file[path]
    return fresh


@pytest.mark.parametrize("carry", [copied, saved])
def test_a_memory_that_was_put_away_goes_on_as_if_it_had_not(
    carry: Any,
    made: Case,
    whole: tuple[dict[str, np.ndarray], dict[str, np.ndarray]],
    tmp_path: Path,
) -> None:
    memory = made.begin()
    found = []
    for part in pieces(made.panel, [5000, 1, 200, 1000]):
        found.append(rows(run.advance(made.machine, memory, part)))
        before, memory = memory, carry(memory, made, tmp_path)
        for array in leaves(before).values():  # nothing may still be read from the old one
            array.fill(1)
    joined = {name: np.concatenate([each[name] for each in found]) for name in found[0]}
    assert differing(joined, whole[0]) == []
    assert differing(leaves(memory), whole[1]) == []


def test_a_run_does_not_change_its_inputs(made: Case) -> None:
    before = {name: array.copy() for name, array in leaves(made.panel.market).items()}
    before |= {f"bars.{name}": array.copy() for name, array in leaves(made.panel.bars).items()}
    fold(made)
    after = leaves(made.panel.market)
    after |= {f"bars.{name}": array for name, array in leaves(made.panel.bars).items()}
    assert differing(before, after) == []


def test_a_difference_is_seen(made: Case) -> None:
    memory = made.begin()
    one = leaves(memory)
    other = {name: array.copy() for name, array in one.items()}
    assert differing(one, other) == []
    other["chain.account.exits.stop"][0] = 0.0
    assert differing(one, other) == ["chain.account.exits.stop"]
