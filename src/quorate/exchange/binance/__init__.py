"""Binance's API over an exchange of our own: public market data, and trading of futures and spot.

``public`` answers from recorded series (what pulls are tried with), ``futures`` and ``spot`` from
the matching engine; ``asking`` reads parameters as Binance does, ``signing`` checks who asks,
``codes`` and ``rows`` write its errors and its JSON.
"""
