"""Leaks that were planted, each as people make them, and a market for them to cheat on."""

from __future__ import annotations

import functools
import random
import time
from datetime import datetime

import numpy as np

from quorate.core.engines.base import from_function
from quorate.core.types import Regime
from quorate.lake.synthetic import synthetic

DAYS = 6


@functools.cache
def market():
    """Return a small market with a gap, a listing and a delisting."""
    return synthetic(n_coins=4, days=DAYS, planted_edge=4.0)


def votes(score):
    """Return votes for the sign of a score; nothing where it is not known."""
    side = np.sign(np.nan_to_num(score)).astype(np.int8)
    return side, np.where(side == 0, 0.5, 0.6)


def engine(function, name=None):
    return from_function(
        function, name=name or function.__name__, family="planted", approved=[Regime.TREND]
    )


def honest(rows):
    return votes(rows["ret_4h"])


def next_row(rows):
    """shift(-1)."""
    return votes(np.roll(rows["ret_bar"], -1, axis=0))


def guarded_next_row(rows):
    """Look ahead only where it is rarely seen."""
    moved = rows["ret_bar"]
    later = np.vstack((moved[1:], moved[-1:]))
    return votes(np.where(np.abs(moved) > 3.0 * np.nanstd(moved[0]), later, moved))


def next_row_of_the_rarest(rows):
    """Look ahead only where hardly any history goes."""
    later = np.vstack((rows["ret_bar"][1:], rows["ret_bar"][-1:]))
    return votes(np.where(rows["spread_bps"] > 55.0, later, rows["ret_4h"]))


def centred(rows):
    """A window with as many rows after as before."""
    moved = np.nan_to_num(rows["ret_bar"])
    around = np.cumsum(np.pad(moved, ((6, 6), (0, 0))), axis=0)
    return votes(around[12:] - around[:-12])


def standardised(rows):
    """Less the mean of the whole sample."""
    value = rows["ret_4h"]
    return votes((value - np.nanmean(value)) / np.nanstd(value))


def filled_back(rows):
    """What is not known is taken from the row behind."""
    value = np.array(rows["volume_z"])
    for t in range(len(value) - 2, -1, -1):
        value[t] = np.where(value[t] > -0.5, value[t], value[t + 1])
    return votes(value)


def ranked(rows):
    """The rank among all rows of time."""
    order = rows["ret_24h"].argsort(axis=0).argsort(axis=0)
    return votes(order - order.shape[0] / 2.0 + 0.25)


def scaled(rows):
    """Between the least and the most of all rows."""
    value = rows["vol_24h"]
    low, high = np.nanmin(value), np.nanmax(value)
    return votes((value - low) / (high - low) - 0.5)


def encoded(rows):
    """Each hour's mean of what followed, over all rows."""
    hour = np.digitize(rows["rsi_14"], [30.0, 50.0, 70.0])
    follows = np.nan_to_num(np.vstack((rows["ret_bar"][1:], rows["ret_bar"][-1:])))
    mean = np.array([follows[hour == h].mean() if (hour == h).any() else 0.0 for h in range(4)])
    return votes(mean[hour])


LOOKING = (
    *(next_row, guarded_next_row, centred, standardised),
    *(filled_back, ranked, scaled, encoded),
)


_SEEN = []
_DRAWS = np.random.default_rng(1)


def remembers(rows):
    """The mean of all calls so far."""
    _SEEN.append(float(np.nanmean(rows["ret_bar"])))
    return votes(rows["ret_bar"] - np.mean(_SEEN))


_FITTED = {}


def fits_once(rows):
    """A scaler that the first call fits, and nobody after it."""
    _FITTED.setdefault("mean", float(np.nanmean(rows["ret_4h"])))
    return votes(rows["ret_4h"] - _FITTED["mean"])


def draws(rows):
    return votes(rows["ret_bar"] + _DRAWS.normal(0.0, 1.0, rows.shape))


def draws_globally(rows):
    return votes(rows["ret_bar"] + np.random.normal(0.0, 1.0, rows.shape))  # noqa: NPY002


def throws_dice(rows):
    return votes(rows["ret_bar"] * (1.0 if random.random() < 2.0 else -1.0))  # noqa: S311


def reads_clock(rows):
    return votes(rows["ret_bar"] * (1.0 if time.time() > 0.0 else -1.0))


def reads_date(rows):
    return votes(rows["ret_bar"] * (1.0 if datetime.now().year > 0 else -1.0))  # noqa: DTZ005


def writes(rows):
    """On the rows that it was given, around what forbids it."""
    values = rows.values
    while values.base is not None and not values.flags.writeable:
        values = values.base
    values[0, 0, 0] = 7.0
    return votes(rows["ret_4h"])


def neighbour(rows):
    """The coin beside it, whichever that is."""
    return votes(np.roll(rows["ret_4h"], 1, axis=1))
