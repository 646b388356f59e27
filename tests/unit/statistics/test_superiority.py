"""The best of many against a benchmark: level, power, and what is refused."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

from quorate.errors import ConfigError
from quorate.statistics.superiority import superior


def days(seed, n_days=150, n=6):
    return np.random.default_rng(seed).standard_t(4, (n_days, n)) * 0.01


def test_the_best_of_many_is_found_alone():
    made = days(1)
    edge = np.array([0.0, 0.008, 0.0, -0.01, 0.0])
    found = superior(made[:, 1:] + edge, made[:, 0], seed=1, n_samples=499)
    assert found.better == (1,)
    assert found.lower <= found.consistent <= found.upper < 0.05


def test_luck_alone_is_rarely_better():
    found = [superior(days(k)[:, 1:], days(k)[:, 0], seed=k, n_samples=199) for k in range(40)]
    # 5% of 40 is 2, and three standard errors
    assert sum(each.consistent < 0.05 for each in found) <= 6
    assert sum(bool(each.better) for each in found) <= 6


def test_the_same_seed_gives_the_same_answer():
    made = days(2)
    one, same, other = (
        superior(made[:, 1:], made[:, 0], seed=seed, n_samples=199) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_without_arch_it_says_how_to_get_it(monkeypatch):
    real = builtins.__import__

    def without(name, *given, **named):
        if name.split(".")[0] == "arch":
            raise ImportError(name)
        return real(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    made = days(3)
    with pytest.raises(ConfigError, match=r"quorate\[research\]"):
        superior(made[:, 1:], made[:, 0], seed=1)


def test_what_cannot_be_compared_is_refused():
    made = days(4)
    with pytest.raises(ValueError, match="common day"):
        superior(made, made[:-1, 0], seed=1)
    with pytest.raises(ValueError, match="does not differ"):
        superior(made, made[:, 0], seed=1)
    with pytest.raises(ValueError, match="level is 2"):
        superior(made[:, 1:], made[:, 0], seed=1, level=2)
    made[3, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        superior(made[:, 1:], made[:, 0], seed=1)
