"""How far a run has come: a bar, its rate and the time left; silent where no terminal is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task

    from quorate.lake.pulled import Progress as Pulling


class Rate(ProgressColumn):
    """Units a second, over the last seconds."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:  # type: ignore[explicit-override]
        """Return the rate as text, empty until it is known."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{rate(speed)} {self.unit}/s", "magenta")


def rate(speed: float) -> str:
    """Return a rate in three digits.

    Examples
    --------
    >>> rate(950.0), rate(12_345.0), rate(2_300_000.0)
    ('950', '12k', '2.3M')
    """
    if speed >= 1e6:
        return f"{speed / 1e6:.1f}M"
    return f"{speed / 1e3:.0f}k" if speed >= 1e3 else f"{speed:.0f}"


class Left(TimeRemainingColumn):
    """The time left; when there is none, what goes on behind a full bar."""

    def __init__(self, then: str) -> None:
        super().__init__()
        self.then = then

    def render(self, task: Task) -> Text:  # type: ignore[explicit-override]
        """Return the time left as text."""
        if task.finished:
            return Text(self.then, "cyan")
        return super().render(task).append(" left")


@contextmanager
def bars(
    what: str,
    n_coins: int = 1,
    console: Console | None = None,
    then: str = "",
    unit: str = "coin-bars",
) -> Iterator[Callable[[int, int], None]]:
    """Give a function to call with bars done and bars in all; it draws on the error stream.

    Parameters
    ----------
    what : str
        What is being done.
    n_coins : int
        Coin-bars in a bar.
    console : Console, optional
        Where to draw; the error stream when left out.
    then : str
        What goes on when the last bar is done, until the caller is.
    unit : str
        What is counted.

    Notes
    -----
    Units: ``unit``.  Causal: none.  Missing: nothing is drawn where no terminal is.
    """
    place = Console(stderr=True) if console is None else console
    columns = (TextColumn("{task.description}"), BarColumn(30), TaskProgressColumn(), Rate(unit))
    with Progress(
        *columns, Left(then), console=place, disable=not place.is_terminal, transient=True
    ) as progress:
        task = progress.add_task(what, total=None)

        def done(n_bars: int, n_all: int) -> None:
            progress.update(task, completed=n_bars * n_coins, total=n_all * n_coins)

        yield done


@contextmanager
def transfer(what: str, console: Console | None = None) -> Iterator[Callable[[Pulling], None]]:
    """Give a function to call with files and bytes done and in all; it draws on the error stream.

    Parameters
    ----------
    what : str
        What is being done.
    console : Console, optional
        Where to draw; the error stream when left out.

    Notes
    -----
    Units: bytes, bytes a second.  Causal: none.  Missing: nothing is drawn where no terminal is;
    where the bytes in all are not known, the bar counts files.
    """
    place = Console(stderr=True) if console is None else console
    files = TextColumn("{task.fields[files]}")
    columns = (TextColumn("{task.description}"), files, BarColumn(20), DownloadColumn())
    with Progress(
        *columns,
        TransferSpeedColumn(),
        Left(""),
        console=place,
        disable=not place.is_terminal,
        transient=True,
    ) as progress:
        task = progress.add_task(what, total=None, files="")

        def done(now: Pulling) -> None:
            progress.update(
                task,
                completed=now.n_bytes,
                total=now.of_bytes or None,
                files=f"{now.n_files} of {now.of_files} files",
            )

        yield done
