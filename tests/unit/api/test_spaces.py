"""What a search may vary is checked before anything is tried."""

from __future__ import annotations

import pytest

from quorate.api.effective import read_settings
from quorate.api.spaces import Choice, Span, space
from quorate.errors import ConfigError
from quorate.settings import VARIED

BASE = read_settings(overrides={"consensus.k": "0.6"})


def one(name, text):
    return space({name: text}, BASE, 5).axes[0]


@pytest.mark.parametrize(
    ("name", "text", "axis"),
    [
        ("consensus.k", "0.5..2", Span("consensus.k", 0.5, 2.0)),
        ("consensus.k", "0.5..2:log", Span("consensus.k", 0.5, 2.0, log=True)),
        ("consensus.k", "0.5..1.9:0.25", Span("consensus.k", 0.5, 1.75, step=0.25)),
        ("consensus.window", "50..400", Span("consensus.window", 50, 400, step=1.0, whole=True)),
        (
            "consensus.window",
            "50..400:log",
            Span("consensus.window", 50, 400, log=True, whole=True),
        ),
        ("risk.max_leverage", "1..2", Span("risk.max_leverage", 1.0, 2.0)),
        ("costs.impact", "spec,volatility", Choice("costs.impact", *[("spec", "volatility")] * 2)),
        ("consensus.window", "50, 100", Choice("consensus.window", ("50", "100"), (50, 100))),
        (
            "regime.adaptive",
            "true,false",
            Choice("regime.adaptive", ("true", "false"), (True, False)),
        ),
        (
            "engines.exclude",
            '[],momentum_day,["momentum_day", "ema_cross"]',
            Choice(
                "engines.exclude",
                ("[]", "momentum_day", '["momentum_day", "ema_cross"]'),
                ((), ("momentum_day",), ("momentum_day", "ema_cross")),
            ),
        ),
    ],
)
def test_texts_become_axes(name, text, axis):
    assert one(name, text) == axis


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("consensus.kk", "0.5..2", "has no setting 'kk'"),
        ("consenus.k", "0.5..2", r"no section \[consenus\]"),
        ("consensus.k", "2..0.5", "the range is empty"),
        ("consensus.k", "1..1", "the range is empty"),
        ("consensus.k", "0..1:log", "no ratio reaches 0"),
        ("consensus.k", "0..1:2", "no second value"),
        ("consensus.k", "0..1:lin", "'lin' is no step"),
        ("consensus.k", "0..1:0", "'0' is no step"),
        ("consensus.k", "0..inf", "finite number"),
        ("consensus.k", "a..b", "consensus.k is 'a'"),
        ("consensus.window", "50..99.5", "consensus.window is '99.5'"),
        ("consensus.window", "50..60:0.5", "no second value"),
        ("consensus.k", "1", "nothing varies"),
        ("consensus.k", "1,1.0", "nothing varies"),
        ("consensus.k", "1,,2", "an empty value"),
        ("costs.impact", "spec..volatility", "is no number"),
        ("costs.impact", "spec,none", "costs.impact=spec,none: .*'none'"),
        ("consensus.k", "-1..2", "consensus.k=-1..2: .*"),
        ("risk.max_leverage", "1..99", "risk.max_leverage=1..99: "),
        ("data.suspect_z", "5..10", "cannot vary it"),
        ("universe.min_age_days", "5..10", "cannot vary it"),
        ("account.store", "a,b", "cannot vary it"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(name, text, said):
    with pytest.raises(ConfigError, match=said) as refused:
        one(name, text)
    assert refused.value.hint


def test_nothing_to_vary_is_refused():
    with pytest.raises(ConfigError, match="varies nothing"):
        space({}, BASE, 5)


def test_a_point_changes_its_settings_alone_and_says_where_they_come_from():
    found = space({"consensus.k": "0.5..2", "costs.impact": "spec,volatility"}, BASE, 5)
    made = found.settings(BASE, {"consensus.k": 1.25, "costs.impact": "volatility"})
    assert (made["consensus"]["k"], made["costs"]["impact"]) == (1.25, "volatility")
    assert made.origin("consensus", "k") == VARIED
    changed = {
        (section, name)
        for section in BASE.values
        for name in BASE[section]
        if BASE[section][name] != made[section][name]
    }
    assert changed == {("consensus", "k"), ("costs", "impact")}
    assert BASE["consensus"]["k"] == 0.6


def test_the_settings_as_they_are_are_a_point_where_the_ranges_hold_them():
    over = {"consensus.k": "0.5..2", "costs.impact": "spec,volatility"}
    assert space(over, BASE, 5).point(BASE) == {"consensus.k": 0.6, "costs.impact": "spec"}
    assert space({"consensus.k": "1..2"}, BASE, 5).point(BASE) is None
    assert space({"risk.max_leverage": "1..2"}, BASE, 5).point(BASE) is None
