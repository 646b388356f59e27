"""The event of a key that was looked at: what the venue says of it has changed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What the venue says of the key is another thing than before: why it must not be used.

    ``troubles`` is one text, "" where there are none: it may be used.
    """

    at_ms: int
    venue: str
    troubles: str
