"""Lists of what happened: the reasons that were counted, and the best and worst trades.

In: a ``Run``. Out: rows of text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.report import bars
from quorate.report.formats import code, instant, number, percent
from quorate.report.tables import Amount, amount
from quorate.report.words import HELD, TRADED, reason

if TYPE_CHECKING:
    from quorate.report.reading import Run

N_EXTREMES: Final = 10
_LAST: Final = {TRADED: 1, HELD: 2}
"""Kinds of reasons that stand below those that waited."""


class Waited(NamedTuple):
    """One reason: how many bars of a coin it stood on, and what it means."""

    name: str
    sentence: str
    n_bars: str
    share: str
    bar: str


class Group(NamedTuple):
    """Reasons of one kind: its title, the bars of a coin they stood on, and each of them."""

    title: str
    n_bars: str
    share: str
    rows: list[Waited]


def reasons(run: Run) -> list[Group]:
    """Return why coins waited, then how they traded and held, each most frequent first.

    All bars share one scale, the most frequent reason of all.

    Notes
    -----
    Units: bars of a coin; a share is of all of them.  Causal: reads the whole run.
    Missing: reasons that never came up are left out.  Spec 10.
    """
    counts: dict[str, int] = {
        name: int(count) for name, count in run.metrics.get("reasons", {}).items() if count
    }
    total, largest = sum(counts.values()), max(counts.values(), default=0)
    kinds: dict[str, dict[str, int]] = {}
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        kinds.setdefault(reason(name).group, {})[name] = count
    ranked = sorted(kinds, key=lambda kind: (_LAST.get(kind, 0), -sum(kinds[kind].values())))
    return [
        Group(
            kind,
            number(sum(kinds[kind].values()), 0),
            _share(sum(kinds[kind].values()), total),
            [_waited(name, count, largest, total) for name, count in kinds[kind].items()],
        )
        for kind in ranked
    ]


def _waited(name: str, count: int, largest: int, total: int) -> Waited:
    return Waited(
        name=code(name),
        sentence=reason(name).sentence,
        n_bars=number(count, 0),
        share=_share(count, total),
        bar=bars.bar(0.0, count, 0.0, largest, "base"),
    )


def _share(count: int, total: int) -> str:
    share = count / total
    return percent(share, 1 if share >= 0.001 else 4)


class Trade(NamedTuple):
    """One closed trade as text."""

    coin: str
    side: str
    opened: str
    closed: str
    hours: str
    notional: str
    money: tuple[Amount, Amount, Amount]
    entry: str
    exit: str
    regime: str
    venue: str


def extremes(run: Run) -> tuple[list[Trade], list[Trade]]:
    """Return the best and the worst trades by net result; few enough trades are all the best.

    Notes
    -----
    Units: USD, hours.  Causal: reads closed trades.  Missing: two empty lists without a trade.
    Spec 12.
    """
    ranked = run.trades.sort("net_pnl", "opened_at", "symbol", descending=[True, False, False])
    if ranked.height <= 2 * N_EXTREMES:
        return [_trade(row) for row in ranked.iter_rows(named=True)], []
    best, worst = ranked.head(N_EXTREMES), ranked.tail(N_EXTREMES).reverse()
    return (
        [_trade(row) for row in best.iter_rows(named=True)],
        [_trade(row) for row in worst.iter_rows(named=True)],
    )


def _trade(row: dict[str, Any]) -> Trade:
    gross, net = int(row["gross_pnl"]), int(row["net_pnl"])
    return Trade(
        coin=str(row["symbol"]),
        side="long" if int(row["side"]) > 0 else "short",
        opened=instant(row["opened_at"]),
        closed=instant(row["closed_at"]),
        hours=number(float(row["hours"]), 1),
        notional=number(float(row["notional_usd"])),
        money=(amount(gross), amount(net - gross), amount(net)),
        entry=code(row["entry_reason"]),
        exit=code(row["exit_reason"]),
        regime=code(row["regime"]),
        venue=str(row["venue"]),
    )
