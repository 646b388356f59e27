"""Gathers what the blocks of a fold leave, and makes the result of a run of it.

In: blocks, one after the other. Out: ``Result``, with every metric and table, its attribution
checked against the books to the last unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from quorate.api import folding
from quorate.api.facts import facts_of
from quorate.api.result import Result
from quorate.backtest import exchange
from quorate.backtest.benchmark import Benchmark
from quorate.backtest.record import Record
from quorate.backtest.scorecard import ALL, Scorecard
from quorate.backtest.survivors import Survivors
from quorate.core.types import MONEY_SCALE, Line, Reason, Regime
from quorate.report import attribution
from quorate.report.capacity import capacity
from quorate.statistics import currency, survivors
from quorate.statistics.benchmark import comparison
from quorate.statistics.cautions import cautions
from quorate.statistics.daily import EQUITY, daily_returns
from quorate.statistics.metrics import summary
from quorate.statistics.span import over_span, span_days
from quorate.statistics.trades import TRADES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from quorate.backtest.run import Block
    from quorate.core.engines.base import Engine
    from quorate.lake import Panel
    from quorate.research.fits import Fits
    from quorate.settings import Settings
    from quorate.statistics.accounts import Trials
    from quorate.statistics.daily import Daily

_ON_CARD = ("n_votes", "n_asked", "right_frac", "move_bps", "error_bps")
_ENTRY = (
    "timestamp",
    "symbol",
    "engine_votes",
    "size_usd",
    "price",
    "reason",
    "sized_usd",
    "other_usd",
)
_SPAN = ("start", "end", "n_bars", "is_synthetic", "venues")


class Gathering:
    """What one fold leaves, block by block.

    Parameters
    ----------
    panel : Panel
        The data.
    settings : Settings
        Of the run.
    engines : sequence of Engine
        The engines that vote.
    fold : folding.Fold
        From ``folding.begin``; read again when the result is made.
    refusals : bool
        Whether to keep refused signals: they are most of what a run leaves.
    place : Path, optional
        A folder on the disk that is to hold the kept decisions until they are written.
    fits : Fits, optional
        Of the fold, for its facts.

    Notes
    -----
    Units: integer 1e-8 quote.  Causal: what was decided, as it was decided.  Missing: as the tables
    say.  Spec 10, 12.
    """

    def __init__(
        self,
        panel: Panel,
        settings: Settings,
        engines: Sequence[Engine],
        fold: folding.Fold,
        *,
        refusals: bool = True,
        place: Path | None = None,
        fits: Fits | None = None,
    ) -> None:
        self._panel, self._settings, self._engines, self._fold = panel, settings, engines, fold
        self._fits = fits
        names = [engine.name for engine in engines]
        start = round(fold.start_quote * MONEY_SCALE)
        self._record = Record(
            panel.symbols,
            panel.venue_names,
            names,
            panel.bar_minutes,
            start,
            refusals=refusals,
            place=place,
        )
        votes = fold.made.params.consensus
        self._card = Scorecard(names, votes.horizon_bars, votes.bars_per_hour, votes.bars_per_day)
        self._holding = Benchmark(panel.n_coins, folding.bitcoin(panel), panel.bar_minutes)
        self._haircut = fold.made.params.exchange.delisting_haircut
        self._survivors = Survivors(panel.delisted_k[:], panel.bar_minutes, self._haircut)

    def add(self, block: Block) -> None:
        """Take what is worth keeping of the next block."""
        self._record.add(block)
        self._card.add(block)
        self._holding.add(block)
        self._survivors.add(block)

    def result(
        self, run_id: str, seconds: dict[str, float], tried: Callable[[Daily], Trials] | None
    ) -> Result:
        """Return what the fold came to.

        Parameters
        ----------
        run_id : str
            Its name.
        seconds : dict
            Where the time went, for its facts.
        tried : callable or None
            Given its daily returns, tells what it was chosen from, where that was counted.

        Raises
        ------
        ArithmeticError
            The attribution does not add up: a bug.
        """
        books = self._fold.memory.chain.account.ledger
        lines = books.lines.sum(axis=1)
        aside = {
            "scorecard": self._card.frame(),
            "benchmark": self._holding.frame(currency.known(self._panel.quote_usd)),
        }
        equity = currency.convert(self._record.equity(), currency.known(self._panel.quote_usd))
        fills, trades = self._record.fills(), self._record.trades()
        traded = 0.0
        if fills.height:
            traded = float((fills["coins"].abs() * fills["price"]).sum())
        positions = self._record.positions(books, self._panel.venues.lot)
        in_usd = currency.in_usd(equity).select(list(EQUITY))
        booked = {line: int(lines[line]) for line in Line}
        room = capacity(fills, positions, booked, in_usd, self._settings.values)
        daily = daily_returns(in_usd)
        trials = None if tried is None else tried(daily)
        metrics = summary(
            in_usd,
            trades.select(list(TRADES)),
            lines,
            traded_usd=traded,
            capacity_usd=float(f"{room.half_return_usd:.3g}"),  # an estimate, no more digits
            trials=trials,
        )
        self._beside(metrics, daily, aside["benchmark"])
        metrics["flags"] |= cautions(metrics, in_usd)
        days = metrics["net"]["n_days"]
        metrics["activity"] |= over_span(metrics["activity"], days, span_days(equity))
        if room.why:
            metrics["flags"]["activity.capacity_usd"] = room.why
        kept, funding = self._record.decisions(trades), self._record.funding()
        entries = kept.filter(pl.col("reason") == Reason.ENTRY.name).select(_ENTRY).collect()
        self._counted(metrics, booked, equity, aside["scorecard"])
        metrics["exposure"] = _exposure(equity)
        metrics["kelly"] = _kelly(entries, str(self._settings["risk"]["kelly"]))
        facts = facts_of(
            self._panel,
            self._settings,
            self._engines,
            run_id,
            self._record.failures,
            seconds,
            self._fits,
        )
        if trials is not None:
            facts["n_trials"] = trials.n
        # the store knows a run by its metrics alone, wherever its folder is
        metrics["data"] = {name: facts["data"][name] for name in _SPAN} | {
            "n_coins": self._panel.n_coins
        }
        who = attribution.attribute(fills, entries, funding, positions)
        attribution.check(who, equity, fills, funding, positions)
        return Result(
            run_id=run_id,
            folder=None,
            metrics=metrics,
            equity=equity,
            trades=trades,
            fills=fills,
            funding=funding,
            positions=positions,
            incidents=self._record.incidents(),
            attribution=who,
            facts=facts,
            kept=kept,
            **aside,
        )

    def _beside(self, metrics: dict[str, Any], daily: Daily, holding: pl.DataFrame) -> None:
        """Add what holding made, and what the coins that went away did to it."""
        metrics["benchmark"], why = comparison(daily, holding)
        metrics["flags"] |= why
        if (held := self._survivors.held()) is not None:
            curves = (held.curves[name].to_numpy() for name in ("everyone", "survivors"))
            metrics["survivors"] = survivors.between(*curves) | {
                "n_coins": held.n_coins,
                "n_ended": held.n_ended,
                "haircut": self._haircut,
            }

    def _counted(
        self,
        metrics: dict[str, Any],
        booked: dict[Line, int],
        equity: pl.DataFrame,
        scorecard: pl.DataFrame,
    ) -> None:
        """Add what was counted: reasons, regimes, money by line, engines, the exchange's work."""
        record, counts = self._record, self._fold.memory.exchange.counts
        metrics["reasons"] = {
            reason.name: int(record.reasons[reason]) for reason in Reason if record.reasons[reason]
        }
        metrics["regimes"] = {r.name: int(record.regimes[r]) for r in Regime}
        metrics["lines_usd"] = {line.name: _usd(units) for line, units in booked.items()}
        by_currency = currency.effect(equity)
        metrics["account"] = {
            "start_usd": _usd(int(equity["equity_usd"][0])),
            "end_usd": _usd(int(equity["equity_usd"][-1])),
            "currency_usd": _usd(by_currency),
        }
        if by_currency:
            metrics["flags"]["lines_usd"] = (
                "of the books, in quote currency; currency_usd is the rest"
            )
        metrics["engines"] = {
            row["engine"]: {name: row[name] for name in _ON_CARD}
            for row in scorecard.filter(pl.col("regime") == ALL).iter_rows(named=True)
        }
        metrics["exchange"] = {c.name: int(counts[c]) for c in exchange.Count}


def _usd(units: int) -> str:
    """Write integer money as a decimal number of USD."""
    sign = "-" if units < 0 else ""
    whole, part = divmod(abs(units), MONEY_SCALE)
    return f"{sign}{whole}.{part:08d}"


def _exposure(equity: pl.DataFrame) -> dict[str, float]:
    """Return mean and largest exposures as fractions of equity; net and beta to either side."""
    capital = equity["equity"].to_numpy() / MONEY_SCALE
    found = {}
    for name in ("gross", "net", "beta"):
        share = equity[f"{name}_usd"].to_numpy() / np.where(capital > 0.0, capital, np.nan)
        found[f"mean_{name}_frac"] = _finite(np.nanmean(share))
        if name == "gross":
            found["max_gross_frac"] = _finite(np.nanmax(share))
            continue
        found[f"most_{name}_long_frac"] = max(_finite(np.nanmax(share)), 0.0)
        found[f"most_{name}_short_frac"] = min(_finite(np.nanmin(share)), 0.0)
    return found


def _kelly(entries: pl.DataFrame, option: str) -> dict[str, Any]:
    """Return what entries were sized, before caps, and what the other option would have asked for.

    The literal formula multiplies two sizing rules; the option reads Kelly as a ceiling on the
    risk (METHODS 0 row 6).
    """
    sized, other = (float(entries[name].sum()) for name in ("sized_usd", "other_usd"))
    return {"option": option, "sized_usd": sized, "other_option_usd": other}


def _finite(value: float | np.floating[Any]) -> float:
    return float(value) if np.isfinite(value) else 0.0
