"""The bar that shows how far a run has come."""

from __future__ import annotations

import io

from rich.console import Console

from quorate.cli.progress import bars, transfer
from quorate.lake.pulled import Progress


def drawn(*, is_terminal):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=is_terminal, width=90)
    with bars("simulating", 4, console, then="writing") as progress:
        progress(50, 100)
        progress(100, 100)
    return stream.getvalue()


def test_it_shows_the_rate_and_the_time_left():
    text = drawn(is_terminal=True)
    assert "simulating" in text
    assert "coin-bars/s" in text
    assert "left" in text
    assert "100%" in text
    assert "0:00:00 left" not in text
    assert "writing" in text


def test_it_is_silent_where_no_terminal_is():
    assert drawn(is_terminal=False) == ""


def pulled(*, is_terminal, of_bytes):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=is_terminal, width=120)
    with transfer("pulling", console) as progress:
        progress(Progress(1, 4, 2_000_000, of_bytes))
        progress(Progress(2, 4, 5_000_000, of_bytes))
    return stream.getvalue()


def test_a_pull_shows_files_bytes_and_the_time_left():
    text = pulled(is_terminal=True, of_bytes=8_000_000)
    for part in ("pulling", "2 of 4 files", "5.0/8.0 MB", "left"):
        assert part in text
    assert "2 of 4 files" in pulled(is_terminal=True, of_bytes=0)


def test_a_pull_is_silent_where_no_terminal_is():
    assert pulled(is_terminal=False, of_bytes=8_000_000) == ""
