"""From settings by name to the parameters of every stage.

In: ``settings.Settings`` and the panel's bar length. Out: ``backtest.run.Params``. The schema is
made from the stages' own tables, so a default is written in one place only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from quorate.backtest import exchange
from quorate.backtest.run import Params
from quorate.core import account, consensus, features, portfolio, regime, risk, routing
from quorate.core import costs as cost
from quorate.core.consensus.params import SETTINGS as CONSENSUS
from quorate.core.features.table import index
from quorate.core.regime.classify import Rows
from quorate.core.risk import presets
from quorate.core.routing.rank import Ranking
from quorate.core.types import MONEY_SCALE
from quorate.errors import ConfigError
from quorate.settings import Field, Schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import IntEnum

    from quorate.settings import Settings

_CONSENSUS_OPTIONS: dict[str, type[IntEnum]] = {
    "weighting": consensus.Weighting,
    "reliability": consensus.Reliability,
    "threshold": consensus.Threshold,
    "sigma": consensus.Sigma,
    "shrinkage": consensus.Shrinkage,
    "pool": consensus.Pool,
}
MAX_EQUITY = 1e10
"""The largest opening equity, in units of the currency: a hundredth of what integers hold."""
_ROUTING_DURATIONS = {
    "schedule_hours": (0.5, "how long a TWAP lasts"),
    "longest_hours": (4.0, "how long any parent order may last"),
    "timeout_hours": (1.0 / 12.0, "how long a post-only child rests before it crosses"),
}


def schema() -> Schema:
    """Return every setting: section, name, type, default and meaning.

    Examples
    --------
    >>> schema()["consensus"]["k"].default
    0.75
    """
    return {
        "account": {
            "equity_usd": Field(float, 100_000.0, "opening equity in USD, above 0, at most 1e10"),
            "store": Field(str, "", "path or URL of the store; empty: quorate.sqlite beside runs"),
        },
        "engines": {
            "extra": Field(tuple[str, ...], (), "engines of your own, 'package.module:name'"),
            "exclude": Field(tuple[str, ...], (), "names of built-in engines to leave out"),
        },
        "regime": {
            "dwell_minutes": Field(int, 0, "how long a new base label must hold"),
            "adaptive": Field(
                kind=bool,
                default=False,
                meaning="PANIC above the larger of 5% and the coin's own q95",
            ),
        },
        "consensus": _consensus_fields(),
        "costs": _options(
            cost.Params(), {"impact": cost.Impact, "latency": cost.Latency, "entry": cost.Entry}
        ),
        "risk": _risk_fields(),
        "portfolio": _portfolio_fields(),
        "routing": _routing_fields(),
        "exchange": _exchange_fields(),
        "decision": {
            "window_bars": Field(int, 1, "an entry is sized for the volume of this many bars"),
            "depeg_frac": Field(float, 0.01, "no entries while the quote is further from 1 USD"),
            "carry_turn_bps": Field(float, 1.0, "funding against a position that reopens it"),
            "exit_collar_bps": Field(float, 300.0, "how far an exit may pay beyond the close"),
        },
    }


def _meaning(name: str) -> str:
    return name.replace("_", " ")


def _consensus_fields() -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for name, (default, low, high) in CONSENSUS.items():
        if name in _CONSENSUS_OPTIONS:
            options = _CONSENSUS_OPTIONS[name]
            names = ", ".join(member.name.lower() for member in options)
            fields[name] = Field(str, options(int(default)).name.lower(), f"one of {names}")
        else:
            kind = int if isinstance(default, int) else float
            fields[name] = Field(kind, default, f"{_meaning(name)}, from {low:g} to {high:g}")
    return fields


def _options(params: Any, options: dict[str, type[IntEnum]]) -> dict[str, Field]:  # noqa: ANN401
    fields = {}
    for name, default in params._asdict().items():
        if name in options:
            names = ", ".join(member.name.lower() for member in options[name])
            default_name = options[name](default).name.lower()
            fields[name] = Field(str, default_name, f"one of {names}")
        else:
            fields[name] = Field(type(default), default, _meaning(name))
    return fields


def _risk_fields() -> dict[str, Field]:
    fields = {"preset": Field(str, "balanced", f"one of {', '.join(presets.PRESETS)}")}
    for name in presets.Preset._fields:
        fields[name] = Field(float | None, None, f"{_meaning(name)}, in place of the preset's")
    for name, (default, low, high) in risk.SETTINGS.items():
        kind = int if isinstance(default, int) else float
        fields[name] = Field(kind, default, f"{_meaning(name)}, from {low:g} to {high:g}")
    for name, options in risk.OPTIONS.items():
        names = [member.name.lower() for member in options]
        fields[name] = Field(str, names[0], f"one of {', '.join(names)}")
    return fields


def _portfolio_fields() -> dict[str, Field]:
    # the cap of a sector is risk.sector_cap: the solver is given it as a share of the budget
    fields = _options(portfolio.Params(), {})
    return {name: field for name, field in fields.items() if name != "sector_cap"}


def _routing_fields() -> dict[str, Field]:
    fields = {n: Field(float, d, meaning) for n, (d, meaning) in _ROUTING_DURATIONS.items()}
    # jitter hides a live child in time and size; within a bar there is nothing to hide from
    skipped = {"schedule_bars", "longest_bars", "timeout_bars", "decay", "jitter_frac", "seed"}
    for name, default in routing.Params()._asdict().items():
        if name not in skipped:
            fields[name] = Field(type(default), default, _meaning(name))
    names = [member.name.lower() for member in Ranking]
    fields["ranking"] = Field(str, names[0], f"one of {', '.join(names)}")
    return fields


def _exchange_fields() -> dict[str, Field]:
    skipped = {"costs", "exits", "breakers", "bar_hours"}
    return {
        name: Field(type(default), default, _meaning(name))
        for name, default in exchange.params()._asdict().items()
        if name not in skipped
    }


def _stage(name: str, make: Callable[..., Any], **values: object) -> Any:  # noqa: ANN401
    """Call a stage's ``params``; its ValueError becomes a ConfigError that names the section."""
    try:
        return make(**{key: value for key, value in values.items() if value is not None})
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"[{name}] {error}", hint="`quorate doctor` prints every setting with its bounds"
        ) from error


def check_equity(name: str, equity: float) -> None:
    """Refuse an opening equity that integer money cannot hold, or that is nothing.

    Parameters
    ----------
    name : str
        What is checked, for the message.
    equity : float
        In units of a currency.

    Raises
    ------
    ConfigError
        It is not above 0, or above 1e10.

    Notes
    -----
    Units: currency; money is counted in 1e-8 of it, so less than that is nothing.  Causal: no data
    are read.  Missing: NaN is refused.  Spec 11.

    Examples
    --------
    >>> check_equity("account.equity_usd", 0.0)
    Traceback (most recent call last):
    quorate.errors.ConfigError: account.equity_usd is 0, outside (0, 1e10]
      next: the default is 100000
    """
    if not (equity * MONEY_SCALE >= 1.0 and equity <= MAX_EQUITY):
        raise ConfigError(
            f"{name} is {equity:.10g}, outside (0, 1e10]", hint="the default is 100000"
        )


def configure(settings: Settings, bar_minutes: int, btc: int = -1) -> Params:
    """Return the parameters of every pass.

    Parameters
    ----------
    settings : Settings
        Effective settings, from ``settings.read(schema(), ...)``.
    bar_minutes : int
        Length of a bar of the panel.
    btc : int
        Column of BTC, -1 for none.

    Raises
    ------
    ConfigError
        A value is outside its bounds; the section is named.

    Notes
    -----
    Units: durations in hours become bars here.  Causal: no data are read.  Missing: NaN is refused
    when the settings are read.  Spec 1 to 8, 11.
    """
    check_equity("account.equity_usd", cast("float", settings["account"]["equity_usd"]))
    values = {section: dict(found) for section, found in settings.values.items()}
    said = values["consensus"]
    for name, options in _CONSENSUS_OPTIONS.items():
        said[name] = _code(f"consensus.{name}", str(said[name]), options)
    values["routing"]["ranking"] = _code(
        "routing.ranking", str(values["routing"]["ranking"]), Ranking
    )
    hours = cast("float", values["risk"]["horizon_hours"])
    risks = _stage("risk", risk.params, bar_minutes=bar_minutes, **values["risk"])
    costs = _stage("costs", cost.params, **values["costs"])
    chain = account.Params(
        costs=costs,
        risk=risks,
        portfolio=_stage("portfolio", portfolio.params, **values["portfolio"]),
        routing=_stage("routing", routing.params, bar_minutes=bar_minutes, **values["routing"]),
        rules=_stage(
            "decision",
            account.rules,
            bar_minutes=bar_minutes,
            horizon_hours=hours,
            **values["decision"],
        ),
    )
    rows = Rows(*(index(name) for name in Rows._fields))
    return Params(
        features=_stage("features", features.params, bar_minutes=bar_minutes, btc=btc),
        regime=_stage(
            "regime", regime.params, bar_minutes=bar_minutes, rows=rows, **values["regime"]
        ),
        consensus=_stage(
            "consensus", consensus.params, bar_minutes=bar_minutes, horizon_hours=hours, **said
        ),
        chain=chain,
        exchange=_stage(
            "exchange",
            exchange.params,
            costs=costs,
            exit_params=risks.exits,
            breaker_params=risks.breakers,
            bar_hours=bar_minutes / 60.0,
            **values["exchange"],
        ),
    )


def _code(name: str, text: str, options: type[IntEnum]) -> int:
    if text.upper() not in options.__members__:
        names = ", ".join(member.name.lower() for member in options)
        raise ConfigError(f"{name} is {text!r}", hint=f"use one of: {names}")
    return int(options[text.upper()])
