"""A plan of the looks at a challenger, made before the first of its days and kept in the history.

In: when it starts, how long it lasts, among how many its level is divided. Out: what each look must
reach. ``looks`` says which plan holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from quorate.statistics.sequential import LONG_LOOKS, LOOKS, obrien_fleming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.statistics.sequential import Plan

LEVEL: Final = 0.05
EXPECTED: Final = 1.0
PLANS: Final[Mapping[int, tuple[int, ...]]] = {LOOKS[-1]: LOOKS, LONG_LOOKS[-1]: LONG_LOOKS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan of looks at one recipe beside another.

    Parameters
    ----------
    champion : str
        Hash of the recipe of the champion.
    start : date
        The first day that counts.
    looks : tuple of int
        Days since the start, ascending.
    level : float
        One-sided, of all looks at as many challengers as stand side by side from the beginning.
        Of those that come one after another it is more: ``together``.
    challengers : int
        Among how many it is divided: those known when this plan was made.
    expected : float
        The least difference of annual Sharpe ratios that matters: its power is told.

    Examples
    --------
    >>> made = Planned(champion="ab", start=date(2024, 1, 1), challengers=2)
    >>> made.max_days, made.bounds.level
    (28, 0.025)
    """

    kind: ClassVar[str] = "plan"
    champion: str
    start: date
    looks: tuple[int, ...] = LOOKS
    level: float = LEVEL
    challengers: int = 1
    expected: float = EXPECTED

    @property
    def max_days(self) -> int:
        """Return how many days it lasts."""
        return self.looks[-1]

    @property
    def bounds(self) -> Plan:
        """Return what each look must reach."""
        return obrien_fleming(self.looks, self.level / self.challengers)

    def as_dict(self) -> dict[str, Any]:
        """Return what a history keeps of it."""
        return {
            "kind": self.kind,
            "champion": self.champion,
            "start": self.start.isoformat(),
            "looks": list(self.looks),
            "level": self.level,
            "challengers": self.challengers,
            "expected": self.expected,
        }


def together(n: int, level: float = LEVEL) -> float:
    r"""Return how often luck promotes any of n challengers that came one after another, at most.

    .. math:: \alpha \left(1 + \frac{1}{2} + \dots + \frac{1}{n}\right)

    Parameters
    ----------
    n : int
        Challengers against one champion's recipe; the k-th had a k-th part of the level, since
        those after it were not known when its plan was made.
    level : float
        Of a plan.

    Notes
    -----
    Units: probability.  Causal: none.  Missing: none.  By Boole's inequality, whatever the
    dependence.  METHODS 10.6.

    Examples
    --------
    >>> round(together(2), 4), round(together(5), 4)
    (0.075, 0.1142)
    """
    return level * sum(1.0 / k for k in range(1, n + 1))


class Asked(NamedTuple):
    """What somebody asks of a plan; None is whatever the plan says, or what is usual."""

    max_days: int | None = None
    start: date | None = None
    challengers: int | None = None
    expected: float | None = None


USUAL: Final = Asked()


def plan_of(told: Mapping[str, Any]) -> Planned:
    """Return a plan from what a history keeps of it."""
    given = {name: value for name, value in told.items() if name != "kind"}
    return Planned(
        **given
        | {"start": date.fromisoformat(told["start"]), "looks": tuple(map(int, told["looks"]))}
    )
