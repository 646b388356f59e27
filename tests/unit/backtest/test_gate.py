"""The gate before the kernels: every array is looked at, and named when it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.parity.market import Case, case, pieces

from quorate.backtest import gate, run
from quorate.lake.synthetic import synthetic

if TYPE_CHECKING:
    from quorate.backtest.run import Slice
    from quorate.core.account import Setup


@pytest.fixture(scope="module")
def made() -> Case:
    return case(synthetic(n_coins=2, days=1))


@pytest.fixture
def piece(made: Case) -> Slice:
    (found,) = pieces(made.panel, [])
    return found


def changed(piece: Slice, part: str, name: str, array: np.ndarray) -> Slice:
    return piece._replace(**{part: getattr(piece, part)._replace(**{name: array})})


def parts(piece: Slice) -> list[tuple[str, str]]:
    return [(p, n) for p in ("bars", "market", "controls") for n in getattr(piece, p)._fields]


def test_what_fits_passes(made: Case, piece: Slice) -> None:
    gate.check_setup(made.machine.setup)
    gate.check_slice(piece, made.machine.setup)


def test_every_array_of_a_block_is_looked_at(made: Case, piece: Slice) -> None:
    for part, name in parts(piece):
        array = getattr(getattr(piece, part), name)
        wrong = {
            "is": array[:-1].copy(),  # a bar short
            "must be": array.astype(np.float32),
            "read-only": np.broadcast_to(array, array.shape),
            "C-contiguous": np.repeat(array, 2, axis=-1)[..., ::2],
        }
        if part == "bars" and name == "close":
            del wrong["is"]  # it says how many bars there are
        for what, given in wrong.items():
            with pytest.raises(ValueError, match=f"{part}.{name}") as error:
                gate.check_slice(changed(piece, part, name, given), made.machine.setup)
            assert what in str(error.value)


def test_every_constant_of_a_run_is_looked_at(made: Case) -> None:
    setup = made.machine.setup
    for name, array in setup.venues._asdict().items():
        venues = setup.venues._replace(**{name: array.astype(np.float32)})
        with pytest.raises(ValueError, match=f"venues.{name}"):
            gate.check_setup(setup._replace(venues=venues))
    for name in ("sector", "can_short"):
        short = setup._replace(**{name: getattr(setup, name)[:-1].copy()})
        with pytest.raises(ValueError, match=name):
            gate.check_setup(short)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("lot", 0.0, "venues.lot at .0, 1. is out of bounds: it must be positive"),
        ("tick", np.nan, "venues.tick"),
        ("taker_bps", np.inf, "venues.taker_bps"),
        ("listed", 2, "venues.listed"),
    ],
)
def test_values_of_venues_have_bounds(made: Case, name: str, value: float, message: str) -> None:
    setup: Setup = made.machine.setup
    array = getattr(setup.venues, name).copy()
    array[..., -1] = value
    with pytest.raises(ValueError, match=message):
        gate.check_setup(setup._replace(venues=setup.venues._replace(**{name: array})))


@pytest.mark.parametrize("bad", [np.nan, 0.0, -1.0])
def test_a_traded_bar_has_prices(made: Case, piece: Slice, bad: float) -> None:
    close = piece.market.close.copy()
    close[7, 0, 1] = bad
    with pytest.raises(ValueError, match=r"market.close at \(7, 0, 1\)"):
        gate.check_slice(changed(piece, "market", "close", close), made.machine.setup)
    status = piece.market.status.copy()
    status[7, 0, 1] = 0
    silent = changed(changed(piece, "market", "close", close), "market", "status", status)
    gate.check_slice(silent, made.machine.setup)


def test_a_bar_without_prices_hides_no_other(made: Case, piece: Slice) -> None:
    close, status = piece.market.close.copy(), piece.market.status.copy()
    close[2, 0, 0], status[2, 0, 0] = np.nan, 0
    close[7, 0, 1] = 0.0
    both = changed(changed(piece, "market", "close", close), "market", "status", status)
    with pytest.raises(ValueError, match=r"market.close at \(7, 0, 1\)"):
        gate.check_slice(both, made.machine.setup)


@pytest.mark.parametrize("bad", [9, -1])
def test_a_status_is_one_of_three(made: Case, piece: Slice, bad: int) -> None:
    status = piece.bars.status.copy()
    status[3, 0] = bad
    with pytest.raises(ValueError, match=r"bars\.status"):
        gate.check_slice(changed(piece, "bars", "status", status), made.machine.setup)


def test_a_run_goes_through_the_gate(made: Case, piece: Slice) -> None:
    with pytest.raises(ValueError, match=r"bars\.volume"):
        run.advance(
            made.machine, made.begin(), changed(piece, "bars", "volume", piece.bars.volume[:, :1])
        )
    setup = made.machine.setup._replace(sector=made.machine.setup.sector[:1])
    with pytest.raises(ValueError, match="sector"):
        run.machine(made.machine.engines, made.machine.params, setup)
