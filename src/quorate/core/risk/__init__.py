"""From a score to a size that may be traded, and when it must end (Spec 5, 6, 11).

``sizing`` turns the record of the ``paper`` twin into a notional; ``limits`` caps it; ``breakers``
make it smaller or stop entries; ``exits`` say when a position ends; ``presets`` hold the numbers.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from quorate.core.risk import breakers, exits, limits, open_risk, paper, presets, sizing

if TYPE_CHECKING:
    from enum import IntEnum

__all__ = ["OPTIONS", "SETTINGS", "Params", "State", "init", "params"]

_MINUTES_PER_DAY = 1440


class Params(NamedTuple):
    """The parameters of every part of the stage."""

    sizing: sizing.Params
    exits: exits.Params
    paper: paper.Params
    limits: limits.Params
    breakers: breakers.Params


class State(NamedTuple):
    """The memory of the stage."""

    exits: exits.State
    paper: paper.State
    breakers: breakers.State


# name: (default, lowest, highest); the presets' own fields are checked by ``presets.check``
SETTINGS: dict[str, tuple[float, float, float]] = {
    "horizon_hours": (4.0, 1.0 / 60.0, 24.0 * 30.0),
    "cooldown_hours": (1.0, 0.0, 24.0 * 30.0),
    "stop_sigmas": (2.0, 0.1, 20.0),
    "k_out": (0.0, 0.0, 10.0),
    "min_hold_hours": (0.0, 0.0, 24.0 * 30.0),
    "kelly_multiplier": (0.25, 0.0, 1.0),
    "base_multiplier": (0.0625, 0.0, 1.0),
    "min_paper_trades": (30, 0, 100_000),
    "prior_win_trades": (50.0, 0.0, 100_000.0),
    "win_rate_z": (0.0, 0.0, 5.0),
    "prior_payoff": (1.0, 0.01, 100.0),
    "prior_payoff_trades": (20.0, 0.0, 100_000.0),
    "winsor_r": (3.0, 0.1, 100.0),
    "committed_frac": (0.7, 0.0, 0.9),
    "leverage": (1.0, 0.0, 3.0),
    "max_participation": (0.2, 0.0, 1.0),
    "venue_cap_frac": (0.5, 0.0, 1.0),
    "net_cap_frac": (0.0, 0.0, 3.0),
    "beta_cap_frac": (0.0, 0.0, 9.0),
    "gap_allowance": (0.25, 0.0, 10.0),
    "losses_in_a_row": (3, 1, 1000),
    "streak_multiplier": (0.5, 0.0, 1.0),
    "defense_multiplier": (0.5, 0.0, 1.0),
    "trip_quantile": (0.95, 0.0, 1.0),
    "release_quantile": (0.90, 0.0, 1.0),
    "min_days": (60, 2, 3650),
    "max_days": (365, 2, 3650),
}
OPTIONS: dict[str, type[IntEnum]] = {  # the first of each is the default
    "kelly": sizing.KellyOption,
    "defense": breakers.Defense,
    "paper": paper.Feed,
    "open_risk": open_risk.OpenRisk,
}


def _option(name: str, value: float | str) -> int:
    """Read an option by its name or its code."""
    options = OPTIONS[name]
    names = [member.name.lower() for member in options]
    if isinstance(value, str) and value.lower() in names:
        return int(options[value.upper()])
    if not isinstance(value, str) and value in [int(member) for member in options]:
        return int(value)
    raise ValueError(f"risk.{name} is {value!r}: use one of {', '.join(names)}")


def _number(name: str, value: float | str) -> float:
    """Check a setting against its bounds."""
    _, low, high = SETTINGS[name]
    number = float(value)
    if not (isfinite(number) and low <= number <= high):
        raise ValueError(f"risk.{name} is {value}, outside [{low}, {high}]: check its unit")
    return number


def _bars(hours: float, bar_minutes: int) -> int:
    """Convert a duration to whole bars, rounded up."""
    bars = hours * 60.0 / bar_minutes
    return int(bars) if bars == int(bars) else int(bars) + 1


def params(preset: str = "balanced", bar_minutes: int = 5, **overrides: float | str) -> Params:
    """Return the parameters of a preset at a bar length, with single settings replaced.

    Parameters
    ----------
    preset : str
        conservative, balanced, aggressive or generic (``presets``).
    bar_minutes : int
        Length of a bar; divides a day.
    **overrides : float or str
        A field of ``presets.Preset``, a setting of this module (durations in hours), or the
        options ``kelly`` (multiply, cap), ``defense`` (halve, flat), ``paper`` (signals,
        cleared) and ``open_risk`` (pro_rata, greedy).

    Raises
    ------
    ValueError
        For an unknown name or a value outside its bounds.

    Notes
    -----
    Units: fractions of equity, hours. A duration is rounded up to whole bars. Missing: NaN is
    refused. Spec 5, 6, 11; METHODS 0b.2, 7.

    Examples
    --------
    >>> fast = params("balanced", 1, kelly="cap")
    >>> fast.exits.horizon_bars, fast.breakers.bars_per_day, fast.sizing.kelly
    (240, 1440, 1)
    """
    if bar_minutes < 1 or _MINUTES_PER_DAY % bar_minutes:
        raise ValueError(f"a bar of {bar_minutes} minutes does not divide a day: use 1, 5, 15, 60")
    account = presets.preset(preset)._asdict()
    value: dict[str, float] = {name: default for name, (default, _, _) in SETTINGS.items()}
    option = dict.fromkeys(OPTIONS, 0)
    for name, given in overrides.items():
        if name in option:
            option[name] = _option(name, given)
        elif name in account:
            account[name] = float(given)
        elif name in value:
            value[name] = _number(name, given)
        else:
            known = ", ".join(sorted([*account, *value, *option]))
            raise ValueError(f"risk has no setting {name!r}: use one of {known}")
    if value["release_quantile"] > value["trip_quantile"]:
        raise ValueError(
            f"risk.release_quantile is {value['release_quantile']}, above the trip quantile"
            f" {value['trip_quantile']}: a breaker releases below where it trips"
        )
    if value["min_days"] > value["max_days"]:
        raise ValueError(
            f"risk.min_days is {value['min_days']}, above max_days {value['max_days']}:"
            " the volatility breaker would never be on"
        )
    return _assemble(presets.check(presets.Preset(**account)), bar_minutes, value, option)


def _assemble(
    account: presets.Preset, bar_minutes: int, value: dict[str, float], option: dict[str, int]
) -> Params:
    """Give each part its own, durations in bars."""
    ends = exits.Params(
        horizon_bars=max(1, _bars(value["horizon_hours"], bar_minutes)),
        cooldown_bars=_bars(value["cooldown_hours"], bar_minutes),
        stop_sigmas=value["stop_sigmas"],
        k_out=value["k_out"],
        min_hold_bars=_bars(value["min_hold_hours"], bar_minutes),
    )
    return Params(
        sizing=sizing.Params(
            target_risk_frac=account.per_trade_risk,
            max_risk_frac=account.per_trade_risk,
            kelly_multiplier=value["kelly_multiplier"],
            base_multiplier=value["base_multiplier"],
            horizon_days=value["horizon_hours"] / 24.0,
            stop_sigmas=value["stop_sigmas"],
            prior_win_trades=value["prior_win_trades"],
            win_rate_z=value["win_rate_z"],
            prior_payoff=value["prior_payoff"],
            prior_payoff_trades=value["prior_payoff_trades"],
            min_paper_trades=int(value["min_paper_trades"]),
            kelly=option["kelly"],
        ),
        exits=ends,
        paper=paper.Params(
            exits=ends,
            winsor_r=value["winsor_r"],
            missing_bars=_MINUTES_PER_DAY // bar_minutes,
            feed=option["paper"],
        ),
        limits=limits.Params(
            coin_cap_frac=account.coin_cap,
            sector_cap_frac=account.sector_cap,
            committed_frac=value["committed_frac"],
            leverage=value["leverage"],
            max_leverage=account.max_leverage,
            max_participation=value["max_participation"],
            venue_cap_frac=value["venue_cap_frac"],
            net_cap_frac=value["net_cap_frac"],
            beta_cap_frac=value["beta_cap_frac"],
            gap_allowance=value["gap_allowance"],
            open_risk=option["open_risk"],
            daily_loss_stop_frac=account.daily_loss_stop,
        ),
        breakers=breakers.Params(
            daily_loss_stop_frac=account.daily_loss_stop,
            streak_multiplier=value["streak_multiplier"],
            defense_multiplier=value["defense_multiplier"],
            trip_quantile=value["trip_quantile"],
            release_quantile=value["release_quantile"],
            losses_in_a_row=int(value["losses_in_a_row"]),
            min_days=int(value["min_days"]),
            max_days=int(value["max_days"]),
            bars_per_day=_MINUTES_PER_DAY // bar_minutes,
            defense=option["defense"],
        ),
    )


def init(n_coins: int, params: Params) -> State:
    """Return the memory of an account that has not traded.

    Examples
    --------
    >>> init(3, params()).breakers.ring.shape
    (365, 3)
    """
    return State(
        exits=exits.init(n_coins),
        paper=paper.init(n_coins),
        breakers=breakers.init(n_coins, params.breakers),
    )
