"""Whether a challenger may take the champion's place, by what two runs did on the same days.

In: two finished runs, and a look. Out: a ``Promotion``: the verdict with its
p-value, power and smallest difference that would have been found, and all seven metrics with their
margins. Both arms must have been priced by the same simulator on the same data, and neither fitted
on the days that are looked at: what is not so is refused, for no number would mean anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.errors import DataError
from quorate.report.arms import arm, days_of, held_by
from quorate.report.reading import read
from quorate.research.evidence import Look, Renewal, verdict_told
from quorate.statistics.guardrails import guard
from quorate.statistics.promotion import decide

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from quorate.report.reading import Run
    from quorate.statistics.guardrails import Arm
    from quorate.statistics.promotion import Verdict
    from quorate.statistics.sequential import Plan

SEED: Final = 7
_EPOCH: Final = date(1970, 1, 1)
_PRICES: Final[Mapping[str, tuple[str, ...]]] = {
    "account": ("equity_usd",),
    "costs": (
        "impact", "impact_bps_at_one", "impact_y", "latency", "latency_bps_per_ms",
        "max_participation",
    ),
}  # fmt: skip
"""What prices a fill, beside [exchange]: the rest of [costs] decides what is traded."""


@dataclass(frozen=True)
class Promotion:
    """A look at a challenger beside the champion.

    Attributes
    ----------
    champion, challenger : str
        Ids of the runs.
    first, last : date
        The days that were looked at, both included.
    level : float
        Of all looks together, one-sided.
    verdict : statistics.promotion.Verdict
        PROMOTE, REJECT or EXTEND, with everything it rests on.
    look : research.evidence.Look
        The same as evidence for a registry; of runs without models it is none there.
    cautions : tuple of str
        What the numbers do not say.
    """

    champion: str
    challenger: str
    first: date
    last: date
    level: float
    verdict: Verdict
    look: Look
    cautions: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON.

        Notes
        -----
        Units: as ``Verdict``.  Causal: reads finished runs.  Missing: None, never NaN.
        """
        return {
            "champion": self.champion,
            "challenger": self.challenger,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "level": self.level,
            **verdict_told(self.verdict),
            "models": {"champion": self.look.champion, "challenger": self.look.challenger},
            "cautions": list(self.cautions),
        }

    def __str__(self) -> str:  # type: ignore[explicit-override]
        from quorate.report.promotion_text import text

        return text(self)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def look_at(
    champion: Run,
    challenger: Run,
    *,
    day: int,
    plan: Plan,
    start: date | None = None,
    expected: float = 1.0,
    seed: int = SEED,
) -> Promotion:
    """Decide about the challenger by two finished runs, as they were read.

    Parameters
    ----------
    champion, challenger : Run
        From ``report.reading.read``: who vouches for a run vouches for these values, and no folder
        is read again behind its back (``quorate.promote``).
    day : int
        Which look of the plan.
    plan : Plan
        From ``sequential.obrien_fleming``.
    start : date, optional
        The first day that counts; the first whole one that both runs have, and that neither was
        fitted on, when left out.
    expected : float
        The difference of annual Sharpe ratios whose power is told.
    seed : int
        The same seed gives the same verdict.

    Raises
    ------
    DataError
        The runs cannot be compared, or have too few days; a file of one is missing.
    ValueError
        The day is no look of the plan.

    Notes
    -----
    Units: ratios a year.  Causal: reads the days up to the look.  Missing: a day that is not known
    of both is left out.  Nothing is kept of it, and it moves no version: a registry takes a look
    for evidence that is in its signed history, put there by the plan it keeps.  METHODS 10.1-10.5.
    """
    plan.at(day)
    runs = priced_alike(champion, challenger)
    first = _first(runs, start)
    days = _days(runs, first, day)
    arms = _arms(runs, days)
    verdict = decide(arms[1], arms[0], day=day, seed=seed, plan=plan, expected=expected)
    names = [str(run.about["run_id"]) for run in runs]
    digests = [models_of(run) for run in runs]
    return Promotion(
        champion=names[0],
        challenger=names[1],
        first=first,
        last=first + timedelta(days=day - 1),
        level=plan.level,
        verdict=verdict,
        look=Look(
            champion=digests[0],
            challenger=digests[1],
            verdict=verdict,
            first=first,
            runs=(names[1], names[0]),
        ),
        cautions=_cautions(runs),
    )


def first_day(champion: Run, challenger: Run, start: date | None = None) -> date:
    """Return the first day of two runs that counts: one that neither arm was fitted on.

    Raises
    ------
    DataError
        There is none, or the one that is asked for is before it.
    """
    return _first((champion, challenger), start)


def models_of(run: Run) -> str:
    """Return the digest of the models of a finished run; empty of one without."""
    return str((run.about.get("models") or {}).get("digest", ""))


def renewal(old: Path, new: Path, *, n_days: int, warm_days: int = 0, seed: int = SEED) -> Renewal:
    """Hold the run of a refit against that of the fit it renews, on their last common days.

    Parameters
    ----------
    old, new : Path
        Folders of finished runs with ``--models``.
    n_days : int
        How many days at most: of fewer the value itself says that they are too few.
    warm_days : int
        So many of the first days do not count, on which both still warm up and do nothing.
    seed : int
        The same seed gives the same answer.

    Raises
    ------
    DataError
        The runs cannot be compared, or have no such day; a file of one is missing.

    Notes
    -----
    Units: days.  Causal: reads finished runs.  Missing: a day that is not known of both is left
    out. The refit may have learned from these days, and then looks better than it is: what makes
    it look worse all the same is worth a refusal.  METHODS row 14.
    """
    runs = priced_alike(read(old), read(new))
    days = _common(runs)[warm_days:][-n_days:]
    if not len(days):
        raise DataError(
            f"the two runs have no day in common after the first {warm_days}",
            hint="run both over the same days, and more of them",
        )
    arms = _arms(runs, days)
    known = np.isfinite([each.net for each in arms]).all(axis=0)
    active = known & np.any([each.is_active for each in arms], axis=0)
    return Renewal(
        old=models_of(runs[0]),
        new=models_of(runs[1]),
        n_days=int(known.sum()),
        n_active=int(active.sum()),
        guardrails=guard(arms[1], arms[0], seed=seed),
    )


def priced_alike(champion: Run, challenger: Run) -> tuple[Run, Run]:
    """Return both runs; refuse those whose difference is not the models' alone."""
    runs = champion.about, challenger.about
    if runs[0]["run_id"] == runs[1]["run_id"]:
        raise DataError("champion and challenger are one run", hint="name two different runs")
    for what, told in (
        ("data", [each["data"]["digest"] for each in runs]),
        ("code", [each.get("code") for each in runs]),
        ("settings of [exchange]", [each["settings"].get("exchange") for each in runs]),
        *(
            (f"{section}.{name}", [each["settings"].get(section, {}).get(name) for each in runs])
            for section, names in _PRICES.items()
            for name in names
        ),
    ):
        if told[0] != told[1]:
            raise DataError(
                f"the runs differ in their {what}: they were not priced by the same simulator on "
                "the same market",
                hint="run both again, on the same bars with the same version",
            )
    return champion, challenger


def _common(runs: tuple[Run, Run]) -> np.ndarray[Any, Any]:
    ours, theirs = (days_of(run) for run in runs)
    return np.intersect1d(ours.day, theirs.day)


def _first(runs: tuple[Run, Run], start: date | None) -> date:
    """Return the first day that counts: one that neither arm was fitted on."""
    common = _common(runs)
    if not len(common):
        raise DataError("the two runs have no day in common", hint="run both over the same days")
    begins = _EPOCH + timedelta(days=int(common[0]))
    opened = min(datetime.fromisoformat(run.about["data"]["start"]) for run in runs)
    if opened.hour or opened.minute > int(runs[0].about["data"]["bar_minutes"]):
        begins += timedelta(days=1)  # the first day is not whole
    fitted = [end for run in runs if (end := _until(run)) is not None]
    earliest = max([begins, *fitted])
    if start is not None and start < earliest:
        raise DataError(
            f"from {start} on the runs were not both there and out of sample: that begins "
            f"{earliest}",
            hint=f"leave --start out, or give {earliest} or later",
        )
    return earliest if start is None else start


def _until(run: Run) -> date | None:
    """Return the first day that begins after a run's models were fitted, None without models."""
    models = run.about.get("models")
    if models is None:
        return None
    if not models.get("until"):
        raise DataError(
            f"nothing says until when the models of {run.about['run_id']} were fitted",
            hint="run it with a model set from `quorate train`",
        )
    until = datetime.fromisoformat(models["until"]).astimezone(UTC)
    is_midnight = until.time() == datetime.min.time()
    return until.date() if is_midnight else until.date() + timedelta(days=1)


def _days(runs: tuple[Run, Run], first: date, n: int) -> np.ndarray[Any, Any]:
    days = (first - _EPOCH).days + np.arange(n)
    common = _common(runs)
    n_there = int(np.sum((common >= days[0]) & (common <= days[-1])))
    if not len(common) or days[-1] > common[-1] or days[0] < common[0]:
        raise DataError(
            f"{n} days from {first} are needed, both runs have {n_there} of them",
            hint="run both over more days; champion and challenger are looked at over the same",
        )
    return days


def _arms(runs: tuple[Run, Run], days: np.ndarray[Any, Any]) -> tuple[Arm, Arm]:
    return arm(runs[0], days), arm(runs[1], days)


def _cautions(runs: tuple[Run, Run]) -> tuple[str, ...]:
    found = []
    if any(run.about["data"]["is_synthetic"] for run in runs):
        found.append("Synthetic data: these prices were made up.")
    against = {held_by(run) for run in runs}
    if against == {""}:
        found.append("Nothing was kept of holding: the information ratio is the Sharpe ratio.")
    if any(not models_of(run) for run in runs):
        found.append("A run without models: the verdict moves no version of a registry.")
    return tuple(found)
