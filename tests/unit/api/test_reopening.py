"""An old run read back is the run that was made."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

import quorate
from quorate.errors import DataError


def test_what_is_read_is_what_was_made(traded):
    made, out = traded
    found = quorate.read(made.run_id[-8:], out=out)
    assert (found.run_id, found.folder) == (made.run_id, made.folder)
    assert found.metrics == made.metrics
    for each in ("equity", "trades", "decisions", "fills"):
        assert getattr(found, each).equals(getattr(made, each))
    assert found.facts == made.facts
    assert found.net_return == made.net_return
    assert found.summary() == made.summary()


def test_every_table_of_a_result_is_read(traded):
    made, _ = traded
    names = {each.name for each in dataclasses.fields(quorate.Result)}
    files = {path.stem for path in made.folder.glob("*.parquet")}
    assert files - names == {"decisions"}  # which are read when they are asked for
    assert isinstance(made.decisions, pl.DataFrame)


def test_a_table_that_is_missing_is_named(traded, tmp_path):
    made, _ = traded
    for path in made.folder.iterdir():
        if path.name != "fills.parquet":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(DataError, match=r"no fills\.parquet"):
        quorate.read(tmp_path)


def test_kept_decisions_that_are_broken_say_so_at_once(traded, tmp_path):
    made, _ = traded
    for path in made.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "decisions.parquet").write_bytes(b"PAR1, cut short")
    with pytest.raises(DataError, match=r"decisions\.parquet is not Parquet"):
        quorate.read(tmp_path)
