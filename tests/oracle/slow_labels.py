"""Labels and their weights written straight down in plain Python, to compare with."""

from __future__ import annotations

import math

import numpy as np

TRADED = 1


def follow(prices, k, c, side, profit_frac, stop_frac, horizon, haircut):  # noqa: PLR0911  (a case each)
    """Return (ended, end_k, exit_k, gross) of one event, or only why it is no label."""
    t = k - prices.k0
    bars = [
        dict(zip("ohlcs", (float(x[j, c]) for x in prices[2:7]), strict=True))
        for j in range(prices.n_bars)
    ]
    if side == 0:
        return ("NO_SIDE",)
    if math.isnan(profit_frac) or math.isnan(stop_frac):
        return ("NO_BARRIER",)
    if t + horizon > len(bars) - 1:
        return ("HORIZON_OPEN",)
    if bars[t]["s"] != TRADED or bars[t + 1]["s"] != TRADED:
        return ("NOT_TRADED",)
    entry = bars[t + 1]["o"]
    for j in range(t + 1, t + horizon + 1):
        bar = bars[j]
        if bar["s"] != TRADED:
            hole = "".join("ATM"[int(each["s"])] for each in bars[j:])
            back, silence = hole.find("T"), hole.find("A" * prices.silent_bars)
            if back >= 0 and not 0 <= silence < back:
                return ("GAP",)
            if silence < 0:
                return ("HORIZON_OPEN",)
            last = bars[j - 1]["c"]
            price = last - side * last * haircut
            known = max(t + horizon, j + silence + prices.silent_bars - 1)
            return "DELISTED", known + prices.k0, j - 1 + prices.k0, side * (price / entry - 1)
        # for a short the world is upside down
        best, worst = (bar["h"], bar["l"]) if side > 0 else (bar["l"], bar["h"])
        made, lost = side * (best / entry - 1), side * (worst / entry - 1)
        opened = side * (bar["o"] / entry - 1)
        if lost <= -stop_frac:
            return "STOP", prices.k0 + j, prices.k0 + j, min(opened, -stop_frac)
        if made >= profit_frac:
            return "PROFIT", prices.k0 + j, prices.k0 + j, profit_frac
    return "TIME", k + horizon, k + horizon, side * (bars[t + horizon]["c"] / entry - 1)


def uniqueness(start, end, coin):
    """Average one over the open labels of the coin, bar by bar."""
    found = []
    for s, e, c in zip(start, end, coin, strict=True):
        shares = []
        for t in range(s, e + 1):
            n_open = sum(a <= t <= b and d == c for a, b, d in zip(start, end, coin, strict=True))
            shares.append(1 / n_open)
        found.append(math.fsum(shares) / len(shares))
    return found


def when_made(start, end, coin):
    """Count the labels of the coin that were open when each was made."""
    return [
        1 / sum(a <= s <= b and d == c for a, b, d in zip(start, end, coin, strict=True))
        for s, c in zip(start, coin, strict=True)
    ]


def attribution(start, end, coin, returns, first_k):
    """Share every bar's return among the labels open on it; scale to a mean of 1."""
    found = []
    for s, e, c in zip(start, end, coin, strict=True):
        total = 0.0
        for t in range(s, e + 1):
            n_open = sum(a <= t <= b and d == c for a, b, d in zip(start, end, coin, strict=True))
            total += returns[t - first_k][c] / n_open
        found.append(abs(total))
    mean = sum(found) / len(found)
    return np.array(found) / mean
