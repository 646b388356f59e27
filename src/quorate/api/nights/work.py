"""The work of each step of a night.

In: what the night is asked for. Out: an ``Outcome`` a step, or an error that says what to do. Every
method reads what earlier ones left on disk, so that a step can be done by another process.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.api import folding
from quorate.api.auditing import Audit, audit
from quorate.api.backtests import run
from quorate.api.folder import write_table
from quorate.api.learning import train
from quorate.api.nights.record import Outcome
from quorate.api.nights.renewals import index_of
from quorate.api.proofs import checked_of
from quorate.api.walking import walkforward
from quorate.core.features.table import FEATURES
from quorate.errors import DataError, QuorateError, TooLittleHistoryError
from quorate.lake import disk
from quorate.lake.panel import part
from quorate.report.promotion import renewal
from quorate.research import model_set
from quorate.research.evidence import REFIT_DAYS, Checked, Renewal, guardrail_told
from quorate.research.past import Past
from quorate.statistics.guardrails import Guardrail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from quorate.api.nights.renewals import Recipe
    from quorate.api.plans import Plan
    from quorate.api.registering import Registry
    from quorate.core.types import Regime
    from quorate.lake import Panel
    from quorate.research.versions import Version

WARM_DAYS: Final = 8
"""Days before the first that counts: the slowest features need seven."""
INGEST: Final = timedelta(hours=1)
"""How long after its moment a past night was still taking in rows: what it knew of a lake."""
LATE_HOURS: Final = 6.0
"""How long before the midnight of the night the bars may end."""
MIN_KNOWN: Final = 0.5
"""Share of rows on which a feature is known, below which it is told."""
SEED: Final = 14
TOLD: Final = ("total_return", "sharpe", "sortino", "max_drawdown", "deflated_sharpe")


class Work:
    """What the steps of a night do, by their names."""

    def __init__(  # noqa: PLR0913  (what a night is asked for)
        self,
        *,
        market: Callable[[datetime, datetime, datetime], Panel],
        recipes: tuple[Recipe, ...],
        at: datetime,
        out: Path,
        folder: Path,
        registry: Registry,
        champion: Version | None,
        is_monday: bool,
        n_cuts: int,
        ingest: Callable[[], dict[str, Any]] | None,
    ) -> None:
        self._market, self._recipes, self._at, self._out = market, recipes, at, out
        self._folder, self._registry, self._champion = folder, registry, champion
        self._is_monday, self._n_cuts, self._ingest = is_monday, n_cuts, ingest

    @cached_property
    def _end(self) -> datetime:
        """The midnight before the night: whole days are learned from and tested on."""
        return datetime.combine(self._at.date(), time(0), UTC)

    @cached_property
    def _panel(self) -> Panel:
        days = days_of_night(each.plan for each in self._recipes)
        known = datetime.fromisoformat(self._told("ingest")["known_at"])
        panel = self._market(self._end - timedelta(days=days), self._end, known)
        last = datetime.fromtimestamp(panel.close_ms(panel.n_bars - 1) / 1000.0, UTC)
        if last > self._at:
            raise DataError(
                f"the panel ends {last:%Y-%m-%d %H:%M} UTC, after the night's "
                f"{self._at:%Y-%m-%d %H:%M}",
                hint="a night reads what was known then: let market keep to start and end",
            )
        hours = (self._end - last).total_seconds() / 3600.0
        if hours > LATE_HOURS:
            raise DataError(
                f"the data end {last:%Y-%m-%d %H:%M} UTC, {hours:.0f} hours before the midnight of "
                "the night",
                hint="fetch what is missing (`quorate data pull`), then run the night again",
            )
        return panel

    def ingest(self) -> Outcome:
        """Fetch what is new, and fix what counts as known; of a past night nothing is fetched."""
        if datetime.now(UTC) - self._at > timedelta(days=1):
            return Outcome(
                "nothing is fetched: the night is past, it reads what was kept by then",
                {"known_at": (self._at + INGEST).isoformat()},
            )
        if self._ingest is None:
            return Outcome(
                "nothing is fetched: the bars are read as they are kept",
                {"known_at": datetime.now(UTC).isoformat()},
            )
        told = self._ingest()
        return Outcome(
            f"{told['n_new']:,} new rows, {told['n_changed']:,} that the venue tells otherwise now",
            {**told, "known_at": datetime.now(UTC).isoformat()},
        )

    def check(self) -> Outcome:
        """Load the panel by the rules of data; a rule that fails is an error of the load."""
        panel = self._panel
        certificate, checked = panel.certificate, checked_of(panel)
        excluded = dict(certificate.excluded) if certificate is not None else {}
        last = _instant(panel.close_ms(panel.n_bars - 1))
        told = {
            "source": panel.source.digest,
            "certificate": checked.certificate,
            "coins": panel.n_coins,
            "bars": panel.n_bars,
            "from": _instant(panel.close_ms(0)),
            "to": last,
            "n_checked": checked.n_checked,
            "failures": list(checked.failures),
            "excluded": excluded,
            "notes": list(panel.notes),
        }
        said = f"{panel.n_coins} coins, {panel.n_bars:,} bars to {last[:16]} UTC"
        if excluded:
            said += f"; left out: {', '.join(sorted(excluded))}"
        return Outcome(said, told)

    def features(self) -> Outcome:
        """Build features and votes once over the panel and say where one is hardly ever known."""
        panel, first = self._panel, self._recipes[0]
        fold = folding.begin(panel, first.settings, first.engines)
        past = Past(panel.bars_per_hour)
        for _, done in folding.advance(panel, fold, may_enter=False):
            past.add(done)
        warm = WARM_DAYS * 24 * panel.bars_per_hour
        hours = past.between(panel.k0 + warm, panel.k0 + panel.n_bars - 1)
        if not hours.n:
            raise TooLittleHistoryError(
                f"no coin has a regime on any hour of {panel.n_bars:,} bars",
                hint="give the market more history, or coins that trade",
            )
        known = np.isfinite(hours.features).mean(axis=0)
        names = [feature.name for feature in FEATURES]
        shares = {name: float(share) for name, share in zip(names, known, strict=True)}
        poor = [n for n, share in shares.items() if share < MIN_KNOWN]
        side = np.abs(hours.side).mean(axis=0)
        votes = {e.name: float(x) for e, x in zip(first.engines, side, strict=True)}
        said = f"{hours.n:,} coin-hours, {len(names) - len(poor)} of {len(names)} features known"
        if poor:
            said += f"; hardly ever: {', '.join(poor)}"
        return Outcome(said, {"rows": hours.n, "known": shares, "votes": votes})

    def train(self) -> Outcome:
        """Fit every recipe on the days up to the night."""
        told: dict[str, dict[str, Any]] = {}
        files: list[str] = []
        for each in self._recipes:
            where = self._folder / "models" / each.name
            found = train(
                self._panel,
                each.settings,
                each.plan,
                to=where,
                engines=each.engines,
                approved=None if self._is_monday else self._stood(each),
                before=self._stood(each),
            )
            files.append(where.relative_to(self._folder).as_posix())
            if found.leaderboard is not None:
                board = self._folder / "leaderboard" / f"{each.name}.parquet"
                board.parent.mkdir(exist_ok=True)
                write_table(board, found.leaderboard)
                files.append(board.relative_to(self._folder).as_posix())
            told[each.name] = {
                "digest": found.digest,
                "until": found.until.isoformat(),
                "models": sorted(found.fit.models),
                "labels": found.fit.n_labels,
                "remarks": list(found.fit.remarks),
                "approvals": "as before" if found.leaderboard is None else "judged anew",
            }
        n = len(told)
        return Outcome(f"{n} recipe{'s' * (n > 1)} fitted: {', '.join(told)}", told, tuple(files))

    def audit(self) -> Outcome:
        """Hold what was known against what came later; a finding stops the night."""
        told: dict[str, dict[str, Any]] = {}
        files: list[str] = []
        for each in self._recipes:
            found: Audit = audit(
                self._panel, each.settings, engines=each.engines, n_cuts=self._n_cuts
            )
            path = self._folder / f"audit-{each.name}.json"
            text = json.dumps(found.as_file(), allow_nan=False)
            disk.replace(path, text.encode())
            found.raise_if_found()
            n_values = sum(item.n_values for item in found.parts)
            told[each.name] = {"digest": found.digest, "n_values": n_values}
            files.append(path.name)
        n_values = sum(item["n_values"] for item in told.values())
        return Outcome(f"{n_values:,} values compared, nothing found", told, tuple(files))

    def walkforward(self) -> Outcome:
        """Test every recipe on the last days, fitted before them."""
        told: dict[str, dict[str, Any]] = {}
        for each in self._recipes:
            days = _length(each.plan)
            n_bars = days * 24 * self._panel.bars_per_hour
            span = part(self._panel, self._panel.n_bars - n_bars, self._panel.n_bars)
            found = walkforward(span, each.settings, each.plan, engines=each.engines, out=self._out)
            net = found.result.metrics["net"]
            told[each.name] = {
                "run": str(found.result.facts["run_id"]),
                "stage": None if each.old is None else str(each.old.stage),
                "fills": found.result.fills.height,
                **{name: net.get(name) for name in TOLD},
            }
        first = told[self._recipes[0].name]
        test = self._recipes[0].plan.test_days
        shown = "nothing traded"
        if first["fills"]:
            shown = f"net {_percent(first['total_return'])}, {first['fills']:,} fills"
        return Outcome(f"the last {test} days, not seen by the fit: {shown}", told)

    def compare(self) -> Outcome:
        """Hold the refit of each recipe at work against the fit that it is to renew.

        Both have seen most of these days: what is tested is that the new fit still does what the
        old one did. What a recipe is worth on days it has not seen is the walk forward's to say.
        """
        told: dict[str, Any] = {}
        words = []
        for each in self._recipes:
            if each.old is None or not each.is_at_work:
                continue
            held = self._held(each, each.old)
            told[each.name] = {
                "old": each.old.name,
                "old_digest": each.old.digest,
                "n_days": held.n_days,
                "n_active": held.n_active,
                "guardrails": [guardrail_told(item) for item in held.guardrails],
            }
            words.append(_outcome(each.old.name, held))
        return Outcome("; ".join(words) or "no recipe is at work: nothing to compare with", told)

    def publish(self) -> Outcome:
        """Publish what may be; what may not is told, and what was there stays."""
        later = [m for m in index_of(self._registry.folder).history if m.at > self._at]
        if later:
            return Outcome(
                f"nothing is published: the registry went on after this night "
                f"({later[-1].at:%Y-%m-%d %H:%M} UTC)",
                {"later_moves": len(later)},
            )
        told: dict[str, Any] = {}
        for each in self._recipes:
            told[each.name] = self._published(each)
        words = [
            f"{item['version']} ({item['stage']})" if "version" in item else f"kept: {item['why']}"
            for item in told.values()
        ]
        return Outcome("; ".join(words), told)

    def _published(self, each: Recipe) -> dict[str, Any]:
        where = self._folder / "models" / each.name
        evidence: list[Checked | Renewal] = [self._checked()]
        if each.old is not None and each.is_at_work:
            new = model_set.read(where).digest
            evidence.append(self._compared(each, each.old.digest, new))
        tested = self._told("walkforward")[each.name]
        is_other = self._champion is not None and each.old is None
        try:
            version = self._registry.publish(
                where,
                self._folder / f"audit-{each.name}.json",
                why=f"the night of {self._at:%Y-%m-%d}",
                evidence=evidence,
                metrics={name: tested[name] for name in TOLD},
                parent=self._champion.name if is_other and self._champion is not None else None,
                at=self._at,
            )
        except QuorateError as error:
            return {"why": error.message, "next": error.hint}
        return {"version": version.name, "stage": str(version.stage), "digest": version.digest}

    def _checked(self) -> Checked:
        found = self._told("check")
        return Checked(
            certificate=found["certificate"],
            n_checked=found["n_checked"],
            failures=tuple(found["failures"]),
        )

    def _compared(self, each: Recipe, old: str, new: str) -> Renewal:
        """Return what ``compare`` found, from its record."""
        told = self._told("compare")[each.name]
        known: list[dict[str, Any]] = [
            {name: math.nan if v is None else v for name, v in row.items()}
            for row in told["guardrails"]
        ]
        return Renewal(
            old=old,
            new=new,
            n_days=int(told["n_days"]),
            n_active=int(told["n_active"]),
            guardrails=tuple(Guardrail(**row) for row in known),
        )

    def _held(self, each: Recipe, old: Version) -> Renewal:
        """Run both fits over the last days, and test the new one for being no worse.

        The runs are made here; what they say is ``report.promotion.renewal``'s.
        """
        length = (REFIT_DAYS + WARM_DAYS) * 24 * self._panel.bars_per_hour
        span = part(self._panel, max(0, self._panel.n_bars - length), self._panel.n_bars)
        runs = []
        for models in (
            self._registry.folder / old.name,
            self._folder / "models" / each.name,
        ):
            made = run(
                span,
                each.settings,
                engines=each.engines,
                models=models,
                out=self._folder / "runs",
                kind="nightly",
            )
            runs.append(self._folder / "runs" / str(made.facts["run_id"]))
        return renewal(*runs, n_days=REFIT_DAYS, warm_days=WARM_DAYS, seed=SEED)

    def _stood(self, each: Recipe) -> dict[str, frozenset[Regime]] | None:
        """Return the approvals of the fit before, from which a Monday moves by one step."""
        if each.old is None:
            return None
        return dict(model_set.read(self._registry.folder / each.old.name).approved)

    def _told(self, step: str) -> dict[str, Any]:
        path = self._folder / "steps" / f"{step}.json"
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["told"]
        return told


def days_of_night(plans: Iterable[Plan]) -> int:
    """Return how many days of bars a night reads: to learn, test and compare, and to warm up."""
    return max(REFIT_DAYS, *map(_length, plans)) + WARM_DAYS


def _length(plan: Plan) -> int:
    return plan.train_days + plan.purge_days + plan.test_days


def _outcome(old: str, held: Renewal) -> str:
    """Return in words what the comparison of a refit with the fit it renews came to."""
    if not held.n_active:
        return (
            f"neither {old} nor its refit traded or held anything on {held.n_days} days: nothing "
            "was compared"
        )
    broken = [item.name for item in held.guardrails if not item.is_kept]
    if broken:
        return f"the refit of {old} is not shown to be no worse: {', '.join(broken)}"
    return f"the refit of {old} is no worse on {held.n_days} days"


def _instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000.0, tz=UTC).isoformat()


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.2%}"
