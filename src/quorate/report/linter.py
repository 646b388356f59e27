"""Looks a run over for what is suspicious, and says it at the head of its page.

In: a ``Run``. Out: findings, the worst first, and the rules that found nothing. A rule is a
function of ``Evidence`` in ``checks``; a new one earns its place by joining ``RULES``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.report.checks import data, result, trading
from quorate.report.checks.finding import Finding, Severity
from quorate.report.evidence import gather

if TYPE_CHECKING:
    from collections.abc import Callable

    from quorate.report.evidence import Evidence
    from quorate.report.reading import Run

    Rule = Callable[[Evidence], Finding | None]

__all__ = ["RULES", "Finding", "Report", "Severity", "judge", "lint"]

_CAPACITY: Final = "an account above its capacity"
RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("books that do not balance", result.books),
    ("synthetic data", data.synthetic),
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
    (_CAPACITY, trading.small_capacity),
    ("targets lost to minimum order sizes", trading.minimum_orders),
    ("orders that did not fill as meant", trading.cut_fills),
    ("positions closed as delisted", trading.delistings),
    ("stops that lost more than planned", trading.stop_gaps),
    ("assumed funding", data.assumed_funding),
    ("prices that are filled in", data.imputed),
    ("engines that failed", data.failed_engines),
    ("positions open at the end", trading.open_positions),
    ("less than a year", result.less_than_a_year),
)


class Report(NamedTuple):
    """What was found, the worst first, the rules that found nothing, and those not asked."""

    findings: list[Finding]
    clean: list[str]
    unchecked: list[str]


def lint(run: Run) -> Report:
    """Look a run over.

    Notes
    -----
    Units: said in each finding.  Causal: reads a finished run.  Missing: a rule whose figure is
    not known finds nothing.  Spec 12.
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
    >>> [finding.title for finding in judge(Evidence(is_synthetic=True, n_days=40)).findings]
    ['Synthetic data', 'Less than a year']
    """
    asked = [(name, rule(seen)) for name, rule in RULES]
    found = [finding for _, finding in asked if finding is not None]
    passed = [name for name, finding in asked if finding is None]
    idle = set() if trading.earned(seen) else {_CAPACITY}
    return Report(
        sorted(found, key=lambda finding: finding.severity),
        [name for name in passed if name not in idle],
        [f"{name}, as nothing was earned" for name in passed if name in idle],
    )
