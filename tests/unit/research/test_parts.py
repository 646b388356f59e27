"""What comes out of a model file computes the bytes of what went in."""

import sys

import numpy as np
import pytest

from quorate.core.engines.specimen import specimen
from quorate.core.types import Regime
from quorate.errors import ModelFileError
from quorate.research import calibrate, edge_map, linear, parts, trees
from quorate.research.model_file import Model, read, write
from quorate.research.sample import sample

CERTIFICATE = "ab" * 32
DRAW = np.random.default_rng(1)
NAMES = ("ret_1h", "adx")


def fitted_linear():
    rows = DRAW.normal(size=(300, 2))
    return linear.fit(rows, rows[:, 0] + DRAW.normal(size=300) > 0.0, NAMES)


def fitted_trees():
    rows = DRAW.normal(size=(600, 2))
    rows[DRAW.uniform(size=rows.shape) < 0.1] = np.nan
    up = np.nan_to_num(rows[:, 0]) + DRAW.normal(size=600) > 0.0
    asked = trees.Settings(n_trees=20, least_mass=10.0, penalty=10.0)
    return trees.fit(rows, up, NAMES, settings=asked)


def fitted_edge():
    score = DRAW.uniform(-0.4, 0.4, 2_000)
    past = edge_map.scored(
        score,
        (score + DRAW.normal(size=2_000)) * 0.01,
        DRAW.uniform(0.01, 0.05, 2_000),
        np.arange(2_000) * 12,
        horizon_bars=48,
        bars_per_day=288,
    )
    return edge_map.fit(past, horizon_days=1 / 6, tiers=[0.03], z=0.5, n_draws=5)


def fitted_calibrations():
    strength = DRAW.uniform(0.5, 0.8, 3_000)
    votes = sample(strength, DRAW.uniform(size=3_000) < strength)
    keys = [("ema_cross", regime) for regime in Regime][:4]
    return {
        key: calibrate.fit(votes, method=method)
        for key, method in zip(keys, calibrate.METHODS[1:], strict=True)
    }


@pytest.fixture
def through(monkeypatch, tmp_path):
    """Return what writes a model and reads it again."""
    monkeypatch.setenv("QUORATE_CONFIG_DIR", str(tmp_path / "config"))

    def there_and_back(told):
        digest = write(tmp_path / "a.model", Model(certificate=CERTIFICATE, **told))
        return read(tmp_path / "a.model", digest=digest).model

    return there_and_back


def test_a_linear_model(through):
    fit = fitted_linear()
    found = parts.linear(through(parts.of_linear(fit)))
    rows = specimen(NAMES, 30, 4)
    assert found.prob_up(rows).tobytes() == fit.prob_up(rows).tobytes()
    assert found.digest() == fit.digest()
    assert (found.names, found.n, found.mass, found.settings) == (NAMES, 300, 300.0, fit.settings)


def test_boosted_trees(through):
    fit = fitted_trees()
    found = parts.trees(through(parts.of_trees(fit)))
    rows = specimen(NAMES, 30, 4)
    assert found.margin(rows).tobytes() == fit.margin(rows).tobytes()
    assert found.prob_up(rows).tobytes() == fit.prob_up(rows).tobytes()
    assert found.digest() == fit.digest()
    for name in ("names", "offered", "base", "n", "mass", "library", "settings"):
        assert getattr(found, name) == getattr(fit, name), name
    made = {"name": "one", "family": "model", "approved": [Regime.TREND], "hypothesis": "None."}
    for ours, theirs in zip(
        found.engine(**made).vote(rows), fit.engine(**made).vote(rows), strict=True
    ):
        assert ours.tobytes() == theirs.tobytes()


def test_loaded_trees_need_no_library(through, monkeypatch):
    told = parts.of_trees(fitted_trees())
    monkeypatch.setitem(sys.modules, "xgboost", None)
    found = parts.trees(through(told))
    assert np.isfinite(found.prob_up(specimen(NAMES, 3, 2))).all()


def test_the_same_trees_are_the_same_file(through, tmp_path):
    told = parts.of_trees(fitted_trees())
    through(told)
    first = (tmp_path / "a.model").read_bytes()
    through(told)
    assert (tmp_path / "a.model").read_bytes() == first


def test_a_file_of_trees_with_one_bit_changed_is_refused(through, tmp_path):
    through(parts.of_trees(fitted_trees()))
    held = (tmp_path / "a.model").read_bytes()
    for at in range(0, len(held), 97):
        changed = bytearray(held)
        changed[at] ^= 1
        (tmp_path / "b.model").write_bytes(changed)
        with pytest.raises(ModelFileError):
            read(tmp_path / "b.model", kind="trees")
    (tmp_path / "b.model").write_bytes(held[: len(held) // 2])
    with pytest.raises(ModelFileError, match="damaged or cut short"):
        read(tmp_path / "b.model")


def test_signed_trees_that_cannot_be_walked_are_refused(through):
    told = parts.of_trees(fitted_trees())
    told["arrays"] = told["arrays"] | {"place": told["arrays"]["place"] + np.uint16(4)}
    with pytest.raises(ModelFileError, match="trees cannot be walked: a node looks at place"):
        parts.trees(through(told))


def test_an_edge_map(through):
    fit = fitted_edge()
    found = parts.edge(through(parts.of_edge(fit)))
    score, sigma = DRAW.uniform(-1, 1, (20, 5)), DRAW.uniform(0, 0.1, (20, 5))
    assert found.edge_bps(score, sigma).tobytes() == fit.edge_bps(score, sigma).tobytes()
    for name in ("mean", "error", "slopes", "n", "n_blocks"):
        assert getattr(found, name).tobytes() == getattr(fit, name).tobytes()
    assert (found.z, found.horizon_days) == (fit.z, fit.horizon_days)


def test_calibrations(through):
    fits = fitted_calibrations()
    found = parts.calibrations(through(parts.of_calibrations(fits)))
    at = DRAW.uniform(0.5, 1.0, 200)
    assert found.keys() == fits.keys()
    for key, fit in fits.items():
        assert found[key].prob(at).tobytes() == fit.prob(at).tobytes()
        for name in ("kind", "n", "mass", "before", "after", "n_floored", "n_capped"):
            assert getattr(found[key], name) == getattr(fit, name), name
    key = ("ema_cross", Regime.ILLIQUID)
    assert found[key].interval(at)[1].tobytes() == fits[key].interval(at)[1].tobytes()


@pytest.mark.parametrize("read_as", [parts.edge, parts.calibrations, parts.trees])
def test_a_model_of_another_kind_is_refused(read_as):
    with pytest.raises(ModelFileError, match="the model is of kind linear, asked for is"):
        read_as(Model(certificate=CERTIFICATE, **parts.of_linear(fitted_linear())))
