"""Regime: which market a coin is in (Spec 2); ``engines.base.approval`` says who may vote there."""

from quorate.core.regime.classify import Params, Rows, State, init, params, scan, step

__all__ = [
    "Params",
    "Rows",
    "State",
    "init",
    "params",
    "scan",
    "step",
]
