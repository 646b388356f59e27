"""``quorate nightly``: what is done every night, with a record of each step (``night``)."""

from quorate.api.nights.night import Night, nightly

__all__ = ["Night", "nightly"]
