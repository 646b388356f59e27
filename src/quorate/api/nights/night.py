"""One night: ingest, check, features, train, walk forward, compare, publish; a record per step.

In: how the market is loaded, settings, a plan, a moment. Out: a ``Night``. It reads what was known
at its moment and nothing later, so that a past night comes out as it would have then.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quorate.api.auditing.binding import code_hash
from quorate.api.auditing.whole import check_cuts
from quorate.api.effective import read_settings
from quorate.api.nights.record import Record, State, Step, digest_of
from quorate.api.nights.renewals import index_of, renewals
from quorate.api.nights.work import Work
from quorate.api.plans import Plan
from quorate.api.registering import registry as registry_of
from quorate.errors import ConfigError, DataError
from quorate.lake import locking

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.api.registering import Registry
    from quorate.lake import Panel
    from quorate.settings import Settings

AT_HOUR: Final = 2
"""The hour of the day, UTC, at which a night begins (Spec 15)."""
MONDAY: Final = 0
STEPS: Final = (
    "ingest", "check", "features", "train", "audit", "walkforward", "compare", "publish",
)  # fmt: skip


@dataclass(frozen=True)
class Night:
    """What a night came to.

    Parameters
    ----------
    at : datetime
        Its moment, UTC.
    folder : Path
        Where its record is.
    steps : tuple of Step
        In order.
    champion : str
        The champion's version after it; empty where there is none.
    remarks : tuple of str
        What an operator has to know.
    """

    at: datetime
    folder: Path
    steps: tuple[Step, ...]
    champion: str
    remarks: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Return whether every step was done; a refit that was refused is an outcome of one."""
        return all(step.state is State.DONE for step in self.steps)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        steps = [asdict(step) | {"state": str(step.state)} for step in self.steps]
        return {
            "at": self.at.isoformat(),
            "is_done": self.is_done,
            "champion": self.champion or None,
            "remarks": list(self.remarks),
            "steps": steps,
        }

    def __repr__(self) -> str:  # type: ignore[explicit-override]
        """Return one line."""
        n_done = sum(step.state is State.DONE for step in self.steps)
        return (
            f"Night({self.at:%Y-%m-%d %H:%M} UTC: {n_done} of {len(self.steps)} steps done; "
            f"champion {self.champion or 'none'})"
        )


def nightly(  # noqa: PLR0913  (what a night is asked for, each by name)
    market: Callable[[datetime, datetime, datetime], Panel],
    settings: Settings | None = None,
    plan: Plan | None = None,
    *,
    at: date | datetime | str | None = None,
    out: str | Path = Path("runs"),
    nights: str | Path = Path("nights"),
    registry: str | Path | None = None,
    ingest: Callable[[], dict[str, Any]] | None = None,
    n_cuts: int = 12,
    source: str = "",
    progress: Callable[[str], None] | None = None,
) -> Night:
    """Do what is done every night at 02:00 UTC, or go on with a night that broke off.

    Parameters
    ----------
    market : callable
        ``market(start, end, known)`` returns the panel of the bars that open from ``start`` to
        before ``end``, of a lake what it had been told by ``known``:
        ``lambda start, end, known: quorate.load("lake", start=start, end=end, as_of=known, ...)``.
    settings : Settings, optional
        Of the recipe that is asked for; read as ``run`` reads them when left out.
    plan : Plan, optional
        What is learned, and on how many days it is tested.
    at : date, datetime or str, optional
        Of which night, UTC; a day means its 02:00, the latest 02:00 when left out.
    out : str or Path
        Folder of runs: the walk forwards are booked there.
    nights : str or Path
        Folder of the nights' records.
    registry : str or Path, optional
        Of the models; ``models.registry`` of the settings when left out.
    ingest : callable, optional
        Fetches what is new and says what came; of a past night nothing is fetched.
    n_cuts : int
        At how many times the audit cuts the history.
    source : str
        Which market it is, in words: a night of another one begins anew.
    progress : callable, optional
        Called with the name of each step before it begins; of one that is skipped with why.

    Returns
    -------
    Night

    Raises
    ------
    ConfigError
        The moment is none, or lies ahead; ``n_cuts`` is below 4.
    DataError
        Another process is at this night, or a record of it cannot be read from the disk.

    Notes
    -----
    Units: none.  Causal: bars that open before the midnight before the moment; of a lake what it
    knew when the night had taken in what was new (of a past one: an hour after its moment).
    Missing: a step that fails is recorded with what to do next, the later ones are not reached,
    and the champion stays.  Done again it goes on where it stopped; done once more it changes
    nothing; a step whose record is damaged is done again, and a remark says so.  On Mondays
    approvals are judged anew, on other days they are those of the fit before.  Spec 15, METHODS
    row 14.
    """
    check_cuts(n_cuts)
    moment = _moment(at)
    chosen, asked = settings or read_settings(), plan or Plan()
    kept = registry_of(registry, chosen)
    folder = Path(nights) / f"{moment:%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    with locking.taking(folder) as is_free:
        if not is_free:
            raise DataError(
                f"another process is at the night {folder}", hint="wait until it is done"
            )
        return _night(
            _Asked(market, chosen, asked, moment, Path(out), folder, n_cuts, source, ingest),
            kept,
            progress,
        )


@dataclass(frozen=True)
class _Asked:
    market: Callable[[datetime, datetime, datetime], Panel]
    settings: Settings
    plan: Plan
    at: datetime
    out: Path
    folder: Path
    n_cuts: int
    source: str
    ingest: Callable[[], dict[str, Any]] | None


def _night(asked: _Asked, kept: Registry, progress: Callable[[str], None] | None) -> Night:
    record = Record(asked.folder)
    # what the night itself publishes must not change what it is about when it is done again
    begun = index_of(kept.folder).before(asked.at)
    recipes, remarks = renewals(asked.settings, asked.plan, begun)
    is_monday = asked.at.weekday() == MONDAY
    work = Work(
        market=asked.market,
        recipes=recipes,
        at=asked.at,
        out=asked.out,
        folder=asked.folder,
        registry=kept,
        champion=begun.champion,
        is_monday=is_monday,
        n_cuts=asked.n_cuts,
        ingest=asked.ingest,
    )
    given = digest_of(
        asked.at.isoformat(), [each.hash for each in recipes], _plain(asked.plan), code_hash(),
        str(kept.folder), asked.n_cuts, asked.source,
    )  # fmt: skip
    # bars that were lacking may have come since: what is known is fixed once they pass
    record.forget("ingest", unless_done="check")
    for name in STEPS:
        asked_of = digest_of(name, given)
        if progress is not None:
            why = record.skipped(name, asked_of)
            progress(f"{name}: {why}" if why else name)
        step = record.run(name, asked_of, getattr(work, name))
        given = digest_of(given, step.said, dict(step.told))
    remarks += tuple(
        f"the record of {name} was damaged ({why}): the step was done again, not taken as done"
        for name, why in record.damaged.items()
    )
    index = index_of(kept.folder)
    champion = index.champion
    if champion is None:
        said = (
            "there is no champion yet: the first enters at canary (`quorate models stage`), rule "
            "engines alone as they are, a recipe that learned on the figures of research"
        )
        remarks = (*remarks, said)
    return Night(
        asked.at,
        asked.folder,
        tuple(record.steps),
        "" if champion is None else champion.name,
        remarks,
    )


def _plain(plan: Plan) -> dict[str, Any]:
    return {n: list(v) if isinstance(v, tuple) else str(v) for n, v in asdict(plan).items()}


def _moment(at: date | datetime | str | None) -> datetime:
    now = datetime.now(UTC)
    if at is None:
        latest = datetime.combine(now.date(), time(AT_HOUR), UTC)
        return latest if latest <= now else latest - timedelta(days=1)
    try:
        given = datetime.fromisoformat(at) if isinstance(at, str) else at
    except ValueError as error:
        raise ConfigError(
            f"{at!r} is no day", hint="write a day as 2023-05-01, its 02:00 UTC is meant"
        ) from error
    if not isinstance(given, datetime):
        given = datetime.combine(given, time(AT_HOUR), UTC)
    if given.tzinfo is None:
        given = given.replace(tzinfo=UTC)
    given = given.astimezone(UTC)
    if given.time() == time(0):  # a day alone
        given = given.replace(hour=AT_HOUR)
    if given > now:
        raise ConfigError(
            f"the night of {given:%Y-%m-%d %H:%M} UTC lies ahead", hint="name one that has begun"
        )
    return given.replace(second=0, microsecond=0)
