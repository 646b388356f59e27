"""The state changes its axes and its parameters in mid-position, and goes on as if it had not."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.parity.market import LIVELY, START_USD, Case, case, differing, fold, leaves, pieces, rows

from quorate.backtest import run
from quorate.backtest.axes import AXES, Axes
from quorate.backtest.memory import restore, save
from quorate.backtest.remap import leaving, remap
from quorate.core import ledger
from quorate.core.features.table import FEATURES, index
from quorate.core.types import Line
from quorate.lake.synthetic import synthetic

if TYPE_CHECKING:
    from pathlib import Path

    from quorate.lake.panel import Panel

DAYS = 20
LISTS_AT = DAYS * 288 * 2 // 5
SECTOR = np.array([0, 0, 1, 1, -1, -1])
LATE = 4  # of the synthetic coins, the last but one lists late
DEAD = 5  # and the last one is delisted
MEETING = {f.name for f in FEATURES if f.family == "crosssection"}


def columns(panel: Panel, coins: list[int]) -> Panel:
    """Return a market with some of the coins, in another order."""

    def taken(array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array[..., coins])

    per_coin = {"lot", "tick", "min_notional", "listed", "is_perp", "maintenance"}
    chosen = {name: taken(getattr(panel.venues, name)) for name in per_coin}
    return replace(
        panel,
        symbols=tuple(panel.symbols[c] for c in coins),
        bars=type(panel.bars)(*map(taken, panel.bars)),
        market=type(panel.market)(*map(taken, panel.market)),
        venues=panel.venues._replace(**chosen),
        kinds=tuple(panel.kinds[c] for c in coins),
        funding=tuple(panel.funding[c] for c in coins),
        member=taken(panel.member),
        delisted_k=taken(panel.delisted_k),
    )


def over(panel: Panel, coins: list[int], engines: list[int] | None = None, **changes: Any) -> Case:
    """Return a case of some coins of a market and some of the engines."""
    made = case(columns(panel, coins), SECTOR[coins].tolist(), **{**LIVELY, **changes})
    btc = made.machine.params.features._replace(btc=coins.index(0))
    made = made._replace(
        machine=replace(made.machine, params=made.machine.params._replace(features=btc))
    )
    if engines is None:
        return made
    old = made.machine
    chosen = [old.engines[e] for e in engines]
    return made._replace(machine=run.machine(chosen, old.params, old.setup))


def axes(made: Case) -> Axes:
    names = tuple(engine.name for engine in made.machine.engines)
    return Axes(made.panel.symbols, names, made.panel.venue_names)


def carried(memory: run.Memory, old: Case, new: Case) -> run.Memory:
    """Remap between two cases, and see that the one it came from is as it was."""
    before = {path: array.copy() for path, array in leaves(memory).items()}
    found = remap(memory, axes(old), axes(new), new.begin(START_USD))
    assert differing(before, leaves(memory)) == []
    assert ledger.imbalance(found.chain.account.ledger) == 0
    assert ledger.equity(found.chain.account.ledger) == ledger.equity(memory.chain.account.ledger)
    return found


def until(made: Case, t: int) -> run.Memory:
    """Fold the first bars."""
    memory = made.begin()
    run.advance(made.machine, memory, next(pieces(made.panel, [t])))
    return memory


def after(made: Case, memory: run.Memory, t: int) -> dict[str, np.ndarray]:
    """Fold the bars from t on, which must keep the books exact."""
    _, rest = pieces(made.panel, [t])
    found = rows(run.advance(made.machine, memory, rest))
    assert not found["tally.imbalance"].any()
    return found


def held_at(made: Case, coins: range, start: int) -> int:
    """Return the first bar from ``start`` on after which one of the coins is held."""
    memory = until(made, start)
    for t, part in enumerate(pieces(replace_bars(made.panel, start), [1] * 2000), start + 1):
        run.advance(made.machine, memory, part)
        if memory.chain.account.ledger.lots[:, coins].any():
            return t
    raise AssertionError("nothing is ever held")


def replace_bars(panel: Panel, start: int) -> Panel:
    """Return a market from a bar on."""
    return replace(
        panel,
        k0=panel.k0 + start,
        bars=type(panel.bars)(*(array[start:] for array in panel.bars)),
        market=type(panel.market)(*(array[start:] for array in panel.market)),
        quote_usd=panel.quote_usd[start:],
        member=panel.member[start:],
    )


@pytest.fixture(scope="module")
def panel() -> Panel:
    return synthetic(n_coins=6, days=DAYS, planted_edge=4.0)


@pytest.fixture(scope="module")
def five(panel: Panel) -> Case:
    """Return the market without the coin that is delisted, the late one last."""
    return over(panel, [0, 1, 2, 3, LATE])


@pytest.fixture(scope="module")
def four(panel: Panel) -> Case:
    return over(panel, [0, 1, 2, 3])


@pytest.fixture(scope="module")
def middle(four: Case) -> tuple[int, run.Memory]:
    """Return a bar shortly before the listing on which positions are open, and the memory."""
    t = held_at(four, range(4), LISTS_AT - 800)
    assert t < LISTS_AT
    return t, until(four, t)


def test_a_coin_that_joins_goes_on_as_one_that_was_awaited(
    four: Case, five: Case, middle: tuple[int, run.Memory]
) -> None:
    """Every byte is that of a run whose panel knew the coin from the start as ABSENT."""
    t, memory = middle
    joined = carried(memory, four, five)
    assert joined.chain.account.ledger.lots.any()
    awaited = until(five, t)
    found, expected = after(five, joined, t), after(five, awaited, t)
    assert np.isfinite(found["features"][-1, :, -1]).all()
    assert found["decisions.lots"][..., -1].any()
    assert differing(found, expected) == []
    assert differing(leaves(joined), leaves(awaited)) == []


def test_a_coin_that_left_is_not_missed(panel: Panel) -> None:
    """Once it is delisted and flat, a run without it is the run with it, to the byte."""
    before, since = over(panel, [0, 1, 2, 3, 4, DEAD]), over(panel, [0, 1, 2, 3, 4])
    t = int(before.panel.delisted_k[DEAD] - panel.k0) + 20
    memory = until(before, t)
    left = carried(memory, before, since)
    gone = leaving(memory, axes(before), axes(since))
    (lines,) = gone.values()
    assert lines[Line.GROSS] != 0
    assert lines[Line.FEE] > 0
    books = left.chain.account.ledger
    result = lines[Line.GROSS] - sum(lines[Line.DELAY :])
    assert books.start - memory.chain.account.ledger.start == result
    expected, found = after(before, memory, t), after(since, left, t)
    assert (
        expected.pop("tally.costs") - found.pop("tally.costs") == sum(lines[Line.DELAY :])
    ).all()
    short = {name: without_last(array, found[name]) for name, array in expected.items()}
    assert np.abs(found["decisions.lots"]).sum() > 0
    assert differing(short, found) == []


def without_last(array: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Leave out the last coin where another array has one coin less."""
    return np.ascontiguousarray(array[..., :-1]) if array.shape != like.shape else array


def test_a_coin_with_a_past_joins_and_the_others_see_only_the_cross_section(
    panel: Panel, middle: tuple[int, run.Memory], four: Case
) -> None:
    t, memory = middle
    wider = over(panel, [DEAD, 0, 1, 2, 3])  # it has traded all along, and comes first
    alone = copy.deepcopy(memory)
    found = after(wider, carried(memory, four, wider), t)["features"]
    expected = after(four, alone, t)["features"]
    own = [index(feature.name) for feature in FEATURES if feature.name not in MEETING]
    assert found[:, own, 1:].tobytes() == expected[:, own].tobytes()
    assert np.isnan(found[0, index("ret_1h"), 0])
    assert np.isfinite(found[12 * 7, index("ret_1h"), 0])


def learned(memory: run.Memory, engines: slice) -> dict[str, np.ndarray]:
    """Return what the consensus has learned of some engines, each apart from the others."""
    found = {}
    for path, array in leaves(memory.consensus).items():
        spec = AXES[f"consensus.{path}"]
        if spec.count("e") == 1 and path.startswith(("labels", "calibration", "reliability")):
            found[path] = np.take(array, range(26)[engines], spec.index("e"))
    return found


@pytest.mark.parametrize("retired", [0, 25])
def test_an_engine_is_retired_and_added_again(
    retired: int, panel: Panel, four: Case, middle: tuple[int, run.Memory]
) -> None:
    t, memory = middle
    rest = [e for e in range(26) if e != retired]
    fewer, again = over(panel, [0, 1, 2, 3], rest), over(panel, [0, 1, 2, 3], [*rest, retired])
    day = t + 300
    kept = copy.deepcopy(memory)
    first, second, _ = pieces(four.panel, [t, 300])
    assert first.bars.close.shape[0] == t

    less = carried(memory, four, fewer)
    block, whole = (run.advance(m.machine, x, second) for m, x in ((fewer, less), (four, kept)))
    assert not block.tally.imbalance.any()
    assert block.votes.side.tobytes() == whole.votes.side[:, rest].tobytes()
    total = block.consensus.weights.sum(axis=2)
    assert np.allclose(total[total > 0.0], 1.0)
    stay = {path: take(array, rest, path) for path, array in learned(kept, slice(None)).items()}
    assert differing(learned(less, slice(25)), stay) == []

    more = carried(less, fewer, again)
    run.advance(again.machine, more, next(pieces(replace_bars(four.panel, day), [600])))
    run.advance(four.machine, kept, next(pieces(replace_bars(four.panel, day), [600])))
    assert ledger.imbalance(more.chain.account.ledger) == 0
    stay = {path: take(array, rest, path) for path, array in learned(kept, slice(None)).items()}
    assert differing(learned(more, slice(25)), stay) == []
    assert more.consensus.calibration.mass[25].sum() > 0.0
    assert (
        more.consensus.calibration.mass[25].sum() < kept.consensus.calibration.mass[retired].sum()
    )


def take(array: np.ndarray, engines: list[int], path: str) -> np.ndarray:
    return np.take(array, engines, AXES[f"consensus.{path}"].index("e"))


def test_permuted_coins_get_permuted_votes(panel: Panel, four: Case) -> None:
    order = [2, 0, 3, 1]
    mixed = over(panel, order)
    t = LISTS_AT
    memory = until(four, t)
    found, expected = after(mixed, carried(memory, four, mixed), t), after(four, memory, t)
    dispersion = index("dispersion_24h")  # a sum over the coins, in their order
    values, wanted = found["features"], expected["features"][:, :, order]
    np.testing.assert_allclose(values[:, dispersion], wanted[:, dispersion], rtol=1e-12)
    others = [f for f in range(len(FEATURES)) if f != dispersion]
    assert values[:, others].tobytes() == wanted[:, others].tobytes()
    assert np.array_equal(found["votes.side"], expected["votes.side"][:, :, order])
    strength = expected["votes.strength"][:, :, order]
    np.testing.assert_allclose(found["votes.strength"], strength, rtol=1e-12)
    assert np.array_equal(found["readings.regime"], expected["readings.regime"][:, order])
    assert np.abs(found["votes.side"]).sum() > 0


def test_there_and_back_is_where_it_was(
    panel: Panel, four: Case, middle: tuple[int, run.Memory]
) -> None:
    _, memory = middle
    shuffled = np.random.default_rng(0).permutation(26).tolist()
    mixed = over(panel, [2, LATE, 0, 3, 1], shuffled)
    back = carried(carried(memory, four, mixed), mixed, four)
    # the next bar solves the weights anew
    scratch = "exchange.active"
    assert differing(leaves(back), leaves(memory)) == ["consensus.weights.eligible", scratch]
    same = carried(memory, four, four)
    assert differing(leaves(same), leaves(memory)) == [scratch]


SWAPS = {
    "consensus": {**LIVELY["consensus"], "k": 0.9, "half_life_days": 10.0},
    "risk": {**LIVELY["risk"], "preset": "conservative", "stop_sigmas": 1.5},
    "costs": {"safety_margin_bps": 15.0},
}


@pytest.mark.parametrize("stage", SWAPS)
def test_other_parameters_take_over_in_mid_position(
    stage: str, panel: Panel, four: Case, middle: tuple[int, run.Memory], tmp_path: Path
) -> None:
    t, memory = middle
    other = over(panel, [0, 1, 2, 3], **{stage: SWAPS[stage]})
    assert memory.chain.account.ledger.lots.any()
    save(memory, axes(four), tmp_path / "memory.npz")
    one, two = (restore(tmp_path / "memory.npz", other.begin(), axes(other)) for _ in range(2))
    found = after(other, one, t)
    assert differing(found, after(other, two, t)) == []
    assert differing(leaves(one), leaves(two)) == []
    stayed = restore(tmp_path / "memory.npz", four.begin(), axes(four))
    assert "decisions.lots" in differing(found, after(four, stayed, t))
    assert one.chain.account.ledger.n_trades > memory.chain.account.ledger.n_trades


def test_a_restored_memory_goes_on_as_if_it_had_not_been_away(
    four: Case, middle: tuple[int, run.Memory], tmp_path: Path
) -> None:
    t, memory = middle
    save(memory, axes(four), tmp_path / "memory.npz")
    restored = restore(tmp_path / "memory.npz", four.begin(), axes(four))
    assert differing(leaves(restored), leaves(memory)) == []
    kept = four.begin()
    whole = fold(four, memory=kept)
    found = after(four, restored, t)
    last = {name: array[-len(found[name]) :] for name, array in whole.items()}
    assert differing(found, last) == []
    assert differing(leaves(restored), leaves(kept)) == []


def test_a_venue_that_lists_nothing_changes_nothing(
    panel: Panel, middle: tuple[int, run.Memory]
) -> None:
    """But for the cap on one venue, which is in force only where there are several."""
    t, memory = middle
    uncapped = {**LIVELY["risk"], "venue_cap_frac": 1.0}
    narrow = over(panel, [0, 1, 2, 3], risk=uncapped)
    wider = with_empty_venue(narrow)
    joined = carried(memory, narrow, wider)
    found, expected = after(wider, joined, t), after(narrow, copy.deepcopy(memory), t)
    assert not found["decisions.lots"][:, 1].any()
    found["decisions.lots"] = np.ascontiguousarray(found["decisions.lots"][:, :1])
    assert np.abs(found["decisions.lots"]).sum() > 0
    assert differing(found, expected) == []
    fewer = carried(joined, wider, narrow)
    assert ledger.equity(fewer.chain.account.ledger) == ledger.equity(joined.chain.account.ledger)


def with_empty_venue(made: Case) -> Case:
    """Return a case with one more venue, on which no coin has ever traded."""
    panel = made.panel

    def doubled(array: np.ndarray, axis: int, fill: float) -> np.ndarray:
        return np.ascontiguousarray(np.concatenate([array, np.full_like(array, fill)], axis))

    market = type(panel.market)(
        *(
            doubled(array, 1, 0 if name in ("status", "funding", "volume") else np.nan)
            for name, array in panel.market._asdict().items()
        )
    )
    venues = type(panel.venues)(*(np.concatenate([array, array]) for array in panel.venues))
    venues.listed[1] = 0
    wide = replace(panel, market=market, venues=venues, venue_names=(*panel.venue_names, "empty"))
    old = made.machine
    setup = old.setup._replace(venues=venues)
    return Case(wide, run.machine(old.engines, old.params, setup))
