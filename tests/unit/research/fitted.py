"""A small model set for tests: an engine, calibrations, an edge map and an approval."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from quorate.core.types import Regime
from quorate.research import calibrate, edge_map, linear
from quorate.research.model_set import ModelSet, Voter
from quorate.research.sample import sample

CERTIFICATE = "ab" * 32
NAMES = ("ret_z_1h", "ret_24h")
KEY = ("ema_cross", Regime.TREND)


def votes(seed=1, n=900):
    """Draw votes of weak and of strong strengths that are right more often than not."""
    draw = np.random.default_rng(seed)
    strength = np.where(draw.uniform(size=n) < 0.5, 0.55, 0.68)
    return sample(strength, draw.uniform(size=n) < strength)


def model(seed=1):
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(400, 2)) * (1.0, 0.03)
    return linear.fit(rows, rows[:, 0] + draw.normal(size=400) > 0.0, NAMES)


def voter(name="logit_hour", **change):
    given = {
        "fit": model(),
        "name": name,
        "family": "model",
        "approved": frozenset({Regime.TREND, Regime.RANGE}),
        "hypothesis": "The last hour goes on.",
        "least_edge": 0.02,
    }
    return Voter(**(given | change))


def edge(slope=0.9, horizon_days=1 / 6):
    draw = np.random.default_rng(3)
    score = draw.uniform(-0.4, 0.4, 2_000)
    sigma = draw.uniform(0.01, 0.05, 2_000)
    past = edge_map.scored(
        score,
        slope * score * sigma * np.sqrt(horizon_days),
        sigma,
        np.arange(2_000) * 12,
        horizon_bars=48,
        bars_per_day=288,
    )
    return edge_map.fit(past, horizon_days=horizon_days, method="slope", ridge=0.0, n_draws=5)


def made(**change):
    """Return a set of everything; ``change`` are fields of ``ModelSet``."""
    past = votes()
    given = {
        "certificate": CERTIFICATE,
        "horizon_hours": 4.0,
        "until": datetime(2024, 1, 5, tzinfo=UTC),
        "voters": (voter(),),
        "calibrations": {KEY: calibrate.fit(past, method="platt")},
        "strengths": {KEY: past.strength},
        "edge": edge(),
        "approved": {"vwap_reversion": frozenset()},
    }
    return ModelSet(**(given | change))
