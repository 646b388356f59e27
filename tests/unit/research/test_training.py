"""What is learned from a past: from all of it that had ended, and from nothing after it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.research.markets import wander

from quorate.core.engines.base import Rows, from_function
from quorate.core.features.table import FEATURES, index
from quorate.core.types import Regime
from quorate.errors import ConfigError, ResearchError
from quorate.research import training
from quorate.research.calibrate import Calibration
from quorate.research.learners import learners
from quorate.research.past import Hours

K0, PER_HOUR, HORIZON, N_COINS = 1_200, 12, 48, 4
DAYS = 40
N_BARS = DAYS * 24 * PER_HOUR
AS_OF = K0 + N_BARS - 1
NAMES = tuple(feature.name for feature in FEATURES)


def _rule(name, family):
    return from_function(
        lambda rows: (np.zeros(rows.shape, np.int8), np.full(rows.shape, 0.5)),
        name=name,
        family=family,
        approved=tuple(Regime),
    )


RULES = (_rule("oracle", "trend"), _rule("coin_flip", "flow"))


def made(*, seed=5, signal=1.0, move=0.004):
    """Return hours whose first feature knows the way of the next four hours, more or less."""
    prices = wander(seed, N_BARS, N_COINS, move=move, k0=K0)
    rng = np.random.default_rng(seed + 1)
    rows = np.arange(0, N_BARS, PER_HOUR)
    k, coin = (each.ravel() for each in np.meshgrid(K0 + rows, np.arange(N_COINS), indexing="ij"))
    row = k - K0
    ahead = np.minimum(row + HORIZON, N_BARS - 1)
    entered = prices.open[np.minimum(row + 1, N_BARS - 1), coin]
    up = np.sign(prices.close[ahead, coin] / entered - 1.0)
    features = rng.normal(size=(len(k), len(FEATURES)))
    features[:, index("ret_24h")] += signal * up
    features[:, index("bar_volume")] = 1e6 * up  # a scale, which no model reads
    knows = rng.random(len(k)) < 0.5 + 0.15 * signal
    side = np.stack([np.where(knows, up, -up), rng.choice([-1, 1], len(k))], axis=1)
    return prices, Hours(
        k=k,
        coin=coin,
        regime=(k // PER_HOUR % 3).astype(np.int8),
        features=features,
        side=side.astype(np.int8),
        strength=np.full(side.shape, 0.6),
        score=0.4 * side[:, 0] * rng.random(len(k)),
        sigma_daily=np.full(len(k), 0.03),
    )


def fitted(prices, hours, models=("linear",), **more):
    return training.fit(
        hours,
        prices,
        RULES,
        learners(models),
        **({"as_of_k": AS_OF, "horizon_bars": HORIZON} | more),
    )


@pytest.fixture(scope="module")
def given():
    return made()


@pytest.fixture(scope="module")
def found(given):
    return fitted(*given)


def test_what_knows_is_worth_more_than_a_coin(found):
    """Six in ten were right who knew; a coin that is flipped is worth a half."""
    for regime in list(Regime)[:3]:
        oracle, coin = (found.calibrations[name, regime] for name in ("oracle", "coin_flip"))
        assert isinstance(oracle, Calibration)
        assert oracle.prob([0.6])[0] == pytest.approx(0.65, abs=0.05)
        assert coin.prob([0.6])[0] == pytest.approx(0.5, abs=0.05)
    assert found.cells.shape[0] == len(RULES) + 1
    assert np.isfinite(found.cells).any(axis=1).all()


def test_the_model_is_calibrated_on_rows_it_did_not_see(given, found):
    _prices, hours = given
    (engine,) = found.engines
    assert "ret_24h" in engine.reads
    assert "bar_volume" not in engine.reads
    side, _ = engine.vote(Rows(hours.features[:, :, None], NAMES))
    assert (side[:, 0] != 0).all()
    own = found.calibrations["linear_model", Regime.TREND]
    assert isinstance(own, Calibration)
    assert own.n < hours.n / 2


def test_trees_find_it_as_well(given):
    grown = fitted(*given, models=("trees",))
    own = grown.calibrations["boosted_trees", Regime.TREND]
    assert isinstance(own, Calibration)
    assert own.after.resolution > 0.01
    side, _ = grown.engines[0].vote(Rows(given[1].features[:, :, None], NAMES))
    assert side.any()


def test_scores_that_earned_have_an_edge(found):
    assert found.edge is not None
    values = found.edges.values[0]
    assert values[0] == 0.0
    assert values[-1] > 0.2


def test_noise_has_none():
    """Calibrations of what knows nothing stay at a half, so that it has no weight."""
    noise = fitted(*made(seed=11, signal=0.0))
    probs = noise.cells[np.isfinite(noise.cells)]
    assert probs.max() < 0.58
    assert noise.edges.values[0, -1] < 0.2
    # the luckiest few of an isotonic fit would be traded on, even less a standard error
    lucky = fitted(*made(seed=11, signal=0.0), models=(), edge="isotonic")
    bound = fitted(*made(seed=11, signal=0.0), models=(), edge="isotonic", edge_z=1.0)
    assert lucky.edges.values[0, -1] > bound.edges.values[0, -1] > 0.5


def test_a_stated_map_is_not_fitted(given):
    assert fitted(*given, models=(), edge=training.STATED).edges is None


def test_nothing_after_the_fit_matters(given):
    prices, hours = given
    as_of = K0 + 30 * 24 * PER_HOUR
    early = fitted(prices, hours, as_of_k=as_of)
    rng = np.random.default_rng(0)
    noisy = {
        name: np.where(
            np.arange(N_BARS)[:, None] + K0 > as_of,
            rng.uniform(1.0, 2.0, prices.close.shape),
            getattr(prices, name),
        )
        for name in ("open", "high", "low", "close")
    }
    late = hours.k > as_of
    other = hours._replace(
        features=np.where(late[:, None], 7.0, hours.features),
        side=np.where(late[:, None], 1, hours.side).astype(np.int8),
        score=np.where(late, -0.9, hours.score),
    )
    again = fitted(prices._replace(**noisy), other, as_of_k=as_of)
    assert again.cells.tobytes() == early.cells.tobytes()
    assert again.engines[0].parameters == early.engines[0].parameters
    assert again.edges.values.tobytes() == early.edges.values.tobytes()
    assert early.n_labels < fitted(prices, hours).n_labels


def test_the_order_of_rows_does_not_matter(given, found):
    prices, hours = given
    order = np.random.default_rng(3).permutation(hours.n)
    order = order[np.lexsort((-hours.coin[order], hours.k[order]))]
    again = fitted(prices, hours.rows(order))
    assert again.cells == pytest.approx(found.cells, nan_ok=True, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"features": lambda x: np.where(np.arange(len(FEATURES)) == 3, 1.0, x)},
            "constant: ret_24h",
        ),
        (
            {"features": lambda x: np.where(np.arange(len(FEATURES)) == 2, np.nan, x)},
            "known: ret_4h",
        ),
        ({"features": lambda x: x * np.nan}, "0 whole rows, fewer than 1000"),
    ],
)
def test_what_cannot_be_learned_is_told(given, change, said):
    prices, hours = given
    names = [feature.name for feature in FEATURES]
    assert names[2:4] == ["ret_4h", "ret_24h"]
    found = fitted(
        prices, hours._replace(**{n: how(getattr(hours, n)) for n, how in change.items()})
    )
    assert any(said in each for each in found.remarks)


def test_what_is_constant_in_a_regime_alone_is_no_part_of_its_model(given):
    prices, hours = given
    features = hours.features.copy()
    features[hours.regime == Regime.TREND, index("ret_4h")] = 0.1
    asked = (learners(("linear",))[0].of(Regime.TREND),)
    other = hours._replace(features=features)
    found = training.fit(other, prices, RULES, asked, as_of_k=AS_OF, horizon_bars=HORIZON)
    (engine,) = found.engines
    assert "ret_24h" in engine.reads
    assert "ret_4h" not in engine.reads
    said = "linear_model_trend: features left out as constant on its rows: ret_4h"
    assert said in found.remarks


def test_one_class_leaves_the_model_silent(given):
    prices, hours = given
    rising = np.exp(np.linspace(0.0, 1.0, N_BARS))[:, None] * np.ones((1, N_COINS))
    up = dict.fromkeys(("open", "high", "low", "close"), 100.0 * rising)
    found = fitted(prices._replace(**up), hours)
    assert any("went one way" in each for each in found.remarks)
    side, _ = found.engines[0].vote(Rows(hours.features[:5, :, None], NAMES))
    assert not side.any()


def test_no_label_that_ended_is_refused(given):
    prices, hours = given
    with pytest.raises(
        ResearchError, match="none of 3840 hours has a label that ended by 1970-01-05 04:05 UTC"
    ):
        fitted(prices, hours, as_of_k=K0 + 1)


def test_prices_that_never_moved_are_no_short_history(given):
    prices, hours = given
    flat = dict.fromkeys(("open", "high", "low", "close"), np.full((N_BARS, N_COINS), 100.0))
    with pytest.raises(ResearchError, match="hours whose label ended saw its price move"):
        fitted(prices._replace(**flat), hours)


def test_an_unknown_model_is_refused():
    with pytest.raises(ConfigError, match="no model is called 'oracle'"):
        learners(["oracle"])
