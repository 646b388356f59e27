"""Looks a run over for what is suspicious, and says it at the head of its page.

In: a ``Run``. Out: findings, the worst first, the rules that found nothing, and those that were
not asked. A rule is a function of ``Evidence`` in ``checks``; a new one earns its place by
joining ``RULES``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.report.checks import data, result, trading
from quorate.report.checks.finding import Finding, NotAsked, Severity
from quorate.report.evidence import gather

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.report.checks.finding import Answer
    from quorate.report.evidence import Evidence
    from quorate.report.reading import Run

    Rule = Callable[[Evidence], Answer]

__all__ = ["RULES", "Finding", "NotAsked", "Report", "Severity", "judge", "lint"]

RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("books that do not balance", result.books),
    ("synthetic data", data.synthetic),
    ("data that fail their rules", data.failed_rules),
    ("models that knew the outcome", data.in_sample),
    ("a lost account", result.lost),
    ("liquidations", trading.liquidations),
    ("too good to be true", result.too_good),
    ("too few trades", result.few_trades),
    ("an edge below its cost", result.edge_below_cost),
    ("luck", result.luck),
    ("a record that is too short", result.short_record),
    ("one coin that carries it", result.one_coin),
    ("one month that carries it", result.one_month),
    ("five trades that carry it", result.few_winners),
    ("an account above its capacity", trading.small_capacity),
    ("targets lost to minimum order sizes", trading.minimum_orders),
    ("orders that did not fill as meant", trading.cut_fills),
    ("entries that got less than they wanted", trading.called_back),
    ("positions closed as delisted", trading.delistings),
    ("stops that lost more than planned", trading.stop_gaps),
    ("assumed funding", data.assumed_funding),
    ("prices that are filled in", data.imputed),
    ("engines that failed", data.failed_engines),
    ("positions open at the end", trading.open_positions),
    ("less than a year", result.less_than_a_year),
)


class Report(NamedTuple):
    """What was found, the worst first; the rules that found nothing; those that were not asked.

    ``unchecked`` gives, for each reason, the rules that were not asked because of it.
    """

    findings: list[Finding]
    clean: list[str]
    unchecked: dict[str, list[str]]

    @property
    def n_unchecked(self) -> int:
        """How many rules were not asked."""
        return sum(map(len, self.unchecked.values()))


def lint(run: Run) -> Report:
    """Look a run over.

    Notes
    -----
    Units: said in each finding.  Causal: reads a finished run.  Missing: a rule whose figure is
    not known, or that does not apply, is not asked, and says why.  Spec 12.
    """
    return judge(gather(run))


def judge(seen: Evidence) -> Report:
    """Ask every rule.

    Notes
    -----
    Units: said in each finding.  Causal: pure.  Missing: as ``lint``.

    Examples
    --------
    >>> from quorate.report.evidence import Evidence
    >>> found = judge(Evidence(is_synthetic=True, is_traded=False, n_trades=0))
    >>> [finding.title for finding in found.findings]
    ['Synthetic data', 'It did not trade']
    >>> "luck" in found.clean, "luck" in found.unchecked["nothing was traded"]
    (False, True)
    """
    report = Report([], [], {})
    for name, rule in RULES:
        answer = rule(seen)
        if isinstance(answer, Finding):
            report.findings.append(answer)
        elif isinstance(answer, NotAsked):
            report.unchecked.setdefault(answer.reason, []).append(name)
        else:
            report.clean.append(name)
    report.findings.sort(key=lambda finding: finding.severity)
    return report
