"""Draw the growth curves: four panels on logarithmic axes, time to the left, memory to the right.

Time is that of a coin-bar, so a cost that grows with the data and no faster is a level line; the
exponents written above each panel are those of the whole fold. All panels share both scales.
"""

from __future__ import annotations

import math

import matplotlib as mpl

mpl.use("Agg")

from benchmarks.growth import BARS_A_DAY, fits, nanoseconds, power
from matplotlib.lines import Line2D
from matplotlib.pyplot import close, subplots
from matplotlib.ticker import FixedLocator, NullLocator

INK, QUIET, RULE = "#16181d", "#545d6b", "#dfe2e7"
TIME, MEMORY = "#1558c0", "#b4541a"
SIDE_IN, DPI = 12.0, 100  # 1,200 pixels wide, type large enough to be read at a third of that
LARGE, SMALL = 21.0, 18.0
PANELS = {"coins": 1.0, "history": 1.0, "engines": 1.0, "block size": 0.0}
"""The ideal exponent of the whole fold's time, by curve."""
BARE = "history, nothing recorded"


def draw(curves, place):
    """Write the picture of measured curves to a file."""
    figure, grid = subplots(2, 2, figsize=(SIDE_IN, SIDE_IN * 1.02), dpi=DPI, facecolor="white")
    drawn = [each for name in (*PANELS, BARE) for each in curves[name]["points"]]
    scales = (
        within([nanoseconds(point) / 1e3 for point in drawn]),
        within([point["peak_mib"] for point in drawn]),
    )
    for i, (axes, name) in enumerate(zip(grid.flat, PANELS, strict=True)):
        panel(axes, name, curves, scales, is_left=i % 2 == 0)
    keys = [
        Line2D([], [], color=TIME, marker="o", lw=2.5, label="time of a coin-bar (left)"),
        Line2D([], [], color=MEMORY, marker="s", lw=2.5, label="peak memory (right)"),
        Line2D([], [], color=QUIET, ls="--", lw=2, label="ideal slope of time"),
        Line2D([], [], color=MEMORY, ls=":", lw=2.5, label="memory, nothing recorded"),
    ]
    figure.legend(
        handles=keys, loc="lower center", ncols=2, fontsize=SMALL, frameon=False, labelcolor=INK
    )
    figure.tight_layout(rect=(0, 0.085, 1, 1), h_pad=2.0, w_pad=1.5)
    figure.savefig(place, facecolor="white", metadata={"Software": None})
    close(figure)


def panel(axes, name, curves, scales, *, is_left):
    """Draw one curve."""
    curve = curves[name]
    points, found = curve["points"], fits(curve["points"])
    xs = [point["x"] for point in points]
    took = [nanoseconds(point) / 1e3 for point in points]
    right = axes.twinx()
    slope = PANELS[name] - (1.0 if name in {"coins", "history"} else 0.0)
    end = -1 if slope <= 0.0 else 0  # where the guide stays within the panel
    ideal = [took[end] * (x / xs[end]) ** slope for x in xs]
    axes.plot(xs, ideal, color=QUIET, ls="--", lw=2)
    axes.plot(xs, took, color=TIME, marker="o", ms=8, lw=2.5)
    right.plot(xs, [point["peak_mib"] for point in points], color=MEMORY, marker="s", ms=8, lw=2.5)
    if name == "history":
        bare = [point["peak_mib"] for point in curves[BARE]["points"]]
        right.plot(xs, bare, color=MEMORY, ls=":", lw=2.5)
    lines = (
        (1.17, name.capitalize(), INK, LARGE, "bold"),
        (1.095, f"time: exponent {power(found['time'])}", TIME, SMALL, "normal"),
        (1.025, f"memory: exponent {power(found['memory'])}", MEMORY, SMALL, "normal"),
    )
    for y, said, colour, size, weight in lines:
        axes.text(0, y, said, transform=axes.transAxes, color=colour, fontsize=size, weight=weight)
    for side, scale, colour, is_outer in (
        (axes, scales[0], TIME, is_left),
        (right, scales[1], MEMORY, not is_left),
    ):
        side.set_xscale("log")
        side.set_yscale("log")
        side.set_ylim(*scale)
        ticks(side.yaxis, powers_of_two(*scale), colour, is_labelled=is_outer)
        side.spines[:].set_visible(False)
    ticks(axes.xaxis, xs if len(xs) < 7 else xs[::-2], INK)
    if name == "history":
        axes.set_xticklabels([span(x) for x in xs])
    axes.set_xlim(xs[0] / 1.25, xs[-1] * 1.25)
    axes.set_xlabel("bars of 5 minutes" if name == "history" else curve["unit"])
    axes.xaxis.label.set(color=INK, fontsize=SMALL)
    axes.grid(visible=True, color=RULE, lw=1)
    axes.set_axisbelow(True)
    if is_left:
        axes.set_ylabel("µs a coin-bar", color=TIME, fontsize=SMALL)
    else:
        right.set_ylabel("peak MiB", color=MEMORY, fontsize=SMALL)


def ticks(axis, places, colour, *, is_labelled=True):
    """Put ticks where they can be read, with the figures that stand there."""
    axis.set_major_locator(FixedLocator(places))
    axis.set_minor_locator(NullLocator())
    axis.set_ticklabels([f"{place:,.4g}" if is_labelled else "" for place in places])
    axis.set_tick_params(colors=colour, labelsize=SMALL, length=0, pad=6)


def span(bars):
    """Say how long some bars last."""
    years = bars / BARS_A_DAY / 365.0
    return f"{years:.0f} y" if years >= 0.9 else f"{12.0 * years:.0f} mo"


def within(values):
    """Return a scale from just below a power of two to another, with air above and below."""
    low, high = math.floor(math.log2(min(values)) - 0.1), math.ceil(math.log2(max(values)) + 0.1)
    return 2.0 ** (low - 0.25), 2.0**high


def powers_of_two(low, high):
    """Return the powers of two of a scale, every other one where there are many."""
    first, last = math.ceil(math.log2(low)), math.floor(math.log2(high))
    return [2.0**n for n in range(first, last + 1, 2 if last - first > 5 else 1)]
