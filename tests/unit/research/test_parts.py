"""What comes out of a model file computes the bytes of what went in."""

import numpy as np
import pytest

from quorate.core.engines.specimen import specimen
from quorate.core.types import Regime
from quorate.errors import ModelFileError
from quorate.research import calibrate, edge_map, linear, parts
from quorate.research.model_file import Model, read, write
from quorate.research.sample import sample

CERTIFICATE = "ab" * 32
DRAW = np.random.default_rng(1)
NAMES = ("ret_1h", "adx")


def fitted_linear():
    rows = DRAW.normal(size=(300, 2))
    return linear.fit(rows, rows[:, 0] + DRAW.normal(size=300) > 0.0, NAMES)


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


@pytest.mark.parametrize("read_as", [parts.edge, parts.calibrations])
def test_a_model_of_another_kind_is_refused(read_as):
    with pytest.raises(ModelFileError, match="the model is of kind linear, asked for is"):
        read_as(Model(certificate=CERTIFICATE, **parts.of_linear(fitted_linear())))
