"""The harness finds nothing in our desk, and finds every bug that is planted in it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fault.planted import BUGS

from quorate.harness.life import play
from quorate.harness.schedule import drawn

pytest.importorskip("ccxt")
pytestmark = pytest.mark.slow
LENGTH_MS = 8_640_000
MOST_SEEDS = 60


def test_forty_lives_under_faults_break_nothing() -> None:
    for seed in range(1, 41):
        assert play(drawn(seed, LENGTH_MS)).violations == (), seed


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_caught(bug: Any) -> None:
    for seed in range(1, MOST_SEEDS):
        with bug():
            if play(drawn(seed, LENGTH_MS)).violations:
                return
    pytest.fail(f"{bug.__name__} was not caught in {MOST_SEEDS} seeds")
