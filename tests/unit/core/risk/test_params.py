"""Presets and durations become the parameters of every part."""

import pytest

from quorate.core.risk import Params, init, params


def test_balanced_five_minutes_is_the_default() -> None:
    default = params()
    assert default == params("balanced", 5)
    assert default.sizing.target_risk_frac == default.sizing.max_risk_frac == 0.005
    assert default.limits.daily_loss_stop_frac == default.breakers.daily_loss_stop_frac == 0.025
    assert default.limits.max_leverage == 2.0
    assert (default.exits.horizon_bars, default.exits.cooldown_bars) == (48, 12)
    assert default.paper.exits == default.exits
    assert default.breakers.bars_per_day == 288


@pytest.mark.parametrize(("minutes", "bars"), [(1, 240), (15, 16), (60, 4)])
def test_durations_hold_at_every_bar_length(minutes: int, bars: int) -> None:
    given = params("conservative", minutes)
    assert given.exits.horizon_bars == bars
    assert given.breakers.bars_per_day * minutes == 1440
    assert given.sizing.horizon_days == 4.0 / 24.0


def test_a_duration_is_rounded_up_to_whole_bars() -> None:
    assert params(bar_minutes=60, cooldown_hours=0.5).exits.cooldown_bars == 1


def test_overrides_reach_every_part_that_reads_them() -> None:
    given = params("aggressive", daily_loss_stop=0.02, stop_sigmas=3, kelly="cap", defense="flat")
    assert given.limits.daily_loss_stop_frac == given.breakers.daily_loss_stop_frac == 0.02
    assert given.exits.stop_sigmas == given.sizing.stop_sigmas == given.paper.exits.stop_sigmas == 3
    assert (given.sizing.kelly, given.breakers.defense) == (1, 1)


def test_types_stay_the_ones_the_kernels_were_compiled_for() -> None:
    def types(part: tuple[object, ...]) -> list[object]:
        return [types(x) if isinstance(x, tuple) else type(x) for x in part]

    given = params(min_days=100, max_days=200, leverage=1, min_paper_trades=5, losses_in_a_row=2)
    assert types(given) == types(params())


@pytest.mark.parametrize(
    "wrong",
    [
        {"preset": "wild"},
        {"bar_minutes": 7},
        {"bar_minutes": 0},
        {"per_trade_risk": 0.5},
        {"leverage": 10},
        {"kelly": "half"},
        {"defense": 2},
        {"release_quantile": 0.99},
        {"min_days": 400},
        {"horizon_hours": float("nan")},
        {"stop_loss": 0.1},
    ],
)
def test_a_mistake_says_what_is_wrong(wrong: dict[str, float | str]) -> None:
    with pytest.raises(ValueError, match=r"use|outside|releases|never be on"):
        params(**wrong)  # type: ignore[arg-type]


def test_init_gives_every_part_its_memory() -> None:
    given: Params = params(max_days=90)
    state = init(3, given)
    assert state.exits.side.shape == state.paper.entry.shape == (3,)
    assert state.breakers.ring.shape == (90, 3)
    with pytest.raises(ValueError, match="at least 1"):
        init(0, given)
