"""Each check fails the engine it was made for, and the sample rows are what they claim."""

import numpy as np
import pytest
from tests.unit.core.engines.cells import FEATURES

from quorate.core.engines import checks
from quorate.core.engines.base import from_function
from quorate.core.engines.specimen import STANDARD, mirror, specimen, uniform
from quorate.core.types import Regime


def made(function, **settings):
    settings = {"hypothesis": "a test", **settings}
    return from_function(function, name="odd", family="test", approved=[Regime.TREND], **settings)


def sides(condition):
    return condition.astype(np.int8), np.where(condition, 0.6, 0.5)


def honest(rows):
    return sides(rows["ret_24h"] > 0.0)


class Memory:
    def __init__(self):
        self.calls = 0

    def __call__(self, rows):
        self.calls += 1
        return sides(rows["ret_24h"] > 0.01 * (self.calls % 2))


def over_coins(rows):
    return sides(rows["ret_24h"] > np.nanmean(rows["ret_24h"], axis=1, keepdims=True))


def past_bars(rows):
    return sides(rows["ret_24h"] > np.roll(rows["ret_24h"], 1, axis=0))


def writes(rows):
    rows.values.flags.writeable = True
    rows.values[0, 0, 0] += 1.0
    return honest(rows)


def trades_on_nan(rows):
    return sides(~(rows["ret_24h"] < 0.0))


def breaks_on_nan(rows):
    if np.isnan(rows["ret_24h"]).any():
        raise ValueError("NaN")
    return honest(rows)


@pytest.mark.parametrize(
    ("engine", "check", "words"),
    [
        (made(lambda _: 1), checks.answers_with_votes, "returned int"),
        (made(lambda r: (r["ret_24h"] * 0, r["ret_24h"] * 0)), checks.survives_stress, "inf"),
        (made(breaks_on_nan), checks.survives_stress, "NaN"),
        (made(lambda r: sides(r["vol_24h"] < 0.0)), checks.votes_sometimes, "abstains on all"),
        (made(lambda r: sides(r["vol_24h"] > 0.0)), checks.votes_sometimes, "the same on all"),
        (made(Memory()), checks.is_deterministic, "second time"),
        (made(over_coins), checks.reads_one_row_at_a_time, "votes changed"),
        (made(past_bars), checks.reads_one_row_at_a_time, "votes changed"),
        (made(trades_on_nan), checks.abstains_on_unknown, "ret_24h"),
        (made(trades_on_nan, reads=["ret_24h"]), checks.abstains_on_unknown, "abstain there"),
        (made(honest, reads=["vol_24h"]), checks.abstains_on_unknown, "declare it"),
        (made(honest, symmetric=True), checks.mirrors_where_it_claims, "did not turn"),
        (made(honest, hypothesis=" "), checks.says_why, "no hypothesis"),
        (made(honest, parameters={"x": np.inf}), checks.says_why, "parameter x"),
    ],
)
def test_a_check_fails_the_engine_it_was_made_for(engine, check, words):
    assert words in check(engine)


def test_a_write_to_the_rows_is_impossible_or_found():
    assert "writ" in checks.leaves_inputs_alone(made(writes)) or "changed the rows" in (
        checks.leaves_inputs_alone(made(writes))
    )


def test_an_honest_engine_passes_every_check():
    assert checks.complaints(made(honest)) == ()
    assert checks.complaints(made(honest, reads=["ret_24h"])) == ()


def test_every_check_is_in_the_list_and_says_what_it_checks():
    public = {
        name
        for name, value in vars(checks).items()
        if callable(value) and value.__module__ == checks.__name__ and not name.startswith("_")
    }
    assert public == {check.__name__ for check in checks.CHECKS} | {"complaints"}
    for check in checks.CHECKS:
        assert check.__doc__.startswith("Check that")


def test_specimens_cover_every_feature_the_same_way_every_time():
    assert set(STANDARD) == set(FEATURES)
    rows = specimen(STANDARD)
    assert rows.values.tobytes() == specimen(STANDARD).values.tobytes()
    assert rows.values.tobytes() != specimen(STANDARD, seed=1).values.tobytes()
    assert np.isfinite(rows.values).all()
    for name in STANDARD:
        assert np.unique(rows[name]).size > 1, name


def test_uniform_is_uniform():
    draw = uniform((100, 10, 100)).ravel()
    assert draw.min() > 0.0
    assert draw.max() < 1.0
    assert abs(draw.mean() - 0.5) < 0.005
    assert abs(draw.var() - 1.0 / 12.0) < 0.002
    assert abs(np.corrcoef(draw[1:], draw[:-1])[0, 1]) < 0.01


def test_the_mirror_undoes_itself():
    rows = specimen(STANDARD)
    np.testing.assert_allclose(mirror(mirror(rows)).values, rows.values, rtol=0, atol=1e-13)
