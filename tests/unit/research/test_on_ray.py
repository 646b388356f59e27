"""A Ray cluster that does not say whether it wants a token is not used."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest

from quorate.errors import ConfigError
from quorate.research import on_ray


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (on_ray._LET_IN, "lets in anybody who reaches it"),
        (1, "could not be asked whether it wants a token"),
        (None, "could not be asked whether it wants a token"),
    ],
)
def test_a_cluster_that_is_open_or_says_nothing_is_refused(ended, said, monkeypatch):
    def asked(command, **named):
        if ended is None:
            raise subprocess.TimeoutExpired(command, named["timeout"])
        return SimpleNamespace(returncode=ended)

    monkeypatch.setattr(subprocess, "run", asked)
    with pytest.raises(ConfigError, match=said):
        on_ray._check_closed("10.0.0.5:6379")


def test_one_that_refuses_who_shows_no_token_is_used(monkeypatch):
    refused = SimpleNamespace(returncode=on_ray._REFUSED)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: refused)
    assert on_ray._check_closed("10.0.0.5:6379") is None
