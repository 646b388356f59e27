"""The walk through trees: equals its definition, row by row or in a block, and trusts no shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.core.engines import trees
from quorate.core.engines.base import Rows
from quorate.core.kernel import signatures
from quorate.core.types import Regime

NAMES = ("ret_24h", "adx", "vol_24h")


def drawn(seed, n_trees=7, depth=3, n_features=3):
    """Return random trees whose thresholds are few, so that values fall on them."""
    draw = np.random.default_rng(seed)
    n_inner = 2**depth - 1
    place = draw.integers(0, 2 * n_features, (n_trees, n_inner)).astype(np.uint16)
    number = draw.normal(size=(n_trees, 2 * n_inner + 1)).astype(np.float32)
    number[:, :n_inner] = draw.integers(-2, 3, (n_trees, n_inner)) / np.float32(10.0)
    return trees.pack(place, number, float(np.float32(draw.normal())), 0.0, n_features)


def values_of(draw, n):
    """Return features of which some are missing, infinite, or equal to a threshold."""
    values = draw.normal(size=(n, 3)) * 0.3
    on = draw.uniform(size=values.shape) < 0.3
    values[on] = draw.integers(-2, 3, on.sum()) / 10.0
    values[draw.uniform(size=values.shape) < 0.15] = np.nan
    values[draw.uniform(size=values.shape) < 0.02] = np.inf
    values[draw.uniform(size=values.shape) < 0.02] = -np.inf
    return values


def by_definition(forest, x):
    """Walk one row as the library's documentation says: one node, one question."""
    total = np.float32(forest.scalars[0])
    n_inner = forest.place.shape[1]
    for place, number in zip(forest.place, forest.number, strict=True):
        i = 0
        while i < n_inner:
            value = np.float32(x[place[i] // 2])
            goes_right = place[i] % 2 == 1 if np.isnan(value) else not value < number[i]
            i = 2 * i + 1 + int(goes_right)
        total = np.float32(total + number[i])
    return total


def scanned(forest, cube):
    rows = Rows(np.ascontiguousarray(cube), NAMES)
    margin, prob = np.empty(rows.shape), np.empty(rows.shape)
    for is_prob, told in ((False, margin), (True, prob)):
        trees.scan(rows.values, rows.columns(NAMES), *forest, is_prob, told)
    assert (margin == margin.astype(np.float32)).all()
    return margin.astype(np.float32), prob


def cube_of(values, shape):
    return values.reshape(*shape, 3).transpose(0, 2, 1)


def engine(forest):
    return trees.build(
        name="fitted",
        family="model",
        approved=[Regime.TREND],
        reads=NAMES,
        forest=forest,
        hypothesis="What moved before goes on as it did.",
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 9))
def test_a_walk_is_its_definition_bit_by_bit(seed, depth, n_trees):
    forest = drawn(seed, n_trees, depth)
    values = values_of(np.random.default_rng(seed), 24)
    margin, prob = scanned(forest, cube_of(values, (6, 4)))
    wanted = np.array([by_definition(forest, x) for x in values], np.float32)
    assert margin.ravel().tobytes() == wanted.tobytes()
    assert prob.ravel() == pytest.approx(1.0 / (1.0 + np.exp(-wanted.astype(float))), abs=1e-15)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 24), (24, 1), (6, 4)]))
def test_a_row_alone_a_block_and_a_shuffled_block_give_the_same_bytes(seed, shape):
    draw = np.random.default_rng(seed)
    forest, values = drawn(3), values_of(draw, 24)

    def told(values, shape):
        return [
            x.ravel() for x in (*scanned(forest, cube_of(values, shape)), *voted(values, shape))
        ]

    def voted(values, shape):
        return engine(forest).vote(Rows(np.ascontiguousarray(cube_of(values, shape)), NAMES))

    block = told(values, shape)
    order = draw.permutation(24)
    for whole, shuffled in zip(block, told(values[order], shape), strict=True):
        assert shuffled.tobytes() == whole[order].tobytes()
    alone = [told(values[i : i + 1], (1, 1)) for i in range(24)]
    for whole, *pieces in zip(block, *alone, strict=True):
        assert np.concatenate(pieces).tobytes() == whole.tobytes()


def test_the_likelier_side_is_taken_with_its_probability_and_nothing_known_of_less():
    forest, values = drawn(1), values_of(np.random.default_rng(2), 200)
    cube = np.ascontiguousarray(cube_of(values, (50, 4)))
    side, strength = engine(forest).vote(Rows(cube, NAMES))
    margin, prob = scanned(forest, cube)
    is_known = ~np.isnan(cube).any(axis=1)
    assert 0 < is_known.sum() < is_known.size
    assert (side[is_known] == np.sign(margin[is_known])).all()
    assert strength[is_known] == pytest.approx(np.maximum(prob, 1 - prob)[is_known], abs=1e-15)
    assert (side[~is_known] == 0).all()
    assert (strength[~is_known] == 0.5).all()


def test_even_odds_are_an_abstention():
    place, number = np.zeros((1, 1), np.uint16), np.array([[0.0, -1.0, 0.0]], np.float32)
    one = engine(trees.pack(place, number, 0.0, 0.0, 1))
    cube = np.ones((1, 3, 1))
    assert [x.item() for x in one.vote(Rows(cube, NAMES))] == [0, 0.5]


def test_an_edge_below_the_least_is_no_vote():
    number = np.array([[0.0, -1.0, 0.3]], np.float32)
    one = engine(trees.pack(np.zeros((1, 1), np.uint16), number, 0.0, 0.2, 1))
    side, strength = one.vote(Rows(np.array([[[-1.0, 1.0]] * 3]), NAMES))
    assert side.tolist() == [[-1, 0]]
    assert strength.round(3).tolist() == [[0.731, 0.5]]


def test_kernels_have_one_signature():
    for shape in ((1, 1), (2, 3)):
        scanned(drawn(1), cube_of(np.zeros((shape[0] * shape[1], 3)), shape))
        engine(drawn(1, depth=2)).vote(Rows(np.zeros((shape[0], 3, shape[1])), NAMES))
    assert signatures(trees.scan) == 1
    assert signatures(trees.tally) == 1


def test_packed_trees_are_copies_that_cannot_be_written_on():
    place, number = np.zeros((1, 1), np.uint16), np.zeros((1, 3), np.float32)
    forest = trees.pack(place, number, 0.0, 0.0, 1)
    number[0, 0] = 7.0
    assert forest.number[0, 0] == 0.0
    for array in forest:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


PLACE, NUMBER = np.zeros((2, 3), np.uint16), np.zeros((2, 7), np.float32)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"place": np.zeros((2, 2), np.uint16)}, r"place has shape \(2, 2\)"),
        ({"place": np.zeros(3, np.uint16)}, r"place has shape \(3,\)"),
        ({"place": PLACE[:0], "number": NUMBER[:0]}, r"place has shape \(0, 3\)"),
        ({"place": PLACE[:, :0], "number": NUMBER[:, :1]}, r"place has shape \(2, 0\)"),
        ({"number": NUMBER[:, :6]}, r"number \(2, 6\)"),
        ({"number": NUMBER[:1]}, r"number \(1, 7\)"),
        ({"place": np.zeros((1, 511), np.uint16)}, "1 to 8 levels"),
        ({"place": PLACE.astype(np.int64)}, "place is int64"),
        ({"number": NUMBER.astype(np.float64)}, "number float64"),
        ({"place": PLACE + np.uint16(6)}, "place 6 of a row of 6"),
        ({"number": NUMBER * np.float32(np.nan)}, "no finite float32"),
        ({"base": 0.1}, "no finite float32"),
        ({"base": np.nan}, "no finite float32"),
        ({"least_edge": 1.0}, r"least_edge is 1.0"),
        ({"least_edge": np.nan}, r"least_edge is nan"),
    ],
)
def test_what_cannot_be_walked_is_refused(change, said):
    given = {
        "place": PLACE,
        "number": NUMBER,
        "base": 0.0,
        "least_edge": 0.0,
        "n_features": 3,
    }
    with pytest.raises(ValueError, match=said):
        trees.pack(**(given | change))


def test_an_engine_of_fewer_features_than_its_trees_ask_for_is_refused():
    forest = trees.pack(PLACE + np.uint16(5), NUMBER, 0.0, 0.0, 3)
    with pytest.raises(ValueError, match="place 5 of a row of 1 features"):
        trees.build(
            name="one",
            family="model",
            approved=[Regime.TREND],
            reads=("adx",),
            forest=forest,
            hypothesis="None.",
        )
