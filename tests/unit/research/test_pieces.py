"""An answer says what code made it; one made by other code is refused."""

from __future__ import annotations

import copy

import pytest

from quorate.errors import ConfigError, ResearchError, TooLittleHistoryError
from quorate.research.pieces import Answer, answered, code, settled


def _fails(shared, piece):
    raise TooLittleHistoryError(f"{shared} {piece}", hint="give more")


def _breaks(_shared, _piece):
    raise ZeroDivisionError


def test_what_a_piece_comes_to_is_in_order():
    assert settled(answered(pow, 2, piece) for piece in (3, 1, 2)) == [8, 2, 4]


def test_an_error_of_ours_travels_whole():
    """It comes back as it was raised, its words, its hint and its kind, through a copy."""
    answer = copy.copy(answered(_fails, "two", "rows"))
    assert copy.deepcopy(answer).error.hint == "give more"
    with pytest.raises(TooLittleHistoryError, match="two rows") as caught:
        settled([answer])
    assert caught.value.hint == "give more"


def test_another_error_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        answered(_breaks, 1, 1)


def test_other_code_is_refused_with_what_differs():
    there = dict(code()) | {"numpy": "1.0"}
    with pytest.raises(ConfigError, match=r"runs other code.*: numpy 1\.0 there, ") as caught:
        settled([Answer(tuple(sorted(there.items())), 1, None)])
    assert "same version" in caught.value.hint
    assert "sources" not in caught.value.message


def test_what_the_bytes_depend_on_is_named():
    said = dict(code())
    assert {"sources", "python", "numpy", "scikit-learn", "xgboost", "machine"} <= set(said)
    assert said["linear algebra"]
    assert "none" not in said.values()


def test_the_first_error_by_order_is_raised():
    answers = [answered(pow, 2, 2), answered(_fails, "a", "b"), answered(_fails, "c", "d")]
    with pytest.raises(ResearchError, match="a b"):
        settled(answers)
