"""What an engine is and what it is given."""

import numpy as np
import pytest

from quorate.core.engines.base import Engine, Rows, approval, engine, from_function
from quorate.core.types import Regime

GOOD = {"name": "mine", "family": "trend", "approved": frozenset({Regime.TREND}), "vote": print}


def test_rows_give_columns_by_name():
    cube = np.arange(24.0).reshape(2, 3, 4)
    rows = Rows(cube, ("a", "b", "c"))
    np.testing.assert_array_equal(rows["b"], cube[:, 1, :])
    np.testing.assert_array_equal(rows.values, cube)
    np.testing.assert_array_equal(rows.columns(["c", "a"]), [2, 0])
    assert rows.shape == (2, 4)
    assert "c" in rows
    assert "d" not in rows


def test_columns_that_one_engine_wrote_on_are_not_those_of_the_next():
    rows = Rows(np.zeros((1, 2, 1)), ("a", "b"))
    rows.columns(["b"])[:] = 0
    np.testing.assert_array_equal(rows.columns(["b"]), [1])
    np.testing.assert_array_equal(Rows(np.zeros((1, 2, 1)), ("a", "b")).columns(["b"]), [1])


def test_rows_see_the_buffer_and_cannot_write_to_it():
    cube = np.zeros((1, 1, 2))
    rows = Rows(cube, ("a",))
    cube[0, 0, 1] = 7.0
    assert rows["a"][0, 1] == 7.0
    for view in (rows["a"], rows.values):
        with pytest.raises(ValueError, match="read-only"):
            view[:] = 1.0
    cube[:] = 2.0  # the caller's own array stays writable


@pytest.mark.parametrize(
    ("asked", "nearest"), [("ret_25h", "ret_24h"), ("adxx", "adx"), ("Vol_24h", "vol_24h")]
)
def test_an_unknown_feature_names_the_nearest(asked, nearest):
    rows = Rows(np.zeros((1, 3, 1)), ("ret_24h", "adx", "vol_24h"))
    with pytest.raises(ValueError, match=f"unknown feature '{asked}'.*'{nearest}'"):
        rows[asked]


@pytest.mark.parametrize(
    ("values", "names", "message"),
    [
        (np.zeros((2, 2)), ("a", "b"), "axes"),
        (np.zeros((1, 1, 1), np.float32), ("a",), "float32"),
        (np.zeros((2, 4, 6))[:, ::2, :], ("a", "b"), "C order"),
        (np.zeros((1, 2, 1)), ("a",), "1 names"),
        (np.zeros((1, 2, 1)), ("a", "a"), "1 different"),
    ],
)
def test_rows_refuse_what_a_kernel_cannot_read(values, names, message):
    with pytest.raises(ValueError, match=message):
        Rows(values, names)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "Mine", "engine name 'Mine'"),
        ("name", "m", "engine name 'm'"),
        ("name", "9lives", "engine name"),
        ("name", "a" * 41, "engine name"),
        ("family", "", "family ''"),
        ("approved", frozenset(), "no regime"),
        ("approved", frozenset({"TREND"}), "TREND"),
        ("approved", frozenset({0}), "member of"),
        ("vote", None, "function of Rows"),
    ],
)
def test_an_engine_refuses(field, value, message):
    with pytest.raises(ValueError, match=message):
        Engine(**{**GOOD, field: value})


def test_parameters_are_kept_and_cannot_be_changed():
    given = {"entry_z": 1}
    one = Engine(**GOOD, parameters=given)
    given["entry_z"] = 5
    assert dict(one.parameters) == {"entry_z": 1.0}
    with pytest.raises(TypeError):
        one.parameters["entry_z"] = 2.0
    with pytest.raises(AttributeError):
        one.name = "other"


def test_the_decorator_and_from_function_make_the_same_engine():
    def follow(rows):
        """Follow the day.

        More text.
        """
        return rows

    settings = {"name": "follow", "family": "trend", "approved": [Regime.TREND, Regime.PANIC]}
    for one in (engine(**settings)(follow), from_function(follow, **settings)):
        assert one.vote is follow
        assert one.hypothesis == "Follow the day."
        assert one.approved == {Regime.TREND, Regime.PANIC}
        assert one.reads == ()
        assert not one.symmetric
    assert engine(**settings, hypothesis="why")(follow).hypothesis == "why"
    assert from_function(lambda rows: rows, **settings).hypothesis == ""


def test_approval_in_neutral_needs_trend_and_range_or_its_own_word():
    approved = [
        {Regime.TREND},
        {Regime.RANGE, Regime.PANIC},
        {Regime.TREND, Regime.RANGE},
        {Regime.NEUTRAL},
    ]
    engines = [
        Engine(**{**GOOD, "name": f"e{e}x", "approved": frozenset(one)})
        for e, one in enumerate(approved)
    ]
    np.testing.assert_array_equal(
        approval(engines),
        [[1, 0, 1, 0], [0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]],
    )
    assert approval(engines).dtype == np.int8
