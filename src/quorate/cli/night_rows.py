"""A night in the terminal: a row a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from quorate.api.nights.record import State
from quorate.report.formats import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.api.nights.record import Step

_STYLES = {
    State.BEGUN: "yellow",
    State.DONE: "green",
    State.FAILED: "bold red",
    State.NOT_REACHED: "dim",
}


def step_rows(steps: Sequence[Step]) -> Table:
    """Return a row a step: what became of it, how long it took, what it came to."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("step", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("what it came to", overflow="fold")
    for step in steps:
        took = "" if step.state is State.NOT_REACHED else number(step.seconds, 1)
        table.add_row(step.name, f"[{_STYLES[step.state]}]{step.state}[/]", took, step.said)
    return table
