"""The page of an old run, from Python."""

from __future__ import annotations

import pytest

import quorate
from quorate.errors import DataError


def test_the_page_is_written_again(traded):
    result, out = traded
    page = result.folder / "report.html"
    before = page.read_bytes()
    page.unlink()
    assert quorate.render(result.run_id, out=out) == page
    assert page.read_bytes() == before


def test_a_run_that_is_not_there_is_named(traded):
    with pytest.raises(DataError, match="nosuch"):
        quorate.render("nosuch", out=traded[1])
