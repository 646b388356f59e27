"""Every array of the memory has its row in the table, and the row is true at two sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.parity.market import case
from tests.parity.market import leaves as walked

from quorate.backtest import run
from quorate.backtest.axes import AXES, Axes, check, leaves, rebuilt, sizes
from quorate.lake.synthetic import synthetic

if TYPE_CHECKING:
    from collections.abc import Sequence

MADE = case(synthetic(n_coins=5, days=1)).machine
# sizes that no other axis of any array has, so that a letter in the wrong place is seen
SMALL, LARGE = (9, 11, 2), (16, 19, 3)


def named(n_coins: int, n_engines: int, n_venues: int) -> Axes:
    counts: Sequence[int] = (n_coins, n_engines, n_venues)
    return Axes(*(tuple(f"{i}" for i in range(n)) for n in counts))


def begun(n_coins: int, n_engines: int, n_venues: int) -> run.Memory:
    machine = replace(MADE, engines=MADE.engines[:n_engines])
    return run.begin(machine, n_venues, n_coins, 1e6)


def test_the_table_has_a_row_for_every_array_and_no_other() -> None:
    assert [path for path, _ in leaves(begun(*SMALL))] == list(walked(begun(*SMALL)))
    assert AXES.keys() == dict(leaves(begun(*SMALL))).keys()


@pytest.mark.parametrize("counts", [SMALL, LARGE])
def test_the_axes_are_as_long_as_declared(counts: tuple[int, int, int]) -> None:
    check(begun(*counts), named(*counts))


def test_an_axis_that_changes_its_length_is_declared() -> None:
    small, large = dict(leaves(begun(*SMALL))), dict(leaves(begun(*LARGE)))
    for path, spec in AXES.items():
        changed = [n != m for n, m in zip(small[path].shape, large[path].shape, strict=True)]
        assert changed == [letter != "." for letter in spec], path


@pytest.mark.parametrize("place", range(3))
def test_a_memory_of_another_size_is_refused(place: int) -> None:
    counts = list(SMALL)
    counts[place] += 1
    with pytest.raises(ValueError, match=r"has the shape .* give the axes"):
        check(begun(*SMALL), named(*counts))


def test_an_array_without_a_row_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(AXES, "chain.entry_edge_bps")
    with pytest.raises(ValueError, match=r"chain\.entry_edge_bps has no row"):
        check(begun(*SMALL), named(*SMALL))


@pytest.mark.parametrize("symbols", [(), ("BTC", "BTC")])
def test_empty_axes_and_double_names_are_refused(symbols: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="axis symbols"):
        sizes(Axes(symbols, ("momentum",), ("spot",)))


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(TypeError, match=r"sigma_daily is a float"):
        list(leaves(begun(*SMALL)._replace(sigma_daily=1.0)))


def test_a_memory_is_rebuilt_from_its_arrays() -> None:
    old = begun(*SMALL)
    made = rebuilt(old, {path: array + np.ones_like(array) for path, array in leaves(old)})
    assert isinstance(made, run.Memory)
    for path, array in leaves(made):
        np.testing.assert_array_equal(array, dict(leaves(old))[path] + 1)
