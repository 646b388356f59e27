"""What players are worth: golden vector G19, and the axioms that make it Shapley's value."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.statistics.shapley import exact, sampled, shapley

G19 = {"": 0, "0": 10, "1": 4, "2": 0, "01": 12, "02": 16, "12": 5, "012": 20}


def game(values, players):
    """Give the game in which coalitions, in the order of their bits, make these values."""
    return lambda coalition: values[sum(1 << players.index(player) for player in coalition)]


@st.composite
def games(draw, least=1, most=5):
    """Draw a game of integers: its players and what each coalition makes."""
    count = draw(st.integers(least, most))
    made = draw(st.lists(st.integers(-(10**9), 10**9), min_size=2**count, max_size=2**count))
    return made, list(range(count))


def test_g19_shapley():
    found = exact(lambda coalition: G19["".join(sorted(coalition))], ["0", "1", "2"])
    assert found.values == {"0": Fraction(37, 3), "1": Fraction(23, 6), "2": Fraction(23, 6)}
    assert sum(found.values.values()) == 20
    assert found.n_coalitions == 8


@given(games())
def test_all_that_is_made_is_given_out_and_nothing_else(drawn):
    made, players = drawn
    values = exact(game(made, players), players).values
    assert sum(values.values()) == made[-1] - made[0]


@given(games(most=6), st.integers(2, 5), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_drawn_orders_give_out_all_too(drawn, n_pairs, seed):
    made, players = drawn
    found = sampled(game(made, players), players, n_pairs=n_pairs, seed=seed)
    assert sum(found.values.values()) == made[-1] - made[0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=8))
def test_money_in_floats_loses_nothing(made):
    values = exact(game(made, [0, 1, 2]), [0, 1, 2]).values
    assert sum(values.values()) == Fraction(made[-1]) - Fraction(made[0])


@given(games(least=2))
def test_players_that_are_interchangeable_are_worth_the_same(drawn):
    made, players = drawn
    swapped = {0: 1, 1: 0}

    def value(coalition):
        other = frozenset(swapped.get(player, player) for player in coalition)
        return game(made, players)(coalition) + game(made, players)(other)

    values = exact(value, players).values
    assert values[0] == values[1]


@given(games(least=2), st.integers(-1000, 1000))
def test_one_who_adds_the_same_to_all_is_worth_that(drawn, alone):
    made, players = drawn

    def value(coalition):
        return game(made, players)(coalition - {0}) + alone * (0 in coalition)

    assert exact(value, players).values[0] == alone
    assert sampled(value, players, n_pairs=2, seed=1).values[0] == alone


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=6))
def test_a_linear_game_is_worth_its_shares(shares):
    players = list(range(len(shares)))
    made = lambda coalition: sum(shares[player] for player in coalition)  # noqa: E731
    assert list(exact(made, players).values.values()) == shares
    found = sampled(made, players, n_pairs=2, seed=3)
    assert list(found.values.values()) == shares
    assert set(found.errors.values()) == {0.0}


def test_drawn_orders_come_close_and_say_how_close():
    def value(coalition):
        return len(coalition) ** 2 + 10 * ({3, 5, 7} <= coalition)

    players = list(range(9))
    truth, found = exact(value, players), sampled(value, players, n_pairs=400, seed=5)
    for player in players:
        error = found.errors[player]
        assert abs(found.values[player] - truth.values[player]) <= 4 * error + 1e-12
    assert 0 < found.errors[3] < 0.3
    assert found.n_coalitions <= 2**9


def test_a_pair_of_reversed_orders_is_exact_for_pairwise_games():
    """What two players make together is halved by an order and its reverse, whatever the order."""
    value = lambda coalition: len(coalition) * (len(coalition) - 1)  # noqa: E731
    found = sampled(value, list(range(14)), n_pairs=3, seed=0)
    assert set(found.values.values()) == {Fraction(13)}
    assert set(found.errors.values()) == {0.0}


def test_above_twelve_players_orders_are_drawn():
    seen = []

    def value(coalition):
        seen.append(coalition)
        return len(coalition)

    shapley(value, range(12))
    assert len(seen) == len(set(seen)) == 4096
    seen.clear()
    found = shapley(value, range(13), n_pairs=4, seed=1)
    assert len(seen) == len(set(seen)) == found.n_coalitions <= 2 + 8 * 12
    assert found == shapley(value, range(13), n_pairs=4, seed=1)


def test_nobody_is_worth_nothing():
    assert exact(lambda _: 3, []).values == {}
    assert sampled(lambda _: 3, [], n_pairs=2, seed=0).values == {}


@pytest.mark.parametrize("made", [math.nan, math.inf])
def test_a_coalition_must_make_a_number(made):
    with pytest.raises(ValueError, match=rf"\['a'\] makes {made}"):
        exact(lambda coalition: made if coalition else 0.0, ["a"])


def test_what_cannot_be_played_is_refused():
    with pytest.raises(ValueError, match="named twice"):
        exact(len, ["a", "a"])
    with pytest.raises(ValueError, match="13 players have 8192"):
        exact(len, range(13))
    with pytest.raises(ValueError, match="n_pairs is 1"):
        sampled(len, range(13), n_pairs=1, seed=0)
