"""A connection's file: for its owner only, complete, and never shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from quorate.errors import ConfigError
from quorate.venues.account.connection import read

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "venue": "binance_usdm",
    "api_key": "the-key",
    "secret": "the-secret",
    "symbols": ["BTC/USDT:USDT"],
}


def written(folder: Path, row: Any, mode: int = 0o600) -> Path:
    path = folder / "connection.json"
    path.write_text(row if isinstance(row, str) else json.dumps(row))
    path.chmod(mode)
    return path


def test_a_connection_is_read_whole_and_shows_no_key(tmp_path: Path) -> None:
    found = read(written(tmp_path, {**GOOD, "url": "http://127.0.0.1:8765"}))
    assert (found.api_key, found.secret, found.symbols) == (
        "the-key",
        "the-secret",
        ("BTC/USDT:USDT",),
    )
    assert "the-key" not in repr(found)
    assert "the-secret" not in str(found)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="others may read"):
        read(written(tmp_path, GOOD, mode))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "is no JSON"),
        ([], "must have venue"),
        ({**GOOD, "more": 1}, "must have venue"),
        ({name: GOOD[name] for name in ("venue", "api_key", "secret")}, "must have venue"),
        ({**GOOD, "symbols": []}, "symbols is a list of texts"),
        ({**GOOD, "symbols": "BTC"}, "symbols is a list of texts"),
        ({**GOOD, "secret": 5}, "symbols is a list of texts"),
        ({**GOOD, "venue": "mtgox"}, "'mtgox' is not known"),
        ({**GOOD, "url": "http://example.com"}, "http://127.0.0.1:PORT"),
        ({**GOOD, "url": "https://fapi.binance.com"}, "http://127.0.0.1:PORT"),
    ],
)
def test_what_is_no_connection_is_refused_by_name(tmp_path: Path, row: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(written(tmp_path, row))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "none.json")
