"""A panel that memory does not hold is refused, and how it is kept is said."""

from __future__ import annotations

import pytest
from tests.unit.lake import flawed

from quorate.errors import DataError
from quorate.lake import keep, load, room


def test_what_does_not_fit_is_refused_in_memory_and_kept_on_disk(tmp_path, monkeypatch):
    spec = flawed.cut(tmp_path)
    panel = load(spec)
    arrays = {id(each.base if each.base is not None else each): each for each in panel.bars}
    assert room.panel_bytes(panel.n_bars, 1, panel.n_coins) >= sum(
        each.nbytes for each in arrays.values()
    )
    monkeypatch.setattr(room, "free_bytes", lambda: 1_000)
    with pytest.raises(DataError, match=r"take 0\.0 GiB of memory, 0\.0 are free") as caught:
        load(spec)
    assert "quorate keep" in caught.value.hint
    assert keep(spec, tmp_path / "kept").n_bars == panel.n_bars
    monkeypatch.setattr(room, "free_bytes", lambda: None)
    assert load(spec).n_bars == panel.n_bars


def test_what_the_system_says_is_read(tmp_path, monkeypatch):
    told = tmp_path / "meminfo"
    monkeypatch.setattr(room, "_MEMINFO", told)
    assert room.free_bytes() is None
    told.write_text("MemTotal:       24 kB\nMemAvailable:   12 kB\n")
    assert room.free_bytes() == 12_288
    told.write_text("MemTotal:       24 kB\n")
    assert room.free_bytes() is None
