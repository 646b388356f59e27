"""A model set in a run: any blocks give the same bytes, and nothing later changes anything before.

An engine of the set votes, some cells of two engines are fitted, one is approved elsewhere, and a
map of two tiers says the edge: all that a set may bring, so that every proof is of all of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.parity.market import LIVELY, Case, case, differing, fold, leaves
from tests.parity.test_causality import CHANGES, changed

from quorate.backtest import run
from quorate.backtest.fills import Column
from quorate.core.consensus.edge_map import EdgeMap
from quorate.core.engines import linear
from quorate.core.engines.catalogue import builtin
from quorate.core.engines.checks import CHECKS, complaints
from quorate.core.types import Regime
from quorate.lake.synthetic import synthetic
from quorate.research.fits import Fits

FIRST = 17 * 288  # from here on it trades


def cells(seed: int) -> np.ndarray:
    """Draw probabilities for about half of all cells."""
    draw = np.random.default_rng(seed)
    return np.where(draw.uniform(size=25) < 0.5, draw.uniform(0.52, 0.6, 25), np.nan)


def fits() -> Fits:
    reads = ("ret_z_1h", "ret_24h")
    mean, scale, coefficients = np.zeros(2), np.array([1.0, 0.03]), np.array([0.2, 0.1])
    engine = linear.build(
        name="logit_hour",
        family="model",
        approved=[Regime.TREND, Regime.RANGE],
        reads=reads,
        parameters=linear.pack(mean, scale, coefficients, 0.01, 10.0, 0.02),
        hypothesis="The last hour goes on.",
    )
    knots = np.array([[0.0, 0.1, 1.0], [0.0, 0.2, 1.0]])
    values = np.array([[0.0, 0.5, 4.0], [0.0, 0.9, 3.0]])
    return Fits(
        engines=(engine,),
        cells={"logit_hour": cells(1), "momentum_day": cells(2)},
        edges=EdgeMap(np.array([0.03]), knots, values, np.sqrt([2 / 24])),
        approved={"ema_cross": frozenset({Regime.RANGE}), "vwap_reversion": frozenset()},
    )


@pytest.fixture(scope="module")
def plain() -> Case:
    return case(synthetic(n_coins=5, days=25, planted_edge=4.0), (0, 0, 1, 1), **LIVELY)


@pytest.fixture(scope="module")
def made(plain: Case) -> Case:
    given, base = fits(), plain.machine
    voters = given.voters(builtin())
    machine = run.machine(voters, base.params, base.setup)
    laid = replace(
        machine, cells=given.table(voters), edges=given.edges, approved=given.approval(voters)
    )
    return plain._replace(machine=laid)


@pytest.fixture(scope="module")
def whole(made: Case) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    memory = made.begin()
    return fold(made, memory=memory), leaves(memory)


def test_every_part_of_the_set_is_at_work(
    made: Case, whole: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
) -> None:
    found, _ = whole
    names = [engine.name for engine in made.machine.engines]
    mine = names.index("logit_hour")
    side, prob = found["votes.side"][:, mine], found["consensus.prob"][:, mine]
    fitted = made.machine.cells[mine]
    said = np.unique(prob[side != 0])
    assert np.isin(said, fitted[~np.isnan(fitted)]).sum() >= 2  # fitted cells spoke,
    assert (~np.isin(said, fitted)).sum() >= 2  # and streaming ones beside them
    assert found["consensus.weights"][:, :, mine].max() > 0.0
    assert found["consensus.weights"][:, Regime.TREND, names.index("ema_cross")].max() == 0.0
    assert found["consensus.weights"][:, :, names.index("vwap_reversion")].max() == 0.0
    assert len(found["fills.whole"]) > 50


@pytest.mark.parametrize("seed", range(2))
def test_blocks_of_any_size_give_the_same_bytes(
    seed: int, made: Case, whole: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
) -> None:
    memory = made.begin()
    sizes = np.random.default_rng(seed).integers(1, (900, 200)[seed], 40).tolist()
    assert differing(fold(made, sizes, memory), whole[0]) == []
    assert differing(leaves(memory), whole[1]) == []


@pytest.mark.parametrize("change", CHANGES)
def test_what_comes_later_changes_nothing_before_it(
    change: object, made: Case, whole: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
) -> None:
    seed = CHANGES.index(change)  # type: ignore[arg-type]
    cut = int(np.random.default_rng(seed).integers(FIRST, made.panel.n_bars - 300))
    found = fold(changed(made, change, cut))
    n = int((whole[0]["fills.whole"][:, Column.K] < made.panel.k0 + cut).sum())
    early = {name: slice(n) if name.startswith("fills.") else slice(cut) for name in whole[0]}
    assert [
        name
        for name, rows in early.items()
        if found[name][rows].tobytes() != whole[0][name][rows].tobytes()
    ] == []
    assert found["decisions.code"].tobytes() != whole[0]["decisions.code"].tobytes()


def test_its_engine_conforms_and_reads_one_row_at_a_time() -> None:
    (engine,) = fits().engines
    assert len(CHECKS) > 5
    assert complaints(engine) == ()


def test_fits_of_nothing_give_the_bytes_of_a_run_without(plain: Case) -> None:
    nothing = Fits(cells={"momentum_day": np.full(25, np.nan)})
    voters = nothing.voters(builtin())
    laid = replace(plain.machine, cells=nothing.table(voters), approved=nothing.approval(voters))
    one, other = plain.begin(), plain.begin()
    assert (
        differing(fold(plain, memory=one), fold(plain._replace(machine=laid), memory=other)) == []
    )
    assert differing(leaves(one), leaves(other)) == []


def test_what_is_learned_does_not_depend_on_what_was_fitted(plain: Case, made: Case) -> None:
    """The streaming calibration counts on beneath a fit, as if there were none."""
    one, other = plain.begin(), made.begin()
    fold(plain, memory=one)
    fold(made, memory=other)
    n = len(builtin())
    for name in ("right", "mass"):
        a, b = getattr(one.consensus.calibration, name), getattr(other.consensus.calibration, name)
        assert a.tobytes() == b[:n].tobytes()
