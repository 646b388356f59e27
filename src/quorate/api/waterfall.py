"""An explanation as text: a waterfall of at most 80 columns, from features to what came of it.

In: an ``Explanation``. Out: lines. The step at which the decision stopped says so.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from quorate.api import size_lines
from quorate.api.explanation import FITTED
from quorate.api.size_lines import WIDTH
from quorate.core.types import Reason
from quorate.report.formats import UNKNOWN, code, number
from quorate.report.words import HELD, REASONS, TRADED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quorate.api.explanation import Exit, Explanation, Vote

__all__ = ["WIDTH", "text"]

_BAR: Final = 13
_FALLS: Final = 40
_VOTES: Final = (Reason.NO_QUORUM, Reason.BELOW_THRESHOLD, Reason.NO_APPROVED_ENGINE)
_SEEN: Final = (Reason.NO_DATA, Reason.IMPUTED, Reason.WARMUP)
_GATES: Final = (
    Reason.NOT_MEMBER,
    Reason.DEPEG,
    Reason.KILLED,
    Reason.PAUSED,
    Reason.BLOCKED,
    Reason.ILLIQUID,
    Reason.SHORT_NOT_ALLOWED,
    Reason.BREAKER_DAILY,
    Reason.BREAKER_STREAK,
    Reason.BREAKER_VOLATILITY,
    Reason.COOLDOWN,
)
_ROUTED: Final = (Reason.BELOW_MINIMUM, Reason.BELOW_CHANGE, Reason.CAP_VENUE)
_DONE: Final = (TRADED, HELD)
_SIDES: Final = {1: "buy", 0: "none", -1: "sell"}


def text(found: Explanation) -> str:
    """Return an explanation as lines of at most 80 columns.

    Parameters
    ----------
    found : Explanation
        From ``quorate.explain``.

    Notes
    -----
    Units: said beside every number.  Causal: as the explanation.  Missing: an en dash.  Spec 10.
    """
    parts = (_head, _features, _votes, _gates, _cost, _size, _route, _outcome)
    lines, has_stopped = [], False
    for part in parts:
        step = part(found)
        if has_stopped and part is not _outcome:
            step[0] += "  (for information)"
        has_stopped = has_stopped or "<<" in step[0]
        lines += [*step, ""]
    return "\n".join(line.rstrip() for line in lines).rstrip()


def _head(found: Explanation) -> list[str]:
    said = found.outcome
    where = f"{found.symbol} at {found.at:%Y-%m-%d %H:%M} UTC"
    return [
        *(line for each in found.exits for line in _exit(each)),
        f"{said.action.upper()} {where}, price {_plain(found.price)}: {said.reason}",
        *_wrapped(said.sentence),
        f"run {found.run_id}",
        f"decision {found.decision_id}",
        *_wrapped(found.verdict),
    ]


def _exit(found: Exit) -> list[str]:
    """Say what the exchange closed by itself, before anything the decision says."""
    side = "long" if found.side > 0 else "short"
    stop = "" if found.stop_price is None else f", the stop was {_plain(found.stop_price)}"
    return _wrapped(
        f"CLOSED BY THE EXCHANGE in the bar to this close, {found.reason}: a {side} of "
        f"{number(found.closed_usd)} USD at {_plain(found.price)}{stop}; costs and haircut "
        f"{number(found.paid_usd)} USD on {found.venue}. {REASONS[Reason[found.reason]].sentence}"
    )


def _title(found: Explanation, name: str, stops: Iterable[Reason], note: str = "") -> str:
    is_here = Reason[found.outcome.reason] in set(stops) and found.outcome.action == "wait"
    mark = "  << it stopped here" if is_here else ""
    return f"{name}{mark}{'  ' + note if note else ''}"


def _features(found: Explanation) -> list[str]:
    hazards = f", {' and '.join(found.hazards)}" if found.hazards else ""
    lines = [
        _title(found, "1. What was seen", _SEEN, f"regime {found.regime.upper()}{hazards}"),
    ]
    read = [each for each in found.features if each.readers]
    if not found.features:
        return [
            *lines,
            "   features are not kept; their hash is " + (found.features_hash or UNKNOWN),
        ]
    if not read:
        return [*lines, f"   {len(found.features)} features; no engine voted on them"]
    lines.append(f"   {'feature read by a vote':<22} {'value':>11}  {'unit':<6}  read by")
    for each in sorted(read, key=lambda item: -len(item.readers)):
        who = ", ".join(each.readers)
        lines.append(
            f"   {each.name:<22} {_short(each.value):>11}  {_cut(each.unit, 6):<6}  "
            f"{_cut(who, WIDTH - 47)}"
        )
    return lines


def _votes(found: Explanation) -> list[str]:
    score = found.score
    lines = [_title(found, "2. Votes", _VOTES)]
    if found.votes:
        adds = "w logit(p)" if score.pool == "log" else "w(2p-1)s"
        lines.append(f"   {'engine':<20} {'side':<4}{'p':>8}{'reliab.':>9}{'weight':>9}{adds:>11}")
    largest = max((abs(vote.contribution) for vote in found.votes), default=0.0)
    lines += [_vote(vote, largest) for vote in found.votes]
    if n_fitted := sum(vote.calibration == FITTED for vote in found.votes):
        lines.append(f"   * {n_fitted} of {len(found.votes)} calibrated out of sample")
    abstained = "" if score.n_abstained is None else f", {score.n_abstained} took no side"
    silent = sum(vote.weight == 0.0 for vote in found.votes)
    lines.append(
        f"   {len(found.votes)} voted{f' ({silent} without weight here)' if silent else ''}"
        f"{abstained}"
    )
    lines += _silent(found)
    total = sum(vote.contribution for vote in found.votes)
    if score.pool == "log":
        lines.append(f"   {'sum, in log odds':<20} {_signed(total):>33}")
    lines.append(f"   {'S':<20} {_signed(score.value):>33}")
    lines.append(f"   {'threshold':<20} {_threshold(found):>33}{_times(found)}")
    return lines


def _silent(found: Explanation) -> list[str]:
    """Return the engines that took no side by why, with the weight they hold together."""
    groups: dict[str, list[str]] = {}
    for each in found.silent:
        groups.setdefault(each.why, []).append(each.engine)
    lines = []
    for why, names in groups.items():
        said = f"{len(names)} {why}: {', '.join(names)}"
        lines += textwrap.wrap(
            said, WIDTH, initial_indent=" " * 5, subsequent_indent=" " * 7, break_on_hyphens=False
        )
    return lines


def _vote(vote: Vote, largest: float) -> str:
    share = abs(vote.contribution) / largest if largest else 0.0
    bar = ("+" if vote.contribution > 0 else "-") * round(_BAR * share)
    if vote.weight == 0.0:
        bar = "not approved" if vote.is_approved is False else "no weight"
    mark = "*" if vote.calibration == FITTED else " "
    return (
        f"   {_cut(vote.engine, 20):<20} {_SIDES[vote.side]:<4}{vote.prob:>8.4f}{mark}"
        f"{vote.reliability:>8.4f}{vote.weight:>9.4f}{_signed(vote.contribution):>11}  {bar}"
    )


def _threshold(found: Explanation) -> str:
    value = found.score.threshold
    return UNKNOWN if value is None else f"{value:.5f}"


def _times(found: Explanation) -> str:
    score = found.score
    if score.threshold is None or score.sigma is None or score.k is None:
        return "  before 100 scores"
    if abs(score.threshold - score.k * score.sigma) > 1e-9:
        return "  = the floor"
    passed = abs(score.value or 0.0) > score.threshold
    return f" {'cleared' if passed else 'not cleared'}"


def _cost(found: Explanation) -> list[str]:
    costs, edge = found.costs, found.score.edge_bps
    name = "edge, fitted map" if found.score.edge_map == FITTED else "expected edge"
    rows: list[tuple[str, float | None]] = [(name, edge)]
    for name in ("half_spread", "impact", "fee", "latency", "funding"):
        value = getattr(costs, f"{name}_bps")
        rows.append((name.replace("_", " "), None if value is None else -value))
    left = None if costs.total_bps is None else edge - costs.total_bps
    rows.append(("left", left))
    lines = [
        _title(found, "4. Edge and cost of the round trip, bps", [Reason.EDGE_BELOW_COST]),
        *_falls(rows),
    ]
    if left is not None and costs.margin_bps is not None:
        passed = "cleared" if left >= costs.margin_bps else "not cleared"
        lines.append(f"   {'margin asked':<20}{number(costs.margin_bps):>12}  {passed}")
    return lines


def _falls(rows: list[tuple[str, float | None]]) -> list[str]:
    """Draw each amount where the one before ended; the first and the last start from zero."""
    spans, at = [], 0.0
    for i, (_, value) in enumerate(rows):
        start = 0.0 if i in {0, len(rows) - 1} else at
        at = start + (value or 0.0)
        spans.append((min(start, at), max(start, at)))
    lowest = min(0.0, *(low for low, _ in spans))
    width = max(high for _, high in spans) - lowest
    scale = _FALLS / width if width else 0.0
    lines = []
    for (name, value), (low, high) in zip(rows, spans, strict=True):
        first, last = round(scale * (low - lowest)), round(scale * (high - lowest))
        mark = "+" if (value or 0.0) >= 0.0 else "-"
        lines.append(f"   {name:<20}{number(value):>12}  {' ' * first}{mark * (last - first)}")
    return lines


def _gates(found: Explanation) -> list[str]:
    return [_title(found, "3. Gates", _GATES), *size_lines.gates(found)]


def _size(found: Explanation) -> list[str]:
    others = {*_SEEN, *_VOTES, *_GATES, *_ROUTED, Reason.EDGE_BELOW_COST, Reason.ENGINE_FAILED}
    stops = {reason for reason, said in REASONS.items() if said.group not in _DONE} - others
    return [
        _title(found, "5. Size after every factor, USD", stops),
        *size_lines.size(found),
    ]


def _route(found: Explanation) -> list[str]:
    route = found.route
    title = _title(found, "6. Route", _ROUTED)
    if found.outcome.action == "wait":
        return [title, f"   no order was sent; the primary route was {route.venue}"]
    lots = "; ".join(f"{lots:+,d} lots on {venue}" for venue, lots in route.lots) or route.venue
    style = code(route.style) if route.style else "style unknown"
    sent = f"{style}, {number(route.size_usd)} USD in whole lots: {lots}"
    return [title, *(f"   {line}" for line in textwrap.wrap(sent, WIDTH - 3))]


def _outcome(found: Explanation) -> list[str]:
    said = found.outcome
    lines = ["7. What came of it"]
    if said.n_fills:
        lines += _inside(
            f"{said.n_fills} fill{'s' if said.n_fills > 1 else ''} of "
            f"{number(said.filled_usd)} USD at {_plain(said.average_price)}"
            f"{' on average' if said.n_fills > 1 else ''}; {_paid(said.fill_costs_usd)}"
        )
    elif said.action != "wait":
        lines.append("   nothing was filled")
    trade = said.trade
    if trade is not None:
        side = "long" if trade.side > 0 else "short"
        lines += _inside(
            f"the {side} trade from {trade.opened_at:%Y-%m-%d %H:%M} "
            f"({code(trade.entry_reason)}) to {trade.closed_at:%Y-%m-%d %H:%M} "
            f"({code(trade.exit_reason)}) UTC:"
        )
        lines.append(
            f"   gross {number(trade.gross_usd, 4)}, costs {number(trade.costs_usd, 4)}, "
            f"net {number(trade.net_usd, 4)} USD"
        )
    elif said.n_fills:
        lines.append("   its trade was still open when the run ended")
    elif said.action == "wait":
        lines.append("   no trade was open")
    return lines


def _paid(usd: float) -> str:
    """Say which way the costs went: a fill at a better price than decided on earns some."""
    return f"slippage and fees {'cost' if usd >= 0.0 else 'earned'} {number(abs(usd), 4)} USD"


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, WIDTH, break_long_words=True)


def _inside(sentence: str) -> list[str]:
    return [f"   {line}" for line in textwrap.wrap(sentence, WIDTH - 3)]


def _cut(words: str, width: int) -> str:
    return words if len(words) <= width else f"{words[: width - 1]}…"


def _signed(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value + 0.0:+.5f}".replace("-", "−")


def _short(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.5g}"


def _plain(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.8g}"
