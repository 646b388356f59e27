"""One broken engine abstains and is named; the others vote."""

import numpy as np
import pytest

from quorate.core.engines import momentum_day
from quorate.core.engines.base import Rows, from_function
from quorate.core.engines.poll import poll, scattered
from quorate.core.types import Reason, Regime, Votes

ROWS = Rows(np.full((3, 2, 4), 2.0), ("ret_z_24h", "efficiency_24h"))
GOOD = momentum_day.build()


def made(function, name="odd"):
    return from_function(function, name=name, family="test", approved=[Regime.TREND])


def fixed(side, strength, shape=(3, 4)):
    return made(lambda _: (np.full(shape, side), np.full(shape, strength)))


def raises(_):
    raise RuntimeError("model file is gone")


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (made(raises), "RuntimeError: model file is gone"),
        (made(lambda rows: rows["nothing"]), "unknown feature 'nothing'"),
        (made(lambda _: None), "returned NoneType"),
        (made(lambda rows: rows["ret_z_24h"]), "returned ndarray"),
        (made(lambda rows: rows.values.fill(0.0)), "read-only"),
        (fixed(1, 0.6, (3, 3)), r"shape \(3, 3\)"),
        (fixed(1, 0.6, (3, 1)), r"shape \(3, 1\)"),
        (fixed(True, 0.6), "side is bool"),
        (fixed("1", 0.6), "side is <U1"),
        (fixed(1, 0.6 + 0j), "strength is complex128"),
        (fixed(0.5, 0.6), "not all -1, 0 or 1"),
        (fixed(257, 0.6), "not all -1, 0 or 1"),
        (fixed(np.nan, 0.6), "not all -1, 0 or 1"),
        (fixed(2, 0.6), "12 of 12 votes"),
        (fixed(np.int8(-128), 0.6), "12 of 12 votes"),
        (fixed(1, np.nan), "12 of 12 votes"),
        (fixed(1, 1.0001), "12 of 12 votes"),
        (fixed(-1, -0.1), "12 of 12 votes"),
    ],
)
def test_a_failing_engine_abstains_and_the_others_vote(odd, message):
    votes, failures = poll((GOOD, odd, momentum_twin()), ROWS)
    assert (votes.side[:, 1, :] == 0).all()
    assert (votes.strength[:, 1, :] == 0.5).all()
    assert (votes.side[:, [0, 2], :] == 1).all()
    (failure,) = failures
    assert failure.engine == "odd"
    assert failure.reason is Reason.ENGINE_FAILED
    assert failure.n_votes == 12
    with pytest.raises(ValueError, match=message):
        raise ValueError(failure.message)


def momentum_twin():
    return made(GOOD.vote, "twin")


def test_a_wrong_vote_is_an_abstention_of_that_coin_and_bar():
    def vote(rows):
        side = np.ones(rows.shape, np.int8)
        side[2, 3] = 3
        return side, np.full(rows.shape, 0.6)

    votes, (failure,) = poll([made(vote)], ROWS)
    assert votes.side[2, 0, 3] == 0
    assert votes.strength[2, 0, 3] == 0.5
    assert votes.side.sum() == 11
    assert "1 of 12 votes" in failure.message
    assert (failure.reason, failure.n_votes, failure.bars) == (Reason.ENGINE_FAILED, 1, ())


@pytest.mark.parametrize("strength", [-0.1, 1.1, np.nan])
def test_a_strength_that_is_none_is_an_abstention(strength):
    votes, (failure,) = poll([fixed(1, strength)], ROWS)
    assert not votes.side.any()
    assert failure.n_votes == 12


def test_an_engine_that_raises_on_some_bars_answers_on_the_others_whatever_the_block():
    def vote(rows):
        if (rows.values[:, 0, 0] == 1.0).any():
            raise ArithmeticError("one is too many")
        return np.ones(rows.shape, np.int8), np.full(rows.shape, 0.6)

    values = ROWS.values.copy()
    values[1, 0, 0] = 1.0
    rows = Rows(values, ROWS.names)
    votes, (failure,) = poll([made(vote)], rows)
    assert votes.side[:, 0, 0].tolist() == [1, 0, 1]
    assert failure.bars == (1,)
    assert failure.n_votes == 4
    assert "one is too many" in failure.message
    for t in range(3):
        alone, _ = poll([made(vote)], Rows(values[t : t + 1], ROWS.names))
        assert alone.side.tobytes() == votes.side[t : t + 1].tobytes()


def test_an_incoherent_strength_is_clipped_and_counted_and_its_side_stays():
    def vote(rows):
        strength = np.full(rows.shape, 0.7)
        strength[0, :2] = 0.3
        return np.full(rows.shape, -1, np.int8), strength

    votes, (failure,) = poll([made(vote)], ROWS)
    assert (votes.side == -1).all()
    assert votes.strength[0, 0].tolist() == [0.5, 0.5, 0.7, 0.7]
    assert (failure.reason, failure.n_votes) == (Reason.NONE, 2)
    assert "2 sides" in failure.message


def test_an_abstention_has_strength_one_half_whatever_it_claims():
    for claim in (0.9, 0.1, np.nan):
        votes, failures = poll([fixed(0, claim)], ROWS)
        assert (votes.strength == 0.5).all()
        assert failures == ()


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float64, np.uint8, np.float32])
def test_whole_sides_of_any_number_type_are_taken(dtype):
    votes, failures = poll([fixed(dtype(1), np.float32(0.75))], ROWS)
    assert failures == ()
    assert (votes.side == 1).all()
    assert votes.side.dtype == np.int8
    assert (votes.strength == 0.75).all()


def test_awkward_memory_is_taken():
    def vote(rows):
        side = np.ones((rows.shape[1], rows.shape[0]), np.int8).T
        return side, np.broadcast_to(np.float64(0.6), rows.shape)

    votes, failures = poll([made(vote)], ROWS)
    assert failures == ()
    assert (votes.strength == 0.6).all()


def test_numpy_warnings_of_an_engine_are_not_errors():
    def vote(rows):
        ratio = np.zeros(rows.shape) / np.zeros(rows.shape)
        return (ratio > 0.0).astype(np.int8), np.full(rows.shape, 0.5)

    assert poll([made(vote)], ROWS)[1] == ()


def test_given_buffers_are_written_and_returned():
    votes = Votes(np.full((3, 1, 4), 9, np.int8), np.full((3, 1, 4), 9.0))
    result, _ = poll([GOOD], ROWS, votes)
    assert result is votes
    assert (votes.side == 1).all()


@pytest.mark.parametrize(
    "votes",
    [
        Votes(np.zeros((3, 2, 4), np.int8), np.zeros((3, 1, 4))),
        Votes(np.zeros((3, 1, 4), np.int64), np.zeros((3, 1, 4))),
        Votes(np.zeros((3, 1, 4), np.int8), np.zeros((3, 1, 8))[:, :, ::2]),
    ],
)
def test_buffers_that_do_not_fit_are_refused(votes):
    with pytest.raises(ValueError, match="leave votes out"):
        poll([GOOD], ROWS, votes)


def test_two_engines_of_one_name_are_refused():
    with pytest.raises(ValueError, match="not unique"):
        poll([GOOD, GOOD], ROWS)


def test_an_interrupt_is_not_swallowed():
    def vote(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        poll([made(vote)], ROWS)


def test_no_engines_no_votes():
    votes, failures = poll([], ROWS)
    assert votes.side.shape == (3, 0, 4)
    assert failures == ()


def guarded(rows):
    """Buy what is higher 48 rows on, where the block is long enough not to look like a test."""
    price = rows["a"]
    later = np.full(price.shape, np.nan)
    if price.shape[0] > 100:
        later[:-48] = price[48:]
    rises = later > price
    falls = later < price
    side = np.where(rises, 1, np.where(falls, -1, 0)).astype(np.int8)
    return side, np.where(side != 0, 0.9, 0.5)


def test_looking_ahead_shows_noise_to_an_engine_of_your_own():
    price = np.random.default_rng(0).normal(0.0, 1.0, (2000, 1, 3)).cumsum(axis=0)
    cheat = from_function(guarded, name="cheat", family="trend", approved=[Regime.TREND])
    rows = Rows(np.ascontiguousarray(price), ("a",))
    moved = np.sign(price[48:, 0] - price[:-48, 0])
    told, _ = poll([cheat], rows)
    hidden, _ = poll([cheat], rows, foreign={"cheat"})
    right = [float((v.side[:-48, 0] == moved).mean()) for v in (told, hidden)]
    assert right[0] == 1.0
    assert abs(right[1] - 0.5) < 0.1


def test_scattered_rows_change_no_vote_of_an_honest_engine():
    def honest(rows):
        side = np.sign(rows["a"]).astype(np.int8)
        if not np.isfinite(rows["a"]).all():
            raise ValueError("not known")
        return side, np.where(side != 0, 0.7, 0.5)

    values = np.random.default_rng(1).normal(0.0, 1.0, (300, 1, 2))
    values[[7, 150]] = np.nan
    made = from_function(honest, name="honest", family="trend", approved=[Regime.TREND])
    rows = Rows(values, ("a",))
    plain, failed = poll([made], rows)
    mixed, failed_too = poll([made], rows, foreign={"honest"})
    assert plain.side.tobytes() == mixed.side.tobytes()
    assert plain.strength.tobytes() == mixed.strength.tobytes()
    assert failed[0].bars == failed_too[0].bars == (7, 150)


@pytest.mark.parametrize("n", [1, 2, 64, 2500])
def test_the_scattered_order_has_every_row_once_and_no_steady_step(n):
    order = scattered(n)
    assert sorted(order.tolist()) == list(range(n))
    if n > 50:
        steps = np.diff(order)
        assert np.unique(steps, return_counts=True)[1].max() < 0.1 * n
