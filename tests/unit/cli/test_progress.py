"""The bar that shows how far a run has come."""

from __future__ import annotations

import io

from rich.console import Console

from quorate.cli.progress import bars


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
