"""The bounds of the controls, by preset, each with its unit in its name.

They are the outer fence: the decision's own budgets (risk, portfolio) lie inside them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Final, Literal

Preset = Literal["conservative", "balanced", "aggressive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of every control; the defaults are those of RELIABILITY 4.

    Notes
    -----
    Units: ``_frac`` of equity unless its name says otherwise, ``_usd``, ``_bps`` of the price,
    ``_s``, ``_ms``, ``n_`` counts.  Causal: fixed while a desk runs.  Missing: none.

    Examples
    --------
    >>> limits("balanced").daily_loss_frac, limits("aggressive").max_leverage
    (Decimal('0.025'), Decimal('3'))
    """

    max_child_frac: Decimal = Decimal("0.05")
    max_child_usd: Decimal = Decimal(25_000)
    max_child_volume_frac: Decimal = Decimal("0.2")
    max_own_multiple: Decimal = Decimal(10)
    collar_mid_bps: Decimal = Decimal(50)
    collar_mark_bps: Decimal = Decimal(100)
    taker_slip_bps: Decimal = Decimal(30)
    two_sources_bps: Decimal = Decimal(75)
    max_coin_frac: Decimal = Decimal("0.25")
    max_gross_frac: Decimal = Decimal(2)
    max_leverage: Decimal = Decimal(2)
    n_open_symbol: int = 20
    n_open: int = 100
    n_second: int = 10
    n_minute: int = 60
    n_hour: int = 600
    n_breaches_halt: int = 3
    breach_window_s: int = 600
    n_parents_hour: int = 12
    turnover_day: Decimal = Decimal(12)
    duplicate_s: int = 60
    daily_loss_frac: Decimal = Decimal("0.03")
    drawdown_frac: Decimal = Decimal("0.10")
    book_age_s: int = 5
    mark_age_s: int = 10
    bar_age_s: int = 320
    funding_age_s: int = 600
    balance_age_s: int = 360
    clock_warn_ms: int = 500
    clock_block_ms: int = 1_000
    clock_halt_ms: int = 2_500
    n_rejects_symbol: int = 5
    n_rejects: int = 20
    reject_window_s: int = 300
    liquidation_frac: Decimal = Decimal("0.15")
    liquidation_atr: Decimal = Decimal(3)
    loop_lag_ms: int = 1_000
    disk_free_gib: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not value > 0:
                raise ValueError(f"{item.name} is {value}, must be above 0: a limit that is none")


_PRESETS: Final[dict[str, dict[str, Decimal]]] = {
    "conservative": {"daily_loss_frac": Decimal("0.015"), "max_leverage": Decimal("1.5")},
    "balanced": {"daily_loss_frac": Decimal("0.025"), "max_leverage": Decimal(2)},
    "aggressive": {
        "daily_loss_frac": Decimal("0.035"),
        "max_leverage": Decimal(3),
        "max_gross_frac": Decimal(3),
    },
}


def limits(preset: Preset) -> Limits:
    """Return the bounds of one of the presets of Spec 11."""
    return replace(Limits(), **_PRESETS[preset])  # type: ignore[arg-type]
