"""Features: what the engines and the regime see of the market (``table.FEATURES``)."""

from quorate.core.features.build import BOUNDS, CLIP_Z, Params, State, build, init, params, step

__all__ = ["BOUNDS", "CLIP_Z", "Params", "State", "build", "init", "params", "step"]
