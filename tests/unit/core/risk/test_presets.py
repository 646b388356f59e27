"""Spec 11, and the bounds outside of which nothing may be set."""

import pytest

from quorate.core.risk.presets import OUTER, PRESETS, Preset, check, preset


@pytest.mark.parametrize(
    ("name", "risk", "stop", "leverage"),
    [
        ("conservative", 0.0025, 0.015, 1.5),
        ("balanced", 0.005, 0.025, 2.0),
        ("aggressive", 0.01, 0.035, 3.0),
        ("generic", 0.005, 0.03, 3.0),
    ],
)
def test_the_table_of_the_spec(name: str, risk: float, stop: float, leverage: float) -> None:
    assert preset(name) == Preset(risk, stop, leverage, coin_cap=0.25, sector_cap=0.5)
    assert check(preset(name)) == PRESETS[name]


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(ValueError, match="conservative, balanced, aggressive, generic"):
        preset("wild")


@pytest.mark.parametrize("field", Preset._fields)
@pytest.mark.parametrize("value", [0.0, -1.0, 25.0, float("nan")])
def test_every_field_has_bounds(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"risk.{field}"):
        check(preset("balanced")._replace(**{field: value}))


def test_one_trade_may_not_lose_more_than_a_day() -> None:
    with pytest.raises(ValueError, match="one trade"):
        check(OUTER._replace(daily_loss_stop=0.01))


def test_full_risk_positions_that_fit_the_day() -> None:
    fit = [
        (int(1e4 * p.daily_loss_stop + 0.5) // int(1e4 * p.per_trade_risk + 0.5))
        for p in (preset("conservative"), preset("balanced"), preset("aggressive"))
    ]
    assert fit == [6, 5, 3]
