"""Jobs as values: when they are planned, how late they may begin, what is done of missed runs.

In: a cron text, in UTC only. Out: the times a run is planned for. The house's own are ``HOUSE``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from quorate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from cronsim import CronSim

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_DAY_MS: Final = 86_400_000


class Missed(StrEnum):
    """What is done of runs that could not begin on time."""

    SKIP = "skip"
    LATEST = "latest"
    EVERY = "every"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is done at which times.

    Parameters
    ----------
    name : str
        Told in every row; a word.
    cron : str
        Minute, hour, day of the month, month, day of the week; UTC.
    late_s : int
        So many seconds after its time a run still begins; after them it is missed.
    missed : Missed
        ``skip``: a run that is late is not begun; ``latest``: the newest of those that wait is,
        however late; ``every``: each is, in order.
    deadline_s : int
        So long a run may take; then it is stopped and has failed.
    may_overlap : bool
        Whether one begins while another of the same job is going; else it waits.
    attempts : int
        So often a run may be begun that was lost with its process.
    does : str
        In words.

    Raises
    ------
    ConfigError
        The cron text is none, or a number is not above 0.

    Notes
    -----
    Units: seconds, UTC.  Causal: pure.  Missing: none.
    Spec 15.

    Examples
    --------
    >>> Job(name="scan", cron="0 * * * *").deadline_s
    3600
    >>> Job(name="scan", cron="60 * * * *")
    Traceback (most recent call last):
    ...
    quorate.errors.ConfigError: the cron text '60 * * * *' of scan says no times: Bad minute
      next: give minute, hour, day, month and weekday, UTC: 0 2 * * *
    """

    name: str
    cron: str
    late_s: int = 60
    missed: Missed = Missed.SKIP
    deadline_s: int = 3600
    may_overlap: bool = False
    attempts: int = 1
    does: str = ""

    def __post_init__(self) -> None:
        wrong = _cronsim().CronSimError
        if not self.name.replace("-", "").replace("_", "").isalnum():
            raise ConfigError(f"{self.name!r} is no name of a job", hint="give a word: carry-scan")
        try:
            next(_times(self.cron, _EPOCH), None)
        except wrong as error:
            raise ConfigError(
                f"the cron text {self.cron!r} of {self.name} says no times: {error}",
                hint="give minute, hour, day, month and weekday, UTC: 0 2 * * *",
            ) from error
        for name in ("late_s", "deadline_s", "attempts"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"{name} of the job {self.name} is {getattr(self, name)}", hint="give 1 or more"
                )


def planned(cron: str, after_ms: int, until_ms: int) -> list[int]:
    """Return the times in a span, its start left out and its end not.

    Notes
    -----
    Units: ms since 1970, UTC: no time is left out or doubled at a change of clocks, there is none;
    a leap second has no number of its own.  Causal: pure.  Missing: none.
    Spec 15.

    Examples
    --------
    >>> planned("*/5 * * * *", 0, 900_000)
    [300000, 600000, 900000]
    """
    days = range((after_ms + 1) // _DAY_MS, until_ms // _DAY_MS + 1)
    return [at for day in days for at in _of_day(cron, day) if after_ms < at <= until_ms]


def next_planned(cron: str, after_ms: int) -> int | None:
    """Return the first time after one; None where there is none in fifty years.

    Examples
    --------
    >>> next_planned("0 0 1 1 *", 0) == 365 * 86_400_000
    True
    """
    at = next(_times(cron, _EPOCH + after_ms * _MS), None)
    return None if at is None else (at - _EPOCH) // _MS


def last_planned(cron: str, until_ms: int) -> int | None:
    """Return the last time up to one, itself counted; None where there is none in fifty years.

    Examples
    --------
    >>> last_planned("*/5 * * * *", 600_000), last_planned("*/5 * * * *", 599_999)
    (600000, 300000)
    """
    # backwards the whole second of a moment within it counts, of the second itself it does not
    within = _EPOCH + until_ms * _MS + timedelta(microseconds=1)
    at = next(_times(cron, within, is_backward=True), None)
    return None if at is None else (at - _EPOCH) // _MS


def check_schedule(schedule: Sequence[Job]) -> None:
    """Refuse two jobs of one name: their runs could not be told apart."""
    names = [job.name for job in schedule]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"two jobs are called {twice[0]}", hint="give each a name of its own")


@lru_cache(maxsize=256)
def _of_day(cron: str, day: int) -> tuple[int, ...]:
    """Return the times of a day, counted from 1970: what is due is asked again and again."""
    found: list[int] = []
    for at in _times(cron, _EPOCH + (day * _DAY_MS - 1) * _MS):
        ms = (at - _EPOCH) // _MS
        if ms >= (day + 1) * _DAY_MS:
            break
        found.append(ms)
    return tuple(found)


def _times(cron: str, at: datetime, *, is_backward: bool = False) -> CronSim:
    library = _cronsim()
    if len(cron.split()) != 5:  # a sixth would be seconds: nothing here is planned within a minute
        raise library.CronSimError("it has five fields")
    found: CronSim = library.CronSim(cron, at, reverse=is_backward)
    return found


def _cronsim() -> ModuleType:
    try:
        import cronsim
    except ModuleNotFoundError as error:
        raise ConfigError(
            "the library that reads cron texts is not installed", hint="pip install 'quorate[live]'"
        ) from error
    return cronsim


HOUSE: Final = (
    Job(
        name="cycle",
        cron="*/5 * * * *",
        late_s=60,
        deadline_s=240,
        does="regime, signals, consensus, risk check, orders",
    ),
    Job(
        name="health",
        cron="*/15 * * * *",
        late_s=300,
        deadline_s=300,
        does="health check and latency report",
    ),
    Job(
        name="carry",
        cron="0 * * * *",
        late_s=900,
        missed=Missed.LATEST,
        deadline_s=900,
        does="funding and basis scan; positions are adjusted if carry turns",
    ),
    Job(
        name="nightly",
        cron="0 2 * * *",
        late_s=3600,
        missed=Missed.LATEST,
        deadline_s=6 * 3600,
        attempts=3,
        does="ingest to publish, in a process of its own; on Mondays the leaderboard too",
    ),
    Job(
        name="attribution",
        cron="55 23 * * *",
        late_s=3600,
        missed=Missed.EVERY,
        deadline_s=3600,
        attempts=3,
        does="PnL by engine and by cost, snapshot to reports",
    ),
)
"""What a desk does, and when (Spec 15); in this order where times are the same."""
