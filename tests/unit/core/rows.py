"""Rows of one bar, made by hand, for the tests of the chain's own files."""

from __future__ import annotations

from typing import Any

import numpy as np

from quorate.core.account import Code, Column, Gauge

K = 12_000
"""A bar that closes on the hour."""


def vec(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def byte(*values: int) -> np.ndarray:
    return np.array(values, np.int8)


def numbers(n_coins: int = 1, **columns: Any) -> np.ndarray:
    """Return a row of ``Column``: price 100, a stop of 2%, a cost of 10 bps, 1,000 USD sized."""
    row = np.zeros((len(Column), n_coins))
    given = {"price": 100.0, "stop_frac": 0.02, "cost_bps": 10.0, "sized_usd": 1_000.0}
    given |= {"multiplier": 1.0, **columns}
    for name, value in given.items():
        row[Column[name.upper()]] = value
    return row


def codes(n_coins: int = 1, **rows: Any) -> np.ndarray:
    code = np.zeros((len(Code), n_coins), np.int16)
    for name, value in rows.items():
        code[Code[name.upper()]] = value
    return code


def gauges(**columns: float) -> np.ndarray:
    gauge = np.zeros(len(Gauge))
    for name, value in columns.items():
        gauge[Gauge[name.upper()]] = value
    return gauge
