"""Every setting on offer reaches a stage: another value of it is another parameter."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import quorate
from quorate.api import read_settings, schema
from quorate.api.configure import configure
from quorate.errors import ConfigError

if TYPE_CHECKING:
    from quorate.settings import Settings

SOURCE = Path(quorate.__file__).parent
SECTIONS = (
    "features",
    "regime",
    "consensus",
    "costs",
    "risk",
    "portfolio",
    "routing",
    "exchange",
    "decision",
)
NAMES = [(section, name) for section in SECTIONS for name in schema()[section]]
PLACES = dict.fromkeys(("features", "regime", "consensus", "exchange"), "") | {
    section: f"chain.{section}" for section in ("costs", "risk", "portfolio", "routing")
}
PLACES = {name: place or name for name, place in PLACES.items()} | {"decision": "chain.rules"}
# what has to move with a setting: the weights of a venue's score sum to 1
TOGETHER = {
    "routing.weight_spread": {"routing.weight_queue": 0.1},
    "routing.weight_queue": {"routing.weight_spread": 0.2},
    "routing.weight_latency": {"routing.weight_spread": 0.2},
    "routing.weight_reliability": {"routing.weight_spread": 0.2},
    "routing.weight_size": {"routing.weight_spread": 0.2},
}
WEIGHTS = {"weight_spread": 0.4, "weight_queue": 0.3, "weight_latency": 0.3}
WEIGHTS |= {"weight_reliability": 0.25, "weight_size": 0.25}
UNDECIDED = {"jitter_frac", "seed"}  # of the times of the children, which nothing draws yet


def leaves(params: Any, path: str = "") -> dict[str, Any]:
    """Return every parameter of every stage by its path."""
    if not hasattr(params, "_fields"):
        return {path: params}
    found: dict[str, Any] = {}
    for name, part in zip(params._fields, params, strict=True):
        found |= leaves(part, f"{path}.{name}" if path else name)
    return found


def changed(values: dict[str, Any]) -> Settings:
    """Return the defaults with some settings replaced."""
    return read_settings(overrides={name: str(value) for name, value in values.items()})


def others(section: str, name: str) -> list[Any]:
    """Return values that a setting may take beside its default, likely ones first."""
    field = schema()[section][name]
    if name in WEIGHTS:
        return [WEIGHTS[name]]
    if field.default is None:
        return [0.003, 0.02, 1.7]
    if isinstance(field.default, bool):
        return [not field.default]
    if isinstance(field.default, str):
        return field.meaning.removeprefix("one of ").split(", ")[::-1]
    tries = [field.default * 2, field.default + 1, field.default * 0.5, field.default * 0.9]
    return [int(each) for each in tries] if field.kind is int else [*tries, 0.9, 0.07]


@pytest.fixture(scope="module")
def usual() -> dict[str, Any]:
    """Return the parameters that the defaults make."""
    return leaves(configure(read_settings(), 5))


@pytest.mark.parametrize(("section", "name"), NAMES, ids=".".join)
def test_another_value_is_another_parameter(section: str, name: str, usual: dict[str, Any]) -> None:
    full = f"{section}.{name}"
    for value in others(section, name):
        if value == schema()[section][name].default:
            continue
        try:
            made = leaves(configure(changed({full: value, **TOGETHER.get(full, {})}), 5))
        except ConfigError:
            continue
        moved = {path for path in made if made[path] != usual[path]}
        assert moved, f"{full} = {value} changes nothing"
        assert name not in WEIGHTS or f"chain.routing.{name}" in moved
        return
    pytest.fail(f"no other value of {full} was taken: add one to the test")


def read_somewhere() -> set[str]:
    """Return the attributes that the stages and the exchange read, where they are not made."""
    found = set()
    for package in ("core", "backtest"):
        for path in (SOURCE / package).rglob("*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if getattr(node, "name", "") in ("params", "_assemble"):
                    continue
                found |= {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    return found


def test_a_setting_on_offer_is_read_by_a_stage(usual: dict[str, Any]) -> None:
    """A parameter that nothing reads would take any value and do nothing."""
    own = {name: [path for path in usual if path.startswith(f"{PLACES[name]}.")] for name in PLACES}
    offered = {
        name
        for section, name in NAMES
        if any(path.rpartition(".")[2] == name for path in own[section])
    } - UNDECIDED
    assert len(offered) > 60
    assert offered - read_somewhere() == set()


def test_the_cap_of_a_sector_is_one_setting() -> None:
    assert "sector_cap" in schema()["risk"]
    assert "sector_cap" not in schema()["portfolio"]
    with pytest.raises(ConfigError, match=r"\[portfolio\] has no setting 'sector_cap'"):
        read_settings(overrides={"portfolio.sector_cap": "0.3"})


def test_every_section_is_tested_here() -> None:
    # of the run, its data (test_certificates), its models (test_registering) or the keys of a desk
    # (test_keeping), not of a stage
    others = {"account", "data", "engines", "models", "secrets", "universe"}
    assert set(schema()) - set(SECTIONS) == others


def test_the_account_and_the_engines_act_on_the_run() -> None:
    panel = quorate.synthetic(n_coins=1, days=1)
    settings = changed({"account.equity_usd": 5e3, "engines.exclude": "momentum_day, adx_trend"})
    result = quorate.run(panel, settings)
    assert result.equity["equity_usd"][0] == 5e3 * 1e8
    names = {engine["name"] for engine in result.facts["engines"]}
    assert len(names) == len(quorate.engines()) - 2
    assert "momentum_day" not in names
