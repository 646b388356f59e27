"""What a recipe must have shown before it stands beside a champion, and before it trades all money.

In: figures that were found in runs, a sweep and a cross-validation. Out: values that say which are
missing and which fall short. From research to shadow it is METHODS 5.7, from canary to champion
METHODS 10.7. Who goes on all the same says why, and the history keeps what was lacking.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from quorate.statistics.guardrails import MARGINS

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN_TRADES: Final = 50
"""Closed trades below which nothing is known of a recipe, in research as in a canary."""
MIN_DAYS: Final = 3
MARGIN: Final = MARGINS["pnl"].amount
"""By how much a canary may earn less a day than the control, of equity."""


class Bound(NamedTuple):
    """What a figure is, and what it must be: above, or below, or at least a value."""

    what: str
    how: str
    value: float

    def holds(self, found: float) -> bool:
        """Return whether a figure is as it must be."""
        if self.how == "above":
            return found > self.value
        return found < self.value if self.how == "below" else found >= self.value


RESEARCH: Final[Mapping[str, Bound]] = {
    "n_trades": Bound("closed trades out of sample", "at least", MIN_TRADES),
    "deflated_sharpe": Bound("the deflated Sharpe ratio (DSR)", "above", 0.95),
    "overfit": Bound("the probability of backtest overfitting (PBO)", "below", 0.2),
    "superiority": Bound("p of the test against the champion (SPA)", "below", 0.05),
    "positive_paths": Bound("the share of paths with a positive net (CPCV)", "at least", 0.8),
    "dear_net_usd": Bound("the net result at costs x 1.5, USD,", "above", 0.0),
}
"""What leads from research to shadow (METHODS 5.7), and that it trades at all."""
CANARY: Final[Mapping[str, Bound]] = {
    "n_trades": Bound("closed trades as canary", "at least", MIN_TRADES),
    "n_days": Bound("whole days as canary", "at least", MIN_DAYS),
    "ahead_low": Bound(
        "the lower bound of its net return a day less the control's (cash where there is none)",
        "above",
        -MARGIN,
    ),
    "slippage_ratio": Bound("slippage over what was expected", "below", 1.5),
    "reject_rate": Bound("the share of orders that were rejected", "below", 0.02),
}
"""What a canary must have shown (METHODS 10.7)."""
_BESIDE: Final = ("superiority", "ahead_low")
"""What is held against a champion."""
_CHAMPION_ALONE: Final = ("superiority",)
"""What is not asked without one. A first canary's return is held against cash, which earns none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Figures of a recipe, each with where it was found.

    Parameters
    ----------
    stage : str
        ``research`` or ``canary``.
    recipe : str
        Hash of the recipe.
    champion : str
        Hash of the champion's recipe, against which some of it is; empty without one.
    figures : Mapping of str to float
        By the names of ``RESEARCH`` or ``CANARY``.
    sources : Mapping of str to str
        Where each was found, or why it was not.

    Examples
    --------
    >>> Shown(stage="research", recipe="a", figures={"n_trades": 0.0}).short("")[0]
    'closed trades out of sample is 0, must be at least 50'
    """

    stage: str
    recipe: str
    champion: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Return what a history calls it."""
        return self.stage

    def short(self, champion: str) -> tuple[str, ...]:
        """Return each figure that is missing or falls short, in words.

        Parameters
        ----------
        champion : str
            Hash of the recipe of who is champion now; empty where there is none.
        """
        bounds = RESEARCH if self.stage == "research" else CANARY
        found = []
        for name, bound in bounds.items():
            if name in _CHAMPION_ALONE and not champion:
                continue
            value, source = self.figures.get(name), self.sources.get(name, "nothing shows it")
            wanted = f"must be {bound.how} {bound.value:g}"
            if value is None:
                found.append(f"{bound.what} is missing ({source}), {wanted}")
            elif name in _BESIDE and self.champion != champion:
                found.append(f"{bound.what} is against another recipe than the champion's")
            elif not bound.holds(value):
                found.append(f"{bound.what} is {value:.4g}, {wanted}")
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """Return what a history keeps of it."""
        return {
            "kind": self.stage,
            "recipe": self.recipe,
            "champion": self.champion,
            "figures": dict(self.figures),
            "sources": dict(self.sources),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Overridden:
    """That somebody went on although something was lacking, and why."""

    kind: ClassVar[str] = "override"
    reason: str
    lacking: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return what a history keeps of it."""
        return {"kind": self.kind, "reason": self.reason, "lacking": list(self.lacking)}
