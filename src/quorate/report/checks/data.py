"""Rules about the data: made up, assumed, filled in, or with an engine that failed.

In: ``Evidence``. Out: an ``Answer``: a finding, not asked, or None where the bound is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.report.checks.finding import Answer, Finding, NotAsked, Severity
from quorate.report.formats import number, percent

if TYPE_CHECKING:
    from quorate.report.evidence import Evidence

FILLED_IN: Final = 0.001
_SHOWN: Final = 5


def synthetic(seen: Evidence) -> Answer:
    """Find made-up prices: they earn made-up money."""
    if not seen.is_synthetic:
        return None
    return Finding(
        Severity.ALARM,
        "Synthetic data",
        "Every price was made up by a random generator",
        "real prices",
        "Use it to see how the system works; no number here is about a market.",
    )


def failed_rules(seen: Evidence) -> Answer:
    """Find bars that fail the rules of data, which were read because that was asked for.

    Where parts of the certificate cannot be read, that is the finding: nobody can tell any more.
    """
    if not seen.is_certified:
        return NotAsked("the data have no certificate")
    if seen.damaged:
        return Finding(
            Severity.ALARM,
            "The certificate of the data is damaged",
            "; ".join((*seen.damaged, *seen.failed_coins[:_SHOWN])),
            "a certificate that is whole",
            "Run the backtest again from the same data; what is left of it is shown.",
        )
    if not seen.failed_coins:
        return None
    more = f" and {len(seen.failed_coins) - _SHOWN} more" * (len(seen.failed_coins) > _SHOWN)
    return Finding(
        Severity.ALARM,
        "The data fail their rules",
        f"{', '.join(seen.failed_coins[:_SHOWN])}{more}; read all the same, as was asked for",
        "no coin",
        "Fetch those rows again or leave the coins out, and run without --accept-failed.",
    )


def assumed_funding(seen: Evidence) -> Answer:
    """Find funding that no file knew: the line of funding is a guess there."""
    if seen.n_funded == 0:
        return NotAsked("no market pays funding, or the run does not say")
    if seen.n_assumed == 0:
        return None
    return Finding(
        Severity.WARNING,
        "Funding is assumed",
        f"{seen.n_assumed} of {seen.n_funded} markets that pay it, wholly or in part",
        "0 markets",
        "Give the venue's settlements (--funding), or read funding below as a guess.",
    )


def imputed(seen: Evidence) -> Answer:
    """Find prices carried over gaps: such bars are not traded, and stops may come late."""
    if seen.imputed_share is None:
        return NotAsked("the run does not say what became of its bars")
    if seen.imputed_share <= FILLED_IN:
        return None
    return Finding(
        Severity.WARNING,
        "Prices are filled in",
        f"{percent(seen.imputed_share, 2)} of the bars with data were late or missing "
        "and carry the price before",
        f"at most {percent(FILLED_IN, 1)}",
        "Get the missing bars; until then trust no stop that falls near a gap.",
    )


def in_sample(seen: Evidence) -> Answer:
    """Find trades on the very bars that a model set was fitted on: there it knew the outcome."""
    if not seen.has_models:
        return NotAsked("no model set took part")
    if not seen.models_until:
        return Finding(
            Severity.ALARM,
            "Nothing says what the models have seen",
            "The model set does not say until when it was fitted",
            "a set that says so",
            "Take no number here for out of sample: fit again, or say until when.",
        )
    if seen.n_in_sample == 0:
        return None
    return Finding(
        Severity.ALARM,
        "The models knew the outcome",
        f"{number(seen.n_in_sample, 0)} of {number(seen.n_trades, 0)} closed trades were opened "
        f"by {seen.models_until}, when the models were fitted",
        "0 trades",
        "Begin the run later, or use models that were fitted before it begins.",
    )


def failed_engines(seen: Evidence) -> Answer:
    """Find engines that failed and abstained: the quorum was not the one asked for."""
    if seen.n_engine_failures == 0 and not seen.failed_engines:
        return None
    figure = f"{number(seen.n_engine_failures, 0)} bars of a coin without its vote"
    if seen.failed_engines:
        figure = ", ".join(seen.failed_engines)
    return Finding(
        Severity.WARNING,
        "An engine failed",
        figure,
        "0 engines, 0 bars",
        "See the notes on the data for which and why; mend it or leave it out.",
    )
