"""What the simulated exchange took for granted, in sentences with the run's own numbers.

In: the settings and data facts of a ``Run``. Out: sentences, the ones that matter most first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quorate.report.formats import number, percent

if TYPE_CHECKING:
    from quorate.report.reading import Run

_FILLS = (
    "A decision at a bar's close is filled in later bars, never at the price that decided it; "
    "where a bar does not tell the order of events, the costlier one is taken."
)


def assumptions(run: Run) -> list[str]:
    """Return what a reader must grant for the numbers to hold.

    Notes
    -----
    Units: in each sentence.  Causal: reads the run's settings.  Missing: a setting that the run
    did not write down is left out.  Spec 4, 12.
    """
    settings: dict[str, dict[str, Any]] = run.about.get("settings", {})
    costs, routing = settings.get("costs", {}), settings.get("routing", {})
    exchange = settings.get("exchange", {})
    said = [_FILLS, *_costs(costs), *_exchange(exchange)]
    if "collar_bps" in routing:
        said.append(
            f"An order is not sent across a price more than {number(routing['collar_bps'], 0)} bps "
            "from its decision."
        )
    if not run.about["data"].get("is_synthetic", True):
        said.append(
            "Price steps are read off each coin's first 100 closes, and lots off its first price, "
            "not off a listing."
        )
    return [*said, *_funding(run.about["data"].get("funding", []))]


def _costs(costs: dict[str, Any]) -> list[str]:
    said = []
    if "impact_bps_at_one" in costs:
        grows = "or more in volatile markets " if costs.get("impact") == "volatility" else ""
        said.append(
            f"An order moves the price by {number(costs['impact_bps_at_one'], 1)} bps {grows}"
            "times the square root of its share of the volume."
        )
    if "max_participation" in costs:
        said.append(
            f"No order is more than {percent(costs['max_participation'], 0)} of the volume."
        )
    if "latency_bps_per_ms" in costs:
        said.append(f"A millisecond on the way costs {number(costs['latency_bps_per_ms'], 3)} bps.")
    return said


def _exchange(exchange: dict[str, Any]) -> list[str]:
    said = []
    if "delisting_haircut" in exchange:
        said.append(
            f"A coin that goes away is sold {percent(exchange['delisting_haircut'], 1)} below "
            "its last price, once that is known."
        )
    if "liquidation_fee" in exchange:
        said.append(f"A liquidation costs {percent(exchange['liquidation_fee'], 2)}.")
    return said


def _funding(kinds: list[str]) -> list[str]:
    if not kinds or set(kinds) == {"none"}:
        return ["No funding: nothing here settles it."] if kinds else []
    known = sum(kind in {"known", "none"} for kind in kinds)
    if known == len(kinds):
        return ["Funding is what the venues settled."]
    return [
        f"Funding is assumed, wholly or in part, for {len(kinds) - known} of {len(kinds)} markets."
    ]
