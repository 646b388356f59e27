"""From settings by name to the parameters of every stage.

In: ``settings.Settings`` and the panel's bar length. Out: ``backtest.run.Params``. The schema is
made from the stages' own tables, so a default is written in one place only.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from quorate.api.meanings import MEANINGS
from quorate.backtest import exchange, rules
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
from quorate.lake import governance, universe
from quorate.live.secrets import params as secrets
from quorate.settings import Field, Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
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
_ROUTING_HOURS = {"schedule_hours": 0.5, "longest_hours": 4.0, "timeout_hours": 1.0 / 12.0}
# of the router: made from the durations above, or hiding a live child, which a bar cannot
_ROUTING_HIDDEN = ("schedule_bars", "longest_bars", "timeout_bars", "decay", "jitter_frac", "seed")
_DECISION = ("window_bars", "depeg_frac", "carry_turn_bps", "exit_collar_bps")
_EXCHANGE_HIDDEN = ("costs", "exits", "breakers", "bar_hours")
_COST_OPTIONS: dict[str, type[IntEnum]] = {
    "impact": cost.Impact,
    "latency": cost.Latency,
    "entry": cost.Entry,
}


def schema() -> Schema:
    """Return every setting: section, name, type, default and meaning with its bounds.

    Examples
    --------
    >>> schema()["consensus"]["k"].default
    0.75
    >>> schema()["costs"]["safety_margin_bps"].meaning
    'an edge must exceed its costs by this, bps; from 0 to 1000'
    """
    return {section: dict(fields) for section, fields in _schema().items()}


@cache
def _schema() -> Schema:
    sections = {
        "account": {
            "equity_usd": Field(float, 100_000.0, "above 0, at most 1e10"),
            "store": Field(str, "", ""),
        },
        "data": _fields(governance.Params()._asdict(), governance.BOUNDS),
        "universe": _fields(universe.Rules()._asdict(), universe.BOUNDS),
        "models": {
            "registry": Field(str, "registry", ""),
            "max_age_days": Field(float, 7.0, "above 0, at most 3650"),
            "warn_after_hours": Field(float, 26.0, "above 0, at most 87600"),
        },
        "secrets": _secrets_fields(),
        "engines": {
            "extra": Field(tuple[str, ...], (), ""),
            "exclude": Field(tuple[str, ...], (), ""),
        },
        "features": _fields({"clip_z": features.CLIP_Z}, features.BOUNDS),
        "regime": {
            "dwell_minutes": Field(int, 0, ""),
            "adaptive": Field(kind=bool, default=False, meaning=""),
        },
        "consensus": _consensus_fields(),
        "costs": _fields(cost.Params()._asdict(), cost.BOUNDS, _COST_OPTIONS),
        "risk": _risk_fields(),
        # the cap of a sector is risk.sector_cap: the solver is given it as a share of the budget
        "portfolio": _fields(_without(portfolio.Params(), ["sector_cap"]), portfolio.BOUNDS),
        "routing": _routing_fields(),
        "exchange": _fields(_without(exchange.params(), _EXCHANGE_HIDDEN), rules.BOUNDS),
        "decision": _fields(
            {name: getattr(account.Rules(), name) for name in _DECISION}, account.BOUNDS
        ),
    }
    return {
        section: {name: _said(f"{section}.{name}", field) for name, field in fields.items()}
        for section, fields in sections.items()
    }


def _said(name: str, field: Field) -> Field:
    """Put the meaning of a setting before its bounds or options."""
    more = f"; {field.meaning}" if field.meaning else ""
    return Field(field.kind, field.default, MEANINGS[name] + more)


def _between(low: float, high: float) -> str:
    return f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"


def _one_of(names: Iterable[str]) -> str:
    return f"one of {', '.join(names)}"


def _names(options: type[IntEnum]) -> list[str]:
    return [member.name.lower() for member in options]


def _without(params: Any, hidden: Sequence[str]) -> dict[str, Any]:  # noqa: ANN401
    """Return the fields of a stage's parameters, some left out."""
    return {name: value for name, value in params._asdict().items() if name not in hidden}


def _fields(
    defaults: Mapping[str, Any],
    bounds: Mapping[str, tuple[float, float]],
    options: Mapping[str, type[IntEnum]] | None = None,
) -> dict[str, Field]:
    """Make a field of every parameter of a stage, with its bounds or options."""
    fields = {}
    for name, default in defaults.items():
        if options and name in options:
            chosen = options[name]
            fields[name] = Field(str, chosen(default).name.lower(), _one_of(_names(chosen)))
        else:
            fields[name] = Field(type(default), default, _between(*bounds[name]))
    return fields


def _secrets_fields() -> dict[str, Field]:
    fields = {
        name: Field(float, default, _between(*secrets.BOUNDS[name]))
        if name in secrets.BOUNDS
        else Field(str, default, "")
        for name, default in secrets.Keeping()._asdict().items()
    }
    return fields | {"keeper": Field(str, secrets.KEEPERS[0], _one_of(secrets.KEEPERS))}


def _consensus_fields() -> dict[str, Field]:
    defaults = {name: default for name, (default, _, _) in CONSENSUS.items()}
    bounds = {name: (low, high) for name, (_, low, high) in CONSENSUS.items()}
    return _fields(defaults, bounds, _CONSENSUS_OPTIONS)


def _risk_fields() -> dict[str, Field]:
    fields = {"preset": Field(str, "balanced", _one_of(presets.PRESETS))}
    for name, most in zip(presets.Preset._fields, presets.OUTER, strict=True):
        said = f"above 0, at most {most:g}; left out: the preset's"
        fields[name] = Field(float | None, None, said)
    defaults = {name: default for name, (default, _, _) in risk.SETTINGS.items()}
    bounds = {name: (low, high) for name, (_, low, high) in risk.SETTINGS.items()}
    fields |= _fields(defaults, bounds)
    for name, options in risk.OPTIONS.items():
        fields[name] = Field(str, _names(options)[0], _one_of(_names(options)))
    return fields


def _routing_fields() -> dict[str, Field]:
    fields = {name: Field(float, hours, "hours") for name, hours in _ROUTING_HOURS.items()}
    shown = _without(routing.Params(), _ROUTING_HIDDEN)
    return fields | _fields(shown, routing.BOUNDS, {"ranking": Ranking})


def _stage(name: str, make: Callable[..., Any], **values: object) -> Any:  # noqa: ANN401
    """Call a stage's ``params``; its ValueError becomes a ConfigError that names the section."""
    try:
        return make(**{key: value for key, value in values.items() if value is not None})
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"[{name}] {error}", hint="`quorate doctor` prints every setting with its bounds"
        ) from error


def named_options() -> dict[str, tuple[str, ...]]:
    """Return every setting that chooses between formulas, with the names of its options.

    Examples
    --------
    >>> named_options()["consensus.threshold"]
    ('spec', 'floor')
    """
    found: dict[str, dict[str, type[IntEnum]]] = {
        "consensus": _CONSENSUS_OPTIONS,
        "costs": _COST_OPTIONS,
        "risk": dict(risk.OPTIONS),
        "routing": {"ranking": Ranking},
    }
    return {
        f"{section}.{name}": tuple(_names(chosen))
        for section, options in found.items()
        for name, chosen in options.items()
    }


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
        features=_stage(
            "features", features.params, bar_minutes=bar_minutes, btc=btc, **values["features"]
        ),
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


def data_rules(settings: Settings) -> dict[str, float]:
    """Return the parameters of the rules of data by name (section ``[data]``).

    Raises
    ------
    ConfigError
        A value is outside its bounds.

    Examples
    --------
    >>> from quorate.api.effective import read_settings
    >>> data_rules(read_settings(overrides={"data.suspect_z": "10"}))["suspect_z"]
    10.0
    """
    made: dict[str, float] = _stage("data", governance.params, **settings["data"])._asdict()
    return made


def universe_rules(settings: Settings) -> dict[str, float]:
    """Return the numbers of the universe's rules by name (section ``[universe]``).

    Raises
    ------
    ConfigError
        A value is outside its bounds.

    Examples
    --------
    >>> from quorate.api.effective import read_settings
    >>> universe_rules(read_settings())["min_age_days"]
    90
    """
    made: dict[str, float] = _stage("universe", universe.rules, **settings["universe"])._asdict()
    return made


def _code(name: str, text: str, options: type[IntEnum]) -> int:
    if text.upper() not in options.__members__:
        names = ", ".join(member.name.lower() for member in options)
        raise ConfigError(f"{name} is {text!r}", hint=f"use one of: {names}")
    return int(options[text.upper()])
