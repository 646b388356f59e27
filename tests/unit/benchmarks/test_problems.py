"""The market and the problems of the benchmarks: the same each time, and priced as Quorate does."""

from __future__ import annotations

import math
import shlex
from pathlib import Path

import numpy as np
import pytest

from quorate.core.portfolio import objective
from quorate.core.portfolio.solve import solve

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(autouse=True)
def found(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setenv("QUORATE_BENCH_HOME", str(tmp_path))


@pytest.mark.parametrize(("n_sectors", "upper"), [(0, 1.0), (8, 1.0), (0, 0.25), (8, 0.25)])
def test_a_solved_problem_keeps_the_limits_and_no_neighbour_is_better(n_sectors, upper):
    import problems

    random = np.random.default_rng(1)
    for asked in problems.problems(50, n_sectors, upper, count=5):
        weights = np.empty(50)
        cap = problems.SECTOR_CAP if n_sectors else math.inf
        code = solve(
            asked.edge, asked.upper, asked.held, np.zeros(50), asked.sector, cap,
            problems.BUDGET, problems.KAPPA, problems.MOST_HHI, problems.PENALTY, weights,
        )  # fmt: skip
        assert code == 0
        assert problems.broken(asked, weights) <= 1e-12
        best = problems.reached(asked, weights)
        ours = objective.penalised(
            weights, asked.edge, asked.held, problems.KAPPA, problems.MOST_HHI, problems.PENALTY
        )
        assert best == pytest.approx(ours, abs=1e-12)
        for _ in range(200):
            other = np.clip(weights + random.normal(0, 0.01, 50) * (random.random(50) < 0.1), 0, 1)
            if problems.broken(asked, other) == 0:
                assert problems.reached(asked, other) <= best + 1e-9


def test_a_broken_limit_is_told():
    import problems

    (asked,) = problems.problems(4, 2, 0.25, count=1)
    assert problems.broken(asked, np.array([0.2, 0.1, 0.05, 0.1])) == 0
    assert problems.broken(asked, np.array([0.25, 0.0, 0.2, 0.0])) == pytest.approx(0.15)
    assert problems.broken(asked, np.array([0.3, 0.0, 0.0, 0.0])) == pytest.approx(0.05)
    assert problems.broken(asked, np.array([-0.1, 0.0, 0.0, 0.0])) == pytest.approx(0.1)


def test_the_market_is_the_same_each_time():
    from panel import changes, closes, ohlcv

    close, signal = closes(2, 400)
    assert close.shape == signal.shape == (400, 2)
    assert close[0] == pytest.approx([100.12743054705764, 100.17212469565835], rel=1e-12)
    assert close[-1] == pytest.approx([99.2729512622261, 92.95897167560356], rel=1e-12)
    assert set(np.unique(signal)) <= {-1, 0, 1}
    assert not signal[:287].any()
    assert changes(signal).sum() == np.count_nonzero(np.diff(signal, axis=0, prepend=0))
    bars = ohlcv(2, 400)
    assert np.array_equal(bars.close, close)
    assert np.array_equal(bars.open[1:], close[:-1])
    assert (bars.low <= np.minimum(bars.open, close)).all()
    assert (bars.high >= np.maximum(bars.open, close)).all()


def test_every_workload_has_its_script_and_its_environment():
    from peers import environments
    from peers.workloads import WORKLOADS

    for script in WORKLOADS.values():
        path = BENCHMARKS / shlex.split(script)[0]
        assert path.exists()
        peer = path.stem.partition("_")[0]
        assert environments.SHARED.get(peer, peer) in environments.names()


def test_requirements_are_pinned():
    from peers import environments

    for path in environments.REQUIREMENTS.glob("*.txt"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert all("==" in line for line in lines if not line.startswith("#"))
