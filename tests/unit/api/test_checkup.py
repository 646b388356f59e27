"""Doctor: settings are checked, and each says where it came from."""

from __future__ import annotations

import pytest

import quorate
from quorate.errors import ConfigError, EngineError


def test_a_setting_says_who_gave_it():
    found = quorate.doctor(quorate.read_settings(overrides={"consensus.k": "1"}))
    assert [(each.setting, each.value, each.origin) for each in found.given] == [
        ("consensus.k", 1.0, "--set")
    ]
    assert len(found.settings) == sum(len(fields) for fields in quorate.schema().values())
    assert found.engines == tuple(engine.name for engine in quorate.engines())
    assert "consensus.k = 1.0" in str(found)


def test_what_is_out_of_bounds_is_refused():
    with pytest.raises(ConfigError):
        quorate.doctor(quorate.read_settings(overrides={"risk.leverage": "50"}))
    with pytest.raises(EngineError):
        quorate.doctor(quorate.read_settings(overrides={"engines.exclude": "nosuch"}))
