"""The pure matching engine: requests and a time in, answers and pushes out.

``exchange.Exchange`` is the door; ``book`` matches by price and time, ``flow`` is the rest of the
market, ``filters`` and ``margin`` say what is refused, ``futures`` and ``spot`` settle what traded.
Nothing here reads a clock, a socket or a random generator: all chance comes from a seed and keys.
"""
