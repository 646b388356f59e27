"""Buys the quiet dip in a rising week, sells the quiet bounce in a falling one."""

import numpy as np

from quorate.core.engines.base import Answer, Rows, engine
from quorate.core.types import Regime


@engine(
    name="quiet_pullback",
    family="pullback",
    approved=[Regime.TREND],
    reads=["ret_7d", "vol_7d", "ret_z_1h", "volume_z"],
    symmetric=True,
)
def vote(rows: Rows) -> Answer:
    """Take a dip against the week on little volume for a rest, not a turn."""
    week = rows["ret_7d"] / (rows["vol_7d"] * np.sqrt(7.0))
    dip = -rows["ret_z_1h"] * np.sign(week)  # how far the last hour went against the week
    is_bet = (np.abs(week) > 0.5) & (dip > 0.5) & (rows["volume_z"] < 0.5)  # NaN: no bet
    side = np.where(is_bet, np.sign(week), 0.0).astype(np.int8)
    return side, np.where(is_bet, 0.5 + 0.1 * np.minimum(dip, 2.5), 0.5)
