from quorate.core.regime import approval, may_enter, may_vote
from quorate.core.types import Hazard, Regime


def test_matrix_has_a_one_where_an_engine_is_approved():
    matrix = approval([{Regime.TREND, Regime.PANIC}, set(), frozenset({Regime.RANGE})])
    assert matrix.tolist() == [[1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_neutral_is_trend_and_range_unless_named():
    matrix = approval(
        [{Regime.TREND, Regime.RANGE}, {Regime.TREND}, {Regime.NEUTRAL}, {Regime.ILLIQUID}]
    )
    assert matrix[Regime.NEUTRAL].tolist() == [1, 0, 1, 0]


def test_may_vote_reads_the_matrix():
    matrix = approval([{Regime.TREND}])
    assert may_vote(matrix, int(Regime.TREND), 0)
    assert not may_vote(matrix, int(Regime.PANIC), 0)


def test_only_illiquid_forbids_entries():
    assert may_enter(0)
    assert may_enter(int(Hazard.PANIC))
    assert not may_enter(int(Hazard.ILLIQUID))
    assert not may_enter(int(Hazard.ILLIQUID) | int(Hazard.PANIC))
