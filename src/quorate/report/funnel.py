"""How the bars of the coins narrow from data to an order, gate by gate.

In: the count of each first reason. Out: steps, each with what is left and what it lost. The order
of the gates is that of ``core/decide.py``, told in ``docs/explanations/from-vote-to-order.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.core.types import Reason
from quorate.report import bars
from quorate.report.formats import UNKNOWN, code, number, percent

if TYPE_CHECKING:
    from quorate.report.reading import Run


class Gate(NamedTuple):
    """What is left behind a gate, the reasons that stop there, and whether it is always shown."""

    name: str
    stopped: tuple[Reason, ...]
    is_always: bool = False


class Step(NamedTuple):
    """One row of the funnel as text: what is left, what was lost here and to which reasons."""

    name: str
    left: str
    lost: str
    share: str
    why: str
    bar: str


ORDERED: Final = (Reason.ENTRY, Reason.REBALANCE)
"""What is left at the end: a position was opened or resized."""
_HELD: Final = (
    *(Reason.NONE, Reason.HOLDING, Reason.REVERSAL, Reason.EXIT_SIGNAL, Reason.EXIT_TIME),
    *(Reason.EXIT_STOP, Reason.EXIT_UNIVERSE, Reason.EXIT_CONTROL, Reason.EXIT_LIQUIDATION),
    *(Reason.EXIT_DELISTED, Reason.CARRY_TURNED, Reason.CUT_OPEN_RISK, Reason.CUT_CAP),
)
_CONTROLS: Final = (Reason.KILLED, Reason.PAUSED, Reason.BLOCKED, Reason.DEPEG, Reason.ILLIQUID)
_BREAKERS: Final = (
    *(Reason.BREAKER_DAILY, Reason.BREAKER_STREAK, Reason.BREAKER_VOLATILITY, Reason.COOLDOWN),
)
_LIMITS: Final = (
    *(Reason.KELLY_NOT_POSITIVE, Reason.CAP_COIN, Reason.CAP_SECTOR, Reason.CAP_GROSS),
    *(Reason.CAP_PARTICIPATION, Reason.CAP_OPEN_RISK, Reason.CAP_VENUE, Reason.CAP_NET),
    *(Reason.CAP_BETA, Reason.CAP_RISK, Reason.PORTFOLIO_ZERO, Reason.PORTFOLIO_NOT_SOLVED),
    *(Reason.BELOW_MINIMUM, Reason.BELOW_CHANGE, Reason.OPEN_RISK_NEGATIVE),
)
GATES: Final = (
    Gate("with data", (Reason.NO_DATA, Reason.IMPUTED), is_always=True),
    Gate("in the universe", (Reason.NOT_MEMBER,)),
    Gate("not a position that was kept, closed or cut", _HELD),
    Gate("warmed up", (Reason.WARMUP,), is_always=True),
    Gate("an approved engine", (Reason.NO_APPROVED_ENGINE, Reason.ENGINE_FAILED), is_always=True),
    Gate("a quorum", (Reason.NO_QUORUM,), is_always=True),
    Gate("above the threshold: a signal", (Reason.BELOW_THRESHOLD,), is_always=True),
    Gate("let in by controls and the market", _CONTROLS),
    Gate("a side that a venue takes", (Reason.SHORT_NOT_ALLOWED,)),
    Gate("let in by breakers and cooldown", _BREAKERS),
    Gate("an edge above cost and margin", (Reason.EDGE_BELOW_COST,), is_always=True),
    Gate("room under risk and caps: an order", _LIMITS, is_always=True),
)
"""Every reason stops at one gate, or is ``ORDERED``."""


def funnel(run: Run) -> list[Step]:
    """Return the steps from all bars of the coins to an order that opens or resizes.

    Returns
    -------
    list of Step
        The first is all bars; a gate that stopped nothing is left out unless it always counts.

    Notes
    -----
    Units: bars of a coin; the share lost is of those that came to the gate.  Causal: reads the
    whole run.  Missing: an empty list where no reason was counted.  A reason this version does
    not know stops at a step of its own.  Spec 10.
    """
    counts: dict[str, int] = {
        name: int(count) for name, count in run.metrics.get("reasons", {}).items() if count
    }
    total = sum(counts.values())
    if not total:
        return []
    steps = [Step("bars of a coin", number(total, 0), "", "", "", _bar(total, total))]
    left = total
    unknown = tuple(name for name in counts if name not in Reason.__members__)
    rows = [(gate.name, tuple(r.name for r in gate.stopped), gate.is_always) for gate in GATES]
    rows.insert(-1, ("no reason of a later version", unknown, False))
    for name, stopped, is_always in rows:
        here = {reason: counts[reason] for reason in stopped if reason in counts}
        lost = sum(here.values())
        if not (lost or is_always):
            continue
        came, left = left, left - lost
        ranked = sorted(here, key=lambda each: (-here[each], each))
        steps.append(
            Step(
                name,
                number(left, 0),
                number(lost, 0),
                percent(lost / came, 1) if came else UNKNOWN,
                ", ".join(map(code, ranked)),
                _bar(left, total),
            )
        )
    return steps


def _bar(left: int, total: int) -> str:
    return bars.bar(0.0, left, 0.0, total, "base")
