"""Labels, their weights and the splits over them: a label's end is true, and nothing trains on it.

In: a panel, a maker of labels and one of splits. Out: findings. Bars after a label's end change
nothing of it: histories are cut and futures replaced. The bar at its end does: each label must
change when that bar does, or its end is merely late, which hides what a purge should see. Of every
split the bars that a test's labels cover are marked, and no label that trains may touch one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.api.auditing.finding import Test
from quorate.api.auditing.sheet import Meaning, Place, Sheet, differing, shown, stamp
from quorate.errors import QuorateError
from quorate.research import events as taken
from quorate.research import labels as makers
from quorate.research import splits as splitters
from quorate.research.barriers import Ended
from quorate.research.prices import Prices, of
from quorate.research.weights import uniqueness_when_made

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quorate.core.types import IntVec, Mat
    from quorate.lake import Panel
    from quorate.research.labels import Labels
    from quorate.research.splits import Split

HORIZON_HOURS = 24
BARRIER_FRAC = 0.02
FIELDS = ("side", "exit_k", "end_k", "ended", "entry", "exit", "gross", "net")

_NEXT = "set end_k to the bar at whose close everything that the label reads is known"
_MEANINGS = {
    Test.CUT: Meaning("The label is not known at its stated end.", _NEXT),
    Test.NOISE: Meaning("Bars after the label's stated end change it.", _NEXT),
    Test.END: Meaning(
        "The bar at the label's stated end does not matter to it: the end is merely late.",
        "state the first bar at whose close the outcome is known; a late end purges too much and "
        "hides what is known when",
    ),
    Test.OVERLAP: Meaning(
        "A label that trains covers a bar that a label of the test covers.",
        "purge by quorate.research.splits, whose gap is never shorter than the longest label",
    ),
}
_EVENTS = Meaning(
    "An event depends on bars after it.", "take events by what their own bar's close knows"
)
_WEIGHTS = Meaning(
    "A weight that is said to be known when made reads labels that came later.",
    "use uniqueness_when_made where the weight is read while labels are still open",
)


class Makers(NamedTuple):
    """What is audited: how labels, and splits of them, are made."""

    labels: Callable[[Prices], Labels]
    splits: Callable[[Labels], Sequence[Split]]


def hourly(prices: Prices) -> Labels:
    """Return the labels of both kinds that the audit makes itself: barriers at 2 % within a day."""
    per_hour = 60 // prices.bar_minutes
    return makers.triple_barrier(
        prices,
        taken.hourly(prices),
        horizon=HORIZON_HOURS * per_hour,
        profit_frac=BARRIER_FRAC,
        stop_frac=BARRIER_FRAC,
    )


def walked(labels: Labels) -> tuple[Split, ...]:
    """Return a walk through the labels and every choice of two blocks of six."""
    start, end = labels.start_ms, labels.end_ms
    days = max(1.0, float(start[-1] - start[0]) / splitters.DAY_MS)
    purge = max(float((end - start).max()) / splitters.DAY_MS, min(5.0, days / 12.0))
    walk = splitters.walk_forward(
        start, end, train_days=days / 3.0, purge_days=purge, test_days=days / 12.0
    )
    return (*walk, *splitters.combinatorial(start, end))


def audit(
    panel: Panel,
    made: Makers,
    cuts: Sequence[int],
    seed: int,
    sheet: Sheet,
    tick: Callable[[], None],
) -> None:
    """Audit labels, events, weights and splits over a panel.

    Parameters
    ----------
    panel : Panel
        The market.
    made : Makers
        What makes labels and splits.
    cuts : sequence of int
        Rows at which histories end.
    seed : int
        Of the noise.
    sheet : Sheet
        Where findings go.
    tick : callable
        Called after each cut.
    """
    prices = of(panel)
    whole = made.labels(prices)
    if not whole.n:
        sheet.not_covered.append("labels: the history is shorter than a horizon, so there is none")
        return
    events = _events(prices)
    for cut in cuts:
        for test, other in (
            (Test.CUT, _cut(prices, cut)),
            (Test.NOISE, _noised(prices, cut, seed)),
        ):
            _labels(panel, test, made.labels(other), whole, cut, sheet)
            early = _events(other)[:cut]
            place = Place(panel)
            sheet.hold(test, "events", early[:cut], events[:cut], place, _EVENTS)
        _weights(panel, whole, prices.k0 + cut, sheet)
        sheet.n_times += 1
        tick()
    _ends(panel, prices, made.labels, whole, seed, sheet)
    tick()
    _splits(panel, made.splits, whole, sheet)
    tick()
    sheet.not_covered.append(
        "labels: whether bars follow for the whole horizon, which decides if an event is a label "
        "(statuses stay as they are when the future is replaced); costs handed over by the caller"
    )


def _events(prices: Prices) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """Return which events are taken, hourly (1) and by moves of 1 % (2), shape (time, coin)."""
    found = np.zeros(prices.close.shape, np.int8)
    for mark, each in ((1, taken.hourly(prices)), (2, taken.cusum(prices, 0.01))):
        found[each.k - prices.k0, each.coin] += mark
    return found


def _cut(prices: Prices, cut: int) -> Prices:
    changed = {name: np.array(getattr(prices, name)[:cut]) for name in (*_PRICES, "status")}
    return _with(prices, changed)


def _with(prices: Prices, arrays: dict[str, Any]) -> Prices:
    return prices._replace(**arrays)


_PRICES = ("open", "high", "low", "close")


def _noised(prices: Prices, cut: int, seed: int) -> Prices:
    """Return other prices from a row on; statuses stay, for they say whether there is a label."""
    rng = np.random.default_rng([seed, cut])
    shape = prices.close[cut:].shape
    factor = np.exp(np.cumsum(rng.normal(0.0, 0.02, shape), axis=0) + rng.normal(0.0, 0.1))
    arrays = {name: np.array(getattr(prices, name)) for name in _PRICES}
    for array in arrays.values():
        array[cut:] *= factor
    return _with(prices, arrays)


def _keys(labels: Labels, panel: Panel) -> IntVec:
    """Return a number for each label that says when, of which coin, and which of its like."""
    if not labels.n:
        return np.zeros(0, np.int64)
    key = (labels.start_k - panel.k0) * panel.n_coins + labels.coin
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=key[order[0]] - 1))
    nth = np.arange(len(key)) - np.repeat(first, np.diff(first, append=len(key)))
    found: IntVec = np.empty(len(key), np.int64)
    found[order] = key[order] * _ALIKE + nth
    return found


_ALIKE = 1024
"""Labels of one coin and bar that are told apart: sides, horizons."""


def _table(labels: Labels, rows: IntVec) -> Mat:
    """Return the fields of some labels, shape (label, field)."""
    return np.stack([np.asarray(getattr(labels, name), np.float64)[rows] for name in FIELDS], 1)


def _labels(panel: Panel, test: Test, then: Labels, whole: Labels, cut: int, sheet: Sheet) -> None:
    """Hold the labels that had ended by a row against the same ones of the whole history."""
    last = panel.k0 + cut - 1
    keys = [_keys(each, panel) for each in (then, whole)]
    known = [np.flatnonzero(each.end_k <= last) for each in (then, whole)]
    early, late = (key[rows] for key, rows in zip(keys, known, strict=True))
    # a history that ends leaves out labels whose horizon it cuts, though they met a barrier
    strange = [(key, "a label", "no label") for key in np.setdiff1d(early, late).tolist()]
    if test is Test.NOISE:
        strange += [(key, "no label", "a label") for key in np.setdiff1d(late, early).tolist()]
    for key, one, other in strange[:1]:
        row, coin = divmod(key // _ALIKE, panel.n_coins)
        sheet.note(
            test, "labels", _MEANINGS[test], len(strange),
            coin=panel.symbols[coin], at=stamp(panel, row), then=one, later=other,
        )  # fmt: skip
    both, a, b = np.intersect1d(early, late, assume_unique=True, return_indices=True)
    values, others = _table(then, known[0][a]), _table(whole, known[1][b])
    sheet.count(test, others.size)
    differs = differing(values, others)
    for f in np.flatnonzero(differs.any(axis=0)).tolist():
        i = int(differs[:, f].argmax())
        row, coin = divmod(int(both[i]) // _ALIKE, panel.n_coins)
        sheet.note(
            test, f"label {FIELDS[f]}", _MEANINGS[test], int(differs[:, f].sum()),
            coin=panel.symbols[coin], at=stamp(panel, row),
            then=shown(values[i, f]), later=shown(others[i, f]),
        )  # fmt: skip


def _weights(panel: Panel, whole: Labels, k: int, sheet: Sheet) -> None:
    """Hold weights that are known when made against those of a history that ends at a bar."""
    made = np.flatnonzero(whole.start_k < k)
    if not len(made):
        return
    then = uniqueness_when_made(
        whole.start_k[made], np.minimum(whole.end_k[made], k), whole.coin[made]
    )
    later = uniqueness_when_made(whole.start_k, whole.end_k, whole.coin)[made]
    place = Place(panel, at=whole.start_k[made] - panel.k0)
    sheet.hold(Test.CUT, "weights when made", then, later, place, _WEIGHTS)


def _ends(
    panel: Panel,
    prices: Prices,
    make: Callable[[Prices], Labels],
    whole: Labels,
    seed: int,
    sheet: Sheet,
) -> None:
    """Change the bar at which labels end, and see each of them change.

    Labels of one coin that are tried together are apart in time, so that no one's end lies in
    another. Who was delisted is known at ``end_k``, and reads its last bar.
    """
    last = np.where(whole.ended == Ended.DELISTED, whole.exit_k, whole.end_k)
    tried = _apart(whole, last, seed)
    rows, coins = last[tried] - prices.k0, whole.coin[tried]
    keys = _keys(whole, panel)[tried]
    moved = np.zeros(len(tried), np.bool_)
    for change in (1.7, 0.6, 0.0):
        arrays = {name: np.array(getattr(prices, name)) for name in _PRICES}
        for array in arrays.values():
            # 0: nothing happens on the bar; it stays where the one before it closed
            array[rows, coins] = (
                array[rows, coins] * change if change else prices.close[rows - 1, coins]
            )
        other = make(_with(prices, arrays))
        same, a, b = np.intersect1d(
            _keys(other, panel), keys, assume_unique=True, return_indices=True
        )
        moved |= ~np.isin(keys, same)
        moved[b] |= differing(_table(other, a), _table(whole, tried[b])).any(axis=1)
    sheet.count(Test.END, len(tried))
    if not moved.all():
        i = int((~moved).argmax())
        sheet.note(
            Test.END, "label end_k", _MEANINGS[Test.END], int((~moved).sum()),
            coin=panel.symbols[int(coins[i])], at=stamp(panel, int(rows[i])),
        )  # fmt: skip


def _apart(labels: Labels, last: IntVec, seed: int) -> IntVec:
    """Return labels of which no two of one coin overlap, from a start that is drawn."""
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for coin in np.unique(labels.coin).tolist():
        mine = np.flatnonzero(labels.coin == coin)
        mine = mine[np.argsort(labels.start_k[mine], kind="stable")]
        until = int(labels.start_k[mine[0]]) + int(rng.integers(0, 24))
        for row in mine.tolist():
            if labels.start_k[row] > until and last[row] > labels.start_k[row]:
                chosen.append(row)
                until = int(labels.end_k[row])
    return np.array(chosen, np.int64)


def _splits(
    panel: Panel, make: Callable[[Labels], Sequence[Split]], labels: Labels, sheet: Sheet
) -> None:
    """Mark the bars that the labels of each test cover; no label that trains may touch one."""
    try:
        made = make(labels)
    except QuorateError as error:
        sheet.not_covered.append(f"splits: {error.message}")
        return
    start, end = labels.start_k - panel.k0, labels.end_k - panel.k0
    size = int(end.max()) + 2
    for split in made:
        train, test = split.train_rows, split.test_rows
        covered = np.zeros(size, np.int64)
        np.add.at(covered, start[test], 1)
        np.add.at(covered, end[test] + 1, -1)
        before = np.concatenate(([0], np.cumsum(np.cumsum(covered) > 0)))
        meets = before[end[train] + 1] > before[start[train]]
        sheet.count(Test.OVERLAP, len(train))
        if meets.any():
            row = int(train[int(meets.argmax())])
            sheet.note(
                Test.OVERLAP, "splits", _MEANINGS[Test.OVERLAP], int(meets.sum()),
                coin=panel.symbols[int(labels.coin[row])], at=stamp(panel, int(start[row])),
                then="trains", later="touches the test",
            )  # fmt: skip
