"""Two arms whose days are heavy-tailed, depend on each other and on the days before."""

import math

import numpy as np

from quorate.statistics.guardrails import Arm


def arms(generator, n_days, phi=0.0, freedom=4.0, rho=0.7, more=0.0):
    """Return challenger and champion; the first earns ``more`` a day."""
    made = generator.standard_t(freedom, (n_days + 30, 2))
    made[:, 1] = rho * made[:, 0] + math.sqrt(1.0 - rho * rho) * made[:, 1]
    for t in range(1, n_days + 30):
        made[t] += phi * made[t - 1]
    net = made[30:] * 0.01
    net[:, 0] += more
    held = generator.standard_t(4, n_days) * 0.01
    trades = generator.poisson(12, n_days).astype(float)
    won = generator.binomial(trades.astype(int), 0.5).astype(float)
    found = []
    for side in (0, 1):
        hits = np.clip(won + (generator.random(n_days) < 0.1), 0, trades)
        spread = np.exp(generator.normal(0.0, 0.1, (2, n_days)))
        found.append(
            Arm(
                net[:, side],
                held,
                hits,
                trades - hits,
                trades,
                trades * spread[0],
                trades * 0.1 * spread[1],
            )
        )
    return tuple(found)
