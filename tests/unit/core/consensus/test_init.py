import numpy as np
import pytest
from tests.unit.core.consensus.panel import arrays, copied, panel, rows, run

from quorate.core import consensus
from quorate.core.consensus import Pool, Weighting, params
from quorate.core.consensus.score import score
from quorate.core.kernel import signatures
from quorate.core.types import Reason

SHORT = {"horizon_hours": 1.0, "window": 20, "quorum": 0.0}


def trended(n_bars=300, n_engines=4, n_coins=3):
    """A market that always rises, engine 0 always right, engine 1 always wrong."""
    data = panel(n_bars, n_engines, n_coins, seed=1, n_regimes=1)
    data.close[:] = 100.0 * 1.001 ** np.arange(n_bars)[:, None]
    data.side[:, 0] = 1
    data.side[:, 1] = -1
    return data


def test_only_resolved_votes_count():
    data = trended()
    out, _ = run(data, params(**SHORT))
    assert (out.reliability[:12] == 0.75).all()
    assert (out.prob[:12] == 0.5).all()
    assert out.prob[12:, 0].max() > 0.5
    assert (out.prob[:, 1] == 0.5).all()
    assert out.prob[-1, 0, 0] > out.prob[60, 0, 0] > 0.5
    assert out.reliability[-1, 0] > 0.75


def test_rows_obey_the_formula():
    data = panel(400, 4, 3, seed=2)
    for pool in (Pool.LINEAR, Pool.LOG):
        given = params(**SHORT, pool=pool, prior_mass=5.0)
        out, _ = run(data, given)
        for t in range(0, 400, 37):
            for c in range(3):
                weights = out.weights[t, data.regime[t, c]]
                value = score(
                    out.prob[t, :, c].copy(), data.side[t, :, c].copy(), weights, pool, 1.0
                )
                assert out.score[t, c] == pytest.approx(value, abs=1e-12)
                voters = weights[data.side[t, :, c] != 0].sum()
                assert out.voters_weight[t, c] == pytest.approx(voters, abs=1e-12)
            assert out.weights[t].sum(axis=1) == pytest.approx(1.0, abs=1e-12)


def test_spread_excludes_the_score_of_the_bar():
    data = panel(200, 4, 2, seed=3)
    out, _ = run(data, params(**SHORT, prior_mass=5.0))
    assert np.isnan(out.sigma[:20]).all()
    assert (out.reason[:20] == Reason.WARMUP).all()
    for t in (20, 77, 199):
        assert out.sigma[t] == pytest.approx(out.score[t - 20 : t].std(axis=0, ddof=1), rel=1e-9)
    cleared = np.abs(out.score[20:]) > 0.75 * out.sigma[20:]
    assert (out.signal[20:] == np.sign(out.score[20:]) * cleared).all()
    assert (out.reason[20:] == np.where(cleared, Reason.NONE, Reason.BELOW_THRESHOLD)).all()
    assert cleared.any()
    assert not cleared.all()


def test_reasons_name_the_first_gate():
    data = panel(60, 4, 5, seed=4, n_regimes=1)
    data.status[-1, 0], data.status[-1, 1], data.ready[-1, 2] = 0, 2, 0
    data.regime[-1, 3] = 3
    data.sigma_daily[-1, 4] = np.nan
    approved = np.ones((5, 4), dtype=np.int8)
    approved[3] = 0
    out, _ = run(data, params(**SHORT), approved=approved)
    wanted = [Reason.NO_DATA, Reason.IMPUTED, Reason.WARMUP, Reason.NO_APPROVED_ENGINE]
    assert out.reason[-1].tolist() == [*wanted, Reason.WARMUP]
    assert (out.signal[-1] == 0).all()
    assert (out.score[-1, :3] == 0.0).all()


def quorum_reason(sides, family, **overrides):
    data = panel(60, 4, 1, seed=4, n_regimes=1)
    data.side[-1, :, 0] = sides
    given = params(**(SHORT | {"quorum": 0.34} | overrides))
    out, _ = run(data, given, family=np.array(family, dtype=np.int8))
    return out.reason[-1, 0]


def test_quorum_needs_weight_and_two_families():
    assert quorum_reason([1, 0, 0, 0], [0, 1, 2, 3]) == Reason.NO_QUORUM
    assert quorum_reason([1, 1, 0, 0], [0, 0, 2, 3]) == Reason.NO_QUORUM
    assert quorum_reason([1, 1, 0, 0], [0, 1, 2, 3]) != Reason.NO_QUORUM
    assert quorum_reason([1, 1, 1, 0], [0, 1, 2, 3], quorum=0.9) == Reason.NO_QUORUM
    assert quorum_reason([1, 0, 0, 0], [0, 0, 0, 0], quorum=0.0) != Reason.NO_QUORUM


def test_gated_engines_learn_and_weigh_nothing():
    data = trended()
    approved = np.ones((5, 4), dtype=np.int8)
    approved[:, 0] = 0
    out, state = run(data, params(**SHORT), approved=approved)
    assert (out.weights[:, :, 0] == 0.0).all()
    assert out.reliability[-1, 0] > out.reliability[-1, 1]
    assert state.calibration.mass[0].sum() > 0.0


@pytest.mark.parametrize("cut", [1, 12, 137])
def test_a_block_in_two_halves_is_the_same_block(cut):
    data = panel(300, 5, 4, seed=6, holes=0.03)
    given = params(**SHORT, weighting=Weighting.HEDGE, by_regime=1, prior_mass=5.0)
    whole, last = run(data, given)
    first, state = run(rows(data, 0, cut), given)
    second, state = run(rows(data, cut, 300), given, first_k=480_000 + cut, state=copied(state))
    for one, left, right in zip(whole, first, second, strict=True):
        assert one.tobytes() == np.concatenate([left, right]).tobytes()
    for one, other in zip(arrays(last), arrays(state), strict=True):
        assert one.tobytes() == other.tobytes()


def test_the_future_changes_nothing_before_it():
    data = panel(200, 4, 3, seed=7, holes=0.02)
    given = params(**SHORT, prior_mass=5.0)
    before, _ = run(data, given)
    other = panel(200, 4, 3, seed=8)
    changed = type(data)(
        *(np.concatenate([a[:150], b[150:]]) for a, b in zip(data, other, strict=True))
    )
    after, _ = run(changed, given)
    for one, two in zip(before, after, strict=True):
        assert one[:150].tobytes() == two[:150].tobytes()
    assert before.score[150:].tobytes() != after.score[150:].tobytes()


def test_hours_refresh_the_correlations():
    data = panel(60 * 12, 3, 4, seed=9, n_regimes=1)
    data.side[:, 1] = data.side[:, 0]
    data.strength[:, 1] = data.strength[:, 0]
    _, state = run(data, params(**SHORT, prior_mass=1.0))
    assert state.correlation.matrix[0, 0, 1] > 0.8
    assert state.weights.spread[0, 0] == pytest.approx(state.weights.spread[0, 1], rel=1e-6)
    assert state.weights.spread[0, 2] > 1.5 * state.weights.spread[0, 0]


def test_one_engine_has_all_the_weight():
    out, _ = run(panel(80, 1, 2, seed=10), params(**SHORT))
    assert (out.weights == 1.0).all()


def test_a_fitted_cell_is_what_votes_and_what_is_recorded_and_scored():
    data, given = panel(80, 2, 3, seed=11, n_regimes=1), params(**SHORT, prior_mass=1.0)
    fitted = np.full((2, 25), np.nan)
    fitted[0, :5] = 0.7  # every strength of the first engine in the only regime
    out, state = run(data, given, fitted=fitted)
    voted = data.side[:, 0] != 0
    assert (out.prob[:, 0][voted] == 0.7).all()
    assert (out.prob[:, 1][data.side[:, 1] != 0] != 0.7).all()
    assert (state.labels.prob[:, 0, :5] == 0.7).all()  # the one that reliability will score
    plain, learned = run(data, given)
    assert (out.reliability[-1] != plain.reliability[-1]).tolist() == [True, False]
    # what is learned does not depend on what speaks: the streaming one can take over again
    for name in ("right", "mass"):
        one, other = getattr(state.calibration, name), getattr(learned.calibration, name)
        assert (one == other).all()


def test_a_table_without_a_fit_gives_the_bytes_of_no_table():
    data, given = panel(80, 3, 3, seed=12), params(**SHORT)
    one, state = run(data, given)
    other, again = run(data, given, fitted=np.full((3, 25), np.nan))
    for a, b in zip(arrays((one, state)), arrays((other, again)), strict=True):
        assert a.tobytes() == b.tobytes()


def test_shares_are_exported_beside_the_options():
    assert set(consensus.__all__) >= {"Params", "State", "init", "step", "params", "out", "shares"}


def test_the_entry_is_compiled_once():
    run(panel(3, 2, 2), params(**SHORT))
    run(panel(5, 3, 1), params(60, window=50))
    assert signatures(consensus.scan) == 1
