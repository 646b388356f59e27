"""A second model learns when a rule pays: it finds what is there, and nothing in noise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.unit.research import fitted
from tests.unit.research.test_training import AS_OF, HORIZON, NAMES, made

from quorate.core.engines import momentum_day
from quorate.core.engines.base import Rows, approval, from_function
from quorate.core.engines.catalogue import builtin
from quorate.core.engines.checks import complaints
from quorate.core.features.table import index
from quorate.core.types import Regime
from quorate.errors import ConfigError, ModelFileError
from quorate.research import meta, model_set, parts, training
from quorate.research.cpcv import cpcv
from quorate.research.fits import Fits
from quorate.research.learned import labelled
from quorate.research.learners import LEARNERS, kind, learners, silent
from quorate.research.model_set import Voter
from quorate.research.models import trained
from quorate.research.parallel import alone, together
from quorate.research.weights import by_uniqueness

RULE = meta.built_in("momentum_day")
(GATED,) = learners(["meta:momentum_day"])
HIGH = index("volume_z")


def planted(*, knows=0.9, seed=5):
    """Return hours in which the rule is right where a feature is high, and wrong elsewhere."""
    prices, hours = made(seed=seed, signal=0.0)
    rng = np.random.default_rng(seed + 9)
    features = hours.features.copy()
    up = np.sign(features[:, index("bar_volume")])
    high = features[:, HIGH] > 0.0
    right = rng.random(len(up)) < np.where(high, knows, 1.0 - knows)
    bets = np.where(right, up, -up) * (rng.random(len(up)) < 0.8)
    features[:, index("ret_z_24h")] = bets * (2.0 + 0.1 * rng.random(len(up)))
    features[:, index("efficiency_24h")] = 0.5 + 0.1 * rng.random(len(up))
    return prices, hours._replace(features=features)


def learned_of(given):
    prices, hours = given
    return labelled(hours, prices, AS_OF, HORIZON)


@pytest.fixture(scope="module")
def learned():
    return learned_of(planted())


@pytest.fixture(scope="module")
def found(learned):
    (one,) = trained([GATED], learned, alone)
    return one


def engine_of(model, name="meta_momentum_day", **more):
    given = {"family": RULE.family, "approved": RULE.approved, "hypothesis": "It pays at times."}
    return model.engine(name=name, **(given | more))


def test_a_rule_that_pays_where_a_feature_is_high_is_taken_there(found):
    """On rows that no model saw: nine in ten right in the upper half, where all votes are."""
    side, strength, of = found.own
    bets, _ = RULE.vote(Rows(of.hours.features[:, :, None], NAMES))
    voted = side != 0
    assert (side[voted] == bets[voted, 0]).all()
    right = (side[voted] > 0) == (of.went_up[voted] != 0)
    assert right.mean() > 0.85
    high = of.hours.features[:, HIGH] > 0.0
    assert high[voted].mean() > 0.95
    assert voted[high & (bets[:, 0] != 0)].mean() > 0.85
    assert (strength[voted] > 0.5).all()
    assert (strength[~voted] == 0.5).all()


def test_trees_find_it_as_well(learned):
    (one,) = trained(learners(["meta_trees:momentum_day"]), learned, alone)
    side, _, of = one.own
    voted = side != 0
    assert ((side[voted] > 0) == (of.went_up[voted] != 0)).mean() > 0.85


def test_noise_pays_nobody():
    """After costs a coin pays less than half the time, so hardly any of its sides is taken."""
    noise = learned_of(planted(knows=0.5, seed=6))
    (one,) = trained([GATED], noise, alone)
    side, strength, of = one.own
    bets, _ = RULE.vote(Rows(of.hours.features[:, :, None], NAMES))
    voted = side != 0
    assert voted.sum() < 0.5 * (bets != 0).sum()
    right = (side[voted] > 0) == (of.went_up[voted] != 0)
    assert right.mean() < 0.55
    assert strength.max() < 0.7
    dear = meta.bets(noise, RULE, cost_bps=1e4)
    assert not dear.paid.any()


def test_a_bet_paid_if_its_side_was_right_by_more_than_its_cost(learned):
    bets = meta.bets(learned, RULE)
    voted = bets.side != 0
    net = bets.side * learned.labels.gross - meta.COST_BPS / 1e4
    assert (bets.paid[voted] == (net > 0.0)[voted]).all()
    assert (bets.weight[~voted] == 0.0).all()
    alone_among = by_uniqueness(learned.only(np.flatnonzero(voted)).labels)
    assert bets.weight[voted].tobytes() == alone_among.tobytes()
    assert bets.weight[voted].sum() > learned.weight[voted].sum()


def test_bars_one_by_one_say_what_a_batch_says(learned, found):
    engine = engine_of(found.model)
    cube = np.ascontiguousarray(learned.hours.features[:1_200].reshape(300, 4, -1).swapaxes(1, 2))
    whole = engine.vote(Rows(cube, NAMES))
    for t in range(len(cube)):
        for one, of in zip(engine.vote(Rows(cube[t : t + 1], NAMES)), whole, strict=True):
            assert one.tobytes() == of[t : t + 1].tobytes()
    assert (whole[0] != 0).any()


def test_its_engine_is_one_like_any_other(found):
    engine = engine_of(found.model)
    assert [said for said in complaints(engine) if "votes_sometimes" not in said] == []
    assert set(RULE.reads) < set(engine.reads)
    assert engine.family == "trend"
    careful = engine_of(found.model, least_edge=0.6)
    rows = Rows(np.random.default_rng(1).normal(size=(400, len(NAMES), 2)) + 1.0, NAMES)
    few, strength = careful.vote(rows)
    assert 0 < np.count_nonzero(few) < np.count_nonzero(engine.vote(rows)[0])
    assert strength[few != 0].min() >= 0.8


def test_it_is_calibrated_on_rows_that_it_did_not_see(learned):
    one_regime = np.full(learned.hours.n, Regime.TREND, np.int8)
    done = training.learn(
        learned._replace(
            hours=learned.hours._replace(side=learned.hours.side[:, :0], regime=one_regime)
        ),
        (),
        [GATED],
        horizon_bars=HORIZON,
        edge="stated",
    )
    own = done.calibrations["meta_momentum_day", Regime.TREND]
    assert own.prob([0.85])[0] == pytest.approx(0.9, abs=0.06)
    assert [engine.name for engine in done.engines] == ["meta_momentum_day"]
    assert done.cells.shape[0] == 1


def test_a_rule_that_hardly_votes_has_none_and_says_so(learned):
    few = learned.only(np.arange(1_100))
    (one,) = trained([GATED], few, alone)
    assert one.model is None
    assert "whole rows with a vote of momentum_day, fewer than 1000" in one.remarks[-1]
    side, _ = silent(GATED).vote(Rows(np.ones((2, len(NAMES), 3)), NAMES))
    assert not side.any()


@pytest.mark.slow  # two processes that import everything
def test_whoever_fits_it_the_bytes_are_the_same(learned, found):
    with together(2) as each:
        (other,) = trained([GATED], learned, each)
    assert other.model.digest() == found.model.digest()
    for mine, theirs in zip(found.own[:2], other.own[:2], strict=True):
        assert mine.tobytes() == theirs.tobytes()


def test_it_is_chosen_between_like_other_models(learned):
    paths = cpcv(learned, [LEARNERS["linear"], GATED], n_blocks=4, n_test=1, cost_bps=10.0)
    rate = dict(paths.table.select("model", "hit_rate").iter_rows())
    assert rate["meta_momentum_day"] > 0.85
    assert rate["linear_model"] < 0.7


def test_words_name_rules():
    every = learners(["meta"])
    assert [each.rule for each in every] == [rule.name for rule in builtin()]
    assert kind("meta_trees") is kind("meta_trees:ema_cross") is LEARNERS["trees"]
    assert len(learners(["meta:ema_cross", "meta"])) == len(every)
    rules = [each for each in builtin() if each.name != "ema_cross"]
    assert "ema_cross" not in {each.rule for each in learners(["meta"], rules=rules)}
    with pytest.raises(ConfigError, match="no rule that votes is called 'ema_cross'"):
        learners(["meta:ema_cross"], rules=rules)
    for word in ("meta_forest", "linear:ema_cross", ""):
        with pytest.raises(ConfigError, match="no model is called"):
            learners([word])


def test_it_votes_where_its_rule_may():
    """The quorum asks for two families: a rule and its own echo are one."""
    assert (GATED.family, GATED.approved) == ("trend", (Regime.TREND,))
    assert (approval([silent(GATED)]) == approval([RULE])).all()
    each = learners(["meta:momentum_day"], per_regime=True)
    assert [one.name for one in each] == ["meta_momentum_day_trend"]
    names = [one.name for one in learners(["meta", "meta_trees"], per_regime=True)]
    assert len(set(names)) == len(names)


def test_a_rule_that_is_not_as_built_in_is_not_learned_of():
    other = momentum_day.build(entry_z=0.1)
    mine = from_function(
        RULE.vote, name="mine", family="trend", approved=[Regime.TREND], hypothesis="Mine."
    )
    assert meta.is_built_in(momentum_day.build())
    assert learners(["meta"], rules=[other, mine]) == ()
    for name, rule in (("momentum_day", other), ("mine", mine)):
        with pytest.raises(ConfigError, match="not a rule as it is built in"):
            learners([f"meta:{name}"], rules=[rule])


def test_a_rule_is_what_it_votes():
    """Other code under the same name and parameters is another rule."""

    def turned(rows):
        side, strength = RULE.vote(rows)
        return -side, strength

    same = {"name": RULE.name, "family": RULE.family, "approved": RULE.approved}
    same |= {"reads": RULE.reads, "parameters": RULE.parameters}
    assert meta.rule_digest(from_function(RULE.vote, **same)) == meta.rule_digest(RULE)
    assert meta.rule_digest(from_function(turned, **same)) != meta.rule_digest(RULE)


@pytest.fixture(params=["meta", "meta_trees"])
def written(request, learned, tmp_path, monkeypatch):
    monkeypatch.setenv("QUORATE_CONFIG_DIR", str(tmp_path / "config"))
    (one,) = trained(learners([f"{request.param}:momentum_day"]), learned, alone)
    name = f"{request.param}_momentum_day"
    voter = Voter(
        fit=one.model,
        name=name,
        family="trend",
        approved=RULE.approved,
        hypothesis="It pays at times.",
    )
    model_set.write(tmp_path / "models", fitted.made(voters=(voter,)))
    return tmp_path / "models", voter


def test_a_set_keeps_it_to_the_last_bit(written, learned):
    folder, voter = written
    (engine,) = model_set.read(folder).engines
    rows = Rows(np.ascontiguousarray(learned.hours.features[:, :, None]), NAMES)
    for one, other in zip(engine.vote(rows), voter.engine().vote(rows), strict=True):
        assert one.tobytes() == other.tobytes()
    assert (engine.reads, engine.reference) == (voter.engine().reads, voter.engine().reference)


@pytest.mark.parametrize("change", ["parameters", "gone"])
def test_a_set_whose_rule_is_another_one_now_is_refused(written, monkeypatch, change):
    folder, _ = written
    other = None if change == "gone" else momentum_day.build(entry_z=0.1)
    said = "is no longer built in" if change == "gone" else "votes otherwise"
    monkeypatch.setattr(parts, "built_in", lambda _: other)
    with pytest.raises(ModelFileError, match=said):
        model_set.read(folder)


def test_fits_by_hand_are_told_apart_by_what_they_say(found):
    """Means are no parameters of an engine, and count."""
    moved = dataclasses.replace(found.model.pays, mean=found.model.pays.mean + 1.0)
    other = dataclasses.replace(found.model, pays=moved)
    one, another = (Fits(engines=(engine_of(each),)) for each in (found.model, other))
    assert one.digest == Fits(engines=(engine_of(found.model),)).digest != another.digest
