"""The fitted edge map: through 0, ascending, against scikit-learn, and its bound below."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import Ridge

from quorate.core.consensus import edge, params
from quorate.core.consensus import edge_map as kernels
from quorate.core.kernel import signatures
from quorate.errors import LeakageError, ResearchError
from quorate.research.edge_map import METHODS, fit, scored

H, DAY = 48, 288
DAYS = H / DAY


def past(seed=1, n=6_000, slope=0.8, noise=1.0, n_days=200):
    draw = np.random.default_rng(seed)
    score = draw.uniform(-0.4, 0.4, n)
    sigma = draw.uniform(0.01, 0.08, n)
    at = np.sort(draw.integers(0, n_days * DAY, n))
    common = draw.normal(size=n_days)[at // DAY] * 0.3  # what all scores of a day share
    z = slope * score + noise * (draw.normal(size=n) + np.sign(score) * common)
    return scored(
        score,
        z * sigma * np.sqrt(DAYS),
        sigma,
        at,
        horizon_bars=H,
        bars_per_day=DAY,
        weight=draw.uniform(0.1, 1.0, n),
    )


def test_isotonic_is_scikit_learns_beyond_its_first_knot():
    mine = past()
    theirs = IsotonicRegression(increasing=True, y_min=0, out_of_bounds="clip")
    theirs.fit(mine.size, mine.earned, sample_weight=mine.weight)
    found = fit(mine, horizon_days=DAYS, n_draws=2)
    at = np.linspace(theirs.X_thresholds_[0], 0.5, 400)
    wanted = theirs.predict(at) * 0.03 * np.sqrt(DAYS) * 1e4
    bps = found.edge_bps(at[None], np.full((1, 400), 0.03))
    assert bps[0] == pytest.approx(wanted, rel=1e-12, abs=1e-9)
    below = found.edge_bps(np.array([[1e-12]]), np.array([[0.03]]))
    assert below[0, 0] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("ridge", [0.0, 200.0, 5_000.0])
def test_a_slope_is_a_ridge_through_the_origin(ridge):
    mine = past()
    mean_square = np.average(mine.size**2, weights=mine.weight)
    theirs = Ridge(alpha=ridge * mean_square, fit_intercept=False)
    theirs.fit(mine.size[:, None], mine.earned, sample_weight=mine.weight)
    found = fit(mine, horizon_days=DAYS, method="slope", ridge=ridge, n_draws=2)
    assert found.slopes[0] == pytest.approx(theirs.coef_[0], rel=1e-9)


def test_a_fitted_slope_is_the_stated_map_with_another_slope():
    """So a slope can be set as ``consensus.edge_slope``, and nothing else changes."""
    found = fit(past(), horizon_days=DAYS, method="slope", n_draws=2)
    stated = params(5, horizon_hours=4.0, edge_slope=float(found.slopes[0]))
    score, sigma = np.array([[-0.3, 0.1, 0.0]]), np.array([[0.02, 0.05, 0.03]])
    wanted = [edge.edge_bps(s, v, stated) for s, v in zip(score[0], sigma[0], strict=True)]
    assert found.edge_bps(score, sigma)[0] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_known_truth_is_found(method):
    found = fit(past(n=60_000), horizon_days=DAYS, method=method, n_draws=20)
    at = np.array([[0.1, 0.2, 0.3]])
    bps = found.edge_bps(at, np.full((1, 3), 0.05))[0]
    assert bps == pytest.approx(0.8 * at[0] * 0.05 * np.sqrt(DAYS) * 1e4, rel=0.25)


@pytest.mark.parametrize("method", METHODS)
def test_scores_that_lose_have_no_edge(method):
    found = fit(past(slope=-0.8), horizon_days=DAYS, method=method, n_draws=2)
    assert found.edge_bps(np.array([[0.05, 0.2]]), np.full((1, 2), 0.05)).max() < 2.0


def test_tiers_have_curves_of_their_own():
    calm, wild = past(1, slope=0.4), past(2, slope=1.6)
    calm = calm._replace(sigma_daily=np.full(len(calm.size), 0.01))
    wild = wild._replace(sigma_daily=np.full(len(wild.size), 0.04))
    both = type(calm)(*(np.concatenate(each) for each in zip(calm, wild, strict=True)))
    found = fit(both, horizon_days=DAYS, method="slope", tiers=[0.04], n_draws=20)
    alone = [
        fit(each, horizon_days=DAYS, method="slope", n_draws=2).slopes[0] for each in (calm, wild)
    ]
    assert found.slopes == pytest.approx(alone, rel=1e-12)
    assert found.n.tolist() == [len(calm.size), len(wild.size)]
    score = np.array([[0.1, 0.1]])
    bps = found.edge_bps(score, np.array([[0.0399999, 0.04]]))[0]
    assert bps[1] / bps[0] == pytest.approx(alone[1] / alone[0], rel=1e-4)
    mixed = fit(both, horizon_days=DAYS, tiers=[0.04], n_draws=3)
    assert mixed.edges.knots.shape == mixed.edges.values.shape == mixed.error.shape


@pytest.mark.parametrize("method", METHODS)
def test_the_bound_lies_below_and_ascends(method):
    plain = fit(past(), horizon_days=DAYS, method=method, n_draws=30)
    bound = fit(past(), horizon_days=DAYS, method=method, n_draws=30, z=1.0)
    assert (bound.mean == plain.mean).all()
    assert (plain.edges.values == plain.mean).all()
    assert (bound.edges.values <= np.maximum(bound.mean - bound.error, 0.0) + 1e-15).all()
    assert (np.diff(bound.edges.values, axis=1) >= 0.0).all()
    assert (bound.edges.values[:, 0] == 0.0).all()
    assert bound.edges.values.max() > 0.0


def test_what_a_day_shares_widens_the_error():
    """Blocks of time: the error is that of a hundred days, not of ten thousand samples."""
    draw = np.random.default_rng(3)
    day = np.repeat(np.arange(100), 100)
    shared = draw.normal(size=100)[day]
    score = np.full(len(day), 0.2)
    sigma = np.ones(len(day))
    given = {"horizon_bars": DAY, "bars_per_day": DAY}
    mine = scored(score, shared + 1.0, sigma, day * DAY, **given)
    found = fit(mine, horizon_days=1.0, method="slope", ridge=0.0, n_draws=400)
    of_days = np.std(shared[::100], ddof=1) / 10.0 / 0.2
    # at the largest score that was seen, where the curve becomes level
    assert found.error[0, 1] / 0.2 == pytest.approx(of_days, rel=0.15)
    assert found.n_blocks.tolist() == [100]


def test_blocks_are_as_long_as_the_horizon():
    given = {"horizon_bars": 1000, "bars_per_day": DAY}
    mine = scored(np.ones(3), np.ones(3), np.ones(3), np.array([0, 999, 1000]), **given)
    assert mine.block.tolist() == [0, 0, 1]


def test_the_same_seed_is_the_same_map():
    first, again, other = (
        fit(past(), horizon_days=DAYS, n_draws=10, z=1.0, seed=seed) for seed in (1, 1, 2)
    )
    assert first.edges.values.tobytes() == again.edges.values.tobytes()
    assert first.error.tobytes() != other.error.tobytes()
    assert first.mean.tobytes() == other.mean.tobytes()


MAP = fit(past(), horizon_days=DAYS, tiers=[0.03, 0.05], n_draws=4, z=0.5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 60), (60, 1), (6, 10)]))
def test_a_row_alone_a_block_and_a_shuffled_block_give_the_same_bytes(seed, shape):
    draw = np.random.default_rng(seed)
    score, sigma = draw.uniform(-1.0, 1.0, 60), draw.uniform(0.0, 0.1, 60)
    sigma[draw.uniform(size=60) < 0.1] = np.nan
    score[:3] = 0.0
    block = MAP.edge_bps(score.reshape(shape), sigma.reshape(shape)).ravel()
    alone = [MAP.edge_bps(score[i : i + 1, None], sigma[i : i + 1, None])[0, 0] for i in range(60)]
    order = draw.permutation(60)
    mixed = MAP.edge_bps(score[order].reshape(shape), sigma[order].reshape(shape)).ravel()
    assert np.array(alone).tobytes() == block.tobytes()
    assert mixed.tobytes() == block[order].tobytes()
    assert MAP.edge_bps(-score.reshape(shape), sigma.reshape(shape)).tobytes() == block.tobytes()
    assert (block[:3] == 0.0).all()
    assert (np.isnan(block[3:]) == np.isnan(sigma[3:])).all()


def test_the_kernel_has_one_signature():
    MAP.edge_bps(np.ones((1, 1)), np.ones((1, 1)))
    assert signatures(kernels.scan) == 1


def test_few_blocks_of_time_have_no_curve():
    with pytest.raises(
        ResearchError, match="tier 0 has scores in 19 blocks of time, fewer than 20"
    ):
        fit(past(n_days=19), horizon_days=DAYS)
    with pytest.raises(ResearchError, match="tier 1 has scores in 0 blocks"):
        fit(past(), horizon_days=DAYS, tiers=[0.5])


def test_the_future_is_refused():
    given = {"horizon_bars": H, "bars_per_day": DAY}
    arrays = (np.ones(2), np.ones(2), np.ones(2), np.array([10, 20]))
    assert len(scored(*arrays, **given, as_of_k=68).size) == 2
    with pytest.raises(LeakageError, match="1 of 2 labels ends after bar 67"):
        scored(*arrays, **given, as_of_k=67)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"score": np.array([1.5])}, r"a score outside \[-1, 1\]"),
        ({"forward_return": np.array([np.nan])}, "not finite"),
        ({"sigma_daily": np.array([0.0])}, "volatilities must be above 0"),
        ({"weight": np.array([2.0])}, r"weights in \[0, 1\]"),
        ({"decided_k": np.array([1, 2])}, "for every sample"),
        ({"horizon_bars": 0}, "horizon_bars 0"),
    ],
)
def test_what_is_no_sample_is_refused(change, said):
    one = np.array([0.5])
    arrays = {"score": one, "forward_return": one, "sigma_daily": one, "decided_k": np.array([1])}
    with pytest.raises(ValueError, match=said):
        scored(**(arrays | {"horizon_bars": H, "bars_per_day": DAY} | change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "spline"}, "must be one of isotonic, slope"),
        ({"z": -1.0}, "z -1.0 not below 0"),
        ({"ridge": -1.0}, "ridge -1.0"),
        ({"horizon_days": 0.0}, "horizon_days 0.0"),
        ({"tiers": [0.05, 0.02]}, "ascending from 0"),
        ({"tiers": [0.0]}, "ascending from 0"),
        ({"n_draws": 1}, "n_draws is 1"),
    ],
)
def test_wrong_settings_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        fit(past(), **({"horizon_days": DAYS} | change))


def test_a_curve_comes_down_to_0_below_its_first_knot():
    """Scores of one size that always gain: a smaller score is worth its share, none nothing."""
    n = 40
    given = {"horizon_bars": DAY, "bars_per_day": DAY}
    mine = scored(np.full(n, 0.2), np.full(n, 0.01), np.full(n, 0.01), np.arange(n) * DAY, **given)
    found = fit(mine, horizon_days=1.0, n_draws=3)
    bps = found.edge_bps(np.array([[1e-9, 0.1, 0.2, 0.9]]), np.full((1, 4), 0.01))[0]
    assert bps == pytest.approx([0.0, 50.0, 100.0, 100.0], abs=1e-5)
