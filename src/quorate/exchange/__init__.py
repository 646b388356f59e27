"""A simulated exchange that speaks a real venue's API, so that the real client can be tried on it.

``listing`` holds instruments and series in memory and answers by time; ``meter`` counts what a
client may ask; ``script`` says which request meets which fault; ``binance`` and ``bybit`` are
facades: a path and its parameters become the venue's own JSON, errors included; ``serving`` puts a
facade on a socket of this machine. Nothing here knows who asks.
"""
